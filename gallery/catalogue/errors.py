"""Clients of `gallery/errors.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken
from gallery.catalogue.reasons import (
    GIVES_UP,
    MAKES_UP,
    RECOVERED,
    TRANSIENT,
    only,
)

EXHIBITS: tuple[Exhibit, ...] = (
    broken("errors.RetriesFinal", "errors.final-not-retried"),
    broken("errors.RetriesInvalidUnderNewKey", "errors.final-not-retried"),
    broken("errors.RetriesUnauthorised", "errors.final-not-retried"),
    broken("errors.NeverRetriesServerErrors", TRANSIENT, only(GIVES_UP, RECOVERED)),
    broken("errors.HotLoop", TRANSIENT),
    broken("errors.GivesUpForGood", TRANSIENT, only(GIVES_UP, RECOVERED)),
    broken("errors.AnyAnswerIsSuccess", "errors.no-false-success"),
    broken("errors.RedirectIsSuccess", "errors.no-false-success"),
    broken("errors.BrokenSuccessIsSuccess", "errors.no-false-success", only(MAKES_UP, RECOVERED)),
    broken("errors.MakesUpAnId", "errors.no-false-success", MAKES_UP),
    broken("errors.MismatchIsCreated", "errors.no-false-success"),
    broken("errors.MismatchAfterLossIsCreated", "errors.no-false-success"),
    broken("errors.TakesTheNewestOrder", "errors.no-false-success"),
    broken("errors.SharesItsAnswer", "errors.no-false-success"),
)

"""Clients of `gallery/reading.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken
from gallery.catalogue.reasons import RECOVERED

COVERED = "errors.every-type-covered"
SURFACED = "errors.type-surfaced"
WORDS = "errors.branches-on-type"
UNKNOWN = "errors.unknown-type-by-status"
MALFORMED = "errors.malformed-body-survived"
TOLERANT = "errors.tolerant-reader"
NO_FALSE_SUCCESS = "errors.no-false-success"

EXHIBITS: tuple[Exhibit, ...] = (
    broken(
        "reading.KnowsNoDeprecatedTypes",
        COVERED,
        {
            UNKNOWN: "its table has no entry for new types either",
            MALFORMED: "its table has no entry for an error without a type",
        },
    ),
    broken(
        "reading.LimitReachedIsPending",
        COVERED,
        {NO_FALSE_SUCCESS: "the order that it reports was refused"},
    ),
    broken("reading.BelievesItsVersionLives", COVERED),
    broken("reading.TellsTheStatusAlone", SURFACED),
    broken("reading.TellsNothing", SURFACED),
    broken("reading.TellsTheMessage", SURFACED),
    broken("reading.LumpsTheKeyErrors", SURFACED),
    broken("reading.RetriesUnknownTypes", UNKNOWN),
    broken("reading.RejectsUnknownTypes", UNKNOWN),
    broken("reading.GoesByTheSoundOfTheType", UNKNOWN),
    broken("reading.KnowsInProgressByItsMessage", WORDS),
    broken("reading.RetriesWhatSaysTryAgain", WORDS),
    broken("reading.DuplicateIsCreated", WORDS),
    broken("reading.NeedsAMessage", WORDS),
    broken("reading.InsufficientIsFinal", WORDS),
    broken(
        "reading.ParsesWhateverComes",
        MALFORMED,
        {RECOVERED: "an empty answer ends in a stack trace, and the order is lost from sight"},
    ),
    broken(
        "reading.OkIsEnough",
        MALFORMED,
        {
            NO_FALSE_SUCCESS: "the id that it reports is its own",
            RECOVERED: "the id that it reports is not that of the order",
        },
    ),
    broken(
        "reading.UnreadableIsNo",
        MALFORMED,
        {RECOVERED: "the order that was answered with nothing is called refused"},
    ),
    broken("reading.ExpectsObjects", MALFORMED),
    broken("reading.NewKeyAfterNonsense", MALFORMED),
    broken("reading.TrustsTheCharset", MALFORMED),
    broken("reading.FearsLongAnswers", MALFORMED),
    broken("reading.ForbidsTheUnknown", TOLERANT),
    broken("reading.FindsTheIdInTheText", TOLERANT),
    broken("reading.GoesByPosition", TOLERANT),
)

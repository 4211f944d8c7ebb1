"""Clients of `gallery/hostile.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken
from gallery.catalogue.reasons import (
    GIVES_UP,
    RECOVERED,
    SILENT,
    STOPS,
    TRANSIENT,
    only,
)

EXHIBITS: tuple[Exhibit, ...] = (
    broken(
        "hostile.IgnoresBaseUrl",
        "retries.key-on-every-order",
        {
            "account.key-in-header-only": SILENT,
            "retries.exactly-once": SILENT,
            "errors.no-false-success": SILENT,
            "rate-limits.waits-at-least": SILENT,
            "versions.pinned": SILENT,
        },
    ),
    broken("hostile.Spins", "rate-limits.own-envelope"),
    broken("hostile.ExitsOnRateLimit", "rate-limits.own-envelope", STOPS),
    broken("hostile.EndsTheProcess", TRANSIENT, only(GIVES_UP, RECOVERED)),
    broken("hostile.NeverReturns", "rate-limits.own-envelope"),
)

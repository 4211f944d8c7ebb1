"""Clients of `gallery/later.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

EXHIBITS: tuple[Exhibit, ...] = (
    broken(
        "later.StockOfKeys", "retries.key-unique-per-order", {"retries.key-unguessable": "keys come again"}
    ),
    broken("later.HashedInstant", "retries.key-unguessable"),
    broken("later.BodyOfTheNewProcess", "retries.same-body-on-retry"),
    broken(
        "later.RetriesWithoutTimeout",
        "retries.finite-timeout",
        {"retries.bounded": "a call that waits for ever has no end"},
    ),
    broken("later.CountsAnew", "retries.bounded"),
    broken("later.OnePauseForAll", "rate-limits.waits-at-least"),
    broken("later.RejectsWhatIsStrange", "errors.unknown-type-by-status"),
)

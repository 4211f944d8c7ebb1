"""Clients of `gallery/keys.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

_CAUGHT_BY = "retries.key-unguessable"

EXHIBITS: tuple[Exhibit, ...] = tuple(
    broken(f"keys.{name}", _CAUGHT_BY)
    for name in (
        "KeyIsReference",
        "KeyHoldsReference",
        "ReferenceInBase64",
        "HashOfReference",
        "NameBasedKey",
        "TimeBasedKey",
        "BodyAndReference",
        "HashedCounter",
        "HashedClock",
        "CounterAfterRandom",
        "MillisecondsForKey",
        "ThirtyTwoBits",
        "TimeAndThirtyTwoBits",
        "ObjectIdForKey",
        "SnowflakeForKey",
    )
)

"""Clients of `gallery/rate_limits.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken
from gallery.catalogue.reasons import (
    STOPS,
)

EXHIBITS: tuple[Exhibit, ...] = (
    broken("rate_limits.WaitsOneSecond", "rate-limits.waits-at-least"),
    broken("rate_limits.WaitsFourSeconds", "rate-limits.waits-at-least"),
    broken("rate_limits.FullJitter", "rate-limits.waits-at-least"),
    broken("rate_limits.HurriesTheSecondTime", "rate-limits.waits-at-least"),
    broken("rate_limits.HurriesWhilePolling", "rate-limits.waits-at-least"),
    broken("rate_limits.HurriesAfterTimeout", "rate-limits.waits-at-least"),
    broken("rate_limits.BreaksOnRateLimit", "rate-limits.own-envelope", STOPS),
    broken("rate_limits.RateLimitIsRejected", "rate-limits.own-envelope", STOPS),
)

"""Clients of `gallery/rate_limits.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken
from gallery.catalogue.reasons import (
    NEW_KEY,
    SAME_KEY,
    STOPS,
    only,
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
    broken("rate_limits.ConstantWait", "rate-limits.waits-longer-each-time"),
    broken("rate_limits.ConstantWithJitter", "rate-limits.waits-longer-each-time"),
    broken("rate_limits.StopsGrowing", "rate-limits.waits-longer-each-time"),
    broken("rate_limits.WaitsLessEachTime", "rate-limits.waits-longer-each-time"),
    broken("rate_limits.IgnoresRetryAfter", "rate-limits.honours-retry-after"),
    broken("rate_limits.WaitsAMinuteAtTheMost", "rate-limits.honours-retry-after"),
    broken("rate_limits.BreaksOnDates", "rate-limits.honours-retry-after"),
    broken("rate_limits.NewKeyAfterRateLimit", "rate-limits.same-key", only(NEW_KEY, SAME_KEY)),
    broken("rate_limits.NewKeyWhenLimitedTwice", "rate-limits.same-key", only(NEW_KEY, SAME_KEY)),
    broken("rate_limits.DropsTheOverflow", "rate-limits.burst-drains"),
    broken(
        "rate_limits.KnocksEveryThreeSeconds",
        "rate-limits.burst-drains",
        {"rate-limits.waits-at-least": "three seconds are not enough for a first wait either"},
    ),
    broken("rate_limits.ComesBackToTheSecond", "rate-limits.jitter"),
)

"""Clients of `gallery/lives.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken

SURVIVES = "retries.key-survives-restart"
AT_ONCE = "retries.concurrent-submit"
CORRECTED = "retries.new-key-after-final-error"
LATE = "retries.key-not-reused-after-window"
BOUNDED = "retries.bounded"
TIMEOUT = "retries.finite-timeout"

EXHIBITS: tuple[Exhibit, ...] = (
    broken("lives.KeyInMemory", SURVIVES, {LATE: "it keeps no time with its keys"}),
    broken("lives.KeyWrittenAfterTheAnswer", SURVIVES, {AT_ONCE: "the second call finds nothing either"}),
    broken("lives.KeyForEachProcess", SURVIVES),
    broken("lives.LooksBeforeItWrites", AT_ONCE),
    broken("lives.KeyOfTheCorrectedOrder", CORRECTED),
    broken("lives.KeyKeptUntilThereIsMoney", CORRECTED),
    broken("lives.TakesUpOldOrders", LATE),
    broken("lives.NeverGivesUp", BOUNDED),
    broken("lives.TriesForAnHour", BOUNDED),
    broken("lives.Storms", BOUNDED),
    broken("lives.RetriesServerErrorsForEver", BOUNDED),
    broken("lives.SaysCreatedWhenItGivesUp", BOUNDED),
    broken("lives.WaitsTenMinutes", TIMEOUT),
    broken("lives.NoReadTimeout", TIMEOUT, {BOUNDED: "a call that waits for ever has no end"}),
)

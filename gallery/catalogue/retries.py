"""Clients of `gallery/retries.py`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit, broken
from gallery.catalogue.reasons import (
    GIVES_UP,
    IN_PROGRESS,
    MAKES_UP,
    NEW_KEY,
    NO_KEY,
    ONE,
    OTHER_BODY,
    RECOVERED,
    SAME_KEY,
    TRANSIENT,
    only,
)

EXHIBITS: tuple[Exhibit, ...] = (
    broken("retries.NoKey", "retries.key-on-every-order"),
    broken("retries.NoKeyOnRetry", "retries.key-on-every-order", NO_KEY),
    broken("retries.EmptyKeyOnRetry", "retries.key-on-every-order", NO_KEY),
    broken("retries.KeyFromContent", "retries.key-unique-per-order"),
    broken("retries.KeyFromCounter", "retries.key-unique-per-order"),
    broken("retries.KeyFromClock", "retries.key-unique-per-order"),
    broken("retries.KeyOfRefusedOrder", "retries.key-unique-per-order"),
    broken("retries.OneKeyForAll", "retries.key-unique-per-order"),
    broken("retries.NewKeyPerAttempt", SAME_KEY, only(NEW_KEY, ONE, RECOVERED, IN_PROGRESS, TRANSIENT)),
    broken("retries.NewKeyAfterTimeout", SAME_KEY, only(NEW_KEY, ONE, RECOVERED, IN_PROGRESS)),
    broken("retries.NewKeyAtThirdAttempt", SAME_KEY, only(NEW_KEY, ONE, RECOVERED, IN_PROGRESS, TRANSIENT)),
    broken("retries.NewKeyAtSixthAttempt", SAME_KEY, only(NEW_KEY, ONE, TRANSIENT)),
    broken("retries.NewKeyWhenAskedAgain", SAME_KEY, only(NEW_KEY, ONE, RECOVERED, IN_PROGRESS, TRANSIENT)),
    broken("retries.TimestampInBody", "retries.same-body-on-retry", OTHER_BODY),
    broken("retries.AttemptInDescription", "retries.same-body-on-retry", OTHER_BODY),
    broken("retries.NewKeyAfterServerError", ONE, only(NEW_KEY, SAME_KEY, RECOVERED, TRANSIENT)),
    broken("retries.ForgetsAfterGivingUp", ONE, only(NEW_KEY, SAME_KEY, RECOVERED, IN_PROGRESS, TRANSIENT)),
    broken("retries.TwoAtOnce", ONE, only(NEW_KEY, SAME_KEY, IN_PROGRESS)),
    broken(
        "retries.LostIsRejected", RECOVERED, {IN_PROGRESS: "it never sees a bare 102, only a broken line"}
    ),
    broken(
        "retries.WaitsForEver", IN_PROGRESS, {RECOVERED: "the call never ends when the answer never comes"}
    ),
    broken("retries.GatewayTimeoutIsRejected", RECOVERED, only(GIVES_UP, TRANSIENT)),
    broken("retries.TruncatedIsRejected", RECOVERED),
    broken(
        "retries.InProgressIsRejected",
        IN_PROGRESS,
        {RECOVERED: "the original in progress had been lost before"},
    ),
    broken("retries.BuysAgainAfterInProgress", IN_PROGRESS, only(NEW_KEY, ONE, SAME_KEY, RECOVERED)),
    broken("retries.HurriesInProgress", IN_PROGRESS),
    broken(
        "retries.InProgressIsCreated",
        IN_PROGRESS,
        {"errors.no-false-success": "the id that it reports is its own", **only(MAKES_UP, RECOVERED)},
    ),
    broken("retries.RetriesMismatch", "retries.key-mismatch-stops"),
    broken("retries.NewKeyAfterMismatch", "retries.key-mismatch-stops"),
)

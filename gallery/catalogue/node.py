"""Clients of `gallery/node/`, and the checks that must catch them."""

from __future__ import annotations

from gallery.catalogue.exhibit import Exhibit
from gallery.catalogue.reasons import IN_PROGRESS, ONE, SAME_KEY, TRANSIENT
from gallery.worker import ENVIRONMENT


def _broken(name: str, caught_by: str) -> Exhibit:
    module, _, client = name.partition(".")
    return Exhibit(f"gallery/node/{module}.mjs:{client}", caught_by)


def _correct(name: str) -> Exhibit:
    return Exhibit(f"gallery/node/correct/{name}.mjs")


BROKEN: tuple[Exhibit, ...] = (
    _broken("retries.NewKeyPerAttempt", SAME_KEY),
    _broken("retries.KeyFromContent", "retries.key-unique-per-order"),
    _broken("retries.TimeInBody", "retries.same-body-on-retry"),
    _broken("retries.InProgressIsRejected", IN_PROGRESS),
    _broken("retries.HurriesInProgress", IN_PROGRESS),
    _broken("retries.NewKeyAfterMismatch", "retries.key-mismatch-stops"),
    _broken("retries.Hedges", ONE),
    _broken("errors.OkIsCreated", "errors.no-false-success"),
    _broken("errors.SwallowsExceptions", "errors.no-false-success"),
    _broken("errors.SharesItsAnswer", "errors.no-false-success"),
    _broken("errors.RetriesFinal", "errors.final-not-retried"),
    _broken("errors.ServerErrorIsRejected", TRANSIENT),
    _broken("errors.HotLoop", TRANSIENT),
    _broken("rate_limits.WaitsOneSecond", "rate-limits.waits-at-least"),
    _broken("rate_limits.ReadsTypeOfRateLimit", "rate-limits.own-envelope"),
    _broken("account.LogsHeaders", "account.key-not-logged"),
    _broken("account.DumpsItself", "account.key-not-logged"),
    _broken("account.KeyInQuery", "account.key-in-header-only"),
    _broken("versions.NoVersionOnPolls", "versions.pinned"),
)

CORRECT: tuple[Exhibit, ...] = (
    Exhibit("gallery/node/reference.mjs:Reference"),
    Exhibit(
        "gallery/node/reference.mjs:Reference",
        profile={
            "client": {
                "driver": "command",
                "command": ["node", "gallery/node/command.mjs", "reference:Reference"],
                "env": ENVIRONMENT,
            }
        },
        name="node:command",
        sentence="The reference client, a process for each order.",
    ),
    _correct("surfacing"),
    _correct("full_jitter"),
    _correct("breaker"),
    _correct("queue_worker"),
    _correct("reconciling"),
    _correct("keep_alive"),
    _correct("polling"),
)

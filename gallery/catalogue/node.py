"""Clients of `gallery/node/`, and the checks that must catch them."""

from __future__ import annotations

from pathlib import Path

from gallery.catalogue.exhibit import Exhibit
from gallery.catalogue.reasons import IN_PROGRESS, ONE, SAME_KEY, TRANSIENT
from gallery.worker import ENVIRONMENT

PACKAGES = Path(__file__).parents[1] / "node" / "node_modules"
"""where `npm install --no-package-lock` in `gallery/node` puts what three of the correct clients are made with; they
are not in the table where nobody has called it
"""


def _broken(name: str, caught_by: str) -> Exhibit:
    module, _, client = name.partition(".")
    return Exhibit(f"gallery/node/{module}.mjs:{client}", caught_by)


def _correct(name: str) -> Exhibit:
    return Exhibit(f"gallery/node/correct/{name}.mjs")


BROKEN: tuple[Exhibit, ...] = (
    _broken("retries.NewKeyPerAttempt", SAME_KEY),
    _broken("retries.KeyFromContent", "retries.key-unique-per-order"),
    _broken("retries.KeyFromClock", "retries.key-unguessable"),
    _broken("retries.ShortKey", "retries.key-unguessable"),
    _broken("retries.KeyInMemory", "retries.key-survives-restart"),
    _broken("retries.KeyWrittenLate", "retries.key-survives-restart"),
    _broken("retries.ChecksThenWrites", "retries.concurrent-submit"),
    _broken("retries.TimeInBody", "retries.same-body-on-retry"),
    _broken("retries.LostIsRejected", "retries.unknown-is-not-rejected"),
    _broken("retries.InProgressIsRejected", IN_PROGRESS),
    _broken("retries.HurriesInProgress", IN_PROGRESS),
    _broken("retries.NewKeyAfterMismatch", "retries.key-mismatch-stops"),
    _broken("retries.KeepsKeyOfRefusedOrder", "retries.new-key-after-final-error"),
    _broken("retries.Hedges", ONE),
    _broken("errors.OkIsCreated", "errors.no-false-success"),
    _broken("errors.SwallowsExceptions", "errors.no-false-success"),
    _broken("errors.SharesItsAnswer", "errors.no-false-success"),
    _broken("errors.RetriesFinal", "errors.final-not-retried"),
    _broken("errors.ServerErrorIsRejected", TRANSIENT),
    _broken("errors.HotLoop", TRANSIENT),
    _broken("errors.BranchesOnMessage", "errors.branches-on-type"),
    _broken("errors.ExpectsAMessage", "errors.branches-on-type"),
    _broken("errors.OneTypeForAll", "errors.type-surfaced"),
    _broken("errors.RetriesUnknownTypes", "errors.unknown-type-by-status"),
    _broken("errors.ParsesUnguarded", "errors.malformed-body-survived"),
    _broken("errors.ForgetsToAwait", "errors.every-type-covered"),
    _broken("errors.StrictReader", "errors.tolerant-reader"),
    _broken("errors.ReadsByPosition", "errors.tolerant-reader"),
    _broken("rate_limits.WaitsOneSecond", "rate-limits.waits-at-least"),
    _broken("rate_limits.WaitsTheSame", "rate-limits.waits-longer-each-time"),
    _broken("rate_limits.RetryAfterInMilliseconds", "rate-limits.honours-retry-after"),
    _broken("rate_limits.AddsRetryAfter", "rate-limits.honours-retry-after"),
    _broken("rate_limits.NewKeyAfterRateLimit", "rate-limits.same-key"),
    _broken("rate_limits.ReadsTypeOfRateLimit", "rate-limits.own-envelope"),
    _broken("account.LogsHeaders", "account.key-not-logged"),
    _broken("account.DumpsItself", "account.key-not-logged"),
    _broken("account.KeyInQuery", "account.key-in-header-only"),
    _broken("account.KeyOnCommandLine", "account.key-not-in-process-list"),
    _broken("account.TitlesItself", "account.key-not-in-process-list"),
    _broken("secrets.PrintsBuffers", "account.key-not-logged"),
    _broken("secrets.ArchivesFailures", "account.key-not-logged"),
    _broken("secrets.LogsAnswers", "account.payout-link-not-logged"),
    _broken("secrets.LogsOrders", "account.recipient-not-logged"),
    _broken("network.FollowsRedirects", "account.key-stays-on-host"),
    _broken("network.VerifiesNothing", "account.tls-verified"),
    _broken("network.FallsBackToHttp", "account.tls-verified"),
    _broken("versions.NoVersionOnPolls", "versions.pinned"),
    _broken("versions.RetriesRemovedVersion", "versions.removed-is-final"),
    _broken("orders.PollsHot", "orders.polling-is-gentle"),
    _broken("orders.AcceptedIsCompleted", "orders.accepted-is-not-completed"),
    _broken("orders.FinishedIsCompleted", "orders.failed-is-surfaced"),
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
    *(_correct(name) for name in ("axios_retry", "got_retry", "undici_pool") if PACKAGES.is_dir()),
)

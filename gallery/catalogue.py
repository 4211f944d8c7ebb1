"""The table: each client of the gallery, the check that must catch it, and what else it cannot help failing.

What lives here: names and expectations. What must never be known here: how a client is examined.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`caught_by`: the check that this client is here for; empty for a correct client. `also`: other checks that
    fail, and why they cannot do otherwise. `profile`: what its golive.yaml says beyond the ordinary. `select`:
    the checks that are put to a correct client, all if there are none. `name` and `sentence`: what it is called
    and what it does; taken from its source unless it is only its profile that makes it what it is.
    """

    target: str
    caught_by: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, object] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    name: str = ""
    sentence: str = ""

    def __post_init__(self) -> None:
        name, sentence = _as_written(self.target)
        object.__setattr__(self, "name", self.name or name)
        object.__setattr__(self, "sentence", self.sentence or sentence)


def _as_written(target: str) -> tuple[str, str]:
    """Name and first sentence of the class, or of the module, that the target is in. Read, not imported: some of
    these clients need libraries that their reader may not have.
    """
    module, _, function = target.partition(":")
    named, dot, _ = function.rpartition(".")
    tree: ast.Module | ast.ClassDef = _source(module)
    if dot:
        tree = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == named)
    sentence = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
    return named or module.rpartition(".")[2], sentence


@cache
def _source(module: str) -> ast.Module:
    path = Path(__file__).parents[1] / f"{module.replace('.', '/')}.py"
    return ast.parse(path.read_text())


def _broken(path: str, caught_by: str, also: Mapping[str, str] | None = None) -> Exhibit:
    module, _, name = path.partition(".")
    return Exhibit(f"gallery.{module}:{name}.place_order", caught_by, also or {})


def _badly_configured(name: str, sentence: str, caught_by: str, **profile: object) -> Exhibit:
    target = "gallery.reference:Reference.place_order"
    return Exhibit(target, caught_by, profile=profile, name=name, sentence=sentence)


def _only(reasons: Mapping[str, str], *checks: str) -> dict[str, str]:
    return {check: reasons[check] for check in checks}


_ONE = "retries.exactly-once"
_SAME_KEY = "retries.same-key-on-retry"
_RECOVERED = "retries.lost-response-recovered"
_IN_PROGRESS = "retries.in-progress-waited-out"
_TRANSIENT = "errors.transient-retried"

_NEW_KEY = {
    _ONE: "the order that was booked unseen is bought again",
    _SAME_KEY: "the second order goes out under a key of its own",
    _RECOVERED: "the order that it reports is the second one",
    _IN_PROGRESS: "the original in progress is left behind for a second order",
    _TRANSIENT: "the retry after a server error has another key",
}
_NO_KEY = {
    _SAME_KEY: "no key is another key",
    _RECOVERED: "the API refuses the retry, so that the order is never found again",
    _IN_PROGRESS: "no key is another key",
    _TRANSIENT: "no key is another key",
    "rate-limits.own-envelope": "the API refuses the retry after the 429",
}
_OTHER_BODY = {
    _RECOVERED: "the API refuses the retry, so that the order is never found again",
    _IN_PROGRESS: "the retry is another request than the one in progress",
}
_GIVES_UP = {
    _RECOVERED: "the order was booked although the answer did not say so",
    _TRANSIENT: "giving up is all that it does after that server error",
}
_MAKES_UP = {
    _RECOVERED: "the id that it reports is not that of the order",
    _IN_PROGRESS: "the id that it reports is not that of the order",
}
_STOPS = {_RECOVERED: "once rate limited, it never finds the order that was booked before"}
_SILENT = "a client that sends nothing passes nothing"

BROKEN: tuple[Exhibit, ...] = (
    _broken(
        "account.KeyInQuery",
        "account.key-in-header-only",
        {"account.key-not-logged": "its HTTP library logs every URL"},
    ),
    _broken("account.KeyAsBasicAuth", "account.key-in-header-only"),
    _broken("account.KeyInRetryHeader", "account.key-in-header-only"),
    _broken("account.LogsHeaders", "account.key-not-logged"),
    _broken("account.LogsHeadersOfFailures", "account.key-not-logged"),
    _broken("account.LogsInvalidOrders", "account.key-not-logged"),
    _broken("account.PrintsSettings", "account.key-not-logged"),
    _broken("account.PrintsFirstRequest", "account.key-not-logged"),
    _broken("account.KeyInException", "account.key-not-logged"),
    _broken("account.KeyInStateFile", "account.key-not-logged"),
    _badly_configured(
        "AllowsEverybody",
        "Its allowlist lets the whole internet use the key.",
        "account.ip-allowlist-sane",
        account={"ip_allowlist": ["0.0.0.0/0"]},
    ),
    _badly_configured(
        "AllowsItsOffice",
        "Its allowlist holds a private range, from which nothing ever reaches the API.",
        "account.ip-allowlist-sane",
        account={"ip_allowlist": ["10.0.0.0/24"]},
    ),
    _badly_configured(
        "HasNoAllowlist",
        "It goes live with a key that works from everywhere.",
        "account.ip-allowlist-sane",
        account={"keys": {"production": {"env": "ACME_PRODUCTION_KEY"}}},
    ),
    _broken("retries.NoKey", "retries.key-on-every-order"),
    _broken("retries.NoKeyOnRetry", "retries.key-on-every-order", _NO_KEY),
    _broken("retries.EmptyKeyOnRetry", "retries.key-on-every-order", _NO_KEY),
    _broken("retries.KeyFromContent", "retries.key-unique-per-order"),
    _broken("retries.KeyFromCounter", "retries.key-unique-per-order"),
    _broken("retries.KeyFromClock", "retries.key-unique-per-order"),
    _broken("retries.KeyOfRefusedOrder", "retries.key-unique-per-order"),
    _broken("retries.OneKeyForAll", "retries.key-unique-per-order"),
    _broken(
        "retries.NewKeyPerAttempt", _SAME_KEY, _only(_NEW_KEY, _ONE, _RECOVERED, _IN_PROGRESS, _TRANSIENT)
    ),
    _broken("retries.NewKeyAfterTimeout", _SAME_KEY, _only(_NEW_KEY, _ONE, _RECOVERED, _IN_PROGRESS)),
    _broken(
        "retries.NewKeyAtThirdAttempt", _SAME_KEY, _only(_NEW_KEY, _ONE, _RECOVERED, _IN_PROGRESS, _TRANSIENT)
    ),
    _broken("retries.NewKeyAtSixthAttempt", _SAME_KEY, _only(_NEW_KEY, _ONE, _TRANSIENT)),
    _broken(
        "retries.NewKeyWhenAskedAgain", _SAME_KEY, _only(_NEW_KEY, _ONE, _RECOVERED, _IN_PROGRESS, _TRANSIENT)
    ),
    _broken("retries.TimestampInBody", "retries.same-body-on-retry", _OTHER_BODY),
    _broken("retries.AttemptInDescription", "retries.same-body-on-retry", _OTHER_BODY),
    _broken("retries.NewKeyAfterServerError", _ONE, _only(_NEW_KEY, _SAME_KEY, _RECOVERED, _TRANSIENT)),
    _broken(
        "retries.ForgetsAfterGivingUp", _ONE, _only(_NEW_KEY, _SAME_KEY, _RECOVERED, _IN_PROGRESS, _TRANSIENT)
    ),
    _broken("retries.TwoAtOnce", _ONE, _only(_NEW_KEY, _SAME_KEY, _IN_PROGRESS)),
    _broken(
        "retries.LostIsRejected", _RECOVERED, {_IN_PROGRESS: "it never sees a bare 102, only a broken line"}
    ),
    _broken(
        "retries.WaitsForEver", _IN_PROGRESS, {_RECOVERED: "the call never ends when the answer never comes"}
    ),
    _broken("retries.GatewayTimeoutIsRejected", _RECOVERED, _only(_GIVES_UP, _TRANSIENT)),
    _broken("retries.TruncatedIsRejected", _RECOVERED),
    _broken(
        "retries.InProgressIsRejected",
        _IN_PROGRESS,
        {_RECOVERED: "the original in progress had been lost before"},
    ),
    _broken("retries.BuysAgainAfterInProgress", _IN_PROGRESS, _only(_NEW_KEY, _ONE, _SAME_KEY, _RECOVERED)),
    _broken("retries.HurriesInProgress", _IN_PROGRESS),
    _broken(
        "retries.InProgressIsCreated",
        _IN_PROGRESS,
        {"errors.no-false-success": "the id that it reports is its own", **_only(_MAKES_UP, _RECOVERED)},
    ),
    _broken("retries.RetriesMismatch", "retries.key-mismatch-stops"),
    _broken("retries.NewKeyAfterMismatch", "retries.key-mismatch-stops"),
    _broken("errors.RetriesFinal", "errors.final-not-retried"),
    _broken("errors.RetriesInvalidUnderNewKey", "errors.final-not-retried"),
    _broken("errors.RetriesUnauthorised", "errors.final-not-retried"),
    _broken("errors.NeverRetriesServerErrors", _TRANSIENT, _only(_GIVES_UP, _RECOVERED)),
    _broken("errors.HotLoop", _TRANSIENT),
    _broken("errors.GivesUpForGood", _TRANSIENT, _only(_GIVES_UP, _RECOVERED)),
    _broken("errors.AnyAnswerIsSuccess", "errors.no-false-success"),
    _broken("errors.RedirectIsSuccess", "errors.no-false-success"),
    _broken("errors.BrokenSuccessIsSuccess", "errors.no-false-success", _only(_MAKES_UP, _RECOVERED)),
    _broken("errors.MakesUpAnId", "errors.no-false-success", _MAKES_UP),
    _broken("errors.MismatchIsCreated", "errors.no-false-success"),
    _broken("errors.MismatchAfterLossIsCreated", "errors.no-false-success"),
    _broken("errors.TakesTheNewestOrder", "errors.no-false-success"),
    _broken("errors.SharesItsAnswer", "errors.no-false-success"),
    _broken("rate_limits.WaitsOneSecond", "rate-limits.waits-at-least"),
    _broken("rate_limits.WaitsFourSeconds", "rate-limits.waits-at-least"),
    _broken("rate_limits.FullJitter", "rate-limits.waits-at-least"),
    _broken("rate_limits.HurriesTheSecondTime", "rate-limits.waits-at-least"),
    _broken("rate_limits.HurriesWhilePolling", "rate-limits.waits-at-least"),
    _broken("rate_limits.HurriesAfterTimeout", "rate-limits.waits-at-least"),
    _broken("rate_limits.BreaksOnRateLimit", "rate-limits.own-envelope", _STOPS),
    _broken("rate_limits.RateLimitIsRejected", "rate-limits.own-envelope", _STOPS),
    _broken("versions.NoVersion", "versions.pinned"),
    _broken("versions.VersionOnFirstAttempt", "versions.pinned"),
    _broken(
        "versions.LatestVersion",
        "versions.pinned",
        {"versions.supported": "no version has that name"},
    ),
    _badly_configured(
        "RemovedVersion",
        "It pins a version that the API has removed.",
        "versions.supported",
        api_version="2023-07-27",
    ),
    _badly_configured(
        "UnknownVersion",
        "It pins a version that the API never had.",
        "versions.supported",
        api_version="2024-12-31",
    ),
    _broken(
        "hostile.IgnoresBaseUrl",
        "retries.key-on-every-order",
        {
            "account.key-in-header-only": _SILENT,
            "retries.exactly-once": _SILENT,
            "errors.no-false-success": _SILENT,
            "rate-limits.waits-at-least": _SILENT,
            "versions.pinned": _SILENT,
        },
    ),
    _broken("hostile.Spins", "rate-limits.own-envelope"),
    _broken("hostile.ExitsOnRateLimit", "rate-limits.own-envelope", _STOPS),
    _broken("hostile.EndsTheProcess", _TRANSIENT, _only(_GIVES_UP, _RECOVERED)),
    _broken("hostile.NeverReturns", "rate-limits.own-envelope"),
)
"""Clients that are each wrong in one way."""

CORRECT: tuple[Exhibit, ...] = (
    Exhibit("gallery.reference:Reference.place_order"),
    Exhibit("gallery.correct.surfacing:place_order"),
    Exhibit("gallery.correct.twice_at_once:place_order"),
    Exhibit("gallery.correct.requests_session:place_order"),
    Exhibit("gallery.correct.tenacity_client:place_order"),
    Exhibit("gallery.correct.stamina_client:place_order"),
    Exhibit("gallery.correct.reconciling:place_order"),
    Exhibit("gallery.correct.breaker:place_order"),
    Exhibit("gallery.correct.queue_worker:place_order"),
    Exhibit("gallery.correct.asyncio_httpx:place_order"),
    Exhibit("gallery.hostile:LeavesThreads.place_order"),
    # Two checks are enough to see that the suite bears it; all of them would be twenty gigabytes.
    Exhibit("gallery.hostile:Floods.place_order", select=("versions.supported", "account.ip-allowlist-sane")),
)
"""Clients that no check may accuse of anything, whatever their manners."""

"""The table: each client of the gallery, the check that must catch it, and what else it cannot help failing.

What lives here: names and expectations. What must never be known here: how a client is examined.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Exhibit:
    """`caught_by`: the check that this client is here for. `also`: other checks that fail, and why they must.
    `profile`: what its golive.yaml says beyond the ordinary.
    """

    target: str
    caught_by: str
    also: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, object] = field(default_factory=dict)
    called: str | None = None
    told: str | None = None

    @property
    def name(self) -> str:
        return self.called or self.target.partition(":")[2].removesuffix(".place_order")

    @property
    def sentence(self) -> str:
        """What it does wrong: the first line of its docstring, unless only its profile is wrong."""
        return self.told or first_line(self.target)


def first_line(target: str) -> str:
    module, _, path = target.partition(":")
    found: object = importlib.import_module(module)
    owner = path.removesuffix(".place_order")
    for part in owner.split("."):
        found = getattr(found, part)
    return (inspect.getdoc(found) or "").partition("\n\n")[0].replace("\n", " ")


def _client(path: str, caught_by: str, **also: str) -> Exhibit:
    module, _, name = path.partition(".")
    return Exhibit(
        f"gallery.{module}:{name}.place_order",
        caught_by,
        {_id(check): reason for check, reason in also.items()},
    )


def _profile(called: str, told: str, caught_by: str, also: Mapping[str, str], **profile: object) -> Exhibit:
    return Exhibit("gallery.reference:Reference.place_order", caught_by, also, profile, called, told)


def _id(keyword: str) -> str:
    section, _, slug = keyword.partition("__")
    return f"{section.replace('_', '-')}.{slug.replace('_', '-')}"


BROKEN: tuple[Exhibit, ...] = (
    _client("account.KeyInQuery", "account.key-in-header-only"),
    _client("account.KeyAsBasicAuth", "account.key-in-header-only"),
    _client("account.KeyInRetryHeader", "account.key-in-header-only"),
    _client("account.LogsHeaders", "account.key-not-logged"),
    _client("account.LogsHeadersOfFailures", "account.key-not-logged"),
    _client("account.PrintsSettings", "account.key-not-logged"),
    _client("account.KeyInException", "account.key-not-logged"),
    _client("account.KeyInStateFile", "account.key-not-logged"),
    _profile(
        "AllowsEverybody",
        "Its allowlist lets the whole internet use the key.",
        "account.ip-allowlist-sane",
        {},
        account={"ip_allowlist": ["0.0.0.0/0"]},
    ),
    _profile(
        "AllowsItsOffice",
        "Its allowlist holds a private range, which nobody outside ever comes from.",
        "account.ip-allowlist-sane",
        {},
        account={"ip_allowlist": ["10.0.0.0/8"]},
    ),
    _profile(
        "HasNoAllowlist",
        "It goes live with a key that works from everywhere.",
        "account.ip-allowlist-sane",
        {},
        account={"keys": {"production": {"env": "ACME_PRODUCTION_KEY"}}},
    ),
    _client("retries.NoKey", "retries.key-on-every-order"),
    _client("retries.NoKeyOnRetry", "retries.key-on-every-order"),
    _client("retries.EmptyKeyOnRetry", "retries.key-on-every-order"),
    _client("retries.KeyFromContent", "retries.key-unique-per-order"),
    _client("retries.KeyFromCounter", "retries.key-unique-per-order"),
    _client("retries.KeyFromClock", "retries.key-unique-per-order"),
    _client("retries.OneKeyForAll", "retries.key-unique-per-order"),
    _client("retries.NewKeyPerAttempt", "retries.same-key-on-retry"),
    _client("retries.NewKeyAfterTimeout", "retries.same-key-on-retry"),
    _client("retries.NewKeyAtThirdAttempt", "retries.same-key-on-retry"),
    _client("retries.NewKeyWhenAskedAgain", "retries.same-key-on-retry"),
    _client("retries.TimestampInBody", "retries.same-body-on-retry"),
    _client("retries.AttemptInDescription", "retries.same-body-on-retry"),
    _client("retries.NewKeyAfterServerError", "retries.exactly-once"),
    _client("retries.ForgetsAfterGivingUp", "retries.exactly-once"),
    _client("retries.TwoAtOnce", "retries.exactly-once"),
    _client("retries.LostIsRejected", "retries.lost-response-recovered"),
    _client("retries.GatewayTimeoutIsRejected", "retries.lost-response-recovered"),
    _client("retries.TruncatedIsRejected", "retries.lost-response-recovered"),
    _client("retries.InProgressIsRejected", "retries.in-progress-waited-out"),
    _client("retries.BuysAgainAfterInProgress", "retries.in-progress-waited-out"),
    _client("retries.HurriesInProgress", "retries.in-progress-waited-out"),
    _client("retries.InProgressIsCreated", "retries.in-progress-waited-out"),
    _client("retries.RetriesMismatch", "retries.key-mismatch-stops"),
    _client("retries.NewKeyAfterMismatch", "retries.key-mismatch-stops"),
    _client("errors.RetriesFinal", "errors.final-not-retried"),
    _client("errors.RetriesInvalidUnderNewKey", "errors.final-not-retried"),
    _client("errors.RetriesUnauthorised", "errors.final-not-retried"),
    _client("errors.NeverRetriesServerErrors", "errors.transient-retried"),
    _client("errors.HotLoop", "errors.transient-retried"),
    _client("errors.GivesUpForGood", "errors.transient-retried"),
    _client("errors.AnyAnswerIsSuccess", "errors.no-false-success"),
    _client("errors.RedirectIsSuccess", "errors.no-false-success"),
    _client("errors.BrokenSuccessIsSuccess", "errors.no-false-success"),
    _client("errors.MakesUpAnId", "errors.no-false-success"),
    _client("errors.MismatchIsCreated", "errors.no-false-success"),
    _client("rate_limits.WaitsOneSecond", "rate-limits.waits-at-least"),
    _client("rate_limits.WaitsFourSeconds", "rate-limits.waits-at-least"),
    _client("rate_limits.FullJitter", "rate-limits.waits-at-least"),
    _client("rate_limits.HurriesTheSecondTime", "rate-limits.waits-at-least"),
    _client("rate_limits.BreaksOnRateLimit", "rate-limits.own-envelope"),
    _client("rate_limits.RateLimitIsRejected", "rate-limits.own-envelope"),
    _client("versions.NoVersion", "versions.pinned"),
    _client("versions.VersionOnFirstAttempt", "versions.pinned"),
    _client("versions.LatestVersion", "versions.pinned"),
    _profile(
        "RemovedVersion",
        "It pins a version that the API has removed.",
        "versions.supported",
        {},
        api_version="2023-07-27",
    ),
    _profile(
        "UnknownVersion",
        "It pins a version that the API never had.",
        "versions.supported",
        {},
        api_version="2024-12-31",
    ),
    _client("hostile.IgnoresBaseUrl", "retries.key-on-every-order"),
    _client("hostile.Spins", "rate-limits.own-envelope"),
    _client("hostile.ExitsOnRateLimit", "rate-limits.own-envelope"),
    _client("hostile.EndsTheProcess", "errors.transient-retried"),
    _client("hostile.NeverReturns", "rate-limits.own-envelope"),
)

CORRECT: tuple[str, ...] = (
    "gallery.reference:Reference.place_order",
    "gallery.correct.surfacing:place_order",
    "gallery.correct.requests_session:place_order",
    "gallery.correct.tenacity_client:place_order",
    "gallery.correct.stamina_client:place_order",
    "gallery.correct.reconciling:place_order",
    "gallery.correct.breaker:place_order",
    "gallery.correct.queue_worker:place_order",
    "gallery.correct.asyncio_httpx:place_order",
    "gallery.hostile:Floods.place_order",
    "gallery.hostile:LeavesThreads.place_order",
)
"""Clients that no check may accuse of anything, whatever their manners."""

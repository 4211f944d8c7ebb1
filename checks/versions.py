"""Keeping up to date: one API version, named in every request."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.faults import RateLimit
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.planning import singles


@check(
    "versions.pinned",
    severity="blocker",
    title="Every request names the API version",
    impact="The vendor's default moves, or differs between accounts, and the integration breaks on a day when "
    "nobody changed anything.",
    remedy="Set the version header where the HTTP client is built, to the version that the profile names, so "
    "that no request can go out without it.",
    why="A request without a version is answered in whatever version the account has as its default, which "
    "somebody can change with one click, and which the vendor moves from time to time. Then fields are called "
    "otherwise, and parsing breaks in production on a day when nobody deployed anything.",
    floor=lambda contract: {
        "an undisturbed order": plans.undisturbed(contract),
        "a retry": singles(contract, plans.lost(contract)[0], *plans.transient(contract), RateLimit()),
    },
    generated=plans.interrupted,
)
def pinned(case: Case) -> Iterator[Remark]:
    """Every request of every trial, retries and polls too, carries the version that the profile names.

    Requests were seen, and each of them, retries and polls included, named the version that the profile names.
    """
    for exchange in case.evidence.exchanges:
        if exchange.api_version == case.api_version:
            yield Observed()
        elif exchange.complete:
            named = f"names version {exchange.api_version}" if exchange.api_version else "names no version"
            yield Violation(
                "no version" if not exchange.api_version else "another version",
                f"request {exchange.number} ({exchange.method} {exchange.target}) {named}; the profile says "
                f"{case.api_version}",
                (exchange.number,),
                on_any_clock=True,
            )


@check(
    "versions.supported",
    severity="blocker",
    title="The version in use exists and is not removed",
    impact="Every request is refused from the first day on.",
    remedy="Move to the current version, and read the changelog for what changes on the way.",
    why="The version was copied from an old project or has a typing error in it. It is refused from the first "
    "request on, or works until the day in the changelog on which it is removed, and then every order fails "
    "at once.",
    floor=lambda contract: {"an undisturbed order": plans.undisturbed(contract)},
)
def supported(case: Case) -> Iterator[Remark]:
    """The version that the client sends is one that the contract knows and that has not been removed.

    The client named a version, and it is the contract's current one. A version that was removed or that nobody
    knows fails.
    """
    versions = case.contract.versions
    for exchange in case.evidence.exchanges:
        if exchange.api_version is None:
            yield Unmet("the client named no version")
        elif exchange.api_version == versions.current:
            yield Observed()
        else:
            removed = exchange.api_version in versions.removed
            yield Violation(
                "removed" if removed else "unknown version",
                f"request {exchange.number} names version {exchange.api_version}, which "
                f"{'has been removed' if removed else 'the contract does not know'}; current is {versions.current}",
                (exchange.number,),
                on_any_clock=True,
            )

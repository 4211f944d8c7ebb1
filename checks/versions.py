"""Keeping up to date: one API version, named in every request."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.faults import OtherVersion, RateLimit
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.noticing import noticed
from conformance.judge.retrying import refused_for_good
from conformance.planning import singles, trial
from conformance.plans import asynchronous


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
    for exchange in case.requests:
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
    for exchange in case.requests:
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


@check(
    "versions.same-everywhere",
    severity="major",
    title="All requests name one version",
    impact="Half of the integration speaks another version than the rest, and what one half writes the other cannot "
    "read.",
    remedy="Keep the version in one place, and set it where the HTTP client is built: for orders, retries, polls and "
    "look-ups, in every process.",
    why="The version is raised in the code that places orders, and forgotten in the job that looks after lost ones. "
    "For months nobody sees a difference. Then the old version is removed, orders go on being placed, and "
    "nothing that goes wrong with them is ever put right.",
    floor=lambda contract: {
        "several requests for an order": (
            *singles(contract, plans.lost(contract)[0], *plans.transient(contract), RateLimit()),
            *asynchronous.taking_their_time(contract)["an order that takes its time"],
        ),
        "several processes": (trial(contract, (), (), (), restart=True),),
    },
    generated=plans.interrupted,
)
def same_everywhere(case: Case) -> Iterator[Remark]:
    """Orders that have to be sent again, asynchronous orders, and orders between which the client is ended and started
    again. All requests of a trial are compared: attempts, polls and look-ups alike.

    Several requests were seen, from several processes too, and all of them named the same version.
    """
    whole = [exchange for exchange in case.requests if exchange.complete]
    first = next((exchange for exchange in whole if exchange.api_version), None)
    if first is None or len(whole) < 2:
        yield Unmet("a single request was sent" if first else "the client names no version at all")
        return
    for exchange in whole:
        if exchange.api_version != first.api_version:
            named = f"names version {exchange.api_version}" if exchange.api_version else "names no version"
            yield Violation(
                "two versions",
                f"request {exchange.number} ({exchange.method} {exchange.target}) {named}, request {first.number} "
                f"({first.method} {first.target}) names {first.api_version}",
                (first.number, exchange.number),
                on_any_clock=True,
            )
        elif exchange.number != first.number:
            yield Observed()


@check(
    "versions.removed-is-final",
    severity="major",
    title="A version that is gone is surfaced, not retried",
    impact="On the day on which the version is removed every order is retried for as long as the client has patience, "
    "and nobody is told what is wrong.",
    remedy="Treat the errors about the version as final: make no further attempt, report rejected with the error's "
    "type, and wake somebody, since all further orders will fail as well.",
    why="The vendor removes a version that was announced as deprecated a year ago. The client takes the 410 for "
    "something that passes, and each order goes round its retry loop before it lands in a queue to be tried "
    "again later. The monitoring shows slow orders; it takes until noon to see that none was placed since midnight.",
    floor=lambda contract: {
        f"{fault.type} ({fault.status})": singles(contract, fault) for fault in plans.version_errors(contract)
    },
)
def removed_is_final(case: Case) -> Iterator[Remark]:
    """An order is answered by the error for a version that was removed, or by the one for a version that never was.

    The error was delivered, no further attempt was made, and the client said that the order was rejected, or at least
    which error it was.
    """
    return refused_for_good(case)


@check(
    "versions.mismatch-noticed",
    severity="advisory",
    title="An answer in another version is noticed",
    impact="The API answers in another version than the code was written for, and the first to notice is a customer.",
    remedy="Compare the version header of every response with the version that was asked for, and log a warning with "
    "both when they differ.",
    why="Somebody changes the account's default version in the vendor's portal, and a proxy strips the header by which "
    "the client asks for its own. Everything still looks fine, since most fields are the same. The one that is "
    "not is found weeks later, in the books.",
    floor=lambda contract: {
        "an answer in another version": singles(contract, OtherVersion(version=plans.other_version(contract)))
    },
)
def mismatch_noticed(case: Case) -> Iterator[Remark]:
    """A correct answer names another version than the one that was asked for. The client may take it or not.

    The answer was delivered, and the client said something other than created, or wrote a line that names the other
    version or says that the versions differ.
    """
    return noticed(case)

"""A client that runs: what its processes show of the key, and what it does when the key is taken from it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.faults import RateLimit, Revoke
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.revocation import refused_for_the_key, stopped, told_as_it_is
from conformance.planning import trial


@check(
    "account.key-not-in-process-list",
    severity="major",
    title="The key is in no process's arguments",
    impact="Every user and every monitoring agent of the machine can read the key from the list of its processes.",
    remedy="Hand the key to a program through its environment, its standard input or a file that only it can read; "
    "for curl, hand the header over on its standard input, with -H @-. Set no process title from it.",
    why="A client calls curl with the key in a -H option, or starts a helper with --api-key. Whoever has an account on "
    "that machine sees it with ps, and the monitoring agent, which keeps the arguments of every process, sends it to "
    "a dashboard for the whole company. Nothing was logged and nothing broken into, so nobody looks for it there.",
    floor=lambda contract: {
        "an undisturbed order": (trial(contract, (), watched=True),),
        "a retry": (
            trial(contract, *((fault,) for fault in (plans.lost(contract)[0], RateLimit())), watched=True),
        ),
    },
)
def key_not_in_process_list(case: Case) -> Iterator[Remark]:
    """While the sandbox holds a request open, before it answers, the arguments of every process that the client
    consists of or has started are read, also of those that have cut themselves loose from it. Out of reach is a
    process that has ended before the request is sent, or begins when it is answered.

    Processes were looked at while an attempt was open, first ones and retries, and no form of the key's secret part
    was in the arguments of any of them. Environment variables are allowed: that is how a key comes.
    """
    attempts = {attempt.number for attempt in case.attempts}
    if any(look.processes and look.exchange in attempts for look in case.evidence.looks):
        yield Observed()
    else:
        yield Unmet(
            "no process could be looked at while an attempt was open; this is read from /proc, on Linux"
        )
    for look in case.evidence.looks:
        for sighting in look.sightings:
            yield Violation(
                "key in arguments",
                f"while request {look.exchange} was open, the key's secret part ({sighting.form}) stood in "
                f"{sighting.place}: {sighting.excerpt}",
                (look.exchange,),
                on_any_clock=True,
            )


@check(
    "account.revoked-key-stops",
    severity="major",
    title="A revoked key ends the attempts",
    impact="After a key is revoked every worker goes on hammering the API with it, and nobody is told why no order "
    "goes through.",
    remedy="Take a refused key for a final error of every order that meets it: no further attempt, with this key or "
    "another, and the error's type to the caller; unknown only where an earlier attempt may have booked the order.",
    why="A key has leaked and is revoked on a Friday evening. The client takes the refusal for a hiccup and retries "
    "each order for hours, or says that the API is unreachable, so the people on call look for a network problem. The "
    "vendor sees an account that sends nothing but a dead key, and blocks it altogether.",
    floor=lambda contract: {
        "orders that are under way": (trial(contract, (), (), (Revoke(),), (), (), concurrent=True),),
        # Who looks whether an order exists finds the first that was lost, and has to send the second again.
        "an order that may exist, and the next one": (
            trial(
                contract,
                (),
                *((fault, Revoke()) for fault in (plans.lost(contract)[0], plans.dropped(contract)[0])),
                (),
            ),
        ),
    },
)
def revoked_key_stops(case: Case) -> Iterator[Remark]:
    """The key is revoked as an attempt arrives, and from then on every request with it is refused, as with a key that
    nobody knows. That happens while several orders are under way, when the answer to an earlier attempt was lost, and
    before an order's first attempt.

    Each order whose attempt was refused for its key was left alone from then on, whatever key there was, and its
    caller was told why: rejected with that error's type or the client's own word for it, or unknown where an earlier
    attempt may have booked the order.
    """
    met = False
    for story, refused in refused_for_the_key(case):
        met = True
        yield from stopped(story, refused)
        yield from told_as_it_is(case, story, refused)
    if not met:
        yield Unmet("no attempt was refused for a revoked key")

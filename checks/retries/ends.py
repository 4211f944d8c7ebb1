"""Making retries safe: every call, and every attempt of it, comes to an end."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import bounds
from conformance.check import Doubtful, Note, Observed, Remark, Unmet, check
from conformance.faults import Hang
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.endings import ended_in_time, given_up, not_too_fast, not_too_many, waited_for
from conformance.plans import lives


@check(
    "retries.bounded",
    severity="blocker",
    title="Retries come to an end",
    impact="One outage of the vendor ties up every thread and queue of the shop for hours, and the storm of retries "
    "keeps the API from recovering.",
    remedy="Give every call a bound on its attempts (eight are plenty) and on its time (minutes), with pauses that "
    "grow. When the bound is reached, report unknown, keep key and body, and go on when you are asked again.",
    why="A vendor has an outage of two hours. A loop without an end holds every request thread of the shop, the shop "
    "goes down with the vendor, and when the API comes back it is met by thousands of clients that knock ten times a "
    "second. A server error that is stored under the key never goes away by being asked for again: such a loop would "
    "run for as long as the key lives.",
    floor=lives.without_end,
    generated=lives.at_last_without_end,
)
def bounded(case: Case) -> Iterator[Remark]:
    """Each kind of fault goes on for ever: broken connections, silence, unreadable answers, server errors, rate limits,
    an original in progress. The order is handed over once, and nobody asks again.

    The call ends within one client hour and 50 attempts, with never more than 30 attempts in any client minute, and
    says created only of an order that is in the ledger. What the suite had to end before that, as it does on the real
    clock, proves nothing.
    """
    for story in case.stories:
        if not any(attempt.fault is not None for attempt in story.attempts):
            yield Unmet("no fault was delivered")
            continue
        yield from not_too_many(story)
        yield from not_too_fast(story)
        yield from ended_in_time(case, story)
        outcome = story.outcome
        if outcome is not None and outcome.kind == "created" and not story.booked_by(outcome.order_id):
            yield Violation(
                "false success",
                f"under a fault that never ends the client said {story.said()}, and no such order exists",
                tuple(attempt.number for attempt in story.attempts[-1:]),
                on_any_clock=True,
            )


@check(
    "retries.finite-timeout",
    severity="blocker",
    title="Every attempt has a time-out",
    impact="One request that is never answered holds its order, and the thread that places it, for good: nobody is "
    "told, nothing is tried again.",
    remedy="Give every request a time-out for connecting and for reading, 30 to 60 seconds, in the place where the "
    "HTTP client is made. Many libraries have none unless you set it.",
    why="A load balancer forgets a connection and tells nobody. The request waits for an answer that cannot come, the "
    "worker that sent it waits as well, and a week later all workers are waiting and no order is placed any more. "
    "Restarting the process helps, until the next time.",
    floor=lives.unanswered,
    timed=True,
)
def finite_timeout(case: Case) -> Iterator[Remark]:
    """The sandbox accepts a request and never says a word, whether it booked the order or not.

    Within 300 client seconds the client hangs up, sends the next attempt, or tells its caller how it stands.
    """
    for story, attempt in case.faulty("hang"):
        assert isinstance(attempt.fault, Hang)
        if not case.evidence.clock.held:
            yield Unmet("the client's waits escaped the clock; run again with --clock real")
            continue
        took = given_up(story, attempt)
        waited = waited_for(story, attempt) if took is None else took
        late = waited - bounds.ATTEMPT
        if late > case.evidence.clock.margin:
            yield Violation(
                "no time-out",
                f"attempt {attempt.attempt} for {story.reference} was not answered, and the client still waited for it "
                f"after {waited:,.0f} s; at most {bounds.ATTEMPT:.0f} s are asked for",
                (attempt.number,),
                on_any_clock=late > bounds.ATTEMPT,
            )
        elif late > 0:
            yield Doubtful(
                f"an attempt of {waited:.0f} s is too near its limit of {bounds.ATTEMPT:.0f} s",
                attempt.number,
            )
        elif took is None:
            yield Unmet(f"the suite ended the call after {waited:,.0f} s, while the client still waited")
        else:
            yield Observed()
    for story, attempt in case.faulty("drip"):
        if given_up(story, attempt) is None:
            yield Note(
                f"an answer that drips for ever held the client for {waited_for(story, attempt):,.0f} s: its time-out "
                "is for each read, as in most libraries; a bound on the whole request would end that too"
            )

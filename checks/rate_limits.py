"""Rate limiting: slow down when told to, and lose nothing by it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.faults import Ok, RateLimit
from conformance.judge.case import Case
from conformance.judge.pauses import own_pauses
from conformance.judge.retrying import ended_created
from conformance.planning import sequences, singles


@check(
    "rate-limits.waits-at-least",
    severity="blocker",
    title="After a 429 the client waits",
    impact="The account stays limited for as long as the client keeps asking, and every order behind it waits.",
    remedy="Wait at least the contract's time after a 429 before the next attempt, longer each time it comes "
    "again. A retry library's default first wait of a second or less is too short.",
    why="A campaign starts, the account runs into its limit, and the client comes back after half a second, as "
    "its HTTP library does by default. Each early request counts against the limit as well, so the limit "
    "never lifts: what should have been a slow minute becomes an hour in which nothing gets through.",
    floor=lambda contract: {
        "one 429": singles(contract, RateLimit()),
        "several 429s": sequences(contract, (RateLimit(),) * 2, (RateLimit(),) * 3),
        "a 429 after another fault": sequences(
            contract, *((fault, RateLimit()) for fault in plans.before_a_limit(contract))
        ),
    },
    generated=plans.limited,
    timed=True,
)
def waits_at_least(case: Case) -> Iterator[Remark]:
    """429 answers without `Retry-After`, alone, repeated and among other faults: the next attempt for the same
    reference comes no earlier than the contract's wait, on the sandbox's clock. Where the client hands the
    order back to its caller the wait is the caller's.

    A 429 was delivered, an attempt followed, and the pause before it was the contract's wait or longer. Where the
    caller decides about the pause this is not applicable, and the report says what the caller has to do.
    """
    for story in case.stories:
        limited = [attempt for attempt in story.attempts if attempt.answer == "rate-limited"]
        if not limited:
            yield Unmet("no 429 was delivered")
        elif not story.after(limited[-1]):
            yield Unmet("no attempt followed the 429")
        yield from own_pauses(case, story, limited, case.contract.rate_limit.wait, "is rate limited")


@check(
    "rate-limits.own-envelope",
    severity="blocker",
    title="The 429's own envelope is understood",
    impact="The first burst of traffic takes the integration down: the error handler breaks on a body that does "
    "not look like other errors.",
    remedy="Recognise 429 by its status before the error body is read, and expect neither a type nor a message "
    "in it.",
    why="All errors of the API look alike but for this one, which comes from another layer and has neither type "
    "nor message. The error handler reads a field that is not there and crashes, or calls the order rejected "
    "for good. No test has ever met a 429, so the first busy day is when it happens.",
    floor=lambda contract: {
        "one 429": singles(contract, RateLimit()),
        "several 429s": sequences(contract, (RateLimit(),) * 2),
    },
    generated=plans.limited,
)
def own_envelope(case: Case) -> Iterator[Remark]:
    """429 answers whose body has neither type nor message, and then the API is well again: no crash, no call
    without end, no order called rejected for good, and the order exists in the end.

    The 429 was delivered and the order was created in the end, with no crash and no call without end on the way. To
    hand the order back as `rejected` or `unknown` right after the 429 passes, if it is created when it is asked for
    again.
    """
    for story in case.stories:
        limited = tuple(attempt.number for attempt in story.attempts if attempt.answer == "rate-limited")
        if not limited:
            yield Unmet("no 429 was delivered")
            continue
        created = story.outcome is not None and story.outcome.kind == "created"
        last = story.attempts[-1].fault
        if story.outcome is not None and not created and not case.resumes:
            yield Observed()
        elif not created and last is not None and not isinstance(last, RateLimit | Ok):
            yield Unmet(f"the client got past the 429 and stopped at another fault, {last.fault}")
        else:
            what = (
                f"429 answers: {len(limited)}, attempts: {len(story.attempts)}, then the API was well again"
            )
            yield from ended_created(case, story, limited, what)

"""When calls and attempts came to an end, and how many attempts there were meanwhile. Pure.

What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from conformance import bounds
from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Call, Exchange
from conformance.finding import Violation
from conformance.judge.case import Case, Story

_MINUTE = 60.0


def ended_in_time(case: Case, story: Story) -> Iterator[Remark]:
    """Did each call end within the bound? Where the suite ended it before that, nobody can say."""
    numbers = _ends_of(story.attempts)
    for call in story.calls:
        took = None if call.ended_at is None else call.ended_at - call.started_at
        if took is not None and call.ending in ("answered", "crashed") and took <= bounds.CALL:
            yield Observed()
        elif took is not None and took >= _certain(case) and call.ending != "stopped":
            yield Violation(
                "no end",
                f"the call for {story.reference} had not ended after {took:,.0f} s and {len(story.attempts)} attempts; "
                f"it should within {bounds.CALL:,.0f} s",
                numbers,
                on_any_clock=True,
            )
        else:
            yield Unmet(
                f"the call had not ended when the suite ended it, after {took or 0:,.0f} s; only {bounds.CALL:,.0f} s "
                "would have been too long"
            )


def not_too_many(story: Story) -> Iterator[Violation]:
    """At most so many attempts in one call."""
    for call in story.calls:
        own = _during(call, story.attempts)
        if len(own) > bounds.ATTEMPTS:
            yield Violation(
                "too many attempts",
                f"one call for {story.reference} made {len(own)} attempts; {bounds.ATTEMPTS} are enough to give up",
                _ends_of(own),
                on_any_clock=True,
            )


def not_too_fast(story: Story) -> Iterator[Violation]:
    """At most so many attempts in any minute."""
    most = bounds.ATTEMPTS_A_MINUTE
    times = [attempt.received_at for attempt in story.attempts]
    for first, time in enumerate(times):
        if first + most < len(times) and times[first + most] - time < _MINUTE:
            yield Violation(
                "retry storm",
                f"{most + 1} attempts for {story.reference} came within {times[first + most] - time:.1f} s; at most "
                f"{most} in a minute leave the API room to recover",
                (story.attempts[first].number, story.attempts[first + most].number),
            )
            return


def given_up(story: Story, attempt: Exchange) -> float | None:
    """Client seconds after which the client had done with an attempt that nobody answered: it hung up, went on, or
    told its caller. None if it never had.
    """
    ends = [] if attempt.client_gone_at is None else [attempt.client_gone_at]
    ends += [later.received_at for later in story.after(attempt)[:1]]
    ends += [
        call.ended_at
        for call in story.calls
        if call.ended_at is not None
        and call.ending in ("answered", "crashed")
        and call.started_at <= attempt.received_at <= call.ended_at
    ]
    return min(ends) - attempt.received_at if ends else None


def waited_for(story: Story, attempt: Exchange) -> float:
    """Client seconds for which the suite let the client wait for this attempt."""
    return max((call.ended_at or 0.0) - attempt.received_at for call in story.calls) if story.calls else 0.0


def _certain(case: Case) -> float:
    """Seconds from which on no machine can have made a call too long."""
    return (
        bounds.CALL * (bounds.EXTRA - 0.01)
        if case.evidence.clock.kind == "accelerated"
        else bounds.CALL - 1.0
    )


def _during(call: Call, attempts: Sequence[Exchange]) -> list[Exchange]:
    ended = float("inf") if call.ended_at is None else call.ended_at
    return [attempt for attempt in attempts if call.started_at <= attempt.received_at <= ended]


def _ends_of(attempts: Sequence[Exchange]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(attempt.number for attempt in (*attempts[:2], *attempts[-1:])))


def overlap(calls: Sequence[Call]) -> bool:
    """Was a call still open when the next one began?"""
    ordered = sorted(calls, key=lambda call: call.started_at)
    return any(
        earlier.ended_at is None or later.started_at <= earlier.ended_at
        for earlier, later in pairwise(ordered)
    )

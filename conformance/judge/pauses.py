"""How long a client waited, judged one-sidedly: too early is a fact, too late may be the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from conformance.check import Doubtful, NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.finding import Violation
from conformance.judge.case import Case, Story

FEW, SOME = 3, 5
"""waits of which all have to be too short, and from which on the median decides: jitter may be short by chance"""


def own_pauses(
    case: Case, story: Story, attempts: Iterable[Exchange], minimum: float, state: str
) -> Iterator[Remark]:
    """Was each of these attempts followed by a pause of at least `minimum` client seconds, where the pause was
    the client's own? `state` completes the sentence "after it was told that the order …".
    """
    told = {attempt.number for attempt in attempts}
    for retry in story.retries:
        if retry.earlier.number not in told:
            continue
        if retry.by_suite:
            yield NotApplicable(
                "the wait belongs to the caller: the client handed the order back instead of waiting",
                f"wait at least {minimum:g} s before asking again for an order that {state}",
            )
        elif not case.evidence.clock.held:
            yield Unmet("the client's waits escaped the clock; run again with --clock real")
        elif retry.wait < minimum - case.contract.rate_limit.tolerance:
            yield Violation(
                "too early",
                f"attempt {retry.later.attempt} for {story.reference} came {retry.wait:.2f} s after the client was "
                f"told that the order {state}; at least {minimum:g} s are asked for",
                (retry.earlier.number, retry.later.number),
            )
        elif retry.wait - case.evidence.clock.margin < minimum - case.contract.rate_limit.tolerance:
            yield Doubtful(
                f"a wait of {retry.wait:.2f} s is too near its limit of {minimum:g} s", retry.earlier.number
            )
        else:
            yield Observed()


def later_waits(story: Story, attempts: Iterable[Exchange]) -> list[float]:
    """The client's own waits, in client seconds, after those of the attempts that it had retried before in the
    same call: the first retry of a call may be immediate.
    """
    told = {attempt.number for attempt in attempts}
    return [
        retry.wait
        for before, retry in pairwise(story.retries)
        if retry.earlier.number in told and not retry.by_suite and not before.by_suite
    ]


def shorter(waits: Sequence[float], minimum: float) -> bool:
    """Are the waits shorter than this by the median? Too few of them say nothing, unless they agree."""
    if len(waits) < SOME:
        return len(waits) >= FEW and max(waits) < minimum
    return median(waits) < minimum

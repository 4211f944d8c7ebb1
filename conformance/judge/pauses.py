"""How long a client waited, judged one-sidedly: too early is a fact, too late may be the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.check import NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.finding import Violation
from conformance.judge.case import Case, Story


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
        else:
            yield Observed()

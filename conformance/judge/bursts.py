"""Many orders at once: how they got past the limiter, and whether those that were limited came back together.

What must never be known here: any vendor's numbers, and which check is asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from conformance.bounds import REQUESTS_AN_ORDER
from conformance.check import Doubtful, NotApplicable, Observed, Remark, Unmet
from conformance.finding import Violation
from conformance.judge.case import Case, Retry, Story
from conformance.judge.retrying import recovered

CROWD = 3
"""orders that have to come back by themselves before anything is said of their coming together"""
NOISE = 3.0
"""times the clock's margin by which a busy machine may part what was meant to come together"""
SOME = 5
"""times from which on the first and the last of them may be the machine's doing"""


def drained(case: Case) -> Iterator[Remark]:
    """Was each order of the burst created exactly once, with few enough requests over all?"""
    attempts = [attempt for story in case.stories for attempt in story.attempts]
    limited = sum(attempt.answer == "rate-limited" for attempt in attempts)
    each = len(attempts) / len(case.stories)
    happened = f"orders at once: {len(case.stories)}, requests: {len(attempts)}, of them limited: {limited}"
    if each > REQUESTS_AN_ORDER:
        yield Violation(
            "too many requests",
            f"{happened}: {each:.1f} for each order, and {REQUESTS_AN_ORDER:g} are enough",
            tuple(attempt.number for attempt in attempts if attempt.answer == "rate-limited"),
        )
    refused = next((attempt for attempt in attempts if attempt.answer in ("final", "key-mismatch")), None)
    if refused is not None and not case.evidence.ledger:
        yield Unmet(f"every order was refused, limited or not; {refused.reference} with {refused.error_type}")
        return
    for story in case.stories:
        yield from _drained(case, story, happened)
    if limited or not case.evidence.clock.margin:
        return
    last = max(attempts, key=lambda attempt: attempt.number, default=None)
    if last is not None:
        # Its processes may have started one after the other, which takes long in a world that is fast.
        yield Doubtful("the client was never limited", last.number)


def _drained(case: Case, story: Story, happened: str) -> Iterator[Remark]:
    if len(story.ledger) > 1:
        yield Violation(
            "bought again",
            f"{happened}; {story.reference} exists {len(story.ledger)} times",
            tuple(entry.exchange for entry in story.ledger),
        )
        return
    numbers = tuple(attempt.number for attempt in story.attempts)
    limited = any(attempt.answer == "rate-limited" for attempt in case.attempts)
    for remark in recovered(case, story, numbers, happened):
        if not isinstance(remark, Observed) or limited or not case.evidence.clock.margin:
            yield remark


def come_back_apart(case: Case) -> Iterator[Remark]:
    """Did orders that were limited at the same time come back at different times, after waits that differ?"""
    first = [
        (story, story.retries[0])
        for story in case.stories
        if story.retries and story.retries[0].earlier.answer == "rate-limited"
    ]
    own = [retry for _, retry in first if not retry.by_suite]
    together = _waiting_at_once(own)
    if len(together) < CROWD:
        yield _nobody_together(case, len(first), own)
        return
    if not case.evidence.clock.held:
        yield Unmet("the client's waits escaped the clock; run again with --clock real")
        return
    least, margin = case.contract.rate_limit.tolerance, case.evidence.clock.margin
    waits = [retry.wait for retry in together]
    apart = min(_scattered(waits), _scattered([retry.later.received_at for retry in together]))
    numbers = tuple(retry.later.number for retry in together)
    if apart <= least:
        yield Violation(
            "all at once",
            f"{len(together)} orders were limited together and came back together: {median(waits):.2f} s later, and "
            f"most of them within {apart:.2f} s of each other",
            numbers,
        )
    elif apart <= least + NOISE * margin:
        yield Doubtful(
            f"they came back within {apart:.2f} s, which delays can do", together[-1].earlier.number
        )
    else:
        yield Observed()


def _waiting_at_once(retries: Sequence[Retry]) -> list[Retry]:
    """The most of these pauses that have a moment in common."""
    begun = [(retry.since, retry) for retry in retries]
    crowds = [
        [retry for start, retry in begun if start <= moment < retry.later.received_at] for moment, _ in begun
    ]
    return max(crowds, key=len, default=[])


def _scattered(times: Sequence[float]) -> float:
    """Seconds between the first and the last of these, but for one at either end if there are enough of them: a
    machine may be late once.
    """
    ordered = sorted(times)
    if len(ordered) > SOME:
        ordered = ordered[1:-1]
    return ordered[-1] - ordered[0]


def _nobody_together(case: Case, limited: int, own: Sequence[Retry]) -> Remark:
    if limited > len(own) and len(own) < CROWD:
        return NotApplicable(
            "the wait belongs to the caller: the client hands limited orders back",
            "spread out the moments at which it asks again for orders that were rate limited together",
        )
    if len(own) < CROWD:
        return Unmet(f"{limited} orders were limited, of which {len(own)} came back by themselves")
    if case.evidence.clock.margin:
        # Processes that start one after the other are as far apart as their client lives fast.
        return Doubtful("never more than two limited orders were waiting at once", own[-1].earlier.number)
    return NotApplicable("the client never has more than two limited orders waiting at the same time")

"""How long a client waited, judged one-sidedly: too early is a fact, too late may be the machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from conformance.check import Doubtful, NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.finding import Violation
from conformance.judge.case import Case, Retry, Story
from conformance.judge.demands import demand, is_dated
from conformance.judge.growth import FEWEST, growth

STEPS = 3
"""waits that have to grow; what comes after them is the client's own business"""
LONG = 60.0
"""seconds: of a longer wait the accelerated clock shows nothing that the real one would be asked to confirm"""
FEW, SOME = 3, 5
"""waits of which all have to be too short, and from which on the median decides: jitter may be short by chance"""


def own_pauses(case: Case, story: Story, attempts: Iterable[Exchange], state: str) -> Iterator[Remark]:
    """Was each of these attempts that asks for a pause followed by one, where the pause was the client's own? `state`
    completes the sentence "after it was told that the order …".
    """
    told = {attempt.number for attempt in attempts}
    for retry in story.retries:
        asked = demand(retry.earlier, case.contract)
        if retry.earlier.number not in told or asked is None:
            continue
        minimum = asked.seconds
        if retry.by_suite:
            yield NotApplicable(
                "the wait belongs to the caller: the client handed the order back instead of waiting",
                f"wait at least {minimum:g} s before asking again for an order that {state}",
            )
        elif not case.evidence.clock.held:
            yield Unmet("the client's waits escaped the clock; run again with --clock real")
        elif retry.wait < asked.least:
            yield Violation(
                "too early",
                f"attempt {retry.later.attempt} for {story.reference} came {retry.wait:.2f} s after the client was "
                f"told that the order {state}; at least {minimum:g} s are asked for",
                (retry.earlier.number, retry.later.number),
            )
        elif retry.wait - case.evidence.clock.margin < asked.least:
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


def longer_each_time(case: Case) -> Iterator[Remark]:
    """Do the client's own waits grow over rate limits that come in a row, judged over all orders of the trial?"""
    rows = [_row(story) for story in case.stories]
    steps = STEPS if sum(len(row) >= STEPS for row in rows) >= FEWEST else 2
    waits = [[retry.wait for retry in row[:steps]] for row in rows if len(row) >= steps]
    if len(waits) < FEWEST:
        yield _no_rows(case)
        return
    if not case.evidence.clock.held:
        yield Unmet("the client's waits escaped the clock; run again with --clock real")
        return
    limit, margin = case.contract.rate_limit, case.evidence.clock.margin
    told = next(row for row in rows if len(row) >= steps)
    last = told[steps - 1]
    medians = [f"{median(times):.1f} s" for times in zip(*waits, strict=True)]
    times = f"the waits after {steps} 429s in a row were {', '.join(medians)} by the median over {len(waits)} orders"
    answer = growth(waits, enough=limit.cap, tolerance=limit.tolerance)
    if answer == "in doubt":
        yield Unmet(f"{times}, and vary so much that more orders are needed to tell whether they grow")
    elif answer != "grows":
        yield Violation(
            "no longer" if answer == "does not grow" else "longer once only",
            f"{times}; each is to be longer than the one before, until it is {limit.cap:g} s",
            (*(retry.earlier.number for retry in told[:steps]), last.later.number),
        )
    elif growth(_shrunk(waits, margin), enough=limit.cap, tolerance=limit.tolerance) != "grows":
        yield Doubtful(f"{times}: too little to tell it from delays", last.earlier.number)
    else:
        yield Observed()


def _row(story: Story) -> list[Retry]:
    """The client's own pauses after the rate limits that its first attempts met, one after the other."""
    row = []
    for retry in story.retries:
        if retry.by_suite or retry.earlier.answer != "rate-limited" or retry.earlier.retry_after is not None:
            break
        row.append(retry)
    return row


def _no_rows(case: Case) -> Remark:
    handed_back = any(
        retry.by_suite and retry.earlier.answer == "rate-limited"
        for story in case.stories
        for retry in story.retries
    )
    if handed_back:
        return NotApplicable(
            "the longer waits belong to the caller: the client hands an order back that is limited again",
            "wait longer each time before asking again for an order that goes on being rate limited",
        )
    return Unmet("the client did not go on by itself after several 429s in a row")


def _shrunk(rows: Sequence[Sequence[float]], margin: float) -> list[list[float]]:
    """The waits as they may have been, had a delay made each later one longer."""
    return [[row[0], *(wait - margin for wait in row[1:])] for row in rows]


def asked_pauses(case: Case, story: Story) -> Iterator[Remark]:
    """Was each rate limit that said how long it lasts followed by a pause of at least that, if it was the client's
    own?
    """
    for retry in story.retries:
        asked = retry.earlier.retry_after
        if asked is None or retry.earlier.answer != "rate-limited":
            continue
        wanted = demand(retry.earlier, case.contract)
        least = -math.inf if wanted is None else wanted.least
        if retry.by_suite:
            yield NotApplicable(
                "the wait belongs to the caller: the client handed the order back instead of waiting",
                "wait for as long as a Retry-After header says, where the client hands a limited order back",
            )
        elif not case.evidence.clock.held:
            yield Unmet("the client's waits escaped the clock; run again with --clock real")
        elif retry.wait < least:
            yield Violation(
                "before the date that it was given" if is_dated(retry.earlier) else "before it was asked to",
                f"attempt {retry.later.attempt} for {story.reference} came {retry.wait:.2f} s after a 429 that asked "
                f"the client to wait for {asked:.2f} s",
                (retry.earlier.number, retry.later.number),
            )
        elif asked == 0:
            yield Unmet("the only header that was delivered asked for no wait")
        elif retry.wait - case.evidence.clock.margin < least:
            why = f"a wait of {retry.wait:.2f} s is too near its limit of {asked:.2f} s"
            yield Unmet(why) if asked > LONG else Doubtful(why, retry.earlier.number)
        else:
            yield Observed()

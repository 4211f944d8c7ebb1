"""What can be measured in one trial, whatever any check makes of it: waits between attempts, attempts for an order.

What lives here: the numbers of one trial, and the words for what came of an attempt.
What must never be known here: other trials, and whether a number is good or bad for a check.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.contract import Contract
from conformance.evidence import AnswerClass, Evidence, Exchange
from conformance.judge.case import stories
from conformance.judge.demands import demand, is_dated

_WORDS: dict[AnswerClass, str] = {
    "success": "success",
    "final": "final error",
    "transient": "server error",
    "in-progress": "in progress",
    "key-mismatch": "key mismatch",
    "redirect": "redirect",
    "unreadable": "unreadable answer",
    "none": "no answer",
}


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait of the client's own, in client seconds. `after`: what came of the attempt before it; `required`: what was
    asked for, None if nothing was; `early`: it was too short.
    """

    after: str
    required: float | None
    waited: float
    early: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """How often each pause was made, and how many orders took so many attempts."""

    pauses: Counter[Pause]
    attempts: Counter[int]


def measured(evidence: Evidence, contract: Contract) -> Measured:
    """What one trial adds: nothing if its clock did not hold or something else had a part in it. Of an order that the
    client was never handed nothing is counted. Seconds have three significant digits.
    """
    pauses: Counter[Pause] = Counter()
    attempts: Counter[int] = Counter()
    if evidence.clock.held and evidence.disturbed is None:
        for story in stories(evidence):
            if story.calls or story.attempts:
                attempts[len(story.attempts)] += 1
            pauses.update(
                _pause(retry.earlier, max(retry.wait, 0.0), contract)
                for retry in story.retries
                if not retry.by_suite
            )
    return Measured(pauses, attempts)


def _pause(attempt: Exchange, waited: float, contract: Contract) -> Pause:
    asked = demand(attempt, contract)
    words = ", ".join(_came_of(attempt))
    if asked is None or not asked.least:
        return Pause(words, None, _rounded(waited), False)
    seconds = _whole(asked.seconds) if is_dated(attempt) else asked.seconds
    return Pause(words, _rounded(seconds), _rounded(waited), waited < asked.least)


def _came_of(attempt: Exchange) -> Iterator[str]:
    if attempt.answer == "rate-limited":
        yield f"{attempt.status or 'limited'}"
        if attempt.retry_after is None:
            yield "no Retry-After"
        elif is_dated(attempt):
            yield f"Retry-After a date in {_whole(attempt.retry_after)} s"
        else:
            yield f"Retry-After {attempt.retry_after:g} s"
    elif attempt.interim_status is not None and attempt.status is None:
        yield f"{attempt.interim_status} and nothing else"
    elif attempt.delivered == "complete" or attempt.answer == "none":
        yield _WORDS[attempt.answer]
    else:
        yield "no whole answer" if attempt.delivered == "partial" else "no answer"


def _whole(seconds: float) -> int:
    """A date is given in whole seconds, the next that come; by them, trials that asked for the same are alike."""
    return math.floor(seconds + 0.001)


def _rounded(seconds: float) -> float:
    """To three significant digits."""
    return float(f"{seconds:.3g}")

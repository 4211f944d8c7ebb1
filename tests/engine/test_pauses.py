"""A wait is judged only where it was the client's own, and only for being too short."""

from __future__ import annotations

import pytest
from stories import call, case, exchange

from conformance.check import NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Call, Outcome
from conformance.finding import Violation
from conformance.judge.pauses import later_waits, own_pauses, shorter

CREATED = Outcome("created", "O-1")
UNKNOWN = Outcome("unknown")


def judged(wait: float, calls: list[Call], *, held: bool = True) -> list[Remark]:
    limited = exchange(1, answer="rate-limited", status=429, received_at=1.0, answered_at=1.0)
    later = exchange(2, received_at=1.0 + wait, answered_at=1.0 + wait)
    trial = case([limited, later], calls, held=held)
    return list(own_pauses(trial, trial.stories[0], [limited], "is rate limited"))


@pytest.mark.parametrize("wait", [5.0, 4.97, 600.0])
def test_a_wait_that_is_long_enough_is_observed(wait: float) -> None:
    assert judged(wait, [call(CREATED)]) == [Observed()]


@pytest.mark.parametrize("wait", [0.0, 1.0, 4.9])
def test_a_wait_that_is_too_short_is_told_with_both_figures(wait: float) -> None:
    (remark,) = judged(wait, [call(CREATED)])
    assert isinstance(remark, Violation)
    assert remark.summary == (
        f"attempt 2 for order-1 came {wait:.2f} s after the client was told that the order is rate limited; "
        "at least 5 s are asked for"
    )
    assert remark.exchanges == (1, 2)


def test_a_pause_that_was_the_callers_is_not_the_clients() -> None:
    calls = [call(UNKNOWN, 1, 0.0, 1.5), call(CREATED, 2, 1.8, 3.0)]
    (remark,) = judged(1.0, calls)
    assert isinstance(remark, NotApplicable)
    assert remark.caller_must == "wait at least 5 s before asking again for an order that is rate limited"


def test_an_attempt_in_the_background_after_the_answer_is_the_clients_own() -> None:
    (remark,) = judged(1.0, [call(UNKNOWN, 1, 0.0, 1.5)])
    assert isinstance(remark, Violation)


def test_nothing_is_said_of_waits_that_escaped_the_clock() -> None:
    (remark,) = judged(1.0, [call(CREATED)], held=False)
    assert isinstance(remark, Unmet)


def retried(times: list[float], calls: list[Call]) -> list[float]:
    attempts = [
        exchange(number, answer="transient", status=500, received_at=time, answered_at=time)
        for number, time in enumerate(times, 1)
    ]
    trial = case(attempts, calls)
    return later_waits(trial.stories[0], attempts)


def test_the_first_retry_of_each_call_may_be_immediate() -> None:
    calls = [call(UNKNOWN, 1, 0.0, 1.0), call(UNKNOWN, 2, 6.0, 7.0), call(UNKNOWN, 3, 20.0, 21.0)]
    assert retried([0.5, 0.5, 6.5, 6.5, 20.5, 20.5], calls) == []


def test_later_retries_are_counted_over_all_calls() -> None:
    calls = [call(UNKNOWN, 1, 0.0, 3.0), call(UNKNOWN, 2, 8.0, 12.0)]
    assert retried([0.5, 0.5, 2.5, 8.5, 8.5, 11.5], calls) == [2.0, 3.0]


@pytest.mark.parametrize("waits", [[0.0, 0.05, 0.08], [0.0] * 4, [0.01, 3.0, 0.02, 0.03, 4.0]])
def test_waits_are_too_short_when_they_agree_or_by_the_median_of_many(waits: list[float]) -> None:
    assert shorter(waits, 0.1)


@pytest.mark.parametrize("waits", [[], [0.0], [0.01, 0.02], [0.01, 0.02, 0.4], [0.01, 0.02, 0.5, 0.6, 0.7]])
def test_a_few_short_waits_may_be_jitter(waits: list[float]) -> None:
    assert not shorter(waits, 0.1)

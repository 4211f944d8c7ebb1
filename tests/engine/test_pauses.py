"""A wait is judged only where it was the client's own, and only for being too short."""

from __future__ import annotations

import pytest
from stories import call, case, exchange

from conformance.check import NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Call, Outcome
from conformance.finding import Violation
from conformance.judge.pauses import own_pauses

CREATED = Outcome("created", "O-1")
UNKNOWN = Outcome("unknown")


def judged(wait: float, calls: list[Call], *, held: bool = True) -> list[Remark]:
    limited = exchange(1, answer="rate-limited", status=429, received_at=1.0, answered_at=1.0)
    later = exchange(2, received_at=1.0 + wait, answered_at=1.0 + wait)
    trial = case([limited, later], calls, held=held)
    return list(own_pauses(trial, trial.stories[0], [limited], 5.0, "is rate limited"))


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

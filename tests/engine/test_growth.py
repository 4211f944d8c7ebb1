"""Do waits grow? Answers that no jitter can change, measured on waits drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest

from conformance.judge.growth import Answer, growth
from conformance.plans.limits import FEW, MANY

CAP, TOLERANCE = 20.0, 0.05
SAMPLES = 20
Draw = Callable[[random.Random], list[float]]

HONEST: Mapping[str, Draw] = {
    "doubled": lambda rng: [5, 10, 20],
    "doubled, a tenth of jitter": lambda rng: [5 * 2**k * rng.uniform(1, 1.1) for k in range(3)],
    "doubled, full jitter above the minimum": lambda rng: [rng.uniform(5, 10 * 2**k) for k in range(3)],
    "full jitter, never below the minimum": lambda rng: [
        max(5, rng.uniform(0, 5 * 2**k)) for k in range(1, 4)
    ],
    "half of it jitter": lambda rng: [10 * 2**k * rng.uniform(0.5, 1) for k in range(3)],
    "a second longer each time": lambda rng: [5 + k for k in range(3)],
    "a second longer, with jitter": lambda rng: [5 + k + rng.uniform(0, 3) for k in range(3)],
    "a tenth longer each time": lambda rng: [5 * 1.1**k * rng.uniform(1, 1.05) for k in range(3)],
    "at the cap from the beginning": lambda rng: [30, 30, 30],
    "at the cap from the second on": lambda rng: [10, *(20 * rng.uniform(0.9, 1.1) for _ in range(2))],
    "two waits alone": lambda rng: [5 * 2**k * rng.uniform(1, 1.1) for k in range(2)],
}
WRONG: Mapping[str, tuple[Draw, Answer]] = {
    "the same each time": (lambda rng: [6, 6, 6], "does not grow"),
    "nearly the same each time": (lambda rng: [5 + rng.uniform(0, 1) for _ in range(3)], "does not grow"),
    "shorter each time": (lambda rng: [15, 10, 5], "does not grow"),
    "longer once": (lambda rng: [5, *(10 * rng.uniform(1, 1.1) for _ in range(2))], "stops growing"),
}


def answers(draw: Draw, orders: int) -> list[Answer]:
    rng = random.Random(1)
    return [
        growth([draw(rng) for _ in range(orders)], enough=CAP, tolerance=TOLERANCE) for _ in range(SAMPLES)
    ]


@pytest.mark.parametrize("orders", [FEW, MANY])
@pytest.mark.parametrize("draw", HONEST.values(), ids=HONEST)
def test_no_honest_backoff_is_accused(draw: Draw, orders: int) -> None:
    assert set(answers(draw, orders)) <= {"grows", "in doubt"}


@pytest.mark.parametrize("draw", HONEST.values(), ids=HONEST)
def test_many_orders_show_that_an_honest_backoff_grows(draw: Draw) -> None:
    assert answers(draw, MANY).count("in doubt") <= SAMPLES // 20


@pytest.mark.parametrize(("draw", "answer"), WRONG.values(), ids=WRONG)
def test_many_orders_show_that_waits_do_not_grow(draw: Draw, answer: Answer) -> None:
    assert answers(draw, MANY).count(answer) >= SAMPLES * 0.95


def test_waits_that_are_drawn_alike_each_time_are_hardly_ever_taken_for_growing() -> None:
    def alike(rng: random.Random) -> list[float]:
        return [rng.uniform(5, 10) for _ in range(3)]

    assert answers(alike, FEW).count("grows") <= 1
    found = answers(alike, MANY)
    assert found.count("grows") <= 1
    assert found.count("does not grow") >= SAMPLES * 0.7


def test_a_few_orders_are_enough_for_waits_that_hardly_vary() -> None:
    assert set(answers(lambda rng: [6, 6.01, 6], FEW)) == {"does not grow"}
    assert set(answers(lambda rng: [5, 10, 20], FEW)) == {"grows"}
    assert growth([[6, 6, 6]], enough=CAP, tolerance=TOLERANCE) == "in doubt"

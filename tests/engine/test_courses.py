"""Polls that come too often, or faster and faster, and what is no haste."""

from __future__ import annotations

import random

from conformance.judge.courses import speeds_up


def test_waits_that_become_shorter_are_seen() -> None:
    assert speeds_up([10, 9, 8, 7, 6, 5, 4])
    assert speeds_up([10.0] * 20 + [1.0] * 100)


def test_steady_growing_and_jittered_waits_are_no_haste() -> None:
    rng = random.Random(1)
    for _ in range(1_000):
        assert not speeds_up([rng.uniform(1, 10) for _ in range(7)])
        assert not speeds_up([rng.uniform(1, 10) for _ in range(40)])
    assert not speeds_up([2, 3, 5, 8, 13, 21, 34, 55])
    assert not speeds_up([5.0] * 100)
    assert not speeds_up([])

"""Waits and attempts of all trials: each trial once, wherever it ran, and nothing that was not the client's own."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from stories import CONTRACT, call, case, exchange

from conformance.evidence import Evidence, Exchange, Outcome
from conformance.faults import RateLimit
from conformance.judge.demands import Demand, demand
from conformance.judge.measuring import Pause, measured
from conformance.laboratory import Laboratory
from conformance.measurement import Measurements
from conformance.planning import trial
from conformance.reporting.observations import added, observations
from conformance.rigs import Facts

CREATED, UNKNOWN = Outcome("created", "O-1"), Outcome("unknown")
LIMITED = {"answer": "rate-limited", "status": 429}
DATED = {**LIMITED, "fault": RateLimit(retry_after="date"), "retry_after": 10.4}


def retried(wait: float, **first: object) -> Evidence:
    """An attempt that came to this, and another one so many seconds later."""
    attempts = [
        exchange(1, received_at=1.0, answered_at=1.0, **first),
        exchange(2, received_at=1.0 + wait, answered_at=1.0 + wait),
    ]
    return case(attempts, [call(CREATED)]).evidence


def pause(wait: float, **first: object) -> Pause:
    (found,) = measured(retried(wait, **first), CONTRACT).pauses
    return found


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (LIMITED, Demand(5.0, 0.05)),
        ({**LIMITED, "retry_after": 10.0}, Demand(10.0, 0.05)),
        (DATED, Demand(10.4, 1.05)),
        ({**LIMITED, "retry_after": 0.0}, None),
        ({"answer": "in-progress", "status": 400}, Demand(2.0, 0.05)),
        ({"answer": "in-progress", "status": None, "interim_status": 102}, None),
        ({"answer": "transient", "status": 500}, None),
        ({"answer": "success"}, None),
    ],
)
def test_what_is_asked_for_follows_from_the_answer(first: dict[str, object], expected: Demand | None) -> None:
    assert demand(exchange(1, **first), CONTRACT) == expected


@pytest.mark.parametrize(
    ("first", "after"),
    [
        (LIMITED, "429, no Retry-After"),
        ({**LIMITED, "retry_after": 10.0}, "429, Retry-After 10 s"),
        (DATED, "429, Retry-After a date in 10 s"),
        ({**DATED, "retry_after": 9.9999998}, "429, Retry-After a date in 10 s"),
        ({"answer": "in-progress", "status": 400}, "in progress"),
        ({"answer": "in-progress", "status": None, "interim_status": 102}, "102 and nothing else"),
        ({"answer": "transient", "status": 503}, "server error"),
        ({"answer": "final", "status": 400}, "final error"),
        ({"answer": "none", "status": None, "delivered": "none"}, "no answer"),
        ({"answer": "success", "delivered": "none"}, "no answer"),
        ({"answer": "success", "delivered": "partial"}, "no whole answer"),
        ({"answer": "unreadable", "status": 502}, "unreadable answer"),
        ({"answer": "success"}, "success"),
    ],
)
def test_what_came_of_an_attempt_is_told_in_a_few_words(first: dict[str, object], after: str) -> None:
    assert pause(3.0, **first).after == after


def test_a_wait_is_too_short_where_a_check_says_so() -> None:
    assert pause(4.94, **LIMITED) == Pause("429, no Retry-After", 5.0, 4.94, True)
    assert pause(4.96, **LIMITED) == Pause("429, no Retry-After", 5.0, 4.96, False)
    assert pause(9.36, **DATED) == Pause("429, Retry-After a date in 10 s", 10.0, 9.36, False)
    assert pause(0.01, answer="transient", status=500).early is False
    assert pause(0.01, **{**DATED, "retry_after": 0.7}) == Pause(
        "429, Retry-After a date in 0 s", None, 0.01, False
    )


def test_seconds_have_three_significant_digits() -> None:
    assert pause(12.3456, **LIMITED).waited == 12.3
    assert pause(1234.56, **LIMITED).waited == 1230.0
    assert pause(0.00123456, answer="transient", status=500).waited == 0.00123


def test_a_client_that_did_not_wait_for_the_answer_did_not_wait_at_all() -> None:
    late = exchange(1, received_at=1.0, answered_at=9.0)
    evidence = case([late, exchange(2, received_at=2.0)], [call(CREATED)]).evidence
    (found,) = measured(evidence, CONTRACT).pauses
    assert found.waited == 0.0


def test_the_callers_waits_are_not_the_clients() -> None:
    attempts = [exchange(1, **LIMITED), exchange(2, received_at=9.0)]
    found = measured(
        case(attempts, [call(UNKNOWN, 1, 0.0, 1.5), call(CREATED, 2, 6.0, 9.5)]).evidence, CONTRACT
    )
    assert not found.pauses
    assert found.attempts == Counter({2: 1})


def test_nothing_is_measured_where_the_clock_did_not_hold_or_another_had_a_part_in_it() -> None:
    evidence = retried(3.0)
    for useless in (
        replace(evidence, clock=replace(evidence.clock, held=False)),
        replace(evidence, disturbed="the endpoint was down"),
    ):
        found = measured(useless, CONTRACT)
        assert not found.pauses
        assert not found.attempts


def test_an_order_that_nobody_was_handed_is_not_counted() -> None:
    assert not measured(case([], []).evidence, CONTRACT).attempts
    assert measured(case([], [call(None)]).evidence, CONTRACT).attempts == Counter({0: 1})


def named(reference: str, evidence: Evidence) -> Evidence:
    """The same, as another trial."""
    (order,) = evidence.trial.orders
    own = replace(order, reference=reference)
    return replace(
        evidence,
        trial=replace(evidence.trial, orders=(own,)),
        exchanges=tuple(replace(each, reference=reference) for each in evidence.exchanges),
        calls=tuple(replace(each, reference=reference) for each in evidence.calls),
    )


def test_the_same_trial_in_two_processes_is_counted_once() -> None:
    one, other, controller = (Measurements(CONTRACT) for _ in range(3))
    one.remembers = other.remembers = True
    shared, own = named("a", retried(3.0, **LIMITED)), named("b", retried(3.0, **LIMITED))
    for evidence in (shared, shared, own):
        one.add(evidence)
    other.add(shared)
    for process in (one, other, one):
        controller.learn(json.loads(json.dumps(process.news())))
    assert controller.trials == 2
    assert controller.pauses == one.pauses == Counter({Pause("429, no Retry-After", 5.0, 3.0, True): 2})
    assert controller.attempts == Counter({2: 2})


def test_what_was_told_is_not_kept() -> None:
    measurements = Measurements(CONTRACT)
    measurements.remembers = True
    measurements.add(retried(3.0))
    assert len(measurements.news()) == 1
    assert measurements.news() == []


def test_the_report_has_them_in_order() -> None:
    pauses = {
        Pause("server error", None, 1.0, False): 2,
        Pause("429, Retry-After 10 s", 10.0, 11.0, False): 1,
        Pause("429, no Retry-After", 5.0, 6.0, False): 3,
        Pause("429, no Retry-After", 5.0, 0.5, True): 4,
        Pause("no answer", None, 0.0, False): 1,
    }
    told = observations(pauses, {3: 1, 1: 9})
    assert told is not None
    assert [(each.after, each.required_s, each.waited, each.early) for each in told.waits] == [
        ("429, no Retry-After", 5.0, ((0.5, 4), (6.0, 3)), 4),
        ("429, Retry-After 10 s", 10.0, ((11.0, 1),), 0),
        ("no answer", None, ((0.0, 1),), 0),
        ("server error", None, ((1.0, 2),), 0),
    ]
    assert [(each.attempts, each.orders) for each in told.attempts] == [(1, 9), (3, 1)]
    assert observations(dict(reversed(pauses.items())), {1: 9, 3: 1}) == told


def test_parts_add_up() -> None:
    one = observations({Pause("x", 5.0, 0.5, True): 2}, {1: 4})
    other = observations({Pause("x", 5.0, 6.0, False): 1, Pause("y", None, 1.0, False): 1}, {1: 1, 2: 1})
    both = {
        Pause("x", 5.0, 0.5, True): 2,
        Pause("x", 5.0, 6.0, False): 1,
        Pause("y", None, 1.0, False): 1,
    }
    assert added((one, None, other)) == observations(both, {1: 5, 2: 1})


def test_where_no_client_was_examined_there_is_nothing() -> None:
    assert observations({}, {}) is None
    assert added((None, None)) is None


class Rig:
    """Answers at once."""

    def __init__(self) -> None:
        self.facts = Facts(True, "", 2)
        self.secrets: list[str] = []

    def run(self, planned: object) -> Evidence:
        return retried(3.0)

    def stop(self) -> None: ...

    def close(self) -> None: ...


def test_the_laboratory_shows_what_somebody_asked_for_and_each_run_once() -> None:
    seen: list[tuple[Exchange, ...]] = []
    laboratory = Laboratory(Rig(), witness=lambda evidence: seen.append(evidence.exchanges))
    plain, other, unasked = (trial(CONTRACT, (RateLimit(),) * times) for times in range(3))
    try:
        laboratory.prepare((plain, other, unasked))
        for asked in (plain, other, plain):
            laboratory.evidence(asked)
        laboratory.repeat(plain, "somebody")
    finally:
        laboratory.close()
    assert len(seen) == 3

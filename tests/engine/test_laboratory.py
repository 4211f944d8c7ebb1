"""Trials are run once for all who ask, under references that depend on the seed alone, and not beyond the budget."""

from __future__ import annotations

import threading
import time

import pytest
from stories import CONTRACT, exchange

from conformance.evidence import Evidence, Trial
from conformance.faults import RateLimit
from conformance.laboratory import Laboratory, OutOfBudget
from conformance.planning import trial
from conformance.rigs import Facts

PLAIN, LIMITED = trial(CONTRACT, ()), trial(CONTRACT, (RateLimit(),))


class Rig:
    def __init__(self, parallel: int = 1) -> None:
        self.facts = Facts(True, "", parallel)
        self.secrets: list[str] = []
        self.references: list[str] = []
        self.open = threading.Event()
        self.open.set()

    def run(self, planned: Trial) -> Evidence:
        self.open.wait(30)
        self.references.append(planned.orders[0].reference)
        return Evidence(planned, (exchange(1),), (), ())

    def stop(self) -> None:
        self.open.set()

    def close(self) -> None:
        pass


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_trial_is_run_once_for_all_who_ask(parallel: int) -> None:
    rig = Rig(parallel)
    laboratory = Laboratory(rig)

    laboratory.prepare([PLAIN, LIMITED])
    assert laboratory.evidence(PLAIN) is laboratory.evidence(trial(CONTRACT, ()))
    laboratory.evidence(LIMITED)

    assert laboratory.trials == len(rig.references) == 2
    laboratory.close()


def test_references_are_the_same_in_every_run_with_a_seed_whatever_else_was_run() -> None:
    def references(seed: int, *before: Trial) -> tuple[str, str, str]:
        laboratory = Laboratory(Rig(), seed=seed)
        for each in before:
            laboratory.evidence(each)
            laboratory.repeat(each, "another.check")
        shared = laboratory.evidence(PLAIN)
        own = (laboratory.repeat(PLAIN, "a.check"), laboratory.repeat(PLAIN, "a.check"))
        first, second, third = (each.trial.orders[0].reference for each in (shared, *own))
        return first, second, third

    assert references(1) == references(1, LIMITED, PLAIN)
    assert len(set(references(1))) == 3
    assert not set(references(1)) & set(references(2))


def test_what_was_foreseen_is_not_run_again() -> None:
    rig = Rig(parallel=2)
    laboratory = Laboratory(rig)

    laboratory.foresee([PLAIN, PLAIN], "a.check", lambda planned, evidence: None)
    seen = {laboratory.repeat(PLAIN, "a.check").trial.orders[0].reference for _ in range(2)}

    assert len(seen) == len(rig.references) == 2
    laboratory.close()


def test_when_the_time_is_up_no_trial_is_begun() -> None:
    rig = Rig()
    laboratory = Laboratory(rig, deadline=time.monotonic())

    with pytest.raises(OutOfBudget):
        laboratory.evidence(PLAIN)
    assert rig.references == []


def test_when_the_time_is_up_no_trial_is_waited_for() -> None:
    rig = Rig(parallel=2)
    rig.open.clear()
    laboratory = Laboratory(rig, deadline=time.monotonic() + 0.05)

    with pytest.raises(OutOfBudget):
        laboratory.evidence(PLAIN)
    laboratory.close()


def test_what_was_known_in_time_stays_known() -> None:
    laboratory = Laboratory(Rig(), deadline=time.monotonic() + 30)
    evidence = laboratory.evidence(PLAIN)
    laboratory._deadline = time.monotonic()

    assert laboratory.evidence(PLAIN) is evidence


def test_a_trial_that_breaks_the_harness_breaks_it_for_all_who_ask() -> None:
    class Broken(Rig):
        def run(self, planned: Trial) -> Evidence:
            super().run(planned)
            raise RuntimeError("ours")

    rig = Broken()
    laboratory = Laboratory(rig)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="ours"):
            laboratory.evidence(PLAIN)
    assert len(rig.references) == 1

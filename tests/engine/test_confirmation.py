"""Where the accelerated clock leaves a doubt, the real one is asked for no more than it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from stories import CONTRACT, VERSION, exchange

from conformance.check import Check, Doubtful, Observed, Remark, check
from conformance.confirmation import decisive
from conformance.contract import Contract
from conformance.evidence import Call, ClockReading, Evidence, Exchange, Outcome, Trial
from conformance.examination import Settings, examine
from conformance.faults import Fault, InProgress, RateLimit, Reset
from conformance.finding import CheckResult, Violation
from conformance.judge.case import Case
from conformance.judge.pauses import own_pauses
from conformance.laboratory import Laboratory
from conformance.planning import sequences, trial, with_references
from conformance.profile import Client, Profile
from conformance.rigs import Facts

LIMIT, RESET = RateLimit(), Reset(when="after")
MARGIN = 1.8


def seen(planned: Trial, *exchanges: Exchange, clock: ClockReading | None = None) -> Evidence:
    """The evidence of a trial whose orders went out under references of their own, as they do in a run."""
    named = with_references(planned, "7")
    first = named.orders[0].reference
    call = Call(first, 1, 0.0, 60.0, Outcome("created", "O-1"))
    told = tuple(replace(each, reference=first) for each in exchanges)
    return Evidence(named, told, (), (call,), clock=clock or ClockReading("accelerated", 60.0, margin=MARGIN))


def test_nothing_is_asked_for_where_nothing_is_in_doubt() -> None:
    planned = trial(CONTRACT, (LIMIT,))
    assert decisive(planned, seen(planned, exchange(1)), [Observed()]) is None


def test_what_would_have_come_after_the_wait_is_left_out() -> None:
    planned = trial(CONTRACT, (LIMIT, LIMIT, RESET))
    evidence = seen(planned, *(exchange(number, received_at=5.0 * number) for number in range(1, 5)))

    asked = decisive(planned, evidence, [Doubtful("near", 1), Observed()])

    assert asked is not None
    assert asked.trial == replace(planned, orders=(replace(planned.orders[0], schedule=(LIMIT,)),))
    assert 10.0 <= asked.seconds <= 30.0


def test_the_last_doubt_decides_how_far_to_go() -> None:
    planned = trial(CONTRACT, (LIMIT, LIMIT, RESET))
    evidence = seen(planned, *(exchange(number) for number in range(1, 5)))

    asked = decisive(planned, evidence, [Doubtful("near", 2), Doubtful("near", 1)])

    assert asked is not None
    assert asked.trial.orders[0].schedule == (LIMIT, LIMIT)


def test_a_fault_that_meets_several_attempts_is_cut_between_them() -> None:
    planned = trial(CONTRACT, (RESET, InProgress(form="400", times=3), LIMIT))
    evidence = seen(planned, *(exchange(number) for number in range(1, 6)))

    asked = decisive(planned, evidence, [Doubtful("near", 3)])

    assert asked is not None
    assert asked.trial.orders[0].schedule == (RESET, InProgress(form="400", times=2))


def test_other_orders_of_the_trial_stay_as_they_were() -> None:
    planned = trial(CONTRACT, (LIMIT, LIMIT), (RESET, RESET), concurrent=True)

    asked = decisive(planned, seen(planned, exchange(1), exchange(2)), [Doubtful("near", 1)])

    assert asked is not None
    assert [order.schedule for order in asked.trial.orders] == [(LIMIT,), (RESET, RESET)]


@pytest.mark.parametrize(
    ("wait", "margin", "says"),
    [
        (4.0, 0.0, Violation),
        (5.0, 0.0, Observed),
        (4.0, MARGIN, Violation),
        (5.0, MARGIN, Doubtful),
        (6.7, MARGIN, Doubtful),
        (6.8, MARGIN, Observed),
    ],
)
def test_a_wait_is_in_doubt_within_the_margin_above_its_limit(
    wait: float, margin: float, says: type[Remark]
) -> None:
    limited = exchange(1, answer="rate-limited", status=429, answered_at=1.0)
    evidence = seen(
        trial(CONTRACT, (LIMIT,)),
        limited,
        exchange(2, received_at=1.0 + wait),
        clock=ClockReading("accelerated" if margin else "real", 60.0, margin=margin),
    )
    case = Case(evidence, CONTRACT, VERSION)

    (remark,) = own_pauses(case, case.stories[0], [limited], "is rate limited")

    assert isinstance(remark, says)


class Rig:
    """Gives evidence with a wait of so many seconds after each fault, on one clock."""

    def __init__(self, kind: str, wait: float, parallel: int = 2, took: float = 60.0) -> None:
        self.took = took
        self.facts = Facts(True, "", parallel)
        self.secrets: list[str] = []
        self.ran: list[tuple[Fault, ...]] = []
        self.hurried = kind == "accelerated"
        self.wait = wait

    def run(self, planned: Trial) -> Evidence:
        schedule = planned.orders[0].schedule
        self.ran.append(schedule)
        reference = planned.orders[0].reference
        exchanges = [
            exchange(
                number,
                reference=reference,
                attempt=number,
                received_at=self.wait * number,
                answered_at=self.wait * number,
                answer="rate-limited" if number <= len(schedule) else "success",
            )
            for number in range(1, len(schedule) + 2)
        ]
        clock = (
            ClockReading("accelerated", self.took, factor=20.0, margin=MARGIN)
            if self.hurried
            else ClockReading("real", 60.0)
        )
        call = Call(reference, 1, 0.0, 60.0, Outcome("created", "O-1"))
        return Evidence(planned, tuple(exchanges), (), (call,), clock=clock)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def floor(contract: Contract) -> dict[str, tuple[Trial, ...]]:
    return {"a limit": sequences(contract, (LIMIT,), (LIMIT, LIMIT))}


def waits(case: Case) -> Iterator[Remark]:
    for story in case.stories:
        limited = [attempt for attempt in story.attempts if attempt.answer == "rate-limited"]
        yield from own_pauses(case, story, limited, "is rate limited")


TIMED = check("rate-limits.example", severity="blocker", title="", impact="", remedy="", floor=floor)(waits)


def examined(question: Check, fast: Rig, slow: Rig) -> CheckResult:
    client = Client(driver="worker", command=("true",))
    profile = Profile(subject="shop", client=client, api_version=VERSION)
    laboratory = Laboratory(fast, slow=lambda: slow)
    try:
        return examine(question, laboratory, profile, CONTRACT, Settings(0, 1))
    finally:
        laboratory.close()


def test_a_pass_far_from_its_limit_needs_no_other_clock() -> None:
    fast, slow = Rig("accelerated", 20.0), Rig("real", 20.0)
    assert examined(TIMED, fast, slow).status == "passed"
    assert slow.ran == []


def test_a_pass_near_its_limit_is_one_when_the_real_clock_says_so() -> None:
    fast, slow = Rig("accelerated", 5.3), Rig("real", 5.0)
    assert examined(TIMED, fast, slow).status == "passed"
    assert set(slow.ran) == {(LIMIT,), (LIMIT, LIMIT)}


def test_a_wait_that_only_looked_long_enough_fails() -> None:
    ended = examined(TIMED, Rig("accelerated", 5.3), Rig("real", 3.5))

    assert ended.status == "failed"
    assert ended.finding is not None
    assert "3.50 s" in ended.finding.violation.summary
    assert ended.finding.evidence is not None
    assert ended.finding.evidence.clock.kind == "real"


def test_a_violation_that_the_real_clock_does_not_know_is_none() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        hurried = case.evidence.clock.kind == "accelerated" and case.attempts[0].answer == "rate-limited"
        yield Violation("hurry", "the time-out was too short for this machine") if hurried else Observed()

    ended = examined(replace(TIMED, judge=judge), Rig("accelerated", 20.0), Rig("real", 20.0))

    assert ended.status == "passed"
    assert ended.note is not None
    assert "did not come back on the real one" in ended.note


def test_what_no_clock_can_have_made_up_stands() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        hurried = case.evidence.clock.kind == "accelerated" and case.attempts[0].answer == "rate-limited"
        yield Violation("twice", "bought twice", on_any_clock=True) if hurried else Observed()

    ended = examined(replace(TIMED, judge=judge), Rig("accelerated", 20.0), Rig("real", 20.0))

    assert ended.status == "failed"
    assert ended.finding is not None
    assert (ended.finding.repetitions, ended.finding.reproduced) == (3, 0)


def test_it_stands_unasked_where_the_real_clock_would_take_too_long() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        limited = case.attempts[0].answer == "rate-limited"
        yield Violation("no end", "never ended", on_any_clock=True) if limited else Observed()

    real = Rig("real", 20.0)
    ended = examined(replace(TIMED, judge=judge), Rig("accelerated", 20.0, took=3_960.0), real)

    assert ended.finding is not None
    assert (ended.finding.repetitions, real.ran) == (0, [])


def test_a_client_that_does_it_now_and_then_is_given_more_than_three_chances() -> None:
    seen: list[Case] = []

    def judge(case: Case) -> Iterator[Remark]:
        if case.attempts[0].answer != "rate-limited":
            yield Observed()
        elif case.evidence.clock.kind == "accelerated":
            yield Violation("now and then", "")
        else:
            seen.append(case)
            yield Violation("now and then", "") if len(seen) == 5 else Observed()

    ended = examined(replace(TIMED, judge=judge), Rig("accelerated", 20.0), Rig("real", 20.0))

    assert ended.status == "failed"
    assert ended.finding is not None
    assert (ended.finding.repetitions, ended.finding.reproduced) == (9, 1)


def test_a_violation_that_the_real_clock_knows_is_told_with_its_evidence() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        yield Violation("twice", "bought twice") if len(case.attempts) > 1 else Observed()

    ended = examined(replace(TIMED, judge=judge), Rig("accelerated", 20.0), Rig("real", 20.0))

    assert ended.status == "failed"
    assert ended.finding is not None
    assert (ended.finding.repetitions, ended.finding.reproduced) == (3, 3)
    assert ended.finding.evidence is not None
    assert ended.finding.evidence.clock.kind == "real"


def test_a_finding_out_of_a_doubt_is_repeated_on_the_clock_that_showed_it() -> None:
    ended = examined(TIMED, Rig("accelerated", 5.3), Rig("real", 3.5))

    assert ended.finding is not None
    assert (ended.finding.repetitions, ended.finding.reproduced) == (3, 3)

"""How remarks over many trials add up to one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from stories import CONTRACT, VERSION, exchange

from conformance.check import Check, NotApplicable, Note, Observed, Remark, Unmet, check, declared
from conformance.contract import Contract
from conformance.evidence import Call, ClockReading, Evidence, Outcome, Trial
from conformance.examination import Settings, examine
from conformance.faults import Fault, RateLimit, Reset
from conformance.finding import Cell, CheckResult, Violation
from conformance.judge.case import Case
from conformance.laboratory import Laboratory
from conformance.planning import sequences, singles, trial
from conformance.profile import Client, Profile
from conformance.rigs import Facts

Judge = Callable[[Case], Iterator[Remark]]
RESET, LIMIT = Reset(when="after"), RateLimit()


class Rig:
    """Answers each trial with evidence that holds its schedule, and remembers which trials were run."""

    facts = Facts(True, "", 1)

    def __init__(self, **told: object) -> None:
        self.secrets: list[str] = []
        self.ran: list[tuple[Fault, ...]] = []
        self.told = told

    def run(self, planned: Trial) -> Evidence:
        self.ran.append(planned.orders[0].schedule)
        exchanges = () if self.told.get("silent") else (exchange(1, reference=planned.orders[0].reference),)
        call = Call(planned.orders[0].reference, 1, 0.0, 1.0, Outcome("created", "O-1"), detail="gave up")
        escapes = ("api.example.com:443",) if self.told.get("escapes") else ()
        stopped = "flooded" if self.told.get("stopped") else None
        return Evidence(planned, exchanges, (), (call,), (), escapes, stopped, ClockReading("virtual", 60.0))

    def close(self) -> None:
        pass


def made(judge: Judge, *, generated: bool = False, aspects: int = 1) -> Check:
    def floor(contract: Contract) -> dict[str, tuple[Trial, ...]]:
        families = {
            "one fault": singles(contract, RESET, LIMIT),
            "two faults": sequences(contract, (RESET, LIMIT)),
        }
        return dict(list(families.items())[:aspects])

    def generator(contract: Contract) -> st.SearchStrategy[Trial]:
        faults = st.lists(st.sampled_from((LIMIT, RESET)), min_size=1, max_size=6)
        return faults.map(lambda chosen: trial(contract, tuple(chosen)))

    return check(
        "retries.example",
        severity="blocker",
        title="",
        impact="impact",
        remedy="remedy",
        floor=floor,
        generated=generator if generated else None,
    )(judge)


def profile(*, resumes: bool = True) -> Profile:
    client = Client(driver="python", target="shop:place", resumes=resumes)
    return Profile(subject="shop", client=client, api_version=VERSION)


def result(
    question: Check, rig: Rig | None = None, *, examples: int = 0, resumes: bool = True, seed: int = 1
) -> CheckResult:
    laboratory = Laboratory(rig or Rig())
    return examine(question, laboratory, profile(resumes=resumes), CONTRACT, Settings(examples, seed))


def schedule(case: Case) -> tuple[Fault, ...]:
    return case.evidence.trial.orders[0].schedule


def test_it_passes_when_every_aspect_was_observed() -> None:
    ended = result(made(lambda case: iter([Observed()]), aspects=2))
    assert (ended.status, ended.trials, ended.simulated) == ("passed", 3, 180.0)


def test_it_is_untested_when_one_aspect_was_never_observed() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        yield Observed() if len(schedule(case)) == 1 else Unmet("the fault was not delivered")

    ended = result(made(judge, aspects=2))
    assert ended.status == "skipped"
    assert ended.reason == "not observed: two faults: the fault was not delivered"


def test_a_reason_that_holds_for_every_aspect_is_given_once() -> None:
    ended = result(made(lambda case: iter([Unmet("no fault was delivered")]), aspects=2))
    assert ended.reason == "not observed: no fault was delivered"


def test_a_matrix_is_filled_to_the_end_whether_the_check_fails_or_not() -> None:
    def judging(*wrong: tuple[Fault, ...]) -> Judge:
        def judge(case: Case) -> Iterator[Remark]:
            faults = schedule(case)
            if faults:
                yield Cell(" ".join(fault.fault for fault in faults), "1", "went on")
            yield Violation("wrong", "it went wrong") if faults in wrong else Observed()

        return judge

    for wrong, status in (((), "passed"), (((RESET,),), "failed")):
        ended = result(made(judging(*wrong), aspects=2))
        assert ended.status == status
        assert [cell.row for cell in ended.matrix] == ["reset", "rate-limit", "reset rate-limit"]


def test_a_client_that_never_orders_is_told_what_it_sent_instead() -> None:
    class Lost(Rig):
        def run(self, planned: Trial) -> Evidence:
            sent = exchange(
                1, operation=None, attempt=None, target="/order", status=404, error_type="not_found"
            )
            return replace(super().run(planned), exchanges=(sent,))

    assert result(made(lambda case: iter(())), Lost()).reason == (
        "not observed: the client sent no request to create an order; it sent POST /order, which was answered "
        "404 not_found"
    )


def test_a_judge_that_says_nothing_proves_nothing() -> None:
    assert result(made(lambda case: iter(()))).status == "skipped"


def test_it_is_not_applicable_when_that_is_all_there_was() -> None:
    ended = result(made(lambda case: iter([NotApplicable("the caller waits", "wait 5 s")])))
    assert (ended.status, ended.reason, ended.caller_must) == (
        "not-applicable",
        "the caller waits",
        ("wait 5 s",),
    )


def test_notes_and_duties_of_the_caller_survive_a_pass() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        yield from (Observed(), Note("worth telling"), NotApplicable("sometimes", "wait 5 s"))

    ended = result(made(judge))
    assert (ended.status, ended.note, ended.caller_must) == ("passed", "worth telling", ("wait 5 s",))


def test_a_violation_is_told_with_the_smallest_trial_that_shows_it() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        yield Observed()
        if LIMIT in schedule(case) and len(schedule(case)) > 1:
            yield Violation("greedy", "bought twice")

    ended = result(made(judge, generated=True), examples=50)
    assert ended.status == "failed"
    assert ended.finding is not None
    assert ended.finding.evidence is not None
    assert len(ended.finding.evidence.trial.orders[0].schedule) == 2
    assert (ended.finding.repetitions, ended.finding.reproduced) == (3, 3)


def test_a_violation_of_the_floor_is_made_smaller_too() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        yield (
            Violation("limited", "") if LIMIT in schedule(case) and schedule(case) != (LIMIT,) else Observed()
        )

    def floor(contract: Contract) -> dict[str, tuple[Trial, ...]]:
        return {"many": sequences(contract, (RESET, RESET, LIMIT, RESET))}

    made_check = check("a.b", severity="major", title="", impact="", remedy="", floor=floor)(judge)
    ended = result(made_check)
    assert ended.finding is not None
    assert ended.finding.evidence is not None
    assert len(ended.finding.evidence.trial.orders[0].schedule) == 2


def test_a_violation_that_does_not_come_back_stands() -> None:
    seen: list[int] = []

    def judge(case: Case) -> Iterator[Remark]:
        seen.append(1)
        yield Violation("once", "only once") if len(seen) == 1 else Observed()

    ended = result(made(judge))
    assert ended.status == "failed"
    assert ended.finding is not None
    assert (ended.finding.repetitions, ended.finding.reproduced) == (3, 0)


def test_an_example_that_fails_once_stands_as_well() -> None:
    seen: list[int] = []

    def judge(case: Case) -> Iterator[Remark]:
        seen.append(1)
        yield Violation("once", "only once") if len(seen) == 5 else Observed()

    assert result(made(judge, generated=True), examples=20).status == "failed"


def test_the_same_seed_tries_the_same_examples() -> None:
    def ran(seed: int) -> list[tuple[Fault, ...]]:
        rig = Rig()
        result(made(lambda case: iter([Observed()]), generated=True), rig, examples=20, seed=seed)
        return rig.ran

    assert ran(1) == ran(1)
    assert ran(1) != ran(2)


def test_a_client_that_sends_nothing_fails() -> None:
    ended = result(made(lambda case: iter([Observed()])), Rig(silent=True))
    assert ended.finding is not None
    assert ended.finding.violation.summary == (
        "the client sent no request to the sandbox; the client said: gave up"
    )


def test_a_client_that_ignores_the_base_url_is_told_where_it_went() -> None:
    ended = result(made(lambda case: iter([Observed()])), Rig(silent=True, escapes=True))
    assert ended.finding is not None
    assert "it tried to reach api.example.com:443, and was kept from it" in ended.finding.violation.summary


def test_a_trial_that_was_cut_short_proves_nothing_but_may_refute() -> None:
    assert result(made(lambda case: iter([Observed()])), Rig(stopped=True)).status == "skipped"
    violation = Violation("greedy", "")
    assert result(made(lambda case: iter([violation])), Rig(stopped=True)).status == "failed"


def test_what_needs_a_second_call_is_untested_for_a_client_that_does_not_resume() -> None:
    ended = result(made(lambda case: iter([Observed()]), aspects=2), resumes=False)
    assert ended.status == "skipped"
    assert ended.reason == "not observed: two faults: needs a client that goes on when it is asked again"


def test_a_judge_that_breaks_is_an_error_with_its_traceback() -> None:
    def judge(case: Case) -> Iterator[Remark]:
        yield Observed()
        raise ZeroDivisionError("ours")

    ended = result(made(judge))
    assert ended.status == "error"
    assert ended.reason is not None
    assert "ZeroDivisionError: ours" in ended.reason


def test_checks_share_the_trials_of_their_floors() -> None:
    rig = Rig()
    laboratory = Laboratory(rig)
    for name in ("a.b", "a.c"):
        question = check(
            name,
            severity="major",
            title="",
            impact="",
            remedy="",
            floor=lambda contract: {"one": singles(contract, RESET)},
        )(lambda case: iter([Observed()]))
        ended = examine(question, laboratory, profile(), CONTRACT, Settings(0, 1))
        assert ended.trials == 1
    assert rig.ran == [(), (RESET,)]


@pytest.mark.parametrize(
    ("remarks", "status"),
    [
        ((Observed(),), "passed"),
        ((Violation("a", "b"),), "failed"),
        ((NotApplicable("no"),), "not-applicable"),
    ],
)
def test_a_declaration_is_judged_without_a_client(remarks: tuple[Remark, ...], status: str) -> None:
    question = declared("a.b", severity="major", title="", impact="", remedy="")(
        lambda profile, contract: remarks
    )
    ended = examine(question, None, profile(), CONTRACT, Settings(0, 1))
    assert (ended.status, ended.basis) == (status, "declared")


def test_what_the_rig_cannot_do_with_a_client_is_untested() -> None:
    class Strange(Rig):
        facts = Facts(True, "", 1, ours=False)

    def floor(contract: Contract) -> dict[str, tuple[Trial, ...]]:
        return {"plain": (trial(contract, ()),), "a restart": (trial(contract, (), (), restart=True),)}

    question = check("a.b", severity="major", title="", impact="", remedy="", floor=floor)(
        lambda case: iter([Observed()])
    )
    ended = result(question, Strange())
    assert ended.status == "skipped"
    assert (
        ended.reason
        == "not observed: a restart: the service was running already, so golive does not restart it"
    )

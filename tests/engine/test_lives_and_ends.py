"""What is made of calls and attempts that do not end, and of orders that are taken up again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories import CONTRACT, VERSION, call, case, entry, exchange

from conformance import bounds, catalogue
from conformance.check import Doubtful, Note, Remark
from conformance.evidence import Call, Exchange, Outcome, PlannedOrder, Trial
from conformance.faults import Drip, Hang, Kill, Reset
from conformance.finding import Violation
from conformance.judge.case import Case

UNKNOWN, REJECTED, CREATED = Outcome("unknown"), Outcome("rejected", type="x"), Outcome("created", "O-1")
CHECKS = {check.id: check for check in catalogue.checks()}


def remarks(id_: str, seen: Case) -> list[Remark]:
    judge = CHECKS[id_].judge
    assert judge is not None
    return list(judge(seen))


def kinds(id_: str, seen: Case) -> list[str]:
    """Names of the remarks; of a violation its rule."""
    return [
        each.rule if isinstance(each, Violation) else type(each).__name__.lower()
        for each in remarks(id_, seen)
    ]


def accelerated(seen: Case, margin: float = 2.0) -> Case:
    clock = replace(seen.evidence.clock, kind="accelerated", factor=20.0, margin=margin)
    return replace(seen, evidence=replace(seen.evidence, clock=clock))


# Calls that have to end.

BROKEN = {"answer": "none", "delivered": "none", "status": None, "fault": Reset(when="before")}


def broken(times: list[float]) -> list[Exchange]:
    return [
        exchange(number, received_at=time, answered_at=time, **BROKEN) for number, time in enumerate(times, 1)
    ]


def bounded(times: list[float], *calls: Call) -> list[str]:
    return kinds("retries.bounded", case(broken(times), calls))


def test_a_call_that_ends_within_the_bound_is_fine_whatever_it_says() -> None:
    assert bounded([1, 2, 4, 8], call(UNKNOWN, end=9)) == ["observed"]
    assert bounded([1, 2, 4, 8], call(None, end=9)) == ["observed"]


def test_as_many_attempts_as_are_allowed_are_not_too_many() -> None:
    slowly = [10.0 * number for number in range(bounds.ATTEMPTS + 1)]
    assert bounded(slowly[:-1], call(UNKNOWN, end=600)) == ["observed"]
    assert bounded(slowly, call(UNKNOWN, end=600)) == ["too many attempts", "observed"]


def test_as_many_attempts_a_minute_as_are_allowed_are_no_storm() -> None:
    quickly = [1.9 * number for number in range(bounds.ATTEMPTS_A_MINUTE + 1)]
    assert bounded(quickly[:-1], call(UNKNOWN, end=600)) == ["observed"]
    assert bounded(quickly, call(UNKNOWN, end=600)) == ["retry storm", "observed"]
    assert bounded([2.0 * number for number in range(31)], call(UNKNOWN, end=600)) == ["observed"]


@pytest.mark.parametrize(
    ("took", "said"), [(bounds.CALL, ["no end"]), (bounds.CALL + 50, ["no end"]), (300.0, ["unmet"])]
)
def test_only_a_call_that_was_given_its_hour_has_no_end(took: float, said: list[str]) -> None:
    hung = replace(call(None, end=took), ending="hung")
    assert bounded([1, 2], hung) == said


def test_on_the_accelerated_clock_a_call_has_to_be_longer_than_a_machine_can_make_it() -> None:
    def hung(took: float) -> Case:
        return accelerated(case(broken([1, 2]), [replace(call(None, end=took), ending="hung")]))

    assert kinds("retries.bounded", hung(bounds.CALL + 50)) == ["unmet"]
    assert kinds("retries.bounded", hung(bounds.CALL * bounds.EXTRA)) == ["no end"]


def test_success_is_said_of_nothing_but_an_order_that_exists() -> None:
    assert bounded([1, 2], call(CREATED, end=9)) == ["observed", "false success"]
    seen = case(broken([1, 2]), [call(CREATED, end=9)], [entry("O-1")])
    assert kinds("retries.bounded", seen) == ["observed"]


# Attempts that have to end.


def silent(gone: float | None, *calls: Call, fault: object = Hang(when="before"), **more: object) -> Case:
    first = exchange(
        1, received_at=10.0, answered_at=None, client_gone_at=gone, **{**BROKEN, "fault": fault}, **more
    )
    return case([first], calls)


@pytest.mark.parametrize(
    ("gone", "said"),
    [(40.0, "observed"), (310.0, "observed"), (311.0, "no time-out"), (610.0, "no time-out")],
)
def test_an_attempt_that_nobody_answers_ends_in_time(gone: float, said: str) -> None:
    assert kinds("retries.finite-timeout", silent(gone, call(UNKNOWN, end=700))) == [said]


def test_a_client_that_leaves_its_line_open_may_have_gone_on_all_the_same() -> None:
    assert kinds("retries.finite-timeout", silent(None, call(UNKNOWN, end=40))) == ["observed"]


def test_a_client_that_the_suite_ended_early_shows_nothing() -> None:
    def hung(end: float) -> Case:
        return silent(None, replace(call(None, end=end), ending="hung"))

    assert kinds("retries.finite-timeout", hung(130)) == ["unmet"]
    assert kinds("retries.finite-timeout", hung(320)) == ["no time-out"]


def test_a_time_out_that_the_machine_may_have_made_too_long_is_doubtful() -> None:
    near = accelerated(silent(311.0, call(UNKNOWN, end=400)))
    assert [type(each) for each in remarks("retries.finite-timeout", near)] == [Doubtful]


def test_an_answer_that_drips_is_worth_a_note() -> None:
    dripping = silent(None, replace(call(None, end=3_600), ending="hung"), fault=Drip())
    assert [type(each) for each in remarks("retries.finite-timeout", dripping)] == [Note]
    assert remarks("retries.finite-timeout", silent(50.0, call(UNKNOWN, end=60), fault=Drip())) == []


# Lives.

DEATH = exchange(1, answer="none", delivered="none", status=None, fault=Kill(when="after"), booked="O-1")
KILLED = replace(call(None, end=2.0), ending="killed")


def lived(*later: Exchange, last: Outcome | None = CREATED, resumes: bool = True) -> list[str]:
    calls = [KILLED, call(last, 2, 5.0, 50.0)]
    return kinds(
        "retries.key-survives-restart", case([DEATH, *later], calls, [entry("O-1")], resumes=resumes)
    )


def looked(number: int) -> Exchange:
    return exchange(number, operation="list-orders", attempt=None, reference=None, received_at=6.0)


def test_after_a_restart_the_key_is_the_same() -> None:
    assert lived(exchange(2, received_at=6.0)) == ["observed"]
    assert lived(exchange(2, received_at=6.0, idempotency_key="key-b")) == ["key changed", "observed"]


def test_a_client_that_finds_out_in_another_way_makes_no_attempt() -> None:
    assert lived(looked(2)) == ["observed"]


def test_a_client_that_does_nothing_after_a_restart_shows_nothing() -> None:
    assert lived(last=UNKNOWN) == ["unmet"]
    assert lived(exchange(2, received_at=6.0), resumes=False) == ["unmet"]


def test_a_client_that_cannot_live_again_is_found() -> None:
    assert lived(last=None) == ["crashed after the restart"]


def test_a_client_that_told_its_caller_before_it_died_shows_nothing() -> None:
    told = case([DEATH], [call(CREATED)], [entry("O-1")])
    assert kinds("retries.key-survives-restart", told) == ["unmet"]


def corrected(*attempts: Exchange, calls: int = 2) -> list[str]:
    refused = exchange(1, answer="final", error_type="x", status=400)
    told = [call(REJECTED), replace(call(CREATED, start=200.0, end=300.0), reference="order-2")]
    second = PlannedOrder("order-2", {}, "56.78", corrects="order-1")
    seen = case([refused, *attempts], told[:calls])
    evidence = replace(seen.evidence, trial=Trial((*seen.evidence.trial.orders, second)))
    return kinds("retries.new-key-after-final-error", Case(evidence, CONTRACT, VERSION))


def test_a_corrected_order_has_another_key() -> None:
    second = exchange(2, reference="order-2", attempt=1)
    assert corrected(replace(second, idempotency_key="key-b")) == ["observed"]
    assert corrected(second) == ["key of a refused order"]
    assert corrected() == corrected(calls=1) == ["unmet"]


def test_to_send_the_refused_order_again_instead_proves_nothing() -> None:
    stale = exchange(2, answer="final", error_type="x", status=400, attempt=2, received_at=200.0)
    assert corrected(stale) == ["note", "unmet"]
    assert corrected(replace(stale, received_at=10.0)) == ["unmet"]


WINDOW = CONTRACT.idempotency.window


def late(*later: Exchange) -> list[str]:
    first = exchange(1, fault=Reset(when="after"), answer="none", delivered="none", booked="O-1")
    calls = [call(UNKNOWN, end=9.0), call(UNKNOWN, 2, WINDOW + 10, WINDOW + 20)]
    return kinds("retries.key-not-reused-after-window", case([first, *later], calls, [entry("O-1")]))


def test_an_old_order_is_not_sent_blindly() -> None:
    again = exchange(2, received_at=WINDOW + 12)
    assert late() == ["observed"]
    assert late(again) == ["sent blindly"]
    assert late(replace(looked(2), received_at=WINDOW + 11), replace(again, number=3)) == ["observed"]


def test_two_calls_at_once_are_one_order() -> None:
    def twice(*ledger: str, apart: float = 0.0) -> list[str]:
        calls = [call(CREATED, 1, 0.0, 5.0), call(CREATED, 2, apart, apart + 5.0)]
        return kinds(
            "retries.concurrent-submit", case([exchange(1)], calls, [entry(each) for each in ledger])
        )

    assert twice("O-1") == ["observed"]
    assert twice("O-1", "O-2") == ["bought twice at once"]
    assert twice("O-1", apart=6.0) == twice() == ["unmet"]

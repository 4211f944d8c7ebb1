"""Orders of one trial compared: what means the same is met alike, what does not is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stories import CONTRACT, VERSION, call, entry, exchange, order

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Call, Evidence, Exchange, LedgerEntry, Outcome, Trial
from conformance.faults import Error, ExtraFields, Fault, Reordered
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.likeness import conduct, conduct_and_words, met_alike, told_apart

PLAIN = Error(type="forbidden")
SUSPICIOUS = Error(type="forbidden", message="success")
REFUSED = Outcome("rejected", type="forbidden")
Told = tuple[Fault | None, Outcome | None, int]


def trial(*told: Told) -> Case:
    """One order after another: the answer to its first attempt, what the client said, and after how many attempts."""
    orders, exchanges, calls, ledger = [], [], [], []
    for index, (fault, outcome, attempts) in enumerate(told):
        reference, start = f"order-{index}", 10.0 * index
        orders.append(replace(order(reference, f"{index + 1}.00"), schedule=(fault,) if fault else ()))
        for attempt in range(1, attempts + 1):
            exchanges.append(_attempt(len(exchanges) + 1, attempt, reference, start, fault))
        calls.append(replace(call(outcome, 1, start, start + 9), reference=reference))
        if outcome and outcome.kind == "created":
            ledger.append(replace(entry(f"O-{index}"), reference=reference))
    return _case(orders, exchanges, calls, ledger)


def _attempt(number: int, attempt: int, reference: str, start: float, fault: Fault | None) -> Exchange:
    told = exchange(number, attempt=attempt, reference=reference, received_at=start + attempt)
    if attempt > 1 or not isinstance(fault, Error):
        return replace(told, fault=fault if attempt == 1 else None)
    return replace(told, fault=fault, answer="final", status=403, error_type=fault.type)


def _case(
    orders: Sequence[object],
    exchanges: Sequence[Exchange],
    calls: Sequence[Call],
    ledger: Sequence[LedgerEntry],
) -> Case:
    planned = Trial(tuple(orders))  # type: ignore[arg-type]  # made above
    return Case(Evidence(planned, tuple(exchanges), tuple(ledger), tuple(calls)), CONTRACT, VERSION)


def kinds(remarks: Sequence[Remark]) -> list[str]:
    return [remark.rule if isinstance(remark, Violation) else type(remark).__name__ for remark in remarks]


def test_equal_conduct_is_observed_once_for_each_other_form() -> None:
    same = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, REFUSED, 1), (PLAIN, REFUSED, 1))
    assert list(met_alike(same, conduct)) == [Observed()]


def test_another_outcome_is_named_with_both_sides() -> None:
    unlike = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, Outcome("unknown"), 1), (PLAIN, REFUSED, 1))
    (found,) = met_alike(unlike, conduct)
    assert isinstance(found, Violation)
    assert found.rule == "other outcome"
    assert found.summary == (
        "answered 403 forbidden, the client said rejected forbidden after 1 attempt; with the message "
        '"success" it said unknown after 1 attempt'
    )
    assert found.exchanges == (1, 2)
    assert not found.on_any_clock


def test_another_attempt_and_a_crash_are_other_conduct() -> None:
    again = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, REFUSED, 2), (PLAIN, REFUSED, 1))
    assert kinds(list(met_alike(again, conduct))) == ["other attempts"]
    dead = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, None, 1), (PLAIN, REFUSED, 1))
    assert kinds(list(met_alike(dead, conduct))) == ["other outcome"]


def test_without_the_plain_form_twice_nothing_is_compared() -> None:
    once = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, Outcome("unknown"), 1))
    assert kinds(list(met_alike(once, conduct))) == ["Unmet"]
    other = trial(
        (None, Outcome("created", "O-0"), 1), (SUSPICIOUS, REFUSED, 1), (None, Outcome("created"), 1)
    )
    assert set(kinds(list(met_alike(other, conduct)))) == {"Unmet"}


def test_a_client_that_is_not_like_itself_cannot_be_compared() -> None:
    moody = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, REFUSED, 1), (PLAIN, Outcome("unknown"), 1))
    assert kinds(list(met_alike(moody, conduct))) == ["Unmet"]


def test_an_answer_that_did_not_come_proves_nothing() -> None:
    short = trial((PLAIN, REFUSED, 1), (SUSPICIOUS, REFUSED, 0), (PLAIN, REFUSED, 1))
    assert kinds(list(met_alike(short, conduct))) == ["Unmet"]


def test_the_shape_of_a_success_may_not_change_which_order_is_told() -> None:
    def orders(third: str) -> Case:
        return trial(
            (None, Outcome("created", "O-0", "COMPLETED"), 1),
            (ExtraFields(), Outcome("created", "O-1", "COMPLETED"), 1),
            (Reordered(), Outcome("created", third, "COMPLETED"), 1),
            (None, Outcome("created", "O-3", "COMPLETED"), 1),
        )

    assert list(met_alike(orders("O-2"), conduct_and_words)) == [Observed(), Observed()]
    assert kinds(list(met_alike(orders("E-9"), conduct_and_words))) == ["Observed", "other order"]


def final(*told: tuple[str, Outcome | None]) -> list[Remark]:
    return list(told_apart(trial(*((Error(type=type_), outcome, 1) for type_, outcome in told))))


def rejected(type_: str | None) -> Outcome:
    return Outcome("rejected", type=type_)


def test_names_of_the_clients_own_will_do() -> None:
    assert final(("forbidden", rejected("E1")), ("not_found", Outcome("unknown", type="E2"))) == [Observed()]
    assert final(("forbidden", rejected(None)), ("not_found", rejected("E2"))) == [Observed()]


def test_two_types_under_one_name_or_without_one() -> None:
    assert "told alike" in kinds(final(("forbidden", rejected("no")), ("not_found", rejected("no"))))
    assert "no type" in kinds(final(("forbidden", rejected(None)), ("not_found", rejected(None))))


def test_one_type_under_two_names() -> None:
    assert "told by its words" in kinds(final(("forbidden", rejected("a")), ("forbidden", rejected("b"))))


def test_an_error_that_nobody_was_told_of_is_not_told_apart() -> None:
    (remark,) = final(("forbidden", rejected("forbidden")), ("not_found", None))
    assert isinstance(remark, Unmet)

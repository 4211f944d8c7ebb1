"""What a client believed, against what it had been told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories import CONTRACT, VERSION, call, case, entry, exchange, order

from conformance.check import NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Call, Evidence, Exchange, LedgerEntry, Outcome, Trial
from conformance.faults import Error, InProgress, Reset, Slow
from conformance.finding import Violation
from conformance.judge.believing import (
    bare_interim_survived,
    rejections,
    replays_taken,
    whose_answers,
)
from conformance.judge.case import Case

CREATED = Outcome("created", "O-1")
LOST = exchange(1, fault=Reset(), answer="none", status=None, delivered="none", booked="O-1")


def rules(remarks: list[Remark]) -> list[str]:
    return [remark.rule for remark in remarks if isinstance(remark, Violation)]


# Whose answer.


def two(*outcomes: Outcome, first: Exchange | None = None, second: Exchange | None = None) -> Case:
    """Two orders in turn, O-1 and O-2, of which the first is answered late."""
    first = first or exchange(1, fault=Slow(seconds=12), order_id="O-1")
    second = second or exchange(2, reference="order-2", attempt=1, order_id="O-2")
    evidence = Evidence(
        Trial((order(), order("order-2", "13.34"))),
        (first, second),
        (
            entry("O-1"),
            LedgerEntry("O-2", "order-2", "13.34", "key-b", 2.0, 2, "COMPLETED"),
        ),
        tuple(
            Call(reference, 1, start, start + 1, outcome)
            for reference, start, outcome in zip(("order-1", "order-2"), (1.0, 2.0), outcomes, strict=False)
        ),
    )
    return Case(evidence, CONTRACT, VERSION)


def test_orders_that_are_told_by_their_own_ids_are_fine() -> None:
    assert list(whose_answers(two(CREATED, Outcome("created", "O-2")))) == [Observed()]


def test_the_id_of_the_order_before_is_the_finding() -> None:
    found = list(whose_answers(two(CREATED, CREATED)))
    assert found[0] == Violation(
        "another order's answer",
        "the client said created O-1 for order-2; that is the order of order-1",
        (1, 2),
        on_any_clock=True,
    )


def test_the_refusal_of_the_order_before_is_the_finding() -> None:
    type_ = CONTRACT.types_of_class("final")[0].type
    refused = exchange(1, answer="final", status=400, error_type=type_)
    said = Outcome("rejected", type=type_)
    assert rules(list(whose_answers(two(said, said, first=refused)))) == ["another order's refusal"]


def test_a_refusal_of_its_own_is_not() -> None:
    type_ = CONTRACT.types_of_class("final")[0].type
    refused = exchange(1, answer="final", status=400, error_type=type_)
    own = replace(refused, number=2, reference="order-2")
    said = Outcome("rejected", type=type_)
    assert rules(list(whose_answers(two(said, said, first=refused, second=own)))) == []


def test_nothing_is_proven_when_no_order_came_after_the_late_answer() -> None:
    late = exchange(3, fault=Slow(seconds=12), order_id="O-1")
    (said,) = whose_answers(two(CREATED, Outcome("created", "O-2"), first=late))
    assert isinstance(said, Unmet)


# Replays.


def replay(
    answer: str, status: int, type_: str | None = None, number: int = 2, key: str = "key-a"
) -> Exchange:
    return exchange(
        number,
        answer=answer,
        status=status,
        error_type=type_,
        replayed=True,
        idempotency_key=key,
        order_id="O-1" if answer == "success" else None,
    )


def test_a_replayed_success_is_the_original_order() -> None:
    told = [LOST, replay("success", 200)]
    assert list(replays_taken(case(told, [call(CREATED)], [entry("O-1")]))) == [Observed()]
    failed = replays_taken(case(told, [call(Outcome("rejected"))], [entry("O-1")]))
    assert rules(list(failed)) == ["ended rejected"]


@pytest.mark.parametrize(
    "said", [Outcome("rejected", type="some"), Outcome("unknown", type="some"), Outcome("unknown")]
)
def test_a_replayed_refusal_may_be_told_in_any_way(said: Outcome) -> None:
    told = [replace(LOST, booked=None), replay("final", 400, "some")]
    assert list(replays_taken(case(told, [call(said)]))) == [Observed()]


def test_a_refusal_that_is_repeated_and_then_kept_back_is_the_finding() -> None:
    told = [LOST, replay("final", 400, "some"), replay("final", 400, "some", 3)]
    assert rules(list(replays_taken(case(told, [call(Outcome("unknown"))])))) == ["error kept back"]


def test_a_new_key_gets_past_no_stored_error() -> None:
    told = [LOST, replay("transient", 500), exchange(3, idempotency_key="key-b", order_id="O-2")]
    found = replays_taken(case(told, [call(Outcome("created", "O-2"))], [entry("O-2", 3)]))
    assert rules(list(found)) == ["key changed"]


def test_a_stored_server_error_is_no_refusal() -> None:
    told = [
        exchange(1, answer="transient", status=500, fault=Error(type="e", cached=True)),
        replay("transient", 500),
    ]
    assert rules(list(replays_taken(case(told, [call(Outcome("rejected"))])))) == ["taken for a no"]
    assert list(replays_taken(case(told, [call(Outcome("unknown"))]))) == [Observed()]


def test_an_order_that_was_looked_up_needs_no_replay() -> None:
    (said,) = replays_taken(case([LOST], [call(CREATED)], [entry("O-1")]))
    assert isinstance(said, NotApplicable)


def test_without_a_replay_nothing_is_proven() -> None:
    (said,) = replays_taken(case([exchange(1, order_id="O-1")], [call(CREATED)], [entry("O-1")]))
    assert isinstance(said, Unmet)


# A bare 102.

BARE = exchange(
    1,
    fault=InProgress(form="102-bare"),
    answer="in-progress",
    status=None,
    interim_status=102,
    delivered="partial",
)


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (CREATED, []),
        (Outcome("unknown"), []),
        (Outcome("created", "key-a"), ["false success"]),
        (None, ["crashed"]),
    ],
)
def test_a_bare_102_ends_in_an_outcome_that_is_true(outcome: Outcome | None, found: list[str]) -> None:
    seen = case([BARE], [call(outcome)], [entry("O-1")])
    assert rules(list(bare_interim_survived(seen, seen.stories[0], (BARE,)))) == found


def test_a_call_that_the_suite_ended_proves_nothing() -> None:
    ended = replace(call(None), ending="stopped")
    seen = case([BARE], [ended], [entry("O-1")])
    assert list(bare_interim_survived(seen, seen.stories[0], (BARE,))) == [
        Unmet("the call did not end in the time that there was")
    ]


# Rejected.

UNCERTAIN = {
    "lost": LOST,
    "server error": exchange(1, answer="transient", status=500),
    "in progress": exchange(1, answer="in-progress", status=400),
    "a page of HTML": exchange(1, answer="unreadable", status=502),
    "an unreadable success": exchange(1, answer="unreadable", status=200),
    "half a refusal": exchange(1, answer="final", status=400, delivered="partial"),
}
NO = {
    "final": exchange(2, answer="final", status=400),
    "rate limited": exchange(2, answer="rate-limited", status=429),
    "another body": exchange(2, answer="key-mismatch", status=400),
    "an unreadable refusal": exchange(2, answer="unreadable", status=400),
    "a redirect": exchange(2, answer="redirect", status=307),
}


def judged(*told: Exchange, said: str = "rejected") -> list[Remark]:
    (story,) = case(told, [call(Outcome(said))]).stories  # type: ignore[arg-type]  # one of the three kinds
    return list(rejections(story))


@pytest.mark.parametrize("name", UNCERTAIN)
def test_an_order_that_may_exist_is_not_rejected(name: str) -> None:
    assert rules(judged(UNCERTAIN[name])) == ["called rejected"]
    assert judged(UNCERTAIN[name], said="unknown") == [Observed()]


@pytest.mark.parametrize("name", NO)
def test_whoever_was_told_no_may_say_so(name: str) -> None:
    assert rules(judged(LOST, NO[name])) == []
    assert rules(judged(NO[name])) == []


def test_an_order_that_is_known_to_exist_is_not_rejected_either() -> None:
    assert rules(judged(exchange(1, order_id="O-1"))) == ["called rejected"]


def test_each_call_is_judged_by_what_was_known_when_it_ended() -> None:
    calls = [call(Outcome("rejected"), end=1.5), call(CREATED, 2, 5.0, 8.0)]
    (story,) = case([LOST, exchange(6, order_id="O-1")], calls, [entry("O-1")]).stories
    assert rules(list(rejections(story))) == ["called rejected"]


def test_an_order_whose_attempts_were_all_answered_proves_nothing() -> None:
    assert judged(NO["final"]) == [Unmet("no attempt was left without a certain answer")]

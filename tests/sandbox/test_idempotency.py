"""The idempotency store, as documented."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sandbox_wire import Clock, Stage, order, order_body

from conformance.faults import Close, Hang, InProgress, Slow

Begin = Callable[..., Stage]


def test_the_original_answer_is_replayed_to_the_byte(begin: Begin) -> None:
    stage = begin()
    first, second = stage.ask(order()), stage.ask(order())
    assert (first.status, first.body) == (second.status, second.body)
    assert [exchange.replayed for exchange in stage.exchanges] == [False, True]
    assert len(stage.world.ledger()) == 1


def test_errors_are_replayed_too_even_after_they_were_mended(begin: Begin) -> None:
    stage = begin()
    wrong = order(order_body(0))
    first, second = stage.ask(wrong), stage.ask(wrong)
    assert (first.status, first.body) == (422, second.body)
    assert stage.exchanges[1].replayed
    assert stage.ask(order()).json["type"] == "idempotency_validation_error"


@pytest.mark.parametrize(
    "same",
    [
        b'{"items":[{"products":{"value":"BOOKS-GB","type":"SINGLE"},"distribution_method":'
        b'{"type":"PAYOUT_LINK"},"face_value":10.50}],"payment_method":{"currency":"GBP","type":'
        b'"ACCOUNT_BALANCE"}}',
        b'{"payment_method": {"type":"ACCOUNT_BALANCE","currency":"\\u0047BP"}, "items":[{"face_value":1.05e1,'
        b'"distribution_method":{"type":"PAYOUT_LINK"},"products":{"type":"SINGLE","value":"BOOKS-GB"}}]}',
    ],
)
def test_a_body_is_compared_as_json(begin: Begin, same: bytes) -> None:
    stage = begin()
    assert stage.ask(order()).body == stage.ask(order(same)).body


def test_another_body_under_the_key_is_a_mismatch(begin: Begin) -> None:
    stage = begin()
    stage.ask(order())
    answer = stage.ask(order(order_body(description=None)))
    assert (answer.status, answer.json["type"]) == (400, "idempotency_validation_error")
    assert stage.exchanges[1].answer == "key-mismatch"
    assert stage.ask(order()).status == 200


def test_true_is_not_one(begin: Begin) -> None:
    stage = begin()
    stage.ask(order(order_body(extra=1)))
    assert stage.ask(order(order_body(extra=True))).json["type"] == "idempotency_validation_error"


def test_after_the_window_the_key_books_a_new_order(begin: Begin) -> None:
    clock = Clock()
    stage = begin(pace=clock)
    first = stage.ask(order()).json["id"]
    clock.seconds += 30 * 86_400 - 1
    assert stage.ask(order()).json["id"] == first
    clock.seconds += 1
    assert stage.ask(order()).json["id"] != first
    assert len(stage.world.ledger()) == 2


def test_what_was_refused_before_the_store_is_not_kept(begin: Begin) -> None:
    stage = begin()
    for refused in (order(key="XXtest01.other"), order(version="2023-07-27"), order(b"[")):
        assert stage.ask(refused).status >= 400
    assert stage.ask(order()).status == 200


def test_the_same_request_while_a_slow_answer_is_under_way_is_in_progress(begin: Begin) -> None:
    stage = begin(Slow(seconds=3600))
    stage.line().send(order())
    stage.eventually(stage.world.ledger)
    answer = stage.ask(order())
    assert (answer.status, answer.json["type"]) == (400, "idempotency_in_progress")
    assert stage.ask(order(order_body(10.5, more=1))).json["type"] == "idempotency_validation_error"
    assert len(stage.world.ledger()) == 1


def test_a_slow_answer_that_nobody_waited_for_is_replayed_when_its_time_has_come(begin: Begin) -> None:
    clock = Clock()
    stage = begin(Slow(seconds=3600), pace=clock)
    line = stage.line().send(order())
    stage.eventually(stage.world.ledger)
    line.close()
    clock.seconds += 3600
    answer = stage.ask(order())
    assert (answer.status, answer.json["id"]) == (200, stage.world.ledger()[0].order_id)


@pytest.mark.parametrize("fault", [Hang(), Close()])
def test_a_lost_answer_is_there_for_whoever_asks_again(begin: Begin, fault: Hang | Close) -> None:
    stage = begin(fault)
    line = stage.line().send(order())
    stage.eventually(stage.world.ledger)
    line.close()
    answer = stage.ask(order())
    assert (answer.status, answer.json["id"]) == (200, stage.world.ledger()[0].order_id)
    assert stage.recorded(2).replayed


def test_another_body_is_a_mismatch_even_while_in_progress(begin: Begin) -> None:
    stage = begin(InProgress(times=3))
    assert stage.ask(order()).json["type"] == "idempotency_in_progress"
    assert stage.ask(order(order_body(more=1))).json["type"] == "idempotency_validation_error"


def test_the_replay_stands_before_the_checks(begin: Begin) -> None:
    stage = begin()
    first = stage.ask(order())
    assert stage.ask(order(mode="nonsense")).body == first.body
    assert stage.ask(order(X_Trigger_Error="insufficient_funds")).body == first.body


def test_a_key_is_free_text(begin: Begin) -> None:
    stage = begin()
    for key in ("a", "k" * 5_000, "päss", "1, 2"):
        first, second = stage.ask(order(idempotency_key=key)), stage.ask(order(idempotency_key=key))
        assert (first.status, first.body) == (200, second.body)
    assert len(stage.world.ledger()) == 4

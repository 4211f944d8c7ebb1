"""Each fault, byte by byte, and what is written down about it."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from contextlib import closing, suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from sandbox_wire import KEY, SECRET, Stage, order, order_body, request

from conformance.evidence import PlannedOrder
from conformance.faults import (
    Close,
    Empty,
    Error,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    Ok,
    RateLimit,
    Redirect,
    Reordered,
    Reset,
    Slow,
    Truncate,
)

Begin = Callable[..., Stage]


def test_without_a_fault_the_order_is_booked_and_told(begin: Begin) -> None:
    stage = begin(Ok())
    answer = stage.ask(order())
    exchange = stage.recorded()
    (entry,) = stage.world.ledger()
    assert (answer.status, answer.headers["x-api-version"]) == (200, "2024-02-05")
    assert answer.json["status"] == "COMPLETED"
    assert answer.json["total_price"] == "10.50"
    assert exchange.answer == "success"
    assert exchange.delivered == "complete"
    assert (exchange.reference, exchange.attempt, exchange.fault) == ("order-a", 1, Ok())
    assert exchange.order_id == exchange.booked == entry.order_id == answer.json["id"]
    assert (entry.reference, entry.face_value, entry.status) == ("order-a", "10.50", "COMPLETED")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_is_a_tcp_rst(begin: Begin, when: Any) -> None:
    stage = begin(Reset(when=when))
    with pytest.raises(ConnectionResetError):
        stage.line().send(order()).rest()
    exchange = stage.recorded()
    assert (exchange.answer, exchange.status, exchange.delivered) == ("none", None, "none")
    assert exchange.answered_at is not None
    assert len(stage.world.ledger()) == (when == "after")
    assert bool(exchange.booked) == (when == "after")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_close_is_a_fin_and_no_byte(begin: Begin, when: Any) -> None:
    stage = begin(Close(when=when))
    assert stage.line().send(order()).rest() == b""
    assert stage.recorded().answer == "none"
    assert len(stage.world.ledger()) == (when == "after")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hang_stays_open_until_the_client_goes(begin: Begin, when: Any) -> None:
    stage = begin(Hang(when=when))
    line = stage.line().send(order())
    assert line.says_nothing()
    assert stage.exchanges[0].answered_at is None
    line.close()
    exchange = stage.recorded()
    assert (exchange.answer, exchange.delivered, exchange.answered_at) == ("none", "none", None)
    assert exchange.client_gone_at is not None
    assert len(stage.world.ledger()) == (when == "after")


def test_a_truncated_answer_announces_the_whole_and_sends_half(begin: Begin) -> None:
    stage = begin(Truncate())
    line = stage.line().send(order())
    head = line.head()
    body = line.rest()
    assert head.status == 200
    assert len(body) == int(head.headers["content-length"]) // 2
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    exchange = stage.recorded()
    assert (exchange.answer, exchange.delivered, exchange.status) == ("unreadable", "partial", 200)
    assert exchange.booked == stage.world.ledger()[0].order_id
    assert exchange.order_id is None


def test_garbage_is_no_http_and_then_a_fin(begin: Begin) -> None:
    stage = begin(Garbage())
    assert not stage.line().send(order()).rest().startswith(b"HTTP/")
    assert stage.recorded().answer == "unreadable"
    assert stage.world.ledger() == ()


@pytest.mark.parametrize("when", ["before", "after"])
def test_html_is_a_load_balancers_page(begin: Begin, when: Any) -> None:
    stage = begin(Html(when=when))
    answer = stage.ask(order())
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    assert b"<html>" in answer.body
    assert (stage.recorded().answer, stage.recorded().status) == ("unreadable", 502)
    assert len(stage.world.ledger()) == (when == "after")


@pytest.mark.parametrize(("when", "status"), [("before", 502), ("after", 200)])
def test_an_empty_answer_has_a_head_alone(begin: Begin, when: Any, status: int) -> None:
    stage = begin(Empty(when=when))
    answer = stage.ask(order())
    assert (answer.status, answer.body) == (status, b"")
    assert stage.recorded().answer == "unreadable"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_another_host(begin: Begin, status: Any) -> None:
    stage = begin(Redirect(status=status))
    answer = stage.ask(order())
    assert answer.status == status
    assert re.fullmatch(r"http://(127\.0\.0\.2|localhost):\d+/v2/order", answer.headers["location"])
    assert stage.recorded().answer == "redirect"
    assert stage.world.ledger() == ()


def test_a_redirect_to_plain_http_keeps_the_host(begin: Begin) -> None:
    stage = begin(Redirect(to="plain-http"))
    assert stage.ask(order()).headers["location"] == f"http://127.0.0.1:{stage.sandbox.port}/v2/order"


def test_a_redirect_leads_to_where_no_order_can_come_of_it(begin: Begin) -> None:
    stage = begin(Redirect(to="other-port"), Reset())
    location = urlsplit(stage.ask(order()).headers["location"])
    assert location.hostname == "127.0.0.1"
    assert location.port != stage.sandbox.port
    with closing(http.client.HTTPConnection("127.0.0.1", location.port or 0)) as there:
        for headers, status in (({}, 401), ({"X-Api-Key": KEY}, 404), ({"X-Api-Key": f"Bearer {KEY}"}, 404)):
            there.request("POST", location.path, b"{}", headers)
            assert there.getresponse().read()
            there.close()
            assert stage.exchanges[-1].status == status
    stage.sandbox.end()
    first, *others = stage.exchanges
    assert (first.at, first.attempt) == ("api", 1)
    assert [each.at for each in others] == ["other-port"] * 3
    assert [each.credential for each in others] == ["missing", "good", "wrong"]
    assert [(each.operation, each.reference, each.attempt, each.fault) for each in others] == [
        (None,) * 4
    ] * 3
    assert [bool(each.sightings) for each in others] == [False, True, True]
    assert SECRET not in str(others)
    assert stage.world.ledger() == ()


def test_a_redirect_may_come_after_another_within_the_api(begin: Begin) -> None:
    stage = begin(Redirect(to="other-port", hops=2, status=303))
    hop = target = ""
    for _ in range(2):
        hop = stage.ask(request("GET", target) if target else order()).headers["location"]
        assert hop.startswith(f"http://127.0.0.1:{stage.sandbox.port}/")
        target = urlsplit(hop).path
    away = urlsplit(stage.ask(request("GET", target)).headers["location"])
    assert (away.port == stage.sandbox.port, away.path) == (False, "/v2/order")
    assert [each.attempt for each in stage.exchanges] == [1, None, None]
    assert {each.at for each in stage.exchanges} == {"api"}


def test_what_places_no_order_may_be_redirected_instead(begin: Begin) -> None:
    stage = begin(Redirect(of="others", to="other-port"), Ok())
    ping = request("GET", "/v2/ping")
    assert stage.ask(ping).status == 200
    assert stage.ask(order()).status == 200
    away = urlsplit(stage.ask(ping).headers["location"])
    assert (away.port == stage.sandbox.port, away.path) == (False, "/v2/ping")
    assert stage.ask(order()).status == 200
    assert [each.answer for each in stage.exchanges] == ["success", "success", "redirect", "success"]
    assert len(stage.world.ledger()) == 1


def test_the_api_may_stand_in_a_url_without_being_its_host(begin: Begin) -> None:
    stage = begin(Redirect(to="other-port", written="behind-user-name"))
    location = stage.ask(order()).headers["location"]
    assert location.startswith(f"http://127.0.0.1:{stage.sandbox.port}@")
    assert urlsplit(location).port != stage.sandbox.port


def test_a_slow_answer_is_booked_at_once_and_comes_later(begin: Begin) -> None:
    stage = begin(Slow(seconds=0.08))
    line = stage.line().send(order())
    stage.eventually(stage.world.ledger)
    assert line.says_nothing(0.01)
    assert line.response().status == 200
    exchange = stage.recorded()
    assert exchange.answered_at is not None
    assert exchange.answered_at - exchange.received_at >= 0.08
    assert exchange.answer == "success"


def test_who_leaves_before_a_slow_answer_has_had_none(begin: Begin) -> None:
    stage = begin(Slow(seconds=3600))
    line = stage.line().send(order())
    stage.eventually(stage.world.ledger)
    line.close()
    exchange = stage.recorded()
    assert (exchange.answer, exchange.delivered, exchange.answered_at) == ("none", "none", None)
    assert exchange.client_gone_at is not None
    assert exchange.booked


def test_extra_fields_are_at_every_depth(begin: Begin) -> None:
    stage = begin(ExtraFields())
    answer = stage.ask(order()).json
    item = answer["items"][0]
    unseen = "unseen_text"
    assert all(unseen in place for place in (answer, item, item["payout"], answer["payment_method"]))
    assert stage.recorded().order_id == answer["id"]


def test_reordered_changes_the_order_of_properties_and_nothing_else(begin: Begin) -> None:
    stage = begin(Reordered(), Ok())
    first, second = stage.ask(order()), stage.ask(order())
    assert first.json == second.json
    assert list(first.json) == list(reversed(second.json))
    assert list(first.json["items"][0]) == list(reversed(second.json["items"][0]))


def test_a_rate_limit_has_its_own_envelope_and_books_nothing(begin: Begin) -> None:
    stage = begin(RateLimit())
    answer = stage.ask(order())
    assert (answer.status, answer.json) == (429, {"error": "rate exceeded"})
    assert "retry-after" not in answer.headers
    exchange = stage.recorded()
    assert (exchange.answer, exchange.error_type, exchange.retry_after) == ("rate-limited", None, None)
    assert stage.world.ledger() == ()


@pytest.mark.parametrize(("asked", "header"), [("seconds", "7"), (0, "0"), (600, "600"), (1.5, "1.5")])
def test_retry_after_in_seconds(begin: Begin, asked: Any, header: str) -> None:
    stage = begin(RateLimit(retry_after=asked, delay=7))
    assert stage.ask(order()).headers["retry-after"] == header
    assert stage.recorded().retry_after == float(header)


def test_retry_after_as_a_date_never_asks_for_less(begin: Begin) -> None:
    stage = begin(RateLimit(retry_after="date", delay=30))
    answer = stage.ask(order())
    asked = parsedate_to_datetime(answer.headers["retry-after"])
    sent = parsedate_to_datetime(answer.headers["date"])
    assert 30 <= (asked - sent).total_seconds() <= 32
    retry_after = stage.recorded().retry_after
    assert retry_after is not None
    assert 30 <= retry_after <= 31


def test_an_error_of_an_intermediary_is_neither_stored_nor_booked(begin: Begin) -> None:
    stage = begin(Error(type="internal_server_error"))
    assert stage.ask(order()).json["type"] == "internal_server_error"
    assert stage.recorded().answer == "transient"
    assert stage.world.ledger() == ()
    again = stage.ask(order())
    assert (again.status, stage.recorded(2).replayed) == (200, False)


def test_an_error_of_the_api_is_stored_and_replayed(begin: Begin) -> None:
    stage = begin(Error(type="internal_server_error", cached=True))
    first, second = stage.ask(order()), stage.ask(order())
    assert (first.status, first.body) == (second.status, second.body) == (500, first.body)
    assert (stage.recorded(1).replayed, stage.recorded(2).replayed) == (False, True)
    assert stage.ask(order(idempotency_key="k-2")).status == 200


def test_a_timeout_that_lied_has_booked_the_order(begin: Begin) -> None:
    stage = begin(Error(type="timeout", booked=True))
    assert stage.ask(order()).status == 504
    (entry,) = stage.world.ledger()
    again = stage.ask(order())
    assert (again.status, again.json["id"]) == (200, entry.order_id)
    assert stage.recorded(2).replayed
    assert len(stage.world.ledger()) == 1


def test_a_stored_error_may_hide_a_booked_order(begin: Begin) -> None:
    stage = begin(Error(type="timeout", booked=True, cached=True))
    assert [stage.ask(order()).status for _ in range(2)] == [504, 504]
    assert len(stage.world.ledger()) == 1


def test_every_type_of_the_catalogue_can_be_had_on_each_of_its_statuses(begin: Begin, contract: Any) -> None:
    for entry in contract.errors.catalogue:
        for status in entry.statuses:
            if status < 200:
                continue
            stage = begin(Error(type=entry.type, status=status))
            answer = stage.ask(order())
            assert (answer.status, answer.json["type"]) == (status, entry.type)
            exchange = stage.recorded()
            assert (exchange.answer, exchange.error_type) == (entry.error_class, entry.type)


def test_a_type_that_nobody_has_seen_goes_by_its_status(begin: Begin) -> None:
    stage = begin(Error(type="moon_phase", status=418), Error(type="moon_phase", status=599))
    assert [stage.ask(order()).status for _ in range(2)] == [418, 599]
    assert [stage.recorded(number).answer for number in (1, 2)] == ["final", "transient"]


def test_in_progress_as_a_plain_400(begin: Begin) -> None:
    stage = begin(InProgress(form="400", times=2))
    answers = [stage.ask(order()) for _ in range(3)]
    assert [answer.status for answer in answers] == [400, 400, 200]
    assert answers[0].json["type"] == "idempotency_in_progress"
    first, second, third = (stage.recorded(number) for number in (1, 2, 3))
    (entry,) = stage.world.ledger()
    assert (first.answer, first.booked, second.booked) == ("in-progress", entry.order_id, None)
    assert (third.answer, third.replayed, third.order_id) == ("success", True, entry.order_id)


def test_a_bare_102_is_the_only_thing_sent(begin: Begin) -> None:
    stage = begin(InProgress(form="102-bare"))
    line = stage.line().send(order())
    assert line.until(b"\r\n\r\n") == b"HTTP/1.1 102 Processing"
    assert line.says_nothing()
    line.close()
    stage.eventually(lambda: stage.exchanges[0].client_gone_at)
    exchange = stage.exchanges[0]
    assert (exchange.answer, exchange.interim_status, exchange.status) == ("in-progress", 102, None)
    assert (exchange.delivered, exchange.error_type) == ("partial", None)


def test_a_102_with_a_body_has_the_envelope(begin: Begin) -> None:
    stage = begin(InProgress(form="102-body"))
    line = stage.line().send(order())
    answer = line.response()
    assert (answer.status, answer.json["type"]) == (102, "idempotency_in_progress")
    assert line.says_nothing()
    exchange = stage.recorded()
    assert (exchange.interim_status, exchange.error_type) == (102, "idempotency_in_progress")


def test_whoever_takes_a_102_for_the_answer_may_use_the_connection_again(begin: Begin) -> None:
    stage = begin(InProgress(form="102-bare"))
    line = stage.line().send(order())
    line.head()
    assert line.ask(order()).status == 200
    assert stage.recorded(2).replayed
    line.close()
    assert stage.exchanges[0].client_gone_at is None


def test_a_102_before_the_final_answer(begin: Begin) -> None:
    stage = begin(InProgress(form="102-then-final"))
    line = stage.line().send(order())
    assert line.until(b"\r\n\r\n") == b"HTTP/1.1 102 Processing"
    assert stage.exchanges[0].answer == "in-progress"
    answer = line.response()
    assert (answer.status, answer.json["id"]) == (200, stage.world.ledger()[0].order_id)
    exchange = stage.recorded()
    assert (exchange.answer, exchange.interim_status, exchange.status) == ("success", 102, 200)
    assert exchange.answered_at is not None
    assert exchange.answered_at - exchange.received_at >= 0.5
    assert line.ask(order()).status == 200


def test_the_final_answer_may_be_a_while_behind_the_interim_one(begin: Begin) -> None:
    stage = begin(InProgress(form="102-then-final", seconds=0.7))
    line = stage.line().send(order())
    line.until(b"\r\n\r\n")
    assert line.response().status == 200
    exchange = stage.recorded()
    assert exchange.answered_at is not None
    assert exchange.answered_at - exchange.received_at >= 0.7


def test_an_error_fault_of_status_102_is_an_interim_answer(begin: Begin) -> None:
    stage = begin(Error(type="idempotency_in_progress"))
    line = stage.line().send(order())
    assert line.response().status == 102
    assert line.says_nothing()


@pytest.mark.parametrize(
    "fault",
    [Reset(), Close(), Truncate(), Slow(seconds=0), InProgress(), Error(type="timeout", booked=True)],
    ids=lambda fault: fault.fault,
)
def test_no_fault_books_one_key_twice(begin: Begin, fault: Fault) -> None:
    stage = begin(fault, fault, fault)
    for _ in range(4):
        with suppress(ConnectionResetError):
            stage.line().send(order(Connection="close")).rest()
    assert len(stage.world.ledger()) == 1


def test_another_key_books_another_order_even_under_faults(begin: Begin) -> None:
    stage = begin(InProgress(), Close())
    stage.ask(order(idempotency_key="k-1"))
    assert stage.line().send(order(idempotency_key="k-2")).rest() == b""
    assert len(stage.world.ledger()) == 2


def test_each_order_meets_its_own_schedule(begin: Begin) -> None:
    stage = begin(
        orders=(
            PlannedOrder("a", order_body(5), "5.00", (RateLimit(),)),
            PlannedOrder("b", order_body(6), "6.00", (Html(), RateLimit())),
        )
    )
    asked = [(6.0, "b"), (5, "a"), (6, "b"), (5.00, "a"), (6, "b")]
    answers = [stage.ask(order(order_body(value), idempotency_key=key)).status for value, key in asked]
    assert answers == [502, 429, 429, 200, 200]
    told = [(stage.recorded(number).reference, stage.recorded(number).attempt) for number in range(1, 6)]
    assert told == [("b", 1), ("a", 1), ("b", 2), ("a", 2), ("b", 3)]


def test_orders_of_equal_content_are_told_apart_by_their_keys(begin: Begin) -> None:
    orders = tuple(PlannedOrder(name, order_body(), "10.50", (RateLimit(),)) for name in ("a", "b"))
    stage = begin(orders=orders)
    for key in ("k-1", "k-2", "k-1", "k-2"):
        stage.ask(order(idempotency_key=key))
    assert [exchange.reference for exchange in stage.exchanges] == ["a", "b", "a", "b"]
    assert [entry.reference for entry in stage.world.ledger()] == ["a", "b"]


def test_the_only_order_owns_what_cannot_be_read(begin: Begin) -> None:
    stage = begin(RateLimit())
    assert stage.ask(order(b"{")).status == 400
    assert stage.ask(order(order_body(99))).status == 429
    assert [exchange.attempt for exchange in stage.exchanges] == [1, 2]


def test_what_does_not_reach_the_endpoint_uses_up_no_fault(begin: Begin) -> None:
    stage = begin(RateLimit())
    refused = [
        order(idempotency_key=None),
        order(key="XXtest01.wrong"),
        order(key=None),
        order(version="2023-01-16"),
        order(b"no json"),
    ]
    assert [stage.ask(data).status for data in refused] == [400, 401, 401, 410, 400]
    assert stage.ask(order()).status == 429
    assert [exchange.fault for exchange in stage.exchanges] == [*[None] * 5, RateLimit()]
    assert stage.exchanges[5].attempt == 6


def test_a_schedule_for_everybody_is_met_by_each_order_on_its_own(begin: Begin) -> None:
    planned = (PlannedOrder("a", order_body(1), "1.00"), PlannedOrder("b", order_body(2), "2.00"))
    stage = begin(orders=planned, schedule=(RateLimit(),))
    asked = [(1, "k"), (7, "m"), (7, "m"), (8, "n"), (7, "o")]
    answers = [stage.ask(order(order_body(value), idempotency_key=key)).status for value, key in asked]
    assert answers == [200, 429, 200, 429, 200]
    assert stage.exchanges[1].reference is None

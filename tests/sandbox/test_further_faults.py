"""Faults of the words, the body and the course of an order, byte by byte, and what is written down about them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any, get_args

import pytest
from sandbox_wire import Clock, Stage, order, request

from conformance.contract import Contract
from conformance.evidence import Exchange
from conformance.faults import (
    Drip,
    Error,
    Malformed,
    MalformedForm,
    Ok,
    OtherVersion,
    Processing,
)

Begin = Callable[..., Stage]
FORMS = get_args(MalformedForm)


def told(stage: Stage, *, mode: str = "sync") -> tuple[Any, Exchange]:
    """The answer to an order, and the record of it."""
    answer = stage.ask(order(mode=mode))
    return answer, stage.recorded(len(stage.exchanges))


# Errors in other words.


def test_an_error_may_say_something_else(begin: Begin) -> None:
    stage = begin(Error(type="forbidden", message="success 🎁", help="https://x.example"))
    answer, exchange = told(stage)
    assert answer.json == {"type": "forbidden", "message": "success 🎁", "help": "https://x.example"}
    assert (exchange.answer, exchange.error_type, exchange.status) == ("final", "forbidden", 403)


@pytest.mark.parametrize(
    ("words", "rest"),
    [("null", {"message": None, "help": None}), ("missing", {}), ("given", {"message": ""})],
)
def test_an_error_may_lack_its_words(begin: Begin, words: Any, rest: dict[str, object]) -> None:
    stage = begin(Error(type="forbidden", words=words, message=""))
    assert told(stage)[0].json == {"type": "forbidden", **rest}


def test_an_error_of_a_type_that_nobody_has_seen_goes_by_its_status(begin: Begin) -> None:
    statuses = (400, 418, 451, 429, 500, 503, 599)
    stage = begin(*[Error(type="moon_phase", status=status) for status in statuses])
    seen = [told(stage) for _ in statuses]
    assert [answer.json["type"] for answer, _ in seen] == ["moon_phase"] * len(statuses)
    assert [exchange.answer for _, exchange in seen] == [
        *["final"] * 3,
        "rate-limited",
        *["transient"] * 3,
    ]


def test_an_error_may_have_unseen_properties_or_another_order_of_them(begin: Begin) -> None:
    stage = begin(
        *[Error(type="forbidden", help="h", shape=shape) for shape in ("reordered", "extra-fields")]
    )
    (reordered, _), (extended, exchange) = told(stage), told(stage)
    assert list(reordered.json) == ["help", "message", "type"]
    assert set(extended.json) > {"help", "message", "type"}
    assert (exchange.answer, exchange.error_type) == ("final", "forbidden")


def test_an_error_that_was_stored_and_lost_is_replayed(begin: Begin) -> None:
    stage = begin(Error(type="forbidden", cached=True, lost=True))
    with pytest.raises(ConnectionResetError):
        stage.line().send(order()).rest()
    lost = stage.recorded()
    assert (lost.answer, lost.status, lost.delivered) == ("none", None, "none")
    answer, again = told(stage)
    assert (answer.status, again.replayed, again.error_type) == (403, True, "forbidden")
    assert stage.world.ledger() == ()


def test_a_lost_error_may_hide_a_booked_order(begin: Begin) -> None:
    stage = begin(Error(type="timeout", booked=True, lost=True))
    with pytest.raises(ConnectionResetError):
        stage.line().send(order()).rest()
    answer, again = told(stage)
    assert (answer.status, again.replayed) == (200, True)
    assert stage.recorded().booked == again.order_id


# Bodies that nobody describes.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("status", "when"), [(200, "after"), (200, "before"), (403, "before"), (503, "before"), (502, "after")]
)
def test_a_malformed_answer_is_whole_and_goes_by_no_contract(
    begin: Begin, form: MalformedForm, status: int, when: Any
) -> None:
    stage = begin(Malformed(form=form, status=status, when=when))
    answer, exchange = told(stage)
    assert answer.status == exchange.status == status
    assert (exchange.answer, exchange.delivered, exchange.error_type) == ("unreadable", "complete", None)
    assert len(stage.world.ledger()) == (when == "after")
    again, _ = told(stage)
    assert again.status == 200
    assert len(stage.world.ledger()) == 1


def spoiled(begin: Begin, form: MalformedForm, status: int = 200) -> Any:
    stage = begin(Malformed(form=form, status=status, when="after" if status == 200 else "before"), Ok())
    return told(stage)[0]


def test_html_and_nothing_at_all(begin: Begin) -> None:
    assert spoiled(begin, "html").headers["content-type"] == "text/html"
    assert spoiled(begin, "empty").body == b""


@pytest.mark.parametrize("status", [200, 403])
def test_half_a_document_is_announced_as_the_whole(begin: Begin, status: int) -> None:
    answer = spoiled(begin, "truncated-json", status)
    assert answer.body.startswith(b"{")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_json_that_is_no_object(begin: Begin) -> None:
    kinds = {"list": list, "text": str, "null": type(None)}
    assert {form: type(spoiled(begin, form).json) for form in ("list", "text", "null")} == kinds


def test_an_answer_without_its_id_and_an_error_without_its_type(begin: Begin) -> None:
    order_, error = spoiled(begin, "no-id").json, spoiled(begin, "no-id", 403).json
    assert ("id" in order_, "status" in order_) == (False, True)
    assert ("type" in error, "message" in error) == (False, True)


def test_the_right_json_under_another_content_type(begin: Begin) -> None:
    stage = begin(Malformed(form="wrong-type", status=200, when="after"))
    answer, exchange = told(stage)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.json["id"] == exchange.order_id == exchange.booked


def test_bytes_that_are_not_in_the_charset_that_is_named(begin: Begin) -> None:
    for status in (200, 500):
        answer = spoiled(begin, "wrong-charset", status)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        with pytest.raises(UnicodeDecodeError):
            answer.body.decode()
        assert json.loads(answer.body.decode("latin-1"))["unseen"] == "groß"


def test_five_megabytes(begin: Begin) -> None:
    stage = begin(*[Malformed(form="huge", status=status, when="after") for status in (200, 500)])
    (answer, exchange), (error, _) = told(stage), told(stage)
    assert (len(answer.body) > 5_000_000, answer.json["id"]) == (True, exchange.booked)
    assert (len(error.body) > 5_000_000, error.json["type"]) == (True, "internal_server_error")
    assert len(exchange.response_body) < 5_000


def test_who_has_said_goodbye_while_an_answer_was_too_large_for_the_line(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    line = begin(Malformed(form="huge", status=200, when="after")).line().send(order())
    line.socket.shutdown(socket.SHUT_WR)
    assert len(line.rest()) > 5_000_000
    line.close()
    assert caplog.records == []


def test_a_status_that_no_error_of_the_catalogue_has(begin: Begin) -> None:
    answer, exchange = told(begin(Malformed(form="wrong-type", status=503)))
    assert answer.json["type"] == "http_503"
    assert exchange.status == 503


def test_what_is_replayed_can_be_spoiled_too(begin: Begin) -> None:
    stage = begin(Ok(), Malformed(form="wrong-type", status=200, when="after"))
    (first, _), (second, exchange) = told(stage), told(stage)
    assert second.json == first.json
    assert exchange.replayed


def test_an_answer_that_drips_never_ends(begin: Begin) -> None:
    stage = begin(Drip(seconds=0.005))
    line = stage.line().send(order())
    assert line.head().headers["transfer-encoding"] == "chunked"
    while len(line.buffer) < 8 * 6:
        line.buffer += line.socket.recv(65536)
    assert line.buffer[: 8 * 6] == b"1\r\n \r\n" * 8
    line.close()
    exchange = stage.recorded()
    assert (exchange.answer, exchange.delivered, exchange.status) == ("unreadable", "partial", 200)
    assert (exchange.answered_at, exchange.client_gone_at is None) == (None, False)
    assert exchange.booked == stage.world.ledger()[0].order_id


def test_the_end_of_a_world_ends_what_drips(begin: Begin) -> None:
    stage = begin(Drip(seconds=3600))
    line = stage.line().send(order())
    line.head()
    stage.sandbox.end()
    assert line.rest() == b""


# Another version, another course.


def test_an_answer_may_name_another_version(begin: Begin) -> None:
    stage = begin(OtherVersion(version="2031-01-01"), Ok())
    (other, exchange), (usual, _) = told(stage), told(stage)
    assert other.headers["x-api-version"] == "2031-01-01"
    assert (exchange.answer, exchange.order_id) == ("success", exchange.booked)
    assert usual.headers["x-api-version"] == "2024-02-05"
    assert usual.json == other.json


def states(stage: Stage, order_id: str) -> tuple[Any, ...]:
    """What fetching, listing and the ledger say of the order; and its fetched body."""
    fetched = stage.ask(request("GET", f"/v2/order/{order_id}")).json
    (listed,) = stage.ask(request("GET", "/v2/order")).json["items"]
    (entry,) = stage.world.ledger()
    return fetched["status"], listed["status"], entry.status


@pytest.mark.parametrize(("ends", "last"), [("completed", "COMPLETED"), ("failed", "FAILED")])
def test_an_asynchronous_order_takes_its_time(begin: Begin, ends: Any, last: str) -> None:
    clock = Clock()
    stage = begin(Processing(seconds=40, ends=ends), pace=clock)
    answer, exchange = told(stage, mode="async")
    assert (answer.status, answer.json["status"], exchange.answer) == (202, "PROCESSING", "success")
    clock.seconds += 39.5
    assert states(stage, answer.json["id"]) == ("PROCESSING",) * 3
    clock.seconds += 0.5
    assert states(stage, answer.json["id"]) == (last,) * 3
    fetched = stage.ask(request("GET", f"/v2/order/{answer.json['id']}")).json
    assert ("items" in fetched) == (ends == "completed")


def test_a_replay_of_an_order_that_has_failed_is_the_original_answer(begin: Begin) -> None:
    clock = Clock()
    stage = begin(Processing(seconds=1, ends="failed"), pace=clock)
    first, _ = told(stage, mode="async")
    clock.seconds += 100
    again, exchange = told(stage, mode="async")
    assert (again.status, again.json, exchange.replayed) == (202, first.json, True)


def test_a_synchronous_order_has_no_course(begin: Begin) -> None:
    stage = begin(Processing(seconds=40, ends="failed"))
    answer, _ = told(stage)
    assert (answer.status, answer.json["status"]) == (200, "COMPLETED")
    assert states(stage, answer.json["id"]) == ("COMPLETED",) * 3


def test_the_contract_is_what_names_types_and_ids(begin: Begin, contract: Contract) -> None:
    envelope = {"error": {"kind": "$type", "text": "$message"}}
    errors = contract.errors.model_copy(update={"envelope": envelope, "type_field": "/error/kind"})
    other = contract.model_copy(update={"errors": errors})
    faults = (
        Error(type="forbidden", words="missing"),
        Error(type="forbidden", words="null"),
        Malformed(form="no-id", status=403),
    )
    stage = begin(*faults, contract=other)
    bodies = [told(stage)[0].json for _ in faults]
    assert bodies[:2] == [{"error": {"kind": "forbidden"}}, {"error": {"kind": "forbidden", "text": None}}]
    assert "kind" not in bodies[2]["error"]

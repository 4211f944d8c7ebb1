"""What is written down of an exchange, and what must not be."""

from __future__ import annotations

import base64
import gzip
import json
import queue
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest
from sandbox_wire import KEY, SECRET, Stage, order, order_body, request

from conformance.evidence import Evidence, Exchange, Trial, evidences
from conformance.faults import Hang, RateLimit, Truncate

Begin = Callable[..., Stage]


def test_the_request_is_kept_as_it_was_sent(begin: Begin) -> None:
    stage = begin()
    stage.ask(order(User_Agent="probe/1"))
    exchange = stage.exchanges[0]
    headers = dict(exchange.headers)
    assert (exchange.number, exchange.method, exchange.target) == (1, "POST", "/v2/order")
    assert headers["User-Agent"] == "probe/1"
    assert exchange.body.startswith('{"payment_method"')
    assert (exchange.idempotency_key, exchange.api_version) == ("k-1", "2024-02-05")
    assert exchange.complete
    assert dict(exchange.response_headers)["Content-Type"] == "application/json"
    assert exchange.response_body.startswith('{"id":"O-')


def test_the_key_is_shown_by_its_public_prefix_alone(begin: Begin) -> None:
    stage = begin()
    stage.ask(order())
    exchange = stage.exchanges[0]
    assert dict(exchange.headers)["X-Api-Key"] == "XXtest01…"
    assert exchange.sightings == ()
    assert SECRET not in repr(exchange)


def test_without_a_canary_the_key_is_hidden_all_the_same(begin: Begin) -> None:
    stage = begin(canary=None)
    stage.ask(order())
    stage.ask(order(key=SECRET))
    stage.ask(order(key=f"Bearer {KEY}"))
    told = [dict(exchange.headers)["X-Api-Key"] for exchange in stage.exchanges]
    assert told == ["XXtest01…", "…", "Bearer X…"]


def test_a_key_in_any_other_place_is_sighted_and_taken_out(begin: Begin) -> None:
    stage = begin()
    basic = base64.b64encode(KEY.encode()).decode()
    stage.ask(request("GET", f"/v2/ping?key={KEY}", Authorization=f"Basic {basic}"))
    stage.ask(order(order_body(description=SECRET)))
    asked, ordered = stage.exchanges
    assert {sighting.place for sighting in asked.sightings} == {"target", "header Authorization"}
    assert {sighting.place for sighting in ordered.sightings} == {"body"}
    assert SECRET not in repr(stage.exchanges)
    assert basic not in repr(stage.exchanges)


def test_a_key_that_an_answer_repeats_is_taken_out_even_if_the_request_hid_it(begin: Begin) -> None:
    stage = begin()
    escaped = "".join(f"\\u{ord(character):04x}" for character in SECRET)
    body = json.dumps(order_body(description="HERE")).replace("HERE", escaped).encode()
    answer = stage.ask(order(body))
    assert answer.json["description"] == SECRET
    assert "[secret]" in stage.exchanges[0].response_body
    assert SECRET not in stage.exchanges[0].response_body


def test_a_key_in_the_name_of_a_header_or_in_the_method_is_taken_out(begin: Begin) -> None:
    stage = begin()
    stage.ask(request("GET", "/v2/ping", **{SECRET: "1"}))
    stage.line().ask(request(SECRET.replace("~", "-"), "/v2/ping"))
    named, asked = stage.exchanges
    assert [sighting.place for sighting in named.sightings] == ["header [secret]"]
    assert SECRET not in repr(named)
    assert SECRET[:10] not in repr(asked)


def test_a_secret_across_the_cut_of_a_long_body_is_taken_out(begin: Begin) -> None:
    stage = begin()
    body = b" " * (64 * 1024 - 10) + SECRET.encode()
    stage.ask(order(body))
    assert SECRET[:10] not in stage.exchanges[0].body
    assert stage.exchanges[0].sightings


def test_what_broke_off_in_the_head_is_kept(begin: Begin) -> None:
    stage = begin()
    line = stage.line().send(b"POST /v2/order HTTP/1.1\r\nX-Api-Key: " + KEY.encode() + b"\r\nX-Half")
    line.close()
    exchange = stage.recorded()
    assert not exchange.complete
    assert (exchange.operation, exchange.attempt, exchange.credential) == ("create-order", 1, "good")
    assert (exchange.answer, exchange.delivered, exchange.answered_at) == ("none", "none", None)
    assert SECRET not in repr(exchange)


def test_what_broke_off_in_the_body_is_kept_and_uses_up_no_fault(begin: Begin) -> None:
    stage = begin(RateLimit())
    line = stage.line().send(order()[:-20])
    line.close()
    exchange = stage.recorded()
    assert (exchange.complete, exchange.attempt, exchange.fault) == (False, 1, None)
    assert exchange.body.startswith('{"payment_method"')
    assert stage.ask(order()).status == 429
    assert stage.exchanges[1].attempt == 2


def test_a_connection_without_a_byte_is_no_exchange(begin: Begin) -> None:
    stage = begin()
    stage.line().close()
    stage.ask(order())
    assert [exchange.operation for exchange in stage.exchanges] == ["create-order"]


def test_whoever_has_the_answer_finds_the_record_complete(begin: Begin) -> None:
    stage = begin(max_requests=None)
    line = stage.line()
    for number in range(200):
        line.ask(order(idempotency_key=f"k-{number}"))
        exchange = stage.exchanges[-1]
        assert (exchange.number, exchange.answer, exchange.delivered) == (number + 1, "success", "complete")


def test_the_listener_hears_of_each_exchange_once(begin: Begin) -> None:
    heard: queue.Queue[Exchange] = queue.Queue()
    stage = begin(Hang(), Truncate(), listener=heard.put)
    lines = [stage.line() for _ in range(3)]
    lines[0].send(order())
    assert heard.get(timeout=20).fault == Hang()
    lines[1].send(order())
    assert heard.get(timeout=20).delivered == "partial"
    lines[2].ask(order())
    assert heard.get(timeout=20).replayed
    lines[0].close()
    stage.eventually(lambda: stage.exchanges[0].client_gone_at)
    stage.sandbox.end()
    assert heard.empty()


def test_times_count_from_the_beginning_of_the_world_and_never_run_back(begin: Begin) -> None:
    stage = begin()
    line = stage.line()
    for _ in range(5):
        line.ask(order())
    times = [
        time
        for exchange in stage.exchanges
        for time in (exchange.received_at, exchange.answered_at)
        if time is not None
    ]
    assert len(times) == 10
    assert times == sorted(times)
    assert 0 <= times[0] < 60


def test_all_of_it_travels_as_json(begin: Begin) -> None:
    stage = begin(RateLimit(), Truncate())
    for body in (order(), order(), order(b"\xff\xfe"), request("GET", "/\xe9")):
        stage.line().send(body).socket.shutdown(1)
    stage.eventually(lambda: len(stage.exchanges) == 4)
    stage.sandbox.end()
    evidence = Evidence(Trial(()), stage.exchanges, stage.world.ledger(), ())
    assert evidences.validate_json(evidences.dump_json(evidence, by_alias=True)) == evidence
    assert replace(evidence) == evidence


# Places where nobody looks.

FORMS = {
    "a cookie": {"Cookie": f"session=1; key={KEY}"},
    "the user agent": {"User-Agent": f"shop/1 ({SECRET})"},
    "a referer": {"Referer": f"http://shop.test/?token={quote(KEY)}"},
    "the idempotency key": {"X-Idempotency-Key": SECRET},
    "the version": {"X-Api-Version": SECRET},
    "the mode": {"X-Execution-Mode": SECRET},
    "the host": {"Host": f"{SECRET}.example"},
    "capitals": {"X-Trace": SECRET.upper()},
    "base64 twice": {"X-Trace": base64.b64encode(base64.b64encode(KEY.encode())).decode()},
    "halves": {"X-First": SECRET[:16], "X-Second": SECRET[16:]},
    "pieces": {f"X-Part-{start}": SECRET[start : start + 8] for start in range(0, 32, 8)},
    "a second one of its name": {"x-api-KEY": f"Bearer {KEY}"},
}


@pytest.mark.parametrize("place", FORMS)
def test_a_key_in_any_header_is_sighted_and_taken_out(begin: Begin, place: str) -> None:
    stage = begin()
    head, _, body = order().partition(b"\r\n\r\n")
    lines = [line for line in head.decode().split("\r\n") if line.split(":")[0] not in FORMS[place]]
    lines += [f"{name}: {value}" for name, value in FORMS[place].items()]
    stage.ask("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    (exchange,) = stage.exchanges
    assert exchange.sightings or exchange.credential == "wrong"
    flat = re.sub("[^a-z0-9]", "", repr(exchange).lower())
    letters = re.sub("[^a-z0-9]", "", SECRET.lower())
    assert not any(letters[start : start + 10] in flat for start in range(len(letters) - 9))
    assert "".join(FORMS[place].values()) not in repr(exchange)


BODIES = {
    "UTF-16": json.dumps(order_body(description=SECRET)).encode("utf-16"),
    "gzip": gzip.compress(json.dumps(order_body(description=SECRET)).encode()),
    "gzip, stored": gzip.compress(json.dumps(order_body(description=SECRET)).encode(), 0),
    "zlib": zlib.compress(json.dumps(order_body(description=SECRET)).encode()),
    "gzip, cut off": gzip.compress(json.dumps(order_body(description=SECRET)).encode())[:-12],
    "multipart": f'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n{KEY}\r\n--x--\r\n'.encode(),
}


@pytest.mark.parametrize("form", BODIES)
def test_a_key_in_a_body_of_any_form_is_sighted_and_taken_out(begin: Begin, form: str) -> None:
    stage = begin()
    stage.ask(order(BODIES[form]))
    (exchange,) = stage.exchanges
    assert [sighting.place.split()[-1] for sighting in exchange.sightings] == ["body"]
    assert SECRET[:10] not in repr(exchange).replace("\\x00", "")


def test_a_body_that_swells_is_no_trap(begin: Begin) -> None:
    stage = begin()
    stage.ask(order(gzip.compress(bytes(200_000_000))))
    assert stage.exchanges[0].status == 400


@pytest.mark.parametrize("around", [f"1;key={KEY}\r\na\r\n0\r\n\r\n", f"1\r\na\r\n0\r\nX-Key: {KEY}\r\n\r\n"])
def test_a_key_around_the_chunks_of_a_body_is_sighted(begin: Begin, around: str) -> None:
    stage = begin()
    head = request("POST", "/v2/order", Transfer_Encoding="chunked").partition(b"Content-Length")[0]
    stage.ask(head.rstrip() + b"\r\n\r\n" + around.encode())
    (exchange,) = stage.exchanges
    assert [sighting.place for sighting in exchange.sightings] == ["chunk extensions or trailers"]
    assert (exchange.body, exchange.credential) == ("a", "good")


def test_what_follows_a_chunked_body_is_not_around_it(begin: Begin) -> None:
    stage = begin()
    head = request("POST", "/v2/order", Transfer_Encoding="chunked").partition(b"Content-Length")[0]
    line = stage.line().send(head.rstrip() + b"\r\n\r\n1\r\na\r\n0\r\n\r\n" + order())
    assert (line.response().status, line.response().status) == (400, 200)
    assert [exchange.sightings for exchange in stage.exchanges] == [(), ()]

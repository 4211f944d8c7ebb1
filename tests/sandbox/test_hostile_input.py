"""Bad input of any kind gets an answer or an end, and never stops the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_wire import Line, Stage, order, order_body, request

from conformance.sandbox import Sandbox, SandboxCrash, World, world

Begin = Callable[..., Stage]
PING = request("GET", "/v2/ping")


@pytest.fixture
def stage(begin: Begin) -> Stage:
    return begin(max_requests=None)


def still_alive(stage: Stage) -> bool:
    assert stage.world.crash is None
    return stage.ask(PING).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"\x00\xff\xfe\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /v2/ping HTTP/1.1\r\n\r\n",
        b"GET /v2/ping HTTP/1.1\r\nHost: a\r\n no: fold\r\nHost: b\r\n\r\n",
        b"POST /v2/order HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v2/order HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v2/order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v2/p\xc3\xafng HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_a_400_and_a_fin(stage: Stage, data: bytes) -> None:
    line = stage.line().send(data)
    answer = line.response()
    assert (answer.status, answer.json["type"]) == (400, "bad_request")
    assert answer.headers["connection"] == "close"
    assert line.rest() == b""
    assert not stage.exchanges[0].complete
    assert still_alive(stage)


def test_endless_headers_get_a_431(stage: Stage) -> None:
    line = stage.line().send(b"GET /v2/ping HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 20_000)
    assert line.response().status == 431
    assert line.rest() == b""
    assert still_alive(stage)


def test_a_header_of_ten_megabytes_gets_a_431(stage: Stage) -> None:
    line = stage.line()
    line.send(b"GET /v2/ping HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 10_000_000 + b"\r\n\r\n")
    assert line.response().status == 431
    assert line.rest() == b""


def test_headers_too_large_in_one_piece_get_a_431(stage: Stage) -> None:
    assert stage.ask(request("GET", "/v2/ping", X_Large="b" * 66_000)).status == 431


def test_a_huge_body_is_refused_by_what_it_announces(stage: Stage) -> None:
    line = stage.line().send(
        b"POST /v2/order HTTP/1.1\r\nHost: a\r\nContent-Length: 10485761\r\nExpect: 100-continue\r\n\r\n"
    )
    assert line.response().status == 413
    assert line.rest() == b""
    assert stage.exchanges[0].attempt == 1


def test_a_huge_chunked_body_is_refused_when_it_grows_too_large(stage: Stage) -> None:
    line = stage.line().send(b"POST /v2/order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(11):
        line.send(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
    assert line.response().status == 413
    assert still_alive(stage)


def test_a_body_of_ten_megabytes_is_read(stage: Stage) -> None:
    answer = stage.ask(order(order_body(padding="x" * (10 * 1024 * 1024 - 1_000))))
    assert answer.status == 200
    assert len(stage.exchanges[0].body) == 64 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"1" * 10_000,
        "{}".encode("utf-16"),
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request(stage: Stage, body: bytes) -> None:
    answer = stage.ask(order(body))
    assert (answer.status, answer.json["type"]) == (400, "bad_request")
    assert still_alive(stage)


@pytest.mark.parametrize("body", [b"null", b"[]", b"0", b'"x"', b"{}", b'{"items": 5}', b'{"items": [null]}'])
def test_json_of_another_shape_is_invalid(stage: Stage, body: bytes) -> None:
    assert stage.ask(order(body)).status == 422


def test_numbers_beyond_measure_are_orders_like_others(stage: Stage) -> None:
    line = stage.line()
    for number, value in enumerate((b"1e308", b"9" * 400, b"0.010000000000000000001")):
        body = order(None).partition(b"\r\n\r\n")[2].replace(b"10.5", value)
        assert line.ask(order(body, idempotency_key=f"k-{number}")).status == 200
    assert line.ask(request("GET", "/v2/order")).status == 200


def test_lone_surrogates_come_back_as_they_were(stage: Stage) -> None:
    assert stage.ask(order(order_body(description="\ud800"))).json["description"] == "\ud800"


def test_pipelined_requests_are_answered_in_turn(stage: Stage) -> None:
    line = stage.line().send(b"".join(order(idempotency_key=f"k-{n}") for n in range(300)))
    ids = [line.response().json["id"] for _ in range(300)]
    assert ids == [entry.order_id for entry in stage.world.ledger()]
    assert {exchange.connection for exchange in stage.exchanges} == {1}


def test_a_request_byte_by_byte(stage: Stage) -> None:
    line = stage.line()
    for byte in order():
        line.send(bytes([byte]))
    assert line.response().status == 200


def test_a_chunked_body(stage: Stage) -> None:
    head, _, body = order().partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[n : n + 7]), body[n : n + 7]) for n in range(0, len(body), 7)
    )
    chunked = b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert stage.ask(chunked).status == 200


def test_who_expects_a_100_gets_one(stage: Stage) -> None:
    head, _, body = order(Expect="100-continue").partition(b"\r\n\r\n")
    line = stage.line().send(head + b"\r\n\r\n")
    assert line.head().status == 100
    assert line.ask(body).status == 200
    assert stage.exchanges[0].interim_status is None
    assert line.ask(order()).status == 200


def test_http_1_0_is_answered_and_closed(stage: Stage) -> None:
    line = stage.line().send(PING.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert line.response().headers["connection"] == "close"
    assert line.rest() == b""


def test_connection_close_is_honoured(stage: Stage) -> None:
    line = stage.line().send(request("GET", "/v2/ping", Connection="close") + PING)
    assert line.response().status == 200
    assert line.rest() == b""
    assert len(stage.exchanges) == 1


def test_blank_lines_between_requests_mean_nothing(stage: Stage) -> None:
    line = stage.line()
    assert line.ask(b"\r\n" + PING + b"\r\n\r\n" + PING).status == 200
    assert line.response().status == 200


def test_a_client_that_closes_only_its_own_side_is_answered(stage: Stage) -> None:
    line = stage.line().send(b"".join(order(idempotency_key=f"k-{n}") for n in range(50)))
    line.socket.shutdown(1)
    assert line.rest().count(b"HTTP/1.1 200 OK") == 50


def test_a_client_that_never_reads_is_only_its_own_trouble(stage: Stage) -> None:
    line = stage.line().send(b"".join(order(idempotency_key=f"k-{n}") for n in range(200)))
    line.socket.setblocking(False)
    more = request("GET", "/v2/order")
    with suppress(BlockingIOError):
        for _ in range(20_000):
            line.socket.send(more)
    assert still_alive(stage)
    line.close()


def test_idle_connections_do_not_keep_others_out(stage: Stage) -> None:
    for _ in range(200):
        stage.line().send(b"GET /v2/p")
    assert still_alive(stage)


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.sampled_from([PING, order(), b"POST /v2/order HTTP/1.1\r\n", b"\r\n\r\n", b"Host: a\r\n"]),
            st.sampled_from([b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"5\r\nhello\r\n"]),
            st.text(max_size=80).map(str.encode),
        ),
        max_size=6,
    )
)
def test_no_bytes_whatever_stop_it(house: Sandbox, begin: Begin, pieces: list[bytes]) -> None:
    stage = begin(max_requests=None)
    line = stage.line().send(b"".join(pieces))
    line.socket.shutdown(1)
    with suppress(ConnectionResetError):
        line.rest()
    line.close()
    assert still_alive(stage)


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(),
        ),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    ),
    st.sampled_from(["payment_method", "items", "description", "metadata", "unknown"]),
    st.booleans(),
)
def test_no_document_whatever_stops_it(begin: Begin, value: object, place: str, inside: bool) -> None:
    stage = begin()
    body = order_body()
    (body["items"][0] if inside else body)[place] = value
    answer = stage.ask(order(body))
    assert answer.status in (200, 400, 422)
    assert answer.json
    stage.sandbox.end()
    assert stage.world.crash is None


def test_a_flood_is_cut_off_and_told(house: Sandbox, begin: Begin) -> None:
    stage = begin(max_requests=5)
    line = stage.line()
    assert [line.ask(order(order_body())).status for _ in range(5)] == [200] * 5
    assert not stage.world.flooded.is_set()
    assert line.send(order(order_body())).rest() == b""
    assert stage.world.flooded.is_set()
    assert stage.line().send(order(order_body())).rest() == b""
    assert len(stage.exchanges) == 5


def test_requests_that_change_nothing_are_a_flood_later(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "LOOKS", 3)
    stage = begin(max_requests=5)
    line = stage.line()
    assert [line.ask(PING).status for _ in range(8)] == [200] * 8
    assert line.send(PING).rest() == b""
    assert stage.world.flooded.is_set()


def test_without_a_world_connections_are_closed_at_once(house: Sandbox) -> None:
    house.end()
    line = Line(house.port)
    assert line.rest() == b""
    line.close()


def test_a_crash_of_ours_is_no_clients_fault(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = begin()

    def break_down(*arguments: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(World, "elapsed", break_down)
    assert stage.line().send(PING).rest() == b""
    monkeypatch.undo()
    with pytest.raises(SandboxCrash):
        stage.sandbox.end()

"""A request is the same request, however its bytes come in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_wire import order, request

from conformance.sandbox.reading import Reader, Refusal, Request

HEADERS = [
    b"Host: a",
    b"host:a",
    b"Content-Length: 2",
    b"Content-Length:  2\t",
    b"content-length: 02",
    b"Content-Length: 2, 2",
    b"Content-Length: -2",
    b"Content-Length: 2_0",
    b"Content-Length: 10485761",
    b"Content-Length: 9999999999999999999999",
    b"Content-Length:",
    b"Transfer-Encoding: chunked",
    b"Connection: close",
    b"Connection: Keep-Alive, Close",
    b"Upgrade: websocket",
    b"Expect: 100-continue",
    b"X-Empty:",
    b"X-Spaces:  a  b\t ",
    b"X-Folded: a\r\n b",
    b"X-High: \xe9",
    b"X-Control: a\x01b",
    b"X-Null: a\x00",
    b"X-Bare: a\nX-More: b",
    b"X Space: a",
    b"X-Before : a",
    b": a",
    b"nothing",
    b"X-Long: " + b"a" * 70_000,
]
LINES = [
    b"GET /v2/ping HTTP/1.1",
    b"POST /v2/order?a=b HTTP/1.1",
    b"POST /v2/order HTTP/1.0",
    b"get / HTTP/1.1",
    b"GET  / HTTP/1.1",
    b"GET /\xe9 HTTP/1.1",
    b"GET http://a/v2/ping HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET / HTTP/2.0",
    b"GET /",
]
Found = list[Request | Refusal | None]


def read(*pieces: bytes) -> Found:
    """What is made of the pieces, up to the first refusal or lack of bytes."""
    reader = Reader()
    found: Found = []
    for piece in pieces:
        reader.feed(piece)
        while isinstance(told := reader.poll(), Request):
            found.append(told)
        if isinstance(told, Refusal):
            return [*found, Refusal(told.status, "")]
    broken = reader.broken_off() if reader.begun else None
    return [*found, broken if broken is None or broken.headers else None]


@settings(max_examples=400, deadline=None, database=None)
@given(
    st.sampled_from(LINES),
    st.lists(st.sampled_from(HEADERS), max_size=5),
    st.sampled_from(
        [b"", b"h", b"{}", b"{}GET /v2/ping HTTP/1.1\r\nHost: a\r\n\r\n", b"2\r\n{}\r\n0\r\n\r\n"]
    ),
)
def test_the_quick_way_reads_what_h11_reads(line: bytes, headers: list[bytes], rest: bytes) -> None:
    data = b"\r\n".join([line, b"Host: b", *headers, b"", rest])
    # Only what comes with its whole head at once is read the quick way.
    assert read(data) == read(data[:1], data[1:])


@pytest.mark.parametrize("cut", [0, 1, 30, 150, 210, 260, 300])
def test_a_request_may_come_in_two_pieces(cut: int) -> None:
    data = order(User_Agent="probe/1")
    (whole, nothing) = read(data)
    assert read(data[:cut], data[cut:]) == [whole, None]
    assert nothing is None


def test_requests_may_come_together() -> None:
    data = order() + b"\r\n" + request("GET", "/v2/ping") + order(b"{}")
    found = read(data[:-1], data[-1:])
    assert [one.method for one in found if isinstance(one, Request)] == ["POST", "GET", "POST"]
    assert found[-1] is None

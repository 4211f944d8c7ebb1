"""Requests as they come off the wire: h11 reads all but the plainest, nothing is sent from here.

What lives here: one reader for each connection, the limits of what it takes, and what is left of a request
that broke off.
What must never be known here: sockets, clocks, and what a request asks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import h11
from pydantic import JsonValue

from conformance.sandbox.documents import Unreadable, read_document

HEAD_LIMIT: Final = 64 * 1024
"""bytes of request line and headers"""
BODY_LIMIT: Final = 10 * 1024 * 1024
"""bytes of body"""
_RAW_LIMIT: Final = 2 * (HEAD_LIMIT + BODY_LIMIT)


@dataclass(frozen=True)
class Request:
    """One request. `insecure`: it came in the clear where only TLS is served. `source`: the address that it came from,
    where that decides anything. `framing`: of a chunked body as it came, with all that stands around its pieces.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    keep_alive: bool = True
    insecure: bool = False
    source: str = ""
    framing: bytes = b""

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """Headers by lower-case name; several of one name are joined, as HTTP has it."""
        return _joined(self.headers)

    @cached_property
    def path(self) -> str:
        """The path as it was sent, without query; the absolute form of a target is understood too."""
        target = self.target
        if not target.startswith("/"):
            try:
                target = urlsplit(target).path
            except ValueError:
                return target
        return target.partition("?")[0]

    @cached_property
    def query(self) -> tuple[tuple[str, str], ...]:
        _, _, query = self.target.partition("?")
        return tuple(parse_qsl(query, keep_blank_values=True, errors="replace")) if query else ()

    @cached_property
    def document(self) -> JsonValue | Unreadable:
        """The body as JSON, or why it cannot be read as such."""
        try:
            return read_document(self.body)
        except Unreadable as problem:
            return problem


def _joined(headers: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


# What nobody could read in two ways, so that h11, which takes a third of an order's time, would say the same.
_PLAIN: Final = re.compile(
    rb"([A-Z]+) ([!-~]+) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ -~\t]*\r\n)+)\r\n"
)
_NOT_PLAIN: Final = frozenset({"transfer-encoding", "expect", "upgrade"})


class _PlainHead(NamedTuple):
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    keep_alive: bool

    def with_body(self, body: bytes) -> Request:
        request = Request(self.method, self.target, self.headers, body, self.keep_alive)
        # Where the cached property would put them: they are known already.
        vars(request)["fields"] = self.fields
        return request


def _plain_head(data: bytes) -> tuple[_PlainHead, int, bytes] | None:
    """The head, the bytes that the body has, and what came after the head; None for all that has to be looked
    at more closely.
    """
    found = _PLAIN.match(data)
    if found is None or found.end() > HEAD_LIMIT or found[1] == b"CONNECT":
        return None
    lines = [line.partition(":") for line in found[3].decode("ascii").split("\r\n")[:-1]]
    headers = tuple([(name, value.strip(" \t")) for name, _, value in lines])
    fields = _joined(headers)
    length = fields.get("content-length", "0")
    if len(fields) < len(headers) or "host" not in fields or not _NOT_PLAIN.isdisjoint(fields):
        return None
    if not length.isdigit() or len(length) > 9 or int(length) > BODY_LIMIT:
        return None
    keep_alive = "connection" not in fields or _keeps_alive(fields["connection"])
    head = _PlainHead(found[1].decode("ascii"), found[2].decode("ascii"), headers, fields, keep_alive)
    return head, int(length), data[found.end() :]


def _keeps_alive(connection: str) -> bool:
    return "close" not in [token.strip() for token in connection.lower().split(",")]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came cannot be taken, and the status that says so."""

    status: int
    reason: str


class Reader:
    """Turns bytes into requests. After a Refusal it reads no more."""

    def __init__(self) -> None:
        self._next_request()
        self._seen = bytearray()
        self.waiting = 0
        """bytes that were fed since the last whole request"""

    def _next_request(self) -> None:
        self._plain: _PlainHead | None = None
        self._parser: h11.Connection | None = None
        self._head: h11.Request | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._fields: Mapping[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._wanted = 0
        self._told_to_continue = False
        self._raw = bytearray()

    @property
    def begun(self) -> bool:
        """Bytes of a request have come that is not whole."""
        return self.waiting > 0

    def feed(self, data: bytes) -> None:
        if not self.waiting:
            data = data.lstrip(b"\r\n")  # blank lines between requests mean nothing
            if found := _plain_head(data):
                self.waiting = len(data)
                self._plain, self._wanted, data = found
                self._take_body(data)
                return
        self.waiting += len(data)
        if self._plain is not None:
            self._take_body(data)
            return
        if self._head is None and len(self._seen) < HEAD_LIMIT:
            self._seen += data[:HEAD_LIMIT]
        if self._parser is None:
            # A fresh parser for each request: h11 does not get to see what is sent, so it cannot follow the cycle.
            self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        if data:  # to h11, no bytes are the end of the stream
            self._parser.receive_data(data)
            if len(self._raw) < _RAW_LIMIT:
                self._raw += data

    def expects_continue(self) -> bool:
        """True once for each request whose client waits for a 100 before it sends the body."""
        if (
            self._told_to_continue
            or self._parser is None
            or not self._parser.they_are_waiting_for_100_continue
        ):
            return False
        self._told_to_continue = True
        return True

    def poll(self) -> Request | Refusal | None:
        """The next whole request; None when more bytes are needed."""
        if self._plain is not None:
            return self._finish_plain(self._plain) if self._size >= self._wanted else None
        if self._parser is None:
            return None
        found: Request | Refusal | None = None
        try:
            while found is None and self.waiting:
                event = self._parser.next_event()
                if isinstance(event, h11.Request):
                    found = self._take_head(event)
                elif isinstance(event, h11.Data):
                    found = self._take_body(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    found = self._finish(self._request(whole=True), self._parser.trailing_data[0])
                else:
                    break
        except h11.RemoteProtocolError as problem:
            return Refusal(problem.error_status_hint, str(problem))
        return found

    def _take_head(self, head: h11.Request) -> Refusal | None:
        self._head = head
        # Iterating over h11's own sequence costs as much as the parsing.
        self._headers = tuple(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items()]
        )
        self._fields = _joined(self._headers)
        if sum([len(name) + len(value) for name, value in self._headers]) > HEAD_LIMIT:
            return Refusal(431, "the headers are too large")
        length = self._fields.get("content-length", "0")
        return Refusal(413, "the body is too large") if int(length) > BODY_LIMIT else None

    def _take_body(self, data: bytes) -> Refusal | None:
        self._size += len(data)
        self._body.append(data)
        return Refusal(413, "the body is too large") if self._size > BODY_LIMIT else None

    def _finish_plain(self, plain: _PlainHead) -> Request:
        data = b"".join(self._body)
        return self._finish(plain.with_body(data[: self._wanted]), data[self._wanted :])

    def _finish(self, request: Request, rest: bytes) -> Request:
        self._next_request()
        self._seen.clear()
        self.waiting = 0
        if rest:
            self.feed(rest)
        return request

    def _request(self, whole: bool = False) -> Request:
        head = self._head
        assert head is not None
        chunked = "transfer-encoding" in self._fields
        return Request(
            method=head.method.decode("latin-1"),
            target=head.target.decode("latin-1"),
            headers=self._headers,
            body=b"".join(self._body),
            keep_alive=head.http_version == b"1.1"
            and _keeps_alive(self._fields.get("connection", ""))
            and head.method != b"CONNECT",
            framing=self._framing(whole) if chunked else b"",
        )

    def _framing(self, whole: bool) -> bytes:
        assert self._parser is not None
        rest = len(self._parser.trailing_data[0]) if whole else 0
        body = self._raw[: len(self._raw) - rest] if rest else self._raw
        return bytes(body.partition(b"\r\n\r\n")[2])

    def broken_off(self) -> Request:
        """What came of a request that will never be whole, as far as it can be made out."""
        if self._plain is not None:
            return self._plain.with_body(b"".join(self._body))
        if self._head is not None:
            return self._request()
        first, *lines = bytes(self._seen).decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        target, space, protocol = rest.partition(" ")
        if not method.isalpha() or (space and not protocol.startswith("HTTP")):
            return Request("", "", (), bytes(self._seen), keep_alive=False)
        headers = (line.partition(":") for line in lines if ":" in line)
        return Request(
            method, target, tuple((name, value.strip()) for name, _, value in headers), b"", keep_alive=False
        )

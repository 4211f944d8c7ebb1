"""Endpoints that stand for the vendor's own: a simulated one behind a server that gets in its way.

What lives here: the server, and the ways in which it is wrong.
"""

from __future__ import annotations

import gzip
import http.client
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from conformance.contract import Contract
from conformance.hygiene.canary import Canary, mint
from conformance.sandbox import Sandbox, World

_RST = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Reply:
    """What the simulated endpoint answered, or is said to have. `cut`: the line is torn down instead."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: bool = False
    chunked: bool = False
    protocol: str = "HTTP/1.1"
    closes: bool = False

    def saying(self, status: int, body: bytes, kind: str = "application/json") -> Reply:
        headers = tuple((name, value) for name, value in self.headers if name.lower() != "content-type")
        return replace(self, status=status, body=body, headers=(*headers, ("Content-Type", kind)))


@dataclass(frozen=True)
class Seen:
    """A request as it arrived. `creates`: it is one for an order; `number` counts those from 1."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    creates: bool
    number: int


Before = Callable[[Seen], "Reply | None"]
After = Callable[[Seen, Reply], Reply]


@dataclass
class Endpoint:
    """`before` may answer in the API's place, `after` instead of it. Both may be changed at any time."""

    url: str
    key: str
    world: World
    canary: Canary
    before: Before = lambda seen: None
    after: After = lambda seen, reply: reply
    raw: Callable[[Seen], bytes | None] = lambda seen: None
    """bytes to be sent instead of any answer"""
    raw_ends: bool = True
    """and then the line is closed"""
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: Callable[[], None] = lambda: None

    @property
    def orders(self) -> int:
        """How many there are."""
        return len(self.world.ledger())

    @property
    def sent(self) -> list[Seen]:
        """The requests for orders."""
        return [seen for seen in self.seen if seen.creates]


@contextmanager
def endpoint(contract: Contract, context: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """A simulated API behind a server of its own, over TLS where there is a context."""
    canary = mint(contract, random.Random(99))
    sandbox = Sandbox(contract)
    sandbox.start()
    world = World(contract, canary.key, seed=5, max_requests=None)
    sandbox.begin(world)
    server = _Server(("127.0.0.1", 0), _Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if context is None else "https"
    known = Endpoint(f"{scheme}://127.0.0.1:{server.server_port}/v2", canary.key, world, canary)
    server.endpoint, server.port = known, sandbox.port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    known.stop = server.die
    try:
        yield known
    finally:
        server.die()
        thread.join()
        sandbox.end()
        sandbox.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    endpoint: Endpoint
    port: int
    dead = False

    def die(self) -> None:
        """As a machine does that is switched off."""
        if not self.dead:
            self.dead = True
            self.shutdown()
            self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up on it is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 20

    def _serve(self) -> None:
        known = self.server.endpoint
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        creates = self.command == "POST" and self.path.endswith("/order")
        with known.lock:
            number = len(known.sent) + creates
            seen = Seen(self.command, self.path, dict(self.headers), body, creates, number)
            known.seen.append(seen)
        if self.server.dead:
            self._tear_down()
            return
        if (raw := known.raw(seen)) is not None:
            self.wfile.write(raw)
            self.close_connection = known.raw_ends
            return
        reply = known.before(seen)
        if reply is None:
            reply = known.after(seen, self._ask(body))
        self._answer(reply)

    do_GET = do_POST = _serve

    def _ask(self, body: bytes) -> Reply:
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            line.request(self.command, self.path, body, dict(self.headers))
            told = line.getresponse()
            headers = tuple(
                (name, value)
                for name, value in told.getheaders()
                if name.lower() not in ("content-length", "date")
            )
            return Reply(told.status, headers, told.read())
        finally:
            line.close()

    def _answer(self, reply: Reply) -> None:
        if reply.cut:
            self._tear_down()
            return
        self.protocol_version = reply.protocol
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.protocol == "HTTP/1.1":
            self.send_header("Content-Length", str(len(reply.body)))
        if reply.closes or reply.protocol == "HTTP/1.0":
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if reply.chunked:
            for part in (reply.body[:7], reply.body[7:]):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if part else b"")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _tear_down(self) -> None:
        self.close_connection = True
        raw = self.connection
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        socket.socket.close(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def gzipped(seen: Seen, reply: Reply) -> Reply:
    """Whatever was asked for."""
    return replace(
        reply, body=gzip.compress(reply.body), headers=(*reply.headers, ("Content-Encoding", "gzip"))
    )


CUT = Reply(0, (), b"", cut=True)

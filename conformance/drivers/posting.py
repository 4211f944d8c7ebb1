"""One HTTP exchange with a service that may be anything, and an end to it at any time.

What lives here: connecting, sending, reading, each only for as long as somebody wants the answer.
What must never be known here: what is asked and what is answered, and where sockets come from.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import SplitResult

import h11

from conformance.drivers.waiting import bell, patience

LONGEST_BODY = 1_000_000
"""bytes of an answer that are read; whatever is longer is cut there"""

_CHUNK = 1 << 16
_T = TypeVar("_T")
Make = Callable[[int], socket.socket]
"""a stream socket of the given family, not yet connected"""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class NoAnswer(Exception):
    """What came instead of an answer. `lost`: nothing, since the line could not be had or broke."""

    def __init__(self, text: str, *, lost: bool) -> None:
        super().__init__(text)
        self.lost = lost


class Interrupted(Exception):
    """The event was set, or the time is up."""


def exchange(
    url: SplitResult, make: Make, stop: threading.Event, deadline: float, body: bytes | None = None
) -> Answer:
    """Posts the JSON in `body`, or gets where there is none. The deadline is on the monotonic clock.

    Raises NoAnswer and Interrupted.
    """
    with line(url, make, stop, deadline) as connected:
        talk = h11.Connection(h11.CLIENT)
        connected.send(_request(talk, url, body))
        return _answer(talk, connected)


@contextmanager
def line(url: SplitResult, make: Make, stop: threading.Event, deadline: float) -> Iterator[Line]:
    """A connection to the host and port of an address. Raises NoAnswer and Interrupted."""
    with ExitStack() as stack:
        rung = stack.enter_context(bell(stop))
        yield Line(stack, url, make, _Watch(rung, stop, deadline))


class Line:
    """A connection that is given up as soon as nobody wants it. Closed by the stack."""

    def __init__(self, stack: ExitStack, url: SplitResult, make: Make, watch: _Watch) -> None:
        self._watch = watch
        try:
            self._socket = self._connected(stack, url, make)
            if url.scheme == "https":
                self._secure(stack, url.hostname or "")
        except OSError as error:  # ssl's errors are such too
            raise NoAnswer(_words(error), lost=True) from None

    def send(self, data: bytes) -> None:
        """All of it, or as much as the other end cares for: an answer may have come already."""
        view = memoryview(data)
        try:
            while view:
                sent = self._patiently(partial(self._socket.send, view), select.POLLOUT)
                view = view[sent:]
        except (ConnectionError, ssl.SSLEOFError):
            pass

    def receive(self) -> bytes:
        """What comes next; empty at the end. Raises NoAnswer when the line breaks."""
        try:
            return self._patiently(partial(self._socket.recv, _CHUNK), select.POLLIN)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""
        except OSError as error:
            raise NoAnswer(_words(error), lost=True) from None

    def _connected(self, stack: ExitStack, url: SplitResult, make: Make) -> socket.socket:
        port = url.port or (443 if url.scheme == "https" else 80)
        wrong = OSError(errno.EADDRNOTAVAIL, "no such host")
        for family, _, _, _, address in socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM):
            try:
                candidate = stack.enter_context(make(family))
            except OSError as error:  # the system, or its namespace, has no such family
                wrong = error
                continue
            candidate.setblocking(False)
            code = candidate.connect_ex(address)
            if code == errno.EINPROGRESS:
                self._watch.until(candidate, select.POLLOUT)
                code = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return candidate
            wrong = OSError(code, os.strerror(code))
            candidate.close()
        raise wrong

    def _secure(self, stack: ExitStack, host: str) -> None:
        # No secret goes this way, and a service on its developer's machine has no certificate that could be checked.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        secure = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._socket = stack.enter_context(secure)
        self._patiently(secure.do_handshake, select.POLLIN)

    def _patiently(self, act: Callable[[], _T], event: int) -> _T:
        while True:
            try:
                return act()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                wanted = select.POLLIN if isinstance(error, ssl.SSLWantReadError) else event
                wanted = select.POLLOUT if isinstance(error, ssl.SSLWantWriteError) else wanted
                self._watch.until(self._socket, wanted)


class _Watch:
    def __init__(self, rung: int, stop: threading.Event, deadline: float) -> None:
        self._rung = rung
        self._stop = stop
        self._deadline = deadline

    def until(self, connection: socket.socket, event: int) -> None:
        """Until the connection has news. Raises Interrupted."""
        poll = select.poll()
        poll.register(connection, event)
        poll.register(self._rung, select.POLLIN)
        while not self._stop.is_set() and (left := self._deadline - time.monotonic()) > 0:
            ready = poll.poll(patience(self._stop, left) * 1_000)
            if any(descriptor == connection.fileno() for descriptor, _ in ready):
                return
        raise Interrupted


def _request(talk: h11.Connection, url: SplitResult, body: bytes | None) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = [
        ("Host", url.netloc.rpartition("@")[2]),
        ("User-Agent", "golive"),
        ("Accept", "application/json"),
    ]
    if body is not None:
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    # Nothing says that the line is to be closed: who closes first cannot use the port again for a minute, and that
    # should not be the service, which may be started again at once.
    head = talk.send(h11.Request(method="GET" if body is None else "POST", target=target, headers=headers))
    data = talk.send(h11.Data(body)) if body is not None else b""
    return (head or b"") + (data or b"") + (talk.send(h11.EndOfMessage()) or b"")


def _answer(talk: h11.Connection, connected: Line) -> Answer:
    status: int | None = None
    body = bytearray()
    closed = False
    try:
        while True:
            event = talk.next_event()
            if event is h11.NEED_DATA:
                chunk = connected.receive()
                if not chunk and status is None:
                    raise NoAnswer("the line was closed without an answer", lost=True)
                closed = not chunk
                talk.receive_data(chunk)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            if status is not None and (isinstance(event, h11.EndOfMessage) or len(body) > LONGEST_BODY):
                return Answer(status, bytes(body[:LONGEST_BODY]))
    except h11.RemoteProtocolError as error:
        what = (
            "the line was closed in the middle of the answer" if closed else f"what came is no HTTP: {error}"
        )
        raise NoAnswer(what, lost=closed) from None


def _words(error: OSError) -> str:
    return error.strerror or str(error)

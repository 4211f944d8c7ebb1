"""Sockets whose time-outs are virtual.

What lives here: replacements for the methods of `socket.socket` that block. Underneath every socket is
non-blocking; the time-out that the program gave it is kept beside it. Each method tries, and waits virtually
for the descriptor when there is nothing to do yet.
What must never be known here: how time moves on, and TLS.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from conformance.clock import real
from conformance.clock.timeline import VirtualClock

_Result = TypeVar("_Result")
_IN, _OUT = select.POLLIN, select.POLLOUT
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR)

_timeouts: weakref.WeakKeyDictionary[socket.socket, float | None] = weakref.WeakKeyDictionary()


def timeout_of(sock: socket.socket) -> float | None:
    """The time-out that the program gave the socket, in seconds; None to wait for ever, 0 not to wait."""
    try:
        return _timeouts[sock]
    except KeyError:
        timeout = real.Socket.gettimeout(sock)
        real.Socket.settimeout(sock, 0.0)
        _timeouts[sock] = timeout
        return timeout


def sockets() -> list[socket.socket]:
    """All that there are, closed ones too while somebody still holds them."""
    return [sock for reference in _timeouts.keyrefs() if (sock := reference()) is not None]


class Patience:
    """How long one call may still wait."""

    __slots__ = ("_clock", "_deadline", "_message", "_timeout")

    def __init__(self, clock: VirtualClock, timeout: float | None, message: str = "timed out") -> None:
        self._clock = clock
        self._timeout = timeout
        self._message = message
        self._deadline: int | None = None

    def wait(self, fd: int, events: int) -> None:
        """Until the descriptor may be ready. Raises TimeoutError at the end of all patience."""
        me = self._clock.me()
        if me is None:
            self._really_wait(fd, events)
            return
        self._check()
        self._clock.wait(me, {fd: events}, self._deadline)

    def pause(self) -> None:
        """A moment, where there is no event to wait for."""
        me = self._clock.me()
        if me is None:
            real.sleep(0.001)
        else:
            self._check()
            self._clock.sleep(me, self._clock.deadline(0.001))

    def _check(self) -> None:
        if self._timeout is None:
            return
        if self._deadline is None:
            self._deadline = self._clock.deadline(self._timeout)
        elif self._clock.now_ns() >= self._deadline:
            raise TimeoutError(self._message)

    def _really_wait(self, fd: int, events: int) -> None:
        poller = real.poll()
        poller.register(fd, events)
        if not poller.poll(None if self._timeout is None else self._timeout * 1_000):
            raise TimeoutError(self._message)


def replace_sockets(clock: VirtualClock) -> None:
    """Change the class itself, since it has subclasses and is asked for by `isinstance`."""
    original_init = socket.socket.__init__

    def init(self: socket.socket, *args: Any, **kwargs: Any) -> None:
        original_init(self, *args, **kwargs)
        timeout_of(self)

    def retrying(original: Callable[..., _Result], events: int) -> Callable[..., _Result]:
        def method(self: socket.socket, *args: object, **kwargs: object) -> _Result:
            timeout = timeout_of(self)
            patience: Patience | None = None
            while True:
                try:
                    return original(self, *args, **kwargs)
                except BlockingIOError:
                    if timeout == 0:
                        raise
                patience = patience or Patience(clock, timeout)
                patience.wait(self.fileno(), events)

        return method

    def sendall(self: socket.socket, data: bytes, flags: int = 0, /) -> None:
        timeout = timeout_of(self)
        patience: Patience | None = None
        with memoryview(data) as view, view.cast("B") as rest:
            sent = 0
            while sent < len(rest):
                try:
                    sent += real.Socket.send(self, rest[sent:], flags)
                except BlockingIOError:
                    if timeout == 0:
                        raise
                    patience = patience or Patience(clock, timeout)
                    patience.wait(self.fileno(), _OUT)

    def connect_ex(self: socket.socket, address: object, /) -> int:
        timeout = timeout_of(self)
        patience = Patience(clock, timeout)
        while True:
            code = real.Socket.connect_ex(self, address)  # type: ignore[arg-type]  # it checks for itself
            if timeout == 0 or code not in _UNDER_WAY:
                return code
            try:
                if (
                    code == errno.EWOULDBLOCK
                ):  # a Unix socket whose listener has no room: there is no event for it
                    patience.pause()
                    continue
                patience.wait(self.fileno(), _OUT)
            except TimeoutError:
                return errno.EWOULDBLOCK
            return self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def connect(self: socket.socket, address: object, /) -> None:
        if timeout_of(self) == 0:
            real.Socket.connect(self, address)  # type: ignore[arg-type]  # it checks for itself
            return
        code = connect_ex(self, address)
        if code == errno.EWOULDBLOCK:
            raise TimeoutError("timed out")
        if code:
            raise OSError(code, os.strerror(code))

    def settimeout(self: socket.socket, value: float | None, /) -> None:
        if value is not None:
            value = float(value)
            if value < 0:
                raise ValueError("Timeout value out of range")
        real.Socket.settimeout(self, 0.0)
        _timeouts[self] = value

    def setblocking(self: socket.socket, flag: bool, /) -> None:
        settimeout(self, None if flag else 0.0)

    def getblocking(self: socket.socket) -> bool:
        return timeout_of(self) != 0

    methods: dict[str, object] = {
        name: retrying(getattr(real.Socket, name), events)
        for names, events in (
            (("_accept", "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"), _IN),
            (("send", "sendto", "sendmsg"), _OUT),
        )
        for name in names
        if hasattr(real.Socket, name)
    }
    methods |= {
        "__init__": init,
        "sendall": sendall,
        "connect": connect,
        "connect_ex": connect_ex,
        "settimeout": settimeout,
        "gettimeout": timeout_of,
        "setblocking": setblocking,
        "getblocking": getblocking,
        "timeout": property(timeout_of),
    }
    for name, method in methods.items():
        setattr(socket.socket, name, method)

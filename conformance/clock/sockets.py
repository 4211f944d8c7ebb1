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
from typing import Any, ClassVar, TypeVar

from conformance.clock import real
from conformance.clock.timeline import VirtualClock

_Result = TypeVar("_Result")
_READING = ("_accept", "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into")
_WRITING = ("send", "sendto", "sendmsg")
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR)

_timeouts: weakref.WeakKeyDictionary[socket.socket, float | None] = weakref.WeakKeyDictionary()


def sockets() -> list[socket.socket]:
    """All that there are, closed ones too while somebody still holds them."""
    return [sock for reference in _timeouts.keyrefs() if (sock := reference()) is not None]


def timeout_of(sock: socket.socket) -> float | None:
    """The time-out that the program gave the socket, in seconds; None to wait for ever, 0 not to wait."""
    try:
        return _timeouts[sock]
    except KeyError:
        timeout = real.Socket.gettimeout(sock)
        real.Socket.settimeout(sock, 0.0)
        _timeouts[sock] = timeout
        return timeout


class Patience:
    """How long one call may still wait. `timeout` is in seconds, None for ever."""

    __slots__ = ("_deadline", "_message", "_timeout")

    clock: ClassVar[VirtualClock]

    def __init__(self, timeout: float | None, message: str = "timed out") -> None:
        self._timeout = timeout
        self._message = message
        self._deadline: int | None = None

    def wait(self, fd: int, events: int) -> None:
        """Until the descriptor may be ready, or it is time for a last attempt: who asks once more then gets
        TimeoutError.
        """
        me = self.clock.me()
        if me is not None:
            self._check()
            self.clock.wait(me, {fd: events}, self._deadline)
        elif not shows(fd, events, self._timeout):
            raise TimeoutError(self._message)

    def pause(self) -> None:
        """A moment, where there is no event to wait for."""
        me = self.clock.me()
        if me is None:
            real.sleep(0.001)
        else:
            self._check()
            self.clock.sleep(me, self.clock.deadline(0.001))

    def _check(self) -> None:
        if self._timeout is None:
            return
        if self._deadline is None:
            self._deadline = self.clock.deadline(self._timeout)
        elif self.clock.now_ns() >= self._deadline:
            raise TimeoutError(self._message)


def shows(fd: int, events: int, seconds: float | None = 0) -> int:
    """What the descriptor is ready for of these poll events, or broken by, within so many real seconds."""
    poller = real.poll()
    poller.register(fd, events)
    return next((shown for _, shown in poller.poll(None if seconds is None else seconds * 1_000)), 0)


def replace_sockets(clock: VirtualClock) -> None:
    """Change the class itself, since it has subclasses and is asked for by `isinstance`."""
    Patience.clock = clock
    methods: dict[str, object] = {
        "__init__": _init,
        "detach": _detach,
        "sendall": _sendall,
        "connect": _connect,
        "connect_ex": _connect_ex,
        "settimeout": _settimeout,
        "gettimeout": timeout_of,
        "setblocking": _setblocking,
        "getblocking": _getblocking,
        "timeout": property(timeout_of),
    }
    for names, events in ((_READING, select.POLLIN), (_WRITING, select.POLLOUT)):
        for name in names:
            methods[name] = _retrying(getattr(real.Socket, name), events)
    for name, method in methods.items():
        setattr(socket.socket, name, method)


def _retrying(original: Callable[..., _Result], events: int) -> Callable[..., _Result]:
    def method(self: socket.socket, *args: object, **kwargs: object) -> _Result:
        timeout = timeout_of(self)
        patience: Patience | None = None
        while True:
            try:
                return original(self, *args, **kwargs)
            except BlockingIOError:
                if timeout == 0:
                    raise
            patience = patience or Patience(timeout)
            patience.wait(self.fileno(), events)

    return method


_original_init = socket.socket.__init__


def _init(self: socket.socket, *args: Any, **kwargs: Any) -> None:
    _original_init(self, *args, **kwargs)
    timeout_of(self)


def _detach(self: socket.socket) -> int:
    """Whoever takes the descriptor expects it as the program left it."""
    timeout = timeout_of(self)
    fd = real.Socket.detach(self)
    if timeout is None and fd >= 0:
        os.set_blocking(fd, True)
    return fd


def _sendall(self: socket.socket, data: bytes, flags: int = 0, /) -> None:
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
                patience = patience or Patience(timeout)
                patience.wait(self.fileno(), select.POLLOUT)


def _connect_ex(self: socket.socket, address: Any, /) -> int:
    timeout = timeout_of(self)
    patience = Patience(timeout)
    try:
        code = real.Socket.connect_ex(self, address)
        if timeout == 0 or code not in _UNDER_WAY:
            return code
        while (
            code == errno.EWOULDBLOCK
        ):  # a Unix socket whose listener has no room, and there is no event for it
            patience.pause()
            code = real.Socket.connect_ex(self, address)
        while not shows(self.fileno(), select.POLLOUT):
            patience.wait(self.fileno(), select.POLLOUT)
    except TimeoutError:
        return errno.EWOULDBLOCK
    return self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _connect(self: socket.socket, address: Any, /) -> None:
    if timeout_of(self) == 0:
        real.Socket.connect(self, address)
        return
    code = _connect_ex(self, address)
    if code == errno.EWOULDBLOCK:
        raise TimeoutError("timed out")
    if code:
        raise OSError(code, os.strerror(code))


def _settimeout(self: socket.socket, value: float | None, /) -> None:
    if value is not None:
        value = float(value)
        if value < 0:
            raise ValueError("Timeout value out of range")
    real.Socket.settimeout(self, 0.0)
    _timeouts[self] = value


def _setblocking(self: socket.socket, flag: bool, /) -> None:
    _settimeout(self, None if flag else 0.0)


def _getblocking(self: socket.socket) -> bool:
    return timeout_of(self) != 0

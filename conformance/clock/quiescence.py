"""Is anything under way in the kernel, or outside, that will wake somebody without our doing?

What lives here: exact questions to the kernel about the sockets and children of this process. On Linux
nothing is guessed: a byte is in flight if one end has sent it and the other end, in the same process, does
not have it yet. Elsewhere the kernel cannot be asked, and a short grace period stands in.
What must never be known here: who waits for what, and until when.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import sys
import termios
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from conformance.clock import real
from conformance.clock.sockets import shows

_SYN_SENT, _CLOSE, _LISTEN = 2, 7, 10
_TCP_INFO = getattr(socket, "TCP_INFO", 11)
_QUICKACK = getattr(socket, "TCP_QUICKACK", 12)
_OVER = getattr(select, "POLLRDHUP", 0x2000) | select.POLLHUP | select.POLLERR | select.POLLNVAL

# Real seconds for which a state that ought to pass at once is taken for one that will.
_DELIVERY = 2.0
_HANDSHAKE = 1.0  # the kernel's own first repetition
_DIALLING = 0.05  # nobody may be there to answer
_FAREWELL = 0.02  # the other end may be in another process, which need not say anything
_GRACE = 0.002

Address = tuple[str, int]


@dataclass(slots=True)
class _Known:
    """What is known of a socket. Only what can still change is asked again."""

    kind: Literal["other", "unconnected", "connecting", "listening", "connected"]
    local: Address = ("", 0)
    remote: Address = ("", 0)
    extra: int | None = None
    """what the kernel's count of acknowledged bytes is too high by: 1, the SYN, where the call came from"""
    foreign: bool = False
    """the other end has not shown itself in this process, and is not waited for any more"""
    suspected_at: float = 0.0
    looks: int = 0

    def still_to_come(self, patience: float) -> bool:
        """It ought to pass at once. Not if it has lasted for so long, and others have had their turn."""
        if self.looks == 0:
            self.suspected_at = real.monotonic()
        self.looks += 1
        return self.looks <= 20 or real.monotonic() - self.suspected_at < patience


class Kernel:
    """The questions, with what is remembered of each socket from one to the next.

    `sockets` gives those that Python code may wait for. Any others belong to code in C, which does its waiting
    by itself, so that its threads count as running and nobody asks here.
    """

    def __init__(self, sockets: Callable[[], Iterable[socket.socket]]) -> None:
        self._sockets = sockets
        self._known: weakref.WeakKeyDictionary[socket.socket, _Known] = weakref.WeakKeyDictionary()
        self._grace_ends = 0.0

    def children(self) -> bool:
        """Are there child processes that live? They are neither reaped nor waited for."""
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return ended is None or _some_child_lives()

    def in_flight(self) -> bool:
        if not sys.platform.startswith("linux"):
            return self._within_grace()
        sockets = self._survey()
        ends = {(known.local, known.remote): fd for fd, known in sockets if known.kind == "connected"}
        ports = {known.local[1]: fd for fd, known in sockets if known.kind == "listening"}
        callers: Counter[int] = Counter()
        for fd, known in sockets:
            try:
                if known.kind == "connecting":
                    patience = _DIALLING
                elif known.kind != "connected":
                    continue
                elif (peer := ends.get((known.remote, known.local))) is not None:
                    known.foreign = False
                    patience = _DELIVERY if _undelivered(fd, known, peer) else 0.0
                elif known.foreign or _over(fd) or _count(fd, termios.FIONREAD):
                    patience = 0.0
                elif (listener := ports.get(known.remote[1])) is None:
                    patience = _FAREWELL
                else:
                    callers[listener] += 1
                    patience = 0.0 if callers[listener] <= _queued(listener) else _HANDSHAKE
            except OSError:  # it was closed just now, by a thread that lives in real time
                continue
            if not patience:
                known.looks = 0
            elif known.still_to_come(patience):
                return True
            else:
                known.foreign = known.kind == "connected"
        return False

    def _survey(self) -> list[tuple[int, _Known]]:
        """The TCP sockets of this process, each with its descriptor."""
        found = []
        for sock in self._sockets():
            fd = sock.fileno()
            if fd < 0:
                continue
            known = self._known.get(sock)
            if known is None or known.kind in ("unconnected", "connecting"):
                known = self._known[sock] = _examined(sock, known)
            if known.kind != "other":
                found.append((fd, known))
        return found

    def _within_grace(self) -> bool:
        now = real.monotonic()
        if self._grace_ends == 0.0:
            self._grace_ends = now + _GRACE
        if now < self._grace_ends:
            return True
        self._grace_ends = 0.0
        return False


def _examined(sock: socket.socket, before: _Known | None) -> _Known:
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return _Known("other")
    try:
        state = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 8)[0]
        if state == _LISTEN:
            return _Known("listening", _plain(sock.getsockname()))
        if state in (_SYN_SENT, _CLOSE):
            kind: Literal["connecting", "unconnected"] = "connecting" if state == _SYN_SENT else "unconnected"
            return before if before is not None and before.kind == kind else _Known(kind)
        return _Known("connected", _plain(sock.getsockname()), _plain(sock.getpeername()))
    except OSError:  # the connection ended before it was ever seen open
        return _Known("unconnected")


def _undelivered(fd: int, known: _Known, peer: int) -> bool:
    """Has the end at `fd` sent something that `peer` does not have, and might somebody be waiting for it?

    Unread bytes at the peer would wake any reader already. Bytes that have arrived but are not acknowledged
    matter only to a writer without room.
    """
    unacknowledged = _count(fd, termios.TIOCOUTQ)
    if unacknowledged == 0:
        if known.extra is None:
            known.extra = _acknowledged(fd) - _received(peer)
        return False
    if _count(peer, termios.FIONREAD):
        return False
    extra = 1 if known.extra is None else known.extra
    if _acknowledged(fd) - extra + unacknowledged > _received(peer) or not _writable(fd):
        if _over(fd):
            return False
        _hasten(peer)
        return True
    return False


def _count(fd: int, question: int) -> int:
    try:
        answer = fcntl.ioctl(fd, question, b"\0\0\0\0")
    except OSError:
        return 0
    return int.from_bytes(answer, sys.byteorder)


def _tcp_info(fd: int, form: str, offset: int) -> int:
    borrowed = real.Socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
    try:
        (number,) = struct.unpack_from(form, borrowed.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 144), offset)
        return int(number)
    finally:
        borrowed.detach()


def _queued(listener: int) -> int:
    """How many connections wait to be accepted."""
    return _tcp_info(listener, "I", 24)


def _acknowledged(fd: int) -> int:
    return _tcp_info(fd, "Q", 120)


def _received(fd: int) -> int:
    return _tcp_info(fd, "Q", 128)


def _hasten(fd: int) -> None:
    """Have the acknowledgement sent that the kernel holds back for up to 40 ms; the sender may need it."""
    borrowed = real.Socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
    try:
        borrowed.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
    finally:
        borrowed.detach()


def _over(fd: int) -> bool:
    """Has this end learnt that nothing will come any more?"""
    return bool(shows(fd, _OVER) & _OVER)


def _writable(fd: int) -> bool:
    return bool(shows(fd, select.POLLOUT) & select.POLLOUT)


def _plain(address: tuple[object, ...]) -> Address:
    """The same for both ends, although one may see an IPv4 address as an IPv6 one."""
    host, port = address[0], address[1]
    return str(host).removeprefix("::ffff:"), int(str(port))


def _some_child_lives() -> bool:
    """Asked when at least one child has ended and waits to be reaped."""
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                children = file.read().split()
        except OSError:  # the thread has ended, or this kernel does not tell
            continue
        for child in children:
            try:
                with open(f"/proc/{child}/stat", encoding="ascii", errors="replace") as file:
                    state = file.read().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state not in ("Z", "X"):
                return True
    return False

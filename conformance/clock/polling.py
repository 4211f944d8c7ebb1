"""Waiting for descriptors: select, poll, epoll, and the selectors that event loops sit on.

What lives here: replacements that ask the kernel first and wait virtually if nothing is ready.
What must never be known here: how time moves on.
"""

from __future__ import annotations

import select
import selectors
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import ClassVar, Protocol, TypeVar

from conformance.clock import real
from conformance.clock.sweep import Replacements
from conformance.clock.timeline import VirtualClock

_Found = TypeVar("_Found")
_EPOLL_DEFAULT = 0x1 | 0x2 | 0x4  # EPOLLIN, EPOLLPRI, EPOLLOUT


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


_File = int | _HasFileno


def await_ready(
    clock: VirtualClock,
    fds: Mapping[int, int],
    timeout: float | None,
    ask: Callable[[float | None], _Found],
    found: Callable[[_Found], bool],
) -> _Found:
    """What `ask(0)` finds in the end. `fds`: descriptors and poll events; `timeout`: seconds or None."""
    me = clock.me()
    if me is None:
        return ask(timeout)
    answer = ask(0)
    if found(answer) or (timeout is not None and timeout <= 0):
        return answer
    deadline = None if timeout is None else clock.deadline(timeout)
    while True:
        in_time = clock.wait(me, fds, deadline)
        answer = ask(0)
        if found(answer) or not in_time:
            return answer


def _fileno(file: _File) -> int:
    return file if isinstance(file, int) else file.fileno()


class VirtualPoll:
    """Like the object that `select.poll()` makes."""

    clock: ClassVar[VirtualClock]

    def __init__(self) -> None:
        self._poll = real.poll()
        self._fds: dict[int, int] = {}

    def register(
        self, fd: _File, eventmask: int = select.POLLIN | select.POLLPRI | select.POLLOUT, /
    ) -> None:
        self._poll.register(fd, eventmask)
        self._fds[_fileno(fd)] = eventmask

    def modify(self, fd: _File, eventmask: int, /) -> None:
        self._poll.modify(fd, eventmask)
        self._fds[_fileno(fd)] = eventmask

    def unregister(self, fd: _File, /) -> None:
        self._poll.unregister(fd)
        self._fds.pop(_fileno(fd), None)

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """`timeout` is in milliseconds."""
        seconds = None if timeout is None or timeout < 0 else timeout / 1_000

        def ask(limit: float | None) -> list[tuple[int, int]]:
            return self._poll.poll(None if limit is None else limit * 1_000)

        return await_ready(self.clock, dict(self._fds), seconds, ask, bool)


class VirtualEpoll:
    """Like `select.epoll`."""

    clock: ClassVar[VirtualClock]

    def __init__(self, sizehint: int = -1, flags: int = 0) -> None:
        self._epoll = real.epoll(sizehint, flags)

    @classmethod
    def fromfd(cls, fd: int, /) -> VirtualEpoll:
        made = cls.__new__(cls)
        made._epoll = real.epoll.fromfd(fd)
        return made

    @property
    def closed(self) -> bool:
        return self._epoll.closed

    def close(self) -> None:
        self._epoll.close()

    def fileno(self) -> int:
        return self._epoll.fileno()

    def register(self, fd: _File, eventmask: int = _EPOLL_DEFAULT) -> None:
        self._epoll.register(fd, eventmask)

    def modify(self, fd: _File, eventmask: int) -> None:
        self._epoll.modify(fd, eventmask)

    def unregister(self, fd: _File) -> None:
        self._epoll.unregister(fd)

    def poll(self, timeout: float | None = None, maxevents: int = -1) -> list[tuple[int, int]]:
        """`timeout` is in seconds."""
        seconds = None if timeout is None or timeout < 0 else timeout

        def ask(limit: float | None) -> list[tuple[int, int]]:
            return self._epoll.poll(limit, maxevents)

        return await_ready(self.clock, {self.fileno(): select.POLLIN}, seconds, ask, bool)

    def __enter__(self) -> VirtualEpoll:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_Lists = tuple[list[_File], list[_File], list[_File]]
_Events = list[tuple[selectors.SelectorKey, int]]
_Select = Callable[[selectors.BaseSelector, float | None], _Events]


def replace_polling(clock: VirtualClock, replacements: Replacements) -> None:
    """Whoever waits for a descriptor from now on is known to wait."""
    VirtualPoll.clock = VirtualEpoll.clock = clock

    def select_(
        rlist: Iterable[_File],
        wlist: Iterable[_File],
        xlist: Iterable[_File],
        timeout: float | None = None,
        /,
    ) -> _Lists:
        readers, writers, others = list(rlist), list(wlist), list(xlist)
        if timeout is not None and timeout < 0:
            raise ValueError("timeout must be non-negative")

        def ask(limit: float | None) -> _Lists:
            return real.select_(readers, writers, others, limit)

        fds: dict[int, int] = {}
        for files, events in ((readers, select.POLLIN), (writers, select.POLLOUT), (others, select.POLLPRI)):
            for file in files:
                fds[_fileno(file)] = fds.get(_fileno(file), 0) | events
        return await_ready(clock, fds, timeout, ask, any)

    replacements.put(select, "select", select_)
    replacements.put(select, "poll", VirtualPoll)
    if hasattr(select, "epoll"):
        replacements.put(select, "epoll", VirtualEpoll)
    for name in ("SelectSelector", "PollSelector", "EpollSelector", "KqueueSelector"):
        kind = getattr(selectors, name, None)
        if kind is not None:
            setattr(kind, "select", _selecting(clock, kind.select))  # noqa: B010 - a method cannot be assigned to


def _selecting(clock: VirtualClock, original: _Select) -> _Select:
    """A selector's `select`, exact to the nanosecond where the original rounds up to milliseconds."""

    def select_(self: selectors.BaseSelector, timeout: float | None = None) -> _Events:
        def ask(limit: float | None) -> _Events:
            return original(self, limit)

        return await_ready(clock, _watched(self), timeout, ask, bool)

    return select_


def _watched(selector: selectors.BaseSelector) -> dict[int, int]:
    fileno = getattr(selector, "fileno", None)
    if fileno is not None:
        return {fileno(): select.POLLIN}
    events = {selectors.EVENT_READ: select.POLLIN, selectors.EVENT_WRITE: select.POLLOUT}
    return {
        key.fd: sum(mask for event, mask in events.items() if key.events & event)
        for key in selector.get_map().values()
    }

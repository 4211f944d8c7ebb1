"""Locks whose waits the clock knows, and what stands on them: conditions, events, queues, joins.

What lives here: a lock with the interface of the interpreter's own, and the names to be replaced by it.
What must never be known here: when and how time moves on.
"""

from __future__ import annotations

import _thread
import functools
import queue
import threading
from collections import deque
from types import TracebackType
from typing import ClassVar

from conformance.clock import real
from conformance.clock.participant import Participant
from conformance.clock.sweep import Replacements
from conformance.clock.timeline import VirtualClock


class VirtualLock:
    """Like `threading.Lock`, but a thread that waits for it is known to be waiting.

    A release with somebody waiting hands the lock over: the waiter counts as running from that moment on.
    """

    __slots__ = ("__weakref__", "_state", "_waiters")

    clock: ClassVar[VirtualClock]

    def __init__(self) -> None:
        self._state = real.allocate_lock()
        self._waiters: deque[Participant] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if timeout > threading.TIMEOUT_MAX:
            raise OverflowError("timeout value is too large")
        if self._state.acquire(blocking=False):
            return True
        if not blocking or timeout == 0:
            return False
        me = self.clock.me()
        if me is None:
            return self._state.acquire(timeout=timeout)
        return self._wait(me, None if timeout == -1 else self.clock.deadline(timeout))

    def _wait(self, me: Participant, deadline: int | None) -> bool:
        clock = self.clock
        try:
            with clock.mutex:
                self._waiters.append(me)
                if self._state.acquire(blocking=False):  # released in the meantime
                    self._waiters.remove(me)
                    return True
                clock.suspend(me, deadline)
            me.parker.acquire()
        except BaseException:  # a signal handler raised: the lock is not for this thread any more
            clock.recover(me)
            with clock.mutex:
                if me.granted:
                    me.granted = False
                    self.release()
                elif me in self._waiters:
                    self._waiters.remove(me)
            raise
        if not me.granted:
            with clock.mutex:
                self._waiters.remove(me)
        return me.granted

    def release(self) -> None:
        if not self._waiters:
            self._state.release()
            if not self._waiters:
                return
            if not self._state.acquire(blocking=False):  # somebody else has it, and will hand it over
                return
        elif not self._state.locked():
            raise RuntimeError("release unlocked lock")
        with self.clock.mutex:
            for waiter in self._waiters:
                if not waiter.running:  # one who runs has come to its deadline, and is about to leave
                    self._waiters.remove(waiter)
                    self.clock.wake(waiter, granted=True)
                    return
            self._state.release()

    def locked(self) -> bool:
        return self._state.locked()

    def __enter__(self) -> bool:
        return self._state.acquire(blocking=False) or self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def _at_fork_reinit(self) -> None:
        self._state = real.allocate_lock()
        self._waiters = deque()

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} virtual lock at {id(self):#x}>"


def replace_locks(clock: VirtualClock, replacements: Replacements) -> None:
    """New locks are virtual, and so is whatever is made of them from now on."""
    VirtualLock.clock = clock
    replacements.put(_thread, "allocate_lock", VirtualLock)
    replacements.put(threading, "Lock", VirtualLock)
    replacements.put(threading, "_allocate_lock", VirtualLock)
    # RLock() asks for the interpreter's own class each time; without one it takes the one written in Python.
    # It says that it is the interpreter's, since trio runs with no other.
    setattr(getattr(threading, "_PyRLock"), "__module__", "_thread")  # noqa: B009, B010 - not in the type stubs
    setattr(threading, "_CRLock", None)  # noqa: B010 - not in the type stubs
    setattr(functools, "RLock", threading.RLock)  # noqa: B010 - not in the type stubs
    simple_queue = getattr(queue, "_PySimpleQueue")  # noqa: B009 - not in the type stubs
    replacements.put(queue, "SimpleQueue", simple_queue)

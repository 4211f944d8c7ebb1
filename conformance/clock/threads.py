"""Threads, counted from before they start until they have ended.

What lives here: the replacements for starting and joining threads.
What must never be known here: how time moves on.
"""

from __future__ import annotations

import _thread
import threading
import weakref
from collections.abc import Callable, Mapping

from conformance.clock import real
from conformance.clock.locks import VirtualLock
from conformance.clock.sweep import Replacements
from conformance.clock.timeline import VirtualClock

_Start = Callable[..., object]

_ends: weakref.WeakKeyDictionary[threading.Thread, VirtualLock] = weakref.WeakKeyDictionary()
"""for each thread that was started, a lock that is free when it has ended"""


class _Counted:
    """What a thread really executes: its function, between being counted and no longer being counted."""

    def __init__(self, clock: VirtualClock, function: Callable[..., object]) -> None:
        self._clock = clock
        self._function = function
        self._me = clock.expect()
        self._end = VirtualLock()
        self._end.acquire()
        owner = getattr(function, "__self__", None)
        if isinstance(owner, threading.Thread):
            _ends[owner] = self._end

    def __call__(self, *args: object, **kwargs: object) -> object:
        self._clock.enter(self._me)
        try:
            return self._function(*args, **kwargs)
        finally:
            self._end.release()
            self._clock.leave(self._me)

    def start(self, how: _Start) -> object:
        try:
            return how(self)
        except BaseException:  # whatever it is, the thread does not exist
            self._clock.leave(self._me)
            raise


def replace_threads(clock: VirtualClock, replacements: Replacements) -> None:
    """Threads started from now on live in virtual time, and joining them is a wait that the clock knows."""

    def start_new_thread(
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object] | None = None,
        /,
    ) -> object:
        return _Counted(clock, function).start(
            lambda run: real.start_new_thread(run, args, dict(kwargs or {}))
        )

    def join(self: threading.Thread, timeout: float | None = None) -> None:
        end = _ends.get(self)
        if end is not None and self is not threading.current_thread() and clock.me() is not None:
            if not end.acquire(timeout=-1 if timeout is None else max(timeout, 0)):
                return
            end.release()
            timeout = None  # the little that is left to do for it takes no virtual time
        real.join(self, timeout)

    replacements.put(_thread, "start_new_thread", start_new_thread)
    if hasattr(threading, "_start_new_thread"):
        setattr(threading, "_start_new_thread", start_new_thread)  # noqa: B010 - not in the type stubs
    if hasattr(_thread, "start_joinable_thread"):
        start_joinable = _joinable(clock, _thread.start_joinable_thread)
        replacements.put(_thread, "start_joinable_thread", start_joinable)
        setattr(threading, "_start_joinable_thread", start_joinable)  # noqa: B010 - not in the type stubs
    setattr(threading.Thread, "join", join)  # noqa: B010 - a method cannot be assigned to in typed code
    register_atexit = getattr(threading, "_register_atexit")  # noqa: B009 - not in the type stubs
    register_atexit(_join_all)


def _joinable(clock: VirtualClock, original: _Start) -> _Start:
    """How `threading` starts its threads from Python 3.13 on."""

    def start_joinable_thread(
        function: Callable[..., object], handle: object = None, daemon: bool = True
    ) -> object:
        return _Counted(clock, function).start(lambda run: original(run, handle=handle, daemon=daemon))

    return start_joinable_thread


def _join_all() -> None:
    """At its end the interpreter joins what is left by means that the clock does not know: be there first."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()

"""Threads, counted from before they start until they have ended.

What lives here: the replacements for starting and joining threads.
What must never be known here: how time moves on.
"""

from __future__ import annotations

import _thread
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import cast

from conformance.clock import real
from conformance.clock.locks import VirtualLock
from conformance.clock.sweep import Replacements
from conformance.clock.timeline import VirtualClock

_Start = Callable[..., object]


def replace_threads(clock: VirtualClock, replacements: Replacements) -> None:
    """Threads started from now on live in virtual time, and joining them is a wait that the clock knows."""
    running: weakref.WeakKeyDictionary[threading.Thread, VirtualLock] = weakref.WeakKeyDictionary()

    def counted(function: Callable[..., object]) -> tuple[Callable[..., object], Callable[[], None]]:
        """The thread's function, and what to do when it could not be started."""
        me = clock.expect()
        ended = VirtualLock()
        ended.acquire()
        owner = getattr(function, "__self__", None)
        if isinstance(owner, threading.Thread):
            running[owner] = ended

        def run(*args: object, **kwargs: object) -> object:
            clock.enter(me)
            try:
                return function(*args, **kwargs)
            finally:
                ended.release()
                clock.leave(me)

        return run, lambda: clock.leave(me)

    def start_new_thread(
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object] | None = None,
        /,
    ) -> int:
        run, failed = counted(function)
        try:
            return real.start_new_thread(run, args, dict(kwargs or {}))
        except BaseException:  # whatever it is, the thread does not exist
            failed()
            raise

    def joinable(original: _Start) -> _Start:
        def start_joinable_thread(
            function: Callable[..., object], handle: object = None, daemon: bool = True
        ) -> object:
            run, failed = counted(function)
            try:
                return original(run, handle=handle, daemon=daemon)
            except BaseException:  # whatever it is, the thread does not exist
                failed()
                raise

        return start_joinable_thread

    def join(self: threading.Thread, timeout: float | None = None) -> None:
        ended = running.get(self)
        if ended is not None and self is not threading.current_thread() and clock.me() is not None:
            if not ended.acquire(timeout=-1 if timeout is None else max(timeout, 0)):
                return
            ended.release()
            timeout = None  # the little that is left to do for it takes no virtual time
        real.join(self, timeout)

    def join_all() -> None:
        """At the interpreter's end it joins what is left by means that the clock does not know."""
        for thread in threading.enumerate():
            if not thread.daemon and thread is not threading.current_thread():
                thread.join()

    replacements.put(_thread, "start_new_thread", start_new_thread)
    if hasattr(threading, "_start_new_thread"):
        setattr(threading, "_start_new_thread", start_new_thread)  # noqa: B010 - not in the type stubs
    if hasattr(_thread, "start_joinable_thread"):
        start = joinable(cast(_Start, _thread.start_joinable_thread))
        replacements.put(_thread, "start_joinable_thread", start)
        setattr(threading, "_start_joinable_thread", start)  # noqa: B010 - not in the type stubs
    setattr(threading.Thread, "join", join)  # noqa: B010 - a method cannot be assigned to in typed code
    register_atexit = getattr(threading, "_register_atexit")  # noqa: B009 - not in the type stubs
    register_atexit(join_all)

"""The way into virtual time.

What lives here: `install`, which puts a whole process on the virtual clock.
What must never be known here: how any single primitive is replaced.

The process ought to be a disposable one, and this the first thing that happens in it: threads that run
already stay in real time, and locks that exist already are not seen. Waits in `time.sleep`, locks and what is
made of them, sockets with and without TLS, select, poll, epoll and event loops cost nothing: when nobody runs
and nothing is under way, time jumps to the earliest deadline. Other waits (a read from a pipe, name
resolution, a C extension) are noticed after a moment, and time flows with real time until they end; so it does
while there are child processes. `VirtualClock.flowed` says how much.

On Linux nothing is guessed. Elsewhere a short grace period stands in for asking what is under way.
"""

from __future__ import annotations

import os

from conformance.clock import real
from conformance.clock.attendant import attend
from conformance.clock.locks import replace_locks
from conformance.clock.polling import replace_polling
from conformance.clock.quiescence import Kernel
from conformance.clock.readings import replace_readings
from conformance.clock.sockets import replace_sockets, sockets
from conformance.clock.sweep import Replacements
from conformance.clock.threads import replace_threads
from conformance.clock.timeline import SECOND, VirtualClock
from conformance.clock.tls import replace_tls

_installed: VirtualClock | None = None


def install(*, wall: float | None = None) -> VirtualClock:
    """Put the calling thread, and all that is started from now on, on a virtual clock.

    `wall`: what the wall clocks show at first, in seconds since the epoch; the real time if absent. Raises
    RuntimeError the second time: a process has one clock, and there is no way back.
    """
    global _installed  # noqa: PLW0603 - the process has one clock, like it has one `time.sleep`
    if _installed is not None:
        raise RuntimeError("The virtual clock is installed already; a process has one. Pass that one on.")
    clock = VirtualClock(real.wall_ns() if wall is None else round(wall * SECOND), Kernel(sockets))
    attend(clock)
    replacements = Replacements()
    replace_locks(clock, replacements)
    replace_threads(clock, replacements)
    replace_readings(clock, replacements)
    replace_polling(clock, replacements)
    replace_sockets(clock)
    replace_tls()
    replacements.sweep()
    os.register_at_fork(after_in_child=clock.forget)
    _installed = clock
    return clock

"""The interpreter's own clocks, locks, waits and sockets, bound before any of them is replaced.

What lives here: names for originals. Only code of this package may use them once the clock is installed.
What must never be known here: anything virtual.
"""

from __future__ import annotations

import _socket
import _thread
import select
import sys
import threading
import time

get_ident = _thread.get_ident
get_native_id = _thread.get_native_id
allocate_lock = _thread.allocate_lock
RLock = _thread.RLock
Lock = _thread.LockType
start_new_thread = _thread.start_new_thread
join = threading.Thread.join

sleep = time.sleep
perf_counter = time.perf_counter
perf_counter_ns = time.perf_counter_ns
clock_gettime = time.clock_gettime
clock_gettime_ns = time.clock_gettime_ns
wall_ns = time.time_ns

poll = select.poll
select_ = select.select
if sys.platform == "linux":
    epoll = select.epoll
Socket = _socket.socket


# Some versions of time-machine change `time.monotonic` in place; none changes this.
def monotonic() -> float:
    return clock_gettime(time.CLOCK_MONOTONIC)


def monotonic_ns() -> int:
    return clock_gettime_ns(time.CLOCK_MONOTONIC)

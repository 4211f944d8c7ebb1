"""Tries an accelerated clock from inside: run by itself, with the library preloaded, it waits in every way that has
been known to hang.

Prints the name of each wait before it begins, so that whoever runs it knows where it hangs; ends with 0 if all went
well, or says what did not. Nothing of it depends on how busy the machine is.

What lives here: the waits; the standard library, and little of it.
What must never be known here: anything else of this package.
"""

from __future__ import annotations

import queue
import select
import socket
import sys
import threading
import time
from collections.abc import Callable

_SECONDS = 1.0
_CLOCK_TICK = 0.02  # of `/proc/uptime`, generously
# The least factor that is taken for acceleration. It is tried with twenty.
_FACTOR = 10


def _uptime() -> float:
    """What the machine's clock shows: a file, which no library makes faster."""
    with open("/proc/uptime") as file:
        return float(file.read().split()[0])


def _get_from_an_empty_queue() -> None:
    try:
        queue.Queue[None]().get(timeout=_SECONDS)
    except queue.Empty:
        return


def _receive_from_a_silent_peer() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(_SECONDS)
        try:
            near.recv(1)
        except TimeoutError:
            return


def _acquire_a_lock_that_is_taken() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=_SECONDS)


_WAITS: dict[str, Callable[[], object]] = {
    "time.sleep": lambda: time.sleep(_SECONDS),
    "threading.Event.wait": lambda: threading.Event().wait(_SECONDS),
    "queue.Queue.get": _get_from_an_empty_queue,
    "threading.Lock.acquire": _acquire_a_lock_that_is_taken,
    "select.select": lambda: select.select([], [], [], _SECONDS),
    "socket.recv": _receive_from_a_silent_peer,
}


def main() -> str | None:
    for name, wait in _WAITS.items():
        print(name, flush=True)
        began, really_began = time.monotonic(), _uptime()
        wait()
        really_took, took = _uptime() - really_began, time.monotonic() - began
        # The inner readings are the machine's: a pause between two readings can only make the client's clock
        # look faster, and then it passed all the same.
        if took < _FACTOR * (really_took - _CLOCK_TICK):
            return f"in {name}, the clock does not run faster"
        if took < _SECONDS - 1e-6:
            return f"{name} comes back after {took:.3f} of {_SECONDS:.0f} second by the clock"
    return None


if __name__ == "__main__":
    sys.exit(main())

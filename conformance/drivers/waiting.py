"""Waiting for a client and for the end of a trial at once.

What lives here: how somebody who waits learns that the trial has been stopped.
What must never be known here: what is waited for, and what the client's clock says. All is wall time here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.trial import Stop

LOOK = 0.1
"""seconds between looks at an event that cannot tell when it is set"""


@contextmanager
def bell(stop: threading.Event) -> Iterator[int]:
    """A descriptor that becomes readable when the event is set, if the event can tell."""
    readable, writable = os.pipe()
    open_ends = [writable]
    lock = threading.Lock()

    def ring() -> None:
        with lock:
            for end in open_ends:
                os.write(end, b"!")

    try:
        if isinstance(stop, Stop):
            stop.tell(ring)
        yield readable
    finally:
        with lock:
            open_ends.clear()
        os.close(writable)
        os.close(readable)


def patience(stop: threading.Event, left: float) -> float:
    """For how many of the seconds that are left a wait may last until `stop` has to be looked at."""
    return left if isinstance(stop, Stop) else min(left, LOOK)


def wait(over: threading.Event, stop: threading.Event, deadline: float) -> None:
    """Until `over` or `stop` is set, or the monotonic clock has reached the deadline."""
    if isinstance(stop, Stop):
        stop.tell(over.set)
        over.wait(max(deadline - time.monotonic(), 0))
        return
    while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
        if over.wait(patience(stop, left)):
            return

"""One thread's part in the virtual clock, and the lock under which anybody's part changes.

What lives here: the record of a thread and of the wait that it is in.
What must never be known here: what time it is, and who else there is.
"""

from __future__ import annotations

import gc
import os
import select
from collections.abc import Mapping
from types import TracebackType

from conformance.clock import real


class Mutex:
    """A reentrant lock inside which the garbage collector rests: a finaliser may want locks of its own, whose
    owners may want this one.
    """

    def __init__(self) -> None:
        self._lock = real.RLock()
        self._depth = 0
        self._collecting = False

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1 and gc.isenabled():
            self._collecting = True
            gc.disable()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0 and self._collecting:
            self._collecting = False
            gc.enable()
        self._lock.release()


class Participant:
    """A thread that is counted, and the wait that it is in, if any."""

    __slots__ = (
        "bell",
        "deadline",
        "fds",
        "granted",
        "ident",
        "parker",
        "poller",
        "readings",
        "ringer",
        "running",
    )

    def __init__(self) -> None:
        self.ident = 0
        self.running = True
        self.granted = False
        self.deadline: int | None = None
        self.fds: Mapping[int, int] | None = None
        self.readings = 0
        self.parker = real.allocate_lock()
        self.parker.acquire()
        self.poller: select.poll | None = None
        self.bell = self.ringer = -1

    def open_bell(self) -> select.poll:
        """The poll object of this thread's waits for descriptors, with the pipe that a jump rings."""
        if self.poller is None:
            self.bell, self.ringer = os.pipe()
            os.set_blocking(self.bell, False)
            os.set_blocking(self.ringer, False)
            self.poller = real.poll()
            self.poller.register(self.bell, select.POLLIN)
        return self.poller

    def close_bell(self) -> None:
        if self.poller is not None:
            os.close(self.bell)
            os.close(self.ringer)
            self.poller = None

"""The clock's own thread, which lives in real time and looks after what cannot announce itself.

What lives here: looking again at something in flight, and letting time flow with real time while a thread
waits in a way that the clock does not know, or while there are child processes.
What must never be known here: how the known waits work.
"""

from __future__ import annotations

import os
import time

from conformance.clock import real
from conformance.clock.timeline import SECOND, VirtualClock

_ROUND = 0.02
"""real seconds between two looks when nothing is expected"""
_STALL = 0.1
"""real seconds without a sign of life after which a wait counts as escaped"""
_BUSY = 1.0
"""seconds of processor time without a sign of life after which a loop counts as waiting for another thread"""
_STALE = 0.06
"""real seconds after which a ready descriptor that wakes nobody is no longer believed"""


def attend(clock: VirtualClock) -> None:
    """Start the thread."""
    real.start_new_thread(_Attendant(clock).run, ())


class _Attendant:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._signs = 0
        self._looked = self._before = self._since = real.monotonic()
        """when it looked last, and between which two looks the last sign of life was given"""
        self._used = self._spent = 0.0
        """process time when `_since` began, and when the last sign of life was seen"""

    def run(self) -> None:
        clock = self._clock
        self._me = real.get_native_id()
        clock.wake_attendant.acquire()
        nap = _ROUND
        while True:
            rung = clock.wake_attendant.acquire(timeout=nap)
            nap = self._look(0.0001 if rung else nap)

    def _look(self, nap: float) -> float:
        """See what has happened since, and say in how many real seconds to look again."""
        clock = self._clock
        now = real.monotonic()
        with clock.mutex:
            signs = self._count_signs()
            if signs != self._signs or clock.held:
                self._signs = signs
                self._spent = time.process_time()
                self._alive(self._looked, now)
            self._looked = now
            if clock.held or not clock.participants:
                return _ROUND
            if not clock.running:
                return self._watch_blocked(now, nap)
        return self._watch_running(now)

    def _count_signs(self) -> int:
        """A number that changes whenever anything happens. The mutex is held."""
        return self._clock.changes + sum(each.readings for each in self._clock.participants.values())

    def _alive(self, before: float, now: float) -> None:
        """A thread was alive between these two moments."""
        self._before, self._since = before, now
        self._used = time.process_time()
        self._clock.catch_up()

    def _watch_blocked(self, now: float, nap: float) -> float:
        clock = self._clock
        clock.advance(ring=False)
        if clock.obstacle == "in flight":
            return min(nap * 2, 0.001)
        if clock.obstacle == "children":
            self._flow()
            earliest = clock.earliest()
            wanted = 0.002 if earliest is None else (earliest - clock.now_ns()) / SECOND
            return max(0.0002, min(0.002, wanted))
        if clock.obstacle == "ready" and now - self._since > _STALE and self._all_asleep():
            clock.stale.update(each for each in clock.participants.values() if each.fds is not None)
            clock.advance(ring=False)
        return _ROUND

    def _watch_running(self, now: float) -> float:
        if now - self._since < _STALL / 4:
            return _ROUND
        used = time.process_time()
        if used - self._spent > _BUSY:
            escaped = True
        elif not self._all_asleep() or used - self._used > 0.1 * (now - self._since) + 0.005:
            escaped = False
            self._alive(now, now)
        else:
            escaped = self._clock.flowing or now - self._since > _STALL
        if not escaped:
            return _ROUND
        with self._clock.mutex:
            if self._count_signs() == self._signs and not self._clock.held:
                self._flow()
        return 0.004

    def _flow(self) -> None:
        """Credit what has gone by, from the beginning of the stall on: rather too much than too little."""
        self._clock.flow(self._before)
        self._signs = self._count_signs()

    def _all_asleep(self) -> bool:
        """Does no thread that counts run, or want to? One that a busy machine keeps waiting wants to."""
        try:
            tasks = os.listdir("/proc/self/task")
        except OSError:  # this system does not tell
            return True
        for task in tasks:
            if int(task) != self._me and int(task) not in self._clock.exempted:
                try:
                    with open(f"/proc/self/task/{task}/stat", encoding="ascii", errors="replace") as file:
                        state = file.read().rpartition(")")[2].split()[0]
                except OSError:  # it has ended
                    continue
                if state in ("R", "D"):
                    return False
        return True

"""The virtual clock itself: who takes part, who waits until when, and the jump.

What lives here: the count of running threads, the waits, the reading of the clock and its advance. Times are
integers of virtual nanoseconds unless a name or a docstring says seconds.
What must never be known here: which of Python's primitives wait, and how they were replaced.

Everything that changes who runs happens under `VirtualClock.mutex`. It is reentrant, since a signal handler
may come in between and release something.
"""

from __future__ import annotations

import itertools
import math
import os
import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from conformance.clock import real
from conformance.clock.participant import Mutex, Participant

SECOND = 1_000_000_000
START = 1_000 * SECOND
"""Where the monotonic clock begins. Small, so that a float of seconds is exact to the nanosecond."""
TICK = 100
"""Time stands still between two jumps, but programs rely on one reading being later than the last."""
SPIN = 20_000
"""So many readings without a wait are a loop that watches the clock, and only its own readings can end it."""
SPIN_ROUND = 64
SPIN_STEP = 6_400_000
"""What every so many further readings of such a loop are worth."""


@dataclass(frozen=True, slots=True)
class ThreadState:
    """One thread that lives in virtual time. `deadline` is in virtual seconds, None if it waits for ever."""

    name: str
    ident: int
    blocked: bool
    deadline: float | None


class Surroundings(Protocol):
    """What else must be known before time may move on."""

    def in_flight(self) -> bool:
        """Is anything under way in the kernel that will make a descriptor ready without our doing?"""

    def children(self) -> bool:
        """Are there live child processes, who live in real time?"""


class VirtualClock:
    """The one clock of a process.

    `flowed`: real seconds that were credited because a wait escaped, `jumps`: how often time jumped.
    """

    def __init__(self, wall: int, surroundings: Surroundings) -> None:
        self.mutex = Mutex()
        self.flowed = 0.0
        self.jumps = 0
        self.changes = 0
        """counts whatever shows that the process is alive: waits begun and ended"""
        self.running = 0
        self.held = 0
        self.flowing = False
        """does time flow with real time for the moment?"""
        self.obstacle: str | None = None
        """why time could not jump when last everybody was blocked; None when it could"""
        self.wake_attendant = real.allocate_lock()
        self.stale: set[Participant] = set()
        """waiters whose descriptors look ready but do not wake them: closed, or taken over by others"""
        self.participants: dict[int, Participant] = {}
        self.exempted: set[int] = set()
        """the system's numbers of the threads that live in real time for now"""
        self._surroundings = surroundings
        self._credited_to = 0.0
        self.wall_offset = wall - START
        self._base = START
        self._ticks = itertools.count(1)
        self.enter(self.expect())

    # -- reading ----------------------------------------------------------------------------------------

    def now(self) -> float:
        """Virtual monotonic seconds. Each reading is later than every earlier one."""
        return self.now_ns() / SECOND

    def now_ns(self) -> int:
        if self.flowing:
            self.catch_up()
        return self._instant()

    def _instant(self) -> int:
        return self._base + next(self._ticks) * TICK

    def wall_ns(self) -> int:
        """Virtual nanoseconds since the epoch."""
        return self.wall_offset + self.now_ns()

    def read(self, me: Participant) -> int:
        """The clock as `me` sees it, who is known by it to be watching."""
        me.readings += 1
        if me.readings >= SPIN and me.readings % SPIN_ROUND == 0:
            self._hurry()
        if self.flowing:
            self.catch_up()
        return self._base + next(self._ticks) * TICK

    def yielded(self, me: Participant) -> None:
        """`me` has made way for others. A loop of that waits for somebody, and may watch no clock."""
        me.readings += SPIN_ROUND
        if me.readings >= SPIN:
            self._hurry()

    def deadline(self, timeout: float) -> int:
        """The moment that is `timeout` seconds from now, never a nanosecond too early."""
        return self.now_ns() + math.ceil(timeout * SECOND)

    def me(self) -> Participant | None:
        """The calling thread; None if it lives in real time, as a signal handler amid a wait does."""
        me = self.participants.get(real.get_ident())
        return me if me is not None and me.running else None

    # -- taking part ------------------------------------------------------------------------------------

    def expect(self) -> Participant:
        """Count a thread that is about to be started."""
        with self.mutex:
            self.running += 1
            self.changes += 1
            return Participant()

    def enter(self, me: Participant) -> None:
        """The thread that was expected is this one."""
        me.ident = real.get_ident()
        with self.mutex:
            self.participants[me.ident] = me

    def leave(self, me: Participant) -> None:
        """`me` ends, or could not be started."""
        with self.mutex:
            if self.participants.get(me.ident) is me:
                del self.participants[me.ident]
            self.stale.discard(me)
            me.close_bell()
            self._one_less()

    @contextmanager
    def exempt(self) -> Iterator[None]:
        """The calling thread lives in real time and is not waited for."""
        me = self.me()
        if me is None:
            yield
            return
        native = real.get_native_id()
        with self.mutex:
            self.exempted.add(native)
            del self.participants[me.ident]
            self._one_less()
        try:
            yield
        finally:
            with self.mutex:
                self.exempted.discard(native)
                self.participants[me.ident] = me
                self.running += 1
                self.changes += 1

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Time stands still, whoever waits for it."""
        with self.mutex:
            self.held += 1
        try:
            yield
        finally:
            with self.mutex:
                self.held -= 1
                if self.running == 0:
                    self.advance()

    def forget(self) -> None:
        """This is a forked child: nobody takes part any more, and all threads live in real time."""
        self.mutex = Mutex()
        for each in self.participants.values():
            each.running = True  # no lock is handed over to a thread of the parent
        self.participants.clear()

    def threads(self) -> tuple[ThreadState, ...]:
        """All threads that live in virtual time."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        with self.mutex:
            return tuple(
                ThreadState(
                    names.get(ident, f"thread {ident}"),
                    ident,
                    not each.running,
                    None if each.deadline is None else each.deadline / SECOND,
                )
                for ident, each in self.participants.items()
            )

    # -- waiting ----------------------------------------------------------------------------------------

    def sleep(self, me: Participant, deadline: int) -> None:
        try:
            with self.mutex:
                self.suspend(me, deadline)
            me.parker.acquire()
        except BaseException:  # a signal handler raised, the thread runs again
            self.recover(me)
            raise

    def wait(self, me: Participant, fds: Mapping[int, int], deadline: int | None) -> bool:
        """Block until one of the descriptors, each with its poll events, may be ready; False at the deadline."""
        poller = me.open_bell()
        registered = []
        try:
            for fd, events in fds.items():
                poller.register(fd, events)
                registered.append(fd)
            with self.mutex:
                me.fds = fds
                self.suspend(me, deadline)
            if me.running:
                return False
            return any(fd != me.bell for fd, _ in poller.poll())
        finally:
            self.recover(me)
            for fd in registered:
                poller.unregister(fd)

    def suspend(self, me: Participant, deadline: int | None) -> None:
        """`me` is about to block. The mutex is held, and `me` stands where its waker will find it.

        Whoever suspends acquires `me.parker` or polls its bell next, and calls `recover` if that fails.
        """
        me.running = me.granted = False
        me.deadline = deadline
        self._one_less()

    def wake(self, waiter: Participant, granted: bool) -> None:
        """Count a blocked thread as running on its behalf, so that there is no gap. The mutex is held."""
        waiter.running = True
        waiter.granted = granted
        self.running += 1
        self.changes += 1
        waiter.deadline = None
        waiter.readings = 0
        if waiter.fds is None:
            waiter.parker.release()
        elif waiter.ident != real.get_ident():
            os.write(waiter.ringer, b"!")

    def recover(self, me: Participant) -> None:
        """The thread runs again for whatever reason: by itself, or woken without having noticed."""
        with self.mutex:
            if not me.running:
                me.running = True
                me.deadline = None
                me.readings = 0
                self.running += 1
                self.changes += 1
            if me.fds is None:
                me.parker.acquire(blocking=False)
            else:
                me.fds = None
                self.stale.discard(me)
                with suppress(BlockingIOError):
                    os.read(me.bell, 8)

    def _one_less(self) -> None:
        self.running -= 1
        self.changes += 1
        if self.running == 0:
            self.advance()

    # -- moving on --------------------------------------------------------------------------------------

    def earliest(self) -> int | None:
        """The next moment at which somebody stops waiting. The mutex is held."""
        return min(
            (each.deadline for each in self.participants.values() if each.deadline is not None), default=None
        )

    def advance(self, *, ring: bool = True) -> None:
        """Nobody runs: jump to the earliest deadline unless something is still to come. The mutex is held.

        If something is, the attendant has to look again, and is rung for unless it is the one who asks.
        """
        if self.flowing:
            self.catch_up()
        target = self.earliest()
        if target is None or self.held:
            self.obstacle = None
            return
        if self._any_ready():
            self.obstacle = "ready"
        elif self._surroundings.children():
            self.obstacle = "children"
        elif self._surroundings.in_flight():
            self.obstacle = "in flight"
        else:
            self.obstacle = None
            self.jumps += 1
            self.move(target)
            return
        if ring and self.obstacle != "ready" and self.wake_attendant.locked():
            self.wake_attendant.release()

    def move(self, target: int) -> None:
        """Time is `target`, or later if it was; whoever waited until then wakes. The mutex is held."""
        elapsed = next(self._ticks) * TICK
        if self._base + elapsed < target:
            self._base = target - elapsed
        reached = self._base + elapsed
        for each in tuple(self.participants.values()):
            if each.deadline is not None and each.deadline <= reached:
                self.wake(each, granted=False)

    def flow(self, since: float) -> None:
        """Time flows with real time, from this real moment on unless it has flowed that far already."""
        with self.mutex:
            since = max(since, self._credited_to)
            self._credited_to = real.monotonic()
            self.flowing = True
            self._credit(self._credited_to - since)

    def catch_up(self) -> None:
        """Somebody lives again: time has flowed up to this very moment, and stands still from here on."""
        with self.mutex:
            if self.flowing:
                self.flow(self._credited_to)
                self.flowing = False

    def _credit(self, elapsed: float) -> None:
        """So many real seconds are to be lived through, at most up to the next deadline."""
        now = self._instant()
        target = now + int(elapsed * SECOND)
        earliest = self.earliest()
        if earliest is not None:
            target = max(now, min(target, earliest))
        self.flowed += (target - now) / SECOND
        self.move(target)

    def _any_ready(self) -> bool:
        """Is a descriptor ready that somebody waits for? Then that thread is on its way back."""
        wanted: dict[int, int] = {}
        for each in self.participants.values():
            if each.fds is not None and not each.running and each not in self.stale:
                for fd, events in each.fds.items():
                    wanted[fd] = wanted.get(fd, 0) | events
        if not wanted:
            return False
        poller = real.poll()
        for fd, events in wanted.items():
            poller.register(fd, events)
        return any(not events & select.POLLNVAL for _, events in poller.poll(0))

    def _hurry(self) -> None:
        """The readings of a loop that watches the clock take longer, if only such loops are left to run."""
        with self.mutex:
            if self.held or self.running > len(self.participants):
                return
            if any(each.running and each.readings < SPIN for each in self.participants.values()):
                return
            if not self._any_ready() and not self._surroundings.in_flight():
                target = self._instant() + SPIN_STEP
                earliest = self.earliest()
                self.move(target if earliest is None else min(target, earliest))

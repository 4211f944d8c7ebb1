"""One run: orders are handed to a client in front of a sandbox, and what happens becomes evidence.

What lives here: when an order is handed over, and when the client is asked again.
What must never be known here: how the client is driven, which clock is running, and which check will judge.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from conformance.clock.pace import Pace
from conformance.evidence import Call, Exchange, Outcome, PlannedOrder, Trial
from conformance.faults import InProgress

PAUSES = (5.0, 15.0, 60.0, 300.0)
"""client seconds that the suite, as the client's caller, waits before it asks again after an undecided call"""
MOST_CALLS = 10
"""calls for one order at the most, where a client that goes on by itself has met nothing but faults so far"""
SILENT_CALLS = 6
"""calls in a row that send nothing before the suite stops asking; an open circuit breaker is such a call"""
AFTER_DEATH = 1.0
"""client seconds from the moment at which a client was killed until it is started again and asked"""
DECIDED = frozenset({"final", "key-mismatch"})
FLOODED = "the client sent more requests than any client should"
"""why a trial was ended by the `flooded` event of its world"""


class Stop(threading.Event):
    """An event that also tells listeners when it is set, so that nobody has to wait for two events at once."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Callable[[], None]] = []

    def tell(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)
        if self.is_set():
            listener()

    def set(self) -> None:
        super().set()
        for listener in self._listeners:
            listener()


class Placing(Protocol):
    """The part of a driver that a trial needs."""

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call: ...


def run_orders(
    trial: Trial,
    driver: Placing,
    exchanges: Callable[[], tuple[Exchange, ...]],
    stop: threading.Event,
    *,
    resumes: bool,
    pace: Pace | None = None,
    restart: Callable[[], None] | None = None,
) -> tuple[Call, ...]:
    """Hands over every order of the trial and asks again where a caller would. Blocks until all are done.

    `exchanges` gives all that the sandbox has seen and said so far; `stop` ends everything early; `restart` is
    called between one order and the next where the trial asks for it.
    """
    calls: list[Call] = []
    pace = pace or Pace()
    callers = 2 if trial.twice else 1

    def drive(order: PlannedOrder, numbers: Iterator[int]) -> None:
        calls.extend(_drive(trial, order, numbers, driver, exchanges, stop, resumes, pace))

    def hand_over(*orders: PlannedOrder) -> None:
        numbered = [(order, itertools.count(1)) for order in orders]
        _side_by_side([partial(drive, *each) for each in numbered for _ in range(callers)])

    if trial.concurrent:
        hand_over(*trial.orders)
    else:
        for number, order in enumerate(trial.orders):
            if number and trial.restart and restart:
                restart()
            if order.corrects is None or _was_refused(order.corrects, calls):
                hand_over(order)
    return tuple(sorted(calls, key=lambda call: (call.started_at, call.reference, call.number)))


def _side_by_side(acts: list[Callable[[], None]]) -> None:
    """The first in this thread where it is the only one."""
    if len(acts) == 1:
        acts[0]()
        return
    threads = [
        threading.Thread(target=act, name=f"golive-caller-{number}", daemon=True)
        for number, act in enumerate(acts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _was_refused(reference: str, calls: list[Call]) -> bool:
    """Nobody corrects an order that may still go through."""
    last = next((call for call in reversed(calls) if call.reference == reference), None)
    return last is not None and last.outcome is not None and last.outcome.kind == "rejected"


def _drive(
    trial: Trial,
    order: PlannedOrder,
    numbers: Iterator[int],
    driver: Placing,
    exchanges: Callable[[], tuple[Exchange, ...]],
    stop: threading.Event,
    resumes: bool,
    pace: Pace,
) -> list[Call]:
    """The calls of one caller for one order."""
    calls: list[Call] = []
    pauses = PAUSES if trial.later is None else (trial.later,)
    sent = silent = seen = 0
    while True:
        call = driver.place(order, next(numbers), stop=stop)
        calls.append(call)
        if trial.once or not resumes or stop.is_set():
            return calls
        if call.ending == "killed" and len(calls) < MOST_CALLS:
            pace.wait(stop, AFTER_DEATH)
            continue
        if call.outcome is None or call.outcome.kind == "created":
            return calls
        attempts = _attempts(order, exchanges())
        if not _undecided(call.outcome, attempts):
            return calls
        if len(attempts) > seen:
            sent, silent, seen = sent + 1, 0, len(attempts)
        else:
            silent += 1
        at_work = len(attempts) > len(calls) and len(attempts) <= _disturbances(order)
        if trial.later is not None and len(calls) > len(pauses):
            return calls
        if (sent > len(PAUSES) and not (at_work and sent < MOST_CALLS)) or silent > SILENT_CALLS:
            return calls
        pace.wait(stop, pauses[min(max(sent + silent, 1), len(pauses)) - 1])


def _disturbances(order: PlannedOrder) -> float:
    """Attempts that will meet a fault."""
    if order.endless:
        return math.inf
    return sum(fault.times if isinstance(fault, InProgress) else 1 for fault in order.schedule)


def _undecided(outcome: Outcome, attempts: tuple[Exchange, ...]) -> bool:
    """Would a careful caller ask again? Never after success, a final error, a key mismatch or a crash."""
    last = attempts[-1] if attempts else None
    if last is not None and last.answer in DECIDED and last.delivered == "complete":
        return False
    return outcome.kind == "unknown" or (last is not None and last.answer == "rate-limited")


def _attempts(order: PlannedOrder, exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    return tuple(
        exchange
        for exchange in exchanges
        if exchange.reference == order.reference and exchange.attempt is not None
    )

"""One run: orders are handed to a client in front of a sandbox, and what happens becomes evidence.

What lives here: when an order is handed over, and when the client is asked again.
What must never be known here: how the client is driven, which clock is running, and which check will judge.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from conformance.evidence import Call, Exchange, PlannedOrder, Trial

PAUSES = (5.0, 15.0, 60.0, 300.0)
"""client seconds that the suite, as the client's caller, waits before it asks again after an undecided call"""
SILENT_CALLS = 6
"""calls in a row that send nothing before the suite stops asking; an open circuit breaker is such a call"""
DECIDED = frozenset({"final", "key-mismatch"})


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
) -> tuple[Call, ...]:
    """Hands over every order of the trial and asks again where a caller would. Blocks until all are done.

    `exchanges` gives what the sandbox has seen so far; `stop` ends everything early.
    """
    calls: list[Call] = []

    def drive(order: PlannedOrder) -> None:
        calls.extend(_drive(order, driver, exchanges, stop, resumes))

    if trial.concurrent:
        threads = [
            threading.Thread(target=drive, args=(order,), name=f"golive-{order.reference}", daemon=True)
            for order in trial.orders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for order in trial.orders:
            drive(order)
    return tuple(sorted(calls, key=lambda call: (call.started_at, call.reference)))


def _drive(
    order: PlannedOrder,
    driver: Placing,
    exchanges: Callable[[], tuple[Exchange, ...]],
    stop: threading.Event,
    resumes: bool,
) -> list[Call]:
    calls: list[Call] = []
    sent = silent = 0
    while True:
        before = len(_attempts(order, exchanges()))
        call = driver.place(order, len(calls) + 1, stop=stop)
        calls.append(call)
        attempts = _attempts(order, exchanges())
        if len(attempts) > before:
            sent, silent = sent + 1, 0
        else:
            silent += 1
        if not resumes or stop.is_set() or not _undecided(call, attempts):
            return calls
        if sent > len(PAUSES) or silent > SILENT_CALLS:
            return calls
        stop.wait(PAUSES[min(max(sent + silent, 1), len(PAUSES)) - 1])


def _undecided(call: Call, attempts: tuple[Exchange, ...]) -> bool:
    """Would a careful caller ask again? Never after success, a final error, a key mismatch or a crash."""
    last = attempts[-1] if attempts else None
    if call.outcome is None or call.outcome.kind == "created":
        return False
    if last is not None and last.answer in DECIDED and last.delivered == "complete":
        return False
    return call.outcome.kind == "unknown" or (last is not None and last.answer == "rate-limited")


def _attempts(order: PlannedOrder, exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    return tuple(
        exchange
        for exchange in exchanges
        if exchange.reference == order.reference and exchange.attempt is not None
    )

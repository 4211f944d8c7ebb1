"""Drivers: how an order is handed to the client, and what the client says came of it."""

from __future__ import annotations

import threading
from typing import Protocol

from conformance.evidence import Call, Output, PlannedOrder


class Driver(Protocol):
    """One client, ready to be handed orders. `epoch`: when the trial began, on `time.monotonic()`; times of
    calls count from there.
    """

    kind: str
    epoch: float

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        """Hands the order over and waits for what the client says; sooner ends when `stop` is set.

        `number` counts the calls for this reference, from 1. May be called from several threads at once.
        """
        ...

    def outputs(self) -> tuple[Output, ...]:
        """What the client wrote since the last time, redacted, with the places where it showed its key."""
        ...

    def close(self) -> None:
        """Ends whatever the client left running."""
        ...

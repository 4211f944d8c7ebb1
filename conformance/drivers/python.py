"""The python driver: the client is a function, called in this very process.

What lives here: calling the function, and what it says. It runs inside the host process
(`host.py`), which can be ended when the client does not.
What must never be known here: the sandbox, the clock in use, and any check.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack

from conformance.contract import Contract
from conformance.drivers import NoRestart
from conformance.drivers.jolts import jolted
from conformance.drivers.outcome import Crash, from_exception, from_return, redacted
from conformance.drivers.target import Context, Target
from conformance.evidence import RETURNED, Call, Outcome, Output, PlannedOrder
from conformance.hygiene.canary import Scanner
from conformance.traces import scanned_text
from conformance.trial import Stop

MOST_SAID = 500
"""characters kept of what a client said with an exception"""


class PythonDriver:
    """Calls the function in a thread of its own for each order. `limit`: client seconds for one call; `jolted`: calls
    that run at once are to get into each other's way.
    """

    kind = "python"
    killed = False  # this process would be gone as well
    restartable = False

    def __init__(
        self,
        target: Target,
        context: Callable[[str], Context],
        contract: Contract,
        scanner: Scanner,
        limit: float,
    ) -> None:
        self.epoch = time.monotonic()
        self.limit = limit
        self.jolted = False
        self._traces: list[str] = []
        self._told: list[str] = []
        self._unfinished = 0
        self._target = target
        self._context = context
        self._contract = contract
        self._scanner = scanner

    @property
    def spoilt(self) -> bool:
        """Nothing ends a thread: a call that did not come back is in the way for ever."""
        return self._unfinished > 0

    def pids(self) -> tuple[int, ...]:
        return (os.getpid(),)

    def start(self, stop: threading.Event) -> None:
        """Does nothing: the function is there."""

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        started = time.monotonic() - self.epoch
        over = threading.Event()
        believed: list[Outcome | Crash] = []
        raised: list[str] = []

        def run() -> None:
            stack = ExitStack()
            try:
                if self.jolted:
                    stack.enter_context(jolted(f"{order.reference} {number}"))
                value = self._target(copy.deepcopy(order.body), self._context(order.handed_as))  # type: ignore[arg-type]  # JSON is invariant
                if inspect.isawaitable(value):
                    value = asyncio.run(_finish(value))
                believed.append(from_return(value))
            except BaseException as error:  # noqa: BLE001  whatever the client raises is what it says, SystemExit too
                self._traces.append("".join(traceback.format_exception(error)))
                raised.extend(traceback.format_exception_only(error)[-1:])
                believed.append(from_exception(error, self._contract.error_types))
            finally:
                stack.close()
                over.set()

        threading.Thread(target=run, name=f"client-{order.reference}-{number}", daemon=True).start()
        if isinstance(stop, Stop):
            stop.tell(over.set)
        over.wait(self.limit)
        ended = time.monotonic() - self.epoch
        if not believed:
            self._unfinished += 1
            if stop.is_set():
                return Call(order.reference, number, started, ended, None, "stopped")
            detail = f"no answer within {self.limit:.0f} client seconds"
            return Call(order.reference, number, started, ended, None, "hung", detail)
        result = believed[0]
        if isinstance(result, Crash):
            detail = self._scanner.redact(result.detail)
            return Call(order.reference, number, started, ended, None, "crashed", detail)
        said = self._scanner.redact("".join(raised).strip())[:MOST_SAID]
        self._told += filter(None, (result.order_id, result.status, result.type))
        outcome = redacted(result, self._scanner.redact)
        return Call(order.reference, number, started, ended, outcome, detail=said)

    def restart(self) -> None:
        """Raises NoRestart: the rig has to replace the process that this driver lives in."""
        raise NoRestart("a function is restarted by replacing the process that it lives in")

    def kill(self) -> None:
        """Raises NoRestart: this very process would be gone."""
        raise NoRestart("a function cannot be killed without the process that calls it")

    def outputs(self) -> tuple[Output, ...]:
        """The tracebacks of what the function raised, and what of its outcomes would give a secret away. All else is
        written by this very process.
        """
        raised, self._traces = self._traces, []
        told, self._told = "\n".join(self._told), []
        outputs = [scanned_text("\n".join(raised), "exception", self._scanner)] if raised else []
        if self._scanner.suspects(told.encode("utf-8", "surrogatepass")):
            outputs.append(scanned_text(told, RETURNED, self._scanner))
        return tuple(outputs)

    def close(self) -> None:
        """Does nothing: the rig ends the process."""


async def _finish(value: object) -> object:
    return await value  # type: ignore[misc]  # only called with awaitables

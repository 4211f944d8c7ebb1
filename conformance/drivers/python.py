"""The python driver: the client is a function, called in this very process.

What lives here: finding the function, calling it, and what it logs. It runs inside the host process
(`host.py`), which can be ended when the client does not.
What must never be known here: the sandbox, the clock in use, and any check.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.contract import Contract
from conformance.drivers import NoRestart
from conformance.drivers.jolts import jolted
from conformance.drivers.outcome import Crash, from_exception, from_return, redacted
from conformance.evidence import RETURNED, Call, Outcome, Output, PlannedOrder
from conformance.hygiene.canary import Scanner
from conformance.traces import scanned_text
from conformance.trial import Stop

Target = Callable[[dict[str, object], "Context"], object]
MOST_SAID = 500
"""characters kept of what a client said with an exception"""


class TargetError(Exception):
    """The function that the profile names cannot be had; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the client is told beside the order. `state_dir` outlives restarts of the client."""

    base_url: str
    api_key: str
    api_version: str
    reference: str
    state_dir: Path
    ca_file: Path | None = None


def find_target(name: str) -> Target:
    """The function that `module:function` names.

    Raises TargetError: no such module, an error while it was imported, or no such function in it.
    """
    module_name, _, path = name.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except BaseException as error:  # noqa: BLE001  the client's module may raise whatever it likes, SystemExit too
        raise TargetError(
            f"client.target: importing {module_name!r} failed\n{_told(error, module_name)}"
        ) from None
    for part in path.split("."):
        if not hasattr(found, part):
            known = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
            hint = f"; it has {', '.join(known[:8])}" if known else ""
            raise TargetError(f"client.target: {module_name!r} has no {path!r}{hint}")
        found = getattr(found, part)
    if not callable(found):
        raise TargetError(f"client.target: {name!r} cannot be called; it is a {type(found).__name__}")
    return found


def _told(error: BaseException, module_name: str) -> str:
    """The traceback without frames that are not the client's, and what to do where there is none."""
    told = traceback.TracebackException.from_exception(error)
    theirs = [
        frame for frame in told.stack if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    told.stack = traceback.StackSummary.from_list(theirs)
    text = "".join(told.format() if theirs else told.format_exception_only()).rstrip()
    if isinstance(error, ModuleNotFoundError):
        text += (
            "\nIt is looked for in the profile's folder, the folder that golive runs in and PYTHONPATH, by the "
            f"Python that golive runs in ({sys.executable})"
        )
    if isinstance(error, ModuleNotFoundError) and not module_name.startswith(error.name or " "):
        text += "; install golive where the client is installed"
    return text


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
                believed.append(from_exception(error, self._contract))
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


_ORDINARY = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""what every record has; all else was added by the client, for formatters that show it"""


class _Records(logging.Handler):
    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__(logging.NOTSET)
        self._take = take
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            added = [f" {name}={value!r}" for name, value in vars(record).items() if name not in _ORDINARY]
            line = self.format(record) + "".join(added)
        except Exception as error:  # noqa: BLE001  the client's own objects may raise anything
            line = f"{record.levelname} {record.name} (not formattable: {error!r}) {_unformatted(record)}"
        self._take(f"{line}\n")


def _unformatted(record: logging.LogRecord) -> str:
    """What logging itself prints to standard error of a record that cannot be formatted."""
    try:
        return f"{record.msg!r} {record.args!r}"
    except Exception as error:  # noqa: BLE001  the client's own objects may raise anything
        return repr(error)


@contextmanager
def every_logger_talks(take: Callable[[str], None]) -> Iterator[None]:
    """Inside, every logger is at DEBUG, and `take` is given each formatted record, in whichever thread.

    Switches that are no loggers, such as `http.client`'s debug level, stay as the client has them.
    """
    handler = _Records(take)
    root = logging.getLogger()
    loggers = [root, *(item for item in root.manager.loggerDict.values() if isinstance(item, logging.Logger))]
    before = [(logger, logger.level, logger.disabled) for logger in loggers]
    disabled = root.manager.disable
    logging.disable(logging.NOTSET)
    listening = [logger for logger in loggers if logger is root or not logger.propagate]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.disabled = False
    for logger in listening:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in listening:
            logger.removeHandler(handler)
        for logger, level, was_disabled in before:
            logger.setLevel(level)
            logger.disabled = was_disabled
        logging.disable(disabled)

"""A Python client's function: where it is found, what it is told, and how all that it logs is heard.

What lives here: what is needed wherever the function is called, in the host or in a process of its own. The latter
is started over and over, so nothing heavy is imported here.
What must never be known here: who calls the function, when, and what comes of it.
"""

from __future__ import annotations

import importlib
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Target = Callable[[dict[str, object], "Context"], object]


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

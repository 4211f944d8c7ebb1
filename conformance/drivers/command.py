"""The command driver: one process an order, which reads it from standard input and prints what came of it.

What lives here: the conversation with one such process, and when it is over. Whatever the process does,
`place` returns: with what it said, or with why it said nothing.
What must never be known here: the sandbox, any check, and how processes are confined and ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from conformance.contract import Contract
from conformance.drivers.confinement import Confinement, NotStarted, Process
from conformance.drivers.environment import clean_env, render_env
from conformance.drivers.outcome import LONGEST_LINE, Crash, from_line, redacted
from conformance.evidence import Call, Outcome, Output, PlannedOrder
from conformance.hygiene.canary import REDACTED, Canary, Scanner
from conformance.traces import Recording, Traces
from conformance.trial import Stop

_Ending = Literal["crashed", "hung", "stopped"]
GRACE = 1.0
"""seconds on the wall that a process has to end by itself once it has printed its outcome"""

_CHUNK = 1 << 16
_LAST_LINES = 5
_LOOK = 0.1  # seconds between looks at an event that cannot tell when it is set


class CommandDriver:
    """Starts `command` in `folder` for each order. `limit`: seconds on the wall for one call.

    Raises EnvironmentMistake when `env` cannot be filled in.
    """

    kind = "command"

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        env: Mapping[str, str],
        contract: Contract,
        canary: Canary,
        base_url: str,
        api_version: str,
        state_dir: Path,
        confinement: Confinement,
        limit: float,
        log_files: Sequence[str] = (),
        ca_file: Path | None = None,
    ) -> None:
        self.epoch = time.monotonic()
        self._command = tuple(command)
        self._folder = folder
        self._state_dir = state_dir
        self._confinement = confinement
        self._limit = limit
        self._contract = contract
        self._scanner = Scanner(canary)
        self._lock = threading.Lock()
        self._outputs: list[Output] = []
        values = {
            "base_url": base_url,
            "api_key": canary.key,
            "api_version": api_version,
            "port": str(urlsplit(base_url).port or ""),
            "state_dir": str(state_dir),
            "ca_file": str(ca_file or ""),
        }
        named = render_env(env, values)
        self._scratch = Path(tempfile.mkdtemp(prefix="golive-client-"))
        temporary = self._scratch / "tmp"
        temporary.mkdir()
        self._env = {
            **clean_env(temporary),
            **named,
            "GOLIVE_STATE_DIR": values["state_dir"],
            "GOLIVE_CA_FILE": values["ca_file"],
            "GOLIVE_API_VERSION": api_version,
        }
        self._traces = Traces(self._scratch, folder, log_files, canary)
        self._traces.begin(state_dir)

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        """Blocks until the process has said what it believes, has ended, or is ended."""
        started = time.monotonic()
        request = json.dumps({"reference": order.reference, "order": order.body}).encode() + b"\n"
        ear = _Ear()
        recordings = (Recording("stdout", self._scanner), Recording("stderr", self._scanner))
        ending: _Ending = "crashed"
        status = None
        try:
            with ExitStack() as stack:
                talk = _Conversation(stack, request, ear, recordings)
                process = self._confinement.start(
                    self._command,
                    env=self._env,
                    cwd=self._folder,
                    stdin=talk.theirs["stdin"],
                    stdout=talk.theirs["stdout"],
                    stderr=talk.theirs["stderr"],
                )
                stack.callback(process.end)
                ending = talk.run(process, stop, started + self._limit)
                status = process.status
        except NotStarted as error:
            ear.said = Crash(f"client.command could not be started: {error}")
        outputs = [recording.finish() for recording in recordings if recording.size]
        with self._lock:
            self._outputs += outputs
        ended = (ear.said_at if isinstance(ear.said, Outcome) else None) or time.monotonic()
        call = Call(order.reference, number, started - self.epoch, ended - self.epoch, None)
        if isinstance(ear.said, Outcome):
            return replace(call, outcome=redacted(ear.said, self._scanner.redact))
        if ending == "stopped":
            return replace(call, ending=ending)
        if ear.said is not None:
            detail = ear.said.detail
        elif ending == "hung":
            detail = f"the client printed no outcome within {self._limit:g} seconds"
        else:
            detail = f"the client printed no outcome and ended with {_told(status)}{_last_lines(outputs)}"
        return replace(call, ending=ending, detail=self._scanner.redact(detail))

    def outputs(self) -> tuple[Output, ...]:
        """Streams of each call, and what was written to log files and to the client's own folders."""
        with self._lock:
            streams, self._outputs = self._outputs, []
            files = self._traces.collect({})
            self._traces.begin(self._state_dir)
        return (*streams, *(self._without_other_keys(output) for output in files))

    def close(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _without_other_keys(self, output: Output) -> Output:
        """Trials side by side share the client's log files, and each knows only its own key by its secret."""
        return replace(output, text=self._contract.key_pattern.sub(REDACTED, output.text))


class _Conversation:
    """Three pipes, and everything that goes through them. `theirs`: the client's ends, by stream."""

    def __init__(
        self, stack: ExitStack, request: bytes, ear: _Ear, recordings: tuple[Recording, Recording]
    ) -> None:
        self.theirs: dict[str, int] = {}
        self._ours: dict[str, int] = {}
        stack.callback(self._close)
        self.theirs["stdin"], self._ours["stdin"] = os.pipe()
        self._ours["stdout"], self.theirs["stdout"] = os.pipe()
        self._ours["stderr"], self.theirs["stderr"] = os.pipe()
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._request = request
        self._ear = ear
        self._streams = dict(zip((self._ours["stdout"], self._ours["stderr"]), recordings, strict=True))
        for end in self._ours.values():
            os.set_blocking(end, False)

    def run(self, process: Process, stop: threading.Event, deadline: float) -> _Ending:
        """Until the process has ended, has said what it believes and had its grace, or must not go on.

        Gives why nothing more was to be expected. Afterwards the process and all its descendants are ended,
        and everything that they wrote has been read.
        """
        _close_all(self.theirs)
        self._selector.register(process, selectors.EVENT_READ)
        self._selector.register(self._ours["stdin"], selectors.EVENT_WRITE)
        for end in self._streams:
            self._selector.register(end, selectors.EVENT_READ)
        with _bell(stop) as bell:
            self._selector.register(bell, selectors.EVENT_READ)
            ending = self._wait(process, stop, deadline)
        process.end()
        for end in tuple(self._streams):
            while self._hear(end):
                pass
        return ending

    def _wait(self, process: Process, stop: threading.Event, deadline: float) -> _Ending:
        while not stop.is_set():
            if self._ear.said_at is not None:
                deadline = min(deadline, self._ear.said_at + GRACE)
            left = deadline - time.monotonic()
            if left <= 0:
                return "hung"
            ready = self._selector.select(left if isinstance(stop, Stop) else min(left, _LOOK))
            for key, _ in ready:
                if key.fileobj is process and process.poll():
                    return "crashed"
                if key.fd == self._ours.get("stdin"):
                    self._speak(key.fd)
                elif key.fd in self._streams:
                    self._hear(key.fd)
        return "stopped"

    def _speak(self, end: int) -> None:
        try:
            self._request = self._request[os.write(end, self._request) :]
        except BrokenPipeError:  # the client does not care to read it
            self._request = b""
        if not self._request:
            self._selector.unregister(end)
            os.close(self._ours.pop("stdin"))

    def _hear(self, end: int) -> bool:
        """Reads once; False when there is nothing, or nothing any more."""
        try:
            chunk = os.read(end, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self._selector.unregister(end)
            del self._streams[end]
            return False
        recording = self._streams[end]
        recording.feed(chunk)
        if recording.stream == "stdout":
            self._ear.feed(chunk)
        return True

    def _close(self) -> None:
        _close_all(self.theirs)
        _close_all(self._ours)


class _Ear:
    """Listens to standard output for lines that are outcomes. `said_at`: when the first valid one came."""

    def __init__(self) -> None:
        self.said: Outcome | Crash | None = None
        self.said_at: float | None = None
        self._finished: Outcome | Crash | None = None  # by the lines that have come to their end
        self._line = b""
        self._too_long = False

    def feed(self, chunk: bytes) -> None:
        data = self._line + chunk
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            lines = [] if b"outcome" not in whole else whole.split(b"\n")
            if self._too_long:
                del lines[:1]
            self._too_long = False
            # The last one counts, so the others need not be read.
            self._finished = next(
                (said for line in reversed(lines) if (said := _outcome(line))), self._finished
            )
        self._too_long = self._too_long or len(rest) > LONGEST_LINE
        self._line = b"" if self._too_long else rest
        # A line that is an outcome already counts, though its end is not printed yet, or never will be.
        unfinished = _outcome(self._line) if self._line[-8:].rstrip().endswith(b"}") else None
        self.said = unfinished or self._finished
        if isinstance(self.said, Outcome) and self.said_at is None:
            self.said_at = time.monotonic()


def _outcome(line: bytes) -> Outcome | Crash | None:
    return from_line(line.decode("utf-8", "replace"))


def _close_all(ends: dict[str, int]) -> None:
    while ends:
        os.close(ends.popitem()[1])


@contextmanager
def _bell(stop: threading.Event) -> Iterator[int]:
    """A descriptor that becomes readable when the event is set."""
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


def _told(status: int | None) -> str:
    if status is None:
        return "no exit status"
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {-status} ({signal.Signals(-status).name})"
    return f"signal {-status}"


def _last_lines(outputs: Sequence[Output]) -> str:
    """The end of standard error, or of standard output where there was none."""
    for stream in ("stderr", "stdout"):
        for output in outputs:
            lines = (
                [line for line in output.text.splitlines() if line.strip()] if output.stream == stream else []
            )
            if lines:
                shown = "\n".join(line[:300] for line in lines[-_LAST_LINES:])
                return f"; the last of its {stream}:\n{shown}"
    return ""

"""The command driver: one process an order, which reads it from standard input and prints what came of it.

What lives here: the conversation with one such process, and when it is over. Whatever the process does,
`place` returns: with what it said, or with why it said nothing.
What must never be known here: the sandbox, any check, and how processes are confined and ended.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Literal

from conformance.clock.pace import Pace
from conformance.drivers import Setting
from conformance.drivers.confinement import NotStarted, Process
from conformance.drivers.lines import Lines
from conformance.drivers.outcome import Crash, from_line, redacted
from conformance.drivers.process import Quarters, last_lines
from conformance.drivers.waiting import bell, patience
from conformance.evidence import Call, Outcome, Output, PlannedOrder
from conformance.traces import Recording

_Ending = Literal["crashed", "hung", "stopped"]
GRACE = 1.0
"""seconds on the wall that a process has to end by itself once it has printed its outcome"""

_CHUNK = 1 << 16


class CommandDriver:
    """Starts `client.command` for each order.

    Raises EnvironmentMistake when `env` cannot be filled in.
    """

    kind = "command"
    spoilt = False  # nothing is left of a process when its call is over
    restartable = True

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._pace = setting.pace
        self.epoch = setting.pace.now()
        self.limit = setting.limit
        self._quarters = Quarters(setting)
        self._lock = threading.Condition()
        self._running: set[Process] = set()
        self._slain: set[Process] = set()

    @property
    def killed(self) -> bool:
        return self._quarters.killed

    def pids(self) -> tuple[int, ...]:
        with self._lock:
            return tuple(process.pid for process in self._running)

    def start(self, stop: threading.Event) -> None:
        """Does nothing: there is a process only while there is an order."""

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        """Blocks until the process has said what it believes, has ended, or is ended."""
        began, deadline = self._pace.now(), time.monotonic() + self.limit
        request = json.dumps({"reference": order.handed_as, "order": order.body}).encode() + b"\n"
        ear = _Ear(self._pace)
        scanner = self._quarters.scanner
        recordings = (Recording("stdout", scanner), Recording("stderr", scanner))
        ending: _Ending = "crashed"
        ended = ""
        slain = False
        try:
            with ExitStack() as stack:
                talk = _Conversation(stack, request, ear, recordings)
                process = self._quarters.start(
                    self._setting.client.command,
                    stdin=talk.theirs["stdin"],
                    stdout=talk.theirs["stdout"],
                    stderr=talk.theirs["stderr"],
                )
                stack.callback(self._end, process)
                with self._lock:
                    self._running.add(process)
                ending = talk.run(process, stop, deadline)
                slain = self._is_slain(process)
                if ending == "crashed" and not slain:
                    ended = self._quarters.ended(process)
        except NotStarted as error:
            ear.said = Crash(f"client.command could not be started: {error}")
        outputs = [recording.finish() for recording in recordings if recording.size]
        self._quarters.keep(outputs)
        over = (ear.said_at if isinstance(ear.said, Outcome) else None) or self._pace.now()
        call = Call(order.reference, number, began - self.epoch, over - self.epoch, None)
        if isinstance(ear.said, Outcome):
            return replace(call, outcome=redacted(ear.said, scanner.redact))
        if slain:
            return replace(call, ending="killed")
        if ending == "stopped":
            return replace(call, ending=ending)
        if ear.said is not None:
            detail = ear.said.detail
        elif ending == "hung":
            detail = f"the client printed no outcome within {self.limit:g} seconds"
        else:
            tail = last_lines([(output.stream, output.text) for output in outputs])
            detail = f"the client printed no outcome and ended with {ended}{tail}"
        return replace(call, ending=ending, detail=scanner.redact(detail))

    def restart(self) -> None:
        """Does nothing: the next order has a process of its own anyway."""

    def kill(self) -> None:
        with self._lock:
            self._slain |= self._running
            for process in self._slain:
                process.signal(signal.SIGKILL)
            # Whoever waits for one of them ends what it has started as well.
            self._lock.wait_for(lambda: not self._slain)

    def outputs(self) -> tuple[Output, ...]:
        """Streams of each call, and what was written to log files and to the client's own folders."""
        return self._quarters.outputs()

    def close(self) -> None:
        self._quarters.close()

    def _is_slain(self, process: Process) -> bool:
        with self._lock:
            return process in self._slain

    def _end(self, process: Process) -> None:
        process.end()
        with self._lock:
            self._running.discard(process)
            self._slain.discard(process)
            self._lock.notify_all()


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
        with bell(stop) as rung:
            self._selector.register(rung, selectors.EVENT_READ)
            ending = self._wait(process, stop, deadline)
        process.end()
        for end in tuple(self._streams):
            while self._hear(end):
                pass
        return ending

    def _wait(self, process: Process, stop: threading.Event, deadline: float) -> _Ending:
        while not stop.is_set():
            if self._ear.patience_ends is not None:
                deadline = min(deadline, self._ear.patience_ends)
            left = deadline - time.monotonic()
            if left <= 0:
                return "hung"
            ready = self._selector.select(patience(stop, left))
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
    """Listens to standard output for outcomes, of which the last one counts. Once there is a valid one,
    `said_at` says when, in client seconds, and `patience_ends` until when on the wall more is waited for.
    """

    def __init__(self, pace: Pace) -> None:
        self.said: Outcome | Crash | None = None
        self.said_at: float | None = None
        self.patience_ends: float | None = None
        self._pace = pace
        self._lines = Lines()
        self._finished: Outcome | Crash | None = None  # by the lines that have come to their end

    def feed(self, chunk: bytes) -> None:
        lines = self._lines.feed(chunk)
        # The last one counts, so the others need not be read.
        self._finished = next((said for line in reversed(lines) if (said := _outcome(line))), self._finished)
        unfinished = _outcome(self._lines.unfinished) if self._lines.seems_whole() else None
        self.said = unfinished or self._finished
        if isinstance(self.said, Outcome) and self.said_at is None:
            self.said_at = self._pace.now()
            self.patience_ends = time.monotonic() + GRACE


def _outcome(line: bytes) -> Outcome | Crash | None:
    return from_line(line.decode("utf-8", "replace"))


def _close_all(ends: dict[str, int]) -> None:
    while ends:
        os.close(ends.popitem()[1])

"""A process that lives on from order to order: spoken to, listened to, and told to go.

What lives here: the pipes of one such process and the thread that serves them, so that one that is full, silent
or flooded keeps nobody waiting.
What must never be known here: what is said in them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import struct
import termios
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from conformance.drivers.confinement import Process
from conformance.drivers.process import Quarters, last_lines
from conformance.traces import Recording

_CHUNK = 1 << 16
_DRAINED = 16  # chunks read for a cut: more than a pipe holds, and an end to a flood
_TAIL = 4_096  # bytes of the end of each stream, from which is told how the process ended
_DOUBT = 5.0  # seconds on the wall that a process has to end once it has closed what it needs to go on
_INT = struct.Struct("i")


class Listener(Protocol):
    """Whom a process talks to."""

    def heard(self, chunk: bytes) -> None:
        """Something came on standard output."""

    def ended(self, resident: Resident) -> None:
        """The process is gone, and all that it wrote has been heard and kept. Called before `over` is set."""


class Resident:
    """A process, started at once. Without `listener` nothing is said to it, and what it prints is mere output.

    Once `over` is set, `how` tells what became of it, empty where it was told to go, and `failure` is an error
    of ours, if there was one. Threads may share it. Raises NotStarted.
    """

    def __init__(self, quarters: Quarters, command: Sequence[str], listener: Listener | None = None) -> None:
        self.over = threading.Event()
        self.how = ""
        self.failure: BaseException | None = None
        self._quarters = quarters
        self._listener = listener
        self._recordings = {name: Recording(name, quarters.scanner) for name in ("stdout", "stderr")}
        self._tails = dict.fromkeys(self._recordings, b"")
        self._reading = threading.Lock()  # held while somebody reads, and hears
        self._ringing = threading.Lock()
        self._ends: dict[str, int] = {}
        self._input: _Input | None = None
        self._waiting_for_room = False
        self._farewell: tuple[int | None, float] | None = None
        self._deadline: float | None = None
        with ExitStack() as stack:
            stack.callback(_close_all, self._ends)
            self._selector = stack.enter_context(selectors.DefaultSelector())
            self._process = self._start(command, stack)
            self._resources = stack.pop_all()
        self.pid = self._process.pid
        threading.Thread(target=self._live, name=f"golive-client-{self.pid}", daemon=True).start()

    def _start(self, command: Sequence[str], stack: ExitStack) -> Process:
        self._ends["bell"], self._ends["rope"] = os.pipe()
        theirs: dict[str, int] = {}
        try:
            if self._listener is None:
                theirs["stdin"] = os.open(os.devnull, os.O_RDONLY)
            else:
                theirs["stdin"], ours = os.pipe()
                self._input = _Input(ours)
                stack.callback(self._input.close)
            for name in self._recordings:
                self._ends[name], theirs[name] = os.pipe()
            for end in self._ends.values():
                os.set_blocking(end, False)
            process = self._quarters.start(
                command, stdin=theirs["stdin"], stdout=theirs["stdout"], stderr=theirs["stderr"]
            )
        finally:
            _close_all(theirs)
        self._selector.register(process, selectors.EVENT_READ, "process")
        for name in ("bell", *self._recordings):
            self._selector.register(self._ends[name], selectors.EVENT_READ, name)
        return process

    def say(self, data: bytes) -> int:
        """Hands data over, as soon as the process takes it. Gives its place: see `untouched`."""
        assert self._input is not None
        place = self._input.say(data)
        if self._input.unsaid or self._input.deaf:
            self._ring()  # the thread has to wait, for more room or for the end
        return place

    def untouched(self, place: int) -> bool:
        """Whether the process took nothing of what was said at this place, and so cannot know of it."""
        return self._input is not None and place >= self._input.taken()

    def last_lines(self) -> str:
        """The end of what it wrote, as the end of a sentence."""
        with self._reading:
            tails = [(name, tail.decode("utf-8", "replace")) for name, tail in self._tails.items()]
        return self._quarters.scanner.redact(last_lines(tails))

    def cut(self) -> None:
        """Keeps, for the next `outputs` of the quarters, what it wrote between the last cut and this moment."""
        with self._reading:
            if not self._ends:  # it is gone, and all was kept
                return
            for name in self._recordings:
                for _ in range(_DRAINED):
                    if not self._hear(name):
                        break
            self._quarters.keep(
                [recording.cut() for recording in self._recordings.values() if recording.size]
            )

    def end(self, grace: float, number: int | None = None) -> None:
        """Closes its standard input, sends it the signal, if there is one to be sent, and gives it so many
        seconds on the wall to go. Returns when it is gone with all that it started.
        """
        self._farewell = self._farewell or (number, grace)
        self._ring()
        self.over.wait()

    def _live(self) -> None:
        for duty in (self._serve, self._finish):
            try:
                duty()
            except BaseException as error:  # noqa: BLE001  an error of ours, in a thread: whoever waits has to raise it
                self.failure = error
        if self._listener is not None:
            self._listener.ended(self)
        self.over.set()

    def _serve(self) -> None:
        """Until the process has ended, or has to."""
        while True:
            left = None if self._deadline is None else max(self._deadline - time.monotonic(), 0)
            if left == 0:
                return
            for key, _ in self._selector.select(left):
                if key.data == "process":
                    if self._process.poll():
                        self.how = (
                            "" if self._farewell else f"ended with {self._quarters.ended(self._process)}"
                        )
                        return
                elif key.data == "stdin":
                    self._speak()
                elif key.data == "bell":
                    os.read(self._ends["bell"], _CHUNK)
                    self._attend()
                else:
                    self._listen(key.data)

    def _listen(self, name: str) -> None:
        with self._reading:
            heard = self._hear(name)
        if heard == b"":
            self._selector.unregister(self._ends[name])
            if name == "stdout" and self._listener is not None:
                self._doubt("closed its standard output, but did not end")

    def _hear(self, name: str) -> bytes | None:
        """Reads once: nothing (None), the end (empty), or what came."""
        try:
            chunk = os.read(self._ends[name], _CHUNK)
        except BlockingIOError:
            return None
        if chunk:
            self._recordings[name].feed(chunk)
            self._tails[name] = (self._tails[name] + chunk)[-_TAIL:]
            if name == "stdout" and self._listener is not None:
                self._listener.heard(chunk)
        return chunk

    def _attend(self) -> None:
        """Does what the bell was rung for."""
        if self._farewell is None:
            self._speak()
            return
        number, grace = self._farewell
        self._deadline = time.monotonic() + grace
        self.how = ""
        if number == signal.SIGKILL:
            return  # at once, and without a sign that the end is near
        if self._input is not None:
            self._wait_for_room(False)
            self._input.close()
        if number is not None:
            self._process.signal(number)

    def _speak(self) -> None:
        if self._input is None:
            return
        self._input.go_on()
        self._wait_for_room(bool(self._input.unsaid))
        if self._input.deaf:
            self._doubt("closed its standard input, but did not end")

    def _wait_for_room(self, wanted: bool) -> None:
        assert self._input is not None
        if wanted and not self._waiting_for_room:
            self._selector.register(self._input.end, selectors.EVENT_WRITE, "stdin")
        elif self._waiting_for_room and not wanted:
            self._selector.unregister(self._input.end)
        self._waiting_for_room = wanted

    def _doubt(self, how: str) -> None:
        """It cannot go on, so it is about to end, and will say in what; if it does not, it has to be ended."""
        if self._deadline is None:
            self.how = how
            self._deadline = time.monotonic() + _DOUBT

    def _finish(self) -> None:
        self._process.end()
        with self._reading:
            for name in self._recordings:
                while self._hear(name):
                    pass
            self._quarters.keep([it.finish() for it in self._recordings.values() if it.size])
            with self._ringing:
                self._resources.close()

    def _ring(self) -> None:
        with self._ringing, contextlib.suppress(BlockingIOError):  # a bell that rings already is loud enough
            if self._ends:
                os.write(self._ends["rope"], b"!")


class _Input:
    """The standard input of a process: takes everything at once, and hands it on while there is room. `deaf`: the
    other end was closed.
    """

    def __init__(self, end: int) -> None:
        os.set_blocking(end, False)
        self.end = end
        self.unsaid = b""
        self.deaf = False
        self._lock = threading.Lock()
        self._said = 0
        self._written = 0
        self._taken: int | None = None  # what it had taken when this end was closed

    def say(self, data: bytes) -> int:
        with self._lock:
            place = self._said
            self._said += len(data)
            self.unsaid += data
        self.go_on()
        return place

    def go_on(self) -> None:
        """Writes what fits."""
        with self._lock:
            if self.deaf or self._taken is not None:
                self.unsaid = b""
            try:
                while self.unsaid:
                    written = os.write(self.end, self.unsaid)
                    self._written += written
                    self.unsaid = self.unsaid[written:]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                self.deaf = True
                self.unsaid = b""

    def taken(self) -> int:
        """The bytes that the process took; what it left in the pipe it never saw."""
        with self._lock:
            if self._taken is not None:
                return self._taken
            left = fcntl.ioctl(self.end, termios.FIONREAD, bytes(_INT.size))
            return self._written - int(_INT.unpack(left)[0])

    def close(self) -> None:
        taken = self.taken()
        with self._lock:
            if self._taken is None:
                self._taken = taken
                os.close(self.end)


def _close_all(ends: dict[str, int]) -> None:
    while ends:
        os.close(ends.popitem()[1])

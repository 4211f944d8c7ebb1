"""The worker driver: one process for many orders, JSON Lines both ways.

What lives here: which answer belongs to which order, and what becomes of the orders when the process ends.
What must never be known here: the sandbox, any check, and how bytes get into the process and out of it.
"""

from __future__ import annotations

import itertools
import json
import signal
import threading
import time
from dataclasses import dataclass, field, replace

from conformance.clock.pace import Pace
from conformance.drivers import NotReady, Setting
from conformance.drivers.confinement import NotStarted
from conformance.drivers.lines import Lines
from conformance.drivers.outcome import Crash, from_answer, redacted
from conformance.drivers.process import Quarters
from conformance.drivers.resident import Resident
from conformance.drivers.waiting import wait
from conformance.evidence import Call, Outcome, Output, PlannedOrder

GRACE = 1.0
"""seconds on the wall that a worker has to end by itself once its standard input is closed"""
_MOST_ODDITIES = 3


class WorkerDriver:
    """Starts `client.command` for the first order, and again for the next one when it has ended.

    Raises EnvironmentMistake when `env` cannot be filled in.
    """

    kind = "worker"
    restartable = True

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._pace = setting.pace
        self.epoch = setting.pace.now()
        self.limit = setting.limit
        self.spoilt = False
        self._quarters = Quarters(setting)
        self._numbers = itertools.count(
            1
        )  # never the same twice, so that no answer comes too late for its process
        self._lock = threading.Lock()
        self._talk: _Talk | None = None

    @property
    def killed(self) -> bool:
        return self._quarters.killed

    def pids(self) -> tuple[int, ...]:
        talk = self._talk
        return (talk.resident.pid,) if talk is not None and not talk.over else ()

    def start(self, stop: threading.Event) -> None:
        """Starts the process; whether it listens shows with the first order. Raises NotReady."""
        try:
            self._living()
        except NotStarted as error:
            raise NotReady(_not_started(error)) from None

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        """Blocks until the process has answered, has ended, or the call is over."""
        began, deadline = self._pace.now(), time.monotonic() + self.limit
        call = Call(order.reference, number, began - self.epoch, None, None)
        notes: list[str] = []
        while True:
            try:
                talk, note = self._living()
            except NotStarted as error:
                return self._crashed(call, _not_started(error), notes)
            notes += [note] if note else []
            question = talk.ask(next(self._numbers), order)
            wait(question.over, stop, deadline)
            talk.forget(question)
            if talk.failure is not None:
                raise talk.failure
            if not question.lost or stop.is_set():
                break
        if talk.slain and not isinstance(question.said, Outcome):
            return replace(call, ended_at=self._pace.now() - self.epoch, ending="killed")
        if isinstance(question.said, Outcome):
            outcome = redacted(question.said, self._quarters.scanner.redact)
            at = question.said_at - self.epoch
            return replace(call, outcome=outcome, ended_at=at, detail="; ".join(notes))
        if question.said is not None:
            return self._crashed(call, question.said.detail, notes)
        ended = replace(call, ended_at=self._pace.now() - self.epoch)
        self.spoilt = self.spoilt or not question.lost
        if stop.is_set() or question.over.is_set():  # the second: the process was told to go
            return replace(ended, ending="stopped")
        detail = (
            f"the client printed no answer with the id {question.number} within {self.limit:g} seconds"
            f"{talk.odd()}"
        )
        return replace(ended, ending="hung", detail=self._quarters.scanner.redact(detail))

    def restart(self) -> None:
        """Closes the worker's standard input and lets it end; the next order has a new process."""
        with self._lock:
            talk, self._talk = self._talk, None
        if talk is not None:
            talk.resident.end(GRACE)
        self.spoilt = False

    def kill(self) -> None:
        with self._lock:
            talk, self._talk = self._talk, None
        if talk is not None:
            talk.slain = True
            talk.resident.end(0.0, signal.SIGKILL)
        self.spoilt = False

    def outputs(self) -> tuple[Output, ...]:
        talk = self._talk
        if talk is not None:
            talk.resident.cut()
        return self._quarters.outputs()

    def close(self) -> None:
        self.restart()
        self._quarters.close()

    def _living(self) -> tuple[_Talk, str]:
        """The process to speak to, and what became of the last one if nobody has been told. Raises NotStarted."""
        with self._lock:
            note = ""
            if self._talk is None or self._talk.over:
                last, self._talk = self._talk, None
                if last is not None and last.failure is not None:
                    raise last.failure
                note = last.epilogue if last is not None else ""
                self._talk = _Talk(self._quarters, self._setting.client.command, self._pace)
            return self._talk, note

    def _crashed(self, call: Call, detail: str, notes: list[str]) -> Call:
        told = self._quarters.scanner.redact("\n".join([detail, *notes]))
        return replace(call, ended_at=self._pace.now() - self.epoch, ending="crashed", detail=told)


@dataclass(eq=False)
class _Question:
    """An order that was handed over. `lost`: the process ended before it could know of it."""

    number: int
    place: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    said: Outcome | Crash | None = None
    said_at: float = 0.0
    lost: bool = False


class _Talk:
    """What is said to one process, and by it. `over`: the process is gone; `epilogue`: what became of it, where
    no order was told; `slain`: it was killed, since the trial wants it so.
    """

    def __init__(self, quarters: Quarters, command: tuple[str, ...], pace: Pace) -> None:
        self.over = False
        self.slain = False
        self.epilogue = ""
        self._pace = pace
        self._lines = Lines()
        self._lock = threading.Lock()
        self._open: dict[int, _Question] = {}
        self._answered: set[int] = set()
        self._given_up: set[int] = set()
        self._oddities: dict[str, None] = {}
        self._end = ""
        self.resident = Resident(quarters, command, self)

    @property
    def failure(self) -> BaseException | None:
        return self.resident.failure

    def ask(self, number: int, order: PlannedOrder) -> _Question:
        request = {"id": number, "reference": order.handed_as, "order": order.body}
        question = _Question(number)
        with self._lock:
            self._open[number] = question
            question.place = self.resident.say(json.dumps(request).encode() + b"\n")
            if self.over:
                self._settle(question, self.resident)
        return question

    def forget(self, question: _Question) -> None:
        """Nobody waits for its answer any more."""
        with self._lock:
            if self._open.pop(question.number, None) is not None and question.said is None:
                self._given_up.add(question.number)

    def odd(self) -> str:
        """What it printed that was no answer, though it looked like one; as the end of a sentence."""
        with self._lock:
            return self._odd()

    def heard(self, chunk: bytes) -> None:
        for line in self._lines.feed(chunk):
            self._take(line)
        if self._lines.seems_whole() and self._take(self._lines.unfinished, unfinished=True):
            self._lines.take()

    def ended(self, resident: Resident) -> None:
        tail = resident.last_lines()
        with self._lock:
            self.over = True
            self._end = f"{resident.how}{self._odd()}{tail}" if resident.how else ""
            for question in self._open.values():
                self._settle(question, resident)
            if resident.how and all(question.lost for question in self._open.values()):
                self.epilogue = f"between orders the client's process {resident.how}, and was started again"

    def _settle(self, question: _Question, resident: Resident) -> None:
        """Tells an order that no answer will come any more."""
        if question.said is None and self._end:
            # One that did its work before may end when it likes, if it took no order with it.
            question.lost = bool(self._answered) and resident.untouched(question.place)
            if not question.lost:
                what = f"the client printed no answer with the id {question.number} and {self._end}"
                question.said = Crash(what)
        question.over.set()

    def _take(self, line: bytes, *, unfinished: bool = False) -> bool:
        """Whether the line answers an order that waits. What else it is, is remembered once it has ended."""
        answer = from_answer(line.decode("utf-8", "replace"))
        if answer is None:
            return False
        number = _number(answer[0])
        with self._lock:
            question = self._open.get(number)
            if question is not None and number not in self._answered:
                question.said, question.said_at = answer[1], self._pace.now()
                self._answered.add(number)
                question.over.set()
                return True
            if not unfinished and number not in self._given_up:
                self._oddities[self._called(number)] = None
        return False

    def _called(self, number: int) -> str:
        if number < 0:
            return "an outcome without the `id` of its order"
        if number in self._answered:
            return f"a second answer with the id {number}"
        return f"an answer with the id {number}, which no order has"

    def _odd(self) -> str:
        shown = list(self._oddities)[:_MOST_ODDITIES]
        return f"; it printed {', '.join(shown)}" if shown else ""


def _number(value: object) -> int:
    """The id that an answer repeats, as a number or as text; -1 if it repeats none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _not_started(error: NotStarted) -> str:
    return f"client.command could not be started: {error}"

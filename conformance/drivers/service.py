"""The service driver: the integrator's own HTTP service, which is posted an order and answers what came of it.

What lives here: when the service is ready, and what its answer, or the lack of one, says.
What must never be known here: the sandbox, any check, and how HTTP is spoken.
"""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from conformance.drivers import NoRestart, NotReady, Setting
from conformance.drivers.confinement import NotStarted
from conformance.drivers.outcome import from_body, redacted
from conformance.drivers.posting import Answer, Interrupted, NoAnswer, exchange, line
from conformance.drivers.process import Quarters
from conformance.drivers.resident import Resident
from conformance.drivers.waiting import wait
from conformance.evidence import RETURNED, Call, Outcome, Output, PlannedOrder
from conformance.traces import scanned_text

STARTING = 60.0
"""seconds on the wall in which a service that golive starts has to be ready"""
RUNNING = 15.0
"""seconds on the wall in which one has to answer that is said to run already"""
GRACE = 2.0
"""seconds on the wall that a service has to end by itself after SIGTERM"""
_LOOKS = (0.02, 0.25)  # seconds between looks whether it is ready: at first, and at the most
_ONE_LOOK = 5.0  # seconds for one of them
_DYING = 2.0  # seconds from the end of a line to that of the process, if that is why it broke
_SHOWN = 200


class ServiceDriver:
    """Starts `client.command` for the first order, and again when it has ended, always with the same port. Where
    there is no command, the service runs already, outside any confinement.

    Raises EnvironmentMistake when `env` cannot be filled in.
    """

    kind = "service"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._pace = setting.pace
        self.epoch = setting.pace.now()
        self.limit = setting.limit
        self.spoilt = False
        self.restartable = bool(setting.client.command)
        assert setting.client.url is not None
        port = None
        if setting.client.command:
            assert setting.confinement is not None
            port = setting.confinement.free_port()
        self._quarters = Quarters(setting, port)
        self._url = urlsplit(self._quarters.filled(setting.client.url))
        ready = setting.client.ready
        self._ready = urlsplit(self._quarters.filled(ready)) if ready else None
        self._command = tuple(part.replace("{port}", str(port)) for part in setting.client.command)
        self._starting = threading.Lock()
        self._resident: Resident | None = None
        self._reported: Resident | None = None  # its end was told in a call
        self._serves = False
        self._slain: list[Resident] = []
        self._note = ""

    @property
    def killed(self) -> bool:
        return self._quarters.killed

    def pids(self) -> tuple[int, ...]:
        resident = self._resident
        return (resident.pid,) if resident is not None and not resident.over.is_set() else ()

    def start(self, stop: threading.Event) -> None:
        """Starts the service if it does not run, and looks until it is ready. Raises NotReady."""
        if not self._command and "{port}" in f"{self._setting.client.url}{self._setting.client.ready}":
            raise NotReady(
                "client.url: {port} is chosen for a service that golive starts; write the port that yours listens "
                "on, or give client.command"
            )
        with self._starting:
            if self._lives() and self._serves:
                return
            self._serves = False
            if not self._lives():
                self._note = self._epilogue()
                try:
                    self._resident = Resident(self._quarters, self._command)
                except NotStarted as error:
                    raise NotReady(f"client.command could not be started: {error}") from None
            self._look_until_ready(stop)
            self._serves = not stop.is_set()

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        """Blocks until the service has answered, has ended, or the call is over."""
        call = Call(order.reference, number, self._now(), None, None)
        try:
            self.start(stop)
        except NotReady as error:
            return replace(call, ended_at=self._now(), ending="crashed", detail=str(error))
        body = json.dumps({"reference": order.handed_as, "order": order.body}).encode()
        resident, deadline = self._resident, time.monotonic() + self.limit
        call = replace(call, started_at=self._now())
        said: Answer | NoAnswer | None = None
        with suppress(Interrupted):
            try:
                said = exchange(self._url, self._socket, stop, deadline, body)
            except NoAnswer as error:
                said = error
        call = replace(call, ended_at=self._now())
        if said is None:
            self.spoilt = True
            if stop.is_set():
                return replace(call, ending="stopped")
            detail = f"the service gave no answer within {self.limit:g} seconds"
            return replace(call, ending="hung", detail=detail)
        if isinstance(said, Answer):
            return self._read(call, said)
        if resident is not None and resident in self._slain:
            return replace(call, ending="killed")
        if said.lost and resident is not None and resident.over.wait(_DYING) and not resident.how:
            return replace(call, ending="stopped")  # it was told to go
        return replace(call, ending="crashed", detail=self._redacted(self._why(said, resident)))

    def restart(self) -> None:
        """Sends the service SIGTERM and lets it end; the next order has a new process.

        Raises NoRestart where golive did not start it.
        """
        if not self._command:
            raise NoRestart("the service was not started by golive; give client.command to have it restarted")
        self._end()
        self.spoilt = False

    def kill(self) -> None:
        if not self._command:
            raise NoRestart("the service was not started by golive; give client.command to have it killed")
        if self._resident is not None:
            self._slain.append(self._resident)
        self._end(0.0, signal.SIGKILL)
        self.spoilt = False

    def outputs(self) -> tuple[Output, ...]:
        resident = self._resident
        if resident is not None:
            resident.cut()
        return self._quarters.outputs()

    def close(self) -> None:
        self._end()
        self._quarters.close()

    def _now(self) -> float:
        return self._pace.now() - self.epoch

    def _lives(self) -> bool:
        resident = self._resident
        if resident is not None and resident.failure is not None:
            raise resident.failure
        return not self._command or (resident is not None and not resident.over.is_set())

    def _socket(self, family: int) -> socket.socket:
        if self._command and self._setting.confinement is not None:
            return self._setting.confinement.unconnected(family)
        return socket.socket(family, socket.SOCK_STREAM)

    def _end(self, grace: float = GRACE, number: int = signal.SIGTERM) -> None:
        resident, self._resident = self._resident, None
        self._serves = False
        if resident is not None:
            resident.end(grace, number)

    def _read(self, call: Call, answer: Answer) -> Call:
        note, self._note = self._note, ""
        if self._quarters.scanner.suspects(answer.body):
            text = answer.body.decode("utf-8", "replace")
            self._quarters.keep([scanned_text(text, RETURNED, self._quarters.scanner)])
        good = 200 <= answer.status < 300
        said = from_body(answer.body.decode("utf-8", "replace")) if good else None
        if isinstance(said, Outcome):
            return replace(call, outcome=redacted(said, self._quarters.scanner.redact), detail=note)
        detail = (
            f"the service answered {_shown(answer)}; right is a 2xx with the outcome as JSON"
            if said is None
            else said.detail
        )
        return replace(call, ending="crashed", detail=self._redacted("\n".join(filter(None, (detail, note)))))

    def _why(self, error: NoAnswer, resident: Resident | None) -> str:
        """Why there was no answer: the service has ended, or else what the line said."""
        if resident is not None and resident.over.is_set():
            if resident.failure is not None:
                raise resident.failure
            self._reported = resident
            return f"the service {resident.how} before it answered{resident.last_lines()}"
        self._serves = self._serves and not error.lost  # look again before the next order
        return f"no answer from {self._url.geturl()}: {error}{'; the service lives on' if resident else ''}"

    def _epilogue(self) -> str:
        """What became of the last process, if no order was told."""
        last = self._resident
        if last is None or not last.how or last is self._reported:
            return self._note
        return self._redacted(f"between orders the service {last.how}, and was started again")

    def _look_until_ready(self, stop: threading.Event) -> None:
        """Raises NotReady."""
        resident = self._resident
        patience = STARTING if self._command else RUNNING
        deadline = time.monotonic() + patience
        pause, longest = _LOOKS
        while not stop.is_set():
            wrong = self._look(stop)
            if wrong is None:
                return
            tail = resident.last_lines() if resident is not None else ""
            if resident is not None and resident.over.is_set():
                self._reported = resident
                how = resident.how or "was ended"
                raise NotReady(self._redacted(f"the service {how} before it was ready: {wrong}{tail}"))
            if time.monotonic() >= deadline:
                hint = "" if self._command else "; start it, or give client.command to have it started"
                what = f"the service was not ready within {patience:g} seconds: {wrong}{hint}{tail}"
                raise NotReady(self._redacted(what))
            wait(threading.Event(), stop, time.monotonic() + pause)
            pause = min(1.5 * pause, longest)

    def _look(self, stop: threading.Event) -> str | None:
        """What is wrong with the service; None when it is ready."""
        deadline = time.monotonic() + _ONE_LOOK
        url = self._ready or self._url
        asked = f"GET {url.geturl()}" if self._ready else f"connecting to {url.netloc}"
        try:
            if self._ready is None:
                with line(url, self._socket, stop, deadline):
                    return None
            answer = exchange(url, self._socket, stop, deadline)
        except Interrupted:
            return f"{asked}: no answer within {_ONE_LOOK:g} seconds"
        except NoAnswer as error:
            return f"{asked}: {error}"
        return None if 200 <= answer.status < 300 else f"{asked}: {_shown(answer)}"

    def _redacted(self, text: str) -> str:
        return self._quarters.scanner.redact(text)


def _shown(answer: Answer) -> str:
    text = " ".join(answer.body.decode("utf-8", "replace").split())
    return f"{answer.status} and {text[:_SHOWN]!r}" if text else f"{answer.status} and nothing"

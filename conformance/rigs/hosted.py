"""The rig of the python driver: client and sandbox share a disposable process, the host.

What lives here: the suite's side of the conversation with `stage.py`; starting, watching and ending hosts.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Literal

from conformance import bounds
from conformance.contract import Contract
from conformance.drivers.confinement import Confinement
from conformance.drivers.environment import clean_env, import_paths
from conformance.evidence import Call, ClockReading, Evidence, Exchange, LedgerEntry, Trial
from conformance.hygiene.canary import mint
from conformance.profile import Profile
from conformance.rigs import Facts, RigError, refuses_key
from conformance.sandbox.certificates import Certificates, make_certificates
from conformance.stage import PROVISIONAL, Configuration, Event, Request, configurations, events_, requests_
from conformance.traces import Traces

SPIN = (5.0, 2.0)
"""seconds of processor time without a word from the host, after which its client is taken to spin for ever; the
second is for clients that have done so before
"""
SILENCE = {"virtual": 60.0, "real": 600.0}
"""seconds on the wall without a word from the host, after which it is given up"""
START = 60.0
"""seconds on the wall that importing the client may take"""
REAL_LIMIT = 180.0


class HostFailure(Exception):
    """The suite's own code failed in the host; the text is the traceback from there."""


class HostedRig:
    """Runs trials one after the other in a host, and replaces the host when a client has spoilt it. Those in which
    the client's process ends go to a rig where its world does not.
    """

    def __init__(self, profile: Profile, contract: Contract, *, clock: str, seed: int, folder: Path) -> None:
        assert profile.client is not None
        self._confinement = Confinement()
        # Where there is no namespace the guard inside the process still holds what Python itself sends.
        self.facts = Facts(
            True,
            self._confinement.reason or "",
            1,
            None if clock == "virtual" else 3,
            leaps=clock == "virtual",
        )
        self.secrets: list[str] = []
        self._profile = profile
        self._contract = contract
        self._client = profile.client
        self._clock = clock
        self._rng = random.Random(seed)
        self._cwd = folder
        self._scratch = Path(tempfile.mkdtemp(prefix="golive-"))
        self._hosts: dict[bool, _Host] = {}
        """by whether the client's base URL is one of TLS"""
        # Who reads the file when it starts has to find one, whether it is of use there or not.
        self._trusts_always = "{ca_file}" in " ".join(
            [*self._client.env.values(), *self._client.debug_env.values()]
        )
        self._serial = 0
        self._spun = False
        self._sweeper = ThreadPoolExecutor(1, "golive-sweeper")

    def run(self, trial: Trial) -> Evidence:
        self._serial += 1
        state_dir = self._scratch / f"state-{self._serial}"
        state_dir.mkdir()
        try:
            return self._run(trial, state_dir)
        finally:
            # While the next trial is under way: a disk takes longer for this than the rig for all else.
            self._sweeper.submit(shutil.rmtree, state_dir, ignore_errors=True)

    def _run(self, trial: Trial, state_dir: Path) -> Evidence:
        secure = trial.certificate is not None
        if secure not in self._hosts:
            self._hosts[secure] = self._start(secure)
        host = self._hosts[secure]
        try:
            evidence, spent = host.perform(Request(trial, str(state_dir)), self._clock, SPIN[self._spun])
        except BaseException:  # also Ctrl-C: a host that is in the middle of something is of no further use
            self.stop()
            raise
        if host.key_refused and all(exchange.attempt is None for exchange in evidence.exchanges):
            # What an earlier trial has told the client is not this one's doing. A new process knows nothing of it.
            self._hosts.pop(secure).end()
            shutil.rmtree(state_dir)
            state_dir.mkdir()
            return self._run(trial, state_dir)
        host.key_refused = host.key_refused or refuses_key(evidence.exchanges, self._contract)
        self._spun = self._spun or evidence.stopped is not None
        if spent:
            self._hosts.pop(secure).end()
        return evidence

    def stop(self) -> None:
        while self._hosts:
            self._hosts.popitem()[1].end()

    def close(self) -> None:
        self.stop()
        self._sweeper.shutdown()
        self._confinement.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @cached_property
    def _certificates(self) -> Certificates:
        return make_certificates(self._scratch / "certificates")

    def _start(self, secure: bool) -> _Host:
        canary = mint(self._contract, self._rng)
        self.secrets += canary.secrets
        output = Path(tempfile.mkdtemp(prefix="host-", dir=self._scratch))
        configuration = Configuration(
            clock="virtual" if self._clock == "virtual" else "real",
            target=self._client.target or "",
            import_paths=import_paths(self._profile.folder, self._cwd),
            contract=self._contract,
            canary=canary,
            api_version=self._profile.api_version,
            env=self._client.env,
            debug_env=self._client.debug_env,
            folder=str(self._profile.folder),
            log_files=tuple(self._client.log_files),
            output_folder=str(output),
            call_limit=bounds.CALL if self._clock == "virtual" else REAL_LIMIT,
            resumes=self._client.resumes,
            secure=secure,
            certificates=self._certificates if secure or self._trusts_always else None,
        )
        host = _Host(self._confinement, configuration, output, self._cwd)
        host.wait_until_ready()
        return host


class _Host:
    """One host process. Its messages come over a pipe that the client does not know of."""

    def __init__(
        self, confinement: Confinement, configuration: Configuration, output: Path, cwd: Path
    ) -> None:
        self._output = output
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        home = output / "tmp"
        home.mkdir()
        with (
            open(os.devnull, "rb") as nothing,
            (output / "stdout").open("ab") as out,
            (output / "stderr").open("ab") as err,
        ):
            self._process = confinement.start(
                [sys.executable, "-P", "-m", "conformance.host", str(theirs_in), str(theirs_out)],
                env=clean_env(home),
                cwd=cwd,
                stdin=nothing.fileno(),
                stdout=out.fileno(),
                stderr=err.fileno(),
                pass_fds=(theirs_in, theirs_out),
            )
        os.close(theirs_in)
        os.close(theirs_out)
        self._requests, self._events = ours_out, ours_in
        self._buffer = b""
        self._closed = self._ended = False
        self.key_refused = False
        """in a trial so far"""
        # The host reads its own traces, unless its client takes it down.
        self._traces = Traces(
            output, Path(configuration.folder), configuration.log_files, configuration.canary
        )
        self._write(configurations.dump_json(configuration, by_alias=True))

    def _write(self, line: bytes) -> None:
        view = memoryview(line + b"\n")
        with contextlib.suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._requests, view) :]

    def _read(self, patience: float) -> Event | None:
        line = self._read_line(patience)
        return None if line is None else events_.validate_json(line)

    def _read_line(self, patience: float, spin: float = float("inf")) -> bytes | None:
        """The next event, as it was written; None when the host has ended, been silent for `patience` seconds, or used
        `spin` seconds of processor time without a word.
        """
        poll = select.poll()
        poll.register(self._events, select.POLLIN)
        deadline, used = time.monotonic() + patience, self._processor_time()
        while b"\n" not in self._buffer:
            if not poll.poll(1_000):
                if time.monotonic() > deadline or self._processor_time() - used > spin:
                    return None
                continue
            chunk = os.read(self._events, 1 << 20)
            if not chunk:
                self._closed = True
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _processor_time(self) -> float:
        try:
            # The clock of another process, by the number that Linux gives it: asked for with every event.
            return time.clock_gettime((~self._process.pid << 3) | 2)
        except OSError:  # no such clock where the system is not Linux: the silence decides alone
            return 0.0

    def wait_until_ready(self) -> None:
        """Raises RigError: the client could not be imported."""
        event = self._read(START)
        if event is not None and event.ready:
            return
        status = self.end()
        if event is not None and event.refused:
            raise RigError(event.refused)
        tail = (self._output / "stderr").read_text(errors="replace")[-2_000:]
        why = "did not finish within a minute" if status is None else f"ended the process (status {status})"
        raise RigError(f"client.target: importing the client {why}\n{tail}".rstrip())

    def perform(self, request: Request, clock: str, spin: float) -> tuple[Evidence, bool]:
        """The evidence of one trial, and whether this host is of no further use."""
        self._traces.begin(Path(request.state_dir))
        self._write(requests_.dump_json(request, by_alias=True))
        provisional: list[bytes] = []
        while line := self._read_line(SILENCE[clock], spin):
            if line.startswith(PROVISIONAL):
                provisional.append(line)
                continue
            event = events_.validate_json(line)
            if event.failed is not None:
                self.end()
                raise HostFailure(event.failed)
            if event.evidence is not None:
                return event.evidence, event.spent
        last_words = [events_.validate_json(line) for line in provisional]
        seen = [event.exchange for event in last_words if event.exchange is not None]
        ledger: Sequence[LedgerEntry] = last_words[-1].ledger if last_words else ()
        status = self.end()
        if status is None:
            call, why = _lost(
                request.trial, seen, "hung", "it kept the processor busy without end, and was ended"
            )
        else:
            call, why = _lost(request.trial, seen, "crashed", f"it ended its own process, status {status}")
        latest = call.ended_at or 0.0
        return (
            Evidence(
                request.trial,
                tuple(sorted(seen, key=lambda exchange: exchange.number)),
                tuple(ledger),
                (call,),
                self._traces.collect(),
                stopped=f"the client's process was lost: {why}",
                clock=ClockReading("virtual" if clock == "virtual" else "real", latest),
            ),
            True,
        )

    def end(self) -> int | None:
        """Ends the host and whatever it started. Its exit status if it had ended by itself."""
        if self._ended:
            return None
        self._ended = True
        os.close(self._requests)
        os.close(self._events)
        if self._closed:
            self._process.wait(2.0)
        status = self._process.status
        self._process.end()
        return status


def _lost(
    trial: Trial, seen: list[Exchange], ending: Literal["hung", "crashed"], why: str
) -> tuple[Call, str]:
    """The call in which the client took its process down: of the order that was heard of last."""
    known = [exchange for exchange in seen if exchange.reference is not None]
    reference = known[-1].reference if known else trial.orders[0].reference
    latest = max((exchange.received_at for exchange in seen), default=0.0)
    return Call(reference or trial.orders[0].reference, 1, 0.0, latest, None, ending, why), why

"""What the host does with a trial: sandbox and client on one stage, in one process, in one time.

What lives here: the host's side of the conversation with `rigs/hosted.py`, and its messages.
What must never be known here: any check, any vendor's names.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from conformance.contract import Contract
from conformance.drivers.environment import EnvironmentMistake, render_env
from conformance.drivers.loopback import forbid_leaving_loopback
from conformance.drivers.python import PythonDriver
from conformance.drivers.target import Context, TargetError, every_logger_talks, find_target
from conformance.evidence import ClockReading, Evidence, Exchange, LedgerEntry, Output, Trial
from conformance.hygiene.canary import Canary, scanner_for
from conformance.hygiene.processes import Watch
from conformance.sandbox import Sandbox, World
from conformance.sandbox.certificates import Certificates
from conformance.sandbox.server import listen, listen_for_tls
from conformance.traces import Recording, Traces, encoded
from conformance.trial import FLOODED, Stop, run_orders

if TYPE_CHECKING:
    from conformance.clock.timeline import VirtualClock

INTERVAL = 600.0
"""client seconds between two trials, so that a circuit breaker of the last one has closed again"""
CROWD = 16
"""threads that a client may have left since its start before its process is replaced: they wake up for ever"""
LINGER = 60.0
"""client seconds for which a client is still watched after its last answer"""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The first line that a host reads. `import_paths` come before all others; `call_limit` is in client
    seconds. `secure`: the base URL is one of TLS; `certificates`: what is shown then, and what the client is to trust.
    """

    clock: Literal["virtual", "real"]
    target: str
    import_paths: tuple[str, ...]
    contract: Contract
    canary: Canary
    api_version: str
    env: Mapping[str, str]
    debug_env: Mapping[str, str]
    folder: str
    log_files: tuple[str, ...]
    output_folder: str
    call_limit: float
    resumes: bool
    secure: bool = False
    certificates: Certificates | None = None


@dataclass(frozen=True, slots=True)
class Request:
    trial: Trial
    state_dir: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a host writes. `failed`: the traceback of an error of ours. `spent`: the host has to be replaced,
    since the client left something running.
    """

    ready: bool = False
    failed: str | None = None
    refused: str | None = None
    exchange: Exchange | None = None
    ledger: tuple[LedgerEntry, ...] = ()
    evidence: Evidence | None = None
    spent: bool = False


PROVISIONAL = b" "
"""with what a line begins that only matters if no evidence follows: the host may be lost before"""
configurations: TypeAdapter[Configuration] = TypeAdapter(Configuration)
requests_: TypeAdapter[Request] = TypeAdapter(Request)
events_: TypeAdapter[Event] = TypeAdapter(Event)


class _Pipe:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        mark = PROVISIONAL if event.exchange is not None else b""
        data = mark + events_.dump_json(event, by_alias=True) + b"\n"
        with self._lock:
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]


def serve(configuration: str, lines: Iterator[str], events: int, clock: VirtualClock | None) -> None:
    """Runs trial after trial until no more requests come."""
    stage = _Stage(configurations.validate_json(configuration), _Pipe(events), clock)
    try:
        stage.open()
    except (TargetError, EnvironmentMistake) as error:
        stage.pipe.send(Event(refused=stage.scanner.redact(str(error))))
        return
    stage.pipe.send(Event(ready=True))
    while True:
        with clock.hold() if clock else nullcontext():
            line = next(lines, None)
        if line is None:
            return
        try:
            stage.run(requests_.validate_json(line))
        except BaseException as error:  # noqa: BLE001  the client's code is not on this thread: this is ours
            stage.pipe.send(Event(failed="".join(traceback.format_exception(error))))
            return


class _Stage:
    def __init__(self, configuration: Configuration, pipe: _Pipe, clock: VirtualClock | None) -> None:
        self.configuration = configuration
        self.pipe = pipe
        self.clock = clock
        self.canary = configuration.canary
        self.scanner = scanner_for(self.canary)
        self.sandbox = _sandbox(configuration)
        self.ca_file = configuration.certificates.ca_file if configuration.certificates else None
        self.escapes: list[str] = []
        self.state_dir = Path()

    def open(self) -> None:
        chosen = self.configuration
        self.sandbox.start()
        values = {
            "base_url": self.sandbox.base_url,
            "api_key": self.canary.key,
            "api_version": chosen.api_version,
            "port": str(self.sandbox.port),
            "state_dir": chosen.output_folder,
            "ca_file": str(self.ca_file or ""),
        }
        if chosen.secure and chosen.certificates:
            os.environ.update(chosen.certificates.trust())
            _have_trusted(chosen.certificates.ca_file)
        os.environ.update(render_env(chosen.env, values))
        self.debug_env = render_env(chosen.debug_env, values)
        forbid_leaving_loopback(lambda place: self.escapes.append(self.scanner.redact(place)))
        sys.path[:0] = chosen.import_paths
        folder = Path(chosen.folder)
        self.traces = Traces(
            Path(chosen.output_folder), folder, chosen.log_files, self.canary, (Path.cwd(), folder)
        )
        target = find_target(chosen.target)
        self.threads = threading.active_count()
        self.driver = PythonDriver(target, self._context, chosen.contract, self.scanner, chosen.call_limit)

    def _context(self, reference: str) -> Context:
        return Context(
            self.sandbox.base_url,
            self.canary.key,
            self.configuration.api_version,
            reference,
            self.state_dir,
            self.ca_file,
        )

    def run(self, request: Request) -> None:
        trial = request.trial
        if self.clock:
            time.sleep(INTERVAL)
        flowed = self.clock.flowed if self.clock else 0.0
        self.escapes.clear()
        self.state_dir = Path(request.state_dir)
        os.environ.update(self.debug_env if trial.verbose else {})

        watch = Watch(os.getppid(), scanner_for(self.canary, ("key",)))

        def report(exchange: Exchange) -> None:
            self.pipe.send(Event(exchange=exchange, ledger=world.ledger()))

        def seen() -> tuple[Exchange, ...]:
            self.sandbox.settle()
            return world.exchanges()

        world = World(
            self.configuration.contract,
            self.canary.key,
            trial.orders,
            seed=trial.seed,
            canary=self.canary,
            listener=report,
            limit=trial.limit,
            watcher=watch.look if trial.watched else None,
            certificate=trial.certificate,
            swapped=trial.swapped,
        )
        stop = world.flooded = Stop()
        self.traces.begin(self.state_dir, thorough=trial.verbose)
        self.sandbox.begin(world)
        self.driver.epoch = began = world.began_at
        self.driver.jolted = trial.twice
        records = Recording("log", self.scanner)
        with ExitStack() as stack:
            if trial.verbose:
                stack.enter_context(every_logger_talks(lambda line: records.feed(encoded(line))))
            calls = run_orders(trial, self.driver, seen, stop, resumes=self.configuration.resumes)
            simulated = time.monotonic() - began
            # Where child processes are left, time can only be waited for, and nothing more is learnt by it.
            abandoned = _children_live()
            if self.clock and not stop.is_set() and not abandoned:
                time.sleep(LINGER)
        self.sandbox.end()
        flowed = self.clock.flowed - flowed if self.clock else 0.0
        for name in self.debug_env if trial.verbose else ():
            os.environ.pop(name, None)
        evidence = Evidence(
            trial,
            world.exchanges(),
            world.ledger(),
            calls,
            self._outputs(records),
            tuple(dict.fromkeys(self.escapes)),
            FLOODED if stop.is_set() else None,
            ClockReading(
                "virtual" if self.clock else "real", simulated, held=flowed < 1.0, began=world.began_today
            ),
            handshakes=world.handshakes(),
            looks=tuple(watch.looks),
        )
        crowded = threading.active_count() > self.threads + CROWD
        spent = self.driver.spoilt or stop.is_set() or abandoned or crowded
        self.pipe.send(Event(evidence=evidence, spent=spent))

    def _outputs(self, records: Recording) -> tuple[Output, ...]:
        for stream in (sys.stdout, sys.stderr):
            # Print fills a buffer here, since neither is a terminal. They may be the client's own objects by now.
            with suppress(Exception):
                stream.flush()
        log = (records.finish(),) if records.size else ()
        return (*self.driver.outputs(), *log, *self.traces.collect())


def _sandbox(configuration: Configuration) -> Sandbox:
    if not configuration.secure:
        return Sandbox(configuration.contract)
    assert configuration.certificates is not None
    host, listener = listen_for_tls(listen, 0)
    return Sandbox(
        configuration.contract, host=host, listener=listener, tls=configuration.certificates.context
    )


def _have_trusted(ca_file: Path) -> None:
    """Libraries that were told to heed no environment look there, where it is installed."""
    with suppress(ImportError):
        import certifi

        certifi.where = certifi.core.where = lambda: str(ca_file)
        certifi.contents = certifi.core.contents = ca_file.read_text


def _children_live() -> bool:
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:  # there are none
        return False

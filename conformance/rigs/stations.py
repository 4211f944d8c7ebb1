"""A station: one sandbox at one URL, with one key, and a client in front of it. Trials go on there one after
another, each in a world of its own.

What lives here: one trial from the first order to the evidence, and whether the client is fit for another.
What must never be known here: how many stations there are, and any check.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance import bounds
from conformance.clock.pace import Pace
from conformance.contract import Contract
from conformance.drivers import Driver, Setting, driver_for
from conformance.drivers.confinement import Confinement
from conformance.evidence import Call, ClockReading, Evidence, Exchange, PlannedOrder, Trial
from conformance.faults import InProgress, Ok
from conformance.hygiene.canary import Canary, scanner_for
from conformance.hygiene.processes import Watch
from conformance.planning import is_endless, kills, revokes, with_references
from conformance.planning import trial as trial_of
from conformance.profile import Profile
from conformance.rigs import refuses_key
from conformance.sandbox import Sandbox, World
from conformance.sandbox.beyond import Beyond
from conformance.sandbox.certificates import Certificates
from conformance.sandbox.passage import forwards
from conformance.sandbox.server import listen, listen_for_tls
from conformance.sandbox.upstream import Upstream
from conformance.trial import FLOODED, Stop, run_orders

LATENCY = 0.09
"""seconds on the wall by which a busy machine may delay a client at the most, as it was measured with the slowest
runtimes; on the accelerated clock so much may a wait look too long, times the factor
"""
STALL = 4.0
"""client seconds for which the sandbox may be kept from its work, before a trial is run again; on the accelerated
clock these are moments
"""
LINGER = (5.0, 10.0)
"""client seconds for which a client that lasts is still watched after its last answer: after success, or else"""
LONGEST_LINGER = 1.0
"""seconds on the wall"""
NOTICE = 0.5
"""seconds on the wall in which a client that minds its idle lines will have noticed that they were closed"""
WARMINGS, WARMED = 5, 5.0
"""times that a client is asked for its first order until it is through with it, and client seconds between them"""
PROVOCATION = 4
"""faults in one trial from which on a client may have opened a circuit breaker, which the next would meet"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all stations of a rig have in common. `confinement` None: the client runs already, somewhere else.
    `preload`: what makes its processes faster, by the profile's environment. `starting`: held while a client that
    lasts is started, since that takes a processor, and those that wait for one are late for everything. `upstream`:
    the real endpoint that stands behind the sandboxes.
    """

    profile: Profile
    contract: Contract
    confinement: Confinement | None
    pace: Pace
    preload: Callable[[Mapping[str, str]], Mapping[str, str]]
    starting: threading.Semaphore
    port: int = 0
    upstream: Upstream | None = None


class Station:
    """`verbose`: its client was started with its debug switches on. `secure`: its base URL is one of TLS.
    `certificates`: what it shows then, and what its client is to trust. `limit`: seconds on the wall for one call.
    `spent`: the client is not fit for another trial. `disturbed`: what the last trial saw was not all the client's
    doing, so it should be run again.

    Raises EnvironmentMistake, and OSError when the port is taken.
    """

    def __init__(
        self,
        terms: Terms,
        canary: Canary,
        state_dir: Path,
        *,
        verbose: bool,
        limit: float,
        secure: bool = False,
        certificates: Certificates | None = None,
    ) -> None:
        self.verbose = verbose
        self.secure = secure
        self.spent = False
        self.disturbed = False
        self._key_refused = False
        self.state_dir = state_dir
        self._terms = terms
        self._canary = canary
        self._past: set[str] = set()
        self._started = False
        self._stop = Stop()
        self._ended = False
        self._lock = threading.Lock()
        self._certificates = certificates
        self._sandbox = self._listening()
        client = terms.profile.client
        assert client is not None
        env = {**client.env, **(client.debug_env if verbose else {})}
        setting = Setting(
            client=client,
            folder=terms.profile.folder,
            env=env,
            contract=terms.contract,
            canary=canary,
            base_url=self._sandbox.base_url,
            api_version=terms.profile.api_version,
            state_dir=state_dir,
            confinement=terms.confinement,
            limit=limit,
            pace=terms.pace,
            preload=terms.preload(env),
            thorough=verbose,
            ca_file=certificates.ca_file if certificates else None,
            trust=certificates.trust() if certificates and secure else {},
        )
        try:
            self.driver: Driver = driver_for(setting)
        except BaseException:  # nobody else will stop it
            self._sandbox.stop()
            raise
        self._limit = limit
        self._lasts = self.driver.kind != "command"
        self._minds_its_lines = self._lasts

    def _listening(self) -> Sandbox:
        terms = self._terms
        listen_at = terms.confinement.listener if terms.confinement else listen
        if self.secure:
            assert self._certificates is not None
            host, listener = listen_for_tls(listen_at, terms.port)
            show = self._certificates.context
        else:
            host, show = "127.0.0.1", None
            listener = listen_at(terms.port, host)
        sandbox = Sandbox(
            terms.contract, host=host, listener=listener, listen=listen_at, tls=show, watched=True
        )
        sandbox.start()
        return sandbox

    def run(self, trial: Trial, look: Callable[[], None] | None = None) -> Evidence:
        """The evidence of one trial. `look` is called while the client waits for its first answer.

        Raises SandboxCrash, and NotReady when the client does not come up.
        """
        terms, pace, driver = self._terms, self._terms.pace, self.driver

        def first(exchange: Exchange) -> None:
            if look is not None and exchange.number == 1:
                look()

        stop = self._new_stop()
        if self._lasts and not self._started:
            self._start(stop)
        confinement = terms.confinement if trial.watched else None
        watch = confinement and Watch(confinement.keeper, scanner_for(self._canary, ("key",)))
        executioner = _Executioner(driver, self._sandbox)
        beyond = Beyond(terms.upstream, forwards(trial)) if terms.upstream else None
        world = World(
            terms.contract,
            self._canary.key,
            trial.orders,
            seed=trial.seed,
            canary=self._canary,
            past=self._past,
            pace=pace,
            listener=first,
            limit=trial.limit,
            certificate=trial.certificate,
            swapped=trial.swapped,
            killer=executioner.strike if driver.restartable else None,
            watcher=watch.look if watch else None,
            beyond=beyond,
        )
        world.flooded = stop

        def seen() -> tuple[Exchange, ...]:
            self._sandbox.settle()
            return world.exchanges()

        assert terms.profile.client is not None
        self._sandbox.begin(world)
        driver.epoch = began = world.began_at
        driver.limit = self._limit_for(trial)
        calls = run_orders(
            trial,
            executioner if kills(trial) else driver,
            seen,
            stop,
            resumes=terms.profile.client.resumes,
            pace=pace,
            restart=driver.restart if driver.restartable else None,
        )
        executioner.wait()
        if beyond is not None:
            beyond.hear_out()
        simulated = pace.now() - began
        settled = _are_settled(trial, calls)
        if self._lasts and not stop.is_set():
            watched = LINGER[0] if settled == "created" else LINGER[1]
            pace.wait(stop, min(watched, LONGEST_LINGER * pace.factor))
        if beyond is not None:
            beyond.hear_out()
        self._end_world()
        self._past.update(order.face_value for order in trial.orders)
        stalled = world.stalled * pace.factor
        silent = all(exchange.attempt is None for exchange in world.exchanges())
        forsworn = self._key_refused and silent
        self._key_refused = self._key_refused or refuses_key(world.exchanges(), terms.contract)
        self.disturbed = driver.killed or world.intents.strays > 0 or stalled > STALL or forsworn
        self.spent = (
            not self._lasts
            or driver.spoilt
            or stop.is_set()
            or self.disturbed
            or settled == "open"
            or _provocation(trial) >= PROVOCATION
            or revokes(trial)
        )
        self._forget_stop(world.disturbed)
        accelerated = pace.factor > 1
        return Evidence(
            trial,
            world.exchanges(),
            world.ledger(),
            calls,
            driver.outputs(),
            stopped=FLOODED if stop.is_set() and not world.disturbed else None,
            clock=ClockReading(
                "accelerated" if accelerated else "real",
                simulated,
                factor=pace.factor,
                margin=max(LATENCY * pace.factor, stalled) if accelerated else 0.0,
                began=world.began_today,
            ),
            handshakes=world.handshakes(),
            looks=tuple(watch.looks) if watch else (),
            disturbed=world.disturbed,
        )

    def _end_world(self) -> None:
        """A client with an event loop closes a line when it learns that we have, but it may hear of the next order
        first: that goes out on a dead line then, and its first attempt has failed where nobody has seen it. Clients
        that look at a line only when they need it are not waited for twice; they do look.
        """
        if self._minds_its_lines:
            self._minds_its_lines = self._sandbox.show_out(NOTICE)
        self._sandbox.end()

    def _limit_for(self, trial: Trial) -> float:
        """Where faults never end, a call is given as long as any may take, or as long as anybody waits for it."""
        if not (trial.once and is_endless(trial)):
            return self._limit
        return max(self._limit, min(bounds.CALL * bounds.EXTRA / self._terms.pace.factor, bounds.WAITED))

    def _new_stop(self) -> Stop:
        with self._lock:
            stopped = self._stop.is_set()
            stop = self._stop = Stop()
        if stopped:
            stop.set()
        return stop

    def _forget_stop(self, disturbed: str | None) -> None:
        """What ended this trial is over, unless it was somebody who wants all of them to end."""
        with self._lock:
            if disturbed and not self._ended:
                self._stop = Stop()

    def _start(self, stop: Stop) -> None:
        """Starts a client that lasts, and has it place an order that nobody will ask for: what a runtime does for the
        first time can take it seconds, many times as much on the accelerated clock, and is not what trials are about.
        """
        terms = self._terms
        # With a fault, if none to speak of: its face value is then not that of the undisturbed order.
        warming = with_references(trial_of(terms.contract, (Ok(),)), "warming")
        with terms.starting:
            world = World(
                terms.contract, self._canary.key, warming.orders, canary=self._canary, pace=terms.pace
            )
            self._sandbox.begin(world)
            self.driver.start(stop)
            if terms.pace.factor > 1:
                self._warm(warming.orders[0], world, stop)
        self._end_world()
        self._past.update(order.face_value for order in warming.orders)
        self._started = True

    def _warm(self, order: PlannedOrder, world: World, stop: Stop) -> None:
        """A client that is at work in the background must be through with it, or the first trial meets it. One that
        does not trust our certificate is not asked again.
        """
        for number in range(1, WARMINGS + 1):
            call = self.driver.place(order, number, stop=stop)
            self._sandbox.settle()
            if stop.is_set() or call.outcome is None or call.outcome.kind != "unknown":
                return
            if world.handshakes() and not world.exchanges():
                return
            self._terms.pace.wait(stop, WARMED)

    def stop(self) -> None:
        """Ends the trial that is running, and the next one at its start."""
        with self._lock:
            self._ended = True
            self._stop.set()

    def close(self) -> None:
        self.driver.close()
        self._sandbox.stop()


class _Executioner:
    """Kills the client when the sandbox says so, in a thread of its own, and lets nobody speak to the next one before
    the last is gone and forgotten.
    """

    def __init__(self, driver: Driver, sandbox: Sandbox) -> None:
        self._driver = driver
        self._sandbox = sandbox
        self._done = threading.Event()
        self._done.set()
        self._failure: BaseException | None = None

    def strike(self) -> None:
        self._done.clear()
        threading.Thread(target=self._kill, name="golive-kill", daemon=True).start()

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        self.wait()
        call = self._driver.place(order, number, stop=stop)
        # The sandbox strikes after its last byte, so the client may have been faster to tell than it.
        self._sandbox.settle()
        self.wait()
        return call

    def wait(self) -> None:
        """Until nothing is being killed. Raises what went wrong with it."""
        self._done.wait()
        if self._failure is not None:
            raise self._failure

    def _kill(self) -> None:
        try:
            self._driver.kill()
            self._sandbox.bury()
        except BaseException as error:  # noqa: BLE001  in a thread: whoever waits has to raise it
            self._failure = error
        finally:
            self._done.set()


def _are_settled(trial: Trial, calls: tuple[Call, ...]) -> str:
    """How it stands with all orders: `created`, or `decided` where some were rejected, or `open`: then the client may
    still be at work on one.
    """
    last = {call.reference: call.outcome.kind if call.outcome else "unknown" for call in calls}
    kinds = {last.get(order.reference, "unknown") for order in trial.orders}
    return "open" if "unknown" in kinds else "created" if kinds == {"created"} else "decided"


def _provocation(trial: Trial) -> float:
    if is_endless(trial):
        return math.inf
    return sum(
        fault.times if isinstance(fault, InProgress) else 1
        for order in trial.orders
        for fault in order.schedule
    )

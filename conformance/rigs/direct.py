"""The rig of clients that are processes of their own: the sandbox lives here, the clock is the real one or an
accelerated one.

What lives here: stations, as many as can be side by side, and which trial comes to which of them.
What must never be known here: what happens at a station.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from conformance import bounds
from conformance.clock.acceleration import Accelerator
from conformance.clock.pace import Pace
from conformance.contract import Contract
from conformance.drivers import NotReady
from conformance.drivers.confinement import Confinement
from conformance.drivers.environment import EnvironmentMistake, render_env
from conformance.evidence import Evidence, Trial
from conformance.hygiene.canary import Canary, canary_of, mint
from conformance.keys import Keyring, KeyUnavailable
from conformance.planning import is_endless, with_references
from conformance.profile import Profile
from conformance.rigs import Facts, RigError
from conformance.rigs.fitting import Fitting
from conformance.rigs.stations import Station, Terms
from conformance.sandbox.certificates import Certificates, make_certificates
from conformance.sandbox.upstream import Upstream

SLEEPERS = 16
"""stations side by side on the real clock: their clients mostly wait"""
LASTING, PASSING = 8, 4
"""stations for each core on the accelerated clock, where clients wait little: of clients that last, and of those
that are started for each order
"""
LONGEST = 3
"""faults for one order on the real clock: the suite, as the caller, waits 300 s before it asks for the fifth time"""
CALL_LIMITS = (bounds.ATTEMPT + 10.0, 120.0)
"""seconds on the wall for one call on the real clock; the second for a client that is known to hang"""
CLIENT_LIMITS = (1_200.0, 600.0)
"""the same in client seconds on the accelerated clock, where it is no less than a minute on the wall"""
TRIES = 5
"""times that a trial is run until nothing but the client itself has had a part in it"""


class DirectRig:
    """With an accelerator, the client's clocks go `factor` times faster. `port` fixes the sandbox's port, and so
    leaves room for one station alone. `upstream`: the real endpoint behind the sandboxes.

    Raises RigError when the client's environment cannot be filled in, its program is not there, or a service that
    runs already cannot be reached by what it was told.
    """

    def __init__(
        self,
        profile: Profile,
        contract: Contract,
        *,
        seed: int,
        accelerator: Accelerator | None = None,
        factor: float = 1.0,
        port: int = 0,
        upstream: Upstream | None = None,
    ) -> None:
        assert profile.client is not None
        client = profile.client
        try:
            render_env({**client.env, **client.debug_env}, {})
        except EnvironmentMistake as error:
            raise RigError(str(error)) from None
        self.secrets: list[str] = []
        self._contract = contract
        self._rng = random.Random(seed)
        self._own_key: Canary | None = None
        if not client.command:
            self._own_key = _key_of_running_service(profile, contract, port)
        else:
            _require_program(client.command[0], profile)
        confinement = Confinement() if client.command else None
        pace = Pace(factor)

        def preload(env: Mapping[str, str]) -> Mapping[str, str]:
            return accelerator.environment(pace, env) if accelerator else {}

        starting = threading.Semaphore(os.cpu_count() or 1)
        self._terms = Terms(profile, contract, confinement, pace, preload, starting, port, upstream)
        self._fitting = Fitting(upstream, contract) if upstream else None
        self._scratch = Path(tempfile.mkdtemp(prefix="golive-"))
        # Who reads the file when it starts has to find one, whether it is of use there or not.
        self._trusts_always = "{ca_file}" in " ".join([*client.env.values(), *client.debug_env.values()])
        self._free = threading.Condition()
        self._idle: list[Station] = []
        self._busy: set[Station] = set()
        self._serial = 0
        self._limits = CALL_LIMITS
        if accelerator:
            first, then = CLIENT_LIMITS
            self._limits = (max(60.0, first / factor), max(30.0, then / factor))
        self._hung = False
        self._stopped = False
        each = PASSING if client.driver == "command" else LASTING
        parallel = SLEEPERS if accelerator is None else each * (os.cpu_count() or 1)
        confined = confinement is not None and confinement.confined
        # Two services that insist on the same port would be taken for each other.
        self._alone = bool(port) or (client.url is not None and "{port}" not in client.url)
        self.facts = Facts(
            confined,
            "network namespace" if confined else _why_unconfined(confinement),
            1 if self._alone else parallel,
            LONGEST if accelerator is None else None,
            ours=confinement is not None,
            obstacle=self._fitting.obstacle if self._fitting else lambda trial: None,
        )

    def narrow(self, parallel: int) -> None:
        """Leaves room for no more stations than that."""
        self.facts = replace(self.facts, parallel=min(parallel, self.facts.parallel))

    def run(self, trial: Trial) -> Evidence:
        return self.observe(trial)

    def observe(self, trial: Trial, look: Callable[[Station], None] | None = None) -> Evidence:
        """As `run`; `look` is called while the client waits for its first answer.

        A trial in which something else than the client had a part is run again: a client that the system killed, or
        that an earlier trial had left at work, a real endpoint behind that did what nobody asked of it. Raises
        RigError for a client that is killed each time.
        """
        planned = trial
        for left in reversed(range(TRIES)):
            if self._fitting:
                if reason := self._fitting.admit(planned, lambda: self._stopped):
                    return Evidence(planned, (), (), (), disturbed=reason)
                trial = self._fitting.fit(planned)
            with self._station(trial.verbose, trial.certificate is not None) as station:
                seen = None if look is None else partial(look, station)
                try:
                    # Under a name of its own: a service that runs already remembers what it was asked before.
                    named = trial if left == TRIES - 1 else with_references(trial, f"again-{left}")
                    evidence = station.run(named, seen)
                except NotReady as error:
                    if not station.driver.killed or not left or self._stopped:
                        raise RigError(str(error)) from None
                    station.spent = True
                    continue
            # Where nothing ever ends, nothing is learnt about other trials by it.
            hung = not is_endless(trial) and any(call.ending == "hung" for call in evidence.calls)
            self._hung = self._hung or hung
            if self._fitting:
                self._fitting.look_back(evidence)
            if evidence.disturbed and left and not self._stopped:
                continue
            if not station.disturbed or self._stopped:
                return evidence
        if station.driver.killed:
            raise RigError(
                f"the client was ended by signal 9 (SIGKILL) at each of {TRIES} tries: by itself, by somebody, or by "
                "a system short of memory; nothing can be said of it"
            )
        return evidence

    @contextmanager
    def _station(self, verbose: bool, secure: bool) -> Iterator[Station]:
        station = self._take(verbose, secure)
        try:
            yield station
        except BaseException:  # whatever it was, its client is in the middle of something
            station.spent = True
            raise
        finally:
            self._give_back(station)

    def _take(self, verbose: bool, secure: bool) -> Station:
        superfluous = None
        with self._free:
            while len(self._busy) >= self.facts.parallel:
                self._free.wait()
            # The one that has rested longest.
            kind = (verbose, secure)
            station = next((each for each in self._idle if (each.verbose, each.secure) == kind), None)
            if station:
                self._idle.remove(station)
            else:
                if len(self._idle) + len(self._busy) >= self._most_stations():
                    superfluous = self._idle.pop(0)
                    if self._alone:  # the next one needs its port
                        self._end(superfluous)
                        superfluous = None
                station = self._open(verbose, secure)
            self._busy.add(station)
        if superfluous:
            self._end(superfluous)
        return station

    def _most_stations(self) -> int:
        """Half as many again as there may be busy ones: talkative clients and others need not make room for each other
        each time.
        """
        return 1 if self._alone else self.facts.parallel + self.facts.parallel // 2

    def _open(self, verbose: bool, secure: bool) -> Station:
        self._serial += 1
        state_dir = self._scratch / f"state-{self._serial}"
        state_dir.mkdir()
        canary = self._own_key or mint(self._contract, self._rng)
        self.secrets += [secret for secret in canary.secrets if secret not in self.secrets]
        try:
            station = Station(
                self._terms,
                canary,
                state_dir,
                verbose=verbose,
                limit=self._limits[self._hung],
                secure=secure,
                certificates=self._certificates if secure or self._trusts_always else None,
            )
        except OSError as error:
            if not self._terms.port:
                raise
            raise RigError(
                f"--port {self._terms.port}: {os.strerror(error.errno or 0)}; name a free one"
            ) from None
        if self._stopped:
            station.stop()
        return station

    @cached_property
    def _certificates(self) -> Certificates:
        return make_certificates(self._scratch / "certificates")

    def _give_back(self, station: Station) -> None:
        replaceable = bool(self._terms.confinement)
        if station.spent and replaceable:
            self._end(station)
        with self._free:
            self._busy.discard(station)
            if not (station.spent and replaceable):
                self._idle.append(station)
            self._free.notify()

    def _end(self, station: Station) -> None:
        station.close()
        shutil.rmtree(station.state_dir, ignore_errors=True)

    def stop(self) -> None:
        with self._free:
            self._stopped = True
            for station in self._busy:
                station.stop()

    def close(self) -> None:
        for station in (*self._idle, *self._busy):
            station.close()
        if self._terms.confinement:
            self._terms.confinement.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _why_unconfined(confinement: Confinement | None) -> str:
    if confinement is None:
        return "the service was running already, wherever that was"
    return confinement.reason or ""


def _key_of_running_service(profile: Profile, contract: Contract, port: int) -> Canary:
    """The key that a service was started with before us. Raises RigError if nobody can know it."""
    environment = contract.sandbox_environment
    if not port:
        raise RigError(
            "client.command: none, so the service runs already, and knows where the API is: start it with the "
            f"base URL http://127.0.0.1:N{_path(contract)}, N a port that you choose, and golive with --port N"
        )
    named = profile.account.keys.get(environment)
    if named is None:
        raise RigError(
            "client.command: none, so the service runs already, and has its key: name the environment variable "
            f"that holds the same one as account.keys: {{{environment}: {{env: NAME}}}}"
        )
    try:
        return canary_of(
            contract, Keyring(profile.account.keys, contract, profile.folder).key(environment).reveal()
        )
    except KeyUnavailable as error:
        raise RigError(f"account.keys.{environment}: {error}; the service was started with it") from None
    except ValueError as error:
        raise RigError(
            f"account.keys.{environment}: {named.env or named.command[0]} {error}; it should be the key that the "
            "service was started with"
        ) from None


def _path(contract: Contract) -> str:
    from conformance.sandbox.blueprint import blueprint_of

    return blueprint_of(contract).path_prefix


def find_program(program: str, profile: Profile) -> Path | None:
    """What is started under this name; None if there is nothing."""
    assert profile.client is not None
    if os.sep in program:
        found = shutil.which(profile.folder / program)
    else:
        found = shutil.which(program, path=profile.client.env.get("PATH", os.environ.get("PATH", os.defpath)))
    return None if found is None else Path(found)


def _require_program(program: str, profile: Profile) -> None:
    """Raises RigError when there is nothing to start under this name."""
    if find_program(program, profile) is None:
        where = (
            f"there is no program at {profile.folder / program}"
            if os.sep in program
            else "no folder of PATH has a program of that name"
        )
        raise RigError(
            f"client.command: {program!r} cannot be started: {where}; install it, or name it with its path"
        )

"""The rig of clients that are processes of their own: the sandbox lives here, on the real clock.

Each trial has a sandbox, a key and a folder of its own, so that trials which wait do so side by side.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
import time
from pathlib import Path

from conformance.contract import Contract
from conformance.drivers.command import CommandDriver
from conformance.drivers.confinement import Confinement
from conformance.drivers.environment import EnvironmentMistake, render_env
from conformance.evidence import ClockReading, Evidence, Exchange, Trial
from conformance.hygiene.canary import mint
from conformance.profile import Profile
from conformance.rigs import Facts, RigError
from conformance.sandbox import Sandbox, World
from conformance.trial import FLOODED, Stop, run_orders

PARALLEL = 16
"""trials side by side: they mostly wait"""
LONGEST = 3
"""faults for one order: the suite, as the caller, waits 300 s before it asks for the fifth time"""
CALL_LIMIT = 180.0
"""seconds for one call"""


class DirectRig:
    """Raises RigError when the client's environment cannot be filled in, or its program is not there."""

    def __init__(self, profile: Profile, contract: Contract, *, seed: int) -> None:
        assert profile.client is not None
        try:
            render_env({**profile.client.env, **profile.client.debug_env}, {})
        except EnvironmentMistake as error:
            raise RigError(str(error)) from None
        _require_program(profile.client.command[0], profile)
        self.secrets: list[str] = []
        self._profile = profile
        self._client = profile.client
        self._contract = contract
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._scratch = Path(tempfile.mkdtemp(prefix="golive-"))
        self._confinement = Confinement()
        self._serial = 0
        self._running: set[Stop] = set()
        self._stopped = False
        self.facts = Facts(
            self._confinement.confined,
            "network namespace" if self._confinement.confined else (self._confinement.reason or ""),
            PARALLEL,
            LONGEST,
        )

    def run(self, trial: Trial) -> Evidence:
        with self._lock:
            self._serial += 1
            state_dir = self._scratch / f"state-{self._serial}"
            canary = mint(self._contract, self._rng)
            self.secrets.append(canary.secret)
        state_dir.mkdir()
        sandbox = Sandbox(self._contract, listener=self._confinement.listener())
        sandbox.start()
        world = World(self._contract, canary.key, trial.orders, seed=trial.seed, canary=canary)
        stop = world.flooded = Stop()
        with self._lock:
            self._running.add(stop)
            if self._stopped:
                stop.set()

        def seen() -> tuple[Exchange, ...]:
            sandbox.settle()
            return world.exchanges()

        client = self._client
        driver = CommandDriver(
            client.command,
            folder=self._profile.folder,
            env={**client.env, **(client.debug_env if trial.verbose else {})},
            contract=self._contract,
            canary=canary,
            base_url=sandbox.base_url,
            api_version=self._profile.api_version,
            state_dir=state_dir,
            confinement=self._confinement,
            limit=CALL_LIMIT,
            log_files=client.log_files,
        )
        try:
            sandbox.begin(world)
            driver.epoch = began = time.monotonic()
            calls = run_orders(trial, driver, seen, stop, resumes=client.resumes)
            simulated = time.monotonic() - began
            sandbox.end()
            return Evidence(
                trial,
                world.exchanges(),
                world.ledger(),
                calls,
                driver.outputs(),
                stopped=FLOODED if stop.is_set() else None,
                clock=ClockReading("real", simulated),
            )
        finally:
            with self._lock:
                self._running.discard(stop)
            driver.close()
            sandbox.stop()
            shutil.rmtree(state_dir, ignore_errors=True)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for stop in running:
            stop.set()

    def close(self) -> None:
        self._confinement.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _require_program(program: str, profile: Profile) -> None:
    """Raises RigError when there is nothing to start under this name."""
    assert profile.client is not None
    path = profile.client.env.get("PATH", os.environ.get("PATH", os.defpath))
    if os.sep in program:
        found = shutil.which(profile.folder / program)
        where = f"there is no program at {profile.folder / program}"
    else:
        found = shutil.which(program, path=path)
        where = "no folder of PATH has a program of that name"
    if found is None:
        raise RigError(
            f"client.command: {program!r} cannot be started: {where}; install it, or name it with its path"
        )

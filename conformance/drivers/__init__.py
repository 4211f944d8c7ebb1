"""Drivers: how an order is handed to the client, and what the client says came of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from conformance.clock.pace import Pace

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.drivers.confinement import Confinement
    from conformance.evidence import Call, Output, PlannedOrder
    from conformance.hygiene.canary import Canary
    from conformance.profile import Client


class NotReady(Exception):
    """The client could not be started, or does not take orders; the text says what was seen of it."""


class NoRestart(Exception):
    """This driver cannot restart its client; the text says why."""


class Driver(Protocol):
    """One client, ready to be handed orders. `epoch`: when the trial began, on the client's monotonic clock;
    times of calls count from there, in client seconds. `limit`: seconds on the wall for one call; both may be set
    between trials.
    """

    kind: str
    epoch: float
    limit: float

    @property
    def spoilt(self) -> bool:
        """The client was left in a state in which the next trial would meet something of this one, so it has
        to be replaced.
        """
        ...

    @property
    def killed(self) -> bool:
        """Since the driver was made, a process of the client was ended by a SIGKILL that was not ours: by the
        system short of memory, or by somebody else. What the client then did not do is not its fault.
        """
        ...

    @property
    def restartable(self) -> bool:
        """Whether `restart` gives the next order a new process."""
        ...

    def pids(self) -> tuple[int, ...]:
        """The processes of the client that live now and were started as such; not their children."""
        ...

    def start(self, stop: threading.Event) -> None:
        """Starts what lives longer than an order and waits until it takes orders, or `stop` is set, so that
        the first order does not pay for it. Does nothing where it lives already.

        Raises NotReady.
        """
        ...

    def place(self, order: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        """Hands the order over and waits for what the client says; sooner ends when `stop` is set.

        `number` counts the calls for this reference, from 1. May be called from several threads at once.
        """
        ...

    def restart(self) -> None:
        """Ends the client's process, if it has one that lasts, and starts it anew before the next order: with
        the same URL, key and state folder.

        Raises NoRestart where it is not `restartable`.
        """
        ...

    def kill(self) -> None:
        """Ends every process of the client by SIGKILL, and returns when they are gone. Calls in which one of them
        was at work and had said nothing yet end as `killed`; the next order has a new process.

        Raises NoRestart where it is not `restartable`.
        """
        ...

    def outputs(self) -> tuple[Output, ...]:
        """What the client wrote since the last time, redacted, with the places where it showed its key. After
        `close` it gives what was written at the end.
        """
        ...

    def close(self) -> None:
        """Ends whatever the client left running."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What a client process is started into. `env`: of the profile, braces not filled in; `preload`: set beside
    it, as it is; `limit`: seconds on the wall for one call, to begin with; `confinement`: None for a service that runs
    already. `thorough`: what it leaves in the folder that it works in is looked for. `trust`: what makes libraries
    trust the certificates in `ca_file`, where the base URL is one of TLS.
    """

    client: Client
    folder: Path
    env: Mapping[str, str]
    contract: Contract
    canary: Canary
    base_url: str
    api_version: str
    state_dir: Path
    confinement: Confinement | None
    limit: float
    pace: Pace = field(default_factory=Pace)
    preload: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    trust: Mapping[str, str] = field(default_factory=dict)
    thorough: bool = False


def driver_for(setting: Setting) -> Driver:
    """The driver for the profile's kind of client process.

    Raises EnvironmentMistake when `env` cannot be filled in.
    """
    kind = setting.client.driver
    if kind == "worker":
        from conformance.drivers.worker import WorkerDriver

        return WorkerDriver(setting)
    if kind == "service":
        from conformance.drivers.service import ServiceDriver

        return ServiceDriver(setting)
    from conformance.drivers.command import CommandDriver

    return CommandDriver(setting)

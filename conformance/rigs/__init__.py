"""Rigs: a sandbox, a driver and a clock put together, so that a trial goes in and evidence comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from conformance.contract import Contract
from conformance.evidence import Evidence, Exchange, Trial


class RigError(Exception):
    """The client cannot be examined at all; the text says why and what to do. A usage error, exit 2."""


@dataclass(frozen=True, slots=True)
class Facts:
    """How a rig examines. `confinement`: how its client is kept on loopback, or why it is not. `parallel`: trials
    that run side by side. `longest`: faults that one order can meet at the most, where each of them may cost
    minutes; None where they cost nothing. `ours`: the client is started and ended by the rig, so that it can be
    restarted, made talkative and listened to. `leaps`: its clock can let a month pass at once. `obstacle`: what else it
    cannot do of a trial.
    """

    confined: bool
    confinement: str
    parallel: int
    longest: int | None = None
    ours: bool = True
    leaps: bool = False
    obstacle: Callable[[Trial], str | None] = field(default=lambda trial: None, compare=False)


def refuses_key(exchanges: Iterable[Exchange], contract: Contract) -> bool:
    """Was the client told that its key is no good? It may rightly send nothing more while its process lives."""
    told = {contract.errors.situations["no-key"], contract.errors.situations["bad-key"]}
    return any(exchange.error_type in told for exchange in exchanges)


class Rig(Protocol):
    """Where trials are run. May be called from several threads when `facts.parallel` is above 1."""

    facts: Facts

    secrets: list[str]
    """the secret parts of the canary keys in use so far, which no report may contain"""

    def run(self, trial: Trial) -> Evidence: ...

    def stop(self) -> None:
        """Ends the trials that are running. What `run` gives then is worth nothing; the next call is `close`."""

    def close(self) -> None: ...

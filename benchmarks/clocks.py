"""Client seconds for each second on the wall, by driver and clock: the ready examples meet 429s, one trial at a time,
and wait 5, 10, 20, … seconds. Counted are the seconds that the client lived through from the first order to the last
answer, and beside them those alone that it had to wait; the wall counts all that the rig does for the trial.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, repeat
from pathlib import Path

from table import publish, say, verdict

from conformance.contracts import load_contract
from conformance.faults import RateLimit
from conformance.mistakes import Mistakes
from conformance.options import ClockChoice, Options
from conformance.paths import EXAMPLES
from conformance.planning import trial, with_references
from conformance.rigs import Rig, RigError
from conformance.suite import Suite

CONTRACT = load_contract("runa")
GOALS = {"virtual": 5_000.0, "accelerated": 15.0}
"""client seconds for each second on the wall"""
LIMITS = {"virtual": 5, "accelerated": 3, "real": 1}
"""429s in a trial: on the real clock one is enough to wait for"""
ROUNDS = {"virtual": 100, "accelerated": 5, "real": 1}


@dataclass(frozen=True)
class Example:
    name: str
    driver: str
    clocks: tuple[ClockChoice, ...]
    program: str
    """what has to be there to run it: a program, or a module of Python"""


SERIES = (
    Example("python-httpx", "python", ("virtual", "real"), "httpx"),
    Example("shell-curl", "command", ("accelerated", "real"), "curl"),
    Example("node-worker", "worker", ("accelerated", "real"), "node"),
    Example("java-worker", "worker", ("accelerated", "real"), "java"),
    Example("python-flask", "service", ("accelerated", "real"), "flask"),
)


@contextmanager
def rig_of(example: Example, clock: ClockChoice) -> Iterator[tuple[Rig, str, str | None]]:
    """The rig, the clock that it really is on, and why on that one."""
    suite = Suite(Options(EXAMPLES / example.name / "golive.yaml", seed=1, clock=clock))
    try:
        rig = suite.laboratory().rig
        yield rig, suite.clock, suite.clock_note
    finally:
        suite.close()


def measure(rig: Rig, clock: str) -> tuple[float, float]:
    """Client seconds lived, and client seconds that had to be waited, for each second on the wall. The best trial."""
    planned = trial(CONTRACT, (RateLimit(),) * LIMITS[clock])
    waits = sum(
        min(seconds, 60) for seconds in accumulate(repeat(5, LIMITS[clock]), lambda last, _: 2 * last)
    )
    lived = waited = 0.0
    for round_ in range(ROUNDS[clock] + 1):
        began = time.perf_counter()
        evidence = rig.run(with_references(planned, f"clocks-{round_}"))
        taken = time.perf_counter() - began
        assert len(evidence.ledger) == 1, evidence.calls
        if round_ or clock == "real":  # the first starts the client
            lived = max(lived, evidence.clock.simulated / taken)
            waited = max(waited, waits / taken)
    return lived, waited


def main() -> None:
    # The service is started with the python3 of PATH, which has to be the one with its packages.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    rows: list[list[str]] = []
    notes: list[str] = []
    for example in SERIES:
        if shutil.which(example.program) is None and find_spec(example.program) is None:
            notes.append(f"Not measured: {example.name}, since there is no {example.program}.")
            say(notes[-1])
            continue
        for wanted in example.clocks:
            try:
                with rig_of(example, wanted) as (rig, clock, note):
                    lived, waited = measure(rig, clock)
            except (RigError, Mistakes) as error:
                notes.append(f"Not measured: {example.name} on the {wanted} clock: {error}")
                say(notes[-1])
                continue
            goal = GOALS.get(wanted)
            told = f"≥ {goal:,.0f}: {verdict(lived >= goal)}" if goal else ""
            rows.append([example.driver, example.name, clock, f"{lived:,.1f}", f"{waited:,.1f}", told])
            say(", ".join(rows[-1]))
            if clock != wanted:
                notes.append(f"{example.name} was not on the {wanted} clock: {note}")
    publish(
        "Client time",
        ("driver", "client", "clock", "client seconds a second", "waits alone", "goal"),
        rows,
        "One trial at a time, of one order that meets "
        + ", ".join(f"{count} × 429 ({clock})" for clock, count in LIMITS.items())
        + "; the best of "
        + ", ".join(f"{count} ({clock})" for clock, count in ROUNDS.items())
        + " trials. On the wall counts all that is done for a trial, processes that are started and what is watched "
        "afterwards too.",
        *notes,
    )


if __name__ == "__main__":
    main()

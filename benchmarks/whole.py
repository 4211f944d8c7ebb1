"""The whole suite: how long it takes for the python example and the Node worker, how much -j 2 helps, how much memory
golive takes, and how both grow from 100 to 10,000 trials.

Memory is that of golive's own processes, hosts too (where a Python client lives with the sandbox), without the other
clients' runtimes; shared pages are shared out among those that have them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from table import publish, say, verdict

from conformance.paths import EXAMPLES

GOLIVE = str(Path(sys.executable).with_name("golive"))
SAMPLED = 0.2
"""seconds between two looks at the memory"""
MEMORY_GOAL = 200.0
"""MB"""
FASTER_GOAL = 1.7
LONG = 20.0
"""seconds from which on a run has to be faster side by side"""
MANY = 60
"""examples that make the python example's run a long one"""
GROWTH = (100, 1_000, 10_000)
LINEAR, FLAT = 1.5, 1.3
"""times that a trial may take longer, and the memory be larger, after 10,000 trials than after 100"""


@dataclass(frozen=True)
class Cost:
    """`seconds` on the wall; `memory` in MB at its peak."""

    seconds: float
    memory: float


class Failed(Exception):
    """A command that was to succeed did not; the text is its output's end."""


def cost_of(*command: str) -> Cost:
    """Runs the command. Raises Failed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        peak, done = [0.0], threading.Event()

        def sample() -> None:
            while not done.wait(SAMPLED):
                peak[0] = max(peak[0], sum(_memory(pid) for pid in _tree(process.pid)))

        sampler = threading.Thread(target=sample)
        sampler.start()
        status = process.wait()
        seconds = time.perf_counter() - began
        done.set()
        sampler.join()
        output.seek(0)
        if status:
            raise Failed(f"{' '.join(command)} ended with {status}\n{output.read()[-6_000:]}")
    return Cost(seconds, peak[0])


def _tree(root: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += parents.get(pid, [])


def _memory(pid: int) -> float:
    """MB of one of golive's own processes; 0 for any other."""
    try:
        called = Path(f"/proc/{pid}/cmdline").read_bytes()
        if not re.search(rb"golive|conformance|pytest|execnet|benchmarks", called):
            return 0.0
        told = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:  # it has ended meanwhile
        return 0.0
    return int(told[1]) / 1_000 if told else 0.0


def run(example: str, *options: str) -> Cost:
    """What `golive run` costs for an example that it finds ready. A short run has a second chance on a busy machine."""
    profile = str(EXAMPLES / example / "golive.yaml")
    with tempfile.TemporaryDirectory() as folder:
        command = (GOLIVE, "run", "-p", profile, "-o", folder, "--seed", "1", *options)
        cost = cost_of(*command)
        if cost.seconds <= 2 * LONG:
            again = cost_of(*command)
            cost = Cost(min(cost.seconds, again.seconds), max(cost.memory, again.memory))
    say(f"{example} {' '.join(options)}: {cost.seconds:.1f} s, {cost.memory:.0f} MB")
    return cost


def repeat(times: int) -> None:
    """So many trials of an undisturbed order, each a trial of its own, through the laboratory: in this process."""
    from conformance.options import Options
    from conformance.planning import trial
    from conformance.suite import Suite

    suite = Suite(Options(EXAMPLES / "python-httpx" / "golive.yaml", seed=1))
    try:
        laboratory = suite.laboratory()
        planned = trial(suite.contract, ())
        for number in range(times):
            assert len(laboratory.repeat(replace(planned, seed=number), "growth").ledger) == 1
    finally:
        suite.close()


def runs() -> None:
    rows = []
    notes = []
    series = [("python-httpx", (), 15.0), ("python-httpx", ("--examples", str(MANY)), None)]
    if shutil.which("node"):
        series.append(("node-worker", (), 60.0))
    else:
        notes.append("Not measured: node-worker, since there is no node.")
    for example, options, goal in series:
        try:
            one = run(example, *options)
            two = run(example, *options, "-j", "2")
        except Failed as error:
            say(str(error))
            notes.append(f"**Not measured**: {' '.join((example, *options))}, which was not found ready.")
            continue
        ratio = one.seconds / two.seconds
        faster = f"≥ {FASTER_GOAL}: {verdict(ratio >= FASTER_GOAL)}" if one.seconds > LONG else "a short run"
        rows.append(
            [
                " ".join((example, *options)),
                f"{one.seconds:.1f}",
                f"≤ {goal:.0f}: {verdict(one.seconds <= goal)}" if goal else "",
                f"{two.seconds:.1f}",
                f"{ratio:.2f}",
                faster,
                f"{one.memory:.0f}, {two.memory:.0f}",
                f"≤ {MEMORY_GOAL:.0f}: {verdict(one.memory <= MEMORY_GOAL)}",
            ]
        )
    publish(
        "Whole runs",
        (
            "golive run of",
            "seconds",
            "goal",
            "with -j 2",
            "times as fast",
            "goal",
            "MB at the peak, -j 1 and 2",
            "goal of -j 1",
        ),
        rows,
        *notes,
    )


def growth() -> None:
    rows = []
    costs = {}
    for times in GROWTH:
        cost = costs[times] = cost_of(sys.executable, __file__, str(times))
        say(f"{times:,} trials: {cost.seconds:.1f} s, {cost.memory:.0f} MB")
    # What starting up takes is in all of them: between two of them is what the trials take.
    few, some, many = (costs[times] for times in GROWTH)
    early = (some.seconds - few.seconds) / (GROWTH[1] - GROWTH[0])
    late = (many.seconds - some.seconds) / (GROWTH[2] - GROWTH[1])
    linear, flat = late / early, many.memory / few.memory
    goals = ("", "", f"time ≤ {LINEAR} × as long: {verdict(linear <= LINEAR)}; memory ≤ {FLAT} × as much: ")
    for times, goal in zip(GROWTH, goals, strict=True):
        cost = costs[times]
        told = goal + verdict(flat <= FLAT) if goal else ""
        rows.append([f"{times:,}", f"{cost.seconds:.1f}", f"{cost.memory:.0f}", told])
    publish(
        "Growth",
        ("trials", "seconds", "MB at the peak", "goal"),
        rows,
        f"Undisturbed orders of the python example through the laboratory, one after the other. A trial takes "
        f"{early * 1e3:.1f} ms between {GROWTH[0]:,} and {GROWTH[1]:,}, and {late * 1e3:.1f} ms beyond: "
        f"{linear:.2f} times as long. Memory at the end is {flat:.2f} times that at the beginning.",
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        repeat(int(sys.argv[1]))
    else:
        runs()
        growth()

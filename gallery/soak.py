"""`python -m gallery.soak --seeds N`: correct clients over many seeds, with generated trials. Nobody may accuse them.

What lives here: which client lives through which seed, and what is printed. It is no part of the tests: it takes
minutes for each seed.
What must never be known here: what makes a client correct.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product

from conformance import catalogue
from conformance.finding import CheckResult
from conformance.reporting.quantities import counted, duration
from gallery.catalogue import CORRECT, Exhibit
from gallery.viewing import view

AT_ONCE = 2
ADVISORY = frozenset(check.id for check in catalogue.checks() if check.severity == "advisory")


@dataclass(frozen=True, slots=True)
class Life:
    """One client's checks under one seed. `accused`: failures and errors of ours; `untested`: what was not proven
    although the client is right, good practice apart.
    """

    exhibit: Exhibit
    seed: int
    trials: int
    simulated: float
    seconds: float
    accused: tuple[str, ...]
    untested: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if any check accused any of them, or could not be passed by one."""
    parser = argparse.ArgumentParser(prog="python -m gallery.soak", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="clients whose name has one of these words; all if none")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="how many")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first of them")
    parser.add_argument(
        "--examples", type=int, default=10, metavar="N", help="generated trials for each check"
    )
    parser.add_argument(
        "--worker", action="store_true", help="each in a process of its own: the accelerated clock"
    )
    parser.add_argument("--select", action="append", default=[], metavar="CHECK", help="these checks alone")
    asked = parser.parse_args(arguments)
    clients = [
        exhibit
        for exhibit in CORRECT
        if (not asked.names or any(name.lower() in exhibit.name.lower() for name in asked.names))
        and (not exhibit.program or shutil.which(exhibit.program))
    ]
    seeds = range(asked.first, asked.first + asked.seeds)
    lives = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [
            pool.submit(_lived, exhibit, seed, asked.examples, asked.worker, tuple(asked.select))
            for seed, exhibit in product(seeds, clients)
        ]
        for number, future in enumerate(as_completed(begun), 1):
            lives.append(future.result())
            for line in _lines(lives[-1], f"{number}/{len(begun)}"):
                print(line, flush=True)
    accused = [life for life in lives if life.accused]
    untested = [life for life in lives if life.untested]
    print(
        f"\n{counted(len(clients), 'client')} over {counted(asked.seeds, 'seed')}, {asked.examples} generated trials "
        f"for each check: {counted(sum(life.trials for life in lives), 'trial')}, "
        f"{duration(sum(life.simulated for life in lives))} of client time. "
        f"Accused: {len(accused) or 'none'}. Not wholly tested: {len(untested) or 'none'}."
    )
    return 1 if accused or untested else 0


def _lived(exhibit: Exhibit, seed: int, examples: int, as_worker: bool, select: tuple[str, ...]) -> Life:
    began = time.monotonic()
    results = view(
        exhibit.target,
        select=exhibit.select or select,
        profile=exhibit.profile,
        examples=examples,
        seed=seed,
        as_worker=as_worker,
    )
    return Life(
        exhibit,
        seed,
        sum(result.trials for result in results.values()),
        sum(result.simulated for result in results.values()),
        time.monotonic() - began,
        tuple(
            f"{name}: {_why(each)}" for name, each in results.items() if each.status in ("failed", "error")
        ),
        tuple(
            f"{name}: {_why(each)}"
            for name, each in results.items()
            if each.status == "skipped" and name not in ADVISORY
        ),
    )


def _why(result: CheckResult) -> str:
    if result.finding is not None:
        again = f"{result.finding.reproduced} of {result.finding.repetitions} times again"
        return f"{result.finding.violation.summary} ({again})"
    return (result.reason or "").strip().rpartition("\n")[2]


def _lines(life: Life, progress: str) -> Sequence[str]:
    fate = "ACCUSED" if life.accused else "untested" if life.untested else "clear"
    line = (
        f"{progress:>9}  seed {life.seed:<6} {life.exhibit.name:28} {fate:9} {counted(life.trials, 'trial'):>13} "
        f"{duration(life.simulated):>12} simulated {duration(life.seconds):>12}"
    )
    return [line, *(f"{'':11}{told}" for told in (*life.accused, *life.untested))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

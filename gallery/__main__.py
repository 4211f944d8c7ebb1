"""`python -m gallery [NAME…]`: examines the clients of the gallery, and prints who was caught by which check.

What lives here: the detection matrix. What must never be known here: what is right or wrong about any client.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conformance import catalogue
from conformance.finding import CheckResult
from conformance.reporting.quantities import counted, duration
from gallery.catalogue import BROKEN, CORRECT, Exhibit
from gallery.catalogue.consequences import CONSEQUENCES
from gallery.catalogue.reasons import SILENT
from gallery.pages import write_part
from gallery.viewing import view

AT_ONCE = 2
ADVISORY = frozenset(check.id for check in catalogue.checks() if check.severity == "advisory")
"""what a client that is right may leave untested: some of it can be tested on one clock alone"""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the checks said of one client. `explained`: other checks that fail as they were said to; `amiss`: what
    is not as the catalogue has it, in words.
    """

    exhibit: Exhibit
    trials: int = 0
    seconds: float = 0.0
    explained: tuple[str, ...] = ()
    amiss: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if a check missed a client, or accused a correct one, or accuses a broken one of what nobody has
    explained.
    """
    parser = argparse.ArgumentParser(prog="python -m gallery", description="The detection matrix.")
    parser.add_argument("names", nargs="*", help="clients whose name has one of these words; all if none")
    parser.add_argument(
        "--named", action="store_true", help="only the checks that the catalogue names: quicker"
    )
    parser.add_argument("--broken", action="store_true", help="no correct clients")
    parser.add_argument("--write", action="store_true", help="the summary into docs/gallery.md as well")
    asked = parser.parse_args(arguments)
    wanted = [each for each in (*BROKEN, *(() if asked.broken else CORRECT)) if _wanted(each, asked.names)]
    there = [each for each in wanted if not each.program or shutil.which(each.program)]
    sights = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for sight in pool.map(lambda exhibit: _seen(exhibit, asked.named), there):
            sights.append(sight)
            for line in _lines(sight):
                print(line, flush=True)
    for exhibit in wanted:
        if exhibit not in there:
            print(f"{exhibit.name}: not examined, there is no {exhibit.program} here")
    table = list(_by_check(sights, not asked.names))
    print("\n" + "\n".join(table))
    if asked.write:
        write_part("matrix", table)
    amiss = sum(bool(sight.amiss) for sight in sights)
    print(f"\n{counted(len(sights), 'client')}, {amiss} not as they should be")
    return 1 if amiss else 0


def _seen(exhibit: Exhibit, named: bool) -> Sight:
    return _caught(exhibit, named) if exhibit.caught_by else _cleared(exhibit)


def _caught(exhibit: Exhibit, named: bool) -> Sight:
    """Where clocks cannot jump, all checks would take a quarter of an hour for each client."""
    few = (exhibit.caught_by, *exhibit.also) if named or exhibit.program else ()
    results = view(exhibit.target, select=few, profile=exhibit.profile)
    amiss = []
    explained = []
    for check, result in results.items():
        if check == exhibit.caught_by and result.status != "failed":
            amiss.append(f"NOT CAUGHT by {check}: {result.status}, {result.reason}")
        elif check in exhibit.also and result.status == "failed":
            explained.append(f"{check}: {exhibit.also[check]}")
        elif check in exhibit.also:
            amiss.append(f"SAID TO FAIL, and did not: {check} {result.status}")
        elif check != exhibit.caught_by and result.status in ("failed", "error"):
            why = _consequence(exhibit, result)
            if why is None:
                amiss.append(f"UNEXPLAINED {check}: {_summary(result)}")
            else:
                explained.append(f"{check}: {why}")
    trials, seconds = _needed(results[exhibit.caught_by])
    return Sight(exhibit, trials, seconds, tuple(explained), tuple(amiss))


def _consequence(exhibit: Exhibit, result: CheckResult) -> str | None:
    """Why a client that is here for another check may fail this one as well; None if nobody has said so."""
    finding = result.finding
    if finding is not None and finding.evidence is not None and not finding.evidence.exchanges:
        return SILENT
    return CONSEQUENCES.get(exhibit.caught_by, {}).get(result.id) if finding is not None else None


def _cleared(exhibit: Exhibit) -> Sight:
    results = view(exhibit.target, select=exhibit.select, examples=1)
    amiss = [
        f"ACCUSED by {check}: {_summary(result)}"
        for check, result in results.items()
        if result.status in ("failed", "error") or (result.status == "skipped" and check not in ADVISORY)
    ]
    trials = sum(result.trials for result in results.values())
    return Sight(exhibit, trials, sum(result.simulated for result in results.values()), (), tuple(amiss))


def _needed(result: CheckResult) -> tuple[int, float]:
    """Trials and client seconds until it was caught and the smallest case found, without its repetitions."""
    finding = result.finding
    if finding is None or finding.evidence is None:
        return result.trials, result.simulated
    repeated = finding.repetitions * finding.evidence.clock.simulated
    return result.trials - finding.repetitions, max(0.0, result.simulated - repeated)


def _summary(result: CheckResult) -> str:
    if result.finding is not None:
        return f"{result.status}, {result.finding.violation.summary}"
    return f"{result.status}, {(result.reason or '').strip().splitlines()[-1:]}"


def _lines(sight: Sight) -> Iterator[str]:
    exhibit = sight.exhibit
    by = exhibit.caught_by or "(nobody)"
    cost = f"{counted(sight.trials, 'trial'):>11} {duration(sight.seconds):>13}"
    yield f"{exhibit.name:28} {by:34} {cost}  {exhibit.sentence}"
    for told in (*sight.amiss, *(f"also {each}" for each in sight.explained)):
        yield f"{'':28} {told}"


def _by_check(sights: Iterable[Sight], whole: bool) -> Iterator[str]:
    """A Markdown table, a line for each check; of the `whole` gallery also for those that no client fails."""
    yield "| check | clients that fail it | caught | trials | client seconds |"
    yield "|---|---|---|---|---|"
    sights = list(sights)
    for check in catalogue.checks():
        own = [sight for sight in sights if sight.exhibit.caught_by == check.id]
        caught = [sight for sight in own if not any(each.startswith("NOT CAUGHT") for each in sight.amiss)]
        if not own and not whole:
            continue
        names = ", ".join(sight.exhibit.name for sight in own) or "**none**"
        trials = _span([sight.trials for sight in caught])
        seconds = _span([round(sight.seconds) for sight in caught])
        yield f"| {check.id} | {names} | {len(caught)} of {len(own)} | {trials} | {seconds} |"
    correct = [sight for sight in sights if not sight.exhibit.caught_by]
    accused = sum(bool(sight.amiss) for sight in correct)
    names = ", ".join(sight.exhibit.name for sight in correct)
    if correct:
        yield ""
        yield f"Correct clients: {names}. Accused: {accused or 'none'}."


def _span(values: Sequence[int]) -> str:
    if not values:
        return ""
    return f"{min(values):,}" if min(values) == max(values) else f"{min(values):,} to {max(values):,}"


def _wanted(exhibit: Exhibit, names: Sequence[str]) -> bool:
    return not names or any(part.lower() in exhibit.name.lower() for part in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

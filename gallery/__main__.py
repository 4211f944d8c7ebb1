"""`python -m gallery [NAME…]`: examines the clients of the gallery, and prints who was caught by which check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from gallery.catalogue import BROKEN, CORRECT, Exhibit
from gallery.viewing import view

AT_ONCE = 2


def main(names: Sequence[str]) -> int:
    """Exit status 1 if a check missed a client, or accused a correct one."""
    broken = [exhibit for exhibit in BROKEN if _wanted(exhibit.name, names)]
    correct = [exhibit for exhibit in CORRECT if _wanted(exhibit.name, names)]
    amiss = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line, right in chain(pool.map(_broken, broken), pool.map(_correct, correct)):
            print(line, flush=True)
            amiss += not right
    print(f"\n{len(broken) + len(correct)} clients, {amiss} not as they should be")
    return 1 if amiss else 0


def _broken(exhibit: Exhibit) -> tuple[str, bool]:
    result = view(exhibit.target, select=(exhibit.caught_by,), profile=exhibit.profile)[exhibit.caught_by]
    caught = result.status == "failed"
    trials = result.trials - (result.finding.repetitions if result.finding else 0)
    fate = f"{trials:3} trials" if caught else f"NOT CAUGHT: {result.status}"
    return f"{exhibit.name:26} {exhibit.caught_by:32} {fate:11} {exhibit.sentence}", caught


def _correct(exhibit: Exhibit) -> tuple[str, bool]:
    results = view(exhibit.target, select=exhibit.select, examples=1)
    accused = [
        check for check, result in results.items() if result.status not in ("passed", "not-applicable")
    ]
    trials = sum(result.trials for result in results.values())
    fate = f"ACCUSED: {', '.join(accused)}" if accused else "(nobody)"
    return f"{exhibit.name:26} {fate:32} {trials:3} trials {exhibit.sentence}", not accused


def _wanted(name: str, names: Sequence[str]) -> bool:
    return not names or any(part.lower() in name.lower() for part in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

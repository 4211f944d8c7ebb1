"""Parts of a run: which checks fall to which part, the same on every machine and in every process that asks.

What lives here: how a part is named on the command line, and the weights by which checks are dealt out. Nothing
but the checks, the contract and the number of parts may decide: machines that share nothing have to agree.
What must never be known here: where a part is run, and how the parts' reports are joined.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.check import Check
from conformance.contract import Contract
from conformance.evidence import trials

Shard = tuple[int, int]
"""a part: its number, from 1, and how many there are"""

MOST_PARTS = 1_000
START = 20
"""trials in whose time a client is ended and started anew"""
GENERATED = 20
"""trials that a property-based check is taken to generate where nobody says how many"""


@dataclass(frozen=True, slots=True)
class Deal:
    """Which part each check falls to, from 0, and what it weighs by itself, in trials. Heaviest checks first."""

    part: Mapping[str, int]
    weight: Mapping[str, int]


def read_shard(text: str) -> Shard:
    """`2/3` as (2, 3). Raises ValueError, with what would be right."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found is None:
        raise ValueError(f'should be I/N, such as 1/3 for the first of three parts, not "{text[:40]}"')
    index, count = int(found[1]), int(found[2])
    if not 1 <= count <= MOST_PARTS:
        raise ValueError(f"there can be 1 to {MOST_PARTS:,} parts, not {count:,}")
    if not 1 <= index <= count:
        raise ValueError(
            f"of {count} parts the first is 1/{count} and the last {count}/{count}; {text} is none"
        )
    return index, count


def deal(checks: Sequence[Check], contract: Contract, count: int, examples: int | None = None) -> Deal:
    """Deals the checks out to so many parts, some of which may stay empty. `examples`: as asked for.

    The heaviest check goes first, each to the part that has the least to do once it has it. A trial that
    several checks of a part ask for is run once there, so checks with the same trials find together.
    """
    floors = {check.id: _floor(check, contract) for check in checks}
    wanted = GENERATED if examples is None else examples
    generated = {check.id: wanted if check.generated else 0 for check in checks}
    weight = {id_: sum(floor.values()) + generated[id_] for id_, floor in floors.items()}
    planned: list[dict[bytes, int]] = [{} for _ in range(count)]
    examined = [0] * count
    part: dict[str, int] = {}
    for id_ in sorted(weight, key=lambda id_: (-weight[id_], id_)):

        def load(part: int, id_: str = id_) -> int:
            return sum((planned[part] | floors[id_]).values()) + examined[part] + generated[id_]

        lightest = part[id_] = min(range(count), key=load)
        planned[lightest] |= floors[id_]
        examined[lightest] += generated[id_]
    return Deal(part, weight)


def part_of(
    checks: Sequence[Check], contract: Contract, shard: Shard, examples: int | None = None
) -> tuple[Check, ...]:
    """The checks of one part, in their order; none where there are more parts than checks."""
    index, count = shard
    dealt = deal(checks, contract, count, examples)
    return tuple(check for check in checks if dealt.part[check.id] == index - 1)


def falls_to(shard: Shard, id_: str) -> bool:
    """Is a check of the user's own this part's? Decided by its id alone: the others are not known in advance."""
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8]) % shard[1] == shard[0] - 1


def _floor(check: Check, contract: Contract) -> dict[bytes, int]:
    """The different trials of its floor, and what each weighs."""
    floor = check.floor(contract) if check.floor else {}
    planned = (trial for aspect in floor.values() for trial in aspect)
    return {
        trials.dump_json(trial): 1 + START * len(trial.orders) if trial.restart else 1 for trial in planned
    }

"""What was measured, as the report holds it; and the same of several parts, added up. Pure.

What must never be known here: how anything is measured, and how it is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from conformance.judge.measuring import Pause
from conformance.reporting.readiness import AttemptsEntry, Observations, WaitsEntry

_Kind = tuple[str, float | None]


def observations(pauses: Mapping[Pause, int], attempts: Mapping[int, int]) -> Observations | None:
    """None where no order was handed to any client. What was asked for comes first, the shortest minimum before
    others, then what nothing is asked for by its words.
    """
    waits: dict[_Kind, Counter[float]] = {}
    early: Counter[_Kind] = Counter()
    for pause, count in pauses.items():
        kind = pause.after, pause.required
        waits.setdefault(kind, Counter())[pause.waited] += count
        early[kind] += count if pause.early else 0
    return _observations(waits, early, Counter(attempts))


def added(parts: Iterable[Observations | None]) -> Observations | None:
    """What parts of a run measured, together: a trial that two of them ran is there twice."""
    waits: dict[_Kind, Counter[float]] = {}
    early: Counter[_Kind] = Counter()
    attempts: Counter[int] = Counter()
    for part in parts:
        for entry in part.waits if part else ():
            kind = entry.after, entry.required_s
            early[kind] += entry.early
            for waited, count in entry.waited:
                waits.setdefault(kind, Counter())[waited] += count
        for taken in part.attempts if part else ():
            attempts[taken.attempts] += taken.orders
    return _observations(waits, early, attempts)


def _observations(
    waits: Mapping[_Kind, Mapping[float, int]], early: Mapping[_Kind, int], attempts: Mapping[int, int]
) -> Observations | None:
    if not attempts:
        return None
    return Observations(
        waits=tuple(
            WaitsEntry(
                after=kind[0],
                required_s=kind[1],
                waited=tuple(sorted(waits[kind].items())),
                early=early[kind],
            )
            for kind in sorted(waits, key=lambda kind: (kind[1] is None, kind[1] or 0.0, kind[0]))
        ),
        attempts=tuple(AttemptsEntry(attempts=taken, orders=attempts[taken]) for taken in sorted(attempts)),
    )

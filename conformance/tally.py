"""What was remarked in all trials of a check, aspect by aspect, and what it adds up to. Pure.

What must never be known here: how remarks came about, and any check in particular.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from conformance.check import Doubtful, NotApplicable, Note, Observed, Remark, Unmet
from conformance.finding import Cell, Status, Violation


@dataclass(slots=True)
class Tally:
    """`trials` and `simulated`, in client seconds, count every trial that was judged."""

    trials: int = 0
    simulated: float = 0.0
    observed: Counter[str] = field(default_factory=Counter)
    unmet: dict[str, str] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)
    caller_must: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    matrix: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def add(self, remarks: Iterable[Remark], aspect: str) -> list[Violation]:
        violations = []
        for remark in remarks:
            match remark:
                case Violation():
                    violations.append(remark)
                case Observed():
                    self.observed[remark.aspect or aspect] += 1
                case Unmet():
                    self.unmet.setdefault(remark.aspect or aspect, remark.reason)
                case Doubtful():
                    self.unmet.setdefault(aspect, remark.reason)
                case NotApplicable():
                    self.not_applicable.setdefault(remark.aspect or aspect, remark.reason)
                    if remark.caller_must:
                        self.caller_must[remark.caller_must] = None
                case Note():
                    self.notes[remark.text] = None
                case Cell():
                    self.matrix.setdefault((remark.row, remark.column), remark)
        return violations


def conclusion(tally: Tally, wanted: Sequence[str]) -> tuple[Status, str | None]:
    """Without a violation: every aspect was observed, or does not concern this run, or was not tested."""
    missing = [
        aspect for aspect in wanted if not tally.observed[aspect] and aspect not in tally.not_applicable
    ]
    if missing:
        why: dict[str, list[str]] = {}
        for aspect in missing:
            why.setdefault(tally.unmet.get(aspect, "nothing to observe"), []).append(aspect)
        if len(why) == 1 and missing == list(wanted):
            return "skipped", f"not observed: {next(iter(why))}"
        return "skipped", "not observed: " + "; ".join(
            f"{', '.join(aspects)}: {reason}" for reason, aspects in why.items()
        )
    if not any(tally.observed[aspect] for aspect in wanted):
        return "not-applicable", "; ".join(dict.fromkeys(tally.not_applicable.values()))
    return "passed", None

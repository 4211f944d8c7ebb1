"""A check's answer, as data: what was violated, the smallest counterexample, and how the check ended.

What lives here: the records that travel from a judge to the report, and their JSON form.
What must never be known here: how trials are run, and how a report looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from conformance.endpoint.dialogue import Dialogue
from conformance.evidence import Evidence

Severity = Literal["blocker", "major", "advisory"]
Status = Literal["passed", "failed", "skipped", "not-applicable", "error"]
Basis = Literal["observed", "declared"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the client's source. `path`: relative to the repository, or to the folder that was searched; `commit`:
    in hex, None for the working tree.
    """

    path: str
    line: int | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which evidence breaks a requirement.

    `rule` names the way in a few words and tells one bug from another; `summary` is one sentence with the
    exact difference in it; `exchanges` are the numbers of the exchanges that show it. `on_any_clock`: it stands even
    if the client was too late for an answer, as it may be where its world is faster; others are only believed when
    the real clock shows them as well.
    """

    rule: str
    summary: str
    exchanges: tuple[int, ...] = ()
    on_any_clock: bool = False
    location: Location | None = None
    dialogue: Dialogue | None = None
    """with a real endpoint, where it was found there"""


@dataclass(frozen=True, slots=True)
class Cell:
    """What the client did about one thing of many, in a few words: a place in the check's matrix, which the report
    shows however the check ended. A judge yields it beside its remarks, and it decides nothing; `wrong` where the judge
    objects to what the client did there.
    """

    row: str
    column: str
    text: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a check failed. `others` are violations of other kinds that the same check met on its way."""

    violation: Violation
    evidence: Evidence | None
    """of the smallest counterexample; None when the check examined no trial"""
    impact: str
    remedy: str
    repetitions: int = 0
    reproduced: int = 0
    """in how many of the repetitions the violation came back"""
    others: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended.

    `reason` says why it was not tested or not applicable, or holds the traceback of an error of ours;
    `note` is something that a reader should know although it decides nothing. `simulated` is in client
    seconds, `seconds` on the wall.
    """

    id: str
    status: Status
    basis: Basis = "observed"
    trials: int = 0
    simulated: float = 0.0
    seconds: float = 0.0
    note: str | None = None
    reason: str | None = None
    caller_must: tuple[str, ...] = ()
    """what the client leaves to its caller; shown in the report's head"""
    finding: Finding | None = None
    matrix: tuple[Cell, ...] = ()
    """by row and column, in the order in which they were filled"""


results: TypeAdapter[CheckResult] = TypeAdapter(CheckResult)
"""JSON both ways, ASCII only, as it travels between processes."""

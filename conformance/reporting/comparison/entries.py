"""Two readiness reports compared, as data: what `golive diff --json` writes.

What lives here: the models of a comparison, in the order in which they are written, and their schema.
What must never be known here: how a comparison comes about, when something counts as a regression, how it is shown.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from conformance.finding import Severity
from conformance.reporting.readiness import ContractFacts, Count, Standing, Strength, Summary, Tool, Verdict
from conformance.reporting.record import Record, published_schema

SCHEMA: Literal["golive/comparison/v1"] = "golive/comparison/v1"

Change = Literal[
    "newly failing",
    "in error",
    "newly untested",
    "only declared",
    "gone",
    "newly waived",
    "failing differently",
    "not asked for",
    "newly not applicable",
    "newly passing",
    "tested again",
    "new",
]
"""What became of a check, the gravest first. Each changed check has exactly one."""
WaiverChange = Literal["added", "removed", "changed", "expired"]


class Side(Record):
    """One of the two reports. All text is harmless to show."""

    subject: str
    verdict: Verdict
    sentence: str = Field(description="the verdict with its main reason")
    generated_at: datetime
    tool: Tool
    contract: ContractFacts
    summary: Summary
    asked_for: Count | None = Field(description="how many checks were selected; null when all were")


class Regression(Record):
    """Something that is worse than it was, for which the comparison ends with exit status 1."""

    about: str = Field(description="the id of a check, or `verdict`")
    severity: Severity | None
    why: str


class Line(Record):
    """A step of a counterexample. `alike` ones are in both; `left out` counts steps that are in both."""

    mark: Literal["alike", "old", "new", "left out"]
    text: str


class CheckChange(Record):
    """A check that is not as it was. `was` and `now` are its status in words, null in a report that lacks it."""

    left_out_when_none = frozenset({"reason", "summary", "impact", "remedy", "before", "waiver"})

    id: str
    title: str
    severity: Severity = Field(description="in the new report, if it is there")
    change: Change
    was: str | None
    now: str | None
    regression: bool
    reason: str | None = Field(default=None, description="why it was not tested, or what went wrong")
    summary: str | None = Field(default=None, description="what was found now")
    impact: str | None = None
    remedy: str | None = None
    before: str | None = Field(
        default=None, description="what had been found before, if that was something else"
    )
    waiver: str | None = Field(default=None, description="who answers for it, until when, and why")
    differences: tuple[str, ...] = Field(
        description="how the finding and its counterexample differ, in words"
    )
    steps: tuple[Line, ...] = Field(
        description="the counterexample's steps; where there was one before, against that"
    )


class StandingChange(Record):
    """A requirement of which something else is proven than before; null where a report does not have it."""

    id: str
    text: str
    strength: Strength
    was: Standing | None
    now: Standing | None


class WaiverEntryChange(Record):
    """A waiver that is not as it was. `owner`, `reason` and `expires` are those of the new report, if it is there."""

    check: str
    change: WaiverChange
    owner: str
    reason: str
    expires: date
    note: str = Field(description="what came of it in the new report, or in the old one if it was removed")
    blocks: bool = Field(description="the run is not ready until it is removed")
    differences: tuple[str, ...] = Field(description="what is different, in words")


class Difference(Record):
    """Something else in how the two reports came about. `means`: how far they can be compared for it, or empty."""

    what: str
    old: str
    new: str
    means: str


class Comparison(Record):
    """The new report held against the old one, `golive diff --json`."""

    schema_id: Literal["golive/comparison/v1"] = Field(alias="schema")
    regressed: bool = Field(description="there is a regression: exit status 1")
    sentence: str
    warnings: tuple[str, ...] = Field(description="why the two may not belong together; to be read first")
    old: Side
    new: Side
    regressions: tuple[Regression, ...] = Field(description="gravest first")
    checks: tuple[CheckChange, ...] = Field(description="those that changed, gravest change first")
    unchanged: dict[str, tuple[str, ...]] = Field(
        description="ids of the checks that did not change, by their status in words"
    )
    requirements: tuple[StandingChange, ...]
    waivers: tuple[WaiverEntryChange, ...]
    caller_must: tuple[str, ...] = Field(description="what the client newly leaves to its caller")
    caller_need_not: tuple[str, ...] = Field(description="what it left to its caller, and does not any more")
    run: tuple[Difference, ...]


def to_json(comparison: Comparison) -> str:
    """The document: indented, ASCII only, the keys in the order of the models."""
    return json.dumps(comparison.model_dump(mode="json", by_alias=True), indent=2, allow_nan=False) + "\n"


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of it, as it is published in `reports/`."""
    return published_schema(Comparison, SCHEMA, "golive comparison of two readiness reports")

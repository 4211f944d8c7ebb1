"""The readiness report as data.

What lives here: the models of `readiness.json`, in the order in which they are written.
What must never be known here: how a result came about, how a verdict is reached, how a report looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from conformance.finding import Basis, Severity
from conformance.reporting.record import Record

SCHEMA: Literal["golive/readiness/v1"] = "golive/readiness/v1"

Verdict = Literal["ready", "ready-with-waivers", "not-ready", "incomplete"]
Status = Literal["passed", "failed", "waived", "skipped", "not-applicable", "error"]
Strength = Literal["must", "should", "may"]
Standing = Literal[
    "proven",
    "declared",
    "proven in part",
    "refuted",
    "advice not followed",
    "waived",
    "not tested",
    "not applicable",
    "not checked",
]
WaiverState = Literal["used", "unused", "expired"]

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Tool(Record):
    name: str
    version: str


class ContractFacts(Record):
    """Which promises the client was held to. `digest` is that of the contract file."""

    name: str
    version: str
    digest: str


class Commit(Record):
    """Where the client's source stood in its git repository; where no client was examined, the profile."""

    id: str = Field(description="in hex")
    modified: bool = Field(
        description="false where it was seen that the client's own files, the profile and all that is tracked in "
        "their folders are what the commit has; true where anything differs, is not in it, or could not be read"
    )


class Selection(Record):
    """The part of the suite that was asked for. A report with a selection is no readiness report."""

    OTHERWISE: ClassVar[str] = "(pytest's own selection)"
    """stands in `select` where something else than our options left checks out"""

    select: tuple[str, ...] = Field(description="patterns of `--select`; none means every check")
    skip: tuple[str, ...] = Field(description="patterns of `--skip`")
    checks: tuple[str, ...] = Field(description="ids of the checks that these left")
    without_client: bool | None = Field(
        default=None,
        description="true where only checks were asked for that need no client: `golive account`",
    )

    left_out_when_none = frozenset({"without_client"})


class Shard(Record):
    """Which part of a run a report is on, of those that `golive merge` joins."""

    index: Annotated[int, Field(ge=1)] = Field(description="from 1")
    count: Annotated[int, Field(ge=1)] = Field(description="how many parts there are")


class DifferenceEntry(Record):
    """One way in which the endpoint's answers are of another shape than the simulation's. Holds no value of any."""

    operation: str
    situation: str = Field(description="what the contract says of such a request")
    aspect: str
    ours: str
    theirs: str
    times: Annotated[int, Field(ge=1)] = Field(description="how often it was seen")


class Fidelity(Record):
    """The endpoint behind the proxy, held against the contract's simulation of it."""

    compared: Count = Field(description="answers that were compared")
    differences: tuple[DifferenceEntry, ...]


class Run(Record):
    """How the suite was run. `duration_s` is in seconds on the wall, `simulated_s` in client seconds."""

    left_out_when_none = frozenset(
        {"selection", "interrupted", "unconfined", "api_version", "profile", "parts", "fidelity", "commit"}
    )

    seed: int
    clock: str
    sandbox: str = Field(description="what the client talked to")
    driver: str
    examples: Count = Field(
        description="generated trials of a property-based check, beside its explicit ones"
    )
    duration_s: Seconds
    simulated_s: Seconds
    trials: Count
    profile_digest: str | None = Field(description="of the profile file; null when there was none")
    client_digest: str | None = Field(description="of the client's source; null when it could not be had")
    commit: Commit | None = Field(
        default=None,
        description="of the client's source; none outside git, and for the clients that come with golive",
    )
    confined: bool = Field(description="was the client kept from everything beyond loopback?")
    unconfined: str | None = Field(default=None, description="why it was not confined")
    api_version: str | None = Field(default=None, description="the version that the profile names")
    profile: str | None = Field(default=None, description="the profile as it was named, for `golive replay`")
    clock_note: str | None = Field(default=None, description="why it was not the fastest clock; or null")
    budget_s: Seconds | None = Field(
        default=None, description="seconds on the wall that were granted; or null"
    )
    shard: Shard | None = Field(default=None, description="which part this is; null for a whole run")
    parts: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="how many parts it was merged from; its times are their sums"
    )
    selection: Selection | None = None
    interrupted: str | None = Field(default=None, description="why the run ended before its end")
    fidelity: Fidelity | None = Field(
        default=None, description="how the endpoint behind the proxy differs from the simulation"
    )


class Summary(Record):
    """Every check of the catalogue is counted in exactly one of the first six. `advisory` counts again
    those of `failed` whose severity is advisory: they never change the verdict.
    """

    passed: Count
    failed: Count = Field(description="failed and not waived, whatever the severity")
    waived: Count = Field(description="failures that are covered, and accepted untested checks")
    skipped: Count = Field(description="not tested")
    not_applicable: Count
    errored: Count = Field(description="the suite itself went wrong")
    advisory: Count = Field(description="how many of `failed` are advisory")


class ViolationEntry(Record):
    rule: str
    summary: str
    exchanges: tuple[int, ...] = Field(description="numbers of the exchanges that show it")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a counterexample. `actor` does it, or sends it where there is a `to`."""

    actor: Literal["client", "api", "output", "suite", "clock", "ledger"]
    text: str
    at: Annotated[Seconds | None, Field(description="client seconds from the trial's start")] = None
    to: Annotated[Literal["client", "api"] | None, Field(description="where a request or answer goes")] = None
    booked: Annotated[str, Field(description="what the request put into the ledger, in words")] = ""
    lost: Annotated[bool, Field(description="it was sent, and did not arrive whole")] = False
    shows: Annotated[bool, Field(description="it shows the violation")] = False
    key: Annotated[str, Field(description="the letter that the request's idempotency key goes by")] = ""
    waited_s: Annotated[Seconds | None, Field(description="how long the client waited, client seconds")] = (
        None
    )
    required_s: Annotated[Seconds | None, Field(description="how long it had to wait at least")] = None
    early: Annotated[
        bool, Field(description="it waited shorter than that, by more than the contract lets pass")
    ] = False
    exchange: Annotated[int | None, Field(description="the exchange that it belongs to")] = None


class Counterexample(Record):
    """The smallest trial that shows the violation; empty when the check examined no trial.

    `orders` are the planned orders without their schedules, `schedule` has for each reference the list of
    faults as a schedule file would, `evidence` is everything that was observed.
    """

    digest: str = Field(
        description="SHA-256 of the other three, in hex: as JSON with sorted keys, without white space"
    )
    orders: tuple[JsonValue, ...]
    schedule: dict[str, list[dict[str, JsonValue]]]
    evidence: dict[str, JsonValue]


class LocationEntry(Record):
    """A place in the client's source, and what is wrong there."""

    left_out_when_none = frozenset({"line", "commit"})

    path: str = Field(description="relative to the repository, or to the folder that was searched")
    line: Annotated[int, Field(ge=1)] | None = None
    commit: str | None = Field(
        default=None, description="the commit that brought it; none if it is in no commit"
    )
    summary: str


class FindingEntry(Record):
    """Why a check failed. `reproduced` says in how many of `repetitions` the violation came back."""

    left_out_when_none = frozenset({"locations"})

    rule: str = Field(description="the kind of violation, in a few words")
    summary: str
    impact: str
    remedy: str
    exchanges: tuple[int, ...] = Field(description="numbers of the exchanges that show it")
    repetitions: Count
    reproduced: Count
    others: tuple[ViolationEntry, ...] = Field(description="violations of other kinds, met on the way")
    sequence: tuple[str, ...] = Field(description="the counterexample as a sequence diagram, line by line")
    steps: tuple[Step, ...] = Field(default=(), description="the counterexample step by step")
    locations: tuple[LocationEntry, ...] | None = Field(
        default=None, description="places in the source that show it, where there are any"
    )
    counterexample: Counterexample


class Cover(Record):
    """The waiver that a waived check rests on, and what it covers."""

    reason: str
    owner: str
    expires: date = Field(description="the last day on which it holds")
    days_left: int = Field(description="days from the report's to the last one; 0 on the last")
    covers: Literal["failure", "untested"]


class CellEntry(Record):
    """What the client did about one thing of many: a place in a check's matrix."""

    left_out_when_none = frozenset({"wrong"})

    row: str
    column: str
    text: str
    wrong: bool | None = Field(
        default=None, description="true where the check objects to what the client did"
    )


class CheckEntry(Record):
    """One check. `reason` says why it was not tested or not applicable, or holds the traceback of an error
    of the suite. `simulated_s` is in client seconds, `duration_s` in seconds on the wall.
    """

    left_out_when_none = frozenset({"note", "reason", "finding", "waiver", "matrix"})

    id: str
    section: str
    title: str
    severity: Severity
    status: Status
    basis: Basis = Field(description="observed by the suite, or declared by the integrator")
    requirements: tuple[str, ...]
    method: str
    source: str
    trials: Count
    simulated_s: Seconds
    duration_s: Seconds
    note: str | None = None
    reason: str | None = None
    finding: FindingEntry | None = None
    waiver: Cover | None = None
    matrix: tuple[CellEntry, ...] | None = Field(
        default=None, description="what the client did, case by case, whether that was right or wrong"
    )


class RequirementEntry(Record):
    left_out_when_none = frozenset({"excluded"})

    id: str
    section: str
    text: str
    strength: Strength
    source: str
    checks: tuple[str, ...]
    excluded: str | None = Field(default=None, description="why no check proves it")
    standing: Standing = Field(description="what its checks prove of it, together")


class WaiverEntry(Record):
    """A waiver of the profile. `blocks`: the run is not ready until it is removed."""

    check: str
    reason: str
    owner: str
    expires: date = Field(description="the last day on which it holds")
    days_left: int = Field(description="days from the report's to the last one; negative when it has expired")
    state: WaiverState
    blocks: bool
    note: str = Field(description="what came of it, in a sentence")


class CallerMust(Record):
    """Something that the client leaves to whoever calls it."""

    what: str
    checks: tuple[str, ...] = Field(description="ids of the checks that met it")


class WaitsEntry(Record):
    """How long the client waited between two attempts for one order, over all trials, after answers of one kind.

    Client seconds, three significant digits. Waits that were not the client's own are not among them.
    """

    after: str = Field(description="what came of the earlier attempt, in a few words")
    required_s: Seconds | None = Field(
        description="how long it had to wait at least; null where nothing is asked"
    )
    waited: tuple[tuple[Seconds, Annotated[int, Field(ge=1)]], ...] = Field(
        description="pairs of a wait and how often it was seen, shortest first"
    )
    early: Count = Field(
        default=0, description="how many of them were too short by more than the contract lets pass"
    )


class AttemptsEntry(Record):
    attempts: Count = Field(description="attempts that were made for an order")
    orders: Annotated[int, Field(ge=1)] = Field(description="how many orders had so many")


class Observations(Record):
    """What was measured in all trials, whatever the checks made of it."""

    waits: tuple[WaitsEntry, ...]
    attempts: tuple[AttemptsEntry, ...] = Field(description="fewest first")


class Readiness(Record):
    """The whole report, `readiness.json`."""

    left_out_when_none = frozenset({"observations"})

    schema_id: Literal["golive/readiness/v1"] = Field(alias="schema")
    verdict: Verdict
    subject: str
    generated_at: datetime
    tool: Tool
    contract: ContractFacts
    run: Run
    summary: Summary
    checks: tuple[CheckEntry, ...]
    requirements: tuple[RequirementEntry, ...]
    waivers: tuple[WaiverEntry, ...]
    caller_must: tuple[CallerMust, ...]
    observations: Observations | None = Field(
        default=None, description="what was measured in all trials; none where no client was examined"
    )

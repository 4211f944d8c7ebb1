"""What a report must have in common with the golive that wrote it: its checks, its requirements, its contract. Pure.

What lives here: each check and each clause held against the catalogue, the run against what a run can be.
What must never be known here: where catalogue and contract come from, and whether a finding is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import JsonValue

from conformance.check import Check
from conformance.contract import Contract
from conformance.reporting.integrity.consistency import Misfit
from conformance.reporting.integrity.strict_json import differences
from conformance.reporting.readiness import CheckEntry, Readiness, Selection
from conformance.reporting.verdict import ACCOUNT_ALONE, NOT_SELECTED, RequirementLike

TOOL = "golive-conformance"
CALLED = ("python", "none")
"""drivers whose clients share golive's own clock, or have none"""
STARTED = ("command", "worker", "service")
SIMULATED, BEHIND_PROXY = "simulated", "proxy in front of "


@dataclass(frozen=True, slots=True)
class Known:
    """What this golive knows. `contract`: the one that the report names, None if it is not at hand; then `checks` have
    the severities that they have under no contract in particular. `contract_digest`: of its file; `contract_from`: who
    has it.
    """

    checks: Sequence[Check]
    requirements: Sequence[RequirementLike]
    contract: Contract | None = None
    contract_digest: str = ""
    version: str = ""
    contract_from: str = "golive"

    def check(self, id_: str) -> Check | None:
        return next((check for check in self.checks if check.id == id_), None)


def disagreements(readiness: Readiness, known: Known) -> list[Misfit]:
    """Where a report says something else than the golive that wrote it would have, whatever the client did."""
    by_id = {check.id: (index, check) for index, check in enumerate(readiness.checks)}
    ours = {check.id for check in known.checks}
    found = [*_tool(readiness), *_contract(readiness, known), *_run(readiness)]
    if missing := [check.id for check in known.checks if check.id not in by_id]:
        found.append(Misfit("checks", f"has no {', '.join(missing)}, which every report has"))
    elif [check.id for check in readiness.checks[: len(ours)]] != [check.id for check in known.checks]:
        found.append(Misfit("checks", "is not in the order of the catalogue"))
    for check in known.checks:
        if check.id in by_id:
            index, entry = by_id[check.id]
            found += [
                Misfit(f"checks[{index}]{place}", what)
                for place, what in _check(entry, check, readiness, known)
            ]
    for index, entry in enumerate(readiness.checks):
        if entry.id not in ours and (entry.requirements or entry.source):
            told = f"of {entry.id} is not empty, but the catalogue has no such check, and no clause names it"
            found.append(Misfit(f"checks[{index}].requirements", told))
    return [*found, *_requirements(readiness, known)]


def own_checks(readiness: Readiness, known: Known) -> list[str]:
    """Checks that the integrator brought along."""
    ours = {check.id for check in known.checks}
    return [check.id for check in readiness.checks if check.id not in ours]


def _tool(readiness: Readiness) -> Iterator[Misfit]:
    if readiness.tool.name != TOOL:
        yield Misfit("tool.name", f'is "{readiness.tool.name}", but {TOOL} writes these reports')


def _contract(readiness: Readiness, known: Known) -> Iterator[Misfit]:
    if known.contract is None:
        return
    told = readiness.contract
    for name, value, due in (
        ("name", told.name, known.contract.name),
        ("version", told.version, known.contract.version),
        ("digest", told.digest, known.contract_digest),
    ):
        if value != due:
            yield Misfit(f"contract.{name}", f'is "{value}", but that contract has "{due}"')


def _run(readiness: Readiness) -> Iterator[Misfit]:
    run = readiness.run
    proxied = run.sandbox.startswith(BEHIND_PROXY)
    if run.driver not in (*CALLED, *STARTED):
        yield Misfit("run.driver", f'is "{run.driver}", which is no driver')
    if not proxied and run.sandbox != SIMULATED:
        yield Misfit("run.sandbox", f'is "{run.sandbox}", which is neither the simulation nor a proxy')
    clocks = (
        ("real",) if proxied else ("virtual", "real") if run.driver in CALLED else ("accelerated", "real")
    )
    if run.clock not in clocks:
        behind = "behind a proxy" if proxied else f"with the driver {run.driver}"
        yield Misfit("run.clock", f'is "{run.clock}", but {behind} it is {" or ".join(clocks)}')
    if run.fidelity is None and proxied and run.trials:
        yield Misfit("run.fidelity", "is missing, but a client met an endpoint behind a proxy")


def _check(entry: CheckEntry, check: Check, readiness: Readiness, known: Known) -> Iterator[tuple[str, str]]:
    """Places below the check, and what is wrong there."""
    of = f"of {check.id}"
    same: list[tuple[str, object, object]] = [
        ("section", entry.section, check.section),
        ("title", entry.title, check.title),
        ("method", entry.method, check.method),
        ("source", entry.source, check.source),
    ]
    if known.contract is not None or check.weight is None:
        same.append(("severity", entry.severity, check.severity))
    for name, value, due in same:
        if value != due:
            yield f".{name}", f'{of} is "{value}", but in the catalogue it is "{due}"'
    if entry.requirements != check.requirements:
        yield ".requirements", f"{of} names other clauses than the catalogue: {', '.join(check.requirements)}"
    yield from _basis(entry, check)
    yield from _trials(entry, check)
    yield from _chosen(entry, check, readiness)
    finding = entry.finding
    if finding is not None and not (
        check.needs_client and not finding.counterexample.evidence.get("exchanges")
    ):
        for name, value, due in (
            ("impact", finding.impact, check.impact),
            ("remedy", finding.remedy, check.remedy),
        ):
            if value != due:
                yield f".finding.{name}", f"{of} is not that of the catalogue, which begins: {due[:60]}"


def _basis(entry: CheckEntry, check: Check) -> Iterator[tuple[str, str]]:
    concluded = entry.status in ("passed", "failed", "not-applicable") or entry.finding is not None
    if entry.basis == "declared" and check.declaration is None:
        yield ".basis", f"of {check.id} is declared, but the suite observes it"
    if entry.basis == "observed" and check.declaration is not None and concluded:
        yield ".basis", f"of {check.id} is observed, but it rests on what the profile declares"


def _trials(entry: CheckEntry, check: Check) -> Iterator[tuple[str, str]]:
    if not check.needs_client and entry.trials:
        yield ".trials", f"of {check.id} is {entry.trials:,}, but it needs no client and has none"
    concluded = entry.status in ("passed", "failed", "not-applicable") or entry.finding is not None
    if check.needs_client and concluded and not entry.trials:
        yield ".trials", f"of {check.id} is 0, but it is {entry.status}, which nothing but a trial can show"


def _chosen(entry: CheckEntry, check: Check, readiness: Readiness) -> Iterator[tuple[str, str]]:
    """Was it to be run at all? What was not must say so, and nothing else may."""
    selection = readiness.run.selection
    unasked = selection is not None and check.id not in selection.checks
    alone = selection is not None and selection.without_client is True
    if selection is not None and not unasked:
        if alone and check.needs_client:
            yield "", f"{check.id} needs a client, and is selected in a run without one"
        if not _matches(check.id, selection):
            yield "", f"{check.id} is selected, but not by the patterns of run.selection"
    due = (ACCOUNT_ALONE if alone and check.needs_client else NOT_SELECTED) if unasked else None
    if due is not None and entry.reason != due:
        yield ".reason", f'of {check.id} should be "{due}"'
    if due is None and entry.reason in (NOT_SELECTED, ACCOUNT_ALONE):
        yield ".reason", f"of {check.id} says that it was not selected, but run.selection has no such thing"
    behind = readiness.run.sandbox.startswith(BEHIND_PROXY) and check.only_simulated
    if behind and not unasked and (entry.trials or entry.finding is not None):
        yield ".status", f"of {check.id} is {entry.status}, but behind a proxy it is never tested"


def _matches(id_: str, selection: Selection) -> bool:
    if Selection.OTHERWISE in selection.select:
        return True
    wanted = not selection.select or any(fnmatchcase(id_, pattern) for pattern in selection.select)
    return wanted and not any(fnmatchcase(id_, pattern) for pattern in selection.skip)


def _requirements(readiness: Readiness, known: Known) -> Iterator[Misfit]:
    """Each clause as the catalogue has it. Its standing is arithmetic."""
    stored: list[JsonValue] = [
        entry.model_dump(mode="json", exclude={"standing"}) for entry in readiness.requirements
    ]
    due: list[JsonValue] = [_clause(requirement) for requirement in known.requirements]
    named = [requirement.id for requirement in readiness.requirements]
    ours = [requirement.id for requirement in known.requirements]
    if named != ours:
        gone = [id_ for id_ in ours if id_ not in named]
        more = [id_ for id_ in named if id_ not in ours]
        parts = [
            f"has no {', '.join(gone)}" if gone else "",
            f"has {', '.join(more)} more" if more else "",
        ]
        told = " and ".join(filter(None, parts)) or "is in another order"
        yield Misfit("requirements", f"{told} than the catalogue" if more or not gone else told)
        return
    for place, what in differences(stored, due, "requirements"):
        yield Misfit(place, what)


def _clause(requirement: RequirementLike) -> dict[str, JsonValue]:
    left_out: dict[str, JsonValue] = (
        {} if requirement.excluded is None else {"excluded": requirement.excluded}
    )
    return {
        "id": requirement.id,
        "section": requirement.section,
        "text": requirement.text,
        "strength": requirement.strength,
        "source": requirement.source,
        "checks": list(requirement.checks),
        **left_out,
    }

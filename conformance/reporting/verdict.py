"""What all findings add up to: results in, the whole readiness report out. Pure.

What lives here: the rules of status, waivers, verdict and exit status, and the report's own arithmetic.
What must never be known here: how trials are run, and how a report looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from conformance.check import Check
from conformance.contract import Contract
from conformance.finding import CheckResult
from conformance.reporting.counterexample import finding_entry
from conformance.reporting.plain import plain
from conformance.reporting.readiness import (
    SCHEMA,
    CallerMust,
    CellEntry,
    CheckEntry,
    ContractFacts,
    Cover,
    Observations,
    Readiness,
    RequirementEntry,
    Run,
    Standing,
    Status,
    Strength,
    Summary,
    Tool,
    Verdict,
    WaiverEntry,
    WaiverState,
)

NOT_SELECTED = "not selected for this run"
ACCOUNT_ALONE = "it needs a client, and this run was about the account alone"
EXIT_STATUS: Mapping[Verdict, int] = {
    "ready": 0,
    "ready-with-waivers": 0,
    "not-ready": 1,
    "incomplete": 3,
}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What there is to say about the run as a whole. `generated_at` is aware of its time zone."""

    subject: str
    generated_at: datetime
    tool: Tool
    contract: ContractFacts
    run: Run


class RequirementLike(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def section(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def strength(self) -> Strength: ...
    @property
    def source(self) -> str: ...
    @property
    def checks(self) -> Sequence[str]: ...
    @property
    def excluded(self) -> str | None: ...


class WaiverLike(Protocol):
    @property
    def check(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def expires(self) -> date: ...


def assemble(
    results: Iterable[CheckResult],
    catalogue: Iterable[Check],
    requirements: Iterable[RequirementLike],
    facts: RunFacts,
    waivers: Iterable[WaiverLike] = (),
    *,
    today: date,
    selected: Collection[str] | None = None,
    contract: Contract | None = None,
    observations: Observations | None = None,
) -> Readiness:
    """The whole report, every check of the catalogue in its order, whether there is a result for it or not.

    `selected` holds the ids that `--select` and `--skip` left, None when neither was given; it must agree
    with `facts.run.selection`. A selected check without a result was cut off when the run was interrupted;
    without an interruption it got lost, which is an error of the suite. `contract` says how long the client
    had to wait, where a counterexample is told.

    Raises ValueError for a result whose check the catalogue does not have, and for a selection that is
    told in one place only.
    """
    if (selected is None) != (facts.run.selection is None):
        raise ValueError("a selection must be given both as `selected` and in `facts.run.selection`")
    checks = tuple(catalogue)
    by_id = {result.id: result for result in results}
    if unknown := sorted(by_id.keys() - {check.id for check in checks}):
        raise ValueError(f"results of checks that the catalogue does not have: {', '.join(unknown)}")
    waivers = tuple(waivers)
    holding = {waiver.check: waiver for waiver in reversed(waivers) if waiver.expires >= today}
    entries = tuple(
        _entry(check, by_id.get(check.id), holding.get(check.id), facts.run, selected, today, contract)
        for check in checks
    )
    by_check = {entry.id: entry for entry in entries}
    waiver_entries = _waiver_entries(waivers, entries, by_id, today, selected)
    reached = verdict(_of(selected, entries), waiver_entries, interrupted=facts.run.interrupted is not None)
    return Readiness(
        schema_id=SCHEMA,
        verdict=reached if selected is None else "incomplete",
        subject=plain(facts.subject, 200),
        generated_at=facts.generated_at,
        tool=facts.tool,
        contract=facts.contract,
        run=_shown(facts.run),
        summary=summarise(entries),
        checks=entries,
        requirements=tuple(
            RequirementEntry(
                id=requirement.id,
                section=requirement.section,
                text=requirement.text,
                strength=requirement.strength,
                source=requirement.source,
                checks=tuple(requirement.checks),
                excluded=requirement.excluded,
                standing=standing(requirement, by_check),
            )
            for requirement in requirements
        ),
        waivers=waiver_entries,
        caller_must=_caller_must(by_id[check.id] for check in checks if check.id in by_id),
        observations=observations,
    )


def _shown(run: Run) -> Run:
    """The run as anybody may read of it: what a client or an endpoint said may be among the reasons."""
    told = {name: getattr(run, name) for name in ("sandbox", "unconfined", "clock_note", "interrupted")}
    return run.model_copy(update={name: plain(text, 1_000) for name, text in told.items() if text})


def verdict(
    checks: Iterable[CheckEntry], waivers: Iterable[WaiverEntry] = (), *, interrupted: bool = False
) -> Verdict:
    """What these checks add up to: failures first, then what could not be said, then what was waived."""
    checks = tuple(checks)
    weighty = [check for check in checks if check.severity != "advisory"]
    if any(check.status == "failed" for check in weighty) or any(waiver.blocks for waiver in waivers):
        return "not-ready"
    if (
        interrupted
        or not checks
        or any(check.status == "error" for check in checks)
        or any(check.status == "skipped" for check in weighty)
    ):
        return "incomplete"
    return "ready-with-waivers" if any(check.status == "waived" for check in checks) else "ready"


def exit_status(reached: Verdict) -> int:
    """The process's exit status for a verdict: 0 ready, 1 not ready, 3 incomplete."""
    return EXIT_STATUS[reached]


def status_of(readiness: Readiness) -> int:
    """The exit status of the run that this report is on: it speaks of the checks that were asked for.

    A part to which no check fell has nothing to hold against anybody.
    """
    run = readiness.run
    if run.shard and run.selection and not run.selection.checks and not run.interrupted:
        return 0
    return exit_status(verdict_of_selected(readiness))


def verdict_of_selected(readiness: Readiness) -> Verdict:
    """What the checks that were asked for add up to: the report's verdict where nothing was left out.

    With a selection the report says `incomplete`, and this is what the exit status speaks of.
    """
    selection = readiness.run.selection
    return verdict(
        _of(None if selection is None else selection.checks, readiness.checks),
        readiness.waivers,
        interrupted=readiness.run.interrupted is not None,
    )


def summarise(checks: Iterable[CheckEntry]) -> Summary:
    """Counts each check once; `advisory` counts the advisory ones of the failed ones again."""
    checks = tuple(checks)
    count: Counter[Status] = Counter(check.status for check in checks)
    return Summary(
        passed=count["passed"],
        failed=count["failed"],
        waived=count["waived"],
        skipped=count["skipped"],
        not_applicable=count["not-applicable"],
        errored=count["error"],
        advisory=sum(check.status == "failed" and check.severity == "advisory" for check in checks),
    )


def standing(requirement: RequirementLike, checks: Mapping[str, CheckEntry]) -> Standing:
    """What the checks of a requirement prove of it, together. `checks` holds those of the report by id.

    Refuted as soon as one of them failed that is more than advice; proven only if every one passed by observation,
    or cannot concern this run.
    """
    own = [checks.get(id_) for id_ in requirement.checks]
    statuses = ["skipped" if check is None else check.status for check in own]
    counting = [status for status in statuses if status != "not-applicable"]
    if not own:
        return "not checked"
    if failed := [check for check in own if check and check.status == "failed"]:
        advice = all(check.severity == "advisory" for check in failed)
        return "advice not followed" if advice else "refuted"
    if not counting:
        return "not applicable"
    if all(status == "passed" for status in counting):
        bases = {check.basis for check in own if check and check.status == "passed"}
        return "proven" if bases == {"observed"} else "declared" if len(bases) == 1 else "proven in part"
    if "waived" in statuses:
        return "waived"
    return "proven in part" if "passed" in statuses else "not tested"


def _of(selected: Collection[str] | None, checks: Iterable[CheckEntry]) -> tuple[CheckEntry, ...]:
    return tuple(check for check in checks if selected is None or check.id in selected)


def _entry(
    check: Check,
    result: CheckResult | None,
    waiver: WaiverLike | None,
    run: Run,
    selected: Collection[str] | None,
    today: date,
    contract: Contract | None,
) -> CheckEntry:
    if selected is not None and check.id not in selected:
        alone = run.selection is not None and run.selection.without_client and check.needs_client
        why = ACCOUNT_ALONE if alone else NOT_SELECTED
        result, waiver = CheckResult(check.id, "skipped", reason=why), None
    elif result is None and run.interrupted is not None:
        ended = f"the run ended before this check: {run.interrupted}"
        result, waiver = CheckResult(check.id, "skipped", reason=ended), None
    elif result is None:
        lost = "no result of this check arrived; the process that ran it may have died"
        result = CheckResult(check.id, "error", reason=lost)
    status: Status = result.status
    reason = result.reason
    if status in ("skipped", "not-applicable", "error") and not reason:
        reason = "no reason was given"
    cover = None
    if waiver is not None and status in ("failed", "skipped"):
        cover = Cover(
            reason=plain(waiver.reason, 500),
            owner=plain(waiver.owner, 200),
            expires=waiver.expires,
            days_left=(waiver.expires - today).days,
            covers="failure" if status == "failed" else "untested",
        )
        status = "waived"
    return CheckEntry(
        id=check.id,
        section=check.section,
        title=check.title,
        severity=check.severity,
        status=status,
        basis=result.basis,
        requirements=check.requirements,
        method=check.method,
        source=check.source,
        trials=result.trials,
        simulated_s=max(0.0, result.simulated),
        duration_s=max(0.0, result.seconds),
        note=None if result.note is None else plain(result.note, 2_000, lines=True),
        reason=None if reason is None else plain(reason, 20_000, lines=True),
        finding=finding_entry(result.finding, contract)
        if result.finding and result.status == "failed"
        else None,
        waiver=cover,
        matrix=tuple(
            CellEntry(
                row=plain(cell.row, 100),
                column=plain(cell.column, 100),
                text=plain(cell.text, 200),
                wrong=cell.wrong or None,
            )
            for cell in result.matrix
        )
        or None,
    )


def _waiver_entries(
    waivers: Iterable[WaiverLike],
    entries: Iterable[CheckEntry],
    results: Mapping[str, CheckResult],
    today: date,
    selected: Collection[str] | None,
) -> tuple[WaiverEntry, ...]:
    by_id = {entry.id: entry for entry in entries}

    def told(waiver: WaiverLike) -> WaiverEntry:
        days = (waiver.expires - today).days
        entry, was_run = by_id.get(waiver.check), waiver.check in results
        state = waiver_state(waiver.check, entry, days, selected, was_run=was_run)
        if state is None:
            raise ValueError(f"{waiver.check} is skipped although somebody accepts that")
        return WaiverEntry(
            check=plain(waiver.check, 100),
            reason=plain(waiver.reason, 500),
            owner=plain(waiver.owner, 200),
            expires=waiver.expires,
            days_left=days,
            state=state[0],
            blocks=state[1],
            note=state[2],
        )

    return tuple(told(waiver) for waiver in waivers)


def waiver_state(
    check_id: str,
    entry: CheckEntry | None,
    days_left: int,
    selected: Collection[str] | None,
    *,
    was_run: bool,
) -> tuple[WaiverState, bool, str] | None:
    """What came of a waiver: its state, whether it blocks, and a note. None for an entry that the waiver would have
    covered, and that is not covered. `was_run`: there is a result of the check.
    """
    if entry is None:
        return "unused", True, "no check has this id; remove the waiver"
    if selected is not None and check_id not in selected:
        return "unused", False, "the check was not selected for this run"
    if days_left < 0:
        return "expired", True, "it holds no longer: mend what it covers, or agree on a new one"
    if not was_run and entry.status == "skipped":
        return "unused", False, "the run ended before the check"
    return _STATES.get((entry.status, entry.waiver.covers if entry.waiver else None))


_STATES: Mapping[tuple[Status, str | None], tuple[WaiverState, bool, str]] = {
    ("waived", "failure"): ("used", False, "it covers a failure"),
    ("waived", "untested"): ("used", False, "it accepts that the check was not tested"),
    ("passed", None): ("unused", True, "the check passed; remove the waiver"),
    ("not-applicable", None): ("unused", False, "the check does not concern this run"),
    ("error", None): ("unused", False, "a waiver never covers an error of the suite"),
}


def _caller_must(results: Iterable[CheckResult]) -> tuple[CallerMust, ...]:
    duties: dict[str, list[str]] = {}
    for result in results:
        for duty in result.caller_must:
            duties.setdefault(plain(duty, 500), []).append(result.id)
    return tuple(CallerMust(what=what, checks=tuple(ids)) for what, ids in duties.items())

"""What the report says, in words and in order: the same in every form that it is written in. Pure.

What lives here: the sentence on top, what a requirement's checks prove, what was not proven and why.
What must never be known here: HTML, Markdown, XML or the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, get_args

from conformance.finding import Severity
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import CheckEntry, Readiness, RequirementEntry, Run, Status

SEVERITIES: tuple[Severity, ...] = ("blocker", "major", "advisory")
LABELS: Mapping[Status, str] = {
    "passed": "PASS",
    "failed": "FAIL",
    "waived": "WAIVED",
    "skipped": "UNTESTED",
    "not-applicable": "N/A",
    "error": "ERROR",
}
VERDICTS: Mapping[str, str] = {
    "ready": "ready",
    "ready-with-waivers": "ready, with waivers",
    "not-ready": "not ready",
    "incomplete": "incomplete",
}

GapKind = Literal[
    "suite error", "not tested", "accepted untested", "declared", "not applicable", "not checked"
]
KINDS: tuple[GapKind, ...] = get_args(GapKind)
WEIGHTY: tuple[GapKind, ...] = KINDS[:3]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the report does not prove, and why. `ids` are of checks, or of requirements where
    `kind` is `not checked`; `weight` is the worst severity among checks that should have been tested.
    """

    kind: GapKind
    reason: str
    ids: tuple[str, ...]
    weight: Severity | None = None


def sentence(readiness: Readiness) -> str:
    """The verdict with its main reason, in one sentence or two."""
    summary, subject = readiness.summary, readiness.subject
    selection = readiness.run.selection
    if selection is not None:
        shard = readiness.run.shard
        if shard and not selection.checks:
            return (
                f"This is no readiness report on {subject}: no check fell to part {shard.index:,} of "
                f"{shard.count:,}, which is well. Join it with the others: golive merge."
            )
        tally = _listed(_tally(check for check in readiness.checks if check.id in selection.checks))
        few = f"{len(selection.checks):,} of {counted(len(readiness.checks), 'check')}"
        if selection.without_client:
            return (
                f"This report speaks of the account of {subject} alone, and is no readiness report: no client was "
                f"examined. Of {few}, which need none, {tally or 'none was run'}."
            )
        if shard:
            return (
                f"This is no readiness report on {subject}, but part {shard.index:,} of {shard.count:,}, with "
                f"{few}. Of these, {tally or 'none was run'}. Join it with the others: golive merge."
            )
        return (
            f"This is no readiness report on {subject}: only {few} were selected. Of these, "
            f"{tally or 'none was run'}."
        )
    match readiness.verdict:
        case "ready":
            aside = ""
            if summary.not_applicable:
                aside = f"; {_be(summary.not_applicable, 'does', 'do')} not concern it"
            return f"{subject} is ready to go live: {counted(summary.passed, 'check')} passed{aside}."
        case "ready-with-waivers":
            waived = [check for check in readiness.checks if check.status == "waived"]
            accepted = sum(_accepted_untested(check) for check in waived)
            parts = [counted(summary.passed, "check") + " passed"]
            if failures := len(waived) - accepted:
                parts.append(f"{counted(failures, 'failure')} {'is' if failures == 1 else 'are'} waived")
            if accepted:
                parts.append(f"{_be(accepted, 'is', 'are')} accepted untested")
            return f"{subject} is ready to go live, with waivers: {_listed(parts)}."
        case "not-ready":
            return f"{subject} is not ready to go live: {_listed(_obstacles(readiness))}."
        case "incomplete":
            return f"Whether {subject} is ready to go live is not known: {_listed(_unknowns(readiness))}."


def tally(readiness: Readiness) -> str:
    """All counts of the summary in a line, without those that are zero."""
    return ", ".join(_tally(readiness.checks))


def lived(readiness: Readiness) -> str:
    """On which clock the client lived, for how long, and why on no faster one; a sentence."""
    run = readiness.run
    if run.selection and run.selection.without_client:
        return "No client was examined."
    through = f"The client lived through {duration(run.simulated_s)} on the {run.clock} clock"
    return f"{through}: {_without_stop(run.clock_note, run.clock)}." if run.clock_note else f"{through}."


def commit(run: Run) -> str:
    """Where the client's source stood in git; empty where it is not known."""
    if run.commit is None:
        return ""
    return f"{run.commit.id}{', with changes that are in no commit' if run.commit.modified else ''}"


def facts(readiness: Readiness) -> list[tuple[str, str]]:
    """What was run, as pairs of a label and its value."""
    run = readiness.run
    contract = readiness.contract
    told = [
        ("Contract", f"{contract.name} {contract.version} ({contract.digest[:19]})"),
        ("API version", run.api_version or ""),
        ("Client", f"{run.driver} driver{f' ({run.client_digest[:19]})' if run.client_digest else ''}"),
        ("Commit", commit(run)),
        ("Sandbox", run.sandbox),
        ("Clock", lived(readiness)),
        ("Trials", f"{run.trials:,}, {run.examples:,} generated for each property-based check"),
        ("Time", _spent(run)),
        ("Seed", str(run.seed)),
        ("Part", f"{run.shard.index:,} of {run.shard.count:,}" if run.shard else ""),
        (
            "Confined",
            "to this machine" if run.confined else f"no{f': {run.unconfined}' if run.unconfined else ''}",
        ),
        ("Profile", (run.profile_digest or "")[:19]),
        ("Tool", f"{readiness.tool.name} {readiness.tool.version}"),
        ("Written", readiness.generated_at.strftime("%Y-%m-%d %H:%M:%S %Z").strip()),
    ]
    if run.selection and run.selection.without_client:
        about_clients = {"Client", "Sandbox", "Clock", "Trials", "Confined"}
        told = [("Client", "none was examined"), *(fact for fact in told if fact[0] not in about_clients)]
    return [(label, value) for label, value in told if value]


FIDELITY = "How the endpoint differs from the simulation"
"""the heading over what was noticed behind a proxy"""


def fidelity(readiness: Readiness) -> str:
    """What came of holding the endpoint's answers against the contract's; empty where there was no endpoint."""
    known = readiness.run.fidelity
    if known is None:
        return ""
    if not known.compared:
        return "No answer of the endpoint could be compared with what the contract has the simulation say."
    were = "was" if known.compared == 1 else "were"
    compared = f"{counted(known.compared, 'answer')} of the endpoint {were} compared"
    what = "with what the contract has the simulation say to the same request"
    if not known.differences:
        return f"{compared} {what}: they are of one shape."
    differ = counted(len(known.differences), "difference")
    return (
        f"{compared} {what}: {differ} in shape, by which the contract can be corrected. They decide nothing."
    )


def failures(readiness: Readiness, *, waived: bool = False) -> list[CheckEntry]:
    """The failed checks, or those whose failure is waived, worst first."""
    wanted = [
        check
        for check in readiness.checks
        if (check.status == "failed" and not waived)
        or (check.status == "waived" and waived and not _accepted_untested(check))
    ]
    return sorted(wanted, key=lambda check: SEVERITIES.index(check.severity))


def over_failures(readiness: Readiness) -> str:
    """The heading over what failed: advice stands in nobody's way."""
    weighty = any(check.severity != "advisory" for check in failures(readiness))
    blocked = weighty or any(waiver.blocks for waiver in readiness.waivers)
    return "What stands in the way" if blocked else "What could be better"


def gaps(readiness: Readiness) -> list[Gap]:
    """Everything that the report does not prove: one entry for each reason, the gravest first."""
    found: dict[tuple[GapKind, str], list[CheckEntry]] = {}
    for check in readiness.checks:
        kind = _gap_kind(check)
        if kind is not None:
            found.setdefault((kind, _why(check)), []).append(check)
    grouped = [
        Gap(kind, reason, tuple(check.id for check in checks), _worst(checks) if kind in WEIGHTY else None)
        for (kind, reason), checks in found.items()
    ]
    excluded: dict[str, list[str]] = {}
    for requirement in readiness.requirements:
        if requirement.excluded:
            excluded.setdefault(requirement.excluded, []).append(requirement.id)
    grouped += [Gap("not checked", reason, tuple(ids)) for reason, ids in excluded.items()]
    return sorted(
        grouped,
        key=lambda gap: (KINDS.index(gap.kind), SEVERITIES.index(gap.weight) if gap.weight else 0),
    )


def weights(readiness: Readiness, gap: Gap) -> str:
    """How grave it is that these checks were not tested: `blocker`, or `3 blockers, 2 major`; empty if it is not."""
    if gap.weight is None:
        return ""
    ids = set(gap.ids)
    checks = [check for check in readiness.checks if check.id in ids]
    return gap.weight if len({check.severity for check in checks}) == 1 else _by_severity(checks)


def headings(readiness: Readiness) -> list[tuple[str, list[RequirementEntry]]]:
    """The requirements under the headings of the vendor's checklist, in its order."""
    order = list(dict.fromkeys(requirement.section for requirement in readiness.requirements))
    ranked = sorted(readiness.requirements, key=lambda requirement: order.index(requirement.section))
    return [(name, list(group)) for name, group in groupby(ranked, key=lambda entry: entry.section)]


def unmapped(readiness: Readiness) -> list[CheckEntry]:
    """Checks that no requirement names."""
    mapped = {check for requirement in readiness.requirements for check in requirement.checks}
    return [check for check in readiness.checks if check.id not in mapped]


def status_words(check: CheckEntry) -> str:
    """The status of a check, told so that nobody takes it for more than it is."""
    if check.status == "waived":
        return "accepted untested" if _accepted_untested(check) else "failed, waived"
    if check.status == "passed" and check.basis == "declared":
        return "passed, as declared"
    return {"skipped": "not tested", "not-applicable": "not applicable", "error": "suite error"}.get(
        check.status, check.status
    )


def brief(reason: str) -> str:
    """A reason in one line: of a traceback the last, which names the error."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()] or [""]
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]


def repeated(check: CheckEntry) -> str:
    """In how many of the repetitions the violation came back; empty where nothing was repeated."""
    finding = check.finding
    if finding is None or not finding.repetitions:
        return ""
    return f"Seen again in {finding.reproduced} of {counted(finding.repetitions, 'repetition')}."


def asked(readiness: Readiness, check: CheckEntry) -> str:
    """The requirement that a check is explained by, how strong it is, and where it comes from; empty if none."""
    known = {requirement.id: requirement for requirement in readiness.requirements}
    own = [known[id_] for id_ in check.requirements if id_ in known]
    if not own:
        return ""
    vendor = readiness.contract.name.capitalize()
    return f"{own[0].text} ({own[0].id}, {own[0].strength}; {vendor}: {own[0].source})"


def _accepted_untested(check: CheckEntry) -> bool:
    return check.waiver is not None and check.waiver.covers == "untested"


def _why(check: CheckEntry) -> str:
    waiver = check.waiver
    if check.status == "passed":
        return "the profile says so, and nothing that was observed could confirm or refute it"
    if waiver is None:
        return check.reason or ""
    until = f"accepted by {waiver.owner} until {waiver.expires.isoformat()}: {waiver.reason}"
    return f"{brief(check.reason or '')}; {until}"


def _gap_kind(check: CheckEntry) -> GapKind | None:
    kinds: Mapping[Status, GapKind] = {
        "error": "suite error",
        "skipped": "not tested",
        "not-applicable": "not applicable",
    }
    if check.status == "passed" and check.basis == "declared":
        return "declared"
    return "accepted untested" if _accepted_untested(check) else kinds.get(check.status)


def _worst(checks: Iterable[CheckEntry]) -> Severity:
    return min((check.severity for check in checks), key=SEVERITIES.index)


def _obstacles(readiness: Readiness) -> list[str]:
    summary = readiness.summary
    weighty = [
        check for check in readiness.checks if check.status == "failed" and check.severity != "advisory"
    ]
    blocking = sum(waiver.blocks for waiver in readiness.waivers)
    parts = []
    if weighty:
        of = f"{len(weighty):,} of {counted(len(readiness.checks), 'check')} failed"
        parts.append(f"{of} ({_by_severity(weighty)})")
    if blocking:
        parts.append(f"{counted(blocking, 'waiver')} must be removed")
    if untested := summary.skipped + summary.errored:
        parts.append(f"{_be(untested, 'was', 'were')} not tested")
    return parts


def _unknowns(readiness: Readiness) -> list[str]:
    summary = readiness.summary
    parts = []
    if readiness.run.interrupted:
        parts.append(f"the run ended early ({readiness.run.interrupted})")
    if summary.errored:
        parts.append(f"the suite itself went wrong in {counted(summary.errored, 'check')}")
    weighty = [
        check for check in readiness.checks if check.status == "skipped" and check.severity != "advisory"
    ]
    if weighty:
        parts.append(f"{_be(len(weighty), 'was', 'were')} not tested ({_by_severity(weighty)})")
    return parts or ["there are no checks"]


def _tally(checks: Iterable[CheckEntry]) -> list[str]:
    checks = list(checks)
    told = []
    for status, words in (
        ("passed", "passed"),
        ("failed", "failed"),
        ("waived", "waived"),
        ("skipped", "not tested"),
        ("not-applicable", "not applicable"),
        ("error", "went wrong in the suite"),
    ):
        having = [check for check in checks if check.status == status]
        if having:
            advisory = sum(check.severity == "advisory" for check in having)
            aside = f" ({advisory:,} advisory)" if status == "failed" and advisory else ""
            told.append(f"{len(having):,} {words}{aside}")
    return told


def _spent(run: Run) -> str:
    spent = duration(run.duration_s)
    if run.parts:
        spent += f", the sum of {counted(run.parts, 'part')}"
    return spent if run.budget_s is None else f"{spent}; {duration(run.budget_s)} were granted"


def _without_stop(note: str, clock: str) -> str:
    return plain(note, 500).removeprefix(f"{clock}: ").rstrip(".")


def _be(count: int, one: str, many: str) -> str:
    return f"{counted(count, 'check')} {one if count == 1 else many}"


def _by_severity(checks: list[CheckEntry]) -> str:
    counts = [(sum(check.severity == severity for check in checks), severity) for severity in SEVERITIES]
    words = {"blocker": "blockers", "major": "major", "advisory": "advisory"}
    return ", ".join(counted(count, severity, words[severity]) for count, severity in counts if count)


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else ""

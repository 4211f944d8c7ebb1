"""The report in a terminal or a CI log: readable without colour, without boxes, and on an ASCII-only screen.

What lives here: the line for a check that has just ended, and the summary after the last.
What must never be known here: how results come about; whether anybody is watching.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.finding import CheckResult
from conformance.reporting import wording
from conformance.reporting.conversation import ASKER
from conformance.reporting.diagram import diagram
from conformance.reporting.lines import Line, heading, print_line, prose, shows, width_of
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import CheckEntry, Readiness, Status
from conformance.reporting.waivers import HEADING, loud, waivers

if TYPE_CHECKING:
    from rich.console import Console

ID_WIDTH = 36
MOST_TRACEBACK = 25
MOST_DIFFERENCES = 8
STYLES: Mapping[Status, str] = {
    "passed": "green",
    "failed": "bold red",
    "waived": "yellow",
    "skipped": "yellow",
    "not-applicable": "dim",
    "error": "bold magenta",
}
VERDICT_STYLES = {
    "ready": "bold green",
    "ready-with-waivers": "bold yellow",
    "not-ready": "bold red",
    "incomplete": "bold yellow",
}


def progress_line(result: CheckResult | CheckEntry, clock: str = "virtual", waived: str | None = None) -> str:
    """One check that has ended: `  PASS  retries.bounded   42 trials   1 h simulated   0.8 s`.

    On the real `clock` nothing is simulated. `waived`: why a failure is accepted, and by whom.
    """
    if isinstance(result, CheckResult):
        simulated, seconds = result.simulated, result.seconds
    else:
        simulated, seconds = result.simulated_s, result.duration_s
    label = wording.LABELS["waived" if waived and result.status == "failed" else result.status]
    parts = [f"{counted(result.trials, 'trial'):>11}   " if result.trials else ""]
    if simulated >= 0.05 and clock != "real":
        parts.append(f"{duration(simulated) + ' simulated':<22}")
    if result.trials:
        parts.append(duration(seconds))
    elif result.reason:
        parts.append(plain(wording.brief(result.reason), 100))
    if waived and result.status == "failed":
        parts.append(f"   {plain(waived, 300)}")
    return f"  {label:<8}  {plain(result.id, 80):<{ID_WIDTH}}  {''.join(parts)}".rstrip()


def print_progress(
    result: CheckResult | CheckEntry, console: Console, clock: str = "virtual", waived: str | None = None
) -> None:
    """Prints the line of `progress_line`, in the colour of its status."""
    style = STYLES["waived" if waived and result.status == "failed" else result.status]
    print_line(console, progress_line(result, clock, waived), style)


def print_summary(readiness: Readiness, paths: Sequence[Path], console: Console) -> None:
    """Prints what the run adds up to. `paths` are the files that were written; none if nothing was."""
    width = width_of(console)
    ascii = not shows(console, "…│├┤─▶◀✗")
    for text, style in _summary(readiness, paths, width, ascii):
        print_line(console, text, style)


def _summary(readiness: Readiness, paths: Sequence[Path], width: int, ascii: bool) -> Iterator[Line]:
    yield "", ""
    yield from prose(wording.sentence(readiness), "", width, VERDICT_STYLES[readiness.verdict])
    for told in loud(readiness):
        yield from prose(told, "", width, STYLES["failed"])
    yield f"Checks: {wording.tally(readiness) or 'none'}", ""
    yield from prose(wording.lived(readiness), "", width)
    for check in wording.failures(readiness):
        yield from _failure(readiness, check, paths, width, ascii)
    for check in readiness.checks:
        if check.status == "error" and check.reason and check.reason.startswith("Traceback"):
            yield "", ""
            yield f"ERROR  {check.id}: the suite itself went wrong", STYLES["error"]
            yield from ((f"  {line}", "") for line in check.reason.splitlines()[-MOST_TRACEBACK:])
    yield from _waivers(readiness, width)
    yield from _gaps(readiness, width)
    if readiness.caller_must:
        yield from heading("What the client leaves to its caller")
        for duty in readiness.caller_must:
            yield from prose(duty.what, "  ", width)
    yield from _fidelity(readiness, width)
    if paths:
        yield "", ""
        page = next((path for path in paths if path.suffix == ".html"), paths[0])
        others = ", ".join(path.name for path in paths if path != page)
        yield f"Report: {page}{f' (beside it {others})' if others else ''}", "bold"


def _failure(
    readiness: Readiness, check: CheckEntry, paths: Sequence[Path], width: int, ascii: bool
) -> Iterator[Line]:
    yield "", ""
    yield f"FAIL  {check.id}  {check.severity}", STYLES["failed"]
    finding = check.finding
    if finding is not None:
        yield from prose(finding.summary, "  ", width, "bold")
        if finding.impact:
            yield from prose(f"Impact: {finding.impact}", "  ", width)
        if again := wording.repeated(check):
            yield from prose(again, "  ", width)
        asker = ASKER if "turns" in finding.counterexample.evidence else "client"
        drawn = (
            diagram(finding.steps, ascii=True, asker=asker) if ascii and finding.steps else finding.sequence
        )
        if drawn:
            yield "", ""
            yield from ((f"  {line}", "") for line in drawn)
            yield "", ""
        for other in finding.others:
            yield from prose(f"Also: {other.summary}", "  ", width)
        if finding.remedy:
            yield from prose(f"Remedy: {finding.remedy}", "  ", width)
    if asked := wording.asked(readiness, check):
        yield from prose(f"Asked for: {asked}", "  ", width)
    if check.note:
        yield from prose(f"Note: {check.note}", "  ", width)
    yield f"  golive explain {check.id}", "dim"
    if paths and finding is not None and finding.counterexample.orders:
        yield f"  golive replay {paths[0].parent} {check.id}", "dim"


def _waivers(readiness: Readiness, width: int) -> Iterator[Line]:
    if readiness.waivers:
        yield from heading(HEADING)
    for each in waivers(readiness):
        style = STYLES["failed"] if each.blocks or each.loud else STYLES["waived"]
        yield from prose(f"{each.check}  {each.covers}", "  ", width, style)
        yield from prose(f"{each.answers}: {each.reason}", "      ", width)
        for told in each.found, each.remedy:
            if told:
                yield from prose(told, "      ", width)


def _gaps(readiness: Readiness, width: int) -> Iterator[Line]:
    gaps = [gap for gap in wording.gaps(readiness) if gap.kind != "not checked"]
    beyond = sum(len(gap.ids) for gap in wording.gaps(readiness) if gap.kind == "not checked")
    if gaps or beyond:
        yield from heading("Not proven")
    for gap in gaps:
        weight = f", {weighed}" if (weighed := wording.weights(readiness, gap)) else ""
        style = STYLES["error"] if gap.kind == "suite error" else ""
        yield from prose(f"{gap.kind}{weight}: {wording.brief(gap.reason)}", "  ", width, style)
        yield from prose(", ".join(_briefly(gap.ids, readiness)), "      ", width, "dim")
    if beyond:
        told = f"{counted(beyond, 'requirement')} that no check covers; the report says why"
        yield from prose(f"not checked: {told}", "  ", width)


def _fidelity(readiness: Readiness, width: int) -> Iterator[Line]:
    told = wording.fidelity(readiness)
    if not told or readiness.run.fidelity is None:
        return
    yield from heading(wording.FIDELITY)
    yield from prose(told, "  ", width)
    differences = readiness.run.fidelity.differences
    for each in differences[:MOST_DIFFERENCES]:
        what = f"{each.operation}, {each.situation}, {each.aspect}: {each.ours}; there {each.theirs}"
        yield from prose(plain(what, 500), "      ", width)
    if (more := len(differences) - MOST_DIFFERENCES) > 0:
        yield from prose(f"and {counted(more, 'difference')} more, which the report lists", "      ", width)


def _briefly(ids: Sequence[str], readiness: Readiness) -> list[str]:
    """The ids; where much was left out of a run, whole sections by their names."""
    if readiness.run.selection is None:
        return list(ids)
    left = set(ids)
    sections: dict[str, list[str]] = {}
    for check in readiness.checks:
        sections.setdefault(check.section, []).append(check.id)
    whole = {name for name, own in sections.items() if len(own) > 1 and left.issuperset(own)}
    return list(
        dict.fromkeys(
            f"{each.partition('.')[0]}.*" if each.partition(".")[0] in whole else each for each in ids
        )
    )

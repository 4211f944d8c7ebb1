"""The report in a terminal or a CI log: readable without colour, without boxes, and on an ASCII-only screen.

What lives here: the line for a check that has just ended, and the summary after the last.
What must never be known here: how results come about; whether anybody is watching.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.finding import CheckResult
from conformance.reporting import wording
from conformance.reporting.conversation import ASKER
from conformance.reporting.diagram import diagram
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import CheckEntry, Readiness, Status

if TYPE_CHECKING:
    from rich.console import Console

ID_WIDTH = 36
MOST_TRACEBACK = 25
MOST_DIFFERENCES = 8
NARROWEST, WIDEST = 40, 100
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
_ASCII = str.maketrans({"→": "->", "…": "...", "—": "-", "–": "-", "’": "'", "“": '"', "”": '"', "·": "-"})

_Line = tuple[str, str]
"""text and style"""


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
    _print(console, progress_line(result, clock, waived), style)


def print_summary(readiness: Readiness, paths: Sequence[Path], console: Console) -> None:
    """Prints what the run adds up to. `paths` are the files that were written; none if nothing was."""
    width = max(NARROWEST, min(console.width, WIDEST))
    ascii = not _shows(console, "…│├┤─▶◀✗")
    for text, style in _summary(readiness, paths, width, ascii):
        _print(console, text, style)


def _print(console: Console, text: str, style: str) -> None:
    from rich.text import Text

    if not _shows(console, text):
        text = text.translate(_ASCII).encode(console.encoding, "backslashreplace").decode(console.encoding)
    # Text, so that nothing in it is taken for markup; soft wrap, so that a log keeps its lines whole.
    console.print(Text(text, style=style), soft_wrap=True)


def _shows(console: Console, text: str) -> bool:
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _summary(readiness: Readiness, paths: Sequence[Path], width: int, ascii: bool) -> Iterator[_Line]:
    yield "", ""
    yield from _prose(wording.sentence(readiness), "", width, VERDICT_STYLES[readiness.verdict])
    yield f"Checks: {wording.tally(readiness) or 'none'}", ""
    yield from _prose(wording.lived(readiness), "", width)
    for check in wording.failures(readiness):
        yield from _failure(readiness, check, paths, width, ascii)
    for check in wording.failures(readiness, waived=True):
        yield "", ""
        yield f"WAIVED  {check.id}  {check.severity}", STYLES["waived"]
        if check.waiver is not None:
            until = f"until {check.waiver.expires.isoformat()}, {check.waiver.owner}: {check.waiver.reason}"
            yield from _prose(until, "  ", width)
        if check.finding is not None:
            yield from _prose(check.finding.summary, "  ", width)
    for check in readiness.checks:
        if check.status == "error" and check.reason and check.reason.startswith("Traceback"):
            yield "", ""
            yield f"ERROR  {check.id}: the suite itself went wrong", STYLES["error"]
            yield from ((f"  {line}", "") for line in check.reason.splitlines()[-MOST_TRACEBACK:])
    blocking = [waiver for waiver in readiness.waivers if waiver.blocks]
    if blocking:
        yield from _heading("Waivers that stand in the way")
        for waiver in blocking:
            yield from _prose(f"{waiver.check}: {waiver.state}, {waiver.note}", "  ", width)
    yield from _gaps(readiness, width)
    if readiness.caller_must:
        yield from _heading("What the client leaves to its caller")
        for duty in readiness.caller_must:
            yield from _prose(duty.what, "  ", width)
    yield from _fidelity(readiness, width)
    if paths:
        yield "", ""
        page = next((path for path in paths if path.suffix == ".html"), paths[0])
        others = ", ".join(path.name for path in paths if path != page)
        yield f"Report: {page}{f' (beside it {others})' if others else ''}", "bold"


def _failure(
    readiness: Readiness, check: CheckEntry, paths: Sequence[Path], width: int, ascii: bool
) -> Iterator[_Line]:
    yield "", ""
    yield f"FAIL  {check.id}  {check.severity}", STYLES["failed"]
    finding = check.finding
    if finding is not None:
        yield from _prose(finding.summary, "  ", width, "bold")
        if finding.impact:
            yield from _prose(f"Impact: {finding.impact}", "  ", width)
        if again := wording.repeated(check):
            yield from _prose(again, "  ", width)
        asker = ASKER if "turns" in finding.counterexample.evidence else "client"
        drawn = (
            diagram(finding.steps, ascii=True, asker=asker) if ascii and finding.steps else finding.sequence
        )
        if drawn:
            yield "", ""
            yield from ((f"  {line}", "") for line in drawn)
            yield "", ""
        for other in finding.others:
            yield from _prose(f"Also: {other.summary}", "  ", width)
        if finding.remedy:
            yield from _prose(f"Remedy: {finding.remedy}", "  ", width)
    if asked := wording.asked(readiness, check):
        yield from _prose(f"Asked for: {asked}", "  ", width)
    if check.note:
        yield from _prose(f"Note: {check.note}", "  ", width)
    yield f"  golive explain {check.id}", "dim"
    if paths and finding is not None and finding.counterexample.orders:
        yield f"  golive replay {paths[0].parent} {check.id}", "dim"


def _gaps(readiness: Readiness, width: int) -> Iterator[_Line]:
    gaps = [gap for gap in wording.gaps(readiness) if gap.kind != "not checked"]
    beyond = sum(len(gap.ids) for gap in wording.gaps(readiness) if gap.kind == "not checked")
    if gaps or beyond:
        yield from _heading("Not proven")
    for gap in gaps:
        weight = f", {gap.weight}" if gap.weight else ""
        style = STYLES["error"] if gap.kind == "suite error" else ""
        yield from _prose(f"{gap.kind}{weight}: {wording.brief(gap.reason)}", "  ", width, style)
        yield from _prose(", ".join(_briefly(gap.ids, readiness)), "      ", width, "dim")
    if beyond:
        told = f"{counted(beyond, 'requirement')} that no check covers; the report says why"
        yield from _prose(f"not checked: {told}", "  ", width)


def _fidelity(readiness: Readiness, width: int) -> Iterator[_Line]:
    told = wording.fidelity(readiness)
    if not told or readiness.run.fidelity is None:
        return
    yield from _heading(wording.FIDELITY)
    yield from _prose(told, "  ", width)
    differences = readiness.run.fidelity.differences
    for each in differences[:MOST_DIFFERENCES]:
        what = f"{each.operation}, {each.situation}, {each.aspect}: {each.ours}; there {each.theirs}"
        yield from _prose(what, "      ", width)
    if (more := len(differences) - MOST_DIFFERENCES) > 0:
        yield from _prose(f"and {counted(more, 'difference')} more, which the report lists", "      ", width)


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


def _heading(text: str) -> Iterator[_Line]:
    yield "", ""
    yield text, "bold"


def _prose(text: str, indent: str, width: int, style: str = "") -> Iterator[_Line]:
    for paragraph in text.splitlines() or [""]:
        lines = textwrap.wrap(
            paragraph,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from ((line, style) for line in lines)

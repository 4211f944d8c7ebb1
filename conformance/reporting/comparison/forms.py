"""A comparison as people read it: in a terminal or a CI log, and as Markdown for a comment. Both say the same.

What lives here: the outline of both, and their layouts.
What must never be known here: how a comparison comes about, and when something counts as a regression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from conformance.reporting import wording
from conformance.reporting.comparison.entries import Change, CheckChange, Comparison, Line, Side
from conformance.reporting.lines import heading, print_line, prose, width_of
from conformance.reporting.markdown import code, escaped, fenced
from conformance.reporting.plain import obeyed_by_nobody

if TYPE_CHECKING:
    from rich.console import Console

MOST = 65_536
"""bytes of Markdown, as many as a comment on GitHub may have characters"""
MOST_IDS = 100
"""in one list, such as of the checks that were not asked for"""
HEADINGS: Mapping[Change, str] = {
    "newly failing": "Newly failing",
    "in error": "Newly in error",
    "newly untested": "Newly untested",
    "only declared": "Declared only, and observed before",
    "gone": "Gone",
    "newly waived": "NEWLY WAIVED: somebody answers for it",
    "failing differently": "Failing still, but differently",
    "not asked for": "Not asked for this time",
    "newly not applicable": "Newly not applicable",
    "newly passing": "Newly passing",
    "tested again": "No longer untested",
    "new": "New checks",
}
BY_NAME: frozenset[Change] = frozenset({"not asked for", "newly passing", "tested again", "new", "gone"})
"""of which it is enough to know which checks they are, and what they were"""
_MARKS = {"alike": " ", "old": "-", "new": "+", "left out": "…"}
_STYLES = {"alike": "dim", "old": "red", "new": "green", "left out": "dim"}


@dataclass(frozen=True, slots=True)
class _Item:
    """`id` and what is said beside it, the paragraphs under it, and steps of a counterexample."""

    id: str
    aside: str
    paragraphs: tuple[str, ...] = ()
    steps: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    items: tuple[_Item, ...]


def print_comparison(comparison: Comparison, console: Console) -> None:
    width = width_of(console)
    style = "bold red" if comparison.regressed else "bold green"
    lines = [*prose(comparison.sentence, "", width, style)]
    for warning in comparison.warnings:
        lines += prose(f"ATTENTION: {warning}", "", width, "bold yellow")
    lines += ((text, "") for text in _sides(comparison))
    for section in _sections(comparison):
        lines += heading(section.heading)
        for item in section.items:
            lines += prose(f"{item.id}{f'  {item.aside}' if item.aside else ''}", "  ", width)
            for paragraph in item.paragraphs:
                lines += prose(paragraph, "      ", width)
            lines += ((f"      {_MARKS[step.mark]} {step.text}", _STYLES[step.mark]) for step in item.steps)
    lines += [("", ""), *prose(_unchanged(comparison), "", width)]
    if any(each.severity for each in comparison.regressions):
        lines += prose(f"{LOOK_CLOSER}.", "", width, "dim")
    for text, how in lines:
        print_line(console, text, how)


def to_markdown(comparison: Comparison, *, most: int = MOST) -> str:
    """The document, in no more than `most` bytes: first without steps, then without what comes last."""
    for steps in (True, False):
        whole = _joined(_head(comparison), _blocks(comparison, steps), _foot(comparison))
        if len(whole.encode()) <= most:
            return whole
    told = "More was left out here, since it is too long for a comment. In a terminal golive diff says all of it."
    head, foot = _head(comparison), [told, "", *_foot(comparison)]
    kept: list[list[str]] = []
    room = most - len(_joined(head, [], foot).encode())
    for block in _blocks(comparison, steps=False):
        room -= len(_joined(block).encode())
        if room < 0:
            break
        kept.append(block)
    return _joined(head, kept, foot)


LOOK_CLOSER = (
    "golive explain CHECK says more of a check, golive replay DIR CHECK runs its counterexample once more"
)


def _sides(comparison: Comparison) -> Iterator[str]:
    was, now = (wording.VERDICTS[side.verdict] for side in (comparison.old, comparison.new))
    yield f"Verdict: {now}, as before" if was == now else f"Verdict: {was}, now {now}"
    yield f"Old: {_side(comparison.old)}"
    yield f"New: {_side(comparison.new)}"


def _side(side: Side) -> str:
    summary = side.summary
    counts = {
        "passed": summary.passed,
        "failed": summary.failed,
        "waived": summary.waived,
        "not tested": summary.skipped,
        "not applicable": summary.not_applicable,
        "went wrong in the suite": summary.errored,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    written = side.generated_at.strftime("%Y-%m-%d %H:%M:%S %Z").strip()
    return f"{side.subject}, {written}: {told or 'no checks'}"


def _sections(comparison: Comparison) -> Iterator[_Section]:
    if comparison.regressions:
        yield _Section(
            "What got worse",
            tuple(_Item(each.about, _weighed(each.severity, each.why)) for each in comparison.regressions),
        )
    changes = sorted(comparison.checks, key=lambda each: list(HEADINGS).index(each.change))
    for change, own in groupby(changes, key=lambda each: each.change):
        yield _Section(HEADINGS[change], tuple(_items(change, list(own))))
    if comparison.waivers:
        yield _Section(
            "Waivers",
            tuple(
                _Item(
                    each.check,
                    f"{each.change}: {each.note}",
                    (
                        f"{each.owner} until {each.expires.isoformat()}: {each.reason}",
                        *each.differences,
                        *(["The run is not ready until it is removed."] if each.blocks else []),
                    ),
                )
                for each in comparison.waivers
            ),
        )
    if comparison.requirements:
        yield _Section(
            "Requirements",
            tuple(
                _Item(each.id, f"{each.strength}: {each.was or 'not there'}, now {each.now or 'not there'}")
                for each in comparison.requirements
            ),
        )
    duties = [_Item("newly", what) for what in comparison.caller_must]
    duties += [_Item("no longer", what) for what in comparison.caller_need_not]
    if duties:
        yield _Section("What the client leaves to its caller", tuple(duties))
    if comparison.run:
        yield _Section(
            "What else is different",
            tuple(
                _Item(
                    each.what,
                    f"{_short(each.old)}, now {_short(each.new)}{f': {each.means}' if each.means else ''}",
                )
                for each in comparison.run
            ),
        )


def _items(change: Change, checks: list[CheckChange]) -> Iterator[_Item]:
    if change in BY_NAME:
        for was, own in groupby(sorted(checks, key=_passage), key=_passage):
            weighed = [f"{each.id} ({each.severity})" for each in own]
            yield _Item(was, _listed(weighed))
        return
    for check in checks:
        yield _Item(check.id, f"{check.severity}: {_passage(check)}", tuple(_paragraphs(check)), check.steps)


def _passage(check: CheckChange) -> str:
    if check.was is None or check.now is None:
        return check.now or f"{check.was} before"
    return check.now if check.was == check.now else f"{check.was}, now {check.now}"


def _paragraphs(check: CheckChange) -> Iterator[str]:
    if check.waiver:
        yield f"Waived by {check.waiver}"
    if check.summary:
        yield check.summary
    if check.before:
        yield f"Before: {check.before}"
    yield from (f"{told[:1].upper()}{told[1:]}." for told in check.differences)
    if check.reason:
        yield check.reason
    if check.change in ("newly failing", "newly waived"):
        if check.impact:
            yield f"Impact: {check.impact}"
        if check.remedy:
            yield f"Remedy: {check.remedy}"


def _unchanged(comparison: Comparison) -> str:
    if not comparison.unchanged:
        return "Nothing is as before."
    told = []
    for status, ids in comparison.unchanged.items():
        names = "" if status in ("passed", "not asked for", "not applicable") else f" ({_listed(ids)})"
        told.append(f"{len(ids):,} {status}{names}")
    return f"As before: {', '.join(told)}."


def _weighed(severity: str | None, why: str) -> str:
    return f"{severity}: {why}" if severity else why


def _listed(ids: Iterable[str]) -> str:
    ids = list(ids)
    more = len(ids) - MOST_IDS
    return ", ".join(ids[:MOST_IDS]) + (f" and {more:,} more" if more > 0 else "")


def _short(value: str) -> str:
    """Enough of a digest to tell it from another; words stay whole."""
    return f"{value[:19]}…" if len(value) > 40 and " " not in value else value


def _head(comparison: Comparison) -> list[str]:
    word = "regression" if comparison.regressed else "no regression"
    lines = [f"# {'✘' if comparison.regressed else '✔'} {escaped(comparison.new.subject)}: {word}", ""]
    lines += [f"**{escaped(comparison.sentence)}**", ""]
    for warning in comparison.warnings:
        lines += [f"> **Attention:** {escaped(warning)}", ""]
    lines += [f"- {escaped(text)}" for text in _sides(comparison)]
    return [*lines, ""]


def _blocks(comparison: Comparison, steps: bool) -> Iterator[list[str]]:
    for section in _sections(comparison):
        over = [f"## {escaped(section.heading)}", ""]
        for item in section.items:
            block = [*over, f"- {code(item.id)} {escaped(item.aside)}".rstrip()]
            for paragraph in item.paragraphs:
                block += ["", f"  {escaped(paragraph)}"]
            if steps and item.steps:
                drawn = fenced("\n".join(f"{_MARKS[step.mark]} {step.text}" for step in item.steps))
                drawn[0] = drawn[0].replace("text", "diff")
                block += ["", *(f"  {line}" for line in drawn)]
            if item is section.items[-1] or item.paragraphs or item.steps:
                block.append("")
            over = []
            yield block


def _foot(comparison: Comparison) -> list[str]:
    lines = [escaped(_unchanged(comparison)), ""]
    if any(each.severity for each in comparison.regressions):
        lines += [f"{escaped(LOOK_CLOSER)}.", ""]
    return lines


def _joined(*parts: Iterable[str] | Iterable[list[str]]) -> str:
    lines: list[str] = []
    for part in parts:
        for each in part:
            lines += [each] if isinstance(each, str) else each
    # Whatever the text is, it may be printed in the log of a build machine.
    return obeyed_by_nobody("\n".join(lines).rstrip("\n") + "\n")

"""The report as Markdown, for the summary page of a CI job or a comment.

What lives here: its layout, what is left out where there is little room, and how foreign text is kept from being taken
for Markdown or HTML.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from conformance.reporting import wording
from conformance.reporting.obstacles import Obstacle, obstacles
from conformance.reporting.plain import obeyed_by_nobody, plain, visible
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import CheckEntry, Readiness
from conformance.reporting.waivers import HEADING, answers_for, loud, waivers

SMALLEST = 20_000
"""bytes, into which the verdict, its reasons and what was left out go in any case"""
_ROOM_TO_SAY_SO = 1_000
"""bytes for the sentence that says what was left out"""
_MOST_OF_A_SENTENCE = 1_000
"""characters"""
_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_LIST_NUMBER = re.compile(r"^(\d+)([.)])")
_REFERENCE = re.compile(r"(?<![\w.])@(?=\w)|[#!](?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
"""what forges take for the name of somebody, who is told of it, for the number of an issue, or for an address"""
_FLAG = {"ready": "✔", "ready-with-waivers": "◐", "not-ready": "✘", "incomplete": "…"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines that stand or go together. Each of `shorter` has a rank, what is missing then, and the lines that are left:
    those of the highest rank are left out first. `section`: the heading that it stands under.
    """

    lines: tuple[str, ...]
    section: str = ""
    shorter: tuple[tuple[int, str, tuple[str, ...]], ...] = ()


_PLURALS: Mapping[str, str] = {
    "matrix": "matrices",
    "table of differences": "tables of differences",
    "heading of the checklist": "headings of the checklist",
    "reason why something is not proven": "reasons why something is not proven",
}
_RANKS: Mapping[str, int] = {"blocker": 0, "major": 1, "advisory": 2}


def to_markdown(readiness: Readiness, *, most: int | None = None) -> str:
    """The whole document, in plain CommonMark with tables. It ends in a newline.

    With `most` it has so many bytes of UTF-8 at the most, which are never fewer than characters. It is then for a page
    of a forge: what is long folds away, what matters least is left out, and the end says what that was.

    Raises ValueError if `most` is below SMALLEST.
    """
    if most is not None and most < SMALLEST:
        raise ValueError(f"no report can be told in less than {SMALLEST:,} bytes")
    return _written(_pieces(readiness, folded=most is not None), most)


def escaped(text: str) -> str:
    """The text as one line that reads the same once it has been taken for Markdown."""
    text = visible(" ".join(text.split()))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(r"\\\g<0>", text)
    text = _LIST_NUMBER.sub(r"\1\\\2", f"\\{text}" if text[:1] in ("-", "+", "#", "=") else text)
    return _apart(text)


def _apart(text: str) -> str:
    """So that nothing that is not written by us becomes a link in our name, or calls anybody."""
    return _REFERENCE.sub(r"\g<0><!-- -->", text)


def code(text: str) -> str:
    """The text as inline code, however many backticks it has."""
    text = visible(" ".join(text.split()))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padding = " " if "`" in text else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def fenced(lines: str) -> list[str]:
    """The lines as a code block that nothing in them can end."""
    shown = [visible(line) for line in lines.split("\n")]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return [f"{fence}text", *shown, fence]


def _written(pieces: Iterable[_Piece], most: int | None) -> str:
    """The pieces under their headings, so many and so much of each as there is room for."""
    pieces = list(pieces)
    left_out: Counter[str] = Counter()
    if most is not None:
        room = most - _ROOM_TO_SAY_SO - sum(_size([*each.lines, each.section, ""]) for each in pieces)
        steps = [
            (-rank, -index, step, what, lines)
            for index, each in enumerate(pieces)
            for step, (rank, what, lines) in enumerate(each.shorter)
        ]
        for _, index, _, what, lines in sorted(steps):
            if room >= 0:
                break
            room += _size(pieces[-index].lines) - _size(lines)
            left_out[what] += bool(pieces[-index].lines)
            pieces[-index] = _Piece(lines, pieces[-index].section)
    written = []
    for section, own in groupby((each for each in pieces if each.lines), key=lambda each: each.section):
        written += [section, ""] if section else []
        written += [line for each in own for line in each.lines]
    if left_out:
        told = ", ".join(counted(count, what, _PLURALS.get(what)) for what, count in left_out.items())
        written += [f"Left out here for its size: {told}. The report itself has all of it.", ""]
    # Whatever the text is, it may be printed in the log of a build machine.
    return obeyed_by_nobody("\n".join(written).rstrip("\n") + "\n")


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _pieces(readiness: Readiness, *, folded: bool) -> Iterator[_Piece]:
    yield from _head(readiness)
    yield from _in_the_way(readiness)
    yield from _not_proven(readiness)
    failed = wording.failures(readiness)
    weighty = any(check.severity != "advisory" for check in failed)
    section = "## What failed" if weighty else "## What could be better"
    yield from (_failure(readiness, check, section, folded) for check in failed)
    for check in wording.failures(readiness, waived=True):
        yield _failure(readiness, check, "## What failed, and is waived", folded)
    yield from _waivers(readiness)
    yield from _checklist(readiness, folded)
    for check in readiness.checks:
        if check.matrix:
            lines = tuple(_fold("", _matrix(check), folded, check.id))
            yield _Piece(lines, "## What the client did", ((90, "matrix", ()),))
    yield from _fidelity(readiness)
    facts = [f"- {label}: {escaped(value)}" for label, value in wording.facts(readiness)]
    yield _Piece((*facts, ""), "## The run", ((50, "list of facts about the run", ()),))


def _head(readiness: Readiness) -> Iterator[_Piece]:
    known = dict(wording.facts(readiness))
    named = ("Contract", "Client", "Commit", "Seed", "Written")
    about = [f"{label.lower()} {known[label]}" for label in named if label in known]
    sentence = plain(wording.sentence(readiness), _MOST_OF_A_SENTENCE)
    yield _Piece(
        (
            f"# {_FLAG[readiness.verdict]} {escaped(plain(readiness.subject))}: {wording.VERDICTS[readiness.verdict]}",
            "",
            f"**{escaped(sentence)}**",
            "",
            f"Checks: {escaped(wording.tally(readiness) or 'none')}.",
            "",
            escaped(plain(" · ".join(about), _MOST_OF_A_SENTENCE)),
            "",
        )
    )
    for told in loud(readiness):
        yield _Piece(("> [!WARNING]", f"> {escaped(told)}", ""), shorter=((5, "warning", ()),))


def _in_the_way(readiness: Readiness) -> Iterator[_Piece]:
    """What has to be dealt with, a line each."""
    section = "## What stands in the way"
    shorter = ((10, "obstacle", ()),)
    lines = [_obstacle(each) for each in obstacles(readiness)]
    yield from (_Piece((line,), section, shorter) for line in lines)
    if lines:
        yield _Piece(("",), section)


def _obstacle(obstacle: Obstacle) -> str:
    checks = ", ".join(map(code, obstacle.checks))
    means = escaped(plain(obstacle.means, 300))
    told = {
        "failed": f"{checks} failed. {means}",
        "waiver": f"{escaped(obstacle.title)} must go. It is {means}",
        "suite error": f"the suite itself went wrong in {checks}: {means}",
        "not tested": f"not tested: {checks}: {means}",
        "ended early": escaped(obstacle.title),
    }
    return f"- **{obstacle.weight}**: {told[obstacle.kind]}"


def _not_proven(readiness: Readiness) -> Iterator[_Piece]:
    section = "## What this report does not prove"
    gaps = wording.gaps(readiness)
    what = "reason why something is not proven"
    for gap in gaps:
        ids = ", ".join(code(id_) for id_ in gap.ids)
        weight = f" ({weighed})" if (weighed := wording.weights(readiness, gap)) else ""
        line = f"- **{gap.kind}**{weight}: {escaped(plain(wording.brief(gap.reason), 1_000))} — {ids}"
        yield _Piece((line,), section, ((20 if gap.weight else 75, what, ()),))
    if gaps:
        yield _Piece(("",), section)
    if readiness.caller_must:
        duties = [f"- {escaped(duty.what)}" for duty in readiness.caller_must]
        lines = ("The client leaves to its caller:", "", *duties, "")
        yield _Piece(lines, section, ((25, "list of the caller's duties", ()),))


def _waivers(readiness: Readiness) -> Iterator[_Piece]:
    section = f"## {HEADING}"
    for each in waivers(readiness):
        told = f"- {code(each.check)} **{each.covers}**: {escaped(each.answers)}: {escaped(each.reason)}"
        remedy = f". {escaped(each.remedy)}" if each.remedy else ""
        yield _Piece((f"{told}{remedy}",), section, ((15, "waiver", ()),))
    if readiness.waivers:
        yield _Piece(("",), section)


def _fold(title: str, lines: Iterable[str], folded: bool, name: str = "") -> Iterator[str]:
    """The lines under their title, which opens them where they are folded away. They end in an empty line. `name`: of
    the check that they are about, where the title is only for those.
    """
    if not folded:
        yield f"### {code(name)} {escaped(title)}".rstrip() if name else f"### {escaped(title)}"
        yield ""
        yield from lines
        return
    shown = html.escape(plain(" ".join(title.split()), 400), quote=False)
    named = f"<code>{html.escape(name)}</code> " if name else ""
    yield f"<details><summary>{f'{named}{_apart(shown)}'.rstrip()}</summary>"
    yield ""
    yield from lines
    yield "</details>"
    yield ""


def _failure(readiness: Readiness, check: CheckEntry, section: str, folded: bool) -> _Piece:
    title = f"— {check.severity}"
    if folded and check.finding is not None:
        title = f"{title}: {check.finding.summary}"
    whole, brief = (
        tuple(_fold(title, _told(readiness, check, drawn=drawn), folded, check.id)) for drawn in (True, False)
    )
    rank = _RANKS[check.severity]
    shorter = ((30 + rank, "finding", ()),)
    if whole != brief:
        return _Piece(whole, section, ((60 + rank, "diagram", brief), *shorter))
    return _Piece(whole, section, shorter)


def _told(readiness: Readiness, check: CheckEntry, *, drawn: bool) -> Iterator[str]:
    if check.waiver is not None:
        yield escaped(f"Waived by {answers_for(check.waiver)}: {check.waiver.reason}")
        yield ""
    finding = check.finding
    if finding is None:
        return
    yield f"**{escaped(finding.summary)}**"
    yield ""
    impact = f"Impact: {finding.impact}" if finding.impact else ""
    yield escaped(f"{impact} {wording.repeated(check)}")
    yield ""
    if finding.sequence and drawn:
        yield from fenced("\n".join(finding.sequence))
        yield ""
    for other in finding.others:
        yield f"- Also: {escaped(other.summary)}"
    if finding.others:
        yield ""
    if finding.remedy:
        yield f"Remedy: {escaped(finding.remedy)}"
        yield ""
    if asked := wording.asked(readiness, check):
        yield f"Asked for: {escaped(asked)}"
        yield ""
    if check.note:
        yield f"Note: {escaped(check.note)}"
        yield ""


def _matrix(check: CheckEntry) -> Iterator[str]:
    """What the client did, a line for each row."""
    yield "| what came | | what it did |"
    yield "|---|---|---|"
    for cell in check.matrix or ():
        told = f"**{escaped(cell.text)}** ✘" if cell.wrong else escaped(cell.text)
        yield f"| {_cell(cell.row)} | {escaped(cell.column)} | {told} |"
    yield ""


def _cell(text: str) -> str:
    """Inline code in a table, whose cells end at any bar that is not escaped."""
    return code(text).replace("|", "\\|")


def _fidelity(readiness: Readiness) -> Iterator[_Piece]:
    section = f"## {wording.FIDELITY}"
    told = wording.fidelity(readiness)
    if not told or readiness.run.fidelity is None:
        return
    yield _Piece((escaped(told), ""), section)
    if not readiness.run.fidelity.differences:
        return
    lines = ["| operation | situation | what | simulation | endpoint | seen |", "|---|---|---|---|---|---|"]
    for each in readiness.run.fidelity.differences:
        texts = (
            each.operation,
            each.situation,
            each.aspect,
            each.ours,
            each.theirs,
            counted(each.times, "time"),
        )
        lines.append(f"| {' | '.join(escaped(plain(text)) for text in texts)} |")
    yield _Piece((*lines, ""), section, ((85, "table of differences", ()),))


def _checklist(readiness: Readiness, folded: bool) -> Iterator[_Piece]:
    section = "## The checklist"
    shorter = ((80, "heading of the checklist", ()),)
    checks = {check.id: check for check in readiness.checks}
    for heading, requirements in wording.headings(readiness):
        lines = ["| requirement | strength | result | checks |", "|---|---|---|---|"]
        for requirement in requirements:
            own = [
                f"{_cell(id_)}: {wording.status_words(checks[id_]) if id_ in checks else 'not in this suite'}"
                for id_ in requirement.checks
            ]
            cells = [
                escaped(requirement.text),
                requirement.strength,
                f"**{requirement.standing}**",
                "<br>".join(own) or "—",
            ]
            lines.append(f"| {' | '.join(cells)} |")
        title = heading
        if folded:
            standings = Counter(requirement.standing for requirement in requirements)
            title += f": {', '.join(f'{count:,} {standing}' for standing, count in standings.items())}"
        yield _Piece(tuple(_fold(title, [*lines, ""], folded)), section, shorter)
    if rest := wording.unmapped(readiness):
        lines = [f"- {code(check.id)}: {wording.status_words(check)}" for check in rest]
        yield _Piece(tuple(_fold("Further checks", [*lines, ""], folded)), section, shorter)

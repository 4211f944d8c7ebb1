"""The report as Markdown, for the summary page of a CI job or a comment.

What lives here: its layout, and how foreign text is kept from being taken for Markdown or HTML.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.reporting import wording
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import CheckEntry, Readiness

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_LIST_NUMBER = re.compile(r"^(\d+)([.)])")
_FLAG = {"ready": "✔", "ready-with-waivers": "◐", "not-ready": "✘", "incomplete": "…"}


def to_markdown(readiness: Readiness) -> str:
    """The whole document. It ends in a newline."""
    return "\n".join(_document(readiness)) + "\n"


def escaped(text: str) -> str:
    """The text as one line that reads the same once it has been taken for Markdown."""
    text = " ".join(text.split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # An address that is not written by us must not become a link in our name.
    text = text.replace("://", "&#58;//").replace("www.", "www&#46;")
    text = _SPECIAL.sub(r"\\\g<0>", text)
    return _LIST_NUMBER.sub(r"\1\\\2", f"\\{text}" if text[:1] in ("-", "+", "#", "=") else text)


def code(text: str) -> str:
    """The text as inline code, however many backticks it has."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padding = " " if "`" in text else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def fenced(lines: str) -> list[str]:
    """The lines as a code block that nothing in them can end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return [f"{fence}text", *lines.splitlines(), fence]


def _document(readiness: Readiness) -> Iterator[str]:
    yield f"# {_FLAG[readiness.verdict]} {escaped(readiness.subject)}: {wording.VERDICTS[readiness.verdict]}"
    yield ""
    yield f"**{escaped(wording.sentence(readiness))}**"
    yield ""
    yield f"Checks: {escaped(wording.tally(readiness))}."
    yield ""
    yield from _not_proven(readiness)
    failures = wording.failures(readiness)
    blocking = [waiver for waiver in readiness.waivers if waiver.blocks]
    if failures or blocking:
        yield f"## {wording.over_failures(readiness)}"
        yield ""
        for waiver in blocking:
            yield f"- Waiver for {code(waiver.check)}: {waiver.state}, {escaped(waiver.note)}"
        if blocking:
            yield ""
        for check in failures:
            yield from _failure(readiness, check)
    waived = wording.failures(readiness, waived=True)
    if waived:
        yield "## Waived"
        yield ""
        for check in waived:
            yield from _failure(readiness, check)
    yield from _checklist(readiness)
    yield from _fidelity(readiness)
    yield "## The run"
    yield ""
    yield from (f"- {label}: {escaped(value)}" for label, value in wording.facts(readiness))


def _not_proven(readiness: Readiness) -> Iterator[str]:
    gaps = wording.gaps(readiness)
    if gaps:
        yield "## What this report does not prove"
        yield ""
        for gap in gaps:
            ids = ", ".join(code(id_) for id_ in gap.ids)
            weight = f" ({gap.weight})" if gap.weight else ""
            yield f"- **{gap.kind}**{weight}: {escaped(wording.brief(gap.reason))} — {ids}"
        yield ""
    if readiness.caller_must:
        yield "The client leaves to its caller:"
        yield ""
        yield from (f"- {escaped(duty.what)}" for duty in readiness.caller_must)
        yield ""


def _failure(readiness: Readiness, check: CheckEntry) -> Iterator[str]:
    yield f"### {code(check.id)} — {check.severity}"
    yield ""
    if check.waiver is not None:
        until = (
            f"Waived until {check.waiver.expires.isoformat()} by {check.waiver.owner}: {check.waiver.reason}"
        )
        yield escaped(until)
        yield ""
    finding = check.finding
    if finding is None:
        return
    yield f"**{escaped(finding.summary)}**"
    yield ""
    impact = f"Impact: {finding.impact}" if finding.impact else ""
    yield escaped(f"{impact} {wording.repeated(check)}")
    yield ""
    if finding.sequence:
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
    if not check.matrix:
        return
    yield f"### What the client did: {code(check.id)}"
    yield ""
    yield "| what came | | what it did |"
    yield "|---|---|---|"
    for cell in check.matrix:
        yield f"| {code(cell.row)} | {escaped(cell.column)} | {escaped(cell.text)} |"
    yield ""


def _fidelity(readiness: Readiness) -> Iterator[str]:
    told = wording.fidelity(readiness)
    if not told or readiness.run.fidelity is None:
        return
    yield f"## {wording.FIDELITY}"
    yield ""
    yield escaped(told)
    yield ""
    if not readiness.run.fidelity.differences:
        return
    yield "| operation | situation | what | simulation | endpoint | seen |"
    yield "|---|---|---|---|---|---|"
    for each in readiness.run.fidelity.differences:
        texts = (
            each.operation,
            each.situation,
            each.aspect,
            each.ours,
            each.theirs,
            counted(each.times, "time"),
        )
        yield f"| {' | '.join(map(escaped, texts))} |"
    yield ""


def _checklist(readiness: Readiness) -> Iterator[str]:
    checks = {check.id: check for check in readiness.checks}
    yield "## The checklist"
    yield ""
    for heading, requirements in wording.headings(readiness):
        yield f"### {escaped(heading)}"
        yield ""
        yield "| requirement | strength | result | checks |"
        yield "|---|---|---|---|"
        for requirement in requirements:
            own = [
                f"{code(id_)}: {wording.status_words(checks[id_]) if id_ in checks else 'not in this suite'}"
                for id_ in requirement.checks
            ]
            cells = [
                escaped(requirement.text),
                requirement.strength,
                f"**{requirement.standing}**",
                "<br>".join(own) or "—",
            ]
            yield f"| {' | '.join(cells)} |"
        yield ""
    for check in readiness.checks:
        yield from _matrix(check)
    rest = wording.unmapped(readiness)
    if rest:
        yield "### Further checks"
        yield ""
        yield from (f"- {code(check.id)}: {wording.status_words(check)}" for check in rest)
        yield ""

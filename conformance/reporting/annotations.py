"""The report as annotations of a GitHub workflow: the lines by which its runner marks a step and a source file. Pure.

What lives here: what is worth a mark, how grave it is, and how it is spelled so that the runner reads one command and
no more.
What must never be known here: whether a runner reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from conformance.reporting import wording
from conformance.reporting.obstacles import obstacles
from conformance.reporting.plain import plain
from conformance.reporting.readiness import CheckEntry, LocationEntry, Readiness
from conformance.reporting.waivers import waivers

Level = Literal["error", "warning", "notice"]
MOST = 10
"""of one level that are shown for a step, the runner says; what came later would be dropped in silence"""
MOST_OF_MESSAGE = 1_000
MOST_OF_TITLE = 150
"""characters"""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A mark; `file` and `line` where it belongs to a place in the source."""

    level: Level
    title: str
    message: str
    file: str = ""
    line: int | None = None


def annotate(readiness: Readiness) -> tuple[Annotation, ...]:
    """What failed and waivers that have to go as errors, and so what went wrong in the suite; what matters and was not
    tested as warnings, and so blockers that somebody accepts untested; advice and other waivers as notices. The worst
    come first in each level. Of more than MOST the last one says how many there are.
    """
    found = list(_found(readiness))
    levels: tuple[Level, ...] = ("error", "warning", "notice")
    return tuple(
        each for level in levels for each in _limited(level, [mark for mark in found if mark.level == level])
    )


def command(annotation: Annotation) -> str:
    """The line that the runner carries out."""
    known = {
        "file": annotation.file,
        "line": "" if annotation.line is None else str(annotation.line),
        "title": plain(annotation.title, MOST_OF_TITLE),
    }
    properties = ",".join(f"{name}={_property(value)}" for name, value in known.items() if value)
    return (
        f"::{annotation.level} {properties}::{_data(plain(annotation.message, MOST_OF_MESSAGE, lines=True))}"
    )


def _found(readiness: Readiness) -> Iterator[Annotation]:
    known = {check.id: check for check in readiness.checks}
    for obstacle in obstacles(readiness):
        named = ", ".join(obstacle.checks)
        title = f"golive: {named or obstacle.title} ({obstacle.weight})"
        match obstacle.kind:
            case "failed":
                yield from _failure(known[obstacle.checks[0]], "error")
            case "waiver":
                yield Annotation("error", title, f"{obstacle.title} must go. It is {obstacle.means}")
            case "suite error":
                yield Annotation("error", title, f"the suite itself went wrong: {obstacle.means}")
            case "not tested":
                yield Annotation("warning", title, f"not tested: {obstacle.means}")
            case "ended early":
                yield Annotation("warning", "golive", obstacle.title)
    for check in wording.failures(readiness):
        if check.severity == "advisory":
            yield from _failure(check, "notice")
    for waiver in waivers(readiness):
        if not waiver.blocks:
            told = f"{waiver.covers}: {waiver.answers}: {waiver.reason}"
            message = "\n".join(part for part in (told, waiver.found, waiver.remedy) if part)
            level: Level = "warning" if waiver.loud else "notice"
            yield Annotation(level, f"golive: waiver for {waiver.check}", message)


def _failure(check: CheckEntry, level: Level) -> Iterator[Annotation]:
    title = f"golive: {check.id} ({check.severity})"
    finding = check.finding
    if finding is None:
        yield Annotation(level, title, check.title)
        return
    more = [finding.impact, f"Remedy: {finding.remedy}" if finding.remedy else ""]
    places = finding.locations or ()
    if not places:
        yield Annotation(level, title, _paragraphs(finding.summary, *more))
    for place in places:
        file = place.path if _is_file(place) else ""
        where = "" if file else f"{place.path} {place.commit or ''}".strip()
        message = _paragraphs(place.summary, where, *more)
        yield Annotation(level, title, message, file, place.line if file else None)


def _is_file(place: LocationEntry) -> bool:
    """Is it in the working tree? What only history or a commit's words have is in no file that could be marked."""
    return place.commit is None and not place.path.startswith(("(", "refs/"))


def _limited(level: Level, found: list[Annotation]) -> Iterator[Annotation]:
    if len(found) <= MOST:
        yield from found
        return
    yield from found[: MOST - 1]
    more = len(found) - MOST + 1
    yield Annotation(level, "golive", f"and {more:,} more, which the step's summary and the report list")


def _paragraphs(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def _data(text: str) -> str:
    return _replaced(text, (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")))


def _property(text: str) -> str:
    return _replaced(_data(text), ((":", "%3A"), (",", "%2C")))


def _replaced(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    for found, replacement in pairs:
        text = text.replace(found, replacement)
    return text

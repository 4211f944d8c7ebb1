"""Waivers in words, the same in every form: what each covers, who answers for it, and what is to be done. Pure.

What lives here: their order, and the sentences about them.
What must never be known here: HTML, Markdown, XML or the terminal, and how a waiver comes to be used.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.finding import Severity
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import CheckEntry, Cover, Readiness, WaiverEntry
from conformance.reporting.wording import SEVERITIES

LOUD = "ACCEPTED UNTESTED"
"""of a blocker that somebody accepts without a test: nobody may overlook it"""
HEADING = "Waivers"


@dataclass(frozen=True, slots=True)
class WaiverWords:
    """One waiver, told. `covers`: what it stands for, or that it stands for nothing. `answers`: who answers for it, and
    until when. `remedy`: why it covers nothing, and what to do; empty if it covers something. `found`: what failed,
    where it covers a failure. `loud`: it accepts that a blocker was not tested.
    """

    check: str
    covers: str
    answers: str
    reason: str
    remedy: str
    found: str
    loud: bool
    blocks: bool


def waivers(readiness: Readiness) -> tuple[WaiverWords, ...]:
    """All of them: those that have to go, then the accepted untested blockers, then by the weight of their check."""
    known = {check.id: check for check in readiness.checks}
    told = [(waiver, known.get(waiver.check)) for waiver in readiness.waivers]
    told.sort(key=lambda each: (not each[0].blocks, not _is_loud(*each), _weight(each[1])))
    return tuple(_words(waiver, check) for waiver, check in told)


def loud(readiness: Readiness) -> tuple[str, ...]:
    """A sentence for each blocker that is accepted without a test: they stand beside the verdict."""
    return tuple(
        f"{LOUD}, a blocker: {each.check}. {each.answers}: {each.reason}"
        for each in waivers(readiness)
        if each.loud
    )


def covered(waiver: WaiverEntry, check: CheckEntry | None) -> str:
    """`covers a failure (blocker)`, `ACCEPTED UNTESTED (blocker)`, or `covers nothing (expired)`.

    `check` is the one that the waiver names, None if there is none of that name.
    """
    cover = check.waiver if check is not None and waiver.state == "used" else None
    if check is None or cover is None:
        return f"covers nothing ({waiver.state})"
    if cover.covers == "failure":
        return f"covers a failure ({check.severity})"
    return f"{LOUD if _is_loud(waiver, check) else 'accepted untested'} ({check.severity})"


def answers_for(waiver: WaiverEntry | Cover) -> str:
    """Who answers for it, and for how long yet."""
    return f"{waiver.owner} until {waiver.expires.isoformat()}, {days_left(waiver.days_left)}"


def days_left(days: int) -> str:
    """How long it holds, from the day of the report on; negative `days` are past."""
    if days < 0:
        return f"expired {counted(-days, 'day')} ago"
    return "its last day" if days == 0 else f"{counted(days, 'day')} left"


def _words(waiver: WaiverEntry, check: CheckEntry | None) -> WaiverWords:
    used = waiver.state == "used" and check is not None
    return WaiverWords(
        check=waiver.check,
        covers=covered(waiver, check),
        answers=answers_for(waiver),
        reason=waiver.reason,
        remedy="" if used else _remedy(waiver),
        found=check.finding.summary if used and check is not None and check.finding is not None else "",
        loud=_is_loud(waiver, check),
        blocks=waiver.blocks,
    )


def _remedy(waiver: WaiverEntry) -> str:
    note = waiver.note[:1].upper() + waiver.note[1:]
    return (
        f"{note}. Until it is gone from the profile, the run is not ready." if waiver.blocks else f"{note}."
    )


def _is_loud(waiver: WaiverEntry, check: CheckEntry | None) -> bool:
    return (
        waiver.state == "used"
        and check is not None
        and check.severity == "blocker"
        and check.waiver is not None
        and check.waiver.covers == "untested"
    )


def _weight(check: CheckEntry | None) -> int:
    severity: Severity = "blocker" if check is None else check.severity
    return SEVERITIES.index(severity)

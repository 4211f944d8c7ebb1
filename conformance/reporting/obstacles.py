"""What keeps a client from going live, worst first: the list that a reviewer reads after the verdict. Pure.

What lives here: what belongs on that list, in which order, and in what words.
What must never be known here: HTML, Markdown, XML or the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from conformance.finding import Severity
from conformance.reporting.readiness import CheckEntry, Readiness
from conformance.reporting.wording import SEVERITIES, brief

ObstacleKind = Literal["failed", "waiver", "suite error", "not tested", "ended early"]
KINDS: tuple[ObstacleKind, ...] = get_args(ObstacleKind)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that has to be dealt with. `means` says what it leads to, or why it is so; `checks` are the ids of
    the checks that it is about, one in all but what was not tested for one and the same reason.
    """

    kind: ObstacleKind
    weight: Severity
    title: str
    means: str
    checks: tuple[str, ...]


def obstacles(readiness: Readiness) -> tuple[Obstacle, ...]:
    """Failures, waivers that block, errors of the suite and what matters and was not tested; none in a report that
    says ready. Advice that was not followed is no obstacle, and what nobody asked for is none either.
    """
    found = sorted(
        _found(readiness),
        key=lambda each: (SEVERITIES.index(each.weight), KINDS.index(each.kind)),
    )
    return tuple(found)


def _found(readiness: Readiness) -> Iterator[Obstacle]:
    known = {check.id: check for check in readiness.checks}
    selection = readiness.run.selection
    untested: dict[tuple[Severity, str], list[CheckEntry]] = {}
    for check in readiness.checks:
        if selection is not None and check.id not in selection.checks:
            continue
        if check.status == "error":
            means = brief(check.reason or "")
            yield Obstacle("suite error", check.severity, check.title, means, (check.id,))
        elif check.status == "failed" and check.severity != "advisory":
            means = _means(check)
            yield Obstacle("failed", check.severity, check.title, means, (check.id,))
        elif check.status == "skipped" and check.severity != "advisory":
            untested.setdefault((check.severity, brief(check.reason or "")), []).append(check)
    for (severity, reason), checks in untested.items():
        title = checks[0].title if len(checks) == 1 else f"{len(checks):,} checks of one reason"
        yield Obstacle("not tested", severity, title, reason, tuple(check.id for check in checks))
    for waiver in readiness.waivers:
        if waiver.blocks:
            check_ = known.get(waiver.check)
            yield Obstacle(
                "waiver",
                "blocker" if check_ is None else check_.severity,
                f"The waiver for {waiver.check}",
                f"{waiver.state}: {waiver.note}",
                () if check_ is None else (waiver.check,),
            )
    if readiness.run.interrupted:
        ended = f"The run ended early: {readiness.run.interrupted}"
        yield Obstacle("ended early", "blocker", ended, "", ())


def _means(check: CheckEntry) -> str:
    finding = check.finding
    if finding is None:
        return ""
    return finding.impact or finding.summary

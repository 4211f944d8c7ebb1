"""The report as one HTML page that needs nothing but itself.

What lives here: what the template is given, how it is found and filled, and what the page allows to run in it. How it
looks stands in the templates and style sheets.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from conformance.paths import REPORTS
from conformance.reporting import drawing, waivers, wording
from conformance.reporting.drawing import Table
from conformance.reporting.exhibits import exhibits
from conformance.reporting.obstacles import obstacles
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import Readiness, RequirementEntry
from conformance.reporting.reproduction import commands, rerun

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "readiness.html.j2"
STYLE = ("readiness.css", drawing.STYLESHEET)
SCRIPT = "readiness.js"
LONGEST = 20_000
"""characters of one value that the page shows: nothing in a report is as long, unless somebody made it so"""
_MISSING: Mapping[wording.GapKind, tuple[str, str]] = {
    "suite error": ("check in which the suite went wrong", "checks in which the suite went wrong"),
    "not tested": ("check not tested", "checks not tested"),
    "accepted untested": ("check accepted untested", "checks accepted untested"),
    "declared": ("check as declared alone", "checks as declared alone"),
    "not applicable": ("check that does not apply", "checks that do not apply"),
    "not checked": ("requirement that no check covers", "requirements that no check covers"),
}


@dataclass(frozen=True, slots=True)
class Plot:
    """Something measured in all trials. `drawn` is SVG; `table` says the same."""

    name: str
    title: str
    caption: str
    drawn: str
    table: Table


def to_html(readiness: Readiness) -> str:
    """The whole page. Every value is escaped and made visible, wherever it came from; nothing in it is fetched, and
    nothing runs but its own script.
    """
    from markupsafe import Markup

    script = _text(SCRIPT)
    style = "".join(map(_text, STYLE))
    checks = {check.id: check for check in readiness.checks}
    headings = wording.headings(readiness)
    found = [*wording.failures(readiness), *wording.failures(readiness, waived=True)]
    known = {requirement.id: requirement for requirement in readiness.requirements}
    return _template().render(
        report=readiness,
        wording=wording,
        checks=checks,
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        sentence=wording.sentence(readiness),
        facts=wording.facts(readiness),
        digests=_digests(readiness),
        rerun=rerun(readiness),
        commands=commands,
        exhibits=exhibits,
        draw=lambda finding, name: Markup(drawing.draw(finding, name)),
        gaps=wording.gaps(readiness),
        gap_counts=_gap_counts(readiness),
        obstacles=obstacles(readiness),
        advice=[check for check in wording.failures(readiness) if check.severity == "advisory"],
        waivers=waivers.waivers(readiness),
        loud=waivers.loud(readiness),
        headings=headings,
        standings={name: _standings(requirements) for name, requirements in headings},
        homes=_homes(readiness),
        required={check.id: [known[id_] for id_ in check.requirements if id_ in known] for check in found},
        unmapped=wording.unmapped(readiness),
        findings=[check for check in found if check.finding is not None],
        plots=_plots(readiness),
        matrices=[check for check in readiness.checks if check.matrix],
    )


def policy(script: str, style: str) -> str:
    """What the page may do: run this script, be dressed in this style, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        # Its icon is empty, so that a browser does not ask the server for one.
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(REPORTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters.update(
        duration=duration, counted=counted, instant=_instant, moment=_moment, cut=plain
    )
    return environment.get_template(TEMPLATE)


@cache
def _text(name: str) -> str:
    return (REPORTS / name).read_text("utf-8")


def _visible(value: object) -> object:
    """Strings that are no markup of ours, without anything in them that cannot be seen."""
    return plain(value, LONGEST, lines=True) if type(value) is str else value


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _instant(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds < 1e6 else f"{seconds:.0f} s"


def _moment(when: datetime) -> str:
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return when.strftime("%Y-%m-%d %H:%M UTC" if when.tzinfo is not None else "%Y-%m-%d %H:%M")


def _digests(readiness: Readiness) -> list[tuple[str, str]]:
    """In full, to be compared."""
    run = readiness.run
    told = [
        ("Client", run.client_digest or ""),
        ("Commit", wording.commit(run)),
        ("Profile", run.profile_digest or ""),
        ("Contract", readiness.contract.digest),
    ]
    return [(label, value) for label, value in told if value]


def _gap_counts(readiness: Readiness) -> list[str]:
    count: Counter[wording.GapKind] = Counter()
    for gap in wording.gaps(readiness):
        count[gap.kind] += len(gap.ids)
    return [counted(count[kind], *_MISSING[kind]) for kind in wording.KINDS if count[kind]]


def _standings(requirements: list[RequirementEntry]) -> str:
    count = Counter(requirement.standing for requirement in requirements)
    return ", ".join(f"{number:,} {standing}" for standing, number in count.items())


def _homes(readiness: Readiness) -> dict[str, str]:
    """Id of each check → the requirement under which it is shown in full: the first that names it."""
    homes: dict[str, str] = {}
    for _, requirements in wording.headings(readiness):
        for requirement in requirements:
            for check in requirement.checks:
                homes.setdefault(check, requirement.id)
    return homes


def _plots(readiness: Readiness) -> list[Plot]:
    from markupsafe import Markup

    measured = readiness.observations
    if measured is None:
        return []
    offered = (
        Plot(
            "waits",
            "How long the client waited",
            "Each dot is a wait between two attempts for one order, in seconds of the client’s own time. The mark is "
            "the least that was asked for: nothing may lie before it.",
            Markup(drawing.waits(measured)),
            drawing.waits_table(measured),
        ),
        Plot(
            "attempts",
            "How many attempts an order took",
            "Each bar is a number of attempts, as long as there are orders that took so many. A client that gives up "
            "in time has no bar far down.",
            Markup(drawing.attempts(measured)),
            drawing.attempts_table(measured),
        ),
    )
    return [plot for plot in offered if plot.drawn]

"""The report as one HTML page that needs nothing but itself.

What lives here: what the template is given, and how it is found and filled. How the page looks stands in
the template.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

from conformance.paths import REPORTS
from conformance.reporting import wording
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import Readiness

TEMPLATE = "readiness.html.j2"


def to_html(readiness: Readiness) -> str:
    """The whole page. Every value is escaped; nothing in it is fetched from anywhere, and no script runs."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(REPORTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(duration=duration, counted=counted)
    checks = {check.id: check for check in readiness.checks}
    return environment.get_template(TEMPLATE).render(
        report=readiness,
        wording=wording,
        checks=checks,
        sentence=wording.sentence(readiness),
        tally=wording.tally(readiness),
        facts=wording.facts(readiness),
        gaps=wording.gaps(readiness),
        failures=wording.failures(readiness),
        waived=wording.failures(readiness, waived=True),
        headings=wording.headings(readiness),
        unmapped=wording.unmapped(readiness),
    )

"""A counterexample as a sequence diagram: client, network, API, ledger, from top to bottom. Pure.

What must never be known here: which check failed, and the page that it stands on.
"""

from __future__ import annotations

from conformance.reporting.readiness import FindingEntry


def draw(finding: FindingEntry, name: str) -> str:
    """The counterexample as SVG text in a `div`, empty where there are no steps. `name`: the check's id, by which ids
    in it are unique on the page.
    """
    return ""

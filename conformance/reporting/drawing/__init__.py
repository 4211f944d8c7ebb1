"""The report's drawings as SVG text: what happened in a counterexample, and what was measured in all trials. Pure.

What lives here: the names by which a page has them drawn. Each text is well-formed XML, escaped, and needs nothing
but the classes of `reports/drawing.css`; nothing in it runs, and it refers to nothing outside itself.
What must never be known here: the page that they stand on, and what a check means by its finding.
"""

from __future__ import annotations

from conformance.reporting.drawing.attempts import attempts, attempts_table
from conformance.reporting.drawing.sequence import draw
from conformance.reporting.drawing.tables import Table
from conformance.reporting.drawing.waits import waits, waits_table

STYLESHEET = "drawing.css"
"""its name in the folder of the templates"""

__all__ = ["STYLESHEET", "Table", "attempts", "attempts_table", "draw", "waits", "waits_table"]

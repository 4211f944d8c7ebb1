"""How many attempts the client made for an order, over all trials: a bar for each number of them. Pure.

What must never be known here: where the numbers come from, and the page that it stands on.
"""

from __future__ import annotations

from conformance.reporting.drawing.tables import Table
from conformance.reporting.readiness import Observations


def attempts(observations: Observations) -> str:
    """The plot as SVG text in a `div`, empty where no order was handed over."""
    return ""


def attempts_table(observations: Observations) -> Table:
    """The same in words: how many orders took how many attempts."""
    return Table("Attempts for one order", ("Attempts", "Orders"), ())

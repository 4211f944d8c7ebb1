"""How long the client waited against how long it had to, over all trials: a row of dots for each kind of answer. Pure.

What must never be known here: where the numbers come from, and the page that it stands on.
"""

from __future__ import annotations

from conformance.reporting.drawing.tables import Table
from conformance.reporting.readiness import Observations


def waits(observations: Observations) -> str:
    """The plot as SVG text in a `div`, empty where no wait was measured."""
    return ""


def waits_table(observations: Observations) -> Table:
    """The same in words: for each kind of answer what was asked for, how often the client waited, and how long."""
    return Table("Waits between two attempts for one order, in client seconds", (), ())

"""How many attempts the client made for an order, over all trials: a bar for each number of them. Pure.

What lives here: the bars, which numbers share one, and the table that says the same.
What must never be known here: where the numbers come from, and the page that it stands on.
"""

from __future__ import annotations

from conformance.reporting.drawing.lanes import SIZE
from conformance.reporting.drawing.plots import Plot, figure
from conformance.reporting.drawing.shapes import box, line, width, words
from conformance.reporting.drawing.tables import Table
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import Observations

SINGLE = 8
"""up to so many attempts each number has a bar of its own; then the numbers double from one bar to the next"""
_ROW = 24.0


def attempts(observations: Observations) -> str:
    """The plot as SVG text in a `div`, empty where no order was handed over."""
    bars = gathered(observations)
    if not bars:
        return ""
    told = ", ".join(f"{counted(orders, 'order')} with {name}" for name, orders in bars if orders)
    return figure("attempts", f"Attempts for one order: {told}", lambda plot: _drawn(plot, bars))


def attempts_table(observations: Observations) -> Table:
    """The same in words: how many orders took how many attempts."""
    rows = tuple((f"{entry.attempts:,}", f"{entry.orders:,}") for entry in observations.attempts)
    return Table("Attempts for one order", ("Attempts", "Orders"), rows)


def gathered(observations: Observations) -> list[tuple[str, int]]:
    """How many orders took so many attempts, by the name of each bar. A long tail has bars for ranges, and none for
    those that are empty.
    """
    most = max((entry.attempts for entry in observations.attempts), default=-1)
    least = min((entry.attempts for entry in observations.attempts), default=0)
    count = {entry.attempts: entry.orders for entry in observations.attempts}
    bars = [
        (counted(number, "attempt"), count.get(number, 0))
        for number in range(min(least, 1), min(most, SINGLE) + 1)
    ]
    low, high = SINGLE + 1, 2 * SINGLE
    while low <= most:
        orders = sum(orders for taken, orders in count.items() if low <= taken <= high)
        if orders:
            bars.append((f"{low:,} to {high:,}", orders))
        low, high = high + 1, 2 * high
    return bars


def _drawn(plot: Plot, bars: list[tuple[str, int]]) -> tuple[list[str], float]:
    names = max(width(name, SIZE) for name, _ in bars) + 10
    most = max(orders for _, orders in bars)
    room = plot.width - names - width(f"{most:,}", SIZE) - 14
    drawn = [line(names, 2, names, 6 + _ROW * len(bars), "d-grid")]
    for number, (name, orders) in enumerate(bars):
        y = 4 + _ROW * number
        long = room * orders / most
        drawn.append(words(name, names - 8, y + 16, text_anchor="end", font_size=SIZE))
        if orders:
            drawn.append(box(names, y + 3, long, _ROW - 7, "d-bar"))
        drawn.append(words(f"{orders:,}", names + long + 6, y + 16, "d-quiet", font_size=SIZE))
    return drawn, 10 + _ROW * len(bars)

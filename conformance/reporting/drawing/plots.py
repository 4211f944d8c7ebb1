"""What the plots have in common: their two layouts, and the frame that says what they show. Pure.

What must never be known here: what is plotted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from conformance.reporting.drawing.shapes import element
from conformance.reporting.plain import plain


@dataclass(frozen=True, slots=True)
class Plot:
    """The field of a plot from `left` to `right`, in pixels. `names`: how wide the names of its rows may be;
    `beside`: they stand beside the field, and not over each row.
    """

    name: Literal["wide", "narrow"]
    width: float
    left: float
    right: float
    names: float
    beside: bool


WIDE = Plot("wide", 740, 200, 630, 190, True)
NARROW = Plot("narrow", 304, 4, 300, 294, False)


def figure(name: str, told: str, draw: Callable[[Plot], tuple[list[str], float]]) -> str:
    """Both layouts in a `div`. `told`: what they show, in a sentence; `draw` gives the content and its height."""
    drawn = []
    for plot in (WIDE, NARROW):
        content, height = draw(plot)
        prefix = f"plot-{name}-{plot.name}"
        drawn.append(
            element(
                "svg",
                element("title", escape(f"Plot of {name}"), id=f"{prefix}-title"),
                element("desc", escape(plain(told, 2_000)) + ".", id=f"{prefix}-desc"),
                *content,
                class_=f"d-svg d-plot d-{plot.name}",
                role="img",
                aria_labelledby=f"{prefix}-title {prefix}-desc",
                viewBox=f"0 0 {plot.width:.0f} {height:.0f}",
                width=plot.width,
                height=round(height),
            )
        )
    return element("div", *drawn, class_="d-drawing")

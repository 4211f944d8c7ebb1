"""Where things stand in a sequence diagram: four lanes, beside each other on a screen, close together on a phone.

What lives here: the measures of both layouts, and the sizes of letters.
What must never be known here: what is drawn in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from conformance.reporting.drawing.shapes import line, width, words

SIZE, SMALL = 12.5, 11.0
"""of letters, in pixels"""
LINE = 16.0
"""from one line of text to the next"""
HEAD = 30.0
"""height of the lanes' names"""


@dataclass(frozen=True, slots=True)
class Layout:
    """X positions of the lanes, in pixels. `times`: where the seconds end; `words`: where text to the right of the
    client's line ends; `booked`: how wide the words are that stand beside the ledger, 0 if they stand under the arrow.
    """

    name: Literal["wide", "narrow"]
    width: float
    times: float
    client: float
    network: float
    api: float
    ledger: float
    words: float
    booked: float

    @property
    def room(self) -> float:
        """How wide a line of text on an arrow may be."""
        return self.words - self.client - 26


WIDE = Layout("wide", 740, 72, 94, 312, 530, 576, 522, 140)
NARROW = Layout("narrow", 304, 48, 62, 134, 206, 286, 300, 0)


def names(layout: Layout, asker: str, *, of_endpoint: bool) -> Iterator[str]:
    """The names of the lanes over them."""
    others = [("network", layout.network), ("endpoint" if of_endpoint else "API", layout.api)]
    others += [] if of_endpoint else [("ledger", layout.ledger)]
    for name, x in ((asker, layout.client), *others):
        half = width(name, SIZE, bold=True) / 2
        middle = min(x, layout.width - half - 3)
        yield words(name, middle, 16, "d-lane-name", text_anchor="middle", font_size=SIZE)
    first = layout.client - width(asker, SIZE, bold=True) / 2 - 6
    yield words("s", min(layout.times, first), 16, "d-quiet", text_anchor="end", font_size=SMALL)


def lines(layout: Layout, top: float, bottom: float, *, of_endpoint: bool) -> Iterator[str]:
    """The lanes from top to bottom."""
    for x, class_ in (
        (layout.client, "d-lane"),
        (layout.network, "d-lane d-net"),
        (layout.api, "d-lane"),
        (layout.ledger, "d-lane d-thin"),
    ):
        if not (of_endpoint and x == layout.ledger):
            yield line(x, top, x, bottom, class_)

"""What the signs of a sequence diagram mean: those that occur in it, and no others. Pure.

What must never be known here: where the signs stand in the picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from conformance.reporting.drawing import marks
from conformance.reporting.drawing.lanes import SMALL, Layout
from conformance.reporting.drawing.shapes import box, element, line, width, words

MOST_KEYS = 6
_Sign = Callable[[float, float], list[str]]
_KEY = re.compile(r"\bkey [A-Z]+ (\S+?),?(?=\s|$)")


@dataclass
class Seen:
    """What was drawn. `keys`: how each begins and ends, by its letter."""

    keys: dict[str, str] = field(default_factory=dict)
    changed: bool = False
    lost: bool = False
    shows: bool = False
    booked: bool = False
    again: bool = False
    wait: bool = False
    least: bool = False
    early: bool = False

    def note_key(self, letter: str, text: str, *, changed: bool) -> None:
        found = _KEY.search(text)
        self.keys.setdefault(letter, found.group(1) if found else "")
        self.changed = self.changed or changed

    def note_wait(self, least: bool, *, early: bool) -> None:
        self.wait = True
        self.least = self.least or least
        self.early = self.early or early


def legend(layout: Layout, seen: Seen, y: float) -> tuple[list[str], float]:
    """The signs with their words, in as many lines as they need. Returns it with where it ends."""
    drawn: list[str] = []
    x, y = 4.0, y + 14
    for sign, text in _entries(seen):
        span = 26 + width(text, SMALL)
        if x > 4 and x + span > layout.width - 2:
            x, y = 4.0, y + 24
        drawn.append(element("g", *sign(x + 11, y), class_="d-legend"))
        drawn.append(words(text, x + 26, y + 4, "d-quiet", font_size=SMALL))
        x += span + 16
    return drawn, y + 16


def _entries(seen: Seen) -> Iterator[tuple[_Sign, str]]:
    for letter, key in sorted(seen.keys.items(), key=lambda item: (len(item[0]), item[0]))[:MOST_KEYS]:
        yield partial(_key, letter), f"key {letter} {key}".rstrip()
    if seen.changed:
        yield _changed, "sent under another key than before"
    if seen.lost:
        yield lambda x, y: [marks.cross(x, y)], "lost on the way"
    if seen.wait:
        yield (
            lambda x, y: [marks.wait(x, y - 7, 14, None, early=False)],
            "the client waits" + (", to scale" if seen.least or seen.early else ""),
        )
    if seen.least:
        yield lambda x, y: [line(x - 10, y, x + 10, y, "d-least")], "the least that was asked for"
    if seen.early:
        yield lambda x, y: [marks.wait(x, y - 8, 5, 16, early=True)], "too short, and what is missing"
    if seen.booked:
        yield partial(_booked, 1), "an order that exists"
    if seen.again:
        yield partial(_booked, 2), "one more for the same order"
    if seen.shows:
        yield lambda x, y: [box(x - 11, y - 9, 20, 18, "d-band"), marks.shown(x - 5, y)], "shows the finding"


def _key(letter: str, x: float, y: float) -> list[str]:
    return [marks.key(letter, x, y, 8)]


def _changed(x: float, y: float) -> list[str]:
    return [element("circle", class_="d-changed", cx=x, cy=y, r=9)]


def _booked(count: int, x: float, y: float) -> list[str]:
    return marks.booked(count, x, y)

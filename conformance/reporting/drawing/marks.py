"""The signs that the drawings share: keys, arrows, crosses, bars, hatching. Pure.

What lives here: their geometry, and that each can be told from the others without its colour.
What must never be known here: where they stand, and what happened there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from conformance.reporting.drawing.shapes import box, element, line, path, width, words

KINDS = 6
"""colours of keys, and shapes: two keys have both in common only if there are more than their square"""
ELSEWHERE = 44.0
"""from the middle of a place that is not the API to its edge"""


def key(letter: str, x: float, y: float, radius: float = 9, *, changed: bool = False) -> str:
    """The sign of a key. `changed`: the attempt before it went under another."""
    index = _index(letter)
    colour, shape = index % KINDS, (index + index // KINDS) % KINDS
    outline = _OUTLINES[shape](x, y, radius)
    size = radius * (1.3 if len(letter) == 1 else 1.0 if len(letter) == 2 else 0.7)
    size = min(size, radius * 1.9 / max(width(letter, 1, bold=True), 0.01))
    sunk = radius * 0.25 if shape == _TRIANGLE else 0.0
    name = words(letter, x, y + size * 0.36 + sunk, "d-letter", font_size=size, text_anchor="middle")
    ring = element("circle", class_="d-changed", cx=x, cy=y, r=radius * 1.55) if changed else ""
    return element("g", ring, outline, name, class_=f"d-key d-key-{colour}")


def _index(letter: str) -> int:
    """A is 0, Z 25, AA 26; anything else is some number as well."""
    index = 0
    for character in letter:
        index = index * 26 + (ord(character) - ord("A") + 1)
    return abs(index - 1)


def _circle(x: float, y: float, radius: float) -> str:
    return element("circle", class_="d-shape", cx=x, cy=y, r=radius)


def _square(x: float, y: float, radius: float) -> str:
    side = radius * 0.92
    return box(x - side, y - side, 2 * side, 2 * side, "d-shape")


def _pill(x: float, y: float, radius: float) -> str:
    half = radius * 1.35
    return box(x - half, y - radius * 0.8, 2 * half, 1.6 * radius, "d-shape", radius * 0.8)


def _polygon(corners: int, turn: float, scale: float, x: float, y: float, radius: float) -> str:
    angles = [turn + 2 * math.pi * corner / corners for corner in range(corners)]
    points = [(x + scale * radius * math.sin(a), y - scale * radius * math.cos(a)) for a in angles]
    return path(points, "d-shape", closed=True)


def _diamond(x: float, y: float, radius: float) -> str:
    return _polygon(4, 0, 1.3, x, y, radius)


def _triangle(x: float, y: float, radius: float) -> str:
    return _polygon(3, 0, 1.42, x, y + radius * 0.2, radius)


def _hexagon(x: float, y: float, radius: float) -> str:
    return _polygon(6, math.pi / 6, 1.12, x, y, radius)


_OUTLINES = (_circle, _square, _diamond, _hexagon, _triangle, _pill)
_TRIANGLE = _OUTLINES.index(_triangle)


def arrow(x1: float, x2: float, y: float, class_: str) -> str:
    """From `x1` to `x2`, where its head is."""
    back = 7 if x1 < x2 else -7
    head = path([(x2 - back, y - 4), (x2, y), (x2 - back, y + 4)], f"{class_} d-head", closed=True)
    return line(x1, y, x2 - back / 2, y, class_) + head


def elsewhere(place: str, x1: float, api: float, y: float) -> list[str]:
    """An arrow that does not reach the API: it ends at another place, which stands before the API's line."""
    return [
        arrow(x1, api - ELSEWHERE, y, "d-arrow d-away"),
        box(api - ELSEWHERE, y - 11, 2 * ELSEWHERE, 22, "d-elsewhere", 3),
        words(place, api, y + 4, "d-alarm-words", text_anchor="middle", font_size=10.5),
    ]


def cross(x: float, y: float, size: float = 6) -> str:
    return path([(x - size, y - size), (x + size, y + size)], "d-cross") + path(
        [(x - size, y + size), (x + size, y - size)], "d-cross"
    )


def wait(x: float, y: float, waited: float, required: float | None, *, early: bool) -> str:
    """A bar from `y` down, as long as the wait, and the least that was asked for as a mark on it; all in pixels. What
    is missing of it is hatched.
    """
    half = 6
    drawn = [box(x - half, y, 2 * half, waited, "d-waited d-early" if early else "d-waited")]
    if required is not None and early:
        drawn.append(box(x - half, y + waited, 2 * half, required - waited, "d-missing"))
        drawn += _hatching(x - half, y + waited, 2 * half, required - waited)
    drawn.append(line(x - half, y, x + half, y, "d-end"))
    drawn.append(line(x - half, y + waited, x + half, y + waited, "d-end"))
    if required is not None:
        drawn.append(line(x - half - 5, y + required, x + half + 5, y + required, "d-least"))
    return element("g", *drawn, class_="d-wait")


def _hatching(x: float, y: float, across: float, down: float) -> Iterator[str]:
    """Lines at 45 degrees that end at the edges, so that nothing has to be clipped."""
    step = 5.0
    start = step
    while start < across + down:
        left = (x, y + start) if start <= down else (x + start - down, y + down)
        top = (x + start, y) if start <= across else (x + across, y + start - across)
        yield path([left, top], "d-hatch")
        start += step


def booked(count: int, x: float, y: float) -> list[str]:
    """The how manieth order of its reference was booked: a sheet with that number, in alarm if it is not the first."""
    class_ = "d-book d-again" if count > 1 else "d-book"
    number = words(f"{count}", x, y + 4.5, "d-count", text_anchor="middle", font_size=12)
    return [element("g", box(x - 10, y - 10, 20, 20, "d-page", 3), number, class_=class_)]


def shown(x: float, y: float) -> str:
    """In the margin of what shows the violation."""
    return path([(x, y - 5), (x + 8, y), (x, y + 5)], "d-mark", closed=True)


def dot(x: float, y: float, radius: float, *, early: bool) -> str:
    """A wait among others; one that was too short has corners."""
    if not early:
        return element("circle", class_="d-wait-dot", cx=x, cy=y, r=radius)
    side = radius * 1.25
    return path([(x, y - side), (x + side, y), (x, y + side), (x - side, y)], "d-early-dot", closed=True)

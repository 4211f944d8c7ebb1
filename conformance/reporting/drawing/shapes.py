"""Elements of SVG, and how wide text is without anybody having set it. Pure.

What lives here: how an element is written, every value escaped and every number short; widths of the widest usual
typeface, so that what fits by them fits everywhere.
What must never be known here: what is drawn with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from conformance.reporting.plain import plain

BOLD = 1.13
"""how much wider bold letters are"""
_WIDTHS = (
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64, 62, 74, 69, 99, 69,
    62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64,
    60, 82, 60, 60, 53, 64, 34, 64, 84,
)  # fmt: skip
"""of the printable ASCII characters, in hundredths of the size"""
_OTHERS = {"…": 100, "“": 52, "”": 52, "’": 32, "·": 32, "≠": 84, "–": 50}


def element(name: str, *content: str, **attributes: str | float) -> str:
    """One element, its content being markup already. `class_` is `class`, other underscores are hyphens."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(value if isinstance(value, str) else number(value))}"
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>"


def words(text: str, x: float, y: float, class_: str = "", **attributes: str | float) -> str:
    """A line of text with its baseline at `y`, whatever it holds."""
    return element("text", escape(plain(text, 600)), class_=class_, x=x, y=y, **attributes)


def paragraph(
    told: Iterable[str],
    x: float,
    y: float,
    class_: str,
    size: float,
    leading: float = 16,
    **attributes: str | float,
) -> list[str]:
    """Lines of text, the first with its baseline at `y`."""
    return [
        words(each, x, y + leading * number, class_, font_size=size, **attributes)
        for number, each in enumerate(told)
    ]


def path(points: Iterable[tuple[float, float]], class_: str, *, closed: bool = False) -> str:
    drawn = " L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", class_=class_, d=f"M{drawn}{'Z' if closed else ''}")


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    return element("line", class_=class_, x1=x1, y1=y1, x2=x2, y2=y2)


def box(x: float, y: float, width: float, height: float, class_: str, round_: float = 0) -> str:
    rounded: dict[str, float] = {"rx": round_} if round_ else {}
    return element("rect", class_=class_, x=x, y=y, width=width, height=height, **rounded)


def number(value: float) -> str:
    """With at most two decimals, and none that says nothing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """At most so wide is the text in letters of this size."""
    whole = sum(_width(character) for character in text)
    return whole * size / 100 * (BOLD if bold else 1)


def _width(character: str) -> int:
    code = ord(character)
    if 32 <= code < 127:
        return _WIDTHS[code - 32]
    if character in _OTHERS:
        return _OTHERS[character]
    if unicodedata.combining(character):
        return 0
    return 125 if unicodedata.east_asian_width(character) in "WF" or code > 0xFFFF else 90


def wrapped(text: str, room: float, size: float, most: int = 3, *, bold: bool = False) -> tuple[str, ...]:
    """The text in lines that are no wider than `room`, at most so many of them; what is left out ends in `…`. Lines
    are broken at spaces, but not at those that say that they are not for that.
    """
    lines: list[str] = []
    rest = [word for word in plain(text, 600).split(" ") if word]
    current = ""
    while rest:
        word = rest.pop(0)
        joined = f"{current} {word}" if current else word
        if width(joined, size, bold=bold) <= room:
            current = joined
            continue
        if not current:  # one word that is wider than the room
            head = _fitting(word, room, size, bold)
            current, word = head, word[len(head) :]
        lines.append(current)
        current = ""
        if word:
            rest.insert(0, word)
    lines.append(current)
    lines = [each.replace("\xa0", " ") for each in lines if each] or [""]
    if len(lines) <= most:
        return tuple(lines)
    last = lines[most - 1]
    while last and width(f"{last}…", size, bold=bold) > room:
        last = last[:-1]
    return (*lines[: most - 1], f"{last}…")


def _fitting(word: str, room: float, size: float, bold: bool) -> str:
    count = 1
    while count < len(word) and width(word[: count + 1], size, bold=bold) <= room:
        count += 1
    return word[:count]


def widest(lines: Sequence[str], size: float, *, bold: bool = False) -> float:
    return max((width(each, size, bold=bold) for each in lines), default=0.0)

"""Lines with a style, printed so that a terminal, a CI log and an ASCII-only screen can show them.

What lives here: wrapping, the colour where there is any, what stands in for a letter that a screen does not have.
What must never be known here: what the lines say.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from conformance.reporting.plain import for_log

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST, WIDEST = 40, 100
Line: TypeAlias = tuple[str, str]
"""text and style"""

_ASCII = str.maketrans({"→": "->", "…": "...", "—": "-", "–": "-", "’": "'", "“": '"', "”": '"', "·": "-"})


def width_of(console: Console) -> int:
    """Columns that prose is wrapped at."""
    return max(NARROWEST, min(console.width, WIDEST))


def print_line(console: Console, text: str, style: str) -> None:
    from rich.text import Text

    # The last moment at which a line is known as it will stand in the log.
    text = for_log(text)
    if not shows(console, text):
        text = text.translate(_ASCII).encode(console.encoding, "backslashreplace").decode(console.encoding)
    # Text, so that nothing in it is taken for markup; soft wrap, so that a log keeps its lines whole.
    console.print(Text(text, style=style), soft_wrap=True)


def shows(console: Console, text: str) -> bool:
    """Has the screen every character of it?"""
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def heading(text: str) -> Iterator[Line]:
    yield "", ""
    yield text, "bold"


def prose(text: str, indent: str, width: int, style: str = "") -> Iterator[Line]:
    """Wrapped, each paragraph for itself; words stay whole, so that they can be copied."""
    for paragraph in text.splitlines() or [""]:
        lines = textwrap.wrap(
            paragraph,
            width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from ((line, style) for line in lines)

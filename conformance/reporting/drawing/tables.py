"""What a drawing shows, in the words and numbers of a small table: for whoever cannot see it, or wants to copy it.

What lives here: the table's shape. What must never be known here: how it is set, and what it is about.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are as wide as `head`. The first column names the row; the others are numbers with their units.

    All of it is text that has still to be escaped.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

"""What the gallery's tools measure, put into `docs/gallery.md` between marks.

What must never be known here: what it means.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gallery.md"


def write_part(name: str, lines: Iterable[str]) -> None:
    """Replaces what is between `<!-- NAME -->` and `<!-- end of NAME -->`. Raises ValueError if these are not there."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = PAGE.read_text("utf-8")
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE.name} has no place for {name}")
    measured = f"Measured {date.today().isoformat()}."
    PAGE.write_text("\n".join([f"{before}{begin}", "", measured, "", *lines, "", f"{end}{after}"]), "utf-8")

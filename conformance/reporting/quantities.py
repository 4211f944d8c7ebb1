"""Numbers, durations and identifiers as people read them.

What lives here: small pure functions from a value to a few characters.
What must never be known here: what the value is a value of.
"""

from __future__ import annotations


def duration(seconds: float) -> str:
    """The two largest units: `0.8 s`, `42 s`, `1 min 12 s`, `1 h 12 min`, `2 d 3 h`."""
    if seconds < 0.0005:
        return "0 s"
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    largest = next(index for index, (size, _) in enumerate(units) if whole >= size)
    (size, unit), (smaller, smaller_unit) = units[largest : largest + 2]
    count, rest = divmod(whole, size)
    rest //= smaller
    return f"{count} {unit} {rest} {smaller_unit}" if rest else f"{count} {unit}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 check`, `2 checks`, `1,234 checks`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def shortened(identifier: str) -> str:
    """The beginning and the end of a long identifier, enough to tell two apart: `5f0c91aa…003a9e`."""
    return identifier if len(identifier) <= 20 else f"{identifier[:8]}…{identifier[-6:]}"

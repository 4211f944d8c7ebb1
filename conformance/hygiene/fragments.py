"""Parts of a secret that are too short to be a leak, and still have no business in what golive shows.

What lives here: taking them out of the line around a leak.
What must never be known here: what a leak is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import compress

from conformance.hygiene.disguises import SHORTEST_RUN, Disguise, letter_marks, reading, small_letters

_SHORTEST = 4
"""characters of the secret in a row"""
_HIDDEN = "…".encode()


class Fragments:
    """Of secrets in these disguises."""

    def __init__(self, disguises: Iterable[Disguise]) -> None:
        self._disguises = tuple(disguises)

    @cached_property
    def _by_length(self) -> dict[int, frozenset[bytes]]:
        found: dict[int, set[bytes]] = {}
        for disguise in self._disguises:
            count = -(-_SHORTEST * disguise.least // SHORTEST_RUN)
            for first in range(len(disguise.units) - count + 1):
                part = b"".join(disguise.units[first : first + count])
                if len(part) >= _SHORTEST:
                    found.setdefault(len(part), set()).add(part)
        return {length: frozenset(parts) for length, parts in found.items()}

    def taken_out(self, data: bytes) -> bytes:
        """The data without them; meant for a line, not for megabytes."""
        hidden = bytearray(len(data))
        read = reading(data)
        letters = small_letters(read)
        places = list(compress(range(len(read)), letter_marks(read)))
        for length, parts in self._by_length.items():
            for first in range(len(letters) - length + 1):
                if letters[first : first + length] in parts:
                    start, end = places[first], places[first + length - 1] + 1
                    hidden[start:end] = b"\1" * (end - start)
        if not any(hidden):
            return data
        shown = bytearray()
        for place, byte in enumerate(data):
            if not hidden[place]:
                shown.append(byte)
            elif not place or not hidden[place - 1]:
                shown += _HIDDEN
        return bytes(shown)

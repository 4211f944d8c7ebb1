"""How a secret looks when it was written down: readings of a text, and disguises of the secret.

Most of what happens to a secret on its way into a file happens around its characters: line breaks, quotes, zero
bytes, indentation, capitals. So both text and secret are brought down to small letters and digits, one after the
other, and compared there. What spells single characters out is undone before, byte for byte in place, so that a
position in a reading is a position in the text.

What lives here: readings, disguises, and the needles by which a disguise is found. Pure.
What must never be known here: where a text came from, whose the secret is, and what is done about it.
"""

from __future__ import annotations

import base64
import re
import string
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

SHORTEST_RUN: Final = 10
"""characters of the secret in a row that count as a leak: a truncated key halves somebody's work"""
_FEWEST_LETTERS: Final = 5
"""letters and digits of a needle at least: shorter ones are found everywhere"""

_HEX_DIGITS: Final = b"0123456789abcdef"
_LETTERS: Final = (string.ascii_letters + string.digits).encode()
_SMALL: Final = bytes(range(256)).lower()
_DROPPED: Final = bytes(byte for byte in range(256) if byte not in _LETTERS)
_KEPT: Final = bytes(byte in _LETTERS for byte in range(256))


def small_letters(reading: bytes) -> bytes:
    """Letters, in small, and digits; nothing else."""
    return reading.translate(_SMALL, _DROPPED)


def letter_marks(reading: bytes) -> bytes:
    """For each byte 1 if it is a letter or a digit, else 0."""
    return reading.translate(_KEPT)


# Readings.

_BREAKS: Final = (b"\\r", b"\\n", b"\\t")
_PERCENT: Final = (re.compile(rb"%[0-7][0-9a-fA-F]"), 16)
_BACKSLASHES: Final = (  # by what comes next
    (frozenset(b"xuU"), re.compile(rb"\\(?:x|u00|u\{0{0,6}|U000000)[0-7][0-9a-fA-F]\}?"), 16),
    (frozenset(b"01"), re.compile(rb"\\(?:[01][0-7]{2}|0(?![0-7]))"), 8),
)
_ENTITIES: Final = (
    (re.compile(rb"&#[xX]0{0,4}[0-7][0-9a-fA-F];?"), 16),
    (re.compile(rb"&#0{0,4}[1-9][0-9]{1,2};?"), 10),
)
_CODE: Final = re.compile(rb"[0-9a-fA-F]+(?=[;}]?\Z)")
_COLOURS: Final = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


def reading(data: bytes) -> bytes:
    """The data with everything undone that is spelt out: of the same length, a character in the place of its
    spelling's first byte and zeros behind it. The data itself where there is nothing to be undone.
    """
    undone = data
    # Single bytes are looked for many times as fast as two.
    if b"\x1b" in undone:
        undone = _COLOURS.sub(_blank, undone)
    if b"&" in undone:
        undone = undone.replace(b"&amp;", b"\0\0\0\0&")
        for pattern, radix in _ENTITIES:
            undone = _undone(undone, pattern, radix)
    if b"%" in undone:
        while b"%25" in undone:
            undone = undone.replace(b"%25", b"\0\0%")
        undone = _undone(undone, *_PERCENT)
    if b"\\" in undone:
        undone = _without_backslashes(undone)
    return undone


def _without_backslashes(data: bytes) -> bytes:
    next_ones = {part[0] for part in data.split(b"\\")[1:] if part}
    for spelling in _BREAKS:
        if spelling[1] in next_ones:
            data = data.replace(spelling, b"  ")
    for signs, pattern, radix in _BACKSLASHES:
        if signs & next_ones:
            data = _undone(data, pattern, radix)
    return data


def _undone(data: bytes, pattern: re.Pattern[bytes], radix: int) -> bytes:
    # One replacement for each spelling that there is: a call for each place would take ten times as long.
    for spelling in sorted(set(pattern.findall(data)), key=len, reverse=True):
        data = data.replace(spelling, _character(spelling, radix))
    return data


def _blank(found: re.Match[bytes]) -> bytes:
    return bytes(len(found[0]))


def _character(spelling: bytes, radix: int) -> bytes:
    found = _CODE.search(spelling)
    assert found is not None  # every pattern ends with one
    code = int(found[0], radix)
    return spelling if code > 126 else bytes([code]).ljust(len(spelling), b"\0")


# Disguises.


@dataclass(frozen=True, slots=True)
class Disguise:
    """One way to write the secret. `units`: what each part of it looks like in small letters, empty where nothing is
    left of it; `least`: units in a row that are a leak. Each such row is looked for, or, where it is `rare`, the middle
    of the secret, which is in each of them.
    """

    form: str
    units: tuple[bytes, ...]
    least: int
    rare: bool = False
    characters: bytes = b""
    """the characters that the units stand for, where each is one that may stand in the text as it is"""

    @property
    def text(self) -> bytes:
        return b"".join(self.units)

    @property
    def places(self) -> tuple[int, ...]:
        """Where each unit begins in the text, and last where the text ends."""
        return (0, *accumulate(map(len, self.units)))

    def needles(self) -> Iterator[tuple[bytes, int]]:
        """With the place in the text where each begins."""
        places, text = self.places, self.text
        spare = len(self.units) - self.least
        rows = (
            [(spare, self.least)]
            if self.rare
            else [(first, first + self.least) for first in range(spare + 1)]
        )
        for first, past in rows:
            start, end = places[first], places[past]
            end = min(max(end, start + _FEWEST_LETTERS), len(text))
            start = min(start, max(end - _FEWEST_LETTERS, 0))
            if end > start:
                yield text[start:end], start

    def units_within(self, start: int, end: int) -> range:
        """The units of which a row of the text from `start` to `end` shows all there is; empty ones at both of its
        ends belong to it.
        """
        places = self.places
        first = bisect_left(places, start)
        past = bisect_left(places, end + 1) - 1
        return range(first, max(past, first))


def disguises(secret: str, *, rare: bool = True) -> Iterator[Disguise]:
    """All of them, or without those that are `rare`."""
    raw = secret.encode()
    least = min(SHORTEST_RUN, len(raw))
    yield Disguise("plain", tuple(small_letters(bytes([byte])) for byte in raw), least, characters=raw)
    yield Disguise("hex", tuple(b"%02x" % byte for byte in raw), least)
    for core in _cores(raw, 6):
        yield _encoded("base64", core, least * 8 // 6 - 1)
    if rare:
        yield from _rare_ones(raw, least)


def _rare_ones(raw: bytes, least: int) -> Iterator[Disguise]:
    yield Disguise("hex", tuple(b"0x%02x" % byte for byte in raw), least)
    yield Disguise("hex of UTF-16", tuple(b"00%02x" % byte for byte in raw), least)
    yield Disguise("character codes", tuple(b"%d" % byte for byte in raw), least)
    for offset in range(2):  # as tools show memory: two bytes at a time, the second first
        pairs = zip(raw[offset::2], raw[offset + 1 :: 2], strict=False)
        yield Disguise("hex", tuple(b"%02x%02x" % (late, early) for early, late in pairs), least // 2)
    for core in _cores(raw, 6):
        for inner in dict.fromkeys((core, core.translate(_URL_SAFE))):
            for outer in _cores(inner, 6):
                yield _encoded("base64, twice", outer)
    for core in _cores(b"".join(b"%c\0" % byte for byte in raw), 6):
        yield _encoded("base64 of UTF-16", core)
    for core in _cores(raw, 5):
        yield _encoded("base32", core)


_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def _cores(raw: bytes, bits: int) -> Iterator[bytes]:
    """What base64, of 6 bits a character, or base32, of 5, makes of the bytes alone, whatever stands before and after
    them and shares a character with them: one core for each place in a group that they may begin at.
    """
    group, encode = (3, base64.b64encode) if bits == 6 else (5, base64.b32encode)
    for offset in range(group):
        encoded = encode(bytes(offset) + raw + bytes(group))
        yield encoded[-(-offset * 8 // bits) : (offset + len(raw)) * 8 // bits]


def _encoded(form: str, core: bytes, least: int | None = None) -> Disguise:
    """`least`: characters in a row; two thirds of all where nothing is said."""
    units = tuple(small_letters(bytes([byte])) for byte in core)
    rare = least is None
    return Disguise(form, units, min(least or len(units) * 2 // 3, len(units)), rare)


# Looking for many needles at once.


def anchors(needles: Iterable[bytes]) -> tuple[bytes, ...]:
    """Short texts of which each needle holds at least one: fewer by far than needles, where these overlap and come in
    order.
    """
    chosen: dict[bytes, None] = {}
    for needle in needles:
        if not any(anchor in needle for anchor in chosen):
            chosen[needle[-_anchor_length(needle) :]] = None
    return tuple(chosen)


def _anchor_length(needle: bytes) -> int:
    """The fewer letters it is made of, the longer, so that it is not found everywhere."""
    if needle.isdigit():
        return 8
    return 5 if needle.strip(_HEX_DIGITS) else 7

"""From a row of small letters to the bytes of a text that show a secret, and what is put in their place.

What lives here: how far a secret goes around a needle, whether enough of it is there, what its form is called.
What must never be known here: which secrets there are, and where the text came from.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from conformance.evidence import Secret
from conformance.hygiene.disguises import Disguise

MARKS: Mapping[Secret, str] = {"key": "[secret]", "payout-link": "[payout link]", "recipient": "[recipient]"}
"""what stands in the place of each secret in whatever is kept"""
_BEFORE = 200  # bytes before a sighting that may say what it is in
_GAP = 48  # bytes between a sign of the secret and the letter beside it
_SPELLINGS = (
    (b"%", "percent-encoding"),
    (b"\\u", "\\u escapes"),
    (b"\\x", "\\x escapes"),
    (b"&#", "HTML entities"),
    (b"\0", "UTF-16"),
    (b"\n", "split over lines"),
    (b"\\n", "split over lines"),
    (b"\x1b[", "in colours"),
)
"""what stands among a secret's characters, and what that is called"""
_BASE64 = frozenset(bytes([byte]) for byte in (string.ascii_letters + string.digits + "+/-_").encode())
_BASIC = re.compile(rb"basic\s+[a-z0-9+/=_-]*\Z")


class Span(NamedTuple):
    start: int
    end: int
    form: str
    what: Secret = "key"


class Needle(NamedTuple):
    """A row of small letters that a disguise has at `start`."""

    text: bytes
    number: int
    start: int


class Row(NamedTuple):
    """Letters of a reading from `start` on, that a disguise has at `place`."""

    start: int
    place: int
    length: int


def grown(letters: bytes, position: int, text: bytes, needle: Needle) -> Row:
    """The longest row of letters, around a needle at that position, that the disguise has as well."""
    start, left = position, needle.start
    while left and start and letters[start - 1] == text[left - 1]:
        start, left = start - 1, left - 1
    end, right = position + len(needle.text), needle.start + len(needle.text)
    while right < len(text) and end < len(letters) and letters[end] == text[right]:
        end, right = end + 1, right + 1
    return Row(start, left, end - start)


def span_of(
    what: Secret, disguise: Disguise, data: bytes, read: bytes, places: Sequence[int], row: Row
) -> Span | None:
    """The row of letters as a span of the data; None if too little of the secret is there."""
    units = disguise.units_within(row.place, row.place + row.length)
    start, end, shown = places[row.start], places[row.start + row.length - 1] + 1, len(units)
    if disguise.characters:
        start, end, shown = _with_signs(disguise, read, places, row, units)
    if shown < disguise.least:
        return None
    if disguise.form.startswith(
        "base"
    ):  # their neighbours hold a few bits of the first and the last character
        start -= bool(start) and read[start - 1 : start] in _BASE64
        end += end < len(read) and read[end : end + 1] in _BASE64
    while read is not data and end < len(read) and not read[end]:
        end += 1  # the rest of what the last character is spelt by
    whole = shown == len(disguise.units)
    form = _form(disguise, data, start, end)
    return Span(start, end, form if whole else f"{form}, in part", what)


def _with_signs(
    disguise: Disguise, read: bytes, places: Sequence[int], row: Row, units: range
) -> tuple[int, int, int]:
    """Start and end of a row together with the signs of the secret that are no letters and stand before, in and after
    it; and how many of its characters are there in all.
    """
    after = [b""]  # the signs before the first letter, and after each
    for unit in units:
        if disguise.units[unit]:
            after.append(b"")
        else:
            after[-1] += disguise.characters[unit : unit + 1]
    last = row.start + row.length - 1
    start, end = places[row.start], places[last] + 1
    opening = places[row.start - 1] + 1 if row.start else 0
    closing = places[last + 1] if last + 1 < len(places) else len(read)
    shown = row.length
    for sign in reversed(after[0]):
        lead = read[max(opening, start - _GAP) : start].rstrip(b"\0")
        if lead[-1:] != bytes([sign]):
            break
        start -= len(read[max(opening, start - _GAP) : start]) - len(lead) + 1
        shown += 1
    for sign in after[-1]:
        rest = read[end : min(closing, end + _GAP)]
        tail = rest.lstrip(b"\0")
        if tail[:1] != bytes([sign]):
            break
        end += len(rest) - len(tail) + 1
        shown += 1
    for letter, signs in enumerate(after[1:-1], row.start):
        position = places[letter] + 1
        for sign in signs:
            found = read.find(sign, position, places[letter + 1])
            if found >= 0:
                position = found + 1
                shown += 1
    return start, end, shown


def _form(disguise: Disguise, data: bytes, start: int, end: int) -> str:
    """What the disguise is called where it stands in the data."""
    if disguise.form == "base64" and _BASIC.search(data[max(0, start - _BEFORE) : start].lower()):
        return "Basic credentials"
    if not disguise.characters:
        return disguise.form
    text = data[start:end]
    return next((form for sign, form in _SPELLINGS if sign in text), "plain")


def without(data: bytes, spans: Sequence[Span]) -> bytes:
    pieces, position = [], 0
    for span in spans:
        pieces += [data[position : span.start], MARKS[span.what].encode()]
        position = span.end
    return b"".join((*pieces, data[position:]))

"""A key that is worth nothing, and the eyes that find it wherever it was spilt.

What lives here: how a canary key is made from the contract's key shape, which disguises of its secret part
are recognised, and how they are taken out of text before anything is stored. Pure: text in, sightings out.
What must never be known here: where the text came from, and whether the key was allowed to be there.
"""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from conformance.contract import Contract
from conformance.evidence import Sighting

REDACTED = "[secret]"
SHORTEST_RUN = 10
"""characters of the secret in a row that count as a leak: a truncated key halves somebody's work"""
MOST_SIGHTINGS = 100
"""sightings of one text that are kept: the rest would say the same again"""

_SHORTEST_BASE64_RUN = 12  # ten bytes in base64 own this many characters alone, whatever stands around them
_WINDOW = 28_000  # bytes scanned at a time: stays in the cache, and bytes.find is quicker below 30,000
_CONTEXT = 48  # bytes on each side of a sighting that an excerpt shows
_PERCENT_STYLES = ("~", "~_-.", "")  # characters that encoders spell out beyond need; "" stands for all
_BASIC = re.compile(rb"basic\s+[a-z0-9+/=_-]*\Z")


@dataclass(frozen=True, slots=True)
class Canary:
    """A key made for one trial. `prefix` is public and may be shown; `secret` must never appear."""

    key: str = field(repr=False)
    prefix: str
    secret: str = field(repr=False)


def mint(contract: Contract, rng: random.Random, environment: str | None = None) -> Canary:
    """A fresh key in the contract's shape for an environment, the contract's sandbox unless named.

    Raises ValueError when the contract's key parts never make a key of its own shape.
    """
    auth = contract.auth
    opening = contract.environments[environment or contract.sandbox_environment].key_prefixes[0]
    for _ in range(100):
        padding = auth.prefix_length - len(opening)
        prefix = opening + "".join(rng.choices(string.ascii_letters + string.digits, k=max(padding, 0)))
        secret = "".join(rng.choices(auth.secret_alphabet, k=auth.secret_length))
        key = f"{prefix}{auth.separator}{secret}"
        if contract.key_pattern.fullmatch(key):
            return Canary(key, prefix, secret)
    raise ValueError(
        f"contract {contract.name}: no key made of auth.prefix_length, separator, secret_alphabet and "
        f"secret_length matches auth.shape {auth.shape!r}; make them agree"
    )


def canary_of(contract: Contract, key: str) -> Canary:
    """A key that there is already, taken apart by the contract's shape. Raises ValueError, without the key."""
    auth = contract.auth
    if not key:
        raise ValueError("is not set")
    if not contract.key_pattern.fullmatch(key):
        raise ValueError("holds nothing in the shape of a key")
    return Canary(key, key[: auth.prefix_length], key[auth.prefix_length + len(auth.separator) :])


class _Span(NamedTuple):
    start: int
    end: int
    form: str


@dataclass(frozen=True, slots=True)
class _Disguise:
    """One way to write the secret: spellings[s][u] is unit `u` of the secret in spelling `s`, and within a
    run each unit may be in a spelling of its own. Compared in lower case unless `exact`.
    """

    form: str
    spellings: tuple[tuple[bytes, ...], ...]
    shortest: int
    exact: bool = False

    def choices(self) -> tuple[tuple[bytes, ...], ...]:
        return tuple(tuple(dict.fromkeys(spelt)) for spelt in zip(*self.spellings, strict=True))

    def anchors(self) -> Iterator[tuple[bytes, int]]:
        """Literals, with their first unit, of which every run of `shortest` units contains at least one:
        blocks of half that length side by side. Looking for a few literals is many times faster than
        looking for every possible run.
        """
        size = (self.shortest + 1) // 2
        for spelling in self.spellings:
            for first in range(0, len(spelling) - size + 1, size):
                yield b"".join(spelling[first : first + size]), first


def _disguises(secret: str) -> Iterator[_Disguise]:
    shortest = min(SHORTEST_RUN, len(secret))
    raw = secret.encode()
    plain = tuple(bytes([byte]) for byte in raw.lower())
    spelt_out = tuple(b"%%%02x" % byte for byte in raw)
    percent = tuple(
        tuple(
            code if not style or character in style else letter
            for character, letter, code in zip(secret, plain, spelt_out, strict=True)
        )
        for style in _PERCENT_STYLES
    )
    yield _Disguise("plain", tuple(dict.fromkeys((plain, *percent))), shortest)
    yield _Disguise("hex", (tuple(b"%02x" % byte for byte in raw),), shortest)
    for offset in range(3):
        # Bytes before and after the secret share its first and last characters of base64: leave those out.
        encoded = base64.b64encode(bytes(offset) + raw + bytes(2))
        core = encoded[(0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6]
        spellings = dict.fromkeys((core, core.translate(bytes.maketrans(b"+/", b"-_"))))
        yield _Disguise(
            "base64",
            tuple(tuple(bytes([byte]) for byte in spelling) for spelling in spellings),
            min(_SHORTEST_BASE64_RUN, len(core)),
            exact=True,
        )


class Scanner:
    """Finds one canary's secret. Holds nothing but what it compiled, so threads may share it."""

    def __init__(self, canary: Canary) -> None:
        self._disguises = tuple(_disguises(canary.secret))
        self._choices = tuple(disguise.choices() for disguise in self._disguises)
        anchors: dict[bytes, list[tuple[int, int]]] = {}
        for number, disguise in enumerate(self._disguises):
            for literal, first in disguise.anchors():
                anchors.setdefault(literal.lower(), []).append((number, first))
        self._anchors = tuple((literal, tuple(users)) for literal, users in anchors.items())
        self._anchors_without_percent = tuple(anchor for anchor in self._anchors if b"%" not in anchor[0])
        self._literals = tuple(literal for literal, _ in self._anchors)
        self._literals_without_percent = tuple(literal for literal, _ in self._anchors_without_percent)
        # The longest run there can be; a secret that starts before this many bytes from the end is whole.
        self.reach = (
            max(sum(max(map(len, spelt)) for spelt in choices) for choices in self._choices) + 2 * _CONTEXT
        )

    def sightings(self, text: str | bytes, place: str) -> tuple[Sighting, ...]:
        """Every place where the secret, or a run of it, stands; lines count from 1."""
        stream = self.stream(place)
        stream.feed(_encode(text))
        return stream.finish()

    def stream(self, place: str) -> SightingStream:
        """For output that is too large to hold: one pass, flat memory."""
        return SightingStream(self, place)

    def suspects(self, data: bytes) -> bool:
        """False when the secret is certainly nowhere in the data; a quick look, for texts that are short."""
        lowered = data.lower()
        for literal in self._literals if b"%" in data else self._literals_without_percent:
            if literal in lowered:
                return True
        return False

    def redact(self, text: str) -> str:
        """The text with every form of the secret replaced; the key's public prefix may stay."""
        data = _encode(text)
        if not self.suspects(data):
            return text
        spans = self.spans(data)
        if not spans:
            return text
        pieces, position = [], 0
        for span in spans:
            pieces += [data[position : span.start], REDACTED.encode()]
            position = span.end
        return b"".join((*pieces, data[position:])).decode("utf-8", "surrogatepass")

    def spans(self, data: bytes) -> list[_Span]:
        """Where the secret stands, in order, without overlaps."""
        lowered = data.lower()
        found: list[_Span] = []
        for literal, users in self._anchors if b"%" in data else self._anchors_without_percent:
            position = lowered.find(literal)
            while position >= 0:
                past = position + 1
                for number, first in users:
                    span = self._grow(data, lowered, position, number, first)
                    if span is not None:
                        found.append(span)
                        past = max(past, span.end)
                position = lowered.find(literal, past)
        found.sort(key=lambda span: (span.start, -span.end))
        merged: list[_Span] = []
        for span in found:
            if merged and span.start < merged[-1].end:
                merged[-1] = merged[-1]._replace(end=max(span.end, merged[-1].end))
            else:
                merged.append(span)
        return merged

    def _grow(self, data: bytes, lowered: bytes, position: int, number: int, first: int) -> _Span | None:
        disguise, choices = self._disguises[number], self._choices[number]
        text = data if disguise.exact else lowered
        start, left = position, first
        while left > 0 and (unit := _ending(text, start, choices[left - 1])):
            start -= len(unit)
            left -= 1
        end, right = position, first
        while right < len(choices) and (unit := _opening(text, end, choices[right])):
            end += len(unit)
            right += 1
        if right - left < disguise.shortest:
            return None
        form = disguise.form
        if b"%" in text[start:end]:
            form = "percent-encoding"
        elif form == "base64" and _BASIC.search(lowered[max(0, start - 200) : start]):
            form = "Basic credentials"
        return _Span(start, end, form if right - left == len(choices) else f"{form}, in part")


@lru_cache(maxsize=64)
def scanner_for(canary: Canary) -> Scanner:
    """The same one for the same canary: compiling it takes as long as a few orders."""
    return Scanner(canary)


class SightingStream:
    """Scans what it is fed. `finish` gives the sightings, at most MOST_SIGHTINGS; so does each `cut`."""

    def __init__(self, scanner: Scanner, place: str) -> None:
        self._scanner = scanner
        self._place = place
        self._kept = b""
        self._line = 1  # of the first kept byte
        self._sightings: list[Sighting] = []

    def feed(self, chunk: bytes) -> None:
        for first in range(0, len(chunk), _WINDOW):
            if len(self._sightings) >= MOST_SIGHTINGS:
                return
            self._kept += chunk[first : first + _WINDOW]
            # Scanning again what was kept costs more than waiting until there is enough of it.
            if len(self._kept) >= _WINDOW // 2:
                self._scan(len(self._kept) - 2 * self._scanner.reach)

    def finish(self) -> tuple[Sighting, ...]:
        self._scan(len(self._kept))
        return tuple(self._sightings[:MOST_SIGHTINGS])

    def cut(self) -> tuple[Sighting, ...]:
        """The sightings since the last cut; lines count from 1 again. The end of what was fed is remembered, so
        that a secret is found that goes on after the cut; one that was seen in part before it is not seen twice.
        """
        self._scan(len(self._kept), remembered=self._scanner.reach)
        sightings, self._sightings = self._sightings, []
        if len(sightings) >= MOST_SIGHTINGS:  # what was not reported for their number belongs to them
            self._kept = b""
        self._line = 1 - self._kept.count(b"\n")
        return tuple(sightings[:MOST_SIGHTINGS])

    def _scan(self, until: int, remembered: int = 0) -> None:
        """Reports what starts before `until`, and keeps the rest for the next time, with as many of the bytes
        before it as are to be `remembered` and have nothing in them that was reported.
        """
        data = self._kept
        spans = self._scanner.spans(data)
        counted = past = 0
        for number, span in enumerate(spans):
            if span.start >= until or len(self._sightings) >= MOST_SIGHTINGS:
                break
            self._line += data.count(b"\n", counted, span.start)
            counted = span.start
            excerpt = _excerpt(data, spans, number)
            self._sightings.append(Sighting(self._place, span.form, excerpt, max(self._line, 1)))
            past = span.end
        until = max(until - remembered, past, 0)
        self._line += data.count(b"\n", counted, until)
        self._kept = data[until:]


def _excerpt(data: bytes, spans: Sequence[_Span], number: int) -> str:
    """The line around a span, every secret in it replaced, at most 120 characters."""
    span = spans[number]
    first = max(data.rfind(b"\n", 0, span.start) + 1, span.start - _CONTEXT)
    newline = data.find(b"\n", span.end)
    last = min(newline if newline >= 0 else len(data), span.end + _CONTEXT)
    pieces, position = [], first
    for other in spans:
        if other.end <= first:
            continue
        if other.start >= last:
            break
        pieces += [data[position : max(position, other.start)], REDACTED.encode()]
        position = other.end
    text = b"".join((*pieces, data[position : max(position, last)])).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text).strip()[:120]


def _opening(text: bytes, position: int, spellings: Sequence[bytes]) -> bytes | None:
    return next((spelling for spelling in spellings if text.startswith(spelling, position)), None)


def _ending(text: bytes, position: int, spellings: Sequence[bytes]) -> bytes | None:
    return next((spelling for spelling in spellings if text.endswith(spelling, 0, position)), None)


def _encode(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text

"""A key that is worth nothing, and the eyes that find it wherever it was spilt.

What lives here: how a canary key is made from the contract's key shape, where its secrets stand in a text, and how
they are taken out before anything is stored. Pure: text in, sightings out.
What must never be known here: where the text came from, and whether the key was allowed to be there.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress

from pydantic_core import SchemaValidator, core_schema

from conformance.contract import Contract
from conformance.evidence import Secret, Sighting
from conformance.hygiene.disguises import Disguise, anchors, disguises, letter_marks, reading, small_letters
from conformance.hygiene.fragments import Fragments
from conformance.hygiene.spans import MARKS, Needle, Span, grown, span_of, without
from conformance.planning import RECIPIENT

REDACTED = MARKS["key"]
MOST_SIGHTINGS = 100
"""sightings of one secret in one text that are kept: the rest would say the same again"""
HUNTED: tuple[Secret, ...] = ("key", "payout-link", "recipient")

_AT_ONCE = 16
"""short texts that the engine looks for side by side in one processor register; more take ten times as long"""
_WINDOW = 1 << 16
"""bytes scanned at a time"""
_PIECE = 1_024
"""letters among which a secret is looked for one needle after the other, once it is known to be among many"""
_REACH = 2_048
"""bytes over which a secret may be spread at the most, with all that was put between its characters"""
_CONTEXT = 48  # bytes on each side of a sighting that an excerpt shows
_PAYOUT_LENGTH = 26
_BITS = string.digits + "ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Canary:
    """A key made for one client. `prefix` is public and may be shown; `secret` must never appear. `payout`: what every
    payout link has in it that is given to this client; empty where that is not known beforehand.
    """

    key: str = field(repr=False)
    prefix: str
    secret: str = field(repr=False)
    payout: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report may hold."""
        return tuple(filter(None, (self.secret, self.payout)))


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
            return Canary(key, prefix, secret, "".join(rng.choices(_BITS, k=_PAYOUT_LENGTH)))
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


class Scanner:
    """Finds one canary's secrets, of the kinds that are `hunted`. Holds nothing but what it compiled, so threads may
    share it. Text and needles are compared in small letters; regular expressions of short parts of them, and then of
    whole needles, run by the engine that pydantic brings, tell where there is nothing to be found: nearly everywhere.
    """

    reach = 2 * _REACH

    def __init__(self, canary: Canary, hunted: tuple[Secret, ...] = HUNTED) -> None:
        secrets: dict[Secret, str] = {
            "key": canary.secret,
            "payout-link": canary.payout,
            "recipient": RECIPIENT,
        }
        self._secrets = {what: secrets[what] for what in hunted if secrets[what]}
        self.hunted = tuple(self._secrets)
        self._disguises: list[tuple[Secret, Disguise]] = [
            (what, disguise)
            for what, secret in self._secrets.items()
            for disguise in disguises(secret, rare=what == "key")
        ]
        self._needles: list[Needle] = [
            Needle(text, number, start)
            for number, (_, disguise) in enumerate(self._disguises)
            for text, start in disguise.needles()
        ]
        self._longest = max(len(disguise.text) for _, disguise in self._disguises)
        self._filters: dict[tuple[Secret, ...], Callable[[str], bool]] = {}
        self._fragments = Fragments(disguise for _, disguise in self._disguises)

    def sightings(self, text: str | bytes, place: str) -> tuple[Sighting, ...]:
        """Every place where a secret, or a run of it, stands; lines count from 1."""
        stream = self.stream(place)
        stream.feed(_encode(text))
        return stream.finish()

    def stream(self, place: str) -> SightingStream:
        """For output that is too large to hold: one pass, flat memory."""
        return SightingStream(self, place)

    def suspects(self, data: bytes) -> bool:
        """False when no secret is anywhere in the data; a quick look."""
        holds = self._filter(self.hunted)
        return holds(small_letters(reading(data)).decode("ascii"))

    def redact(self, text: str) -> str:
        """The text with every form of the secrets replaced; the key's public prefix may stay. Halves of surrogate pairs
        are spelled out: what is redacted is kept, and no file and no JSON can keep them.
        """
        data = _encode(text)
        spans = self.spans(data)
        shown = without(data, spans).decode("utf-8", "surrogatepass") if spans else text
        return shown if shown.isascii() else shown.encode("utf-8", "backslashreplace").decode()

    def spans(self, data: bytes, hunted: tuple[Secret, ...] | None = None) -> list[Span]:
        """Where the secrets stand, in order, without overlaps."""
        holds = self._filter(self.hunted if hunted is None else hunted)
        read = reading(data)
        letters = small_letters(read)
        if not holds(letters.decode("ascii")):
            return []
        found = sorted(self._spans(data, read, letters, holds), key=lambda span: (span.start, -span.end))
        merged: list[Span] = []
        for span in found:
            if hunted is not None and span.what not in hunted:
                continue
            if merged and span.start < merged[-1].end:
                merged[-1] = merged[-1]._replace(end=max(span.end, merged[-1].end))
            else:
                merged.append(span)
        return merged

    def excerpt(self, data: bytes, spans: Sequence[Span], number: int) -> str:
        """The line around a span, without a trace of any secret, at most 120 characters."""
        span = spans[number]
        first = max(data.rfind(b"\n", 0, span.start) + 1, span.start - _CONTEXT)
        newline = data.find(b"\n", span.end)
        last = min(newline if newline >= 0 else len(data), span.end + _CONTEXT)
        pieces, position = [], first
        for other in spans:
            if other.end > first and other.start < last:
                before = data[position : max(position, other.start)]
                pieces += [self._fragments.taken_out(before), MARKS[other.what].encode()]
                position = other.end
        pieces.append(self._fragments.taken_out(data[position : max(position, last)]))
        text = b"".join(pieces).replace(b"\0", b"").decode("utf-8", "replace")
        return "".join(character if character.isprintable() else " " for character in text).strip()[:120]

    def _filter(self, hunted: tuple[Secret, ...]) -> Callable[[str], bool]:
        """Tells of a text in small letters whether any needle for those secrets is in it."""
        known = self._filters.get(hunted)
        if known is None:
            needles = dict.fromkeys(
                each.text for each in self._needles if self._disguises[each.number][0] in hunted
            )
            signs = anchors(needles)
            quick = [_any_of(signs[first : first + _AT_ONCE]) for first in range(0, len(signs), _AT_ONCE)]
            certain = _any_of(needles)

            def known(letters: str) -> bool:
                return any(look(letters) for look in quick) and certain(letters)

            self._filters[hunted] = known
        return known

    def _spans(
        self, data: bytes, read: bytes, letters: bytes, holds: Callable[[str], bool]
    ) -> Iterator[Span]:
        places = list(compress(range(len(read)), letter_marks(read)))
        seen: set[tuple[int, int]] = set()
        for first in range(0, len(letters), _PIECE):
            piece = letters[first : first + _PIECE + self._longest]
            if not holds(piece.decode("ascii")):
                continue
            for needle in self._needles:
                position = piece.find(needle.text)
                while position >= 0:
                    what, disguise = self._disguises[needle.number]
                    row = grown(letters, first + position, disguise.text, needle)
                    if (needle.number, row.start) not in seen:
                        seen.add((needle.number, row.start))
                        span = span_of(what, disguise, data, read, places, row)
                        if span is not None:
                            yield span
                    position = piece.find(needle.text, max(position + 1, row.start + row.length - first))


def _any_of(texts: Iterable[bytes]) -> Callable[[str], bool]:
    """Tells of a text in ASCII whether any of these is in it."""
    pattern = "|".join(text.decode() for text in texts)
    return SchemaValidator(core_schema.str_schema(pattern=pattern, strict=True)).isinstance_python


@lru_cache(maxsize=64)
def scanner_for(canary: Canary, hunted: tuple[Secret, ...] = HUNTED) -> Scanner:
    """The same one for the same canary: compiling it takes as long as a few orders."""
    return Scanner(canary, hunted)


class SightingStream:
    """Scans what it is fed. `finish` gives the sightings, at most MOST_SIGHTINGS of each secret; so does each `cut`."""

    def __init__(self, scanner: Scanner, place: str) -> None:
        self._scanner = scanner
        self._place = place
        self._kept = bytearray()
        self._line = 1  # of the first kept byte
        self._sightings: list[Sighting] = []
        self._hunted = scanner.hunted

    def feed(self, chunk: bytes) -> None:
        for first in range(0, len(chunk), _WINDOW):
            if not self._hunted:
                return
            self._kept += chunk[first : first + _WINDOW]
            # Scanning again what was kept costs more than waiting until there is enough of it.
            if len(self._kept) >= _WINDOW // 2:
                self._scan(len(self._kept) - self._scanner.reach)

    def finish(self) -> tuple[Sighting, ...]:
        self._scan(len(self._kept))
        return tuple(self._sightings)

    def cut(self) -> tuple[Sighting, ...]:
        """The sightings since the last cut; lines count from 1 again. The end of what was fed is remembered, so
        that a secret is found that goes on after the cut; one that was seen in part before it is not seen twice.
        """
        self._scan(len(self._kept), remembered=self._scanner.reach)
        sightings, self._sightings = self._sightings, []
        if self._hunted != self._scanner.hunted:  # what was not reported for its number belongs to them
            self._kept.clear()
        self._hunted = self._scanner.hunted
        self._line = 1 - self._kept.count(b"\n")
        return tuple(sightings)

    def _scan(self, until: int, remembered: int = 0) -> None:
        """Reports what starts before `until`, and keeps the rest for the next time, with as many of the bytes
        before it as are to be `remembered` and have nothing in them that was reported.
        """
        data = bytes(self._kept)
        spans = self._scanner.spans(data, self._hunted) if self._hunted else []
        counted = past = 0
        for number, span in enumerate(spans):
            if span.start >= until:
                break
            past = span.end
            if span.what not in self._hunted:
                continue
            self._line += data.count(b"\n", counted, span.start)
            counted = span.start
            excerpt = self._scanner.excerpt(data, spans, number)
            line = max(self._line, 1)
            self._sightings.append(Sighting(self._place, span.form, excerpt, line, span.what))
            if sum(each.what == span.what for each in self._sightings) >= MOST_SIGHTINGS:
                self._hunted = tuple(what for what in self._hunted if what != span.what)
        until = max(until - remembered, past, 0)
        self._line += data.count(b"\n", counted, until)
        del self._kept[:until]


def _encode(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text

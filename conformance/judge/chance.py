"""How much chance there is in keys, estimated from a few dozen of them. Pure.

What lives here: an estimate that errs upwards, so that keys are only called guessable when they are.
What must never be known here: what the keys were made from (`derivation.py`), and which check is asking.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

REQUIRED = 64.0
"""random bits that nobody guesses in a key"""
MARGIN = 3.0
"""bits by which an estimate has to fall short before it is believed: chance alone never takes that many away"""
FEWEST = 16
"""keys without which nothing is said"""

Window = tuple[float, float]
"""calendar seconds between which a key was made"""

_LETTERS, _DIGITS = string.ascii_letters, string.digits
_ALPHABETS = tuple(
    frozenset(alphabet)
    for alphabet in (
        _DIGITS,
        "0123456789abcdef",
        "0123456789ABCDEF",
        "abcdefghijklmnopqrstuvwxyz234567",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "0123456789abcdefghjkmnpqrstvwxyz",
        "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        "0123456789abcdefghijklmnopqrstuv",
        "0123456789ABCDEFGHIJKLMNOPQRSTUV",
        _DIGITS + string.ascii_lowercase,
        _DIGITS + string.ascii_uppercase,
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        _DIGITS + _LETTERS,
        _DIGITS + _LETTERS + "-_",
        _DIGITS + _LETTERS + "+/",
    )
)
"""what keys are usually written in, the smaller ones first"""
_MOST = 94
"""characters that can be printed"""
_BASES = (10, 16, 36)
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""in which times are written down, and what they count to a second"""
_BLANK = "\0"
_TELLING = 4
"""rows that are like an earlier one, from which on two columns are not alike by chance"""
_CERTAINTY = 2.0
"""standard errors by which a share of coincidences is taken for less than it was"""


def too_guessable(bits: float) -> bool:
    """Is an estimate so low that chance in the sample cannot be the reason?"""
    return bits < REQUIRED - MARGIN


def randomness(keys: Sequence[str], windows: Sequence[Window] | None = None) -> float:
    """Bits of chance in one of these keys, given the others; an estimate that errs upwards. The keys stand in the
    order in which they were made; `windows`: when, if that is known, so that times count for nothing.
    """
    parts = _parts(keys)
    alphabet = _alphabet(parts)

    def bits(aligned: Sequence[Sequence[str]]) -> float:
        seen: set[tuple[object, ...]] = set()
        return sum(_bits_of_part(part, alphabet, seen, windows) for part in aligned)

    left, right = _aligned(parts, str.ljust), _aligned(parts, str.rjust)
    return bits(left) if left == right else min(bits(left), bits(right))


def _parts(keys: Sequence[str]) -> list[list[str]]:
    """The keys, cut where all of them have the same separators; each part of all keys together."""
    separators = {tuple(re.findall(r"[^0-9A-Za-z]+", key)) for key in keys}
    split = [re.split(r"[^0-9A-Za-z]+", key) if len(separators) == 1 else [key] for key in keys]
    return [list(part) for part in zip(*split, strict=True)]


def _aligned(parts: Sequence[Sequence[str]], align: Callable[[str, int, str], str]) -> list[list[str]]:
    return [[align(text, max(map(len, part)), _BLANK) for text in part] for part in parts]


def _alphabet(parts: Sequence[Sequence[str]]) -> int:
    """How many characters there are to choose from, wherever keys differ at all."""
    seen = {
        character
        for part in _aligned(parts, str.ljust)
        for column in zip(*part, strict=True)
        if len(set(column)) > 1
        for character in column
    } - {_BLANK}
    return next((len(each) for each in _ALPHABETS if seen <= each), _MOST)


def _bits_of_part(
    part: Sequence[str], alphabet: int, seen: set[tuple[object, ...]], windows: Sequence[Window] | None
) -> float:
    times = set(_times(part, windows)) if windows else set()
    bits = 0.0
    for position, column in enumerate(zip(*part, strict=True)):
        pattern = _pattern(column)
        if position not in times and pattern not in seen:
            seen.add(pattern)
            bits += _bits_of(column, alphabet + (_BLANK in column))
    return min(bits, _bits_of(part, None))


def _pattern(column: Sequence[str]) -> tuple[object, ...]:
    """What a column that tells nothing new has in common with another: the rows that are alike in it, whatever
    stands there, or, where so few are alike that chance may have it so, the letters themselves.
    """
    if len(column) - len(set(column)) < _TELLING:
        return tuple(column)
    first: dict[str, int] = {}
    return tuple(first.setdefault(value, row) for row, value in enumerate(column))


def _bits_of(values: Sequence[str], choices: int | None) -> float:
    """Bits by how often two values are alike, any two or one and the next: what moves on slowly is no chance."""
    pairs = math.comb(len(values), 2)
    alike = sum(math.comb(times, 2) for times in Counter(values).values()) / pairs
    repeated = sum(one == other for one, other in pairwise(values)) / (len(values) - 1)
    likely = max(_at_least(alike, pairs), _at_least(repeated, len(values) - 1))
    if choices is not None:
        likely = max(likely, 1 / choices)
    return -math.log2(likely) if likely > 0 else math.inf


def _at_least(share: float, of: int) -> float:
    return share - _CERTAINTY * math.sqrt(share * (1 - share) / of)


def _times(part: Sequence[str], windows: Sequence[Window]) -> Iterator[int]:
    """The positions at which each text has the time at which it was made."""
    earliest = min(early for early, _ in windows)
    for base in _BASES:
        for unit in _UNITS:
            length = math.ceil(math.log(earliest * unit, base))
            for start in range(len(part[0]) - length + 1):
                if all(
                    _is_time(text[start : start + length], base, unit, window)
                    for text, window in zip(part, windows, strict=True)
                ):
                    yield from range(start, start + length)


def _is_time(text: str, base: int, unit: int, window: Window) -> bool:
    try:
        value = int(text, base)
    except ValueError:
        return False
    return window[0] * unit <= value <= window[1] * unit

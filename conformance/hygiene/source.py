"""Is that a key? Keys in source code: the account's own in every form, and whatever has the shape of one.

What lives here: finding them in bytes, and telling keys from what only stands for one in documentation. Pure.
What must never be known here: files, git, and any vendor's shape of keys.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic_core import SchemaError, SchemaValidator, core_schema

from conformance.contract import Contract
from conformance.hygiene.canary import REDACTED, scanner_for
from conformance.keys import Key

REACH = 4_096
"""bytes by which pieces of something large have to overlap, so that nothing falls between them"""
_FEWEST_CHARACTERS = 10
"""different characters of a secret: fewer are typed by somebody who needed something of that length"""
_MOST_IN_ROW = 0.35
"""the part of a secret that goes on as the alphabet, the digits or the keyboard do; of a random one it is a tenth"""
_LEAST_ENTROPY = 3.3
"""bits a character, as counted: words have less, a random secret of 24 characters or more has 4 or so"""
_LEAST_CHANGES = 0.25
"""how often a letter is followed by one of the other case or a digit: half of the time, by chance; names seldom are"""
_WORDS = re.compile(
    r"example|sample|placeholder|dummy|changeme|change[-_]me|redacted|replace|insert|your[-_]|[-_]your|here$|"
    r"secret[-_]goes|goes[-_]?here|not[-_]a[-_]|not[-_]real|fake[-_]|lorem|ipsum|foobar|todo",
    re.IGNORECASE,
)
_KEYBOARD = "qwertyuiop asdfghjkl zxcvbnm 1234567890"
_ESCAPES = re.compile(rb"(?:\\[nrtabfv0]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[0-7]{3})\Z")
_GOES_ON = re.compile(rb"[(\[]|\.[A-Za-z_]\w*[.(\[]|->|::")


@dataclass(frozen=True, slots=True)
class Hit:
    """A key at `start` of what was searched. `whose`: the environment whose key the profile names; "" where the string
    only has the shape of a key. `prefix`: its public part; "" where that is not known.
    """

    start: int
    end: int
    whose: str
    form: str
    prefix: str = ""


class Finder:
    """Holds the account's own keys and the contract's shape. The same one serves any number of searches."""

    def __init__(self, contract: Contract, keys: Sequence[Key] = ()) -> None:
        self._contract = contract
        self._own = [(key, scanner_for(key.canary)) for key in keys]
        self._shape = re.compile(contract.auth.shape.encode())
        self._may_hold = _quick(contract.auth.shape)
        alphabet = "".join(map(re.escape, contract.auth.secret_alphabet)).encode()
        self._more = re.compile(b"[" + alphabet + b"]")

    def hits(self, data: bytes) -> list[Hit]:
        """Every key in the data, in order; nothing twice."""
        found: list[Hit] = []
        for key, scanner in self._own:
            if scanner.suspects(data):
                found += (
                    Hit(span.start, span.end, key.environment, span.form, key.prefix)
                    for span in scanner.spans(data)
                )
        own = sorted((hit.start, hit.end) for hit in found)
        found += (hit for hit in self._shaped(data) if not any(a < hit.end and hit.start < b for a, b in own))
        return sorted(found, key=lambda hit: hit.start)

    def redacted(self, text: str) -> str:
        """The text with every key taken out of it."""
        data = text.encode("utf-8", "surrogateescape")
        pieces, position = [], 0
        for hit in self.hits(data):
            pieces += [data[position : max(position, hit.start)], REDACTED.encode()]
            position = max(position, hit.end)
        return b"".join((*pieces, data[position:])).decode("utf-8", "replace")

    def _shaped(self, data: bytes) -> Iterator[Hit]:
        auth = self._contract.auth
        if not self._may_hold(data.decode("latin-1")):
            return
        for match in self._shape.finditer(data):
            if self._is_part_of_more(data, match.start(), match.end()):
                continue
            key = match[0].decode("ascii", "replace")
            if is_placeholder(key, self._contract):
                continue
            yield Hit(match.start(), match.end(), "", "plain", key[: auth.prefix_length])

    def _is_part_of_more(self, data: bytes, start: int, end: int) -> bool:
        """Does it go on before or behind, as names, paths in code and tokens of other kinds do?"""
        before = data[max(0, start - 6) : start]
        if before[-1:].isalnum() and not _ESCAPES.search(before):
            return True
        return bool(self._more.match(data, end) or _GOES_ON.match(data, end))


def _quick(shape: str) -> Callable[[str], bool]:
    """Whether a text may hold the shape at all, by a faster engine where it knows the expression."""
    if re.search(r"[$^]|\\[^.\-_~+*?()\[\]{}|dws]", shape):
        return lambda text: True
    try:
        return SchemaValidator(core_schema.str_schema(pattern=shape, strict=True)).isinstance_python
    except SchemaError:
        return lambda text: True


def is_placeholder(key: str, contract: Contract) -> bool:
    """Is this the documentation's example, or something that somebody typed to stand for a key?"""
    auth = contract.auth
    secret = key[auth.prefix_length + len(auth.separator) :]
    example = auth.example[auth.prefix_length + len(auth.separator) :]
    return (
        key == auth.example
        or secret == example
        or not any(character.isdigit() for character in key)
        or len(set(secret.lower())) < _FEWEST_CHARACTERS
        or _has_period(secret)
        or _in_row(secret) > _MOST_IN_ROW
        or _WORDS.search(secret) is not None
        or _entropy(secret) < _LEAST_ENTROPY
        or _changes(secret) < _LEAST_CHANGES
    )


def _has_period(text: str) -> bool:
    """Is it something repeated?"""
    return any(text == (text[:length] * len(text))[: len(text)] for length in range(1, len(text) // 2 + 1))


def _in_row(text: str) -> float:
    """The part of neighbours of which the second is what comes after the first, or the same again."""
    plain = text.lower()
    pairs = list(pairwise(plain))
    following = sum(
        abs(ord(second) - ord(first)) <= 1 or first + second in _KEYBOARD or second + first in _KEYBOARD
        for first, second in pairs
    )
    return following / len(pairs) if pairs else 1.0


def _entropy(text: str) -> float:
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _changes(text: str) -> float:
    """How often one kind of character is followed by another."""
    kinds = [
        "digit" if character.isdigit() else "upper" if character.isupper() else "lower"
        for character in text
        if character.isalnum()
    ]
    pairs = list(pairwise(kinds))
    return sum(first != second for first, second in pairs) / len(pairs) if pairs else 0.0

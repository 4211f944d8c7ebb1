"""What keys were made from, where somebody who knows the order could make them again. Pure.

What lives here: the things that are known of an order, the ways in which keys are usually made from them, and
finding out which of them it was. Only what holds for several orders in the same way is believed.
What must never be known here: how random a key is (`chance.py`), and any vendor's names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations

from pydantic import JsonValue

from conformance.judge.chance import Window

AGREEING = 3
"""orders whose keys have to have been made in the same way"""
SHORTEST, _DIGITS = 8, 12
"""characters, and digits where there are only those, that are not the same by chance"""

_UUID = re.compile(r"[0-9a-f]{12}([1-8])[0-9a-f]{3}[89ab][0-9a-f]{15}")
_VERSIONS = {
    "1": "the time and the machine (a UUID of version 1)",
    "2": "the time and the machine (a UUID of version 2)",
    "3": "a name, by MD5 (a UUID of version 3)",
    "5": "a name, by SHA-1 (a UUID of version 5)",
    "6": "the time and the machine (a UUID of version 6)",
}
_ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "SHA-1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
    "SHA-512": lambda data: hashlib.sha512(data).digest(),
}
_SEPARATORS = ("", "-", ":", "_", "|", ".", "/", ",", " ")
_WORDS = (
    "order",
    "orders",
    "Order",
    "ORDER",
    "key",
    "idempotency",
    "idempotency-key",
    "create-order",
    "payment",
)
"""what people put before a name or a number"""
_COUNTED, _WORDED = 3_000, 40
"""numbers that are tried as those of a counter, by themselves and together with words"""
_MOMENTS = {1: 2_000, 1_000: 2_000, 1_000_000: 2_000, 1_000_000_000: 30_000}
_FEW_MOMENTS = 20
"""times that are tried for one order, by how many there are to a second, and those that are tried together with its
reference"""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one order: its reference, what was handed over, what was sent, and the calendar seconds
    between which its key was made, if there was a clock to tell them.
    """

    reference: str
    order: Mapping[str, JsonValue]
    sent: str
    window: Window | None = None


def derivation(keys: Sequence[str], known: Sequence[Known]) -> str | None:
    """What all of these keys were made from, in words that complete "they are made from …"; None if they show
    nothing of the kind. Too few keys show nothing.
    """
    if len(keys) < AGREEING:
        return None
    return _version(keys) or _as_text(keys, known) or _as_digest(keys, known)


def _version(keys: Sequence[str]) -> str | None:
    """What UUIDs of that version are made from, by their own account."""
    found = [_UUID.fullmatch(_letters(key)) for key in keys]
    versions = {match[1] if match else "" for match in found}
    return _VERSIONS.get(versions.pop()) if len(versions) == 1 else None


# As text.


def _as_text(keys: Sequence[str], known: Sequence[Known]) -> str | None:
    readings = [" ".join(_letters(reading) for reading in _readings(key)) for key in keys]
    sources = [dict(_texts(each)) for each in known]
    for source in sources[0]:
        stretches = [_stretches(_letters(each.get(source, ""))) for each in sources]
        common = set.intersection(*stretches)
        own = [each - common for each in stretches]
        if all(
            any(stretch in reading for stretch in each) for each, reading in zip(own, readings, strict=True)
        ):
            return source
    return None


def _texts(known: Known) -> Iterator[tuple[str, str]]:
    yield "the order's reference", known.reference
    for path, value in _leaves(known.order, ""):
        if isinstance(value, str):
            yield f"the order's {path}", value
    # Not what was sent: a client may write its key into the order, to find it again.
    yield "the order's content", json.dumps(known.order)


def _leaves(value: JsonValue | Mapping[str, JsonValue], path: str) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def _readings(key: str) -> Iterator[str]:
    """The key, backwards as well, and what it says when it is decoded."""
    yield key
    yield key[::-1]
    for part in {key, *re.findall(r"[0-9A-Za-z+/_-]{8,}", key)}:
        for decode in (bytes.fromhex, _from_base64, _from_base32):
            try:
                yield decode(part).decode()
            except (ValueError, binascii.Error):
                continue


def _from_base64(text: str) -> bytes:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _from_base32(text: str) -> bytes:
    plain = text.rstrip("=").upper()
    return base64.b32decode(plain + "=" * (-len(plain) % 8))


def _stretches(text: str) -> set[str]:
    return {text[start : start + SHORTEST] for start in range(len(text) - SHORTEST + 1)}


def _letters(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.casefold())


# As a digest.


def _as_digest(keys: Sequence[str], known: Sequence[Known]) -> str | None:
    """The recipe by which the first keys were made, all of them by the same."""
    start, end = _in_common(keys), _in_common([key[::-1] for key in keys])
    recipes: set[tuple[str, str]] | None = None
    for key, each in list(zip(keys, known, strict=True))[:AGREEING]:
        needles = _needles(key[start : len(key) - end])
        if not needles:
            return None
        found = set(_recipes(needles, each, recipes))
        recipes = found if recipes is None else recipes & found
        if not recipes:
            return None
    source, algorithm = min(recipes or {("", "")}, key=lambda recipe: (len(recipe[0]), recipe))
    return f"{source}, by {algorithm}"


def _in_common(texts: Sequence[str]) -> int:
    """Characters with which all of them begin."""
    first, last = min(texts), max(texts)
    return next(
        (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )


def _needles(own: str) -> tuple[tuple[Callable[[bytes], str], str], ...]:
    """How a digest may have been written down, and the characters that it must have then."""
    letters = re.sub(r"[^0-9A-Za-z]", "", own)
    plain = own.rstrip("=").replace("-", "+").replace("_", "/")
    possible = (
        (_decimal, letters, r"[0-9]+"),
        (bytes.hex, letters.lower(), r"[0-9a-f]+"),
        (_base32, letters.upper(), r"[A-Z2-7]+"),
        (_base64, plain, r"[0-9A-Za-z+/]+"),
    )
    fitting = tuple(
        (write, text[: _DIGITS if write is _decimal else SHORTEST])
        for write, text, shape in possible
        if len(text) >= SHORTEST and re.fullmatch(shape, text)
    )
    # A long text does not do without most letters of its alphabet.
    return fitting[:1] if len(letters) >= 2 * SHORTEST else fitting


def _decimal(digest: bytes) -> str:
    return f"{int.from_bytes(digest)} {int.from_bytes(digest[:8])} {int.from_bytes(digest[:16])}"


def _base32(digest: bytes) -> str:
    return base64.b32encode(digest).decode()


def _base64(digest: bytes) -> str:
    # The hexadecimal form, encoded once more, is a common mistake.
    return f"{base64.b64encode(digest).decode()} {base64.b64encode(digest.hex().encode()).decode()}"


def _recipes(
    needles: Sequence[tuple[Callable[[bytes], str], str]],
    known: Known,
    left: set[tuple[str, str]] | None,
) -> Iterator[tuple[str, str]]:
    """Source and algorithm of each digest that has the needle in it; of those that are `left` alone, if any are."""
    sources = None if left is None else {source for source, _ in left}
    for source, text in _ingredients(known):
        if sources is not None and source not in sources:
            continue
        data = text.encode("utf-8", "surrogatepass")
        for algorithm, digest_of in _ALGORITHMS.items():
            digest = digest_of(data)
            for write, needle in needles:
                if needle in write(digest):
                    yield source, algorithm


def _ingredients(known: Known) -> Iterator[tuple[str, str]]:
    """Everything that the key may be a digest of, with what it is called."""
    contents = tuple(dict.fromkeys(_written(known)))
    yield from (("the order's content", text) for text in contents)
    named = dict(_names(known))
    yield from ((name, text) for text, name in named.items())
    plain = [text for text, name in named.items() if name != "the order's content"]
    for few in (*permutations(plain, 2), *permutations(plain, 3)):
        source = " and ".join(sorted({named[text] for text in few}))
        yield from ((source, separator.join(few)) for separator in _SEPARATORS)
    for text in (known.reference, *contents):
        name = named.get(text, "the order's content")
        for word in (*_WORDS, *(plain if text != known.reference else ())):
            for separator in _SEPARATORS:
                yield name, f"{word}{separator}{text}"
                yield name, f"{text}{separator}{word}"
    yield from _numbers(known)


def _names(known: Known) -> Iterator[tuple[str, str]]:
    """Short texts about the order, and what they are called."""
    yield known.reference, "the order's reference"
    for _, value in _leaves(known.order, ""):
        if isinstance(value, str):
            yield value, "the order's content"
            if _may_vary(value):
                yield value, "pieces of the order's content"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            for text in (repr(value), f"{value:.2f}", f"{value:g}", f"{value * 100:.0f}"):
                yield text, "pieces of the order's content"


def _may_vary(value: str) -> bool:
    """Is it worth trying together with others? Words of the API's own are in every order."""
    return "@" in value or "-" in value or len(value) == len("EUR")


def _written(known: Known) -> Iterator[str]:
    """The order as JSON, as it was sent and as programs write it."""
    yield known.sent
    for ordered in (False, True):
        for separators in ((",", ":"), (", ", ": ")):
            for plain in (False, True):
                yield json.dumps(known.order, sort_keys=ordered, separators=separators, ensure_ascii=plain)
    for value in known.order.values():
        yield json.dumps(value, separators=(",", ":"))
        yield json.dumps(value)
    yield repr(known.order)
    yield json.dumps([known.reference, known.order])
    yield json.dumps({"reference": known.reference, "order": known.order})
    yield json.dumps({"reference": known.reference, "order": known.order}, sort_keys=True)
    yield json.dumps({"reference": known.reference, **known.order}, sort_keys=True)


def _numbers(known: Known) -> Iterator[tuple[str, str]]:
    for number in range(_COUNTED):
        yield "a counter", str(number)
        yield "a counter", f"order-{number}"
    for number in range(_WORDED):
        for text in (str(number), f"{number:04}", f"{number:06}", f"{number:08}"):
            yield "a counter", text
            for word in (*_WORDS, known.reference):
                yield from (("a counter", f"{word}{separator}{text}") for separator in _SEPARATORS[:4])
    for moment, few in _moments(known.window):
        yield "the time", moment
        for separator in _SEPARATORS[:4] if few else ():
            yield "the time", f"{known.reference}{separator}{moment}"
            yield "the time", f"{moment}{separator}{known.reference}"


def _moments(window: Window | None) -> Iterator[tuple[str, bool]]:
    """Times between these as programs write them, as finely as there are not too many of them, and whether there
    are few.
    """
    if window is None:
        return
    for unit, most in _MOMENTS.items():
        moments = range(int(window[0] * unit), int(window[1] * unit) + 1)
        if len(moments) > most:
            return
        for moment in moments:
            for text in (str(moment), *_dates(moment, unit)):
                yield text, len(moments) <= _FEW_MOMENTS
        if unit == 1_000_000:
            yield from ((repr(number), False) for number in _floats(*window))


def _floats(number: float, end: float) -> Iterator[float]:
    """Every number between these that a clock may tell as a float."""
    while number <= end:
        yield number
        number = math.nextafter(number, math.inf)


def _dates(moment: int, unit: int) -> Iterator[str]:
    if unit == 1_000_000_000:
        return
    at = datetime.fromtimestamp(moment // unit, UTC)
    if unit == 1:
        yield from (f"{moment}.0", at.isoformat(), f"{at:%Y%m%d%H%M%S}")
        yield from (f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S}")
    elif unit == 1_000:
        yield f"{at:%Y-%m-%dT%H:%M:%S}.{moment % unit:03}Z"
    else:
        seconds, rest = divmod(moment, unit)
        yield from (f"{seconds}.{rest:06}", f"0.{rest:06}00 {seconds}")
        for text in (f"{at:%Y-%m-%dT%H:%M:%S}.{rest:06}", f"{at:%Y-%m-%d %H:%M:%S}.{rest:06}"):
            yield from (text, f"{text}+00:00", f"{text}Z")

"""JSON as the API reads it: strictly, within bounds, and with money in decimals.

What lives here: reading a body, comparing two as JSON, finding an amount.
What must never be known here: what the bodies are about.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, NoReturn

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_json

_DEEPEST: Final = 64
_FEW_BRACKETS: Final = 64


class Unreadable(ValueError):
    """The bytes are no JSON document that the API would read."""


def read_document(body: bytes) -> JsonValue:
    """The JSON document in UTF-8. Raises Unreadable for all else: NaN, infinities, more than 64 levels."""
    try:
        value: JsonValue = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise Unreadable(str(problem)[:200]) from problem
    # Whatever is rendered, validated or compared later walks the value with recursion.
    if body.count(b"[") + body.count(b"{") > _FEW_BRACKETS and _depth_exceeds(value, _DEEPEST):
        raise Unreadable(f"nested deeper than {_DEEPEST} levels")
    return value


def write_document(value: JsonValue) -> bytes:
    """The document in ASCII, without a space too many."""
    try:
        written = to_json(value)
    except PydanticSerializationError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
        written = b"\xff"
    return written if written.isascii() else _ENCODER.encode(value).encode("ascii")


def same_document(one: JsonValue, other: JsonValue) -> bool:
    """Equal as JSON: 1 and 1.0 are one number, 1 and true are not the same."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same_document(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_document, one, other))
    return one == other


def amount(value: JsonValue) -> Decimal | None:
    """The decimal that a JSON number, or a string of one, stands for; None for anything else."""
    return None if isinstance(value, dict | list) else _amount(value)


@lru_cache(maxsize=1024, typed=True)
def _amount(value: str | float | None) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        decimal = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return decimal if decimal.is_finite() else None


def money(value: Decimal) -> str:
    """As the API writes it: two places, no exponent."""
    return f"{value:.2f}"


def _finite(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise ValueError("a number beyond all bounds")
    return value


def _refuse(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no JSON")


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
_DECODER: Final = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)


def _depth_exceeds(value: JsonValue, limit: int) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(limit + 1):
        below: list[JsonValue] = []
        for entry in level:
            if isinstance(entry, dict):
                below.extend(entry.values())
            elif isinstance(entry, list):
                below.extend(entry)
        if not below:
            return False
        level = below
    return True

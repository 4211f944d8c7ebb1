"""JSON from somebody who may mean harm, read as strictly as golive writes it. Pure.

What lives here: what no report holds (a key twice, a number that is none, more nesting than there can be), and how two
documents differ, place by place.
What must never be known here: what the documents are about.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from pydantic import JsonValue

from conformance.reporting.plain import plain

DEEPEST = 60
"""levels; a report has some fifteen, and whatever a contract's order body has"""
MOST_DIGITS = 300
"""of a whole number; seeds may be long"""
MOST_SHOWN = 120
"""characters of a value that is quoted"""


class NotStrict(ValueError):
    """The text says what is wrong, fit to be shown."""


def read_strictly(text: bytes) -> JsonValue:
    """The document. Raises NotStrict for what golive never writes, and what could harm who reads on."""
    if text.startswith(b"\xef\xbb\xbf"):
        raise NotStrict("it begins with a byte order mark")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotStrict(f"it is no UTF-8: byte {error.start:,} is none") from None
    try:
        data: JsonValue = json.loads(
            decoded,
            object_pairs_hook=_without_repeats,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_short,
        )
    except json.JSONDecodeError as error:
        raise NotStrict(f"it is no JSON: {error.msg}, line {error.lineno:,} column {error.colno:,}") from None
    except RecursionError:
        raise NotStrict(f"it is nested more than {DEEPEST} levels deep") from None
    if _is_deeper(data, DEEPEST):
        raise NotStrict(f"it is nested more than {DEEPEST} levels deep")
    return data


def differences(actual: JsonValue, due: JsonValue, place: str = "") -> Iterator[tuple[str, str]]:
    """Each place where `actual` is not what is `due`, and what is there, in words; the places of one document in
    order. Numbers are the same if they are written the same.
    """
    if isinstance(actual, dict) and isinstance(due, dict):
        for name in (*due, *(name for name in actual if name not in due)):
            inner = f"{place}.{plain(name, 60)}" if place else plain(name, 60)
            if name not in actual:
                yield inner, f"is missing, and should be {quoted(due[name])}"
            elif name not in due:
                yield inner, "is there, and should not be"
            else:
                yield from differences(actual[name], due[name], inner)
    elif isinstance(actual, list) and isinstance(due, list):
        for index, (ours, theirs) in enumerate(zip(actual, due, strict=False)):
            yield from differences(ours, theirs, f"{place}[{index}]")
        if len(actual) != len(due):
            yield place or "the list", f"has {len(actual):,} entries, and should have {len(due):,}"
    elif type(actual) is not type(due) or actual != due:
        yield place or "it", f"is {quoted(actual)}, and should be {quoted(due)}"


def quoted(value: object) -> str:
    """A value as it may be shown, whoever wrote it."""
    text = (
        json.dumps(value, ensure_ascii=False)
        if isinstance(value, str | dict | list)
        else json.dumps(value, default=str)
    )
    return plain(text, MOST_SHOWN)


def _without_repeats(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    read = dict(pairs)
    if len(read) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotStrict(
            f'"{plain(twice, 60)}" is there twice in one object, so that two readers see two reports'
        )
    return read


def _no_number(text: str) -> float:
    raise NotStrict(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrict(f"{plain(text, 40)} is too large a number")
    return number


def _short(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotStrict(f"{plain(text, 40)} is too long a number")
    return int(text)


def _is_deeper(data: JsonValue, levels: int) -> bool:
    layer: list[JsonValue] = [data]
    for _ in range(levels):
        layer = [
            item
            for each in layer
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(layer)

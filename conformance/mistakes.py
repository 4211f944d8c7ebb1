"""What is wrong in a file that a person wrote, in words that say what would be right.

What lives here: a mistake and its wording, from pydantic's errors and the JSON Schema of what was expected.
Text that a file holds is not repeated in a message, since it may be a secret, unless it should have been one
of a few words. Nothing heavy may be imported here: the command line has to know `Mistakes` at start-up.
What must never be known here: how files are read, and what any of them is about.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Place: TypeAlias = tuple[str | int, ...]
"""The way from the top of a document to a value: keys, and indexes from 0."""

Schema: TypeAlias = Mapping[str, object]
"""A JSON Schema, or a part of one."""


class Mistakes(Exception):
    """Everything that is wrong with a file. `lines`: one mistake each, by line and column of the file."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines: tuple[str, ...] = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Wrong:
    """One mistake. `text` reads "what is wrong; what would be right". It is shown at the key or at the value
    of `place`, or at the innermost mapping or list around it where the place does not exist.
    """

    place: Place
    text: str
    shown_at: Literal["key", "value"] = "value"


def spell(place: Place) -> str:
    """A place as people write it: `client.env.TOKEN`, `waivers[0].owner`."""
    spelt = ""
    for part in place:
        spelt += f"[{part}]" if isinstance(part, int) else f".{part}" if spelt else _short(part)
    return spelt


def resembling(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    by_plain_form = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(word), list(by_plain_form), n=1, cutoff=0.6)
    return by_plain_form[close[0]] if close else None


def correction(word: str, known: Iterable[str], otherwise: str) -> str:
    """What would be right in place of a word that is not known: the one that was meant, or all there are."""
    choice = sorted(known)
    meant = resembling(word, choice)
    return f'did you mean "{meant}"?' if meant else f"{otherwise} {', '.join(choice) or 'none'}"


def wrongs_of(errors: Sequence[ErrorDetails], data: object, schema: Schema) -> Iterator[Wrong]:
    """Pydantic's errors about `data` in our words. A missing key is left out where a misspelt one is told."""
    expected = _Expected(schema, data)
    placed = [(_place_of(error, data), error) for error in errors]
    spelling_told: set[Place] = set()
    for place, error in placed:
        if error["type"] == "extra_forbidden":
            meant = resembling(str(place[-1]), expected.keys(place[:-1]))
            spelling_told |= {(*place[:-1], meant)} if meant else set()
    for place, error in placed:
        if error["type"] == "extra_forbidden":
            yield Wrong(place, f"unknown key; {_right_key(place, expected)}", "key")
        elif error["type"] == "missing":
            if place not in spelling_told:
                yield Wrong(place, f"missing; add it, {_wanted(place, expected)}")
        else:
            yield Wrong(place, _wording(error), "key" if error["loc"][-1:] == ("[key]",) else "value")


def _wording(error: ErrorDetails) -> str:
    kind, value = error["type"], error["input"]
    context: Mapping[str, object] = error.get("ctx", {})
    if kind == "literal_error":
        return _wrong_choice("", value, context["expected"])
    if kind == "union_tag_invalid":  # of mappings that are told apart by one key
        name = str(context["discriminator"]).strip("'")
        return _wrong_choice(f"{name} ", context["tag"], context["expected_tags"])
    for prefix, words in _EXPECTATIONS.items():
        if kind.startswith(prefix):
            return words(value)
    for bound, words_of_bound in _BOUNDS.items():
        if bound in context and kind.startswith(_BOUND_ERRORS):
            return f"should be {words_of_bound} {context[bound]}, is {_shape(value)}"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message[:1].lower() + message[1:]


def _wrong_choice(what: str, value: object, expected: object) -> str:
    """`expected`: pydantic's list of the choice, "'a', 'b' or 'c'"."""
    choice = re.findall(r"'([^']*)'", str(expected)) or [str(expected)]
    allowed = f"one of {', '.join(choice)}" if len(choice) > 1 else choice[0]
    if not isinstance(value, str):
        return f"{what}should be {allowed}, is {_shape(value)}"
    return f'{what}should be {allowed}, not "{_short(value)}"{_meant(value, choice)}'


def _meant(word: str, choice: Iterable[str]) -> str:
    meant = resembling(word, choice)
    return f'; did you mean "{meant}"?' if meant else ""


def _expected_text(value: object) -> str:
    right = "; put it in quotes" if isinstance(value, bool | int | float) else _if_empty(value)
    return f"should be text, is {_shape(value)}{right}"


def _expected_number(value: object) -> str:
    quoted = isinstance(value, str) and value.strip().replace(".", "", 1).isdigit()
    right = "; take the quotes away" if quoted else _if_empty(value)
    return f"should be a number, is {_shape(value)}{right}"


def _expected_whole_number(value: object) -> str:
    return _expected_number(value).replace("a number", "a whole number", 1)


def _expected_truth(value: object) -> str:
    if isinstance(value, str) and value.lower() in {"yes", "no", "on", "off", "y", "n"}:
        return f'should be true or false, not "{value}"'
    return f"should be true or false, is {_shape(value)}{_if_empty(value)}"


def _expected_list(value: object) -> str:
    right = "; put each entry on a line of its own after a dash, or all of them into [brackets]"
    return f"should be a list, is {_shape(value)}{_if_empty(value) or right}"


def _expected_mapping(value: object) -> str:
    right = '; put lines such as "key: value" under it'
    return f"should be a mapping, is {_shape(value)}{_if_empty(value) or right}"


def _expected_date(value: object) -> str:
    if isinstance(value, str) and value:
        return f'should be a date such as 2024-12-31, not "{_short(value)}"'
    return f"should be a date such as 2024-12-31, is {_shape(value)}{_if_empty(value)}"


def _expected_telling_key(_value: object) -> str:
    return "does not say what it is; the key that tells it from its like is missing"


_EXPECTATIONS: Mapping[str, Callable[[object], str]] = {
    "string_type": _expected_text,
    "int_": _expected_whole_number,
    "float_": _expected_number,
    "bool_": _expected_truth,
    "tuple_type": _expected_list,
    "list_type": _expected_list,
    "frozen_set_type": _expected_list,
    "dict_type": _expected_mapping,
    "mapping_type": _expected_mapping,
    "model_type": _expected_mapping,
    "model_attributes_type": _expected_mapping,
    "dataclass_type": _expected_mapping,
    "date_": _expected_date,
    "union_tag_not_found": _expected_telling_key,
}
"""By the beginning of pydantic's name for the error: what was expected, and what to do about the value."""

_BOUNDS: Mapping[str, str] = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
_BOUND_ERRORS = ("greater_than", "less_than")

_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def _shape(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return "text"
        case list():
            return "a list"
    return "a mapping"


def _if_empty(value: object) -> str:
    return "; fill it in or remove the key" if value is None else ""


def _wanted(place: Place, expected: _Expected) -> str:
    for part in expected.at(place):
        if choice := _choice(part):
            return f"one of {', '.join(map(str, choice))}"
        if "description" in part:
            return str(part["description"])
        if part.get("type") in _KINDS:
            return _KINDS[str(part["type"])]
    return "it is required"


def _right_key(place: Place, expected: _Expected) -> str:
    name, here = str(place[-1]), expected.keys(place[:-1])
    homes = [home for home in expected.homes(name) if home != place[:-1]]
    if len(homes) == 1 and name not in here:
        return f"it belongs under {spell(homes[0])}" if homes[0] else "it belongs at the top level"
    return correction(name, here, "known here:")


@dataclass(frozen=True, slots=True)
class _Expected:
    """A schema beside the data that it was to describe."""

    schema: Schema
    data: object

    def at(self, place: Place) -> list[Schema]:
        """The parts of the schema that can describe the value at a place: more than one for a union."""
        here = self.data
        found = _fitting(_alternatives(self.schema, self.schema), here)
        for step in place:
            inner: list[object] = []
            for part in found:
                if isinstance(step, int):
                    inner.append(part.get("items"))
                else:
                    inner.append(_mapping(part.get("properties")).get(step, part.get("additionalProperties")))
            if isinstance(here, list) and isinstance(step, int):
                here = here[step]
            else:
                here = _mapping(here).get(str(step))
            found = _fitting(
                (part for way in inner for part in _alternatives(_mapping(way), self.schema)), here
            )
        return found

    def keys(self, place: Place) -> tuple[str, ...]:
        """The keys that the mapping at a place may have."""
        return tuple(
            dict.fromkeys(key for part in self.at(place) for key in _mapping(part.get("properties")))
        )

    def homes(self, name: str) -> Iterator[Place]:
        """The places, outside lists, of the mappings that may have a key of this name."""
        waiting: list[Place] = [()]
        while waiting:
            place = waiting.pop(0)
            keys = self.keys(place)
            if name in keys:
                yield place
            if len(place) < 3:
                waiting += [(*place, key) for key in keys]


def _fitting(parts: Iterable[Schema], value: object) -> list[Schema]:
    """The alternatives without those that another value of a telling key rules out."""
    every = list(parts)
    kept = []
    for part in every:
        fixed = {key: _mapping(way).get("const") for key, way in _mapping(part.get("properties")).items()}
        if all(_mapping(value).get(key, const) == const for key, const in fixed.items() if const is not None):
            kept.append(part)
    return kept or every


def _alternatives(part: Schema, whole: Schema) -> Iterator[Schema]:
    if reference := part.get("$ref"):
        name = str(reference).rpartition("/")[2]
        target = _mapping(_mapping(whole.get("$defs")).get(name))
        beside = {key: value for key, value in part.items() if key != "$ref"}
        yield from _alternatives({**target, **beside}, whole)
        return
    branches = part.get("anyOf") or part.get("oneOf")
    if isinstance(branches, list):
        beside = {key: value for key, value in part.items() if key in {"description"}}
        for branch in branches:
            yield from _alternatives({**beside, **_mapping(branch)}, whole)
    elif part and part.get("type") != "null":
        yield part


def _choice(part: Schema) -> list[object]:
    if "const" in part:
        return [part["const"]]
    allowed = part.get("enum")
    return allowed if isinstance(allowed, list) else []


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _place_of(error: ErrorDetails, data: object) -> Place:
    """Where pydantic's error is in the data. Its location names branches of unions as well."""
    place: Place = ()
    here = data
    for number, step in enumerate(error["loc"], start=1):
        last = number == len(error["loc"])
        if isinstance(here, list) and isinstance(step, int):  # noqa: SIM114 (only apart can they be typed)
            place, here = (*place, step), here[step]
        elif isinstance(here, dict) and step in here:
            place, here = (*place, step), here[step]
        elif last and error["type"] == "missing":
            place = (*place, step)
    return place


def _plain(word: str) -> str:
    return word.lower().replace("_", "-")


def _short(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:37]}..."

"""YAML files that people write, read so that every mistake can be shown where it is.

What lives here: reading YAML with the position of every value, and holding it against a model. The YAML is
the plain part of version 1.2: `true` and `false` are truths, `2024-02-05`, `yes` and `010` are text, keys are
always text; anchors and merge keys (`<<`) work.
What must never be known here: what any file is about.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

from conformance.mistakes import Mistakes, Place, Wrong, spell, wrongs_of

Shape = TypeVar("Shape")
Rule: TypeAlias = Callable[[JsonValue], Iterable[Wrong]]
"""Looks at the raw data of a document, whatever its shape, so that it can speak beside all other mistakes."""

_MOST_VALUES = 20_000
"""Aliases of aliases grow without end; no file that a person wrote comes near this."""


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read. `digest`: SHA-256 of its bytes, in hex. `flaws`: what in it could not be read."""

    path: Path
    digest: str
    data: JsonValue
    values: Mapping[Place, Position]
    keys: Mapping[Place, Position]
    flaws: tuple[tuple[Position, Wrong], ...] = ()

    def position(self, wrong: Wrong) -> Position:
        place = wrong.place
        if wrong.shown_at == "key" and place in self.keys:
            return self.keys[place]
        while place not in self.values:
            place = place[:-1]
        return self.values[place]


def read(path: Path) -> Document:
    """The document in a file, flaws that leave the rest readable included. Raises `Mistakes` if there is no
    such file or it is no YAML.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Mistakes([f"{path}: there is no such file"]) from None
    except IsADirectoryError:
        raise Mistakes([f"{path}: is a folder; name a file in it"]) from None
    except OSError as error:
        raise Mistakes([f"{path}: cannot be read: {error.strerror}"]) from None
    reading = _Reading()
    try:
        data = reading.value(_composed(path, _decoded(path, content)), ())
    except RecursionError:
        raise Mistakes([f"{path}:1:1: is nested too deeply, or has too many aliases, to be read"]) from None
    digest = hashlib.sha256(content).hexdigest()
    return Document(path, digest, data, reading.values, reading.keys, tuple(reading.flaws))


def validate(document: Document, shape: TypeAdapter[Shape], rules: Iterable[Rule] = ()) -> Shape:
    """The document as an instance of `shape`. Raises `Mistakes` with all that is wrong, the rules' included.

    What a rule says about a place replaces what the model says about it.
    """
    told = [wrong for rule in rules for wrong in rule(document.data)]
    unread = {wrong.place for _, wrong in document.flaws if find(document.data, *wrong.place) is None}
    places = {wrong.place for wrong in told} | unread
    try:
        found = shape.validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        wrongs = wrongs_of(error.errors(include_url=False), document.data, shape.json_schema())
        told += [wrong for wrong in wrongs if wrong.place not in places]
        _refuse(document, told)
        raise  # pydantic's own words, should ours ever be none
    _refuse(document, told)
    return found


def _refuse(document: Document, wrongs: Iterable[Wrong]) -> None:
    """Raises `Mistakes` if there are any, or if the document could not be read without flaws."""
    placed = [*document.flaws, *((document.position(wrong), wrong) for wrong in wrongs)]
    lines = []
    for position, wrong in sorted(placed, key=lambda each: (each[0].line, each[0].column)):
        where = f"{spell(wrong.place)}: " if wrong.place else ""
        lines.append(f"{document.path}:{position.line}:{position.column}: {where}{wrong.text}")
    if lines:
        raise Mistakes(dict.fromkeys(lines))


def find(data: JsonValue, *place: str | int) -> JsonValue:
    """What stands at a place of raw data; None if nothing does."""
    for step in place:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _decoded(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _end_of(content[: error.start].decode("utf-8-sig"))
        at = f"{path}:{line}:{column}"
        raise Mistakes(
            [f"{at}: is not UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8"]
        ) from None
    forbidden = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if forbidden:
        line, column = _end_of(text[: forbidden.start()])
        character = f"U+{ord(forbidden.group()):04X}"
        raise Mistakes([f"{path}:{line}:{column}: holds the control character {character}; remove it"])
    return text


def _end_of(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def _composed(path: Path, text: str) -> yaml.Node:
    loader = _Loader(text)
    try:
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise Mistakes([f"{at}: {_syntax(error)}"]) from None
    finally:
        loader.dispose()
    if root is None:
        raise Mistakes([f"{path}:1:1: is empty"])
    return root


class _Loader(yaml.SafeLoader):
    """Knows only the plain values that JSON knows, so that dates, `yes` and `010` stay text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML declares it, for the instance)


for _tag, _form, _starts in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_form})\\Z"), list(_starts))


class _Reading:
    """Turns composed nodes into JSON values, and notes where each stands and what cannot be read."""

    def __init__(self) -> None:
        self.values: dict[Place, Position] = {}
        self.keys: dict[Place, Position] = {}
        self.flaws: list[tuple[Position, Wrong]] = []
        self._around: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> JsonValue:
        self.values[place] = _position(node)
        if len(self.values) > _MOST_VALUES:
            raise RecursionError
        if node in self._around:
            self._tell(node, place, "is an alias of something that it is itself a part of; write it out")
            return None
        self._around.append(node)
        found: JsonValue = None
        match node:
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                entries = self._entries(node, place)
                self.keys |= {(*place, name): _position(key) for name, (key, _) in entries.items()}
                found = {name: self.value(value, (*place, name)) for name, (_, value) in entries.items()}
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                found = [self.value(value, (*place, index)) for index, value in enumerate(node.value)]
            case yaml.ScalarNode():
                found = self._scalar(node, place)
            case _:
                self._tell(node, place, _tag_told(node))
        self._around.pop()
        return found

    def _entries(self, mapping: yaml.MappingNode, place: Place) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Key and value by the key's text. What is merged in gives way to own keys, as YAML has it."""
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in mapping.value:
            if key.tag == "tag:yaml.org,2002:merge":
                merged = self._merged(value, place) | merged
            elif not isinstance(key, yaml.ScalarNode):
                self._tell(key, place, "a key should be text, is a list or a mapping")
            elif self._whole(key, place) is None:
                pass
            elif key.value in own:
                first = _position(own[key.value][0]).line
                self._tell(key, (*place, key.value), f"stands here twice, first on line {first}; remove one")
            else:
                own[key.value] = (key, value)
        return merged | own

    def _merged(self, node: yaml.Node, place: Place) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(source, yaml.MappingNode) and source not in self._around:
                self._around.append(source)
                merged = self._entries(source, place) | merged
                self._around.pop()
            else:
                self._tell(source, place, "<< should name a mapping, or a list of mappings")
        return merged

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> JsonValue:
        text: str = node.value
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind in {"str", "merge"}:
            return self._whole(node, place)
        if kind in {"int", "float"}:
            with suppress(ValueError):
                number = int(text) if kind == "int" else float(text)
                if math.isfinite(number):
                    return number
            self._tell(
                node, place, "is a number that cannot be read; write fewer digits, or put it in quotes"
            )
        elif kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        elif kind != "null":
            self._tell(node, place, _tag_told(node))
        return None

    def _whole(self, node: yaml.ScalarNode, place: Place) -> str | None:
        text: str = node.value
        if not any("\ud800" <= character <= "\udfff" for character in text):
            return text
        self._tell(node, place, "holds half of a character (a lone surrogate); write it whole")
        return None

    def _tell(self, node: yaml.Node, place: Place, text: str) -> None:
        self.flaws.append((_position(node), Wrong(place, text)))


def _tag_told(node: yaml.Node) -> str:
    return f"the tag {node.tag.replace('tag:yaml.org,2002:', '!!')} means nothing here; remove it"


def _position(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = ": ".join(part for part in (error.context, error.problem) if part)
    for words, explanation in _SYNTAX.items():
        if words in problem:
            return explanation
    return f"is no valid YAML: {problem}"


_SYNTAX: Mapping[str, str] = {
    "'\\t'": "a tab; indent with spaces",
    "mapping values are not allowed here": 'a ": " where no key can be; indent it right, or use quotes',
    "could not find expected ':'": "a key without a colon; write it as key: value",
    "found unexpected end of stream": "the file ends inside quotes; close them",
    "found undefined alias": "an alias (*) of nothing; put the text in quotes if it is none",
    "expected a single document": "a second document (---); keep one",
    "expected <block end>": "this continues nothing above it; check the indentation and the quotes",
    "expected ',' or": "a list or mapping in brackets ends wrongly; put a comma, or close the bracket",
    "that cannot start any token": "a character that plain text cannot begin with; put the text in quotes",
    "found unknown escape character": "a backslash that means nothing in double quotes; use single quotes",
    "found duplicate anchor": "an anchor (&) that is there already; give it another name",
}
"""PyYAML's problems by the words that tell them, as people can act on them."""

"""How an endpoint's answers differ from those that the contract has our simulation give. Pure, but for the count.

What lives here: the comparison of two answers by their shapes, and the differences of a run, each told once.
What must never be known here: values. No text of an answer gets in here, but names of properties and headers, words of
the contract, and statuses; so neither a secret nor a link can.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

MOST_NAMES: Final = 12
"""names that one difference lists"""
MOST: Final = 200
"""differences of a run that are kept"""
_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]{0,39}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ALWAYS: Final = frozenset({"date", "content-length", "connection", "keep-alive", "transfer-encoding"})
"""headers that say nothing about the API"""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, as far as it is compared. `headers`: names in lower case. `document` is None where the body is no
    JSON. `id`: of the order that it names; `form`: how it says that the original is in progress, "" if it does not.
    """

    status: int
    headers: tuple[str, ...]
    content_type: str
    version: str | None
    document: JsonValue
    readable: bool = True
    error_type: str | None = None
    id: str | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """`situation`: what the contract says of such a request. `ours` and `theirs` are words about shapes; `times`: how
    often it was seen.
    """

    operation: str
    situation: str
    aspect: str
    ours: str
    theirs: str
    times: int = 1


class Fidelity:
    """The differences of a run. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str, str, str], int] = {}
        self._compared: dict[tuple[str, str], int] = {}

    def compare(self, operation: str, situation: str, ours: Answered, theirs: Answered) -> None:
        """Notes how the endpoint's answer to a request differs from ours to the same."""
        found = list(differences(operation, situation, ours, theirs))
        with self._lock:
            self._compared[operation, situation] = self._compared.get((operation, situation), 0) + 1
        for each in found:
            self.note(each)

    def note(self, found: Difference) -> None:
        key = (found.operation, found.situation, found.aspect, found.ours, found.theirs)
        with self._lock:
            if key in self._seen or len(self._seen) < MOST:
                self._seen[key] = self._seen.get(key, 0) + found.times

    @property
    def compared(self) -> int:
        """Answers that were held against ours."""
        with self._lock:
            return sum(self._compared.values())

    def differences(self) -> tuple[Difference, ...]:
        """Each once, in an order that does not depend on which came first."""
        with self._lock:
            return tuple(Difference(*key, times) for key, times in sorted(self._seen.items()))


def differences(operation: str, situation: str, ours: Answered, theirs: Answered) -> Iterator[Difference]:
    """Each aspect in which the two answers are not of one shape."""

    def told(aspect: str, own: str, other: str) -> Difference:
        return Difference(operation, situation, aspect, own, other)

    if ours.status != theirs.status:
        yield told("status", str(ours.status), str(theirs.status))
    if theirs.status >= 200 and ours.version != theirs.version:
        yield told("version", _version(ours.version), _version(theirs.version))
    if theirs.status >= 200 and ours.content_type != theirs.content_type:
        yield told("content type", _kind(ours.content_type), _kind(theirs.content_type))
    if ours.error_type != theirs.error_type:
        yield told("error type", _type(ours.error_type), _type(theirs.error_type))
    if ours.id and theirs.id and (own := shape(ours.id)) != (other := shape(theirs.id)):
        yield told("order id", own, other)
    for aspect, here, there in (
        ("headers", set(ours.headers) - _ALWAYS, set(theirs.headers) - _ALWAYS),
        ("body", *_bodies(ours, theirs)),
    ):
        if theirs.status >= 200 and here != there:
            if here - there:
                yield told(f"{aspect}: missing", _listed(here - there), "not there")
            if there - here:
                yield told(f"{aspect}: more", "not there", _listed(there - here))


def _bodies(ours: Answered, theirs: Answered) -> tuple[set[str], set[str]]:
    own = set(properties(ours.document))
    return own, set(properties(theirs.document)) if theirs.readable else {"no JSON"}


def properties(document: JsonValue, path: str = "") -> Iterator[str]:
    """Where something stands in a document, and of what kind it is: `/items/*/price: text`."""
    match document:
        case dict():
            yield f"{path or '/'}: object"
            for name, value in document.items():
                yield from properties(value, f"{path}/{name if _NAME.fullmatch(name) else '…'}")
        case list():
            yield f"{path or '/'}: list"
            for value in document:
                yield from properties(value, f"{path}/*")
        case None:
            yield f"{path or '/'}: null"
        case bool():
            yield f"{path or '/'}: true or false"
        case int() | float():
            yield f"{path or '/'}: number"
        case str():
            yield f"{path or '/'}: text"


def shape(id_: str) -> str:
    """The shape of an id: its short words as they are, of the longer ones length and alphabet."""
    return "".join(_part(part) for part in re.findall(r"[A-Za-z0-9]+|[^A-Za-z0-9]", id_[:80]))


def _part(part: str) -> str:
    if len(part) < 4 and not part.isdigit():
        return part if part.isascii() else "…"
    alphabets = (
        ("digits", r"\d+"),
        ("hex digits", r"[\da-f]+|[\dA-F]+"),
        ("capitals and digits", r"[\dA-Z]+"),
        ("small letters and digits", r"[\da-z]+"),
    )
    named = next((name for name, pattern in alphabets if re.fullmatch(pattern, part)), "letters and digits")
    return f"<{len(part)} {named}>"


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(name if len(name) <= 120 else f"{name[:119]}…" for name in names)
    more = f", and {len(ordered) - MOST_NAMES} more" if len(ordered) > MOST_NAMES else ""
    return ", ".join(ordered[:MOST_NAMES]) + more


def _version(version: str | None) -> str:
    if version is None:
        return "none named"
    return version if _DAY.fullmatch(version) else "one in another form"


def _type(type_: str | None) -> str:
    if type_ is None:
        return "none"
    return type_ if _NAME.fullmatch(type_) else "one that is no plain word"


def _kind(content_type: str) -> str:
    return (
        content_type
        if re.fullmatch(r"[a-z0-9.+/-]{1,60}", content_type)
        else "none"
        if not content_type
        else "another"
    )

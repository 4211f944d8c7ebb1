"""What the client says it believes, read to the letter of the driver interface.

What lives here: the rules by which a return value, an exception or a line of output becomes an outcome, and
what a client that said something else is told. Pure; everything in it is the client's and may be anything.
What must never be known here: how the client was called, whether it is right, and what its secrets are.
"""

from __future__ import annotations

import json
import re
import traceback
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from conformance import Unknown
from conformance.belief import Outcome, OutcomeKind

LONGEST = 1_000
"""characters of an order id, a status or an error type; whatever is longer is none"""
LONGEST_LINE = 1_000_000
"""characters of a line of output that may be an outcome"""

_KINDS: Mapping[str, OutcomeKind] = {kind: kind for kind in ("created", "rejected", "unknown")}
_EXAMPLES = {
    "created": '{"outcome": "created", "order_id": "O-…"}',
    "rejected": '{"outcome": "rejected", "type": "…"}',
    "unknown": '{"outcome": "unknown"}',
}
_PROGRAMMING_ERRORS = frozenset(
    {
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        NameError,
        UnboundLocalError,
        AssertionError,
        RecursionError,
        UnicodeError,
        UnicodeDecodeError,
        UnicodeEncodeError,
        json.JSONDecodeError,
    }
)
_TRANSPORT_ERRORS = frozenset(
    # Known by package and name, since importing five HTTP libraries to recognise their errors is no option.
    {
        ("httpx", "TransportError"),
        ("httpcore", "TimeoutException"),
        ("httpcore", "NetworkError"),
        ("httpcore", "ProtocolError"),
        ("h11", "ProtocolError"),
        ("requests", "ConnectionError"),
        ("requests", "Timeout"),
        ("requests", "ChunkedEncodingError"),
        ("urllib3", "HTTPError"),
        ("aiohttp", "ClientConnectionError"),
        ("aiohttp", "ServerTimeoutError"),
        ("aiohttp", "ClientPayloadError"),
        ("aiohttp", "HttpProcessingError"),  # what it raises, or wraps, when the answer is no HTTP
        ("http", "BadStatusLine"),
        ("http", "IncompleteRead"),
        ("http", "UnknownProtocol"),
    }
)


@dataclass(frozen=True, slots=True)
class Crash:
    """The client said nothing that the interface knows. `detail`: what it did, and what would be right."""

    detail: str


def from_return(value: object) -> Outcome | Crash:
    """What a Python client's return value says."""
    if isinstance(value, Mapping):
        if "outcome" in value:
            return _from_mapping(value, "returned")
        if "id" in value:
            return _created(value["id"], value.get("status"), "returned a mapping whose `id`")
        what = f"a {type(value).__name__} with neither `outcome` nor `id`"
    elif isinstance(value, str):
        return _created(value, None, "returned a string that")
    else:
        what = "nothing (None)" if value is None else f"a {type(value).__name__}"
    return Crash(f"the client returned {what}; return {_EXAMPLES['created']}, or the order's id as a string")


def from_exception(error: BaseException, types: Collection[str]) -> Outcome | Crash:
    """What an exception says that a Python client let through. `types`: the error types of the contract.

    `unknown` when it or its cause says so or is an error of the transport; a crash when it is exactly a
    programming error, or ends the interpreter; otherwise `rejected`. An exception that was raised while a
    transport error was being handled, without `from`, counts as caused by it unless it names an error type:
    then it knows better.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # a task group's wrapping says nothing
    text = _text(error)
    if any(_says_unknown(link) for link in _causes(error)):
        return Outcome("unknown", type=_named_type(error, text, types))
    if type(error) in _PROGRAMMING_ERRORS or not isinstance(error, Exception):
        return Crash(f"the client raised {type(error).__name__}{f': {text}' if text else ''}{_place(error)}")
    named = _named_type(error, text, types)
    if named is None and any(_says_unknown(link) for link in _causes(error, implied=True)):
        return Outcome("unknown")
    return Outcome("rejected", type=named)


def from_line(line: str) -> Outcome | Crash | None:
    """What one line of output says; None when it is no JSON object with `outcome`."""
    value = _object_in(line)
    return None if value is None else _from_mapping(value, "printed")


def from_answer(line: str) -> tuple[object, Outcome | Crash] | None:
    """What a line of a worker says, behind the `id` that it repeats, None where it repeats none. None when it
    is no JSON object with `outcome`.
    """
    value = _object_in(line)
    return None if value is None else (value.get("id"), _from_mapping(value, "printed"))


def from_body(text: str) -> Outcome | Crash | None:
    """What the body of a service's answer says; None when it is no JSON object with `outcome`."""
    value = _object_in(text)
    return None if value is None else _from_mapping(value, "answered")


def _object_in(text: str) -> dict[object, object] | None:
    text = text.strip("\ufeff \t\r\n\0")
    if not (text.startswith("{") and text.endswith("}")) or len(text) > LONGEST_LINE:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "outcome" in value else None


def redacted(outcome: Outcome, redact: Callable[[str], str]) -> Outcome:
    """The same outcome with each of its texts put through `redact`."""

    def clean(text: str | None) -> str | None:
        return redact(text) if text else text

    return Outcome(outcome.kind, clean(outcome.order_id), clean(outcome.status), clean(outcome.type))


def _from_mapping(value: Mapping[object, object], did: str) -> Outcome | Crash:
    word = value["outcome"]
    kind = _KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        known = "; ".join(_EXAMPLES.values())
        return Crash(f"the client {did} the outcome {_shown(word)}, which is none of: {known}")
    if kind == "created":
        if value.get("order_id") is None:
            return Crash(f"the client {did} `created` without `order_id`; right is {_EXAMPLES['created']}")
        return _created(value["order_id"], value.get("status"), f"{did} `created`, and its `order_id`")
    type_ = value.get("type")
    if _is_nothing(type_):
        return Outcome(kind)
    wrong = _wrong_text(type_)
    if wrong:
        return Crash(f"the client {did} `{kind}`, and its `type` {wrong}; right is {_EXAMPLES['rejected']}")
    return Outcome(kind, type=_exact(type_))


def _created(order_id: object, status: object, what: str) -> Outcome | Crash:
    wrong = _wrong_text(order_id)
    if wrong:
        return Crash(f"the client {what} {wrong}; right is the id that the API answered, as it was")
    if _is_nothing(status):
        status = None
    else:
        wrong = _wrong_text(status)
        if wrong:
            return Crash(f"the client said `created`, and its `status` {wrong}; leave it out or give text")
        status = _exact(status)
    return Outcome("created", order_id=_exact(order_id), status=status)


def _is_nothing(value: object) -> bool:
    """What may be left out may as well be empty: a 429 has no type, and text that is empty says so."""
    return value is None or (isinstance(value, str) and not value.strip())


def _wrong_text(value: object) -> str | None:
    """What keeps a value from being a short text."""
    if not isinstance(value, str):
        return f"is no text but {_shown(value)}"
    if not value.strip():
        return "is empty"
    if len(value) > LONGEST:
        return f"is {len(value):,} characters long, which is beyond {LONGEST:,}"
    return None


def _exact(value: object) -> str:
    # An enumeration that is text prints as its member's name; its text is what the client means.
    return str.__str__(value) if isinstance(value, str) else str(value)


def _shown(value: object) -> str:
    if isinstance(value, (str, int, float, bool)) or value is None:
        text = json.dumps(value, ensure_ascii=False) if not isinstance(value, int) else repr(value)
        return text if len(text) <= 80 else f"{text[:80]}…"
    return f"a {type(value).__name__}"


def _causes(error: BaseException, *, implied: bool = False) -> Iterator[BaseException]:
    """The exception, its cause, the cause of that; with `implied` also what was being handled meanwhile."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        context = link.__context__ if implied and not link.__suppress_context__ else None
        link = link.__cause__ or context


def _says_unknown(error: BaseException) -> bool:
    if isinstance(error, (Unknown, OSError)):  # TimeoutError is an OSError
        return True
    if _attribute(error, "outcome") == "unknown":
        return True
    return any(
        (kind.__module__.split(".")[0], kind.__name__) in _TRANSPORT_ERRORS for kind in type(error).__mro__
    )


def _named_type(error: BaseException, text: str, types: Collection[str]) -> str | None:
    """The error type that an exception names in an attribute, else in its text, longest name first."""
    attributes = [_attribute(error, name) for name in ("type", "code")]
    named = [value for value in attributes if value is not None and len(value) <= LONGEST]
    for value in named:
        if value in types:
            return value
    if named:
        return named[0]
    for type_ in sorted(types, key=len, reverse=True):
        if re.search(rf"(?<![\w-]){re.escape(type_)}(?![\w-])", text):
            return type_
    return None


def _attribute(error: BaseException, name: str) -> str | None:
    """An attribute when it is text. It may be a property, which may warn or fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value: object = getattr(error, name, None)
        except Exception:  # noqa: BLE001 - the client's own property may raise anything: then it names nothing
            return None
    return _exact(value) if isinstance(value, str) and value else None


def _text(error: BaseException) -> str:
    try:
        return str(error)[:2_000]
    except Exception:  # noqa: BLE001 - the client's own __str__ may raise anything
        return ""


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"\nin {frames[-1].name}, {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""

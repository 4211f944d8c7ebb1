"""Answers and faults as bytes: what is written, when, and how the line is left.

What lives here: the script of one answer, and what it amounts to for the record. Pure: bytes out of data.
What must never be known here: sockets, the state of a trial, and what the API did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, Literal

from pydantic import JsonValue

from conformance.evidence import AnswerClass, Delivery
from conformance.evidence import Place as Spot
from conformance.faults import (
    Close,
    Drip,
    Empty,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    Kill,
    Malformed,
    OtherVersion,
    Redirect,
    Reordered,
    Reset,
    Slow,
    Truncate,
)
from conformance.sandbox.answers import Answer, Reply
from conformance.sandbox.documents import read_document, write_document
from conformance.sandbox.elsewhere import detour, straight

Ending = Literal["next", "owing", "close", "reset", "silence", "kill"]
"""How the line is left: open for the next request; the same, though the client was owed more; FIN; RST; open,
but nothing is read or written any more; the same, and whoever asked is to be killed.
"""
Headers = tuple[tuple[str, str], ...]

_GARBAGE: Final = b"\x00\x16SSH-0.0-nothing that a client of HTTP would read\r\n\xff\xfe\x80\r\n\r\n"
_PAGE: Final = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>Bad Gateway</body>\r\n</html>\r\n"
)
_OTHER_SHAPES: Final[Mapping[str, bytes]] = {"list": b'[{"unseen":true}]', "text": b'"OK"', "null": b"null"}
_NO_UTF8: Final = b'"unseen":"' + "gro\u00df".encode("latin-1") + b'"'
_PADDING: Final = b" " * 5_000_000
_UNSEEN: Final[Mapping[str, JsonValue]] = {
    "unseen_text": "nobody has told you of this property",
    "unseen_number": 12.5,
    "unseen_nothing": None,
    "unseen_list": [{"unseen": True}],
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client that reads so far has been told; for the record."""

    answer: AnswerClass = "none"
    delivery: Delivery = "none"
    status: int | None = None
    interim_status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    error_type: str | None = None
    order_id: str | None = None
    retry_after: float | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Wait `delay` seconds, then write `data`; thereupon `sent` is what has been sent. `endless`: and again, and
    again, so that no step comes after it.
    """

    data: bytes
    sent: Sent
    delay: float = 0.0
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one answer, and how the line is left after them."""

    steps: tuple[Step, ...]
    ending: Ending


NOTHING_SENT: Final = Sent()
NO_SCRIPT: Final = Script((), "next")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer goes out: what the wire must know about the request and the listener.

    `headers` are in every answer of the API: they name its version. `origins`: scheme, host and port of the API and
    of every other place; `target`: what the request asks for there. `today`: seconds since 1970.
    """

    headers: Headers
    today: float
    keep_alive: bool
    origins: Mapping[Spot, str]
    target: str
    bodiless: bool = False


def script(reply: Reply, place: Place) -> Script:
    """How the reply is put on the wire."""
    treatment = reply.treatment
    if reply.versions is not None and not isinstance(treatment, OtherVersion):
        place = replace(place, headers=reply.versions)
    if treatment is not None and (make := _TREATMENTS.get(type(treatment))):
        return make(treatment, reply, place)
    answer = reply.answer
    if answer is None:
        raise AssertionError("a reply without an answer needs a fault that does without")
    if reply.interim is not None:
        first = _interim(reply.interim)
        later = reply.fault.seconds if isinstance(reply.fault, InProgress) else 0.0
        final = _plain(answer, place, delay=later).steps
        told = tuple(
            replace(step, sent=replace(step.sent, interim_status=reply.interim.status)) for step in final
        )
        return Script((first, *told), _after(place))
    if answer.status < 200:
        return Script((_interim(answer),), "owing")
    return _plain(answer, place)


def refusal(answer: Answer, place: Place) -> Script:
    """For what could not even be read: the answer, then the end of the line."""
    return _plain(answer, replace(place, keep_alive=False))


CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


def _after(place: Place) -> Ending:
    return "next" if place.keep_alive else "close"


def _head(status: int, headers: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status} {_reason(status)}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@lru_cache(maxsize=64)
def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unnamed"


def _headers(length: int, kind: str, place: Place, more: Headers = ()) -> Headers:
    always: Headers = (
        *((("Content-Type", kind),) if kind else ()),
        ("Content-Length", str(length)),
        ("Date", _date(int(place.today))),
    )
    last: Headers = () if place.keep_alive else (("Connection", "close"),)
    return (*always, *place.headers, *more, *last)


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _told(answer: Answer, headers: Headers, body: bytes) -> Sent:
    return Sent(
        answer=answer.kind,
        delivery="complete",
        status=answer.status,
        headers=headers,
        body=body,
        error_type=answer.error_type,
        order_id=answer.order_id,
        retry_after=answer.retry_after,
        replayed=answer.replayed,
    )


def _plain(answer: Answer, place: Place, delay: float = 0.0) -> Script:
    body = answer.body
    headers = _headers(len(body), answer.content_type, place, answer.headers)
    written = b"" if place.bodiless else body
    step = Step(_head(answer.status, headers) + written, _told(answer, headers, written), delay)
    return Script((step,), _after(place))


def _interim(answer: Answer) -> Step:
    """An informational status as the only thing that is said, if the script ends here."""
    body = b"" if answer.bare else answer.body
    headers: Headers = (
        () if answer.bare else (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    )
    sent = Sent(
        answer=answer.kind,
        delivery="partial",
        interim_status=answer.status,
        headers=headers,
        body=body,
        error_type=answer.error_type,
    )
    return Step(_head(answer.status, headers) + body, sent)


def _cut(ending: Ending) -> Callable[[Fault, Reply, Place], Script]:
    return lambda fault, reply, place: Script((), ending)


def _kill(fault: Fault, reply: Reply, place: Place) -> Script:
    assert isinstance(fault, Kill)
    steps = script(replace(reply, treatment=None), place).steps if fault.when == "answered" else ()
    return Script(steps, "kill")


def _slow(fault: Fault, reply: Reply, place: Place) -> Script:
    assert isinstance(fault, Slow)
    whole = script(replace(reply, treatment=None), place)
    first, *rest = whole.steps
    return Script((replace(first, delay=fault.seconds), *rest), whole.ending)


def _truncate(fault: Fault, reply: Reply, place: Place) -> Script:
    whole = script(replace(reply, treatment=None), replace(place, keep_alive=True))
    (step,) = whole.steps
    kept = len(step.sent.body) // 2
    data = step.data[: len(step.data) - len(step.sent.body) + kept]
    sent = Sent(
        "unreadable", "partial", step.sent.status, headers=step.sent.headers, body=step.sent.body[:kept]
    )
    return Script((Step(data, sent),), "close")


def _garbage(fault: Fault, reply: Reply, place: Place) -> Script:
    return Script((Step(_GARBAGE, Sent("unreadable", "complete", body=_GARBAGE)),), "close")


def _unreadable(status: int, kind: str, body: bytes, place: Place) -> Script:
    headers = _headers(len(body), kind, replace(place, headers=()))
    sent = Sent("unreadable", "complete", status, headers=headers, body=body)
    return Script((Step(_head(status, headers) + body, sent),), _after(place))


def _html(fault: Fault, reply: Reply, place: Place) -> Script:
    return _unreadable(502, "text/html", _PAGE, place)


def _empty(fault: Fault, reply: Reply, place: Place) -> Script:
    answer = reply.answer
    booked = answer is not None and answer.kind == "success"
    return _unreadable(answer.status if answer and booked else 502, "application/json", b"", place)


def _malformed(fault: Fault, reply: Reply, place: Place) -> Script:
    """The body in one of the forms that no contract describes, wholly delivered."""
    assert isinstance(fault, Malformed)
    answer = reply.answer
    assert answer is not None
    kind, body = "application/json", answer.body
    match fault.form:
        case "html":
            return _unreadable(answer.status, "text/html", _PAGE, place)
        case "empty":
            return _unreadable(answer.status, kind, b"", place)
        case "truncated-json":
            body = body[: len(body) // 2]
        case "list" | "text" | "null":
            body = _OTHER_SHAPES[fault.form]
        case "wrong-type":
            kind = "text/plain"
        case "wrong-charset":
            kind, body = "application/json; charset=utf-8", _with_property(body, _NO_UTF8)
        case "huge":
            body = _PADDING + body
        case "no-id":  # spoiled by whoever knows where it stands
            pass
    told = replace(answer, kind="unreadable", body=body, error_type=None, retry_after=None)
    headers = _headers(len(body), kind, place, answer.headers)
    written = b"" if place.bodiless else body
    return Script(
        (Step(_head(answer.status, headers) + written, _told(told, headers, written)),), _after(place)
    )


def _with_property(body: bytes, written: bytes) -> bytes:
    """The object with one more property, which stands first."""
    rest = body.lstrip()[1:]
    return b"{" + written + (b"" if rest.lstrip().startswith(b"}") else b",") + rest


def _drip(fault: Fault, reply: Reply, place: Place) -> Script:
    """The head, and then a byte at a time of the white space that may stand before the document, for ever."""
    assert isinstance(fault, Drip)
    answer = reply.answer
    assert answer is not None
    headers = tuple(
        ("Transfer-Encoding", "chunked") if name == "Content-Length" else (name, value)
        for name, value in _headers(0, "application/json", place, answer.headers)
    )
    sent = Sent("unreadable", "partial", answer.status, headers=headers)
    return Script(
        (
            Step(_head(answer.status, headers), sent),
            Step(b"1\r\n \r\n", sent, delay=fault.seconds, endless=True),
        ),
        "silence",
    )


def _other_version(fault: Fault, reply: Reply, place: Place) -> Script:
    assert isinstance(fault, OtherVersion)
    headers = tuple((name, fault.version) for name, _ in place.headers)
    return script(replace(reply, treatment=None, versions=headers), place)


def _redirect(fault: Fault, reply: Reply, place: Place) -> Script:
    assert isinstance(fault, Redirect)
    headers = _headers(0, "text/plain", place, (("Location", _location(fault, place)),))
    sent = Sent("redirect", "complete", fault.status, headers=headers)
    return Script((Step(_head(fault.status, headers), sent),), _after(place))


def _location(fault: Redirect, place: Place) -> str:
    api = place.origins["api"]
    if fault.hops:
        return f"{api}{detour(place.target)}"
    origin, target = place.origins[fault.to], straight(place.target)
    scheme, _, host = origin.partition("//")
    if fault.written == "without-scheme" and api.startswith(scheme):
        return f"//{host}{target}"
    if fault.written == "behind-user-name":
        return f"{scheme}//{api.partition('//')[2]}@{host}{target}"
    return f"{origin}{target}"


def _rewritten(rewrite: Callable[[JsonValue], JsonValue]) -> Callable[[Fault, Reply, Place], Script]:
    def make(fault: Fault, reply: Reply, place: Place) -> Script:
        answer = reply.answer
        assert answer is not None
        return script(
            replace(
                reply,
                treatment=None,
                answer=replace(answer, body=write_document(rewrite(read_document(answer.body)))),
            ),
            place,
        )

    return make


def _with_unseen(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        # First, and under names that are known elsewhere: whoever searches the text finds the wrong ones.
        decoy: dict[str, JsonValue] = {"unseen_object": dict.fromkeys(value, "unseen")}
        return {**decoy, **{key: _with_unseen(entry) for key, entry in value.items()}, **_UNSEEN}
    return [_with_unseen(entry) for entry in value] if isinstance(value, list) else value


def _reversed(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(entry) for entry in value] if isinstance(value, list) else value


_TREATMENTS: Final[Mapping[type, Callable[[Fault, Reply, Place], Script]]] = {
    Reset: _cut("reset"),
    Close: _cut("close"),
    Hang: _cut("silence"),
    Kill: _kill,
    Slow: _slow,
    Truncate: _truncate,
    Malformed: _malformed,
    Drip: _drip,
    OtherVersion: _other_version,
    Garbage: _garbage,
    Html: _html,
    Empty: _empty,
    Redirect: _redirect,
    ExtraFields: _rewritten(_with_unseen),
    Reordered: _rewritten(_reversed),
}

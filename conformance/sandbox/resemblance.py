"""The endpoint's answers in the words of the simulation, and held against what that would have answered. Pure.

What lives here: what an answer is by its status and body, and the shapes of two answers.
What must never be known here: connections, schedules, and what is done about a difference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from pydantic import JsonValue

from conformance.contract import Contract
from conformance.evidence import AnswerClass
from conformance.fidelity import Answered, Difference
from conformance.sandbox.answers import Answer
from conformance.sandbox.documents import Unreadable, read_document
from conformance.sandbox.templates import point
from conformance.sandbox.washing import Headers, Told

_JSON: Final = "application/json"
_LONGEST_WAIT: Final = 86_400.0


def reading_of(told: Told, contract: Contract, creates: bool) -> tuple[Answer, Headers]:
    """The answer as the record knows it, and what it says of the API's version, which the wire puts in. `creates`: it
    is about an order that was to be placed, so a success has to name one.
    """
    version = contract.versions.header.lower()
    headers = tuple(
        (name, value) for name, value in told.headers if name.lower() not in ("content-type", version)
    )
    versions = tuple((name, value) for name, value in told.headers if name.lower() == version)
    kind, error_type, order_id = _kind(told, contract, creates)
    limited = told.status == contract.rate_limit.status or told.status >= 500
    answer = Answer(
        told.status,
        told.body,
        kind,
        error_type=error_type,
        order_id=order_id,
        headers=headers,
        retry_after=_asked_wait(told) if limited else None,
        bare=told.status < 200 and not told.body,
        content_type=_field(told, "content-type"),
    )
    return answer, versions


def _kind(told: Told, contract: Contract, creates: bool) -> tuple[AnswerClass, str | None, str | None]:
    document = _document(told.body)
    if told.status < 200:
        return "in-progress", None, None
    if told.status < 300:
        found = None if document is None else point(document, contract.orders.id)
        order_id = found if isinstance(found, str) and found else None
        # Some clients read nothing that is announced as something else, and nobody asked for that.
        announced = _field(told, "content-type").lower()
        if document is None or (creates and order_id is None) or (announced and "json" not in announced):
            return "unreadable", None, None
        return "success", None, order_id
    if told.status < 400:
        return "redirect", None, None
    if told.status == contract.rate_limit.status:
        return "rate-limited", None, None
    type_ = None if document is None else point(document, contract.errors.type_field)
    if not isinstance(type_, str) or not type_:
        return "unreadable", None, None
    entry = contract.error_types.get(type_)
    if entry is not None and told.status in entry.statuses:
        return entry.error_class, type_, None
    return "transient" if told.status >= 500 else "final", type_, None


def in_words(answer: Answer) -> str:
    """An answer in a few words that hold nothing of its body but the error's type."""
    what = answer.error_type if answer.error_type and len(answer.error_type) <= 60 else ""
    if answer.kind == "unreadable":
        what = "with a body that the contract does not describe"
    return f"{answer.status} {what}".strip()


def situation(expected: Answer) -> str:
    """What the contract says of a request."""
    said = expected.error_type or ("success" if expected.kind == "success" else expected.kind)
    return f"replay of {expected.status} {said}" if expected.replayed else f"{expected.status} {said}"


def are_comparable(answer: Answer, expected: Answer) -> bool:
    """Are both about the same thing? What an endpoint says when it is out of order tells nothing about the contract."""
    if answer.kind in ("transient", "redirect", "unreadable"):
        return answer.kind == expected.kind
    return True


def shape_of(told: Told, answer: Answer, version: str, text: str) -> Answered:
    """The shape of the endpoint's answer. `text`: its body, without any key; `version`: the header that names it."""
    document = _document(text.encode("utf-8", "surrogatepass"))
    return Answered(
        told.status,
        tuple(name for name in told.names if name not in ("content-type", version)),
        _field(told, "content-type").partition(";")[0].strip().lower(),
        _field(told, version) or None,
        document,
        readable=document is not None,
        error_type=answer.error_type,
        id=answer.order_id,
    )


def shape_of_ours(expected: Answer, contract: Contract) -> Answered:
    """The shape of what the simulation would have answered."""
    return Answered(
        expected.status,
        tuple(name.lower() for name, _ in expected.headers),
        _JSON,
        contract.versions.current,
        _document(expected.body),
        error_type=expected.error_type,
        id=expected.order_id,
    )


def form_of(told: Told, answer: Answer) -> str:
    """How an endpoint says that it is still at work on the original; "" if it does not say so."""
    if told.interim and told.status >= 200:
        return f"{told.interim[-1]}, then the final answer"
    if answer.kind != "in-progress":
        return ""
    if told.status < 200:
        return f"{told.status} alone" if answer.bare else f"{told.status} with a body"
    return f"{told.status} {answer.error_type}"


def form(operation: str | None, told: Told, answer: Answer, contract: Contract) -> Difference | None:
    """What the contract lists several readings of, and which of them the endpoint follows."""
    seen = form_of(told, answer)
    if not seen:
        return None
    listed = ", ".join(each.form for each in contract.idempotency.in_progress)
    return Difference(operation or "", "original in progress", "form", f"each of {listed}", seen)


def echo(operation: str | None) -> Difference:
    """That an endpoint shows the key to whoever it answers."""
    return Difference(
        operation or "no operation",
        "any",
        "key",
        "never in an answer",
        "the account's own key, which golive took out",
    )


def _document(body: bytes) -> JsonValue:
    try:
        return read_document(body)
    except Unreadable:
        return None


def _field(told: Told, name: str) -> str:
    return next((value for key, value in told.headers if key.lower() == name), "")


def _asked_wait(told: Told) -> float | None:
    text = _field(told, "retry-after").strip()
    try:
        if text.replace(".", "", 1).isdigit():
            return min(float(text), _LONGEST_WAIT)
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT)

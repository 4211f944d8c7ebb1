"""The words between the API and the wire: what is answered, and what became of a request.

What lives here: three frozen records.
What must never be known here: how an answer is found, and how it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.evidence import AnswerClass
from conformance.faults import Fault

Credential = Literal["good", "wrong", "missing"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API has to say; `body` is JSON. A status below 200 with `bare` is sent without its body.
    `retry_after`, in seconds, is in the headers already; `content_type` is not.
    """

    status: int
    body: bytes
    kind: AnswerClass
    error_type: str | None = None
    order_id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    retry_after: float | None = None
    replayed: bool = False
    bare: bool = False
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of itself: the operation, who asks, and, for an order, whose it is."""

    operation: str | None
    credential: Credential
    idempotency_key: str | None
    api_version: str | None
    reference: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request.

    `answer` is None when the API never saw the request. `fault` is the one used up; `treatment` is what the
    wire still has to do about it. `interim`: a 102 that goes out before the answer. `versions`: the headers by which a
    real endpoint named its version in this answer; the simulation's own if None.
    """

    caller: Caller
    answer: Answer | None = None
    fault: Fault | None = None
    treatment: Fault | None = None
    interim: Answer | None = None
    booked: str | None = None
    versions: tuple[tuple[str, str], ...] | None = None

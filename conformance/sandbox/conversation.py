"""One exchange while it is at hand: what was asked, what is being said, how far that has got.

What lives here: that state, and what of it the record is given.
What must never be known here: sockets, and when anything is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.evidence import Exchange
from conformance.faults import Fault
from conformance.sandbox.answers import Caller
from conformance.sandbox.recording import Recorder
from conformance.sandbox.wire import NO_SCRIPT, NOTHING_SENT, Script, Sent


@dataclass(slots=True)
class Conversation:
    """`waited`: the delay of the next step is over."""

    exchange: Exchange
    caller: Caller
    fault: Fault | None = None
    booked: str | None = None
    script: Script = NO_SCRIPT
    step: int = 0
    waited: bool = False
    sent: Sent = NOTHING_SENT
    answered_at: float | None = None
    client_gone_at: float | None = None


def recorded(recorder: Recorder, at_hand: Conversation) -> Exchange:
    """The exchange with what has become of it so far."""
    caller, sent = at_hand.caller, at_hand.sent
    return replace(
        at_hand.exchange,
        operation=caller.operation,
        reference=caller.reference,
        attempt=caller.attempt,
        idempotency_key=recorder.value(caller.idempotency_key),
        api_version=recorder.value(caller.api_version),
        credential=caller.credential,
        fault=at_hand.fault,
        booked=at_hand.booked,
        answer=sent.answer,
        status=sent.status,
        interim_status=sent.interim_status,
        response_headers=recorder.response_headers(sent.headers),
        response_body=recorder.response_body(sent.body),
        error_type=sent.error_type,
        order_id=sent.order_id,
        retry_after=sent.retry_after,
        replayed=sent.replayed,
        delivered=sent.delivery,
        answered_at=at_hand.answered_at,
        client_gone_at=at_hand.client_gone_at,
    )

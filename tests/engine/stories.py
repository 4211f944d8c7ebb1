"""Evidence made by hand: a few words for a trial that went a certain way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conformance.contracts import load_contract
from conformance.evidence import (
    Call,
    ClockReading,
    Evidence,
    Exchange,
    LedgerEntry,
    Outcome,
    PlannedOrder,
    Trial,
)
from conformance.judge.case import Case

CONTRACT = load_contract("runa")
VERSION = CONTRACT.versions.current
BODY = '{"items": [{"face_value": 12.34}]}'


def order(reference: str = "order-1", face_value: str = "12.34") -> PlannedOrder:
    return PlannedOrder(reference, {"items": [{"face_value": float(face_value)}]}, face_value)


def exchange(number: int, **told: object) -> Exchange:
    """A create-order request that was answered with success, unless `told` says otherwise."""
    plain = Exchange(
        number=number,
        connection=1,
        operation=CONTRACT.create_operation,
        method="POST",
        target="/v2/order",
        headers=(),
        body=BODY,
        received_at=float(number),
        reference="order-1",
        attempt=number,
        idempotency_key="key-a",
        api_version=VERSION,
        credential="good",
        answer="success",
        status=200,
        delivered="complete",
        answered_at=float(number),
    )
    return replace(plain, **told)  # type: ignore[arg-type]  # names are checked by `replace` itself


def call(outcome: Outcome | None, number: int = 1, start: float = 0.0, end: float = 100.0) -> Call:
    return Call("order-1", number, start, end, outcome, "answered" if outcome else "crashed")


def entry(order_id: str, exchange_number: int = 1) -> LedgerEntry:
    return LedgerEntry(order_id, "order-1", "12.34", "key-a", 1.0, exchange_number, "COMPLETED")


def case(
    exchanges: Sequence[Exchange],
    calls: Sequence[Call],
    ledger: Sequence[LedgerEntry] = (),
    *,
    resumes: bool = True,
    held: bool = True,
) -> Case:
    evidence = Evidence(
        Trial((order(),)),
        tuple(exchanges),
        tuple(ledger),
        tuple(calls),
        clock=ClockReading("virtual", 10.0, held),
    )
    return Case(evidence, CONTRACT, VERSION, resumes)

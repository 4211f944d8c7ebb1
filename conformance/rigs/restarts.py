"""A trial with restarts between its orders: cut into one part an order, and the evidence joined again.

Each part meets a sandbox of its own. That is enough for what is judged by such trials: what the client's new
process does with what the old one left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from conformance.evidence import Call, Evidence, Exchange, LedgerEntry, Output, Trial


def parts(trial: Trial) -> list[Trial]:
    return [replace(trial, orders=(order,), restart=False) for order in trial.orders]


def joined(trial: Trial, evidences: Sequence[Evidence]) -> Evidence:
    """One evidence for the whole trial: numbers and times go on from part to part."""
    exchanges: list[Exchange] = []
    ledger: list[LedgerEntry] = []
    calls: list[Call] = []
    outputs: list[Output] = []
    elapsed = 0.0
    for evidence in evidences:
        number = len(exchanges)
        connection = max((exchange.connection for exchange in exchanges), default=0)
        exchanges.extend(_later(exchange, number, connection, elapsed) for exchange in evidence.exchanges)
        ledger.extend(
            replace(entry, exchange=entry.exchange + number, booked_at=entry.booked_at + elapsed)
            for entry in evidence.ledger
        )
        calls.extend(
            replace(call, started_at=call.started_at + elapsed, ended_at=_plus(call.ended_at, elapsed))
            for call in evidence.calls
        )
        outputs.extend(evidence.outputs)
        elapsed += evidence.clock.simulated
    return Evidence(
        trial,
        tuple(exchanges),
        tuple(ledger),
        tuple(calls),
        tuple(outputs),
        tuple(dict.fromkeys(escape for evidence in evidences for escape in evidence.escapes)),
        _first(evidence.stopped for evidence in evidences),
        replace(
            evidences[0].clock, simulated=elapsed, held=all(evidence.clock.held for evidence in evidences)
        ),
    )


def _later(exchange: Exchange, number: int, connection: int, elapsed: float) -> Exchange:
    return replace(
        exchange,
        number=exchange.number + number,
        connection=exchange.connection + connection,
        received_at=exchange.received_at + elapsed,
        answered_at=_plus(exchange.answered_at, elapsed),
        client_gone_at=_plus(exchange.client_gone_at, elapsed),
    )


def _plus(time: float | None, elapsed: float) -> float | None:
    return None if time is None else time + elapsed


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((reason for reason in reasons if reason), None)

"""Which trial the real clock has to be asked for, where the accelerated one leaves a doubt about a wait. Pure.

A client cannot know what it will meet next, so nothing after the wait in doubt needs to be run again: often what is
left is a trial that others are in doubt about as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from conformance.check import Doubtful, Remark
from conformance.evidence import Evidence, PlannedOrder, Trial
from conformance.faults import Fault, InProgress, Schedule

SETTLING = 10.0
"""client seconds that a trial goes on after its last wait, more or less"""


@dataclass(frozen=True, slots=True)
class Decisive:
    """`seconds`: what the trial takes on the real clock, more or less."""

    trial: Trial
    seconds: float


def decisive(planned: Trial, evidence: Evidence, remarks: Iterable[Remark]) -> Decisive | None:
    """What has to be run on the real clock, after what was remarked on the evidence; None if nothing is in doubt."""
    doubts = {remark.exchange for remark in remarks if isinstance(remark, Doubtful)}
    if not doubts:
        return None
    last: dict[str, int] = {}
    seconds = 0.0
    for exchange in evidence.exchanges:
        if exchange.number in doubts and exchange.reference is not None and exchange.attempt is not None:
            last[exchange.reference] = exchange.attempt
        earlier = last.get(exchange.reference or "")
        if earlier is not None and exchange.attempt in (earlier, earlier + 1):
            seconds = max(seconds, exchange.received_at)
    # By position: the orders were given other references when the trial was run.
    orders = tuple(
        _until(order, last.get(named.reference))
        for order, named in zip(planned.orders, evidence.trial.orders, strict=True)
    )
    return Decisive(replace(planned, orders=orders), seconds + SETTLING)


def _until(order: PlannedOrder, attempt: int | None) -> PlannedOrder:
    if attempt is None:
        return order
    schedule = order.schedule
    if order.endless:
        schedule += schedule[-1:] * attempt
    return replace(order, schedule=_first(schedule, attempt), endless=False)


def _first(schedule: Schedule, attempts: int) -> Schedule:
    """The faults that so many attempts meet."""
    kept: list[Fault] = []
    left = attempts
    for fault in schedule:
        if left <= 0:
            break
        times = fault.times if isinstance(fault, InProgress) else 1
        kept.append(
            fault.model_copy(update={"times": left})
            if isinstance(fault, InProgress) and times > left
            else fault
        )
        left -= times
    return tuple(kept)

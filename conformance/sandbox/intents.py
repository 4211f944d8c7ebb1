"""Whose request it is: the business intents of a trial, and what is still to go wrong for each.

What lives here: which attempt belongs to which intent, by face value and idempotency key.
What must never be known here: HTTP, what was booked, and when.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import JsonValue

from conformance.evidence import Place, PlannedOrder
from conformance.faults import Fault, InProgress, Redirect, Schedule
from conformance.sandbox.documents import amount


@dataclass(slots=True)
class Intent:
    """One business intent as the sandbox sees it: its attempts so far, and what the next ones will meet. `endless`:
    the last fault of the schedule is never used up.
    """

    reference: str | None
    schedule: deque[Fault]
    attempts: int = 0
    keys: set[str] = field(default_factory=set)
    endless: bool = False

    def next_fault(self) -> Fault | None:
        if self.endless and len(self.schedule) == 1:
            return self.schedule[0]
        return self.schedule.popleft() if self.schedule else None


def _unrolled(schedule: Schedule) -> deque[Fault]:
    """The schedule with one entry for each attempt."""
    return deque(
        fault for fault in schedule for _ in range(fault.times if isinstance(fault, InProgress) else 1)
    )


class Intents:
    """Finds whose request it is, by face value, and by idempotency key where several have the same one. `strays`
    counts the requests for an order of the `past`.
    """

    def __init__(
        self, orders: tuple[PlannedOrder, ...], schedule: Schedule, past: Iterable[str] = ()
    ) -> None:
        self.strays = 0
        self._past = frozenset(amount(face_value) for face_value in past)
        self._planned: dict[Decimal | None, list[Intent]] = {}
        self._face_values = {order.reference: order.face_value for order in orders}
        self._only: Intent | None = None
        for order in orders:
            intent = Intent(order.reference, _unrolled(order.schedule), endless=order.endless)
            self._planned.setdefault(amount(order.face_value), []).append(intent)
            self._only = intent if len(orders) == 1 else None
        self._schedule = schedule
        self._others: dict[Decimal | None, Intent] = {}

    def face_value_of(self, reference: str | None) -> str | None:
        """The face value of a planned order, letter by letter as it was planned."""
        return None if reference is None else self._face_values[reference]

    def of(self, value: JsonValue, key: str | None) -> Intent | None:
        """The intent of a create-order request with that face value and idempotency key; one that nobody
        planned has no reference.
        """
        face_value = amount(value)
        candidates = self._planned.get(face_value)
        if candidates:
            intent = _choose(candidates, key)
        elif face_value in self._past:
            self.strays += 1
            return None
        elif self._only:
            intent = self._only
        elif self._schedule:
            # By face value alone: a client that changes its key has not got rid of its faults.
            if face_value not in self._others:
                self._others[face_value] = Intent(None, _unrolled(self._schedule))
            intent = self._others[face_value]
        else:
            return None
        if key:
            intent.keys.add(key)
        return intent


def _choose(candidates: list[Intent], key: str | None) -> Intent:
    if len(candidates) > 1 and key:
        for intent in candidates:
            if key in intent.keys:
                return intent
        for intent in candidates:
            if not intent.keys:
                return intent
    return candidates[0]


def ends_of_redirects(*schedules: Schedule) -> frozenset[Place]:
    return frozenset(fault.to for schedule in schedules for fault in schedule if isinstance(fault, Redirect))

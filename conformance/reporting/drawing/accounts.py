"""What the stored evidence of a counterexample adds to its steps: whose request it was, what was booked, and what the
client believes of each order in the end. Pure.

What must never be known here: how any of it is drawn, and which check failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from conformance.evidence import Evidence, Place, evidences
from conformance.judge.case import Story, stories
from conformance.reporting.phrases import said
from conformance.reporting.quantities import counted, shortened
from conformance.reporting.readiness import FindingEntry, Step

Agreement = Literal["agree", "differ", "open"]

_PLACES: Mapping[Place, str] = {
    "other-host": "another host",
    "other-port": "another port",
    "plain-http": "in the clear",
}


@dataclass(frozen=True, slots=True)
class Booking:
    """An order that a request put into the ledger. `count`: the how manieth of its reference it was."""

    order_id: str
    order: str
    count: int


@dataclass(frozen=True, slots=True)
class Ending:
    """What the client says of an order in the end, and what the ledger holds. `open`: the client does not know."""

    order: str
    believes: str
    holds: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Account:
    """`bookings`, `changed` and `elsewhere` go by the numbers of the exchanges. `changed`: under another key than the
    attempt before it; `elsewhere`: where it arrived, as a redirect had it. `several`: there is more than one order, so
    that each is named.
    """

    bookings: Mapping[int, Booking] = field(default_factory=dict)
    changed: frozenset[int] = frozenset()
    elsewhere: Mapping[int, str] = field(default_factory=dict)
    endings: tuple[Ending, ...] = ()
    several: bool = False
    of_endpoint: bool = False


def account(finding: FindingEntry) -> Account:
    """Empty where the evidence is none of a trial, or not as this release writes it."""
    stored = finding.counterexample.evidence
    if "turns" in stored:
        return Account(of_endpoint=True)
    if not stored:
        return Account()
    try:
        evidence = evidences.validate_python(stored)
    except ValidationError:
        return Account()
    told = stories(evidence)
    return Account(
        _bookings(evidence, finding.steps),
        frozenset(
            retry.later.number
            for story in told
            for retry in story.retries
            if retry.later.idempotency_key != retry.earlier.idempotency_key
        ),
        {each.number: _PLACES[each.at] for each in evidence.exchanges if each.at in _PLACES},
        tuple(_ending(story, _named(evidence, story)) for story in told if story.calls),
        len(told) > 1,
    )


def _named(evidence: Evidence, story: Story) -> str:
    values = [order.face_value for order in evidence.trial.orders]
    distinct = len(set(values)) == len(values)
    return f"order {story.order.face_value if distinct else story.reference}"


def _bookings(evidence: Evidence, steps: Sequence[Step]) -> dict[int, Booking]:
    """Counted in the order in which they are told: of those of one moment nobody knows which was first."""
    names = {story.reference: _named(evidence, story) for story in stories(evidence)}
    entries = {entry.exchange: entry for entry in evidence.ledger}
    count: dict[str | None, int] = {}
    booked: dict[int, Booking] = {}
    for number in (step.exchange for step in steps if step.booked):
        entry = entries.get(number) if number is not None else None
        if entry is None:
            continue
        count[entry.reference] = count.get(entry.reference, 0) + 1
        name = names.get(entry.reference or "", "nobody's order")
        booked[entry.exchange] = Booking(shortened(entry.order_id), name, count[entry.reference])
    return booked


def _ending(story: Story, name: str) -> Ending:
    held = [entry.order_id for entry in story.ledger]
    call = story.last_call
    believes = "nothing: it was not asked" if call is None else said(call)
    shown = " ".join(shortened(order_id) for order_id in held[:3])
    more = f" and {len(held) - 3} more" if len(held) > 3 else ""
    holds = f"{counted(len(held), 'order')}: {shown}{more}" if held else "no order"
    told = story.outcome.status if story.outcome else None
    if len(held) == 1 and told and told.casefold() != story.ledger[0].status.casefold():
        holds += f", {story.ledger[0].status} in the end"
    return Ending(name, believes, holds, _agreement(story, held))


def _agreement(story: Story, held: list[str]) -> Agreement:
    outcome = story.outcome
    if len(held) > 1:
        return "differ"
    if outcome is None or outcome.kind == "unknown":
        return "open"
    believed = [outcome.order_id] if outcome.kind == "created" else []
    return "agree" if believed == held else "differ"

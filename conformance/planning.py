"""Trials, planned: orders from a seed, explicit schedules for the floor, strategies for the rest.

What lives here: how a `Trial` comes about.
What must never be known here: how it is run, and what any check makes of it.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import JsonValue

from conformance import bounds
from conformance.evidence import Certificate, PlannedOrder, Trial
from conformance.faults import Drip, Fault, Kill, Processing, Revoke, Schedule, to_mappings

if TYPE_CHECKING:
    from conformance.contract import Contract

RECIPIENT = "w4h8k2vq9tz6"
"""what every recipient of an order of ours has in the address, so that it is known wherever it turns up"""
_MANY = 4
"""orders, half of a trial's, that are left out together"""


def seed_of(*parts: object) -> int:
    """A 64-bit seed that depends on every part, the same in every process and on every machine."""
    text = json.dumps([str(part) for part in parts])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def fill(template: JsonValue, values: dict[str, JsonValue]) -> JsonValue:
    """The template with each string `$name` replaced by `values[name]`."""
    if isinstance(template, str) and template.startswith("$"):
        return values[template[1:]]
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def products(contract: Contract) -> list[tuple[str, str]]:
    """Product code and currency of everything that the sandbox sells."""
    for operation in contract.operations.values():
        if operation.kind == "static" and operation.collection and isinstance(operation.answer, dict):
            entries = operation.answer.get(operation.collection)
            if isinstance(entries, list):
                return [
                    (str(entry["code"]), str(entry["currency"]))
                    for entry in entries
                    if isinstance(entry, dict) and "code" in entry and "currency" in entry
                ]
    return [("", contract.currencies[0])]


def orders(
    contract: Contract, rng: random.Random, schedules: Sequence[Schedule], *, recipients: bool = False
) -> tuple[PlannedOrder, ...]:
    """One valid order for each schedule. Face values differ, so that each order is known by its own. `recipients`: each
    goes to somebody, where the contract says how that is ordered.
    """
    one_item = (recipients and contract.orders.recipient_item) or contract.orders.example_item
    cents = rng.sample(range(500, 10_000), len(schedules))
    step = Decimal(contract.orders.face_value_step)
    planned: list[PlannedOrder] = []
    for amount, schedule in zip(cents, schedules, strict=True):
        face_value = amount * step
        product, currency = rng.choice(products(contract))
        recipient = f"customer-{len(planned) + 1}.{RECIPIENT}@example.com"
        values: dict[str, JsonValue] = {"face_value": float(face_value), "product": product}
        item = fill(one_item, {**values, "recipient": recipient})
        body = fill(contract.orders.example, {"currency": currency, "items": [item]})
        assert isinstance(body, dict)
        reference = f"order-{rng.getrandbits(40):010x}"
        planned.append(PlannedOrder(reference, body, str(face_value), schedule))
    return tuple(planned)


def trial(
    contract: Contract,
    *schedules: Schedule,
    concurrent: bool = False,
    verbose: bool = False,
    restart: bool = False,
    equal_content: bool = False,
    endless: bool = False,
    corrected: bool = False,
    twice: bool = False,
    once: bool = False,
    later: float | None = None,
    limit: int | None = None,
    certificate: Certificate | None = None,
    swapped: Certificate | None = None,
    watched: bool = False,
    recipients: bool = False,
    items: Sequence[int] = (),
) -> Trial:
    """A trial of one order for each schedule. Equal arguments give equal trials, so that checks that ask for
    the same one can share its evidence. `restart`: the client is ended and started again between orders;
    `equal_content`: all orders are alike but for their reference; `endless`: of each order the last fault goes on
    for ever; `corrected`: each order but the first is the corrected form of the first, and handed over under its
    reference; `recipients`: each goes to somebody, by e-mail; `items`: how many of them each order has, one where
    nothing is said. The others are those of `Trial`.
    """
    seed = seed_of(
        json.dumps([to_mappings(schedule) for schedule in schedules]), concurrent, verbose, restart
    )
    planned = orders(contract, random.Random(seed), schedules, recipients=recipients)
    if items:
        counts = (*items, *(1 for _ in planned))
        planned = tuple(
            replace(order, body=_with_items(contract, order.body, count))
            for order, count in zip(planned, counts, strict=False)
        )
    if endless:
        planned = tuple(replace(order, endless=bool(order.schedule)) for order in planned)
    if corrected:
        first, *others = planned
        planned = (first, *(replace(order, corrects=first.reference) for order in others))
    if equal_content:
        planned = tuple(
            replace(order, body=planned[0].body, face_value=planned[0].face_value) for order in planned
        )
    return Trial(
        planned,
        concurrent=concurrent,
        verbose=verbose,
        restart=restart,
        twice=twice,
        once=once,
        later=later,
        limit=limit,
        certificate=certificate,
        swapped=swapped,
        watched=watched,
        seed=seed,
    )


def _with_items(contract: Contract, body: dict[str, JsonValue], count: int) -> dict[str, JsonValue]:
    """The order with its one item so many times."""
    name = contract.orders.items.removeprefix("/")
    items = body[name]
    assert isinstance(items, list)
    return {**body, name: items * count}


def kills(planned: Trial) -> bool:
    """Is the client killed somewhere in it?"""
    return any(isinstance(fault, Kill) for order in planned.orders for fault in order.schedule)


def revokes(planned: Trial) -> bool:
    """Is the key revoked somewhere in it? A client may then have stopped for as long as its process lives."""
    return any(isinstance(fault, Revoke) for order in planned.orders for fault in order.schedule)


def is_endless(planned: Trial) -> bool:
    """Is there an order whose faults never end, an answer that never does, or an order that is never finished?"""
    return any(order.endless or any(map(_never_ends, order.schedule)) for order in planned.orders)


def _never_ends(fault: Fault) -> bool:
    return isinstance(fault, Drip) or (isinstance(fault, Processing) and fault.seconds > bounds.CALL)


def singles(contract: Contract, *faults: Fault, verbose: bool = False) -> tuple[Trial, ...]:
    """One trial for each fault: one order, whose first attempt meets it."""
    return tuple(trial(contract, (fault,), verbose=verbose) for fault in faults)


def sequences(contract: Contract, *schedules: Iterable[Fault]) -> tuple[Trial, ...]:
    """One trial for each schedule: one order, whose attempts meet its faults in turn."""
    return tuple(trial(contract, tuple(schedule)) for schedule in schedules)


def smaller(whole: Trial) -> Iterable[Trial]:
    """Trials with one thing less to go wrong than this one, the smallest first; of many orders the one half or the
    other.
    """
    half = len(whole.orders) // 2
    if half >= _MANY and not any(order.corrects for order in whole.orders):
        yield replace(whole, orders=whole.orders[:half])
        yield replace(whole, orders=whole.orders[half:])
        return
    if len(whole.orders) > 1:
        for order in whole.orders:
            left = tuple(other for other in whole.orders if other is not order)
            if all(other.corrects != order.reference for other in left):
                yield replace(whole, orders=left)
    for index, order in enumerate(whole.orders):
        for position in range(len(order.schedule)):
            schedule = order.schedule[:position] + order.schedule[position + 1 :]
            lighter = replace(order, schedule=schedule)
            yield replace(whole, orders=(*whole.orders[:index], lighter, *whole.orders[index + 1 :]))


def with_references(planned: Trial, mark: str) -> Trial:
    """The same trial under references of their own: a client may remember one for as long as its process lives."""
    return replace(
        planned,
        orders=tuple(
            replace(
                order,
                reference=f"{order.reference}-{mark}",
                corrects=order.corrects and f"{order.corrects}-{mark}",
            )
            for order in planned.orders
        ),
    )

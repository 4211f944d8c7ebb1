"""The life of an order, and how it is shown at each of its ages.

What lives here: booking, and the values from which the contract's templates are filled in.
What must never be known here: faults of the line, idempotency, and who asked.
"""

from __future__ import annotations

import time
from decimal import Decimal
from functools import lru_cache

from pydantic import JsonValue

from conformance.faults import Processing
from conformance.sandbox.answers import Answer, Caller
from conformance.sandbox.documents import amount, money, write_document
from conformance.sandbox.templates import point
from conformance.sandbox.world import Item, Order, World


def book(
    world: World,
    body: bytes,
    request: JsonValue,
    mode: str,
    caller: Caller,
    exchange: int,
    course: Processing | None = None,
) -> tuple[Order, Answer]:
    """Puts a valid order into the ledger; the answer is the original one, to be replayed ever after. `request`
    is what the body says; `course`: how an asynchronous order goes on, if not as the contract says.
    """
    orders = world.contract.orders
    now, wall = world.elapsed(), world.pace.today()
    synchronous = mode == orders.modes["sync"]
    processing, fails = orders.processing, False
    if course is not None:
        processing, fails = course.seconds, course.ends == "failed"
    if synchronous:
        processing, fails = 0.0, False
    values = face_values(world, request)
    order = Order(
        number=len(world.orders) + 1,
        order_id=world.new_id(orders.id_template),
        reference=caller.reference,
        face_value=world.intents.face_value_of(caller.reference) or f"{values[0]:f}",
        idempotency_key=caller.idempotency_key,
        booked_at=now,
        ready_at=now + processing,
        exchange=exchange,
        body=body,
        created_at=_timestamp(wall),
        completed_at=_timestamp(wall + processing),
        total=money(sum(values, Decimal(0))),
        items=tuple(
            Item(
                item_id=world.new_id(orders.item_id_template),
                link=payout_link(world.canary.payout if world.canary else "", world.token()),
                face_value=money(value),
            )
            for value in values
        ),
        fails=fails,
    )
    world.book(order)
    if synchronous:
        status, shown = orders.sync_status, completed(world, order, request)
    else:
        status, shown = orders.async_status, world.blueprint.accepted(scope_of(world, order, request))
    return order, Answer(status, write_document(shown), "success", order_id=order.order_id)


def payout_link(common: str, own: str) -> str:
    """A link that is worth money. By what those of one client have in `common` they are known wherever they turn up."""
    return f"https://payout.example/{common}{own}"


def items_of(world: World, request: JsonValue) -> list[JsonValue]:
    items = point(request, world.contract.orders.items)
    return items if isinstance(items, list) else []


def face_values(world: World, request: JsonValue) -> list[Decimal]:
    """The face value of each item; nothing counts as 0."""
    pointer = world.blueprint.item_face_value
    return [amount(point(item, pointer)) or Decimal(0) for item in items_of(world, request)]


def scope_of(world: World, order: Order, request: JsonValue) -> dict[str, JsonValue]:
    """The values for the templates of an order, all but its items."""
    return {
        "request": request,
        "order_id": order.order_id,
        "status": world.state(order),
        "created_at": order.created_at,
        "completed_at": order.completed_at if world.is_completed(order) else None,
        "currency": point(request, world.contract.orders.currency),
        "total_price": order.total,
    }


def completed(world: World, order: Order, request: JsonValue) -> JsonValue:
    """A finished order in full."""
    scope = scope_of(world, order, request)
    items: list[JsonValue] = []
    for item, sent in zip(order.items, items_of(world, request), strict=True):
        scope["item"] = sent
        scope["item_id"] = item.item_id
        scope["item_face_value"] = item.face_value
        scope["payout_url"] = item.link
        items.append(world.blueprint.completed_item(scope))
    scope["items"] = items
    return world.blueprint.completed(scope)


def _timestamp(wall: float) -> str:
    return _second(int(wall))


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))

"""The life of an order, and how it is shown at each of its ages.

What lives here: booking, and the values from which the contract's templates are filled in.
What must never be known here: faults, idempotency, and who asked.
"""

from __future__ import annotations

import time
from decimal import Decimal

from pydantic import JsonValue

from conformance.sandbox.answers import Answer, Caller
from conformance.sandbox.documents import amount, money
from conformance.sandbox.templates import point
from conformance.sandbox.world import Order, World


def book(world: World, request: JsonValue, mode: str, caller: Caller, exchange: int) -> tuple[Order, Answer]:
    """Puts a valid order into the ledger; the answer is the original one, to be replayed ever after."""
    orders = world.contract.orders
    now, wall = world.elapsed(), time.time()
    synchronous = mode == orders.modes["sync"]
    processing = 0.0 if synchronous else orders.processing
    face_value = amount(point(request, orders.face_value))
    order = Order(
        number=len(world.orders) + 1,
        order_id=world.new_id(orders.id_template),
        reference=caller.reference,
        face_value=world.intents.face_value_of(caller.reference) or (f"{face_value:f}" if face_value else ""),
        idempotency_key=caller.idempotency_key,
        booked_at=now,
        ready_at=now + processing,
        exchange=exchange,
        request=request,
        created_at=_timestamp(wall),
        completed_at=_timestamp(wall + processing),
        items=tuple(
            (world.new_id(orders.item_id_template), f"https://payout.example/{world.token()}")
            for _ in items_of(world, request)
        ),
    )
    world.book(order)
    if synchronous:
        answer = Answer(orders.sync_status, completed(world, order), "success", order_id=order.order_id)
    else:
        body = world.blueprint.accepted(scope_of(world, order))
        answer = Answer(orders.async_status, body, "success", order_id=order.order_id)
    return order, answer


def items_of(world: World, request: JsonValue) -> list[JsonValue]:
    items = point(request, world.contract.orders.items)
    return items if isinstance(items, list) else []


def total_of(world: World, request: JsonValue) -> Decimal:
    """The sum of the face values."""
    pointer = _within_item(world)
    values = (amount(point(item, pointer)) for item in items_of(world, request))
    return sum((value for value in values if value is not None), Decimal(0))


def _within_item(world: World) -> str:
    """Where an item has its face value: `/items/0/face_value` less `/items/0`."""
    orders = world.contract.orders
    return "/" + orders.face_value.removeprefix(orders.items).lstrip("/").partition("/")[2]


def scope_of(world: World, order: Order) -> dict[str, JsonValue]:
    """The values for the templates of an order, all but its items."""
    status = world.state(order)
    finished = status == world.contract.orders.states["completed"]
    return {
        "request": order.request,
        "order_id": order.order_id,
        "status": status,
        "created_at": order.created_at,
        "completed_at": order.completed_at if finished else None,
        "currency": point(order.request, world.contract.orders.currency),
        "total_price": money(total_of(world, order.request)),
    }


def completed(world: World, order: Order) -> JsonValue:
    """A finished order in full."""
    scope = scope_of(world, order)
    pointer = _within_item(world)
    items: list[JsonValue] = []
    for (item_id, link), item in zip(order.items, items_of(world, order.request), strict=True):
        value = amount(point(item, pointer))
        scope |= {
            "item": item,
            "item_id": item_id,
            "item_face_value": None if value is None else money(value),
            "payout_url": link,
        }
        items.append(world.blueprint.completed_item(scope))
    return world.blueprint.completed(scope | {"items": items})


def _timestamp(wall: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall))

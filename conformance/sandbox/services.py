"""The operations that change nothing: fixed answers, one order, many orders, money.

What lives here: one function for each kind of operation of the contract but `create`.
What must never be known here: faults and idempotency.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from pydantic import JsonValue

from conformance.sandbox.answers import Answer
from conformance.sandbox.blueprint import Route
from conformance.sandbox.documents import Unreadable, money, read_document, write_document
from conformance.sandbox.orders import completed, face_values, scope_of
from conformance.sandbox.reading import Request
from conformance.sandbox.templates import point
from conformance.sandbox.world import Order, World

Query = Mapping[str, JsonValue]

_BALANCE: Final = Decimal(1_000_000)


def serve(world: World, request: Request, route: Route) -> Answer:
    """The answer of an operation that is not `create`."""
    query: dict[str, JsonValue] = dict(request.query)
    if schema := world.blueprint.queries.get(route.name):
        query = _typed_query(request.query, route.operation.query or {})
        if schema.complaints(query, "query"):
            return world.blueprint.situation("invalid-query")
    return _SERVICES[route.operation.kind](world, request, route, query)


def _success(body: JsonValue, order_id: str | None = None) -> Answer:
    return Answer(200, write_document(body), "success", order_id=order_id)


def _typed_query(pairs: tuple[tuple[str, str], ...], schema: Query) -> dict[str, JsonValue]:
    """The query string as its schema sees it: each text becomes what is asked for, if it can."""
    properties = schema.get("properties")
    declared = properties if isinstance(properties, dict) else {}
    given: dict[str, list[JsonValue]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(_typed(text, _kind(declared.get(name))))
    return {
        name: values if _kind(declared.get(name)) == "array" or len(values) > 1 else values[0]
        for name, values in given.items()
    }


def _kind(schema: JsonValue) -> JsonValue:
    return schema.get("type") if isinstance(schema, dict) else None


def _typed(text: str, kind: JsonValue) -> JsonValue:
    if kind == "integer" and re.fullmatch("-?[0-9]{1,18}", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _static(world: World, request: Request, route: Route, query: Query) -> Answer:
    return _success(world.blueprint.answers[route.name]({}))


def _lookup(world: World, request: Request, route: Route, query: Query) -> Answer:
    entry = world.blueprint.entries(route.operation).get(route.parameter)
    return _success(entry) if entry else world.blueprint.situation("unknown-path")


def _balance(world: World, request: Request, route: Route, query: Query) -> Answer:
    contract = world.contract
    currency = query.get(world.blueprint.currency_property, contract.currencies[0])
    # The account has no money in other currencies, and no end of it in its own.
    balance = _BALANCE if currency in contract.currencies else Decimal(0)
    scope: dict[str, JsonValue] = {"balance": money(balance), "currency": currency}
    return _success(world.blueprint.answers[route.name](scope))


def _fetch(world: World, request: Request, route: Route, query: Query) -> Answer:
    order = world.orders_by_id.get(route.parameter)
    if order is None:
        return world.blueprint.situation("unknown-order")
    sent = read_document(order.body)
    if world.is_completed(order):
        return _success(completed(world, order, sent), order.order_id)
    return _success(world.blueprint.incomplete(scope_of(world, order, sent)), order.order_id)


def _list(world: World, request: Request, route: Route, query: Query) -> Answer:
    """Newest first. A cursor names an order: `after` it come older ones, `before` it newer ones."""
    pages = world.contract.pages
    limit = query.get(pages.limit, pages.default)
    after, before = query.get(pages.after), query.get(pages.before)
    newest_first = world.orders[::-1]
    numbers = [_number(world, cursor) for cursor in (after, before) if cursor is not None]
    if None in numbers or len(numbers) > 1 or not isinstance(limit, int) or not 1 <= limit <= pages.maximum:
        return world.blueprint.situation("invalid-cursor")
    number = numbers[0] if numbers else None
    start = 0 if number is None else len(newest_first) - number
    if after is not None:
        shown = newest_first[start + 1 :][:limit]
    elif before is not None:
        shown = newest_first[max(0, start - limit) : start]
    else:
        shown = newest_first[:limit]
    entries: list[JsonValue] = [_listed(world, order) for order in shown]
    more, less = (shown[-1].number > 1, shown[0].number < len(newest_first)) if shown else (False, False)
    envelope = world.blueprint.page(
        {
            "limit": limit,
            "after": _cursor(world, shown[-1]) if more else None,
            "before": _cursor(world, shown[0]) if less else None,
        }
    )
    body: dict[str, JsonValue] = {route.operation.collection or "items": entries}
    return _success(body | (envelope if isinstance(envelope, dict) else {}))


def _listed(world: World, order: Order) -> JsonValue:
    render = world.blueprint.listed if world.is_completed(order) else world.blueprint.incomplete
    return render(scope_of(world, order, read_document(order.body)))


def _cursor(world: World, order: Order) -> str:
    return world.contract.pages.cursor_template.replace("{number}", str(order.number))


def _number(world: World, cursor: JsonValue) -> int | None:
    """The number of the order that a cursor names; None when there is no such order."""
    before, _, after = world.contract.pages.cursor_template.partition("{number}")
    found = re.fullmatch(f"{re.escape(before)}([1-9][0-9]{{0,17}}){re.escape(after)}", str(cursor))
    number = int(found[1]) if found else 0
    return number if 1 <= number <= len(world.orders) else None


def _estimate(world: World, request: Request, route: Route, query: Query) -> Answer:
    body = request.document
    if isinstance(body, Unreadable):
        return world.blueprint.situation("unreadable-body")
    scope: dict[str, JsonValue] = {
        "request": body,
        "currency": point(body, world.contract.orders.currency),
        "total_price": float(sum(face_values(world, body))),
    }
    return _success(world.blueprint.answers[route.name](scope))


_SERVICES: Final[Mapping[str, Callable[[World, Request, Route, Query], Answer]]] = {
    "static": _static,
    "lookup": _lookup,
    "balance": _balance,
    "fetch": _fetch,
    "list": _list,
    "estimate": _estimate,
}

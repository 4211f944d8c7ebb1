"""Placing an order: what the API looks at, what it remembers, and what a fault makes of it.

What lives here: the checks of a create-order request in their order, the idempotency rules, and for each
fault what the API gets to see, books and stores.
What must never be known here: bytes and sockets; what is sent instead of an answer is the wire's.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from email.utils import formatdate
from typing import Final

from pydantic import JsonValue

from conformance.faults import (
    Close,
    Empty,
    Error,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    RateLimit,
    Redirect,
    Reordered,
    Reset,
    Slow,
    Truncate,
)
from conformance.sandbox.answers import Answer, Reply
from conformance.sandbox.blueprint import Route
from conformance.sandbox.documents import Unreadable
from conformance.sandbox.orders import book, items_of
from conformance.sandbox.reading import Request
from conformance.sandbox.templates import point
from conformance.sandbox.validation import Complaint
from conformance.sandbox.world import Stored, World

_LOST: Final = (Reset, Close, Hang, Garbage, Html, Empty)
"""what is sent, if anything, says nothing of the order; `when` says whether the API saw the request"""
_ALTERED: Final = (Truncate, ExtraFields, Reordered, Slow)
"""the API's own answer is sent, but not as it should be"""


class Placing:
    """One create-order request. `reply` says whose it is."""

    def __init__(self, world: World, request: Request, route: Route, reply: Reply, exchange: int) -> None:
        self._world = world
        self._request = request
        self._route = route
        self._reply = reply
        self._exchange = exchange
        self._now = world.elapsed()
        self._body: JsonValue = None
        self._booked: str | None = None

    def reply(self) -> Reply:
        """The reply, and in the world what it left behind."""
        blueprint = self._world.blueprint
        body = self._request.document
        if isinstance(body, Unreadable):
            return replace(self._reply, answer=blueprint.situation("unreadable-body"))
        self._body = body
        key = self._reply.idempotency_key
        if key is None and self._route.name in self._world.contract.idempotency.operations:
            return replace(self._reply, answer=blueprint.situation("no-idempotency-key"))
        intent = self._world.intents.of(point(body, self._world.contract.orders.face_value), key)
        fault = intent.next_fault() if intent else None
        reply = self._meet(replace(self._reply, fault=fault), fault)
        return replace(reply, booked=self._booked)

    def _meet(self, reply: Reply, fault: Fault | None) -> Reply:
        if isinstance(fault, _LOST):
            answer = self._process() if fault.when == "after" else None
            return replace(reply, answer=answer, treatment=fault)
        if isinstance(fault, _ALTERED):
            answer = self._process(busy=fault.seconds if isinstance(fault, Slow) else 0.0)
            return replace(reply, answer=answer, treatment=fault)
        if isinstance(fault, Redirect):
            return replace(reply, treatment=fault)
        if isinstance(fault, RateLimit):
            return replace(reply, answer=self._limited(fault))
        if isinstance(fault, Error):
            return replace(reply, answer=self._error(fault))
        if isinstance(fault, InProgress):
            return self._in_progress(reply, fault)
        return replace(reply, answer=self._process())

    def _process(self, busy: float = 0.0) -> Answer:
        """The API does its work; `busy`: seconds until its answer will have left."""
        if known := self._known():
            return known
        if refusal := self._refuse():
            self._store(refusal, busy)
            return refusal
        order, answer = book(self._world, self._body, self._mode, self._reply, self._exchange)
        self._booked = order.order_id
        self._store(answer, busy)
        return answer

    def _known(self) -> Answer | None:
        """What the idempotency store has to say about the key."""
        stored = self._find()
        if stored is None:
            return None
        if not stored.is_for(self._request.body, self._body):
            return self._world.blueprint.error(self._world.contract.idempotency.mismatch_type)
        if self._now < stored.busy_until:
            return self._world.blueprint.in_progress()
        return replace(stored.answer, replayed=True)

    def _find(self) -> Stored | None:
        key = self._reply.idempotency_key
        return None if key is None else self._world.store.find(key, self._now)

    def _store(self, answer: Answer, busy: float = 0.0) -> None:
        key = self._reply.idempotency_key
        if key is not None:
            entry = Stored(self._request.body, self._body, answer, self._now, self._now + busy)
            self._world.store.keep(key, entry)

    @property
    def _mode(self) -> str:
        orders = self._world.contract.orders
        return self._request.fields.get(orders.mode_header.lower()) or orders.modes[orders.default_mode]

    def _refuse(self) -> Answer | None:
        """What is wrong with the order."""
        world, blueprint, orders = self._world, self._world.blueprint, self._world.contract.orders
        if forced := blueprint.triggered(self._request.fields):
            return forced
        if self._mode not in orders.modes.values():
            return blueprint.situation("invalid-execution-mode")
        schema = blueprint.bodies.get(self._route.name)
        complaints = schema.complaints(self._body, "body") if schema else ()
        items = items_of(world, self._body)
        if not complaints and self._mode == orders.modes["sync"] and len(items) > orders.sync_max_items:
            message = f"at most {orders.sync_max_items} in this mode"
            complaints = (Complaint("maxItems", message, ("body", *orders.items.split("/")[1:])),)
        if complaints:
            return blueprint.invalid_body(complaints)
        return self._refuse_products(items)

    def _refuse_products(self, items: list[JsonValue]) -> Answer | None:
        blueprint, orders = self._world.blueprint, self._world.contract.orders
        currency = point(self._body, orders.currency)
        codes = [code for item in items for code in self._codes(item)]
        entries = [blueprint.products.get(code) for code in codes]
        if None in entries:
            return blueprint.situation("unknown-product")
        currencies = {str(entry.get(blueprint.currency_property)) for entry in entries if entry}
        if currency not in self._world.contract.currencies or currencies - {currency}:
            return blueprint.situation("currency-mismatch")
        return None

    def _codes(self, item: JsonValue) -> list[str]:
        codes: list[str] = []
        for pointer in self._world.contract.orders.product_codes:
            value = point(item, pointer)
            codes += [
                code for code in (value if isinstance(value, list) else [value]) if isinstance(code, str)
            ]
        return codes

    def _limited(self, fault: RateLimit) -> Answer:
        asked = fault.asked_wait
        if asked is None:
            return self._world.blueprint.rate_limited((), None)
        if fault.retry_after != "date":
            header = f"{asked:.0f}" if asked.is_integer() else f"{asked}"
            return self._world.blueprint.rate_limited((("Retry-After", header),), asked)
        # A date has whole seconds; the next one, so that nobody is asked for less than was meant.
        wall = time.time()
        until = math.ceil(wall + asked)
        header = formatdate(until, usegmt=True)
        return self._world.blueprint.rate_limited((("Retry-After", header),), until - wall)

    def _error(self, fault: Error) -> Answer:
        answer = self._world.blueprint.error(fault.type, fault.status)
        if fault.cached:
            if known := self._known():
                return known
            if fault.booked:
                self._process()
            self._store(answer)
        elif fault.booked:
            self._process()
        return answer

    def _in_progress(self, reply: Reply, fault: InProgress) -> Reply:
        answer = self._process()
        # Whoever asks with another body, or about an order that was refused, is told so at once.
        if answer.kind != "success":
            return replace(reply, answer=answer)
        told = self._world.blueprint.in_progress(fault.form)
        if fault.form == "102-then-final":
            return replace(reply, answer=answer, interim=told)
        return replace(reply, answer=told)

"""Placing an order: what the API looks at, what it remembers, and what a fault makes of it.

What lives here: the checks of a create-order request in their order, the idempotency rules, and for each
fault what the API gets to see, books and stores.
What must never be known here: bytes and sockets; what is sent instead of an answer is the wire's.
"""

from __future__ import annotations

import math
from dataclasses import replace
from email.utils import formatdate

from pydantic import JsonValue

from conformance.faults import (
    Close,
    Drip,
    Empty,
    Error,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    Kill,
    Malformed,
    OtherVersion,
    Processing,
    RateLimit,
    Redirect,
    Reordered,
    Reset,
    Revoke,
    Slow,
    Truncate,
)
from conformance.sandbox.answers import Answer, Caller, Reply
from conformance.sandbox.blueprint import Route
from conformance.sandbox.documents import Unreadable, read_document, write_document
from conformance.sandbox.elsewhere import lead_on
from conformance.sandbox.intents import Intent
from conformance.sandbox.orders import book, items_of
from conformance.sandbox.reading import Request
from conformance.sandbox.templates import point, without
from conformance.sandbox.validation import Complaint
from conformance.sandbox.world import Stored, World


class Placing:
    """One create-order request of a caller who has been let in; `intent` is what it belongs to, if anything."""

    def __init__(
        self,
        world: World,
        request: Request,
        route: Route,
        caller: Caller,
        intent: Intent | None,
        exchange: int,
    ) -> None:
        self._world = world
        self._request = request
        self._route = route
        self._caller = caller
        self._intent = intent
        self._exchange = exchange
        self._now = world.elapsed()
        self._body: JsonValue = None
        self._booked: str | None = None
        orders = world.contract.orders
        self._mode = request.fields.get(world.blueprint.mode_header) or orders.modes[orders.default_mode]

    def reply(self) -> Reply:
        """The reply, and in the world what it left behind."""
        if refusal := self.refusal():
            return Reply(self._caller, refusal)
        return self.meet(self._intent.next_fault() if self._intent else None)

    def refusal(self) -> Answer | None:
        """What the API says of a request that it does not even take up."""
        blueprint = self._world.blueprint
        body = self._request.document
        if isinstance(body, Unreadable):
            return blueprint.situation("unreadable-body")
        self._body = body
        needs_key = self._route.name in self._world.contract.idempotency.operations
        if self._caller.idempotency_key is None and needs_key:
            return blueprint.situation("no-idempotency-key")
        return None

    def meet(self, fault: Fault | None) -> Reply:
        """The reply to a request that was taken up, and that meets the fault."""
        answer, treatment, interim = self._meet(fault)
        return Reply(self._caller, answer, fault, treatment, interim, self._booked)

    def original(self) -> tuple[Answer, str | None]:
        """What the API answers if nothing goes wrong, and the id of the order that it booked thereby."""
        if refusal := self.refusal():
            return refusal, None
        return self._process(), self._booked

    def _meet(self, fault: Fault | None) -> tuple[Answer | None, Fault | None, Answer | None]:
        """The answer, what the wire has to do about it, and the interim answer before it."""
        match fault:
            case Reset() | Close() | Hang() | Garbage() | Html() | Empty():
                return self._process() if fault.when == "after" else None, fault, None
            case Truncate() | Drip() | OtherVersion() | ExtraFields() | Reordered():
                return self._process(), fault, None
            case Malformed():
                return self._spoiled(fault), fault, None
            case Processing():
                return self._process(course=fault), None, None
            case Slow():
                return self._process(busy=fault.seconds), fault, None
            case Kill():
                return self._before_death(fault), fault, None
            case Redirect():
                return self._redirect(fault)
            case Revoke():
                self._world.revoked = True
                return self._world.blueprint.situation("bad-key"), None, None
            case RateLimit():
                return self._limited(fault), None, None
            case Error():
                return self._error(fault), _aftermath(fault), None
            case InProgress():
                return self._in_progress(fault)
            case _:
                return self._process(), None, None

    def _process(self, busy: float = 0.0, course: Processing | None = None) -> Answer:
        """The API does its work; `busy`: seconds until its answer will have left; `course`: of an asynchronous
        order.
        """
        if known := self._known():
            return known
        if refusal := self._refuse():
            self._store(refusal, busy)
            return refusal
        order, answer = book(
            self._world, self._request.body, self._body, self._mode, self._caller, self._exchange, course
        )
        self._booked = order.order_id
        self._store(answer, busy)
        return answer

    def _known(self) -> Answer | None:
        """What the idempotency store has to say about the key."""
        stored = self._find()
        if stored is None:
            return None
        if not stored.is_for(self._request.body):
            return self._world.blueprint.error(self._world.contract.idempotency.mismatch_type)
        if self._now < stored.busy_until:
            return self._world.blueprint.in_progress()
        return replace(stored.answer, replayed=True)

    def _find(self) -> Stored | None:
        key = self._caller.idempotency_key
        return None if key is None else self._world.store.find(key, self._now)

    def _store(self, answer: Answer, busy: float = 0.0) -> None:
        key = self._caller.idempotency_key
        if key is not None:
            entry = Stored(self._request.body, answer, self._now, self._now + busy)
            self._world.store.keep(key, entry)

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
        sold = {code: self._currency_of(code) for code in codes}
        if None in sold.values():
            return blueprint.situation("unknown-product")
        currencies = {each for each in sold.values() if each is not None}
        if currency not in self._world.contract.currencies or currencies - {currency}:
            return blueprint.situation("currency-mismatch")
        return None

    def _currency_of(self, code: str) -> str | None:
        """None: nobody sells it. A real endpoint has goods of its own."""
        blueprint, beyond = self._world.blueprint, self._world.beyond
        if beyond is not None and code in beyond.upstream.memory.sold:
            return beyond.upstream.memory.sold[code]
        entry = blueprint.products.get(code)
        return None if entry is None else str(entry.get(blueprint.currency_property))

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
        if asked is None or fault.retry_after != "date":
            return self._world.blueprint.rate_limited(asked)
        # A date has whole seconds; the next one, so that nobody is asked for less than was meant.
        wall = self._world.pace.today()
        until = math.ceil(wall + asked)
        return self._world.blueprint.rate_limited(until - wall, formatdate(until, usegmt=True))

    def _error(self, fault: Error) -> Answer:
        answer = self._world.blueprint.error(
            fault.type, fault.status, message=fault.message, help=fault.help, words=fault.words
        )
        if fault.cached:
            if known := self._known():
                return known
            if fault.booked:
                self._process()
            self._store(answer)
        elif fault.booked:
            self._process()
        return answer

    def _spoiled(self, fault: Malformed) -> Answer:
        """What the wire will make unreadable; what only the contract knows how to spoil is spoiled already."""
        blueprint, contract = self._world.blueprint, self._world.contract
        processed = self._process() if fault.when == "after" else None
        pointer = contract.orders.id
        if fault.status >= 300:
            answer, pointer = blueprint.error_of_status(fault.status), contract.errors.type_field
        elif processed is None:
            answer = Answer(fault.status, b"{}", "unreadable")
        else:
            answer = replace(processed, status=fault.status) if processed.order_id else processed
        if fault.form != "no-id":
            return answer
        return replace(answer, body=write_document(without(read_document(answer.body), pointer)))

    def _redirect(self, fault: Redirect) -> tuple[Answer | None, Fault | None, None]:
        if fault.of == "others":
            self._world.diversion = fault
            return self._process(), None, None
        lead_on(self._world, fault, self._request.path)
        return None, fault, None

    def _before_death(self, fault: Kill) -> Answer | None:
        if fault.when == "before":
            return None
        if fault.when == "answered" and fault.type is not None:
            return self._world.blueprint.error(fault.type)
        return self._process()

    def _in_progress(self, fault: InProgress) -> tuple[Answer, None, Answer | None]:
        # Until the final answer has left, whoever asks a second time is told to wait as well.
        answer = self._process(busy=fault.seconds if fault.form == "102-then-final" else 0.0)
        # Whoever asks with another body, or about an order that was refused, is told so at once.
        if answer.kind != "success":
            return answer, None, None
        told = self._world.blueprint.in_progress(fault.form)
        return (answer, None, told) if fault.form == "102-then-final" else (told, None, None)


def _aftermath(fault: Error) -> Fault | None:
    """What the wire does with the answer of an error fault."""
    if fault.lost:
        return Reset(when="after")
    return {"plain": None, "extra-fields": ExtraFields(), "reordered": Reordered()}[fault.shape]

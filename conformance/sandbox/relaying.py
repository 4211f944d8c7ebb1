"""What becomes of a request where a real endpoint stands behind: what is sent there, and what its answer amounts to.

What lives here: which faults let a request through, what the simulation would have answered, by which the endpoint is
understood and held to account, and the orders that exist by its word.
What must never be known here: bytes on the wire and sockets on either side, and the account's key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from pydantic import JsonValue

from conformance.faults import Error, Fault, Processing, Reset
from conformance.sandbox.answers import Answer, Caller, Reply
from conformance.sandbox.beyond import Beyond
from conformance.sandbox.blueprint import Route
from conformance.sandbox.courtesy import BEHIND, Trouble
from conformance.sandbox.documents import Unreadable, amount, money, read_document, write_document
from conformance.sandbox.intents import Intent
from conformance.sandbox.orders import face_values
from conformance.sandbox.passage import goes_through, hides_answer
from conformance.sandbox.placing import Placing
from conformance.sandbox.reading import Request
from conformance.sandbox.resemblance import (
    are_comparable,
    echo,
    form,
    in_words,
    reading_of,
    shape_of,
    shape_of_ours,
    situation,
)
from conformance.sandbox.services import serve
from conformance.sandbox.templates import point
from conformance.sandbox.upstream import Answered, Failed
from conformance.sandbox.washing import Outgoing, Told
from conformance.sandbox.world import Item, Order, World

AGAIN: Final = 30.0
"""seconds for which an endpoint may still be at work on an order, and say so"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the API understands it. `refusal`: what it says before it looks at the path."""

    request: Request
    route: Route | None
    caller: Caller
    intent: Intent | None
    exchange: int
    refusal: Answer | None


@dataclass(frozen=True, slots=True)
class Forward:
    """A request that goes to the endpoint. `send` begins it; `finish` says what comes of the answer, in the sandbox's
    own thread, and leaves in the world what it left behind.
    """

    caller: Caller
    fault: Fault | None
    send: Callable[[], Future[Answered]]
    finish: Callable[[Answered], Reply]


def relay(world: World, beyond: Beyond, asked: Asked) -> Reply | Forward:
    """What becomes of a request to the API."""
    request, caller, prefix = asked.request, asked.caller, world.blueprint.path_prefix
    if world.revoked and asked.refusal is not None:  # by the schedule; the endpoint knows nothing of it
        return Reply(caller, asked.refusal)
    if not request.path.startswith(f"{prefix}/") or not request.target.startswith("/"):
        return Reply(caller, asked.refusal or world.blueprint.situation("unknown-path"))
    route = asked.route
    if route is None or route.operation.kind != "create":
        world.looks += 1
        return _Errand(world, beyond, asked).forward()
    placing = _Relayed(world, request, route, caller, asked.intent, asked.exchange)
    if asked.refusal or placing.refusal():
        return _Errand(world, beyond, asked, placing).forward()
    key = caller.idempotency_key
    if key in beyond.answered_here:
        return Placing(world, request, route, caller, asked.intent, asked.exchange).reply()
    fault = asked.intent.next_fault() if asked.intent else None
    stored = isinstance(fault, Error) and fault.cached
    if stored and key is not None and key not in beyond.first_sent:
        # The endpoint never hears of this key: whatever comes under it is answered here, as it would be there.
        beyond.answered_here.add(key)
    if not goes_through(fault) and not (stored and key in beyond.first_sent):
        return placing.meet(fault)
    return _Errand(world, beyond, asked, placing, fault).forward()


class _Relayed(Placing):
    """A create-order request whose answer was given already: the faults make of it what they make of any."""

    given: Answer | None = None

    def with_answer(self, answer: Answer, booked: str | None) -> _Relayed:
        self.given, self._booked = answer, booked
        return self

    def _process(self, busy: float = 0.0, course: Processing | None = None) -> Answer:
        assert self.given is not None
        return self.given

    def _known(self) -> Answer | None:
        return self.given


class _Errand:
    """One request to the endpoint. `placing` None: it is about no new order. `fault`: what the client meets besides."""

    def __init__(
        self,
        world: World,
        beyond: Beyond,
        asked: Asked,
        placing: _Relayed | None = None,
        fault: Fault | None = None,
    ) -> None:
        self._world = world
        self._beyond = beyond
        self._upstream = beyond.upstream
        self._asked = asked
        self._placing = placing
        self._fault = fault
        self._request = asked.request
        self._caller = asked.caller
        self._key = asked.caller.idempotency_key
        self._digest = hashlib.sha256(asked.request.body).digest()
        memory = beyond.upstream.memory
        self._key_was_used = (
            self._key is not None and memory.bodies.get(self._key, self._digest) != self._digest
        )
        self._again = self._key is not None and self._key in beyond.first_sent

    def forward(self) -> Forward:
        return Forward(self._caller, self._fault, self._send, self._finish)

    def _send(self) -> Future[Answered]:
        world, request = self._world, self._request
        search = None
        if self._placing is not None:
            self._beyond.count()
            if self._key is not None:
                self._upstream.memory.bodies.setdefault(self._key, self._digest)
                self._beyond.first_sent.setdefault(self._key, world.elapsed())
            search = self._search
        outgoing = Outgoing(
            request.method,
            request.target.removeprefix(world.blueprint.path_prefix),
            request.headers,
            request.body,
            as_account=self._caller.credential == "good",
            stand_in=world.canary,
            repeatable=request.method == "GET" or (self._placing is not None and self._key is not None),
        )
        future = self._upstream.send(outgoing, search)
        self._beyond.under_way.add(future)
        return future

    def _search(self, body: bytes) -> str | None:
        """The order in the endpoint's list that this request booked and whose answer was lost; None if it cannot be
        told from others.
        """
        world = self._world
        contract = world.contract
        listing = next(each for each in contract.operations.values() if each.kind == "list")
        try:
            entries = point(read_document(body), f"/{listing.collection}")
        except Unreadable:
            return None
        total = sum(face_values(world, _document(self._request)), Decimal(0))
        at = next(
            (f"/{name}" for name, shown in _members(contract.orders.listed) if shown == "$total_price"), None
        )
        if at is None or not isinstance(entries, list):
            return None
        found = [
            id_
            for entry in entries
            if amount(point(entry, at)) == total
            and isinstance(id_ := point(entry, contract.orders.id), str)
            and id_ not in self._upstream.memory.orders
        ]
        return found[0] if len(found) == 1 else None

    # What came of it.

    def _finish(self, answered: Answered) -> Reply:
        if isinstance(answered, Failed):
            return self._without_answer(answered)
        answer, versions = reading_of(answered, self._world.contract, self._placing is not None)
        expected, simulated = self._expected(answer)
        booked, problem = self._settle(answer, expected, simulated, answered)
        if booked is None and answer.order_id in self._world.orders_by_id:
            answer = replace(answer, replayed=self._placing is not None)
        elif expected.replayed and answer.kind == expected.kind:
            answer = replace(answer, replayed=True)
        self._compare(answered, answer, expected)
        if problem:
            self._blame(problem, answer)
        if answer.kind == "redirect":  # it leads to the endpoint's own address, where nobody is to go
            return Reply(self._caller, None, self._fault, Reset(when="after"), booked=booked)
        if self._placing is None or problem or self._fault is None:
            interim = self._interim(answered)
            return Reply(self._caller, answer, self._fault, None, interim, booked, versions)
        return replace(self._placing.with_answer(answer, booked).meet(self._fault), versions=versions)

    def _without_answer(self, failed: Failed) -> Reply:
        """The line is cut as the endpoint's was, unless the schedule says what the client is to see instead, and it is
        known that the order is there.
        """
        booked = None
        if failed.found is not None and self._placing is not None:
            booked = self._book_by_hand(failed.found)
            if self._fault is not None and hides_answer(self._fault):
                told = self._unseen(failed.found)
                return self._placing.with_answer(told, booked).meet(self._fault)
        self._blame(failed.reason, None)
        return Reply(self._caller, None, self._fault, Reset(when="after"), booked=booked)

    def _unseen(self, order_id: str) -> Answer:
        """Stands for the answer that nobody is to see."""
        orders = self._world.contract.orders
        return Answer(orders.async_status, write_document({}), "success", order_id=order_id)

    def _interim(self, told: Told) -> Answer | None:
        if not told.interim or told.status < 200:
            return None
        return Answer(told.interim[-1], b"", "in-progress", bare=True)

    def _expected(self, answer: Answer) -> tuple[Answer, str | None]:
        """What the simulation answers, and the id of the order that it booked."""
        asked, world = self._asked, self._world
        if asked.refusal:
            return asked.refusal, None
        if asked.route is None:
            return world.blueprint.situation("unknown-path"), None
        if self._placing is not None:
            plain = Placing(world, self._request, asked.route, self._caller, asked.intent, asked.exchange)
            return plain.original()
        self._hear_of_state(answer)
        return world.blueprint.triggered(self._request.fields) or serve(
            world, self._request, asked.route
        ), None

    def _hear_of_state(self, answer: Answer) -> None:
        """An order is as far as the endpoint says that it is."""
        world = self._world
        order = world.orders_by_id.get(answer.order_id or "")
        if order is None or answer.kind != "success":
            return
        states = world.contract.orders.states
        told = point(read_document(answer.body), world.contract.orders.status)
        done = told in (states["completed"], states["failed"])
        world.amend(order, ready_at=0.0 if done else float("inf"), fails=told == states["failed"])

    def _settle(
        self, answer: Answer, expected: Answer, simulated: str | None, told: Told
    ) -> tuple[str | None, str | None]:
        """The order that came into being by this request, and what the endpoint did that no client is to blame for."""
        if self._placing is None:
            return None, self._unexpected(answer, expected, told)
        world, memory = self._world, self._upstream.memory
        if answer.kind != "success":
            if simulated is not None:
                world.forget(simulated, self._key)
            return None, self._unexpected(answer, expected, told)
        order_id = answer.order_id
        assert order_id is not None
        known = world.orders_by_id.get(order_id)
        if known is not None:
            if simulated is not None:
                world.forget(simulated, None)
            foreign = known.idempotency_key != self._key
            return None, "answered one order with another" if foreign else None
        if order_id in memory.orders:
            if simulated is not None:
                world.forget(simulated, None)
            same = self._key is not None and memory.orders[order_id] == self._key
            return None, None if same else "answered with an order of another trial"
        if simulated is not None:
            world.amend(world.orders_by_id[simulated], order_id=order_id)
            self._remember(order_id)
        else:
            self._book_by_hand(order_id)
        self._hear_of_state(answer)
        twice = expected.kind == "success" and expected.replayed
        return order_id, "booked a second order under one idempotency key" if twice else None

    def _book_by_hand(self, order_id: str) -> str:
        """Puts an order into the ledger that the simulation would have refused, or whose answer was lost."""
        world, body = self._world, _document(self._request)
        values = face_values(world, body)
        if order_id not in world.orders_by_id:
            world.book(
                Order(
                    number=len(world.orders) + 1,
                    order_id=order_id,
                    reference=self._caller.reference,
                    face_value=world.intents.face_value_of(self._caller.reference)
                    or f"{sum(values, Decimal(0)):f}",
                    idempotency_key=self._key,
                    booked_at=world.elapsed(),
                    ready_at=float("inf"),
                    exchange=self._asked.exchange,
                    body=self._request.body,
                    created_at="",
                    completed_at="",
                    total=money(sum(values, Decimal(0))),
                    items=tuple(Item("", "", money(value)) for value in values),
                )
            )
        self._remember(order_id)
        return order_id

    def _remember(self, order_id: str) -> None:
        self._upstream.memory.orders[order_id] = self._key
        self._upstream.manners.booked(sum(face_values(self._world, _document(self._request)), Decimal(0)))

    def _unexpected(self, answer: Answer, expected: Answer, told: Told) -> str | None:
        """What is wrong with an answer that is no success, or that should have been none; None if the client had it
        coming.
        """
        if answer.kind in {expected.kind, "success"}:
            return None
        if self._caller.credential == "good" and answer.status == 401 and expected.status != 401:
            return f"refuses the account's key ({in_words(answer)})"
        if answer.kind == "in-progress" and self._placing is not None:
            first = self._beyond.first_sent.get(self._key or "", float("-inf"))
            if self._again and not told.repeated and self._world.elapsed() - first < AGAIN:
                return None
            return f"says that it is at work on an order that it was not given before ({in_words(answer)})"
        if answer.kind == "key-mismatch" and self._key_was_used:
            return None
        if answer.kind in ("final", "key-mismatch") and expected.kind not in ("success", "in-progress"):
            return None
        what = "refuses what the contract allows" if answer.kind in ("final", "key-mismatch") else "answered"
        return f"{what} ({in_words(answer)})"

    def _blame(self, problem: str, answer: Answer | None) -> None:
        """Nobody judges what comes of this trial."""
        self._world.abandon(
            Trouble(
                f"{BEHIND} {problem}",
                asked=answer.retry_after if answer else None,
                lasting=answer is not None and answer.kind in ("final", "key-mismatch"),
            )
        )

    def _compare(self, told: Told, answer: Answer, expected: Answer) -> None:
        world, fidelity, contract = self._world, self._upstream.fidelity, self._world.contract
        operation = self._caller.operation
        if told.echoed:
            fidelity.note(echo(operation))
        if form_told := form(operation, told, answer, contract):
            fidelity.note(form_told)
        if answer.kind == "in-progress" or not are_comparable(answer, expected):
            return
        if answer.kind == "key-mismatch" and self._key_was_used:  # maybe in another trial
            return
        if self._placing is None and (answer.kind == "success") != (expected.kind == "success"):
            return  # what there is to be fetched, is there or not
        text = world.recorder.redact(told.body.decode("utf-8", "replace"))
        ours = shape_of_ours(expected, contract)
        if answer.kind == "rate-limited":
            ours = shape_of_ours(world.blueprint.rate_limited(None), contract)
        theirs = shape_of(told, answer, contract.versions.header.lower(), text)
        of = situation(expected) if answer.kind != "rate-limited" else "rate limit"
        fidelity.compare(operation or "no operation", of, ours, theirs)


def _document(request: Request) -> JsonValue:
    document = request.document
    return None if isinstance(document, Unreadable) else document


def _members(template: JsonValue) -> list[tuple[str, JsonValue]]:
    return list(template.items()) if isinstance(template, dict) else []

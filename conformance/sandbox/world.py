"""The state of one trial: what has been ordered, what is remembered, what is still to go wrong.

What lives here: ledger, idempotency store, limiter and schedules, each a small class of plain data, and the
World that holds them beside the record of the exchanges. One thread writes, any thread may look.
What must never be known here: HTTP, and what an answer looks like.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from conformance.clock.pace import Pace
from conformance.contract import Contract
from conformance.evidence import Certificate, Exchange, Handshake, LedgerEntry, PlannedOrder
from conformance.faults import Redirect, Schedule
from conformance.hygiene.canary import Canary
from conformance.sandbox.answers import Answer
from conformance.sandbox.blueprint import Blueprint, blueprint_of
from conformance.sandbox.documents import read_document, same_document
from conformance.sandbox.intents import Intents, ends_of_redirects
from conformance.sandbox.recording import Recorder

if TYPE_CHECKING:
    from conformance.sandbox.beyond import Beyond
    from conformance.sandbox.courtesy import Trouble

LOOKS: Final = 4_000
"""requests that change nothing which a client may send for free: one a second for an hour, and some more"""
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an order, as it was worked out when the order was booked."""

    item_id: str
    link: str
    face_value: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order that exists. `body` is the order as it was sent; thousands of them are lighter in bytes than
    in objects. `ready_at`: the second of the trial at which it is finished, or has failed if it `fails`.
    """

    number: int
    order_id: str
    reference: str | None
    face_value: str
    idempotency_key: str | None
    booked_at: float
    ready_at: float
    exchange: int
    body: bytes
    created_at: str
    completed_at: str
    total: str
    items: tuple[Item, ...]
    fails: bool = False


@dataclass(slots=True)
class Stored:
    """What the idempotency store keeps for a key. Until `busy_until` the first answer is still under way."""

    body: bytes
    answer: Answer
    stored_at: float
    busy_until: float

    def is_for(self, body: bytes) -> bool:
        return body == self.body or same_document(read_document(body), read_document(self.body))


@dataclass(slots=True)
class Store:
    """The idempotency store: body and answer by key, for `window` seconds."""

    window: float
    _entries: dict[str, Stored] = field(default_factory=dict)

    def find(self, key: str, now: float) -> Stored | None:
        entry = self._entries.get(key)
        if entry is not None and now - entry.stored_at >= self.window:
            del self._entries[key]
            return None
        return entry

    def keep(self, key: str, entry: Stored) -> None:
        self._entries[key] = entry

    def drop(self, key: str) -> None:
        self._entries.pop(key, None)


@dataclass(slots=True)
class Limiter:
    """Admits `limit` requests in any `window` seconds."""

    limit: int
    window: float
    _admitted: deque[float] = field(default_factory=deque)

    def admit(self, now: float) -> bool:
        while self._admitted and now - self._admitted[0] >= self.window:
            self._admitted.popleft()
        if len(self._admitted) >= self.limit:
            return False
        self._admitted.append(now)
        return True


class World:
    """One trial. `pace`: its clock, the process's own unless the client lives faster. `flooded` is set when more
    than `max_requests` came, not counting `LOOKS` of those that change nothing. `limit`: create-order requests
    admitted in the contract's window, the contract's own number if None. `past`: face values of orders that this
    client was handed in earlier trials. `killer`: called when the client is to be killed, in the thread that answers,
    which it must not keep waiting. `allowlist`: the addresses from which the key may be used, any if None.
    `watcher`: called with the number of each exchange before it is answered. `certificate`: what is shown over TLS.
    `swapped`: what is shown instead, from the first order on.
    `beyond`: the real endpoint that answers what the schedule lets through.
    """

    def __init__(
        self,
        contract: Contract,
        key: str,
        orders: tuple[PlannedOrder, ...] = (),
        *,
        seed: int = 0,
        max_requests: int | None = 400,
        listener: Callable[[Exchange], None] | None = None,
        canary: Canary | None = None,
        schedule: Schedule = (),
        past: Iterable[str] = (),
        pace: Pace | None = None,
        limit: int | None = None,
        killer: Callable[[], None] | None = None,
        allowlist: Iterable[IPv4Network | IPv6Network] | None = None,
        watcher: Callable[[int], None] | None = None,
        certificate: Certificate | None = None,
        swapped: Certificate | None = None,
        beyond: Beyond | None = None,
    ) -> None:
        self.contract = contract
        self.key = key
        self.pace = pace or Pace()
        self.max_requests = max_requests
        self.looks = 0
        """requests so far that change nothing"""
        self.flooded: threading.Event = threading.Event()
        self.blueprint: Blueprint = blueprint_of(contract)
        self.store = Store(contract.idempotency.window)
        self.limiter = Limiter(limit or contract.rate_limit.limit, contract.rate_limit.window)
        self.intents = Intents(orders, schedule, past)
        self.recorder = Recorder(contract.auth, canary, listener)
        self.orders: list[Order] = []
        self.orders_by_id: dict[str, Order] = {}
        self.crash: Exception | None = None
        """the first error of the sandbox's own, for which no client is to blame"""
        self.stalled = 0.0
        """seconds on the wall for which the sandbox was once kept from its work, where it is watched"""
        self.struck = False
        """the client is being killed: what still comes from it is not heard any more"""
        self.revoked = False
        """the key is no good any more"""
        self.allowlist = None if allowlist is None else tuple(allowlist)
        self.watcher = watcher
        self._certificate: Certificate = certificate or "good"
        self._swapped = swapped
        self.leads_to = ends_of_redirects(schedule, *(order.schedule for order in orders))
        """the places to which clients will be sent"""
        self.detours: dict[str, Redirect] = {}
        """by path: redirects that come after another one"""
        self.diversion: Redirect | None = None
        """what is answered to every request that places no order"""
        self.beyond = beyond
        if beyond is not None:
            self.recorder.be_wary()
        self.canary = canary
        self._handshakes: dict[int, Handshake] = {}
        self._killer = killer
        self._random = random.Random(seed)
        self.began_at = self.pace.now()
        self.began_today = self.pace.today()
        """what the client's calendar clock showed at the beginning, in seconds since 1970"""
        self._ended_at: float | None = None

    def begin(self) -> None:
        """The clock of the world starts here; called by the thread that will answer."""
        self.began_at = self.pace.now()
        self.began_today = self.pace.today()

    def strike(self) -> None:
        """Has the client killed, where there is somebody to do it."""
        if self._killer is not None:
            self.struck = True
            self._killer()

    def admits(self, address: str) -> bool:
        """May the key be used from there?"""
        if self.allowlist is None:
            return True
        source = ip_address(address)
        # A listener for both families sees those of the older one in the other's clothes.
        source = getattr(source, "ipv4_mapped", None) or source
        return any(source in network for network in self.allowlist)

    def end(self) -> None:
        """The clock of the world stops."""
        self._ended_at = self.elapsed()

    def elapsed(self) -> float:
        """Seconds since the world began."""
        return self.pace.now() - self.began_at if self._ended_at is None else self._ended_at

    @property
    def is_overrun(self) -> bool:
        """Were there more requests than any client should send?"""
        counted = self.recorder.count - min(self.looks, LOOKS)
        return self.max_requests is not None and counted >= self.max_requests

    def new_id(self, template: str) -> str:
        """An id of its own, from the seed: `{ulid}` in the template is replaced."""
        return template.replace("{ulid}", self.token())

    def token(self) -> str:
        """26 characters that nobody guesses, in the shape of a ULID."""
        bits = self._random.getrandbits(128)
        return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])

    def book(self, order: Order) -> None:
        self.orders.append(order)
        self.orders_by_id[order.order_id] = order

    def amend(self, order: Order, *, order_id: str | None = None, **course: float | bool) -> None:
        """The order is known under another id, or stands otherwise, than was thought; see `Order`."""
        changed = replace(order, order_id=order_id or order.order_id, **course)  # type: ignore[arg-type]  # names of fields
        self.orders[order.number - 1] = changed
        del self.orders_by_id[order.order_id]
        self.orders_by_id[changed.order_id] = changed

    def forget(self, order_id: str, key: str | None) -> None:
        """The order, and what is remembered under the key, never came about."""
        order = self.orders_by_id.pop(order_id)
        self.orders.remove(order)
        self.orders[:] = [replace(each, number=number) for number, each in enumerate(self.orders, 1)]
        self.orders_by_id.update({each.order_id: each for each in self.orders})
        if key is not None:
            self.store.drop(key)

    def abandon(self, trouble: Trouble) -> None:
        """The trial is over, since the real endpoint did something that no client is to be judged by."""
        if self.beyond is not None:
            self.beyond.disturb(trouble)
        self.flooded.set()

    @property
    def disturbed(self) -> str | None:
        """Why nobody is to judge what comes of this trial."""
        return None if self.beyond is None else self.beyond.disturbed

    def is_completed(self, order: Order) -> bool:
        return self.elapsed() >= order.ready_at and not order.fails

    def state(self, order: Order) -> str:
        states = self.contract.orders.states
        if self.elapsed() < order.ready_at:
            return states["processing"]
        return states["failed" if order.fails else "completed"]

    @property
    def is_swapped(self) -> bool:
        """Is another certificate shown now than at the beginning?"""
        return self._swapped is not None and bool(self.orders)

    @property
    def certificate(self) -> Certificate:
        """What is shown to whoever connects now."""
        return self._swapped if self._swapped is not None and self.orders else self._certificate

    def note(self, handshake: Handshake) -> None:
        """Keeps what has become of that connection so far."""
        self._handshakes[handshake.connection] = handshake

    def handshakes(self) -> tuple[Handshake, ...]:
        """The connections over TLS, in the order in which they were begun."""
        return tuple(self._handshakes.values())

    def exchanges(self) -> tuple[Exchange, ...]:
        """What has been recorded so far, by number."""
        return self.recorder.exchanges()

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """The orders that exist so far, in the order in which they were booked."""
        return tuple(
            LedgerEntry(
                order_id=order.order_id,
                reference=order.reference,
                face_value=order.face_value,
                idempotency_key=self.recorder.value(order.idempotency_key),
                booked_at=order.booked_at,
                exchange=order.exchange,
                status=self.state(order),
            )
            for order in tuple(self.orders)
        )

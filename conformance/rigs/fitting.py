"""Trials as a real endpoint can take them: goods that it sells, face values and references of their own, and when.

What lives here: what is changed in a trial before it goes to a client in front of a real endpoint, whether it can be
run there at all, and how the endpoint is asked whether it is well.
What must never be known here: stations, and what the endpoint's answers mean for a client.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from pydantic import JsonValue

from conformance.contract import Contract
from conformance.evidence import Evidence, PlannedOrder, Trial
from conformance.planning import products, with_references
from conformance.sandbox.blueprint import blueprint_of
from conformance.sandbox.courtesy import BEHIND, Trouble
from conformance.sandbox.documents import Unreadable, amount, read_document
from conformance.sandbox.passage import forwards, obstacle
from conformance.sandbox.templates import point
from conformance.sandbox.upstream import Failed, Upstream
from conformance.sandbox.washing import Told

LEAST = Decimal(5)
"""the least face value, where the endpoint does not name another"""


@dataclass(frozen=True, slots=True)
class Article:
    """Something that the endpoint sells in any amount from `least` on."""

    code: str
    currency: str
    least: Decimal


class Fitting:
    """What a rig does about each trial whose client stands in front of this endpoint. Thread-safe."""

    def __init__(self, upstream: Upstream, contract: Contract) -> None:
        self._upstream = upstream
        self._contract = contract
        self._lock = threading.Lock()
        self._known: tuple[Article, ...] | None = None
        self._serial = itertools.count()
        # An endpoint remembers for a month what it was sent, so that no two runs may have anything in common.
        self._mark = secrets.token_hex(3)

    def obstacle(self, trial: Trial) -> str | None:
        """What cannot be done of this trial in front of a real endpoint; None if all of it can be."""
        if trial.limit is not None:
            return "only the simulation has a limiter that can be scaled down"
        faults = (fault for order in trial.orders for fault in order.schedule)
        return next(filter(None, map(obstacle, faults)), None)

    def admit(self, trial: Trial, stopped: Callable[[], bool]) -> str | None:
        """Waits for its turn. Why there is none, None if it has come."""
        spent = sum((self._worth(order) for order in trial.orders), Decimal(0))
        return self._upstream.manners.admit(forwards(trial), spent, self._ask, stopped)

    def fit(self, trial: Trial) -> Trial:
        """The trial with goods that the endpoint sells, and face values that no other order of this run has."""
        values: dict[str, tuple[Article | None, Decimal]] = {}
        for order in trial.orders:
            if order.face_value not in values:  # orders of equal content stay equal
                article = self._article_for(order)
                least = article.least if article else LEAST
                step = Decimal(self._contract.orders.face_value_step)
                values[order.face_value] = (article, least + next(self._serial) * step)
        fitted = tuple(_refitted(self._contract, order, *values[order.face_value]) for order in trial.orders)
        return with_references(replace(trial, orders=fitted), self._mark)

    def look_back(self, evidence: Evidence) -> None:
        """A trial is over; if the endpoint did its part in it, it is well."""
        if evidence.disturbed is None and any(exchange.booked for exchange in evidence.exchanges):
            self._upstream.manners.went_well()

    def _worth(self, order: PlannedOrder) -> Decimal:
        """About what the order will come to."""
        items = point(order.body, self._contract.orders.items)
        dearest = max((article.least for article in self._known or ()), default=LEAST)
        return (dearest + 1) * (len(items) if isinstance(items, list) else 1)

    def _article_for(self, order: PlannedOrder) -> Article | None:
        """What to order there instead; None if the endpoint sells what was planned, or does not say what it sells."""
        with self._lock:
            if self._known is None:
                self._known = self._listed()
            sold = self._known or ()
        body: JsonValue = order.body
        currency = point(body, self._contract.orders.currency)
        planned = dict(products(self._contract))
        codes = {each.code for each in sold}
        if not sold or any(code in codes and planned[code] == currency for code in planned):
            return next((each for each in sold if each.code in planned and each.currency == currency), None)
        return next((each for each in sold if each.currency == currency), sold[0])

    def _listed(self) -> tuple[Article, ...] | None:
        """What the endpoint sells; None if it did not say."""
        goods = self._contract.goods
        if goods is None:
            return ()
        told = self._upstream.ask(goods.operation)
        if isinstance(told, Failed) or not 200 <= told.status < 300:
            return None
        try:
            listed = point(
                read_document(told.body), f"/{self._contract.operations[goods.operation].collection}"
            )
        except Unreadable:
            return None
        return tuple(self._sold(listed if isinstance(listed, list) else []))

    def _sold(self, listed: list[JsonValue]) -> Iterator[Article]:
        goods = self._contract.goods
        assert goods is not None
        for entry in listed:
            code, currency = point(entry, goods.code), point(entry, goods.currency)
            orderable = all(point(entry, place) == wanted for place, wanted in goods.orderable.items())
            named = [value for place in goods.amounts if (value := point(entry, place)) is not None]
            if not isinstance(code, str) or currency not in self._contract.currencies:
                continue
            self._upstream.memory.sold[code] = str(currency)
            if not orderable:
                continue
            # Where there are only certain amounts, no two orders could be told apart by theirs.
            if any(isinstance(value, list) and value for value in named):
                continue
            least = next((found for value in named if (found := amount(value)) is not None), LEAST)
            yield Article(code, str(currency), max(least, LEAST))

    def _ask(self) -> Trouble | None:
        """Is it well? A ping changes nothing, and needs the key."""
        told = self._upstream.ask(self._contract.ping_operation)
        if isinstance(told, Failed):
            return Trouble(f"{BEHIND} {told.reason}", lasting="certificate" in told.reason)
        if 200 <= told.status < 300:
            return None
        if told.status in (401, 403):
            return Trouble(
                f"{BEHIND} refuses the account's key ({_named(told, self._contract)})", lasting=True
            )
        return Trouble(f"{BEHIND} answers a ping with {_named(told, self._contract)}")


def _named(told: Told, contract: Contract) -> str:
    try:
        type_ = point(read_document(told.body), contract.errors.type_field)
    except Unreadable:
        type_ = None
    return f"{told.status} {type_}" if type_ in contract.error_types else str(told.status)


def brought_home(trial: Trial, contract: Contract) -> Trial:
    """A trial that was fitted to an endpoint, with goods that the simulation sells."""
    ours = [Article(code, currency, LEAST) for code, currency in products(contract)]

    def instead(order: PlannedOrder) -> PlannedOrder:
        codes = {code for _, _, code in _codes(contract, order.body)}
        if codes <= {article.code for article in ours}:
            return order
        currency = point(order.body, contract.orders.currency)
        article = next((each for each in ours if each.currency == currency), ours[0])
        return _refitted(contract, order, article, Decimal(order.face_value))

    return replace(trial, orders=tuple(map(instead, trial.orders)))


def _codes(contract: Contract, body: JsonValue) -> Iterator[tuple[int, str, str]]:
    """Each code of a product in an order: number of its item, pointer within that, and the code."""
    items = point(body, contract.orders.items)
    for number, item in enumerate(items if isinstance(items, list) else []):
        for place in contract.orders.product_codes:
            if isinstance(code := point(item, place), str):
                yield number, place, code


def _refitted(
    contract: Contract, order: PlannedOrder, article: Article | None, value: Decimal
) -> PlannedOrder:
    """The order with another face value, and of another article if there is one."""
    body: JsonValue = order.body
    items = point(body, contract.orders.items)
    pointer = blueprint_of(contract).item_face_value
    fitted = [put(item, pointer, float(value)) for item in (items if isinstance(items, list) else [])]
    if article is not None:
        for number, place, _ in tuple(_codes(contract, body)):
            fitted[number] = put(fitted[number], place, article.code)
        body = put(body, contract.orders.currency, article.currency)
    body = put(body, contract.orders.items, fitted)
    assert isinstance(body, dict)
    return replace(order, body=body, face_value=str(value))


def put(value: JsonValue, pointer: str, new: JsonValue) -> JsonValue:
    """The value with something else where the JSON pointer points, through objects only."""
    name, _, rest = pointer.removeprefix("/").partition("/")
    if not isinstance(value, dict):
        return value
    return {**value, name: put(value.get(name), f"/{rest}", new) if rest else new}

"""A counterexample told step by step, as data. Pure.

What lives here: the order of the steps, who makes each, and the names that orders and keys go by.
What must never be known here: which check failed and why, and how the steps are drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.contract import Contract
from conformance.evidence import Call, Evidence, Exchange, Secret, Sighting
from conformance.judge.case import stories
from conformance.judge.demands import demand
from conformance.reporting.phrases import answered, asked, left_by_server, named, never_arrives, said, shaken
from conformance.reporting.plain import plain
from conformance.reporting.quantities import duration, shortened
from conformance.reporting.readiness import Step

MOST_SIGHTINGS = 5
MOST_HELD = 4
"""orders of which each has a line of its own in the end"""


@dataclass(frozen=True, slots=True)
class _Moment:
    """When a step is told. `position` orders the steps of one moment: four for each exchange, by its number."""

    position: int
    step: Step

    @property
    def place(self) -> tuple[float, int]:
        return self.step.at or 0.0, self.position


def sequence(
    evidence: Evidence, shown_by: Collection[int] = (), contract: Contract | None = None
) -> tuple[Step, ...]:
    """The trial, step by step: client seconds, from whom, to whom, what; then what the ledger holds.

    Idempotency keys are named A, B, … in the order in which they appear, so that a changed key is seen at
    once. `shown_by`: the numbers of the requests that show the violation. `contract`: says how long the client had to
    wait; without one nothing is said of that.
    """
    teller = _Teller(evidence, shown_by, contract)
    told = [moment.step for moment in sorted(teller.moments(), key=lambda moment: moment.place)]
    return (*teller.addressed(told), *teller.ending())


class _Teller:
    """Knows the names that orders and keys go by in one trial."""

    def __init__(self, evidence: Evidence, shown_by: Collection[int], contract: Contract | None) -> None:
        self.evidence = evidence
        self.contract = contract
        self.shown_by = frozenset(shown_by)
        self.exchanges = sorted(evidence.exchanges, key=lambda exchange: exchange.number)
        orders = evidence.trial.orders
        values = [order.face_value for order in orders]
        distinct = len(set(values)) == len(values)
        self.orders = {
            order.reference: f"order {plain(order.face_value if distinct else order.reference, 40)}"
            for order in orders
        }
        self.several = len(orders) > 1
        self.keys: dict[str, str] = {}
        for exchange in self.exchanges:
            if exchange.idempotency_key and exchange.idempotency_key not in self.keys:
                self.keys[exchange.idempotency_key] = _letters(len(self.keys))
        self.owners = self._owners()
        self.retries = {retry.later.number: retry for story in stories(evidence) for retry in story.retries}

    def moments(self) -> Iterator[_Moment]:
        for index, call in enumerate(self.evidence.calls):
            yield from self._call(index, call)
        for exchange in self.exchanges:
            yield from self._exchange(exchange)
        yield from self._handshakes()

    def addressed(self, steps: Sequence[Step]) -> Iterator[Step]:
        """The steps, where an answer that is not to the last request says to which."""
        names = {exchange.number: named(exchange) for exchange in self.exchanges}
        asked: int | None = None
        for step in steps:
            if step.to == "api":
                asked = step.exchange
            elif step.to == "client" and step.exchange != asked and step.exchange is not None:
                yield replace(step, text=f"to {names[step.exchange]}: {step.text}")
                continue
            yield step

    def ending(self) -> Iterator[Step]:
        """What is told after the last step, without a time."""
        evidence = self.evidence
        for host in evidence.escapes[:MOST_SIGHTINGS]:
            yield Step("client", f"tried to reach {plain(host, 120)}, and was kept from it")
        for output in evidence.outputs:
            for sighting in output.sightings[:MOST_SIGHTINGS]:
                line = "" if sighting.line is None else f", line {sighting.line}"
                seen = _sighted(sighting)
                yield Step("output", f"{plain(sighting.place, 80)}{line}: {seen}")
        if evidence.stopped:
            yield Step("suite", f"ended the trial: {plain(evidence.stopped, 200)}")
        if not evidence.clock.held:
            yield Step("clock", "the client's waits escaped the clock: the times above mean nothing")
        ledger = {
            reference: [
                shortened(entry.order_id) for entry in evidence.ledger if entry.reference == reference
            ]
            for reference in self.orders
        }
        usual = [reference for reference, held in ledger.items() if len(held) == 1]
        many = len(ledger) > MOST_HELD and len(usual) > 1
        for reference, held in ledger.items():
            if not (many and reference in usual):
                of = f"{self.orders[reference]}: " if self.several else ""
                yield Step("ledger", f"{of}{_held(held)}")
        if many:
            others = "all" if len(usual) == len(ledger) else "the other"
            yield Step("ledger", f"{others} {len(usual)}: 1 order each")
        strays = [
            shortened(entry.order_id) for entry in evidence.ledger if entry.reference not in self.orders
        ]
        if strays:
            yield Step("ledger", f"nobody's: {_held(strays)}")

    def _owners(self) -> dict[int, int]:
        """Number of each exchange → index of the call that it was made in, as well as that can be known."""
        owners: dict[int, int] = {}
        previous: int | None = None
        for exchange in self.exchanges:
            open_calls = [
                index
                for index, call in enumerate(self.evidence.calls)
                if call.started_at <= exchange.received_at
                and (call.ended_at is None or exchange.received_at <= call.ended_at)
                and exchange.reference in (None, call.reference)
            ]
            if open_calls:
                previous = previous if previous in open_calls else open_calls[0]
                owners[exchange.number] = previous
        return owners

    def _call(self, index: int, call: Call) -> Iterator[_Moment]:
        own = [number for number, owner in self.owners.items() if owner == index]
        before = [e.number for e in self.exchanges if e.received_at < call.started_at]
        start = 4 * min(own) - 1 if own else 4 * max(before, default=0) + 2
        name = self.orders.get(call.reference, plain(call.reference, 40))
        whole = name if name.endswith(call.reference) else f"{name} ({plain(call.reference, 40)})"
        if refused := next(
            (o.corrects for o in self.evidence.trial.orders if o.reference == call.reference), None
        ):
            whole = (
                f"{name} under the same reference, to correct {self.orders.get(refused, plain(refused, 40))}"
            )
        asked = f"is asked again for {name}, call {call.number}" if call.number > 1 else f"is handed {whole}"
        if self._beside(call):
            asked = f"is handed {name} once more, while it is under way"
        yield _Moment(start, Step("client", asked, at=call.started_at))
        if call.ended_at is not None:
            of = f"{name}: " if self.several else ""
            says = "says " if call.outcome else ""
            end = 4 * max(own) + 3 if own else start + 1
            yield _Moment(end, Step("client", f"{of}{says}{said(call)}", at=call.ended_at))

    def _beside(self, call: Call) -> bool:
        """Was the same order under way when this call began?"""
        return any(
            other.number < call.number and (other.ended_at is None or other.ended_at > call.started_at)
            for other in self.evidence.calls
            if other.reference == call.reference
        ) or (self.evidence.trial.twice and call.number > 1)

    def _exchange(self, exchange: Exchange) -> Iterator[_Moment]:
        position = 4 * exchange.number
        at, number = exchange.received_at, exchange.number
        shows = number in self.shown_by
        yield from self._wait(exchange)
        booked = f"booked {shortened(exchange.booked)}" if exchange.booked else ""
        asks = Step(
            "client",
            self._request(exchange),
            at=at,
            to="api",
            booked=booked,
            lost=not exchange.complete,
            shows=shows,
            key=self.keys.get(exchange.idempotency_key or "", ""),
            exchange=number,
        )
        yield _Moment(position, asks)
        for sighting in exchange.sightings[:MOST_SIGHTINGS]:
            text = f"in the {plain(sighting.place, 80)}: {_sighted(sighting)}"
            yield _Moment(position, Step("client", text, at=at, shows=shows, exchange=number))
        if exchange.complete:
            end = at if exchange.answered_at is None else exchange.answered_at
            lost = never_arrives(exchange)
            yield _Moment(
                position + 1,
                Step("api", answered(exchange), at=end, to="client", lost=lost, exchange=number),
            )
        if (left := _left(exchange)) is not None:
            text = f"hangs up, {duration(left - at)} after it asked"
            yield _Moment(position + 2, Step("client", text, at=left, exchange=number))

    def _handshakes(self) -> Iterator[_Moment]:
        for handshake in self.evidence.handshakes:
            own = [e.number for e in self.exchanges if e.connection == handshake.connection]
            before = [e.number for e in self.exchanges if e.received_at <= handshake.at]
            position = 4 * min(own) if own else 4 * max(before, default=0) + 3
            if text := shaken(handshake, spoken=bool(own)):
                # Of one moment and place the first told comes first, and the request has been told already.
                yield _Moment(position - bool(own), Step("client", text, at=handshake.at))

    def _request(self, exchange: Exchange) -> str:
        if exchange.attempt is None:
            return asked(exchange)
        parts = [named(exchange), self._key(exchange)]
        if self.several and exchange.reference in self.orders:
            parts.append(self.orders[exchange.reference])
        return "  ".join(parts)

    def _key(self, exchange: Exchange) -> str:
        key = exchange.idempotency_key
        last = self.retries.get(exchange.number)
        before = last.earlier.idempotency_key if last else key
        told = f"key {self.keys[key]} {shortened(plain(key, 80))}" if key else "no key"
        return f"{told}, not {self.keys[before]}" if before and before != key else told

    def _wait(self, exchange: Exchange) -> Iterator[_Moment]:
        """How long the client itself waited since its last attempt; nothing where the pause was the suite's."""
        retry = self.retries.get(exchange.number)
        if retry is None or retry.by_suite:
            return
        last, wait = retry.earlier, retry.wait
        asked = demand(last, self.contract) if self.contract and self.evidence.clock.held else None
        if wait < (0 if asked else 0.001):
            return
        early = asked is not None and wait < asked.least
        of = f"{self.orders[last.reference]}: " if self.several and last.reference in self.orders else ""
        least = f", {'of ' if early else ''}at least {duration(asked.seconds)}" if asked else ""
        step = Step(
            "client",
            f"{of}waits {duration(wait)}{least}",
            at=retry.since,
            waited_s=round(wait, 3),
            required_s=round(asked.seconds, 3) if asked else None,
            early=early,
            exchange=last.number,
        )
        yield _Moment(4 * last.number + 3, step)


def _left(exchange: Exchange) -> float | None:
    """When the client hung up by itself, without a whole answer."""
    return None if left_by_server(exchange) else exchange.client_gone_at


_SECRETS: Mapping[Secret, str] = {
    "key": "a secret",
    "payout-link": "a payout link",
    "recipient": "a recipient",
}


def _sighted(sighting: Sighting) -> str:
    shown = f": {plain(sighting.excerpt, 120)}" if sighting.excerpt else ""
    return f"{_SECRETS[sighting.what]}, {plain(sighting.form, 60)}{shown}"


def _held(order_ids: Sequence[str]) -> str:
    if not order_ids:
        return "no order"
    shown = " ".join(plain(order_id, 40) for order_id in order_ids[:6])
    more = f" and {len(order_ids) - 6} more" if len(order_ids) > 6 else ""
    return f"{len(order_ids)} {'order' if len(order_ids) == 1 else 'orders'}: {shown}{more}"


def _letters(index: int) -> str:
    """A, B, …, Z, AA, AB, …"""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text

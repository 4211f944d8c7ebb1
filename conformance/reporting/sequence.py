"""A counterexample told step by step, as lines of text that need no other formatting. Pure.

What lives here: the order of the steps and the words for each of them.
What must never be known here: which check failed and why, and what the lines are shown in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from conformance.evidence import Call, Evidence, Exchange
from conformance.faults import (
    Drip,
    Error,
    InProgress,
    Malformed,
    MalformedForm,
    OtherVersion,
    Processing,
    RateLimit,
    Redirect,
)
from conformance.reporting.plain import plain
from conformance.reporting.quantities import duration, shortened

MOST_STEPS = 40
LAST_STEPS = 12
"""of a longer sequence, so many steps are told at its end"""
MOST_SIGHTINGS = 5
LEFT_BY_SERVER = frozenset({"reset", "close", "truncate", "garbage"})
"""faults after which it says nothing that the client closes its end too"""


@dataclass(frozen=True, slots=True)
class _Step:
    """One line. `position` orders the steps of one moment: four for each exchange, by its number."""

    time: float
    position: int
    actor: str
    text: str
    shows: bool = False


def sequence(evidence: Evidence, shown_by: Collection[int] = ()) -> tuple[str, ...]:
    """The trial, a line for each step: client seconds, who acts, what happens; then what the ledger holds.

    Idempotency keys are named A, B, … in the order in which they appear, so that a changed key is seen at
    once. Requests whose number is in `shown_by` have a `>` in the margin. Long sequences lose their middle.
    """
    teller = _Teller(evidence, shown_by)
    steps = sorted(teller.steps(), key=lambda step: (step.time, step.position))
    lines = [_line(f"{step.time:.3f}", step.actor, step.text, step.shows) for step in steps]
    if len(lines) > MOST_STEPS:
        left_out = len(lines) - MOST_STEPS
        lines[MOST_STEPS - LAST_STEPS : -LAST_STEPS] = [_line("…", "", f"{left_out:,} steps left out")]
    return (*lines, *(_line("", actor, text) for actor, text in teller.ending()))


def _line(time: str, actor: str, text: str, shows: bool = False) -> str:
    return f"{'>' if shows else ' '} {time:>8}  {actor:<16}  {text}".rstrip()


class _Teller:
    """Knows the names that orders and keys go by in one trial."""

    def __init__(self, evidence: Evidence, shown_by: Collection[int]) -> None:
        self.evidence = evidence
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
                name = f"key {_letters(len(self.keys))} {shortened(plain(exchange.idempotency_key, 80))}"
                self.keys[exchange.idempotency_key] = name
        attempts = [exchange for exchange in self.exchanges if exchange.attempt is not None]
        self.name_width = max((len(_name(attempt)) for attempt in attempts), default=0)
        self.key_width = max((len(name) for name in self.keys.values()), default=len("no key"))
        self.owners = self._owners()
        self.previous: dict[int, Exchange] = {}
        latest: dict[str | None, Exchange] = {}
        for attempt in attempts:
            if attempt.reference in latest:
                self.previous[attempt.number] = latest[attempt.reference]
            latest[attempt.reference] = attempt

    def steps(self) -> Iterator[_Step]:
        for index, call in enumerate(self.evidence.calls):
            yield from self._call(index, call)
        for exchange in self.exchanges:
            yield from self._exchange(exchange)

    def ending(self) -> Iterator[tuple[str, str]]:
        """What is told after the last step, without a time: actor and text."""
        evidence = self.evidence
        for host in evidence.escapes[:MOST_SIGHTINGS]:
            yield "client → outside", f"tried to reach {plain(host, 120)}, and was kept from it"
        for output in evidence.outputs:
            for sighting in output.sightings[:MOST_SIGHTINGS]:
                line = "" if sighting.line is None else f", line {sighting.line}"
                yield (
                    "output",
                    f"{plain(sighting.place, 80)}{line}: {_sighted(sighting.form, sighting.excerpt)}",
                )
        if evidence.stopped:
            yield "suite", f"ended the trial: {plain(evidence.stopped, 200)}"
        if not evidence.clock.held:
            yield "clock", "the client's waits escaped the clock: the times above mean nothing"
        for reference, name in self.orders.items():
            held = [shortened(entry.order_id) for entry in evidence.ledger if entry.reference == reference]
            yield "ledger", f"{f'{name}: ' if self.several else ''}{_held(held)}"
        strays = [
            shortened(entry.order_id) for entry in evidence.ledger if entry.reference not in self.orders
        ]
        if strays:
            yield "ledger", f"nobody's: {_held(strays)}"

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

    def _call(self, index: int, call: Call) -> Iterator[_Step]:
        own = [number for number, owner in self.owners.items() if owner == index]
        before = [e.number for e in self.exchanges if e.received_at < call.started_at]
        start = 4 * min(own) - 1 if own else 4 * max(before, default=0) + 2
        name = self.orders.get(call.reference, plain(call.reference, 40))
        again = call.number > 1
        text = f"asks again for {name}, call {call.number}" if again else f"hands over {name}"
        yield _Step(call.started_at, start, "suite → client", text)
        if call.ended_at is not None:
            actor = "client says" if call.outcome else "client"
            of = f"{name}: " if self.several else ""
            end = 4 * max(own) + 3 if own else start + 1
            yield _Step(call.ended_at, end, actor, f"{of}{_said(call)}")

    def _exchange(self, exchange: Exchange) -> Iterator[_Step]:
        position = 4 * exchange.number
        shows = exchange.number in self.shown_by
        yield _Step(exchange.received_at, position, "client → sandbox", self._request(exchange), shows)
        for sighting in exchange.sightings[:MOST_SIGHTINGS]:
            text = f"in the {plain(sighting.place, 80)}: {_sighted(sighting.form, sighting.excerpt)}"
            yield _Step(exchange.received_at, position, "", text, shows)
        booked = [f"booked {shortened(exchange.booked)}"] if exchange.booked else []
        at = exchange.received_at if exchange.answered_at is None else exchange.answered_at
        yield _Step(at, position + 1, "sandbox", "; ".join([*booked, _answer(exchange)]))
        left = exchange.client_gone_at
        if left is not None and not _left_by_server(exchange):
            waited = duration(left - exchange.received_at)
            yield _Step(left, position + 2, "client", f"hangs up, {waited} after it asked")

    def _request(self, exchange: Exchange) -> str:
        if exchange.attempt is None:
            return f"{_name(exchange)}: {plain(exchange.method, 10)} {plain(exchange.target, 90)}"
        key = self.keys.get(exchange.idempotency_key or "", "no key")
        parts = [_name(exchange).ljust(self.name_width), key.ljust(self.key_width)]
        if self.several and exchange.reference in self.orders:
            parts.append(self.orders[exchange.reference])
        if waited := self._waited(exchange):
            parts.append(waited)
        return "   ".join(parts).rstrip()

    def _waited(self, exchange: Exchange) -> str:
        """How long the client itself waited since its last attempt; empty where the pause was the suite's."""
        last = self.previous.get(exchange.number)
        if last is None or self.owners.get(last.number) != self.owners.get(exchange.number):
            return ""
        ends = [end for end in (last.answered_at, last.client_gone_at) if end is not None]
        wait = exchange.received_at - min(ends, default=last.received_at)
        return "(at once)" if wait < 0.001 else f"(waited {duration(wait)})"


def _left_by_server(exchange: Exchange) -> bool:
    fault = exchange.fault
    if isinstance(fault, Error):
        return fault.lost
    return fault is not None and fault.fault in LEFT_BY_SERVER


def _name(exchange: Exchange) -> str:
    """Clients count their attempts; findings speak of requests by their number among all."""
    request = f"request {exchange.number}"
    if exchange.attempt is None:
        return request
    return f"attempt {exchange.attempt}{'' if exchange.attempt == exchange.number else f' ({request})'}"


def _said(call: Call) -> str:
    outcome = call.outcome
    if outcome is None:
        endings = {
            "crashed": "crashed",
            "hung": "did not come back, and was ended",
            "stopped": "was ended by the suite",
            "answered": "came back without an outcome",
        }
        return f"{endings[call.ending]}: {plain(call.detail, 200)}" if call.detail else endings[call.ending]
    order_id = None if outcome.order_id is None else shortened(plain(outcome.order_id, 80))
    told = [order_id, outcome.status, outcome.type]
    words = [plain(part, 80) for part in told if part]
    # What a client raised often says its own type again.
    if call.detail and not any(word in call.detail for word in words):
        words.append(f"({plain(call.detail, 120)})")
    return " ".join([outcome.kind, *words])


_LOST = {
    "reset": "connection reset, no answer",
    "close": "connection closed, no answer",
    "hang": "no answer, the line stays open",
    "garbage": "bytes that are no HTTP",
}
_UNREADABLE = {
    "truncate": "cut off in the middle",
    "html": "with a load balancer's HTML page",
    "empty": "with an empty body",
}
_MALFORMED: dict[MalformedForm, str] = {
    "html": "with an HTML page",
    "empty": "with an empty body",
    "truncated-json": "with half of a JSON document",
    "list": "with a JSON list",
    "text": "with a JSON string",
    "null": "with JSON null",
    "no-id": "without an id or type",
    "odd-id": "with an id or type that is no string",
    "wrong-type": "as plain text",
    "wrong-charset": "with bytes that are no UTF-8",
    "huge": "with five megabytes beside the answer",
}
_ODD = {
    "extra-fields": "with properties never seen before",
    "reordered": "its properties in another order",
}


def _answer(exchange: Exchange) -> str:
    """What became of the answer, seen from outside."""
    fault = exchange.fault
    kind = "ok" if fault is None else fault.fault
    status = "an answer" if exchange.status is None else str(exchange.status)
    text = _plain_answer(exchange)
    if kind in _LOST:
        text = _LOST[kind]
    elif kind in _UNREADABLE:
        text = f"{status}, {_UNREADABLE[kind]}"
    elif kind in _ODD:
        text = f"{text}, {_ODD[kind]}"
    match fault:
        case Redirect():
            text = f"{status}, go to {'another host' if fault.to == 'other-host' else 'plain http'}"
        case RateLimit():
            asked = exchange.retry_after
            wait = "no Retry-After" if asked is None else f"Retry-After {duration(asked)}"
            text = f"{status} rate limited, {wait}"
        case InProgress():
            text = _in_progress(exchange, fault.form)
        case Malformed():
            text = f"{status}, {_MALFORMED[fault.form]}"
        case Drip():
            text = f"{status}, then a byte every {duration(fault.seconds)}, without end"
        case OtherVersion():
            text = f"{text}, naming version {plain(fault.version, 40)}"
        case Processing():
            text = f"{text}; {fault.ends} after {duration(fault.seconds)}"
        case Error():
            text = _error(text, fault)
    return text


def _error(text: str, fault: Error) -> str:
    if fault.lost:
        text = f"connection reset instead of {plain(fault.type, 80)}"
    if fault.cached:
        text = f"{text}, stored for this key"
    if fault.words != "given":
        text = f"{text}, {'without' if fault.words == 'missing' else 'with null for'} message and help"
    elif fault.message is not None:
        text = f'{text}, message "{plain(fault.message, 60)}"'
    return f"{text}, {_ODD[fault.shape]}" if fault.shape != "plain" else text


def _in_progress(exchange: Exchange, form: str) -> str:
    interim = exchange.interim_status or exchange.status or "interim"
    match form:
        case "102-bare":
            return f"{interim} in progress, and nothing else"
        case "102-body":
            return f"{interim} in progress, with a body"
        case "102-then-final":
            return f"{interim} in progress, then {_plain_answer(exchange)}"
        case _:
            return f"{_plain_answer(exchange)}: in progress"


def _plain_answer(exchange: Exchange) -> str:
    if not exchange.complete:
        return "the request was broken off"
    if exchange.answer == "none":
        return "no answer"
    words = ["" if exchange.status is None else str(exchange.status)]
    words.append(plain(exchange.error_type or exchange.answer, 80))
    if exchange.order_id and exchange.order_id != exchange.booked:
        words.append(shortened(exchange.order_id))
    text = " ".join(word for word in words if word)
    return f"{text}, replayed" if exchange.replayed else text


def _sighted(form: str, excerpt: str) -> str:
    shown = f": {plain(excerpt, 120)}" if excerpt else ""
    return f"a secret, {plain(form, 60)}{shown}"


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

"""How asynchronous orders went on, how often the client asked, and what it told of them. Pure.

What must never be known here: any vendor's names, and which check is asking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from statistics import median

from pydantic import JsonValue

from conformance import bounds
from conformance.check import Doubtful, NotApplicable, Note, Observed, Remark, Unmet
from conformance.evidence import Call, Exchange, LedgerEntry
from conformance.faults import Processing
from conformance.finding import Violation
from conformance.judge.case import Case, Story
from conformance.judge.endings import ended_in_time
from conformance.judge.growth import share

NO_MODE = NotApplicable("the client asks for orders that are finished at once")
SILENT = NotApplicable("the client does not ask what becomes of an order that was accepted")
WITHOUT_STATUS = NotApplicable("the client tells no status with its outcome")
SEVERAL, AT_THE_ENDS = 7, 10
"""waits of which nearly all pairs have to fall, and waits at either end that are compared once there are twice as many:
chance makes neither up
"""
FALLING, RISING = 0.95, 0.02
CLEARLY = 0.9
"""times the earlier wait below which a later one is shorter"""


def asynchronous(case: Case, story: Story) -> tuple[LedgerEntry, Exchange] | None:
    """The order of this story and the attempt that booked it, if it was booked to be finished later."""
    orders = case.contract.orders
    for attempt in story.attempts:
        entry = case.entry(attempt.booked) if attempt.booked else None
        if entry is not None:
            named = {name.lower(): value for name, value in attempt.headers}
            mode = named.get(orders.mode_header.lower(), orders.modes[orders.default_mode])
            return (entry, attempt) if mode == orders.modes["async"] else None
    return None


def told_as_it_is(case: Case, story: Story) -> Iterator[Remark]:
    """Is each status that the client told one that the order had had by then?"""
    booked = asynchronous(case, story)
    if booked is None:
        yield NO_MODE
        return
    entry, attempt = booked
    for call in story.calls:
        outcome = call.outcome
        if outcome is None or outcome.kind != "created" or outcome.order_id != entry.order_id:
            yield Unmet("the client did not say that the order was created")
        elif outcome.status is None:
            yield WITHOUT_STATUS
        else:
            yield _told(case, story, call, outcome.status, entry, attempt)


def _told(case: Case, story: Story, call: Call, status: str, entry: LedgerEntry, attempt: Exchange) -> Remark:
    states = case.contract.orders.states
    known = {state.casefold(): state for state in states.values()}
    if status.casefold() not in known:
        return Note(f"the client has a word of its own for how an order stands: {status}")
    ready = entry.booked_at + _duration(case, attempt)
    had = {states["processing"]}
    if call.ended_at is not None and call.ended_at >= ready:
        had.add(_end(case, attempt))
    if known[status.casefold()] in had:
        return Observed()
    return Violation(
        "another status",
        f"{story.reference} was told as {known[status.casefold()]} {(call.ended_at or 0.0) - entry.booked_at:.1f} s "
        f"after it was booked; by then it was {' and then '.join(sorted(had, reverse=True))}",
        (attempt.number, *(poll.number for poll in polls(case, story)[-1:])),
        on_any_clock=True,
    )


def _duration(case: Case, attempt: Exchange) -> float:
    """Client seconds from booking to the order's end."""
    return attempt.fault.seconds if isinstance(attempt.fault, Processing) else case.contract.orders.processing


def _end(case: Case, attempt: Exchange) -> str:
    failed = isinstance(attempt.fault, Processing) and attempt.fault.ends == "failed"
    return case.contract.orders.states["failed" if failed else "completed"]


def polls(case: Case, story: Story) -> list[Exchange]:
    """The requests by which the client asked how its order stands, once it had been told of it."""
    told = next((a for a in story.attempts if a.answer == "success" and a.delivered == "complete"), None)
    if told is None or not story.calls:
        return []
    first = min(call.started_at for call in story.calls)
    following = [call.started_at for call in case.evidence.calls if call.started_at > first]
    others = [time for time in following if all(time != call.started_at for call in story.calls)]
    until = min(others, default=float("inf"))
    return [
        exchange
        for exchange in case.evidence.exchanges
        if exchange.received_at >= told.received_at
        and exchange.number > told.number
        and (
            _about(case, exchange, told.order_id)
            or (_kind(case, exchange) == "list" and exchange.received_at < until)
        )
    ]


def _about(case: Case, exchange: Exchange, order_id: str | None) -> bool:
    return _kind(case, exchange) == "fetch" and order_id is not None and order_id in exchange.target


def _kind(case: Case, exchange: Exchange) -> str | None:
    operation = case.contract.operations.get(exchange.operation or "")
    return operation.kind if operation else None


def polled_gently(case: Case, story: Story) -> Iterator[Remark]:
    """Did the client ask at a pace that the API can bear, not faster and faster, and did it stop asking?"""
    booked = asynchronous(case, story)
    if booked is None:
        yield NO_MODE
        return
    asked = polls(case, story)
    if not asked:
        yield SILENT
        return
    if not case.evidence.clock.held:
        yield Unmet("the client's waits escaped the clock; run again with --clock real")
        return
    waits = _own_waits(story, asked)
    typical = median(waits) if len(waits) > 1 else bounds.POLL
    told = f"{story.reference} was asked for {len(asked)} times"
    least = bounds.POLL - case.contract.rate_limit.tolerance
    if typical < least:
        yield Violation(
            "too often",
            f"{told}, every {typical:.2f} s by the median; at least {bounds.POLL:g} s are asked for",
            tuple(poll.number for poll in asked[:3]),
        )
    elif speeds_up(waits):
        yield Violation(
            "faster and faster",
            f"{told}, first after {waits[0]:.1f} s and in the end after {waits[-1]:.1f} s",
            tuple(poll.number for poll in (*asked[:2], *asked[-2:])),
        )
    elif _duration(case, booked[1]) > bounds.CALL:
        yield from ended_in_time(case, story)
    elif len(waits) > 1 and typical - case.evidence.clock.margin < least:
        yield Doubtful(f"{told}, every {typical:.2f} s: too little to tell it from delays", booked[1].number)
    else:
        yield Observed()


def _own_waits(story: Story, asked: Sequence[Exchange]) -> list[float]:
    """Between one poll and the next, but for those between which the suite asked the client again."""
    begun = [call.started_at for call in story.calls]
    return [
        later.received_at - earlier.received_at
        for earlier, later in pairwise(asked)
        if not any(earlier.received_at < time <= later.received_at for time in begun)
    ]


def speeds_up(waits: Sequence[float]) -> bool:
    """Do waits become shorter, beyond what jitter does?"""
    if len(waits) >= 2 * AT_THE_ENDS:
        first, last = waits[:AT_THE_ENDS], waits[-AT_THE_ENDS:]
        falls = median(last) < median(first) / 2
        return falls and share(first, last, float("inf"), 0.0) <= RISING
    pairs = list(combinations(waits, 2))
    shorter = sum(later < CLEARLY * earlier for earlier, later in pairs)
    return len(waits) >= SEVERAL and shorter >= FALLING * len(pairs)


def failure_told(case: Case, story: Story) -> Iterator[Remark]:
    """Does a client that was told that the order failed say so?"""
    if asynchronous(case, story) is None:
        yield NO_MODE
        return
    call = story.last_call
    seen = [poll for poll in polls(case, story) if _failed(case, story, poll)]
    if call is None or call.ended_at is None or call.outcome is None:
        if seen:
            yield Violation(
                "no outcome", f"{_failure(story, seen[0])}; it said {story.said()}", _numbers(seen)
            )
        else:
            yield Unmet("the client did not come to an end")
    elif not any(poll.received_at <= call.ended_at for poll in seen):
        yield NotApplicable("the client has answered before it learns what became of the order")
    elif call.outcome.kind == "rejected" or _says_failed(case, call):
        yield Observed()
    else:
        yield Violation(
            f"told as {call.outcome.kind}",
            f"{_failure(story, seen[0])}; the client in the end said {story.said()}",
            _numbers(seen),
            on_any_clock=True,
        )


def _failure(story: Story, poll: Exchange) -> str:
    return f"request {poll.number} was told that {story.reference} had failed"


def _numbers(seen: Sequence[Exchange]) -> tuple[int, ...]:
    return tuple(poll.number for poll in seen[:1])


def _says_failed(case: Case, call: Call) -> bool:
    outcome, failed = call.outcome, case.contract.orders.states["failed"]
    return outcome is not None and (outcome.status or "").casefold() == failed.casefold()


def _failed(case: Case, story: Story, poll: Exchange) -> bool:
    """Was this poll wholly answered, and does its answer say that the order failed?"""
    orders = case.contract.orders
    known = {entry.order_id for entry in story.ledger}
    return poll.delivered == "complete" and any(
        _at(each, orders.id) in known and _at(each, orders.status) == orders.states["failed"]
        for each in _objects(poll.response_body)
    )


def _objects(text: str) -> Iterator[JsonValue]:
    """Every object in the text, if it is JSON."""
    try:
        left: list[JsonValue] = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield value
            left += value.values()
        elif isinstance(value, list):
            left += value


def _at(document: JsonValue, pointer: str) -> JsonValue:
    for name in pointer.removeprefix("/").split("/"):
        document = document.get(name) if isinstance(document, dict) else None
    return document

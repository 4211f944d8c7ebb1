"""The evidence of one trial, told as stories: one order, its attempts, its calls, and what became of it.

What lives here: the words in which judges speak of evidence. Everything is derived from the evidence alone.
What must never be known here: any vendor's names, and which check is asking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from pydantic import JsonValue

from conformance.contract import Contract
from conformance.evidence import Call, Evidence, Exchange, LedgerEntry, Outcome, PlannedOrder
from conformance.faults import Ok

RESOLVING = frozenset({"success", "final", "rate-limited", "key-mismatch"})
"""answers after which it is certain whether this attempt booked the order"""
_LONG = 40
"""characters of a value, or of its place, that are told"""


@dataclass(frozen=True)
class Retry:
    """Two attempts in a row for one reference. `since`: the end of the first answer, or the moment at which the
    client gave it up. `by_suite`: the pause was ours, since the client had handed the order back in between.
    """

    earlier: Exchange
    later: Exchange
    since: float
    by_suite: bool

    @property
    def wait(self) -> float:
        """Client seconds from then to the second request; below 0 if that came first."""
        return self.later.received_at - self.since


@dataclass(frozen=True)
class Story:
    """All that happened to one reference."""

    order: PlannedOrder
    attempts: tuple[Exchange, ...]
    calls: tuple[Call, ...]
    ledger: tuple[LedgerEntry, ...]

    @property
    def reference(self) -> str:
        return self.order.reference

    @cached_property
    def retries(self) -> tuple[Retry, ...]:
        return tuple(self._retry(earlier, later) for earlier, later in pairwise(self.attempts))

    def _retry(self, earlier: Exchange, later: Exchange) -> Retry:
        ends = [time for time in (earlier.answered_at, earlier.client_gone_at) if time is not None]
        over = min(ends, default=earlier.received_at)
        by_suite = any(
            call.ended_at is not None
            and call.ended_at >= earlier.received_at
            and following.started_at <= later.received_at
            for call, following in pairwise(self.calls)
        )
        return Retry(earlier, later, over, by_suite)

    @cached_property
    def last_call(self) -> Call | None:
        return self.calls[-1] if self.calls else None

    @property
    def outcome(self) -> Outcome | None:
        """What the client believed in the end; None if its last call crashed, hung or was stopped."""
        return self.last_call.outcome if self.last_call else None

    @cached_property
    def undisturbed(self) -> tuple[Exchange, ...]:
        """The attempts up to and including the first that a final error or a key mismatch answered."""
        for index, attempt in enumerate(self.attempts):
            if attempt.answer in ("final", "key-mismatch") and attempt.delivered == "complete":
                return self.attempts[: index + 1]
        return self.attempts

    @cached_property
    def lost(self) -> tuple[Exchange, ...]:
        """The attempts that booked the order without the client having been told so."""
        return tuple(
            attempt
            for attempt in self.attempts
            if attempt.booked and (attempt.answer != "success" or attempt.delivered != "complete")
        )

    def resolved_before(self, attempt: Exchange) -> bool:
        """No attempt before this one may have booked the order without the client having been told."""
        return all(
            earlier.answer in RESOLVING and earlier.delivered == "complete"
            for earlier in self.attempts
            if earlier.number < attempt.number
        )

    @property
    def looked_up(self) -> bool:
        """The client reports the order although no attempt was told of it: it found it in another way."""
        told = any(
            attempt.answer == "success" and attempt.delivered == "complete" for attempt in self.attempts
        )
        outcome = self.outcome
        created = outcome is not None and outcome.kind == "created" and self.booked_by(outcome.order_id)
        return created and not told

    @property
    def cut_short(self) -> bool:
        """The faults outlasted the suite's asking again: the last call, too, met one and left the order undecided.
        How the client would have ended, nobody can say.
        """
        call, outcome = self.last_call, self.outcome
        if call is None or outcome is None or not self.attempts:
            return False
        last = self.attempts[-1]
        undecided = outcome.kind == "unknown" or last.answer == "rate-limited"
        faulty = last.fault is not None and not isinstance(last.fault, Ok)
        return undecided and faulty and last.received_at >= call.started_at

    def booked_by(self, order_id: str | None) -> bool:
        return any(entry.order_id == order_id for entry in self.ledger)

    def after(self, attempt: Exchange) -> tuple[Exchange, ...]:
        return tuple(later for later in self.attempts if later.number > attempt.number)

    def said(self) -> str:
        """What the client said in the end, in a few words."""
        call = self.last_call
        if call is None:
            return "nothing"
        if call.outcome is None:
            detail = call.detail.strip().splitlines()[:1] if call.detail.strip() else []
            return " ".join([f"nothing: it {call.ending}", *(f"({line[:160]})" for line in detail)])
        told = [call.outcome.order_id, call.outcome.status, call.outcome.type]
        return " ".join([call.outcome.kind, *(f"{part}" for part in told if part)])


def stories(evidence: Evidence) -> tuple[Story, ...]:
    """What happened to each order of the trial, in the order in which they were planned."""
    return tuple(
        Story(
            order,
            tuple(
                exchange
                for exchange in evidence.exchanges
                if exchange.reference == order.reference and exchange.attempt is not None
            ),
            tuple(call for call in evidence.calls if call.reference == order.reference),
            tuple(entry for entry in evidence.ledger if entry.reference == order.reference),
        )
        for order in evidence.trial.orders
    )


@dataclass(frozen=True)
class Case:
    """One trial's evidence beside what was promised: the contract, the profile's API version, and whether the
    client goes on with an order when it is asked again.
    """

    evidence: Evidence
    contract: Contract
    api_version: str
    resumes: bool = True

    @cached_property
    def stories(self) -> tuple[Story, ...]:
        return stories(self.evidence)

    @cached_property
    def requests(self) -> tuple[Exchange, ...]:
        """Every request that arrived at the API itself, and not where a redirect led."""
        return tuple(exchange for exchange in self.evidence.exchanges if exchange.at == "api")

    @cached_property
    def attempts(self) -> tuple[Exchange, ...]:
        """Every create-order request of the trial, also those of which it is not known whose they are."""
        create = self.contract.create_operation
        return tuple(exchange for exchange in self.evidence.exchanges if exchange.operation == create)

    @cached_property
    def alike(self) -> bool:
        """Several orders have equal content, so that exchanges cannot be told apart by it."""
        values = [order.face_value for order in self.evidence.trial.orders]
        return len(set(values)) < len(values)

    def entry(self, order_id: str | None) -> LedgerEntry | None:
        """The order of the ledger with that id, whosever it is."""
        return next((entry for entry in self.evidence.ledger if entry.order_id == order_id), None)

    def faulty(self, *kinds: str) -> Iterator[tuple[Story, Exchange]]:
        """Each attempt that met a fault of these kinds, with the story that it belongs to."""
        for story in self.stories:
            for attempt in story.attempts:
                if attempt.fault is not None and attempt.fault.fault in kinds:
                    yield story, attempt

    def answered(self, *answers: str) -> Iterator[tuple[Story, Exchange]]:
        """Each attempt that was wholly answered in one of these classes, with its story."""
        for story in self.stories:
            for attempt in story.attempts:
                if attempt.answer in answers and attempt.delivered == "complete":
                    yield story, attempt


def same_json(one: str, other: str) -> bool:
    """Equal as JSON; texts that are no JSON are compared as they are."""
    return _json_or_text(one) == _json_or_text(other)


def difference(one: str, other: str) -> str:
    """Where two bodies are not the same JSON for the first time, as `description: nothing, then "again"`."""
    try:
        return next(_differences(_json_or_text(one), _json_or_text(other), ""), "nothing")
    except RecursionError:
        return "deep inside"


def _differences(one: JsonValue, other: JsonValue, path: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            inner = _cut(f"{path}/{name}" if path else name)
            if name in one and name in other:
                yield from _differences(one[name], other[name], inner)
            else:
                yield f"{inner}: {_shown(one, name)}, then {_shown(other, name)}"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _differences(first, second, f"{path}/{number}")
    elif one != other:
        yield f"{path or 'all of it'}: {_written(one)}, then {_written(other)}"


def _shown(value: dict[str, JsonValue], name: str) -> str:
    return _written(value[name]) if name in value else "nothing"


def _written(value: JsonValue) -> str:
    return _cut(json.dumps(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _json_or_text(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def short(key: str | None) -> str:
    """A key short enough for a sentence, long enough to be told from another."""
    if not key:
        return "no key"
    return key if len(key) <= 20 else f"{key[:8]}…{key[-6:]}"

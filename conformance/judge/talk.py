"""Dialogues as answers: the words in which the checks of an endpoint speak. Pure.

What lives here: what an answer says by the contract, how two of them differ, and how each is named in a sentence.
What must never be known here: how anything was asked, and any check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from conformance.contract import Contract, Situation
from conformance.endpoint.dialogue import Dialogue, Turn
from conformance.endpoint.script import Ask
from conformance.reporting.plain import plain
from conformance.sandbox.documents import Unreadable, read_document, same_document
from conformance.sandbox.templates import point

UNSPOKEN = (401, 403, 404, 405, 408, 429)
"""4xx statuses by which nothing is said of the order itself"""


@dataclass(frozen=True)
class Said:
    """The answer to one request of the script."""

    ask: Ask
    turn: Turn
    contract: Contract

    @property
    def number(self) -> int:
        return self.turn.number

    @property
    def status(self) -> int:
        return self.turn.status or 0

    @cached_property
    def document(self) -> JsonValue:
        """The body as JSON; None where it is none, or not whole."""
        if self.turn.problem:
            return None
        try:
            return read_document(self.turn.response_body.encode())
        except Unreadable:
            return None

    @cached_property
    def type(self) -> str | None:
        found = point(self.document, self.contract.errors.type_field)
        return found if isinstance(found, str) and found else None

    @cached_property
    def order_id(self) -> str | None:
        found = point(self.document, self.contract.orders.id) if 200 <= self.status < 300 else None
        return found if isinstance(found, str) and found else None

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Was it this request that was found wrong, and not the key, the address or the pace?"""
        return 400 <= self.status < 500 and self.status not in UNSPOKEN

    @property
    def in_progress(self) -> bool:
        return self.type == self.contract.idempotency.in_progress_type

    @property
    def mismatched(self) -> bool:
        return self.type == self.contract.idempotency.mismatch_type

    @cached_property
    def version(self) -> str | None:
        name = self.contract.versions.header.lower()
        return next((value for header, value in self.turn.response_headers if header.lower() == name), None)

    @property
    def as_meant(self) -> bool:
        """Was a request that ought to be accepted accepted, and one that ought to be refused refused for that?"""
        wanted = self.succeeded if self.ask.is_sound else self.status >= 400 and self.status not in UNSPOKEN
        return wanted and not self.in_progress

    @property
    def is_as_promised(self) -> bool:
        """Is there in it what the contract says that this operation always answers?"""
        promised = self.contract.operations[self.ask.operation].answer
        told = self.document
        return isinstance(promised, dict) and isinstance(told, dict) and promised.items() <= told.items()

    @property
    def asked(self) -> str:
        return f"request {self.number} ({self.turn.method} {plain(self.turn.target, 80)})"

    @property
    def told(self) -> str:
        """In a few words: the status, and what makes it that one."""
        words = self.order_id or self.type or (self.fault_of_body() if self.status >= 400 else "")
        return f"{self.status}{f' {plain(words, 80)}' if words else ''}"

    def is_situation(self, situation: Situation) -> bool:
        """Is it the answer that the contract has for a situation, by type and status?"""
        entry = self.contract.error_types[self.contract.errors.situations[situation]]
        return self.type == entry.type and self.status in entry.statuses

    def fault_of_body(self) -> str:
        """What an error's body lacks of the documented shape; "" if nothing."""
        if self.turn.problem:
            return self.turn.problem
        if not isinstance(self.document, dict):
            return "a body that is no JSON object" if self.turn.response_body.strip() else "an empty body"
        errors = self.contract.errors
        detailed = "invalid-body" in errors.situations and self.is_situation("invalid-body")
        return _lacking(self.document, errors.invalid_body_envelope if detailed else errors.envelope)

    def fault_of_media_type(self) -> str:
        """What else than JSON the answer says that it is; "" if nothing."""
        named = next((v for name, v in self.turn.response_headers if name.lower() == "content-type"), "")
        media = named.partition(";")[0].strip().lower()
        if media == "application/json" or media.endswith("+json"):
            return ""
        return f"content type {plain(named, 60)}" if named else "no content type"


def _lacking(document: dict[str, JsonValue], envelope: JsonValue) -> str:
    """By the template: what every error has, and what some have, is text; details are a list."""
    for name, template in envelope.items() if isinstance(envelope, dict) else ():
        value = document.get(name)
        optional = isinstance(template, str) and template.startswith("$~")
        if value is None and optional:
            continue
        if name not in document:
            return f"no {name}"
        if template == "$details":
            if not isinstance(value, list):
                return f"{name} that are no list"
        elif not isinstance(value, str) or (not value and not optional):
            return f"{name} that is {'empty' if value == '' else 'no text'}"
    return ""


@dataclass(frozen=True)
class Talk:
    """One dialogue. `answers` has one entry for each request of the script, None where none came that stands."""

    dialogue: Dialogue
    contract: Contract

    @cached_property
    def answers(self) -> tuple[Said | None, ...]:
        last = {turn.ask: turn for turn in self.dialogue.turns if turn.status is not None}
        return tuple(
            Said(ask, last[index], self.contract) if index in last and not last[index].void else None
            for index, ask in enumerate(self.dialogue.script.asks)
        )

    @property
    def whole(self) -> bool:
        return not self.dialogue.cut

    def said(self) -> Iterator[Said]:
        yield from (answer for answer in self.answers if answer is not None)

    @property
    def placed(self) -> tuple[Said, ...]:
        """The answers to orders."""
        return tuple(said for said in self.said() if said.ask.operation == self.contract.create_operation)

    def booked(self) -> tuple[str, ...]:
        """The ids of this dialogue's orders, as the list shows them that was read last: those with its mark, or where
        the list shows nobody's, those that were not in the one that was read first.
        """
        lists = [
            index for index, ask in enumerate(self.dialogue.script.asks) if self._collection(ask.operation)
        ]
        if len(lists) < 2:
            return ()
        before, after = (self._listed(index) for index in (lists[0], lists[-1]))
        mark = self._mark()
        marked = [id_ for id_, text in after.items() if mark is not None and mark in text]
        return tuple(sorted(marked or after.keys() - before.keys()))

    def _listed(self, ask: int) -> dict[str, str]:
        """The text of each order in the pages of a list, by id."""
        pointer = self.contract.orders.free_text
        found: dict[str, str] = {}
        for entry in (
            entry for turn in self.dialogue.turns if turn.ask == ask for entry in self._entries(turn)
        ):
            id_ = point(entry, self.contract.orders.id)
            if isinstance(id_, str):
                found[id_] = str(point(entry, pointer) or "") if pointer else ""
        return found

    def _collection(self, operation: str) -> str | None:
        known = self.contract.operations[operation]
        return known.collection if known.kind == "list" else None

    def _entries(self, turn: Turn) -> list[JsonValue]:
        said = Said(self.dialogue.script.asks[turn.ask], turn, self.contract)
        entries = point(said.document, f"/{self._collection(said.ask.operation)}")
        return entries if said.succeeded and isinstance(entries, list) else []

    def _mark(self) -> str | None:
        """The words by which the orders of this dialogue are known."""
        for turn in self.dialogue.turns:
            try:
                text = point(read_document(turn.body.encode()), self.contract.orders.free_text or "")
            except Unreadable:
                continue
            if isinstance(text, str) and text:
                return " ".join(text.split()[:2])
        return None


def answered(said: Said | None, otherwise: str) -> str:
    """What is wrong, and by which answer it is known, if there was one."""
    return otherwise if said is None else f"{otherwise}: {said.asked} was answered {said.told}"


def same(one: Said, other: Said) -> bool:
    """The same status, and the same body as JSON."""
    if one.status != other.status:
        return False
    if one.document is None or other.document is None:
        return one.turn.response_body == other.turn.response_body
    return same_document(one.document, other.document)


def difference(one: Said, other: Said) -> str:
    """What another answer has in place of the first one's."""
    if one.status != other.status:
        return f"{other.told} instead of {one.told}"
    where = _differing(one.document, other.document, "")
    return f"another body ({plain(where, 80)} differs)" if where else "another body"


def _differing(one: JsonValue, other: JsonValue, at: str) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in (*one, *(each for each in other if each not in one)):
            if name not in one or name not in other:
                return f"{at}/{name}"
            if found := _differing(one[name], other[name], f"{at}/{name}"):
                return found
        return ""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next(
            (
                found
                for n, pair in enumerate(zip(one, other, strict=True))
                if (found := _differing(*pair, f"{at}/{n}"))
            ),
            "",
        )
    return "" if same_document(one, other) else at or "all of it"

"""What a counterexample holds, read for people: requests, answers, what was booked, what was written. Pure.

What lives here: the reading of stored evidence, of a trial or of a dialogue with an endpoint, cut to a length that a
page can bear, with what was cut said.
What must never be known here: which check failed and why, and what a page looks like.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import JsonValue, ValidationError

from conformance.endpoint.dialogue import Turn, dialogues
from conformance.evidence import Evidence, Exchange, LedgerEntry, Output, Secret, Sighting, evidences
from conformance.faults import Fault
from conformance.reporting.phrases import answered, asked, left_by_server, named
from conformance.reporting.plain import MOST_STORED, plain
from conformance.reporting.quantities import duration
from conformance.reporting.readiness import FindingEntry

MOST_TALKS = 10
FIRST, LAST = 4, 3
"""of a longer story, so many exchanges are kept at its beginning and its end, and then what shows the violation"""
MOST_HEADERS = 40
MOST_ENTRIES = 24
"""rows of the ledger, and outputs"""
MOST_OF_BODY = 2_000
MOST_OF_OUTPUT = 1_500
MOST_OF_HEADER = 400
"""characters"""
_CUT = re.compile(r"… \((\d{1,3}(?:,\d{3})*) characters more\)\Z")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer, as it was on the wire. `line`: the request line without a protocol, or the status."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Talk:
    """One request with what became of it. `at`: client seconds, or seconds on the wall behind a dialogue. `key`: the
    letter that its idempotency key goes by, "" if it has none. `remarks`: what else is to be known, a sentence each.
    """

    number: int
    name: str
    at: float
    key: str
    became: str
    request: Message
    answer: Message | None
    remarks: tuple[str, ...]
    shows: bool


@dataclass(frozen=True, slots=True)
class Booking:
    """An order in the ledger. `again`: its reference owns another one as well."""

    order_id: str
    reference: str
    face_value: str
    key: str
    at: float
    exchange: int
    status: str
    again: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """What the client wrote to one stream, and the secrets in it. `size` in bytes."""

    stream: str
    size: int
    text: str
    sightings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exhibits:
    """All of it. `left_out`: exchanges that are in the evidence, and not here. `unread`: why nothing is here."""

    talks: tuple[Talk, ...] = ()
    left_out: int = 0
    ledger: tuple[Booking, ...] = ()
    unlisted: int = 0
    """orders of the ledger that are not listed"""
    writings: tuple[Writing, ...] = ()
    of_trial: bool = False
    """there was a client, and so a ledger of what it really ordered"""
    of_endpoint: bool = False
    unread: str = ""


def exhibits(finding: FindingEntry) -> Exhibits:
    """What the finding's counterexample holds; nothing where it examined no trial."""
    stored = finding.counterexample.evidence
    if not stored:
        return Exhibits()
    letters = {step.exchange: step.key for step in finding.steps if step.exchange is not None and step.key}
    try:
        if "turns" in stored:
            return _heard(stored, finding.exchanges)
        return _observed(evidences.validate_python(stored), finding.exchanges, letters)
    except ValidationError:
        return Exhibits(unread="The evidence is not of the form that this version of golive writes.")


def _heard(stored: Mapping[str, JsonValue], shown_by: Collection[int]) -> Exhibits:
    turns = dialogues.validate_python(stored).turns
    kept = _kept([turn.number for turn in turns], shown_by)
    began = min((turn.at for turn in turns), default=0.0)
    return Exhibits(
        talks=tuple(_turn(turn, began, turn.number in shown_by) for turn in turns if turn.number in kept),
        left_out=len(turns) - len(kept),
        of_endpoint=True,
    )


def _observed(evidence: Evidence, shown_by: Collection[int], letters: Mapping[int, str]) -> Exhibits:
    exchanges = sorted(evidence.exchanges, key=lambda exchange: exchange.number)
    kept = _kept([exchange.number for exchange in exchanges], shown_by)
    owned = Counter(entry.reference for entry in evidence.ledger)
    return Exhibits(
        talks=tuple(
            _talk(exchange, letters.get(exchange.number, ""), exchange.number in shown_by)
            for exchange in exchanges
            if exchange.number in kept
        ),
        left_out=len(exchanges) - len(kept),
        of_trial=True,
        ledger=tuple(
            _booking(
                entry,
                letters.get(entry.exchange, ""),
                entry.reference is not None and owned[entry.reference] > 1,
            )
            for entry in evidence.ledger[:MOST_ENTRIES]
        ),
        unlisted=max(0, len(evidence.ledger) - MOST_ENTRIES),
        writings=tuple(
            _writing(output)
            for output in evidence.outputs[:MOST_ENTRIES]
            if output.text.strip() or output.sightings
        ),
    )


def _kept(numbers: Sequence[int], shown_by: Collection[int]) -> Collection[int]:
    if len(numbers) <= MOST_TALKS:
        return frozenset(numbers)
    kept = {*numbers[:FIRST], *numbers[-LAST:]}
    for number in numbers:
        if number in shown_by and len(kept) < MOST_TALKS:
            kept.add(number)
    return kept


def _talk(exchange: Exchange, key: str, shows: bool) -> Talk:
    answer = None
    if exchange.status is not None or exchange.response_headers or exchange.response_body:
        answer = _message(_status(exchange.status), exchange.response_headers, exchange.response_body)
    return Talk(
        number=exchange.number,
        name=asked(exchange) if exchange.attempt is None else named(exchange),
        at=exchange.received_at,
        key=key,
        became=answered(exchange),
        request=_message(_request_line(exchange.method, exchange.target), exchange.headers, exchange.body),
        answer=answer,
        remarks=tuple(_remarks(exchange)),
        shows=shows,
    )


def _turn(turn: Turn, began: float, shows: bool) -> Talk:
    answer = None
    if turn.status is not None:
        answer = _message(_status(turn.status), turn.response_headers, turn.response_body)
    return Talk(
        number=turn.number,
        name=f"request {turn.number}{', again' if turn.again else ''}",
        at=round(turn.at - began, 3),
        key="",
        became=plain(turn.problem, 300) or _status(turn.status),
        request=_message(_request_line(turn.method, turn.target), turn.headers, turn.body),
        answer=answer,
        remarks=("It is no answer to what was asked.",) if turn.void else (),
        shows=shows,
    )


def _remarks(exchange: Exchange) -> Iterator[str]:
    if exchange.fault is not None:
        yield f"The schedule had: {_fault(exchange.fault)}."
    if exchange.credential != "good":
        yield "It carried no key." if exchange.credential == "missing" else "Its key was a wrong one."
    if not exchange.complete:
        yield "The client broke off before the request was whole."
    if exchange.interim_status is not None:
        yield f"An interim {_status(exchange.interim_status)} was sent first, or alone."
    if exchange.booked:
        yield f"It put {plain(exchange.booked, 80)} into the ledger."
    if exchange.replayed:
        yield "The answer was the one stored for its idempotency key."
    if exchange.delivered == "partial":
        yield "Only a part of the answer was sent."
    elif exchange.delivered == "none" and exchange.status is not None:
        yield "The answer never left the sandbox."
    if exchange.client_gone_at is not None and not left_by_server(exchange):
        yield f"The client hung up {duration(exchange.client_gone_at - exchange.received_at)} after it asked."
    for sighting in exchange.sightings[:MOST_ENTRIES]:
        yield f"In the {plain(sighting.place, 80)}: {_sighted(sighting)}."


def _message(line: str, headers: Sequence[tuple[str, str]], body: str) -> Message:
    told = [(plain(name, 100), plain(value, MOST_OF_HEADER)) for name, value in headers[:MOST_HEADERS]]
    if missing := len(headers) - MOST_HEADERS:
        told += [("…", f"{missing:,} headers more")] if missing > 0 else []
    return Message(line, tuple(told), _shortened(body, MOST_OF_BODY))


def _shortened(text: str, limit: int) -> str:
    """So many characters, and how many there were beyond them, those counted in that were not stored."""
    found = _CUT.search(text)
    unstored = 0
    if found is not None and found.start() == MOST_STORED:
        text, unstored = text[:MOST_STORED], int(found[1].replace(",", ""))
    missing = max(0, len(text) - limit) + unstored
    shown = plain(text[:limit], limit, lines=True)
    return f"{shown}… ({missing:,} characters more)" if missing else shown


def _request_line(method: str, target: str) -> str:
    return f"{plain(method, 20)} {plain(target, 500)}"


def _status(status: int | None) -> str:
    if status is None:
        return "no status"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _fault(fault: Fault) -> str:
    return plain(", ".join(f"{name}: {value}" for name, value in fault.to_mapping().items()), 300)


def _booking(entry: LedgerEntry, key: str, again: bool) -> Booking:
    return Booking(
        order_id=plain(entry.order_id, 80),
        reference=plain(entry.reference or "nobody's", 60),
        face_value=plain(entry.face_value, 40),
        key=key,
        at=entry.booked_at,
        exchange=entry.exchange,
        status=plain(entry.status, 40),
        again=again,
    )


def _writing(output: Output) -> Writing:
    return Writing(
        stream=plain(output.stream, 200),
        size=output.size,
        text=_shortened(output.text, MOST_OF_OUTPUT),
        sightings=tuple(
            f"{plain(sighting.place, 80)}{'' if sighting.line is None else f', line {sighting.line:,}'}: "
            f"{_sighted(sighting)}"
            for sighting in output.sightings[:MOST_ENTRIES]
        ),
    )


_SECRETS: Mapping[Secret, str] = {
    "key": "a secret of the key",
    "payout-link": "a payout link",
    "recipient": "a recipient",
}


def _sighted(sighting: Sighting) -> str:
    excerpt = f": {plain(sighting.excerpt, 160)}" if sighting.excerpt else ""
    return f"{_SECRETS[sighting.what]}, {plain(sighting.form, 60)}{excerpt}"

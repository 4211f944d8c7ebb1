"""What was asked for in a trial and everything that was observed in it: plain data, frozen, no behaviour.

What lives here: the record types and their JSON form. Times are seconds on the sandbox's clock (client
seconds), counted from the start of the trial. Secrets are redacted before they get here; where a secret was
seen is kept as a `Sighting`.
What must never be known here: how any of it was observed, and whether it is right or wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue, TypeAdapter

from conformance.belief import Outcome as Outcome  # noqa: PLC0414  everybody else knows it as evidence
from conformance.faults import Fault, Schedule

AnswerClass = Literal[
    "success",  # 2xx in the contract's shape
    "final",  # an error that only a corrected order gets past
    "transient",  # 5xx
    "rate-limited",
    "in-progress",
    "key-mismatch",
    "redirect",
    "unreadable",  # bytes that the contract does not describe: HTML, garbage, an empty or truncated body
    "none",  # no final answer left the sandbox
]
Delivery = Literal["complete", "partial", "none"]
Certificate = Literal["good", "self-signed", "unknown-ca", "expired", "not-yet-valid", "wrong-host"]
Secret = Literal["key", "payout-link", "recipient"]
RETURNED = "answer"
"""the stream of what a client told its caller alone: not an output, but no place for a key either"""
Place = Literal["api", "other-host", "other-port", "plain-http"]


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One business intent: what the client is handed, and what its attempts will meet. `endless`: the last fault
    of the schedule is met by every attempt after it as well. `corrects`: the reference of an earlier order of
    the trial that was refused; this one is handed over under that reference, as its corrected form.
    """

    reference: str
    body: dict[str, JsonValue]
    face_value: str
    schedule: Schedule = ()
    endless: bool = False
    corrects: str | None = None

    @property
    def handed_as(self) -> str:
        """The reference that the client is told."""
        return self.corrects or self.reference


@dataclass(frozen=True, slots=True)
class Trial:
    """What to do in one run. `concurrent`: all orders are handed over at once, else one after the other. `verbose`:
    every logger at its most talkative, and the client's own debug switches on. `restart`: between one order and the
    next the client is ended and started again. `twice`: each order is handed over twice at once. `once`: nobody
    asks again, whatever the client says. `later`: client seconds after which the suite asks again for an order that
    was left unknown, instead of its ordinary pauses. `limit`: create-order requests that the sandbox admits in the
    contract's window, the contract's own number if None. `certificate`: what the sandbox shows over TLS; plain HTTP
    if None. `swapped`: what it shows instead once an order was placed. `watched`: the client's processes are looked
    at while its requests are open.
    """

    orders: tuple[PlannedOrder, ...]
    concurrent: bool = False
    verbose: bool = False
    restart: bool = False
    twice: bool = False
    once: bool = False
    later: float | None = None
    limit: int | None = None
    certificate: Certificate | None = None
    swapped: Certificate | None = None
    watched: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A secret, or a run of its characters, seen in `place`. The excerpt is redacted."""

    place: str
    form: str
    excerpt: str = ""
    line: int | None = None
    what: Secret = "key"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request at the sandbox, with its response or the lack of one."""

    number: int
    connection: int
    operation: str | None
    """the contract's name of the operation; None when no operation matches"""
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str
    received_at: float
    reference: str | None = None
    attempt: int | None = None
    """counts the create-order requests of the reference from 1; None for every other request"""
    idempotency_key: str | None = None
    api_version: str | None = None
    credential: Literal["good", "wrong", "missing"] = "missing"
    sightings: tuple[Sighting, ...] = ()
    """where the key was seen outside its header"""
    complete: bool = True
    """False when the client broke off before the request was whole"""
    fault: Fault | None = None
    answer: AnswerClass = "none"
    status: int | None = None
    interim_status: int | None = None
    """a 1xx that was sent before, or instead of, the final answer"""
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""
    error_type: str | None = None
    order_id: str | None = None
    """the id that the answer names"""
    retry_after: float | None = None
    """seconds that the answer asked the client to wait"""
    replayed: bool = False
    booked: str | None = None
    """the id of the order that this exchange put into the ledger"""
    delivered: Delivery = "none"
    answered_at: float | None = None
    """when the last byte was written, or the line was cut; None while it hangs"""
    client_gone_at: float | None = None
    """when the client was seen to close the connection without having had a whole answer"""
    at: Place = "api"
    """where the request arrived; elsewhere only by a redirect, and such a request is never an attempt"""


@dataclass(frozen=True, slots=True)
class Handshake:
    """One connection over TLS. `completed`: the client accepted the certificate. `alert`: what it said otherwise."""

    connection: int
    certificate: Certificate
    completed: bool
    alert: str = ""
    at: float = 0.0
    """when it began"""


@dataclass(frozen=True, slots=True)
class ProcessLook:
    """One look at the arguments of the client's processes, while the sandbox held a request open."""

    exchange: int
    processes: int
    """how many were looked at"""
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An order that really exists, whatever anybody was told."""

    order_id: str
    reference: str | None
    face_value: str
    idempotency_key: str | None
    booked_at: float
    exchange: int
    status: str


@dataclass(frozen=True, slots=True)
class Call:
    """One time that the client was handed the order. No outcome: it crashed, hung or was ended; `killed`: as the
    schedule said.
    """

    reference: str
    number: int
    started_at: float
    ended_at: float | None
    outcome: Outcome | None
    ending: Literal["answered", "crashed", "hung", "stopped", "killed"] = "answered"
    detail: str = ""
    """exception text or the reason for the ending; redacted, at most a few lines"""


@dataclass(frozen=True, slots=True)
class Output:
    """What the client wrote to one stream: `stdout`, `stderr`, `log`, `exception`, or a file's name; or RETURNED."""

    stream: str
    text: str
    size: int
    """bytes in all; `text` may be shorter"""
    sightings: tuple[Sighting, ...] = ()
    kept: bool = False
    """a file in which the client may keep its own data, as against what it merely tells"""


@dataclass(frozen=True, slots=True)
class ClockReading:
    kind: Literal["real", "accelerated", "virtual"]
    simulated: float
    """client seconds that the trial took"""
    held: bool = True
    """False when the client's waits escaped the clock, so that its times mean nothing"""
    factor: float = 1.0
    """client seconds in one second on the wall; 1 on the virtual clock, which has none"""
    margin: float = 0.0
    """client seconds by which a wait may look longer than the client meant it, since its world was faster"""
    began: float | None = None
    """what the client's calendar clock showed when the trial began, in seconds since 1970"""


@dataclass(frozen=True, slots=True)
class Evidence:
    trial: Trial
    exchanges: tuple[Exchange, ...]
    ledger: tuple[LedgerEntry, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Output, ...] = ()
    escapes: tuple[str, ...] = ()
    """hosts that the client tried to reach beyond loopback, and was kept from"""
    stopped: str | None = None
    """why the suite ended the trial before the client was done"""
    clock: ClockReading = field(default_factory=lambda: ClockReading("real", 0.0))
    handshakes: tuple[Handshake, ...] = ()
    """of a trial over TLS"""
    looks: tuple[ProcessLook, ...] = ()
    disturbed: str | None = None
    """why nothing may be concluded from it: something else than the client and the schedule had a part in it"""


trials: TypeAdapter[Trial] = TypeAdapter(Trial)
evidences: TypeAdapter[Evidence] = TypeAdapter(Evidence)
"""JSON both ways: `evidences.dump_json(evidence, by_alias=True)`, `evidences.validate_json(text)`."""

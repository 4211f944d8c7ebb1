"""The fault vocabulary: everything that can go wrong on one attempt, as data.

What lives here: one model a fault, how a schedule is read from and written to YAML or JSON.
What must never be known here: how a fault is put on the wire (`sandbox/`), or what a client should do about it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

InProgressForm = Literal["102-bare", "102-body", "102-then-final", "400"]
MalformedForm = Literal[
    "html",
    "empty",
    "truncated-json",  # half of it, wholly delivered
    "list",  # JSON, but no object
    "text",
    "null",
    "no-id",  # without the order's id, or without the error's type
    "wrong-type",  # the right JSON, announced as plain text
    "wrong-charset",  # announced as UTF-8, and it is not
    "huge",  # the right JSON, after five megabytes of white space
]
When = Literal["before", "after"]
Words = Literal["given", "null", "missing"]
Written = Literal["plainly", "without-scheme", "behind-user-name"]


class _Fault(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_mapping(self) -> dict[str, object]:
        """The mapping that a schedule file holds for this fault: what it is first, then what is not plain."""
        whole = self.model_dump(by_alias=True)
        telling = self.model_dump(by_alias=True, exclude_defaults=True)
        return {key: whole[key] for key in ("fault", "type", "form", "when", "to") if key in whole} | telling


class Ok(_Fault):
    """Nothing goes wrong on this attempt."""

    fault: Literal["ok"] = "ok"


class _Line(_Fault):
    when: When = Field(default="after", description="was the order booked before the line went dead?")


class Reset(_Line):
    """The connection is torn down with a TCP RST."""

    fault: Literal["reset"] = "reset"


class Close(_Line):
    """The connection is closed in an orderly way (FIN) with no byte of an answer."""

    fault: Literal["close"] = "close"


class Hang(_Line):
    """The connection stays open and nothing is ever sent on it."""

    fault: Literal["hang"] = "hang"


class Truncate(_Fault):
    """The order is booked; the answer ends (FIN) in the middle of its body."""

    fault: Literal["truncate"] = "truncate"


class Error(_Fault):
    """An error of the contract's catalogue. Uncached ones come from an intermediary: the API never saw
    the request, so it is neither stored nor booked, unless `booked` says that the intermediary lied.
    """

    fault: Literal["error"] = "error"
    type: str
    status: int | None = Field(default=None, description="one of the type's statuses; the first if absent")
    cached: bool = Field(default=False, description="does the idempotency store know and replay it?")
    booked: bool = Field(default=False, description="the order exists although the answer says otherwise")
    lost: bool = Field(default=False, description="the answer never arrives: the line is reset instead")
    message: str | None = Field(default=None, description="another text than the catalogue's")
    help: str | None = Field(default=None, description="another text than the catalogue's")
    words: Words = Field(default="given", description="message and help: as they are, null, or left out")
    shape: Literal["plain", "extra-fields", "reordered"] = Field(
        default="plain", description="unseen properties at every depth, or properties in another order"
    )


class RateLimit(_Fault):
    """429 in the contract's own envelope; nothing is booked."""

    fault: Literal["rate-limit"] = "rate-limit"
    retry_after: Literal["none", "seconds", "date"] | Annotated[float, Field(ge=0, le=86_400)] = "none"
    delay: float = Field(default=10, ge=0, le=86_400, description="seconds that `seconds` and `date` ask for")

    @property
    def asked_wait(self) -> float | None:
        """Seconds that the Retry-After header asks for; None when there is no such header."""
        if isinstance(self.retry_after, float | int):
            return float(self.retry_after)
        return None if self.retry_after == "none" else self.delay


def _unquoted(form: object) -> object:
    # In YAML, 400 without quotes is a number.
    return str(form) if isinstance(form, int) and not isinstance(form, bool) else form


class InProgress(_Fault):
    """The original request is booked and still being worked on: `for` attempts in a row are told so.

    With `102-then-final` the interim 102 is followed by the final answer on the same connection.
    """

    fault: Literal["in-progress"] = "in-progress"
    form: Annotated[InProgressForm, BeforeValidator(_unquoted)] = "400"
    times: int = Field(default=1, ge=1, le=1_000, alias="for", description="attempts that meet it")
    seconds: float = Field(
        default=0.5, ge=0, le=86_400, description="102-then-final: until the final answer follows"
    )


class _Unreadable(_Fault):
    when: When = Field(default="before", description="was the order booked before this was sent?")


class Garbage(_Unreadable):
    """Bytes that are no HTTP, then FIN."""

    fault: Literal["garbage"] = "garbage"


class Html(_Unreadable):
    """A load balancer's 502 page."""

    fault: Literal["html"] = "html"


class Empty(_Unreadable):
    """A status line with headers and a body of no bytes: 502, or 200 when the order was booked."""

    fault: Literal["empty"] = "empty"


class Malformed(_Unreadable):
    """An answer with a body that the contract does not describe, under any status. What is spoiled is the order's
    own answer if it was booked and the status is 2xx, else an error of that status.
    """

    fault: Literal["malformed"] = "malformed"
    form: MalformedForm = "truncated-json"
    status: int = Field(default=502, ge=200, le=599)


class Redirect(_Fault):
    """A redirect to another host, to another port, or to plain http; nothing is booked. Where all is plain http
    already, the last leads to the API itself. `of: others`: the attempt is served, and redirected is from then on
    whatever places no order.
    """

    fault: Literal["redirect"] = "redirect"
    to: Literal["other-host", "other-port", "plain-http"] = "other-host"
    status: Literal[301, 302, 303, 307, 308] = 307
    of: Literal["attempt", "others"] = "attempt"
    written: Written = Field(
        default="plainly",
        description="the URL: whole, without its scheme, or with the API's own host and port for a user name",
    )
    hops: int = Field(
        default=0, ge=0, le=9, description="redirects from one place of the API to the next that come before"
    )


class Slow(_Fault):
    """The order is booked at once and the answer comes `seconds` later."""

    fault: Literal["slow"] = "slow"
    seconds: float = Field(default=5, ge=0, le=86_400)


class Drip(_Fault):
    """The order is booked; its answer comes byte by byte, one every `seconds`, and never ends."""

    fault: Literal["drip"] = "drip"
    seconds: float = Field(default=5, gt=0, le=3_600)


class Kill(_Fault):
    """The client is ended by SIGKILL: as its request arrives and before anything was booked (`before`), when
    the order was booked and nothing was answered (`after`), or once the answer was sent (`answered`): the
    order's own, or an uncached error of `type`.
    """

    fault: Literal["kill"] = "kill"
    when: Literal["before", "after", "answered"] = "after"
    type: str | None = None


class Revoke(_Fault):
    """The account's key is revoked as this attempt arrives: it and all later requests are refused for their key."""

    fault: Literal["revoke"] = "revoke"


class OtherVersion(_Fault):
    """A correct answer that names another API version than the client asked for."""

    fault: Literal["other-version"] = "other-version"
    version: str


class Processing(_Fault):
    """An asynchronous order that takes `seconds` from its booking, and then is completed or has failed."""

    fault: Literal["processing"] = "processing"
    seconds: float = Field(default=30, ge=0, le=31_536_000)
    ends: Literal["completed", "failed"] = "completed"


class ExtraFields(_Fault):
    """A correct answer with properties that nobody has seen before, at every depth."""

    fault: Literal["extra-fields"] = "extra-fields"


class Reordered(_Fault):
    """A correct answer with its properties in another order."""

    fault: Literal["reordered"] = "reordered"


Fault = Annotated[
    Ok
    | Reset
    | Close
    | Hang
    | Truncate
    | Error
    | RateLimit
    | InProgress
    | Garbage
    | Html
    | Empty
    | Malformed
    | Redirect
    | Slow
    | Drip
    | Kill
    | Revoke
    | OtherVersion
    | Processing
    | ExtraFields
    | Reordered,
    Field(discriminator="fault"),
]
Schedule = tuple[Fault, ...]

schedules: TypeAdapter[Schedule] = TypeAdapter(Schedule)
"""Reads a schedule from the list of mappings that a file holds: `schedules.validate_python([{"fault": "ok"}])`."""


def to_mappings(schedule: Schedule) -> list[dict[str, object]]:
    """The schedule as the list of mappings that a schedule file and a counterexample hold."""
    return [fault.to_mapping() for fault in schedule]

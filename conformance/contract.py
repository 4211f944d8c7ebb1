"""What the vendor promises, as data: the models of a contract file.

What lives here: the shape of `contracts/*.yaml` and questions that can be answered from it alone.
What must never be known here: any vendor's name, header, path or number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr

ErrorClass = Literal["final", "transient", "rate-limited", "in-progress", "key-mismatch"]
Situation = Literal[
    "no-key",
    "bad-key",
    "address-not-allowed",
    "plain-http",
    "unknown-version",
    "removed-version",
    "unknown-path",
    "unknown-order",
    "unreadable-body",
    "invalid-body",
    "invalid-query",
    "invalid-cursor",
    "invalid-execution-mode",
    "no-idempotency-key",
    "unknown-product",
    "currency-mismatch",
    "insufficient-funds",
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Environment(_Model):
    """One place where the API runs. `key_prefixes` are the openings of the keys that work there."""

    base_url: str
    key_prefixes: tuple[str, ...]
    production: bool = False
    source: str


class Auth(_Model):
    """The key: the header that carries it, and its shape, `<public prefix><separator><secret>`."""

    header: str
    separator: str
    prefix_length: int
    secret_length: int
    secret_alphabet: str
    shape: str = Field(description="regular expression of a whole key")
    example: str = Field(description="the documentation's own example, never a finding")
    source: str


class InProgressAnswer(_Model):
    form: Literal["102-bare", "102-body", "102-then-final", "400"]
    status: int
    source: str


class Idempotency(_Model):
    """`window`: seconds for which body and answer are kept. `pause`: seconds that a client has to leave
    between being told that the original is in progress and its next attempt.
    """

    header: str
    operations: tuple[str, ...]
    window: float
    pause: float
    in_progress: tuple[InProgressAnswer, ...]
    in_progress_type: str
    mismatch_type: str
    source: str


class Versions(_Model):
    header: str
    current: str
    removed: tuple[str, ...] = ()
    source: str


class RateLimit(_Model):
    """`limit` requests to `operation` in `window` seconds. `wait`: seconds before the first retry at least;
    `tolerance`: seconds that a wait may fall short of it through rounding and clocks. `cap`: a wait of this
    many seconds need not grow any further.
    """

    operation: str
    limit: int
    documented_limits: tuple[int, ...]
    window: float
    status: int
    body: JsonValue
    wait: float
    cap: float
    tolerance: float
    sends_retry_after: bool
    source: str


class ErrorType(_Model):
    type: str
    statuses: tuple[int, ...]
    error_class: ErrorClass = Field(alias="class")
    message: str
    help: str | None = None
    deprecated: bool = False
    source: str

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Errors(_Model):
    """The catalogue. `type_field`: where in an error body the type stands; `envelope`: the body as a
    template; `situations`: the type that the API answers in each situation.
    """

    type_field: str
    envelope: JsonValue
    invalid_body_envelope: JsonValue
    invalid_body_detail: JsonValue
    situations: Mapping[Situation, str]
    catalogue: tuple[ErrorType, ...]
    transient_retry_pause: float = Field(
        description="seconds; the median wait of later retries is at least this"
    )
    source: str


class Operation(_Model):
    """One method and path. What it does is its `kind`; `answer` is the template of its body.

    create   books an order     fetch   one order        list   orders, page by page
    static   a fixed answer     lookup  one entry of another static operation's list
    balance  the account's money        estimate  what an order would cost
    """

    method: Literal["GET", "POST"]
    path: str
    kind: Literal["create", "fetch", "list", "static", "lookup", "balance", "estimate"]
    answer: JsonValue = None
    query: dict[str, JsonValue] | None = Field(default=None, description="JSON Schema of the query string")
    body: dict[str, JsonValue] | None = Field(default=None, description="JSON Schema of the request body")
    collection: str | None = Field(default=None, description="list and lookup: where the entries stand")
    of: str | None = Field(default=None, description="lookup: the static operation that holds the entries")
    by: str | None = Field(default=None, description="lookup: the entry's property that the path names")
    only_in: tuple[str, ...] = Field(default=(), description="environments that have it; all when empty")
    source: str


class Orders(_Model):
    """The order's life: how a request is made, what the answers look like, where to find things in them.

    Pointers are JSON pointers. `face_value` must point at something that each order of a trial can have
    for its own.
    """

    example: JsonValue = Field(description="template of a valid one-item order body")
    example_item: JsonValue = Field(description="template of one item, for orders of several items")
    recipient_item: JsonValue = Field(
        default=None,
        description="template of one item that goes to somebody: `$recipient` is an e-mail address",
    )
    items: str
    face_value: str
    face_value_step: str = Field(description="smallest difference between two face values, as a decimal")
    currency: str
    free_text: str | None = Field(
        default=None, description="a text of the sender's own, by which an order is known again in a list"
    )
    product_codes: tuple[str, ...] = Field(
        description="pointers, relative to an item, to codes or lists of them"
    )
    id: str
    status: str
    id_template: str = Field(description="`{ulid}` is replaced")
    item_id_template: str
    mode_header: str
    modes: Mapping[Literal["sync", "async"], str]
    default_mode: Literal["sync", "async"]
    sync_max_items: int
    sync_status: int
    async_status: int
    processing: float = Field(description="seconds that an asynchronous order takes")
    states: Mapping[Literal["processing", "completed", "failed"], str]
    completed: JsonValue
    completed_item: JsonValue
    accepted: JsonValue
    incomplete: JsonValue
    listed: JsonValue
    source: str


class Goods(_Model):
    """Where it is read what can be bought, and for how little. Pointers are into an entry of the operation's list;
    `orderable`: what stands in an entry that can be ordered; `amounts`: the least face value, or a list of those
    that there are.
    """

    operation: str
    code: str
    currency: str
    orderable: Mapping[str, JsonValue] = {}
    amounts: tuple[str, ...] = ()
    source: str


class Trigger(_Model):
    """A request header by which the vendor's own sandbox can be asked to fail."""

    header: str
    types: tuple[str, ...]
    source: str


class Pages(_Model):
    """Cursor pagination of lists: names of the query parameters, and the template of the page's envelope."""

    limit: str
    before: str
    after: str
    default: int
    maximum: int
    cursor_template: str
    envelope: JsonValue
    source: str


class Contract(_Model):
    """A whole contract file. That its names lead somewhere is looked at where it is read, in `contracts`."""

    name: str
    title: str
    version: str
    source: str = Field(description="where the vendor's pages are; every other `source` is a page of it")
    environments: Mapping[str, Environment]
    sandbox_environment: str = Field(description="the environment that the simulated sandbox plays")
    auth: Auth
    idempotency: Idempotency
    versions: Versions
    rate_limit: RateLimit
    errors: Errors
    orders: Orders
    pages: Pages
    trigger: Trigger | None = None
    goods: Goods | None = None
    currencies: tuple[str, ...]
    operations: Mapping[str, Operation]
    webhook_addresses: tuple[str, ...] = ()

    _path: Path | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """The file that it was read from."""
        return self._path

    @cached_property
    def error_types(self) -> dict[str, ErrorType]:
        return {entry.type: entry for entry in self.errors.catalogue}

    @cached_property
    def create_operation(self) -> str:
        """The name of the operation that books orders, whose requests are the attempts."""
        return next(name for name, operation in self.operations.items() if operation.kind == "create")

    @cached_property
    def ping_operation(self) -> str:
        """The name of the operation by which a key is tried: it takes nothing and changes nothing."""
        plain = (
            name
            for name, operation in self.operations.items()
            if operation.kind == "static" and operation.method == "GET" and not operation.query
        )
        return next(plain)

    @cached_property
    def key_pattern(self) -> re.Pattern[str]:
        return re.compile(self.auth.shape)

    def environment_of_key(self, key: str) -> str | None:
        """The name of the environment that a key belongs to by its prefix; None when no prefix fits."""
        for name, environment in self.environments.items():
            if key.startswith(environment.key_prefixes):
                return name
        return None

    def types_of_class(self, error_class: ErrorClass) -> tuple[ErrorType, ...]:
        return tuple(entry for entry in self.errors.catalogue if entry.error_class == error_class)

"""A correct client, taken apart into steps, so that another client can be wrong in exactly one of them.

What lives here: the steps, and the right way to take each. It behaves as `examples/python-httpx/client.py` does.
What must never be known here: any way of being wrong, and any check.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import time
import uuid
from collections import Counter
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, Protocol

import httpx

log = logging.getLogger(__name__)
TLS = httpx.create_ssl_context()  # reading the trust store takes longer than an order

Kind = Literal["created", "final", "mismatch", "limited", "in-progress", "transient", "lost"]


class Context(Protocol):
    """What golive tells a client beside the order."""

    @property
    def base_url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def api_version(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def state_dir(self) -> Path: ...
    @property
    def ca_file(self) -> Path | None: ...


class Rejected(Exception):
    def __init__(self, type: str) -> None:
        super().__init__(type)
        self.type = type


class Unknown(Exception):
    outcome = "unknown"

    def __init__(self, type: str) -> None:
        super().__init__(type)
        self.type = type


class Reference:
    """One call: `place_order` is what golive is given. Everything else is a step that may be overridden."""

    attempts: ClassVar[int] = 8
    key_lifetime: ClassVar[float] = 29 * 24 * 3600
    first_pause: ClassVar[dict[Kind, float]] = {"lost": 1, "transient": 1, "in-progress": 3, "limited": 5}

    def __init__(self, order: dict[str, object], context: Context) -> None:
        self.order = order
        self.context = context
        self.attempt = 0
        self.asked_wait = 0.0
        self.met: Counter[Kind] = Counter()
        self.expired = False
        self.http = connect(context.base_url)
        self.key, self.body, self.in_doubt = self.remember()

    @classmethod
    def place_order(cls, order: dict[str, object], context: Context) -> object:
        return cls(order, context).place()

    def place(self) -> object:
        if self.expired:
            raise Unknown("too_old_to_be_sent_again")
        kind, detail = self.once()
        while self.again(kind):
            time.sleep(max(self.pause(kind, self.met[kind]), self.asked_wait))
            kind, detail = self.once()
        return self.tell(kind, detail)

    def once(self) -> tuple[Kind, str]:
        """One attempt: what kind of answer came, and what it names, an order's id or an error's type."""
        self.attempt += 1
        self.asked_wait = 0.0
        try:
            response = self.send()
        except httpx.TransportError as error:
            kind, detail = self.on_no_answer(error)
        else:
            kind, detail = self.read(response)
        self.met[kind] += 1
        self.in_doubt = self.in_doubt or kind in ("lost", "transient", "in-progress")
        return kind, detail

    def again(self, kind: Kind) -> bool:
        return kind not in ("created", "final", "mismatch") and self.attempt < self.attempts

    def pause(self, kind: Kind, times: int) -> float:
        """Seconds after that kind of answer came for the `times`th time."""
        return min(self.first_pause[kind] * 2.0 ** (times - 1), 60) * random.uniform(1, 1.1)

    def tell(self, kind: Kind, detail: str) -> object:
        if kind == "created":
            return self.created(detail)
        if kind in ("final", "mismatch") and not self.in_doubt:
            self.forget()
            raise Rejected(detail)
        raise Unknown(detail)

    def created(self, order_id: str) -> object:
        return order_id

    # One request.

    def send(self) -> httpx.Response:
        return self.http.post(self.url(), content=self.content(), headers=self.headers())

    def url(self) -> str:
        return f"{self.context.base_url}/order"

    def headers(self) -> dict[str, str]:
        return {
            "X-Api-Key": self.context.api_key,
            "X-Api-Version": self.context.api_version,
            "X-Idempotency-Key": self.key_now(),
            "Content-Type": "application/json",
        }

    def key_now(self) -> str:
        return self.key

    def content(self) -> str:
        return self.body

    # Reading the answer.

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        return "lost", "no_answer"

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        self.look_at_version(response)
        if response.status_code == 429:
            self.asked_wait = self.retry_after(response)
            return self.on_rate_limit(response)
        try:
            answer = response.json()
        except ValueError:
            return self.on_no_json(response)
        if not isinstance(answer, dict):
            return self.on_no_json(response)
        if response.is_success:
            return self.on_success(answer)
        return self.on_error(response.status_code, str(answer.get("type")))

    def look_at_version(self, response: httpx.Response) -> None:
        version = response.headers.get("X-Api-Version")
        if version and version != self.context.api_version:
            log.warning("asked for version %s, answered in %s", self.context.api_version, version)

    def retry_after(self, response: httpx.Response) -> float:
        """Seconds that the answer asks for, as a number or as a date; 0 if it asks for nothing that can be read."""
        text = response.headers.get("Retry-After", "")
        try:
            return float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return 0.0

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        return "limited", "rate_limited"

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        """An answer that only its status can tell anything about."""
        return ("final" if response.is_client_error else "lost"), f"http_{response.status_code}"

    def on_success(self, answer: dict[str, object]) -> tuple[Kind, str]:
        order_id = answer.get("id")
        return ("created", order_id) if isinstance(order_id, str) else ("lost", "no_id")

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if type == "idempotency_in_progress" or status < 200:
            return "in-progress", type
        if type == "idempotency_validation_error":
            return "mismatch", type
        if status < 400:
            return "lost", f"http_{status}"
        return ("transient" if status >= 500 else "final"), type

    # What outlives the process.

    def remember(self) -> tuple[str, str, bool]:
        """Key and body of this reference, on disk before the first attempt, and whether they were there."""
        path = self.record()
        if not path.exists():
            stored = {"key": self.new_key(), "body": json.dumps(self.order), "since": time.time()}
            if self.claim(path, json.dumps(stored)):
                return stored["key"], stored["body"], False
        stored = json.loads(path.read_text())
        self.expired = time.time() - stored["since"] > self.key_lifetime
        return stored["key"], stored["body"], True

    def claim(self, path: Path, text: str) -> bool:
        """Puts the text there whole, if nobody else was faster."""
        draft = path.with_suffix(f".{uuid.uuid4().hex}")
        draft.write_text(text)
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def new_key(self) -> str:
        return str(uuid.uuid4())

    def forget(self) -> None:
        self.record().unlink(missing_ok=True)

    def record(self) -> Path:
        name = hashlib.sha256(self.context.reference.encode()).hexdigest()
        return Path(self.context.state_dir) / f"{name}.json"


@cache
def connect(base_url: str) -> httpx.Client:
    return httpx.Client(timeout=30, verify=TLS)

"""A small circuit breaker: after three failures in a row it sends nothing for half a minute."""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path

import httpx

from gallery.correct.courtesy import limited_wait, look_at_version

http = httpx.Client(timeout=20)

FAILURES = 3
OPEN_FOR = 30.0
KEPT = 29 * 24 * 3600


class Refused(Exception):
    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


class Unavailable(Exception):
    outcome = "unknown"


class Breaker:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._failures = 0
        self._closes_at = 0.0

    def check(self) -> None:
        with self.lock:
            if time.monotonic() < self._closes_at:
                raise Unavailable("the API is left alone for a while")

    def note(self, well: bool) -> None:
        with self.lock:
            self._failures = 0 if well else self._failures + 1
            if self._failures >= FAILURES:
                self._failures = 0
                self._closes_at = time.monotonic() + OPEN_FOR


breaker = Breaker()


def place_order(order, context):
    file = Path(context.state_dir) / f"{context.reference}.json"
    with breaker.lock:
        if not file.exists():
            file.write_text(json.dumps([str(uuid.uuid4()), json.dumps(order), time.time()]))
        key, body, since = json.loads(file.read_text())
    if time.time() - since > KEPT:
        raise Unavailable("too late to send this order again")
    headers = {
        "X-Api-Key": context.api_key,
        "X-Api-Version": context.api_version,
        "X-Idempotency-Key": key,
        "Content-Type": "application/json",
    }
    for wait in (1, 2, 4, 8):
        breaker.check()
        try:
            response = http.post(f"{context.base_url}/order", content=body, headers=headers)
            answer = dict(response.json())
        except (httpx.TransportError, ValueError, TypeError):
            breaker.note(well=False)
            time.sleep(wait)
            continue
        breaker.note(well=response.status_code < 500)
        look_at_version(response.headers, context.api_version)
        if response.status_code == 429:
            time.sleep(limited_wait(response.headers, 5 * wait))
        elif response.is_success and "id" in answer:
            return answer["id"]
        elif response.is_client_error and answer.get("type") != "idempotency_in_progress":
            raise Refused(answer.get("type"))
        else:
            time.sleep(2 + wait)
    raise Unavailable("no final answer")

"""stamina for the retries, the exception itself saying how long to wait."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
import uuid
from pathlib import Path

import httpx
import stamina

from gallery.correct.courtesy import limited_wait, look_at_version

KEPT = 29 * 24 * 3600
_one_at_a_time = threading.Lock()
TLS = httpx.create_ssl_context()  # reading the trust store takes longer than an order


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NoAnswer(Exception):
    outcome = "unknown"


class Limited(NoAnswer):
    def __init__(self, wait: float) -> None:
        super().__init__(f"limited for {wait:.1f} s")
        self.wait = wait


def _back_off(error: Exception) -> bool | dt.timedelta:
    if isinstance(error, Limited):
        return dt.timedelta(seconds=error.wait)
    return isinstance(error, NoAnswer | httpx.TransportError)


def place_order(order, context):
    file = Path(context.state_dir) / f"{context.reference}.json"
    with _one_at_a_time:
        if not file.exists():
            file.write_text(json.dumps({"key": str(uuid.uuid4()), "order": order, "since": time.time()}))
        stored = json.loads(file.read_text())
    if time.time() - stored["since"] > KEPT:
        raise NoAnswer("the API has forgotten the key")
    headers = {
        "X-Api-Key": context.api_key,
        "X-Api-Version": context.api_version,
        "X-Idempotency-Key": stored["key"],
    }
    with httpx.Client(base_url=context.base_url, headers=headers, timeout=15, verify=TLS) as http:
        for attempt in stamina.retry_context(
            on=_back_off, attempts=6, timeout=None, wait_initial=2.5, wait_max=20, wait_jitter=1
        ):
            with attempt:
                return _create(http, stored["order"], attempt.num)


def _create(http, order, number):
    response = http.post("/order", json=order)
    look_at_version(response.headers, http.headers["X-Api-Version"])
    if response.status_code == 429:
        raise Limited(limited_wait(response.headers, 7 * number))
    try:
        answer = response.json()
        kind = ("id" in answer and response.is_success and answer["id"]) or answer["type"]
    except (ValueError, KeyError, TypeError):
        raise NoAnswer(f"HTTP {response.status_code}") from None
    if response.is_success:
        return {"outcome": "created", "order_id": kind}
    if response.is_client_error and kind != "idempotency_in_progress":
        raise Refused(kind)
    raise NoAnswer(kind)

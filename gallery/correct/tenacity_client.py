"""tenacity around one attempt, with a wait that depends on what went wrong."""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from gallery.correct.courtesy import asked_wait, look_at_version

KEPT = 29 * 24 * 3600
_one_at_a_time = threading.Lock()
TLS = httpx.create_ssl_context()  # reading the trust store takes longer than an order
SOON = wait_exponential(multiplier=1, max=30) + wait_random(0, 1)
LATER = wait_exponential(multiplier=5, max=60) + wait_random(0, 2)


class Refused(Exception):
    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


class NotYet(Exception):
    """No final answer so far."""

    outcome = "unknown"


class SlowDown(NotYet):
    """The API wants the next request later, and has perhaps said when."""

    def __init__(self, why, asked=0.0):
        super().__init__(why)
        self.asked = asked


def _wait(state):
    error = state.outcome.exception()
    return max(LATER(state), error.asked) if isinstance(error, SlowDown) else SOON(state)


def place_order(order, context):
    key, body, since = _stored(Path(context.state_dir) / f"{context.reference}.json", order)
    if time.time() - since > KEPT:
        raise NotYet("the API has forgotten the key: look the order up")
    headers = {
        "X-Api-Key": context.api_key,
        "X-Api-Version": context.api_version,
        "X-Idempotency-Key": key,
        "Content-Type": "application/json",
    }
    retrying = Retrying(
        retry=retry_if_exception_type((NotYet, httpx.TransportError)),
        wait=_wait,
        stop=stop_after_attempt(7),
        reraise=True,
    )
    with httpx.Client(base_url=context.base_url, headers=headers, timeout=25, verify=TLS) as http:
        return retrying(_attempt, http, body)


def _attempt(http, body):
    response = http.post("/order", content=body)
    look_at_version(response.headers, http.headers["X-Api-Version"])
    if response.status_code == 429:
        raise SlowDown("rate limited", asked_wait(response.headers))
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NotYet(f"HTTP {response.status_code} without a readable answer")
    if response.is_success and answer.get("id"):
        return answer["id"]
    type_ = answer.get("type")
    if type_ == "idempotency_in_progress":
        raise SlowDown(type_)
    if response.is_client_error:
        raise Refused(type_)
    raise NotYet(type_)


def _stored(path, order):
    with _one_at_a_time:
        if not path.exists():
            stored = {"key": uuid.uuid4().hex, "body": json.dumps(order), "since": time.time()}
            path.write_text(json.dumps(stored))
        stored = json.loads(path.read_text())
    return stored["key"], stored["body"], stored["since"]

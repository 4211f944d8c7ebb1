"""Waits until an accepted order is completed, with polls that come less and less often, and tells how it stands."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from pathlib import Path

import httpx

from gallery.correct.courtesy import limited_wait, look_at_version

TLS = httpx.create_ssl_context()  # reading the trust store takes longer than an order
KEPT = 29 * 24 * 3600
WAITS_FOR_AN_ORDER = (2, 3, 5, 8, 13, 21, 34, 55)
_one_at_a_time = threading.Lock()


class Refused(Exception):
    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


class Undecided(Exception):
    outcome = "unknown"


def place_order(order, context):
    file = Path(context.state_dir) / f"{context.reference}.json"
    with _one_at_a_time:
        if not file.exists():
            stored = {"key": str(uuid.uuid4()), "body": json.dumps(order), "since": time.time()}
            file.write_text(json.dumps(stored))
        stored = json.loads(file.read_text())
    if time.time() - stored["since"] > KEPT:
        raise Undecided("the API has forgotten the key")
    headers = {"X-Api-Key": context.api_key, "X-Api-Version": context.api_version}
    with httpx.Client(base_url=context.base_url, headers=headers, timeout=20, verify=TLS) as http:
        accepted = _create(http, stored)
        return {
            "outcome": "created",
            "order_id": accepted["id"],
            "status": _final_status(http, accepted),
        }


def _create(http, stored):
    headers = {"X-Idempotency-Key": stored["key"], "Content-Type": "application/json"}
    for attempt in range(7):
        try:
            response = http.post("/order", content=stored["body"], headers=headers)
            answer = dict(response.json())
        except (httpx.TransportError, ValueError, TypeError):
            time.sleep((1 + attempt) * random.uniform(1, 1.5))
            continue
        look_at_version(response.headers, http.headers["X-Api-Version"])
        if response.is_success and "id" in answer:
            return answer
        if response.status_code == 429:
            time.sleep(limited_wait(response.headers, 5 * 2**attempt))
        elif response.is_client_error and answer.get("type") != "idempotency_in_progress":
            raise Refused(answer.get("type"))
        else:
            time.sleep(3 + attempt)
    raise Undecided("no final answer")


def _final_status(http, accepted):
    """The status in the end, or the last one that is known: PROCESSING, if the order takes too long."""
    status = accepted.get("status")
    for wait in WAITS_FOR_AN_ORDER:
        if status in ("COMPLETED", "FAILED"):
            break
        time.sleep(wait * random.uniform(1, 1.1))
        try:
            status = dict(http.get(f"/order/{accepted['id']}").json()).get("status", status)
        except (httpx.TransportError, ValueError, TypeError):
            continue
    return status

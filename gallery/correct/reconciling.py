"""Looks into the list of orders, by a name of its own, before it sends an undecided order again."""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path

import httpx

from gallery.correct.courtesy import limited_wait, look_at_version

_one_at_a_time = threading.Lock()
TLS = httpx.create_ssl_context()  # reading the trust store takes longer than an order


class Refused(Exception):
    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


class Undecided(Exception):
    outcome = "unknown"


def place_order(order, context):
    file = Path(context.state_dir) / f"{context.reference}.json"
    with _one_at_a_time:
        fresh = not file.exists()
        if fresh:
            key = str(uuid.uuid4())
            body = json.dumps(order | {"description": f"order {key[:8]}"})
            file.write_text(json.dumps({"key": key, "body": body}))
        stored = json.loads(file.read_text())
    name = json.loads(stored["body"])["description"]
    headers = {"X-Api-Key": context.api_key, "X-Api-Version": context.api_version}
    with httpx.Client(base_url=context.base_url, headers=headers, timeout=20, verify=TLS) as http:
        for attempt in range(6):
            if (attempt or not fresh) and (found := _find(http, name)):
                return found
            wait = _send(http, stored, 2**attempt)
            if isinstance(wait, dict):
                return wait
            time.sleep(wait)
    raise Undecided(name)


def _send(http, stored, factor):
    """The order, or the seconds to wait first: so many times the shortest."""
    headers = {"X-Idempotency-Key": stored["key"], "Content-Type": "application/json"}
    try:
        response = http.post("/order", content=stored["body"], headers=headers)
        look_at_version(response.headers, http.headers["X-Api-Version"])
        if response.status_code == 429:
            return limited_wait(response.headers, 5 * factor)
        answer = dict(response.json())
    except (httpx.TransportError, ValueError, TypeError):
        return factor
    if response.is_success and "id" in answer:
        return {"id": answer["id"], "status": answer["status"]}
    if response.is_client_error and answer.get("type") != "idempotency_in_progress":
        raise Refused(answer.get("type"))
    return 3 * factor


def _find(http, name):
    """The order of that name among the latest, if the list can be had."""
    try:
        orders = http.get("/order", params={"limit": 50}).json()["items"]
    except (httpx.TransportError, ValueError, KeyError):
        return None
    return next(
        ({"id": each["id"], "status": each["status"]} for each in orders if each.get("description") == name),
        None,
    )

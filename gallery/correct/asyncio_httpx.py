"""asyncio with httpx, and a semaphore that bounds how many orders are on their way at once."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from pathlib import Path

import httpx

from gallery.correct.courtesy import limited_wait, look_at_version

AT_ONCE = 4
KEPT = 29 * 24 * 3600
_one_at_a_time = threading.Lock()
TLS = httpx.create_ssl_context()  # reading the trust store takes longer than an order


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(f"refused: {code}")
        self.code = code


class Undecided(Exception):
    outcome = "unknown"


async def place_order(order, context):
    file = Path(context.state_dir) / f"{context.reference}.json"
    with _one_at_a_time:
        if not file.exists():
            stored = {"key": secrets.token_urlsafe(24), "order": order, "since": time.time()}
            file.write_text(json.dumps(stored))
        stored = json.loads(file.read_text())
    if time.time() - stored["since"] > KEPT:
        raise Undecided
    headers = {
        "X-Api-Key": context.api_key,
        "X-Api-Version": context.api_version,
        "X-Idempotency-Key": stored["key"],
    }
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=context.base_url, headers=headers, verify=TLS) as http, gate:
        return await _place(http, stored["order"])


async def _place(http, order):
    for attempt in range(7):
        try:
            async with asyncio.timeout(20):
                response = await http.post("/order", json=order, timeout=None)
        except (httpx.TransportError, TimeoutError):
            await asyncio.sleep(1 + attempt)
            continue
        look_at_version(response.headers, http.headers["X-Api-Version"])
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        match response.status_code, answer:
            case 429, _:
                await asyncio.sleep(limited_wait(response.headers, 5 + 5 * attempt))
            case 200 | 201 | 202, {"id": str(order_id)}:
                return order_id
            case _, {"type": "idempotency_in_progress"}:
                await asyncio.sleep(4)
            case status, {"type": str(type_)} if 400 <= status < 500:
                raise Refused(type_)
            case _:
                await asyncio.sleep(1 + attempt)
    raise Undecided

"""What a client meets in front of an endpoint, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from wrong_endpoints import Endpoint

from conformance.evidence import Exchange
from conformance.sandbox import Sandbox, World
from conformance.sandbox.beyond import Beyond
from conformance.sandbox.courtesy import Courtesy
from conformance.sandbox.upstream import Upstream

SECRET = "q7Yd-kT2mWx0Zr8bNf5Hs1Jc4Lv9Pa~e"
PAYOUT = "7KD9QW3MZ1XC5VB8NT2R"
KEY = f"XXtest01.{SECRET}"
QUICKLY = Courtesy(60_000, 60.0, at_once=1_000, patience=2.0)
"""an endpoint of our own may be asked as often as anybody likes"""


def order_body(face_value: float = 10.5) -> dict[str, Any]:
    return {
        "payment_method": {"type": "ACCOUNT_BALANCE", "currency": "GBP"},
        "items": [
            {
                "face_value": face_value,
                "distribution_method": {"type": "PAYOUT_LINK"},
                "products": {"type": "SINGLE", "value": "BOOKS-GB"},
            }
        ],
    }


@dataclass
class Front:
    """What a client meets, and what becomes of it."""

    base_url: str
    sandbox: Sandbox
    world: World
    beyond: Beyond
    upstream: Upstream
    behind: Endpoint
    client: httpx.Client

    def order(
        self, key: str = "key-1", face_value: float = 10.5, *, timeout: float = 15, **headers: str
    ) -> httpx.Response:
        sent = {
            "X-Api-Key": KEY,
            "X-Api-Version": "2024-02-05",
            "X-Idempotency-Key": key,
            "X-Execution-Mode": "sync",
        }
        body = order_body(face_value)
        return self.client.post(f"{self.base_url}/order", json=body, headers=sent | headers, timeout=timeout)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(
            self.base_url + path, headers={"X-Api-Key": KEY, "X-Api-Version": "2024-02-05"}
        )

    def exchanges(self) -> tuple[Exchange, ...]:
        self.beyond.hear_out()
        self.sandbox.settle()
        return self.world.exchanges()

    @property
    def ledger(self) -> list[str]:
        return [entry.order_id for entry in self.world.ledger()]

    @property
    def seen_by_endpoint(self) -> str:
        return "\n".join(f"{seen.path} {seen.headers} {seen.body!r}" for seen in self.behind.seen)

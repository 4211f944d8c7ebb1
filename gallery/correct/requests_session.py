"""requests with a Session, and a loop of its own instead of urllib3's Retry, whose waits are too short."""

from __future__ import annotations

import json
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import quote

import requests

from gallery.correct.courtesy import limited_wait, look_at_version

WAITS = (1, 2, 4, 8, 16)
LIMITED = (6, 12, 24, 48, 60)
TIMEOUT = (10, 30)
KEPT = 29 * 24 * 3600
_one_at_a_time = threading.Lock()


class Refused(Exception):
    def __init__(self, type_: str, message: str) -> None:
        super().__init__(f"{type_}: {message}")
        self.type = type_


class Undecided(Exception):
    outcome = "unknown"


def place_order(order, context):
    stored = Path(context.state_dir) / quote(context.reference, safe="")
    with _one_at_a_time:
        if not stored.exists():
            stored.write_text(f"{uuid.uuid4()}\n{time.time()}\n{json.dumps(order)}")
        key, since, body = stored.read_text().split("\n", 2)
    if time.time() - float(since) > KEPT:
        raise Undecided("the key is too old")
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(context.ca_file) if context.ca_file else True
        session.headers.update(
            {
                "X-Api-Key": context.api_key,
                "X-Api-Version": context.api_version,
                "X-Idempotency-Key": key,
                "Content-Type": "application/json",
            }
        )
        return _place(session, f"{context.base_url}/order", body)


def _place(session, url, body):
    for wait, limited in zip(WAITS, LIMITED, strict=True):
        try:
            response = session.post(url, data=body, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException:
            time.sleep(wait)
            continue
        look_at_version(response.headers, session.headers["X-Api-Version"])
        if response.status_code == 429:
            time.sleep(limited_wait(response.headers, limited))
            continue
        answer = _json(response)
        if response.status_code in (200, 201, 202) and answer.get("id"):
            return answer
        type_ = answer.get("type")
        if type_ == "idempotency_in_progress" or response.status_code == 102:
            # The real answer may still be on its way down this connection: leave it to nobody.
            session.close()
            time.sleep(max(wait, 3))
        elif 400 <= response.status_code < 500 and type_:
            raise Refused(type_, answer.get("message", ""))
        else:
            time.sleep(wait)
    raise Undecided("the API gave no final answer")


def _json(response):
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}

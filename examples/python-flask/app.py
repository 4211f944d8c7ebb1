"""A small service that places gift card orders so that none is ever bought twice. Copy it, and make it yours.

POST {"reference", "order"} to /orders; the answer is what came of it.
"""

import hashlib
import json
import logging
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

import httpx
from flask import Flask, request

ATTEMPTS = 8
TIMEOUT = 10  # seconds
FIRST_PAUSE = {"lost": 1, "in-progress": 3, "limited": 5}  # seconds; twice as long each time it comes again
LONGEST_PAUSE = 60
API_VERSION = "2024-02-05"
KEY_LIFETIME = 29 * 24 * 3600  # the API forgets a key after 30 days, and would then buy again
STATE = Path(os.environ.get("GOLIVE_STATE_DIR", "."))

# Not requests: it takes an interim 102 for the answer, leaves the real one in the connection, and gives it to
# the next order.
api = httpx.Client(
    base_url=os.environ["RUNA_BASE_URL"],
    headers={"X-Api-Key": os.environ["RUNA_API_KEY"], "X-Api-Version": API_VERSION},
    timeout=TIMEOUT,
)
app = Flask(__name__)
log = logging.getLogger(__name__)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/orders")
def orders():
    asked = request.get_json()
    return place_order(asked["reference"], asked["order"])


def place_order(reference: str, order: dict) -> dict:
    """What came of it. A reference is one order for ever: over retries, restarts, and however often it is posted."""
    stored, in_doubt = remember(reference, order)
    if time.time() - stored["since"] > KEY_LIFETIME:
        return {"outcome": "unknown", "type": "too old to be sent again"}
    met = Counter()
    for attempt in range(1, ATTEMPTS + 1):
        kind, detail, asked = send(stored["key"], stored["body"])
        if kind == "created":
            return {"outcome": "created", **detail}
        if kind == "final":
            if in_doubt:  # this attempt was refused, but an earlier one may have gone through
                break
            forget(reference)
            return {"outcome": "rejected", "type": detail}
        met[kind] += 1
        in_doubt = in_doubt or kind != "limited"
        if attempt < ATTEMPTS:
            time.sleep(max(asked, pause(kind, met[kind])))
    return {"outcome": "unknown", "type": detail}


class Answer(NamedTuple):
    """What an attempt came to. `asked`: seconds that the API asks for before the next one."""

    kind: str
    says: object
    asked: float = 0


def send(key: str, body: str) -> Answer:
    """One attempt: what kind of answer came, and what it says."""
    headers = {"X-Idempotency-Key": key, "Content-Type": "application/json"}
    try:
        response = api.post("/order", content=body, headers=headers)
        answer = response.json()
    except httpx.TransportError:
        return Answer("lost", "no answer")
    except (ValueError, httpx.DecodingError):  # an answer, but no JSON
        answer = None
    if response.headers.get("X-Api-Version", API_VERSION) != API_VERSION:
        log.warning("another API version answered: %s", response.headers["X-Api-Version"])
    if response.status_code == 429:
        return Answer("limited", "rate limited", asked_wait(response.headers.get("Retry-After")))
    answer = answer if isinstance(answer, dict) else {}
    error = answer.get("type")
    if error == "idempotency_in_progress" or response.is_informational:
        return Answer("in-progress", "idempotency_in_progress")
    if response.is_success and isinstance(answer.get("id"), str):
        return Answer("created", {"order_id": answer["id"], "status": answer.get("status")})
    if response.is_client_error:
        return Answer("final", error if isinstance(error, str) else f"http_{response.status_code}")
    return Answer("lost", error if isinstance(error, str) else f"http_{response.status_code}")


def asked_wait(header: str | None) -> float:
    """Seconds that a Retry-After header asks for, as a number or as a date; 0 if it asks for nothing."""
    if header is None or header.isdecimal():
        return float(header or 0)
    try:
        return parsedate_to_datetime(header).timestamp() - time.time()
    except ValueError:  # nobody can read it
        return 0


def pause(kind: str, times: int) -> float:
    """Seconds to wait after the same kind of answer came that many times; the jitter only ever adds."""
    return min(FIRST_PAUSE[kind] * 2 ** (times - 1), LONGEST_PAUSE) * random.uniform(1, 1.2)


def remember(reference: str, order: dict) -> tuple[dict, bool]:
    """Key and body to send for this reference, and whether they may have been sent before.

    They are on disk before the first attempt, so that a service that dies comes back with the same ones.
    """
    stored = {"key": str(uuid.uuid4()), "body": json.dumps(order), "since": time.time()}
    with tempfile.NamedTemporaryFile("w", dir=STATE) as file:
        json.dump(stored, file)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, record(reference))  # whole or not at all, and only if it is the first
        except FileExistsError:
            return json.loads(record(reference).read_text()), True
    return stored, False


def forget(reference: str) -> None:
    """After a final error a corrected order has to go out under a new key."""
    record(reference).unlink(missing_ok=True)


def record(reference: str) -> Path:
    return STATE / f"{hashlib.sha256(reference.encode()).hexdigest()}.json"


if __name__ == "__main__":
    # Flask's own server will do for a look; in production put one before it that is made for it.
    app.run(port=int(sys.argv[1]), threaded=True)

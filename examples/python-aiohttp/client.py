"""Places gift card orders so that none is ever bought twice, asynchronously. Copy it, and make it yours."""

import asyncio
import hashlib
import json
import logging
import os
import random
import ssl
import tempfile
import time
import uuid
from collections import Counter
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import aiohttp

ATTEMPTS = 8
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
FIRST_PAUSE = {"lost": 1, "in-progress": 3, "limited": 5}  # seconds; twice as long each time it comes again
LONGEST_PAUSE = 60
KEY_LIFETIME = 29 * 24 * 3600  # the API forgets a key after 30 days, and would then buy again


log = logging.getLogger(__name__)


class Rejected(Exception):
    """The order does not exist. `type` says why."""

    def __init__(self, type: str) -> None:
        super().__init__(type)
        self.type = type


class Unknown(Exception):
    """The order may exist. Place it again under the same reference to find out."""

    outcome = "unknown"

    def __init__(self, type: str) -> None:
        super().__init__(type)
        self.type = type


async def place_order(order: dict, context) -> dict:
    """The id and status of the order. Raises Rejected or Unknown.

    A reference is one order for ever: over retries, restarts, and however often this is called with it.
    A long-lived service makes one session and keeps it, instead of one for each order as here.
    """
    headers = {"X-Api-Key": context.api_key, "X-Api-Version": context.api_version}
    connector = aiohttp.TCPConnector(ssl=trust(context.ca_file))
    async with aiohttp.ClientSession(headers=headers, timeout=TIMEOUT, connector=connector) as http:
        return await place(http, f"{context.base_url}/order", order, context)


async def place(http: aiohttp.ClientSession, url: str, order: dict, context) -> dict:
    folder = Path(context.state_dir)
    stored, in_doubt = await asyncio.to_thread(remember, folder, context.reference, order)
    if time.time() - stored["since"] > KEY_LIFETIME:
        raise Unknown("too old to be sent again")
    met = Counter()
    for attempt in range(1, ATTEMPTS + 1):
        kind, detail, asked = await send(http, url, stored["key"], stored["body"])
        if kind == "created":
            return detail
        if kind == "final":
            if in_doubt:  # this attempt was refused, but an earlier one may have gone through
                raise Unknown(detail)
            forget(folder, context.reference)
            raise Rejected(detail)
        met[kind] += 1
        in_doubt = in_doubt or kind != "limited"
        if attempt < ATTEMPTS:
            await asyncio.sleep(max(asked, pause(kind, met[kind])))
    raise Unknown(detail)


class Answer(NamedTuple):
    """What an attempt came to. `asked`: seconds that the API asks for before the next one."""

    kind: str
    says: object
    asked: float = 0


async def send(http: aiohttp.ClientSession, url: str, key: str, body: str) -> Answer:
    """One attempt: what kind of answer came, and what it says."""
    headers = {"X-Idempotency-Key": key, "Content-Type": "application/json"}
    try:
        async with http.post(url, data=body, headers=headers, allow_redirects=False) as response:
            status, text = response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError):
        return Answer("lost", "no answer")
    try:
        answer = json.loads(text)
    except ValueError:  # an answer, but no JSON
        answer = None
    version = http.headers["X-Api-Version"]
    if response.headers.get("X-Api-Version", version) != version:
        log.warning("another API version answered: %s", response.headers["X-Api-Version"])
    if status == 429:
        return Answer("limited", "rate limited", asked_wait(response.headers.get("Retry-After")))
    answer = answer if isinstance(answer, dict) else {}
    error = answer.get("type")
    if error == "idempotency_in_progress" or status < 200:
        return Answer("in-progress", "idempotency_in_progress")
    if status < 300 and isinstance(answer.get("id"), str):
        return Answer("created", {"id": answer["id"], "status": answer.get("status")})
    if 400 <= status < 500:
        return Answer("final", error if isinstance(error, str) else f"http_{status}")
    return Answer("lost", error if isinstance(error, str) else f"http_{status}")


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


def remember(folder: Path, reference: str, order: dict) -> tuple[dict, bool]:
    """Key and body to send for this reference, and whether they may have been sent before.

    They are on disk before the first attempt, so that a process that dies comes back with the same ones.
    """
    path = record(folder, reference)
    stored = {"key": str(uuid.uuid4()), "body": json.dumps(order), "since": time.time()}
    with tempfile.NamedTemporaryFile("w", dir=folder) as file:
        json.dump(stored, file)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)  # whole or not at all, and only if it is the first
        except FileExistsError:
            return json.loads(path.read_text()), True
    return stored, False


def forget(folder: Path, reference: str) -> None:
    """After a final error a corrected order has to go out under a new key."""
    record(folder, reference).unlink(missing_ok=True)


def record(folder: Path, reference: str) -> Path:
    return folder / f"{hashlib.sha256(reference.encode()).hexdigest()}.json"


@cache
def trust(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)

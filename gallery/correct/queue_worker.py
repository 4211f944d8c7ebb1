"""A queue with two worker threads: the caller waits for its order, the workers place them."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from concurrent.futures import Future
from pathlib import Path
from time import sleep, time

import requests

from gallery.correct.courtesy import limited_wait, look_at_version

WORKERS = 2
KEPT = 29 * 24 * 3600
_jobs: queue.Queue = queue.Queue()
_started = threading.Lock()
_writing = threading.Lock()


class Refused(Exception):
    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


def place_order(order, context):
    if _started.acquire(blocking=False):
        for _ in range(WORKERS):
            threading.Thread(target=_work, daemon=True).start()
    done: Future = Future()
    _jobs.put((order, context, done))
    return done.result(timeout=900)


def _work():
    while True:
        order, context, done = _jobs.get()
        try:
            done.set_result(_place(order, context))
        except Exception as error:  # noqa: BLE001 - the worker must outlive every order; its caller is told
            done.set_exception(error)


def _place(order, context):
    file = Path(context.state_dir) / f"{context.reference}.json"
    with _writing:
        if not file.exists():
            stored = {"key": str(uuid.uuid4()), "body": json.dumps(order), "since": time()}
            file.write_text(json.dumps(stored))
        stored = json.loads(file.read_text())
    if time() - stored["since"] > KEPT:
        return {"outcome": "unknown", "type": "too old"}
    headers = {
        "X-Api-Key": context.api_key,
        "X-Api-Version": context.api_version,
        "X-Idempotency-Key": stored["key"],
        "Content-Type": "application/json",
    }
    why = ""
    for attempt in range(6):
        try:
            with requests.post(
                f"{context.base_url}/order",
                data=stored["body"],
                headers=headers,
                timeout=20,
                allow_redirects=False,
            ) as response:
                look_at_version(response.headers, context.api_version)
                status, answer = response.status_code, dict(response.json())
        except (requests.RequestException, ValueError, TypeError) as error:
            status, answer, why = 0, {}, type(error).__name__
        if 200 <= status < 300 and "id" in answer:
            return {"outcome": "created", "order_id": answer["id"]}
        if status == 429:
            sleep(limited_wait(response.headers, 5.5 * 2**attempt))
        elif answer.get("type") == "idempotency_in_progress" or not 400 <= status < 500:
            sleep(2.5 * 2**attempt)
        else:
            raise Refused(answer.get("type"))
    return {"outcome": "unknown", "type": why}

"""Small real clients for drivers, which do what the order says: `{"do": "answer(request)"}`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.drivers import Driver
from conformance.evidence import Call, Outcome, PlannedOrder
from conformance.trial import Stop

SECRET = "q7-xZ3mB5vN1rT8yL4cH6dJ0s~kW9_pQ"
TIME_ENOUGH = 60.0
"""seconds that nothing here takes, unless something is broken"""
CREATED = Outcome("created", "O-1")

Make = Callable[..., Driver]


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", source, *arguments]


WORKER = python("""
import json, os, signal, subprocess, sys, time
held = []
def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()
def answer(request, **more):
    say(json.dumps({"id": request["id"], "outcome": "created", "order_id": "O-1", **more}) + "\\n")
def begun():
    open("begun", "w").close()  # a fifo: waits until the test has opened it
while line := sys.stdin.readline():
    request = json.loads(line)
    exec(request["order"]["do"])
""")

SERVICE = python(
    """
import json, os, signal, socket, struct, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
def begun():
    open("begun", "w").close()
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer(200, "ready")
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        exec(request["order"]["do"])
    def answer(self, status, body):
        data = body.encode() if isinstance(body, str) else json.dumps(body, indent=1).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def created(self, **more):
        self.answer(200, {"outcome": "created", "order_id": "O-1", **more})
    def log_message(self, *words):
        pass
class Server(ThreadingHTTPServer):
    daemon_threads = True
    def handle_error(self, *words):
        pass
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
""",
    "{port}",
)


def order(do: str, reference: str = "order-1") -> PlannedOrder:
    return PlannedOrder(reference, {"do": do}, "1.00")


def place(driver: Driver, do: str = "answer(request)", stop: threading.Event | None = None) -> Call:
    return driver.place(order(do), 1, stop=stop or Stop())


@contextmanager
def placing(driver: Driver, *orders: str, stop: threading.Event | None = None) -> Iterator[list[Call]]:
    """Each order is placed in a thread of its own; after the block the calls are there, in their order."""
    stop = stop or Stop()
    calls: list[tuple[int, Call]] = []
    found: list[Call] = []

    def run(number: int, do: str) -> None:
        calls.append((number, place(driver, do, stop)))

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(orders)]
    for thread in threads:
        thread.start()
    yield found
    for thread in threads:
        thread.join(TIME_ENOUGH)
    found += [call for _, call in sorted(calls, key=lambda pair: pair[0])]
    assert len(found) == len(orders)


def has_begun(folder: Path) -> None:
    """Returns when an order says `begun()`; the fifo must be there before."""
    (folder / "begun").read_text()


def written(driver: Driver) -> dict[str, str]:
    return {output.stream: output.text for output in driver.outputs()}

"""Plain sockets, and requests as bytes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conformance.clock.pace import Pace
from conformance.evidence import Exchange
from conformance.sandbox import Sandbox, World

SECRET = "q7Yd-kT2mWx0Zr8bNf5Hs1Jc4Lv9Pa~e"
KEY = f"XXtest01.{SECRET}"
VERSION = "2024-02-05"


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """One connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.buffer = b""

    def send(self, data: bytes) -> Line:
        self.socket.sendall(data)
        return self

    def ask(self, data: bytes) -> Response:
        return self.send(data).response()

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.buffer)
            self.buffer += data
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def head(self) -> Response:
        first, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Response(int(first.split()[1]), headers, b"")

    def response(self) -> Response:
        found = self.head()
        length = int(found.headers["content-length"])
        while len(self.buffer) < length:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.buffer)
            self.buffer += data
        found.body, self.buffer = self.buffer[:length], self.buffer[length:]
        return found

    def rest(self) -> bytes:
        """Everything up to FIN."""
        while data := self.socket.recv(65536):
            self.buffer += data
        return self.buffer

    def says_nothing(self, for_seconds: float = 0.05) -> bool:
        self.socket.settimeout(for_seconds)
        try:
            return self.socket.recv(1) is None
        except TimeoutError:
            return not self.buffer
        finally:
            self.socket.settimeout(20)

    def close(self) -> None:
        self.socket.close()


def request(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    key: str | None = KEY,
    version: str | None = VERSION,
    **more: str,
) -> bytes:
    """A whole request. `more`: further headers, with _ for -."""
    headers = {"Host": "sandbox.test", "X-Api-Key": key, "X-Api-Version": version}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    if body or method == "POST":
        headers["Content-Length"] = str(len(body))
    lines = [
        f"{method} {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items() if value is not None),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def order_body(face_value: float = 10.5, items: int = 1, **more: object) -> dict[str, Any]:
    item = {
        "face_value": face_value,
        "distribution_method": {"type": "PAYOUT_LINK"},
        "products": {"type": "SINGLE", "value": "BOOKS-GB"},
    }
    payment = {"type": "ACCOUNT_BALANCE", "currency": "GBP"}
    return {"payment_method": payment, "items": [item] * items, **more}


def order(
    body: object = None, *, idempotency_key: str | None = "k-1", mode: str = "sync", **more: str
) -> bytes:
    """A create-order request; `body` may be given as bytes."""
    body = order_body() if body is None else body
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Execution-Mode": mode, "Content-Type": "application/json"}
    if idempotency_key is not None:
        headers["X-Idempotency-Key"] = idempotency_key
    return request("POST", "/v2/order", data, **headers, **more)


class Clock(Pace):
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 1_000.0

    def now(self) -> float:
        return self.seconds


@dataclass
class Stage:
    """The sandbox with one world."""

    sandbox: Sandbox
    world: World
    lines: list[Line] = field(default_factory=list)

    def line(self) -> Line:
        self.lines.append(Line(self.sandbox.port))
        return self.lines[-1]

    def ask(self, data: bytes) -> Response:
        """Over a connection of its own."""
        line = self.line()
        try:
            return line.ask(data)
        finally:
            line.close()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return self.world.exchanges()

    def eventually(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it never came to pass"
            time.sleep(0.002)

    def recorded(self, number: int = 1) -> Exchange:
        """The exchange of that number, once the client is known to have gone or the answer to have left."""

        def over() -> bool:
            found = [exchange for exchange in self.exchanges if exchange.number == number]
            return bool(found) and (found[0].answered_at is not None or found[0].client_gone_at is not None)

        self.eventually(over)
        return self.exchanges[number - 1]

"""An API of the same promises as the contract's, written by somebody else, and the ways in which it can be wrong."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "2024-02-05"
REMOVED = ("2023-01-16", "2023-07-27")
SECRET = "q7Yd-kT2mWx0Zr8bNf5Hs1Jc4Lv9Pa~e"
KEY = f"XXtest01.{SECRET}"

Answer = tuple[int, dict[str, str], bytes]


class Right:
    """Keeps every promise. Subclasses break one."""

    html = b"<html><body>nothing here</body></html>"

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.store: dict[str, tuple[Any, Answer]] = {}
        self.requests: list[tuple[float, str, str, dict[str, str], bytes]] = []
        self.lock = threading.Lock()

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        with self.lock:
            self.requests.append((time.monotonic(), method, target, headers, body))
            status, more, text = self.answer(method, target, headers, body)
        return status, {"Content-Type": "application/json", **self.named(headers, status), **more}, text

    def named(self, headers: dict[str, str], status: int) -> dict[str, str]:
        return {"X-Api-Version": VERSION}

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        address = urlsplit(target)
        path = address.path.removeprefix("/v2")
        if refusal := self.refuse_key(headers.get("x-api-key")):
            return refusal
        if refusal := self.refuse_version(headers.get("x-api-version")):
            return refusal
        if (method, path) == ("GET", "/ping"):
            return self.ping()
        if (method, path) == ("GET", "/order"):
            return self.listed(parse_qs(address.query))
        if (method, path) == ("POST", "/order"):
            return self.place(headers, body)
        if method == "GET" and path.startswith("/order/"):
            found = [order for order in self.orders if order["id"] == path.removeprefix("/order/")]
            return self.json(200, found[0]) if found else self.error(404, "not_found")
        return self.nowhere(path)

    def ping(self) -> Answer:
        return self.json(200, {"message": "pong"})

    def nowhere(self, path: str) -> Answer:
        return self.error(404, "not_found")

    def refuse_key(self, key: str | None) -> Answer | None:
        if not key:
            return self.error(401, "unauthorized")
        return None if self.is_key(key) else self.error(401, "invalid_api_key")

    def is_key(self, key: str) -> bool:
        return key == KEY

    def refuse_version(self, version: str | None) -> Answer | None:
        if version in REMOVED:
            return self.error(410, "version_removed")
        return self.error(400, "invalid_version") if version not in (None, VERSION) else None

    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        name = headers.get("x-idempotency-key")
        if not name:
            return self.unnamed(headers, body)
        known = self.recall(name, headers)
        if known is not None:
            before, answer = known
            return answer if before == self.seen(body) else self.mismatch(answer)
        answer = self.book(headers, body)
        self.keep(name, headers, self.seen(body), answer)
        return answer

    def unnamed(self, headers: dict[str, str], body: bytes) -> Answer:
        return self.error(400, "bad_request")

    def mismatch(self, answer: Answer) -> Answer:
        return self.error(400, "idempotency_validation_error")

    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        return self.store.get(name)

    def keep(self, name: str, headers: dict[str, str], seen: Any, answer: Answer) -> None:
        self.store[name] = seen, answer

    def seen(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError:
            return body

    def book(self, headers: dict[str, str], body: bytes) -> Answer:
        if forced := headers.get("x-trigger-error"):
            return self.error(500 if forced == "internal_server_error" else 400, forced)
        try:
            order = json.loads(body)
        except ValueError:
            return self.error(400, "bad_request")
        if not isinstance(order, dict) or not order.get("items"):
            return self.invalid()
        if any(item["products"]["value"] != "BOOKS-GB" for item in order["items"]):
            return self.error(400, "product_validation_error")
        booked = {**order, "id": f"O-{uuid.uuid4().hex.upper()}", "status": "COMPLETED"}
        self.orders.insert(0, booked)
        if headers.get("x-execution-mode") == "sync":
            return self.json(200, booked)
        return self.json(202, {"id": booked["id"], "status": "PROCESSING"})

    def invalid(self) -> Answer:
        said = {"type": "missing", "message": "it is missing", "location": ["body", "items"]}
        body = {"type": "validation_error", "message": "invalid", "help": None, "details": [said]}
        return self.json(422, body)

    def listed(self, query: dict[str, list[str]]) -> Answer:
        return self.json(200, {"items": self.orders, "pagination": {"cursors": {}, "page": {"limit": 100}}})

    def json(self, status: int, body: object) -> Answer:
        return status, {}, json.dumps(body).encode()

    def error(self, status: int, type_: str) -> Answer:
        return self.json(status, {"type": type_, "message": f"because of {type_}", "help": None})


class ComparesBytes(Right):
    """Right as well, though strict: other bytes are another body."""

    def seen(self, body: bytes) -> Any:
        return body


class ListsIdsAlone(Right):
    """Right as well, though its list says little."""

    def listed(self, query: dict[str, list[str]]) -> Answer:
        items = [{"id": order["id"], "status": order["status"]} for order in self.orders]
        return self.json(200, {"items": items, "pagination": {"cursors": {}, "page": {"limit": 100}}})


class ListsNothing(Right):
    def listed(self, query: dict[str, list[str]]) -> Answer:
        return self.json(200, {"items": [], "pagination": {"cursors": {}, "page": {"limit": 100}}})


class ListsPageByPage(Right):
    """Right as well: two orders a page, the oldest first."""

    def listed(self, query: dict[str, list[str]]) -> Answer:
        start = int(query.get("after", ["0"])[0])
        after = {"after": str(start + 2)} if start + 2 < len(self.orders) else {}
        items = self.orders[::-1][start : start + 2]
        return self.json(200, {"items": items, "pagination": {"cursors": after, "page": {"limit": 2}}})


class ReplaysAnotherId(Right):
    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        known = super().recall(name, headers)
        if known is None:
            return None
        seen, (status, more, body) = known
        document = json.loads(body)
        return seen, (status, more, json.dumps({**document, "id": "O-ANOTHER"}).encode())


class BooksASecondUnseen(Right):
    """Replays the first answer, and books again all the same."""

    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        known = super().recall(name, headers)
        if known is not None and known[1][0] < 300:
            self.orders.insert(0, {**self.orders[0], "id": f"O-{uuid.uuid4().hex}"})
        return known


class BooksASecondWithoutText(BooksASecondUnseen, ListsIdsAlone):
    """The same, where the list does not show whose an order is."""


class ForgetsErrors(Right):
    def keep(self, name: str, headers: dict[str, str], seen: Any, answer: Answer) -> None:
        if answer[0] < 300:
            super().keep(name, headers, seen, answer)


class ForgetsServerErrors(Right):
    def keep(self, name: str, headers: dict[str, str], seen: Any, answer: Answer) -> None:
        if answer[0] < 500:
            super().keep(name, headers, seen, answer)


class ForgetsAsync(Right):
    def keep(self, name: str, headers: dict[str, str], seen: Any, answer: Answer) -> None:
        if answer[0] != 202:
            super().keep(name, headers, seen, answer)


class ReplaysOnce(Right):
    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        return self.store.pop(name, None)


class ReplaysAnotherStatus(Right):
    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        known = super().recall(name, headers)
        return known and (known[0], (200, known[1][1], known[1][2]))


class BooksOtherBytes(Right):
    """Knows a body again by its bytes, and books what it does not know."""

    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        return None

    def book(self, headers: dict[str, str], body: bytes) -> Answer:
        name = headers["x-idempotency-key"] + body.decode()
        if name not in self.store:
            self.store[name] = body, super().book(headers, body)
        return self.store[name][1]


class KnowsOrdersByContent(Right):
    """Takes equal orders for one, whatever their keys are."""

    def recall(self, name: str, headers: dict[str, str]) -> tuple[Any, Answer] | None:
        return None

    def book(self, headers: dict[str, str], body: bytes) -> Answer:
        name = json.dumps(self.seen(body), sort_keys=True) + headers.get("x-trigger-error", "")
        if name not in self.store:
            self.store[name] = None, super().book(headers, body)
        return self.store[name][1]


class ReplaysToAnybody(Right):
    def mismatch(self, answer: Answer) -> Answer:
        return answer


class Says409(Right):
    def mismatch(self, answer: Answer) -> Answer:
        return self.error(409, "idempotency_validation_error")


class Says422(Right):
    def mismatch(self, answer: Answer) -> Answer:
        return self.invalid()


class ComparesAmountsAlone(Right):
    def seen(self, body: bytes) -> Any:
        try:
            return [item["face_value"] for item in json.loads(body)["items"]]
        except (ValueError, KeyError):
            return body


class RefusesAndForgets(Right):
    """Reuse is refused, and the first order's answer is gone."""

    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        answer = super().place(headers, body)
        if b"idempotency_validation_error" in answer[2]:
            self.store[headers["x-idempotency-key"]] = self.seen(body), answer
        return answer


class RefusesAndBooks(Right):
    def mismatch(self, answer: Answer) -> Answer:
        self.orders.insert(0, {**self.orders[0], "id": "O-UNWANTED"})
        return super().mismatch(answer)


class TakesACorrectionUnderTheOldKey(Right):
    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        name = headers.get("x-idempotency-key", "")
        known = self.store.get(name)
        if known and known[1][0] >= 400 and known[0] != self.seen(body):
            del self.store[name]
        return super().place(headers, body)


class NeedsNoName(Right):
    def unnamed(self, headers: dict[str, str], body: bytes) -> Answer:
        return self.book(headers, body)


class NeedsNoNameForAsync(Right):
    def unnamed(self, headers: dict[str, str], body: bytes) -> Answer:
        return (
            super().unnamed(headers, body)
            if headers["x-execution-mode"] == "sync"
            else self.book(headers, body)
        )


class BreaksWithoutName(Right):
    def unnamed(self, headers: dict[str, str], body: bytes) -> Answer:
        return self.error(500, "internal_server_error")


class NamesNoVersionOnErrors(Right):
    def named(self, headers: dict[str, str], status: int) -> dict[str, str]:
        return super().named(headers, status) if status < 400 else {}


class NamesNoVersionOnOrders(Right):
    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        status, more, text = super().place(headers, body)
        return status, {**more, "X-Api-Version": ""}, text


class AnswersInAnotherVersion(Right):
    def named(self, headers: dict[str, str], status: int) -> dict[str, str]:
        return {"X-Api-Version": "2025-01-01"}


class TakesAnyVersion(Right):
    def refuse_version(self, version: str | None) -> Answer | None:
        return super().refuse_version(version) if version in REMOVED else None


class TakesAnyVersionOnOrders(Right):
    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        if method == "POST":
            headers = {**headers, "x-api-version": VERSION}
        return super().answer(method, target, headers, body)


class Says400OfRemoved(Right):
    def refuse_version(self, version: str | None) -> Answer | None:
        return self.error(400, "invalid_version") if version not in (None, VERSION) else None


class Says403(Right):
    def refuse_key(self, key: str | None) -> Answer | None:
        return super().refuse_key(key) and self.error(403, "forbidden")


class LetsEverybodyIn(Right):
    def refuse_key(self, key: str | None) -> Answer | None:
        return None


class LetsEverybodyOrder(Right):
    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        return super().answer(
            method, target, {**headers, "x-api-key": KEY} if method == "POST" else headers, body
        )


class RefusesInHtml(Right):
    def refuse_key(self, key: str | None) -> Answer | None:
        return super().refuse_key(key) and (401, {"Content-Type": "text/html"}, self.html)


class IgnoresCase(Right):
    def is_key(self, key: str) -> bool:
        return key.lower() == KEY.lower()


class LooksAtThePrefix(Right):
    def is_key(self, key: str) -> bool:
        return key.startswith("XXtest01")


class LooksAtTheBeginning(Right):
    def is_key(self, key: str) -> bool:
        return key.startswith(KEY)


class LooksAtTheFirstHalf(Right):
    def is_key(self, key: str) -> bool:
        return key[:25] == KEY[:25]


class LeavesOutTheType(Right):
    def error(self, status: int, type_: str) -> Answer:
        return self.json(status, {"message": "no", "help": None})


class SaysTypeAsNumber(Right):
    def error(self, status: int, type_: str) -> Answer:
        return self.json(status, {"type": status, "message": "no"})


class WrapsErrors(Right):
    def error(self, status: int, type_: str) -> Answer:
        return self.json(status, {"error": {"type": type_, "message": "no"}})


class SaysNowhereInHtml(Right):
    def nowhere(self, path: str) -> Answer:
        return 404, {"Content-Type": "text/html"}, self.html


class SaysErrorsAreText(Right):
    def error(self, status: int, type_: str) -> Answer:
        status, more, body = super().error(status, type_)
        return status, {**more, "Content-Type": "text/plain"}, body


class LeavesOutDetails(Right):
    def invalid(self) -> Answer:
        return self.error(422, "validation_error")


class StumblesOverText(Right):
    """Errors are well, but for bodies that begin with a quotation mark."""

    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        return (400, {}, b"") if body[:1] in (b'"', b"[") else super().place(headers, body)


class RefusesTheKey(Right):
    def is_key(self, key: str) -> bool:
        return False


class AnswersForSomebodyElse(Right):
    def ping(self) -> Answer:
        return 200, {"Content-Type": "text/html"}, b"<html>Sign in to the guest network</html>"


class LeadsElsewhere(Right):
    other = ""

    def ping(self) -> Answer:
        return 307, {"Location": f"{self.other}/v2/ping"}, b""


class EchoesTheKey(Right):
    """Shows what it was sent, in the body and in a header."""

    def ping(self) -> Answer:
        return (
            200,
            {"X-Debug": f"key={KEY}"},
            json.dumps({"message": f"hello {KEY}", "url": "https://x.example/abc"}).encode(),
        )


class LimitsTheRate(Right):
    """Every other order is one too many, at first."""

    def __init__(self) -> None:
        super().__init__()
        self.admitted = 0

    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        self.admitted += 1
        if self.admitted % 3 == 1:
            return self.json(429, {"error": "rate exceeded"})
        return super().place(headers, body)


class IsAlwaysFull(Right):
    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        return self.json(429, {"error": "rate exceeded"})


class SaysInProgress(Right):
    """The first time that an order comes again, it is still in progress."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = set()

    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        name = headers.get("x-idempotency-key", "")
        if name in self.store and name not in self.told:
            self.told.add(name)
            return self.error(400, "idempotency_in_progress")
        return super().place(headers, body)


class StumblesNowAndThen(Right):
    """Every third order is answered by a gateway."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        self.asked += 1
        if self.asked % 3 == 1:
            return 503, {"Content-Type": "text/html", "X-Api-Version": ""}, self.html
        return super().place(headers, body)


class IsDown(Right):
    def place(self, headers: dict[str, str], body: bytes) -> Answer:
        return 503, {"Content-Type": "text/html", "X-Api-Version": ""}, self.html


class LosesTheKey(Right):
    """The key is revoked in the middle of it all."""

    def refuse_key(self, key: str | None) -> Answer | None:
        return super().refuse_key(None if len(self.requests) > 4 else key)


class SellsDearly(Right):
    """Its cheapest product costs 25."""

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        if method == "GET" and target.startswith("/v2/product"):
            entry = {"code": "BOOKS-GB", "currency": "GBP", "is_orderable": True, "state": "LIVE"}
            return self.json(
                200, {"catalog": [{**entry, "gift_card": {"denominations": {"minimum_value": "25.00"}}}]}
            )
        return super().answer(method, target, headers, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Right

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, more, body = self.server.api.respond(  # type: ignore[attr-defined]  # put there below
            self.command, self.path, headers, self.rfile.read(length)
        )
        self.send_response(status)
        for name, value in {**more, "Content-Length": str(len(body))}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up is no news."""


@contextmanager
def served(api: Right, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The base URL of that API, on a real socket."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.api = api  # type: ignore[attr-defined]  # for the handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw(
    say: bytes, *, drip: float = 0.0, hang: bool = False, reset: bool = False, after: int = 0
) -> Iterator[str]:
    """Something that listens and says just that. `after`: so many connections are answered rightly before."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    good = b'HTTP/1.1 200 OK\r\nX-Api-Version: 2024-02-05\r\nContent-Length: 18\r\n\r\n{"message":"pong"}'

    def attend() -> None:
        for number in range(1_000):
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                line.settimeout(5)
                try:
                    line.recv(65536)
                    if number < after:
                        line.sendall(good)
                        continue
                    if reset:
                        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                        continue
                    for byte in [say[n : n + 1] for n in range(len(say))] if drip else [say]:
                        line.sendall(byte)
                        if drip and over.wait(drip):
                            return
                    if hang:
                        over.wait(30)
                        return
                except OSError:
                    continue

    thread = threading.Thread(target=attend)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()

"""Clients that misjudge an answer, or the lack of one, each in one way."""

from __future__ import annotations

import re
import socket
import time
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import requests

from gallery.reference import Kind, Reference, Rejected, Unknown


class _WithRequests(Reference):
    """Sends by requests, which returns a 102 as if it were the answer, with a connection of its own each time."""

    def send(self) -> httpx.Response:
        with requests.Session() as session:
            return self.by(session)

    def by(self, session: requests.Session) -> httpx.Response:
        try:
            answer = session.post(
                self.url(), data=self.content(), headers=self.headers(), timeout=30, allow_redirects=False
            )
        except requests.RequestException as error:
            raise httpx.ReadError(str(error)) from error
        return httpx.Response(answer.status_code, content=answer.content)


class InterimIsAnswer(_WithRequests):
    """Keeps one requests.Session for all orders, and goes on with it after a 102, which the library returns."""

    session: ClassVar[requests.Session] = requests.Session()

    def send(self) -> httpx.Response:
        return self.by(self.session)


class InterimIsSuccess(_WithRequests):
    """Takes whatever is below 400 for success, a 102 as well."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        return ("created", self.key) if response.status_code < 200 else super().read(response)


class InterimIsNoJson(_WithRequests):
    """Parses every answer as JSON before it looks at the status, and crashes on a 102, which has no body."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        if response.status_code < 200:
            response.json()
        return super().read(response)


class _Line:
    """A connection of its own making, and what has been read from it and not been used."""

    def __init__(self, base_url: str) -> None:
        there = urlsplit(base_url)
        self.path = there.path
        self.socket = socket.create_connection((there.hostname or "", there.port or 80), timeout=10)
        self.read = b""

    def ask(self, url: str, headers: dict[str, str], body: str) -> None:
        lines = [f"POST {urlsplit(url).path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body.encode())}", "", body]
        self.socket.sendall("\r\n".join(lines).encode())

    def answer(self) -> httpx.Response:
        """The next answer that is no interim one."""
        head = self._until(b"\r\n\r\n")
        status = int(head.split(maxsplit=2)[1])
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if status < 200:
            return self.answer()
        wanted = int(length[1]) if length else 0
        while len(self.read) < wanted:
            self._more()
        body, self.read = self.read[:wanted], self.read[wanted:]
        return httpx.Response(status, content=body)

    def _until(self, end: bytes) -> bytes:
        while end not in self.read:
            self._more()
        head, _, self.read = self.read.partition(end)
        return head

    def _more(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError("the connection was closed")
        self.read += data


class GoesOnAfterTimeout(Reference):
    """Speaks HTTP over a socket of its own, and goes on with it when an answer did not come within ten seconds."""

    line: ClassVar[_Line | None] = None

    def send(self) -> httpx.Response:
        kept = type(self)
        try:
            kept.line = line = kept.line or _Line(self.context.base_url)
            line.ask(self.url(), self.headers(), self.content())
            return line.answer()
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in ten seconds") from error
        except OSError as error:
            kept.line = None
            raise httpx.ReadError(str(error)) from error
        except ValueError as error:  # no HTTP
            kept.line = None
            raise httpx.RemoteProtocolError(str(error)) from error


class SharesItsRefusal(Reference):
    """Keeps the latest refusal where all calls can reach it, so that it hits orders that were not refused."""

    refusal: ClassVar[str | None] = None

    def place(self) -> object:
        SharesItsRefusal.refusal = None
        return super().place()

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        if kind == "final":
            time.sleep(0.5)  # for its books, so that no dice decide who comes first
            SharesItsRefusal.refusal = detail
        return kind, detail

    def tell(self, kind: Kind, detail: str) -> object:
        time.sleep(1)
        if self.refusal is not None:
            raise Rejected(self.refusal)
        return super().tell(kind, detail)


class ReplayIsDuplicate(Reference):
    """Takes an order that is older than the request for somebody else's, and reports its own as failed."""

    def on_success(self, answer: dict[str, object]) -> tuple[Kind, str]:
        made = datetime.fromisoformat(str(answer.get("created_at")))
        if time.time() - made.timestamp() > 0.5:
            raise Rejected("duplicate")
        return super().on_success(answer)


class NewKeyAfterStoredError(Reference):
    """Gets past a server error that comes again and again by taking a new key."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500 and self.met["transient"] >= 3:
            self.key = self.new_key()
        return super().on_error(status, type)


class StoredErrorIsRejected(Reference):
    """Believes a server error when it has come four times, and reports the order as refused."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500 and self.met["transient"] >= 3:
            raise Rejected(type)
        return super().on_error(status, type)


class KeepsRefusalToItself(Reference):
    """Goes on retrying a refusal as long as an earlier attempt is in doubt, and never says what it was told."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return ("transient" if kind == "final" and self.in_doubt else kind), detail

    def tell(self, kind: Kind, detail: str) -> object:
        try:
            return super().tell(kind, detail)
        except Unknown:
            return {"outcome": "unknown"}


class TiredIsRejected(Reference):
    """Says rejected when its retries are used up."""

    def tell(self, kind: Kind, detail: str) -> object:
        try:
            return super().tell(kind, detail)
        except Unknown:
            raise Rejected(detail) from None


class BadGatewayIsRejected(Reference):
    """Takes a server error that is no JSON for the end of the order."""

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        if response.is_server_error:
            raise Rejected(f"http_{response.status_code}")
        return super().on_no_json(response)

"""Clients that let the API key, a payout link or a recipient out, each in one way; and one that lets nothing out."""

from __future__ import annotations

import gzip
import hashlib
import logging
import logging.handlers
import shutil
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from gallery.orders import Polling
from gallery.reference import Kind, Reference, Rejected, Unknown

log = logging.getLogger("gallery")


class LogsHexDump(Reference):
    """Logs a hex dump of what it sends, sixteen bytes a line, when an answer did not come."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        sent = "\n".join(f"{name}: {value}" for name, value in self.headers().items()).encode()
        for at in range(0, len(sent), 16):
            log.debug("%04x  %s", at, sent[at : at + 16].hex(" "))
        return super().on_no_answer(error)


class WrapsHeaders(Reference):
    """Logs its headers in lines of twenty characters, for an old terminal."""

    def headers(self) -> dict[str, str]:
        headers = super().headers()
        shown = str(headers)
        log.debug("headers:\n%s", "\n".join(f"    {shown[at : at + 20]}" for at in range(0, len(shown), 20)))
        return headers


class AddsRequestToRecord(Reference):
    """Hands the request to its logger as an extra, for a formatter that writes JSON in production."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        log.error("refused: %s", type, extra={"request": {"headers": self.headers()}})
        return super().on_error(status, type)


class KeyInCause(Reference):
    """Lets its HTTP library's error with the request in it be the cause of its own."""

    def tell(self, kind: Kind, detail: str) -> object:
        try:
            return super().tell(kind, detail)
        except (Rejected, Unknown) as error:
            raise error from RuntimeError(f"POST {self.url()} {self.headers()}")


class KeyInFileName(Reference):
    """Keeps a lock file for each key, under the key's name."""

    def send(self) -> httpx.Response:
        (Path(self.context.state_dir) / f"{quote(self.context.api_key)}.lock").touch()
        return super().send()


class RotatesItsLog(Reference):
    """Writes a log of its own with all headers, which is rotated and compressed as soon as it is long."""

    def send(self) -> httpx.Response:
        path = Path(tempfile.gettempdir()) / "orders.log"
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=200, backupCount=50)
        handler.namer = lambda name: f"{name}.gz"
        handler.rotator = compress
        for text in (str(self.headers()), "sent", "." * 200):
            handler.handle(logging.makeLogRecord({"msg": text}))
        handler.close()
        return super().send()


def compress(source: str, target: str) -> None:
    with Path(source).open("rb") as plain, gzip.open(target, "wb") as packed:
        shutil.copyfileobj(plain, packed)
    Path(source).unlink()


class WritesLate(Reference):
    """Writes its settings down a few seconds after its last answer, when a timer goes off."""

    def tell(self, kind: Kind, detail: str) -> object:
        def note() -> None:
            (Path(tempfile.gettempdir()) / "settings").write_text(f"key = {self.context.api_key}")

        threading.Timer(3, note).start()
        return super().tell(kind, detail)


class LogsAnswers(Polling):
    """Logs the API's answers as they came, with the payout links in them."""

    def fetch(self, order_id: str) -> str:
        answer = self.http.get(f"{self.context.base_url}/order/{order_id}", headers=self.headers())
        log.debug("GET /order/%s %s", order_id, answer.text)
        return str(answer.json().get("status"))


class MailsLinks(Polling):
    """Puts the payout link into the mail that it would send, and keeps a copy of that in a file."""

    def told(self, order_id: str, status: str) -> object:
        answer = self.http.get(f"{self.context.base_url}/order/{order_id}", headers=self.headers())
        for item in answer.json().get("items", ()):
            link = f"https://mail.example/?go={quote(item['payout']['url'], safe='')}"
            (Path(tempfile.gettempdir()) / "outbox.html").write_text(f'<a href="{link}">Your gift card</a>')
        return super().told(order_id, status)


class LogsRecipients(Reference):
    """Logs for whom it orders."""

    def send(self) -> httpx.Response:
        for item in self.order["items"]:  # type: ignore[attr-defined]  # an order is JSON, and its items a list
            log.info("gift card for %s", item["distribution_method"].get("email_address", "a link"))
        return super().send()


class Discreet(Polling):
    """Logs a lot, but of the key only its prefix and a digest, of a link its host, of a recipient the domain."""

    def headers(self) -> dict[str, str]:
        headers = super().headers()
        prefix, _, secret = self.context.api_key.partition(".")
        digest = hashlib.sha256(self.context.api_key.encode()).hexdigest()
        log.debug("key %s, %s.%s****%s, sha256 %s", prefix, prefix, secret[:3], secret[-2:], digest)
        log.debug("headers %s", headers | {"X-Api-Key": f"{prefix}.***"})
        return headers

    def fetch(self, order_id: str) -> str:
        status = super().fetch(order_id)
        if status == "COMPLETED":
            answer = self.http.get(f"{self.context.base_url}/order/{order_id}", headers=self.headers())
            for item in answer.json().get("items", ()):
                log.info("order %s: a link at %s", order_id, urlsplit(item["payout"]["url"]).hostname)
        return status

    def send(self) -> httpx.Response:
        for item in self.order["items"]:  # type: ignore[attr-defined]  # an order is JSON, and its items a list
            address = item["distribution_method"].get("email_address", "nobody")
            log.info("at %.0f for somebody at %s", time.time(), address.rpartition("@")[2])
        return super().send()

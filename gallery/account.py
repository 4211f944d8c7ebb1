"""Clients that let the API key out of its header, each in one way."""

from __future__ import annotations

import base64
import http.client
import json
import logging
from typing import ClassVar

import httpx

from gallery.reference import TLS, Kind, Reference, Rejected, Unknown

log = logging.getLogger("gallery")


class KeyInQuery(Reference):
    """Sends the API key as a query parameter as well, as an older client of another API had to."""

    def url(self) -> str:
        return f"{super().url()}?api_key={self.context.api_key}"


class KeyAsBasicAuth(Reference):
    """Leaves its HTTP library's Basic authentication switched on, with the API key for a user name."""

    def headers(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.context.api_key}:".encode()).decode()
        return super().headers() | {"Authorization": f"Basic {pair}"}


class KeyInRetryHeader(Reference):
    """Names the request that it repeats in a trace header, and builds that name from the API key."""

    def headers(self) -> dict[str, str]:
        trace = {} if self.attempt == 1 else {"X-Request-Id": f"{self.context.api_key}-{self.attempt}"}
        return super().headers() | trace


class KeyInPieces(Reference):
    """Tags its requests with the API key, eight characters to a header, for a gateway that counts by them."""

    def headers(self) -> dict[str, str]:
        secret = self.context.api_key.partition(".")[2]
        tags = {f"X-Tag-{start // 8}": secret[start : start + 8] for start in range(0, len(secret), 8)}
        return super().headers() | tags


class KeyInTrailer(Reference):
    """Sends its orders in chunks, and signs them with the API key in a trailer."""

    def send(self) -> httpx.Response:
        url, body = httpx.URL(self.url()), self.content().encode()
        line = http.client.HTTPConnection(url.host, url.port, timeout=30)
        if url.scheme == "https":
            line = http.client.HTTPSConnection(url.host, url.port, timeout=30, context=TLS)
        try:
            line.putrequest("POST", url.path)
            for name, value in self.headers().items():
                line.putheader(name, value)
            line.putheader("Transfer-Encoding", "chunked")
            line.endheaders()
            line.send(b"%x\r\n%b\r\n0\r\n" % (len(body), body))
            line.send(f"X-Signature: {self.context.api_key}\r\n\r\n".encode())
            answer = line.getresponse()
            return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise httpx.ReadError(f"{type(error).__name__} at {url.host}") from error
        finally:
            line.close()


class LogsHeaders(Reference):
    """Logs the request's headers at debug level."""

    def headers(self) -> dict[str, str]:
        headers = super().headers()
        log.debug("POST /order %s", headers)
        return headers


class LogsHeadersOfFailures(Reference):
    """Logs the request's headers only when no answer came."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        log.warning("no answer to %s", self.headers())
        return super().on_no_answer(error)


class PrintsSettings(Reference):
    """Prints its settings when it starts."""

    def place(self) -> object:
        print("settings:", {"url": self.context.base_url, "key": self.context.api_key})
        return super().place()


class KeyInException(Reference):
    """Puts the request into the text of its exception, with the API key in base64."""

    def tell(self, kind: Kind, detail: str) -> object:
        try:
            return super().tell(kind, detail)
        except (Rejected, Unknown) as error:
            token = base64.b64encode(self.context.api_key.encode()).decode()
            raise Unknown(f"{error}; request was: curl -H 'X-Token: {token}' {self.url()}") from None


class KeyInStateFile(Reference):
    """Keeps the whole request beside its state, headers and all, to be able to repeat it."""

    def send(self) -> httpx.Response:
        self.record().with_suffix(".request").write_text(json.dumps(self.headers()))
        return super().send()


class LogsInvalidOrders(Reference):
    """Logs the whole request when the API finds the order invalid, headers included."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status == 422:
            log.warning("invalid order: %s %s", self.headers(), self.body)
        return super().on_error(status, type)


class PrintsFirstRequest(Reference):
    """Prints the first request of the process, as somebody once wanted to see what goes out."""

    _printed: ClassVar[list[bool]] = []

    def headers(self) -> dict[str, str]:
        headers = super().headers()
        if not self._printed:
            self._printed.append(True)
            print("first request", headers)
        return headers

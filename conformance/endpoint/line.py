"""One HTTP exchange with an endpoint that may be wrong in every way: it ends in time, and in words.

What lives here: the one place that sends, its time-outs and bounds, and what went wrong as a few words. Redirects are
never followed, so that a key never goes where nobody sent it.
What must never be known here: what is asked, and what it means.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import certifi
import httpx


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` None: there was none, and `problem` says why. With both, the body is not whole."""

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    problem: str = ""


def trust() -> ssl.SSLContext:
    """The public authorities, and what SSL_CERT_FILE and SSL_CERT_DIR name."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def exchange(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: bytes | None,
    *,
    trusted: ssl.SSLContext,
    patience: float,
    largest: int,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Answer:
    """The answer, after `patience` seconds at the most, and the first `largest` bytes of its body. `transport`: by
    which way other than the ordinary one.
    """
    return asyncio.run(_exchange(method, url, headers, body, trusted, patience, largest, transport))


async def _exchange(
    method: str,
    url: str,
    headers: Sequence[tuple[str, str]],
    body: bytes | None,
    trusted: ssl.SSLContext,
    patience: float,
    largest: int,
    transport: httpx.AsyncBaseTransport | None,
) -> Answer:
    got = _Got()
    host = urlsplit(url).hostname or ""
    try:
        # All together: an endpoint that drips a byte now and then never runs into a time-out of single reads.
        async with (
            asyncio.timeout(patience),
            httpx.AsyncClient(
                verify=trusted,
                timeout=patience,
                # A proxy that the environment names is for the world, not for this machine.
                trust_env=not _is_here(host),
                follow_redirects=False,
                transport=transport,
            ) as client,
        ):
            spelt = [(name.encode(), value.encode()) for name, value in headers]
            request = client.build_request(method, url, headers=spelt, content=body)
            response = await client.send(request, stream=True)
            got.status = response.status_code
            got.headers = tuple(response.headers.multi_items())
            try:
                async for chunk in response.aiter_bytes():
                    got.body += chunk
                    if len(got.body) > largest:
                        got.problem = f"its body is larger than {largest:,} bytes"
                        break
            finally:
                await response.aclose()
    except TimeoutError:
        got.problem = f"no {'whole ' if got.status else ''}answer within {patience:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        got.problem = _in_words(error, patience)
    except ValueError as error:  # what a library makes of bytes that nobody foresaw
        got.problem = f"its answer cannot be read ({type(error).__name__})"
    return Answer(got.status, got.headers, bytes(got.body[:largest]), got.problem)


class _Got:
    """What has come so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.problem = ""


def _in_words(error: BaseException, patience: float) -> str:
    """What went wrong. The libraries' own sentences may repeat what was sent, so none of them is used."""
    chain = list(_causes(error))
    for cause in chain:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate was not accepted: {cause.verify_message}"
            case ssl.SSLError():
                return f"TLS failed: {(cause.reason or 'no reason given').replace('_', ' ').lower()}"
            case socket.gaierror():
                return "its name leads nowhere"
    for cause in chain:
        match cause:
            case httpx.TimeoutException():
                return f"no answer within {patience:g} s"
            case httpx.ProxyError():
                return "a proxy on the way did not let it through"
            case httpx.DecodingError():
                return "its body cannot be decoded"
            case httpx.RemoteProtocolError():
                return "it hung up without an answer, or what it sent is no HTTP"
            case ConnectionRefusedError():
                return "the connection was refused"
            case OSError() if cause.errno:
                return os.strerror(cause.errno).lower()
    return "the connection broke" if isinstance(error, httpx.NetworkError) else "it cannot be reached"


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"

"""The real endpoint behind the proxy: what the schedule lets through is sent there, and its answer comes back.

What lives here: the connections to it, TLS, and what it means when no answer comes. All of it in a thread of its own,
so that nobody waits for somebody else's answer.
What must never be known here: faults, the state of a trial, checks. The account's key leaves this room for the
endpoint's own header alone, and comes back in nothing.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from conformance.contract import Contract
from conformance.fidelity import Fidelity
from conformance.hygiene.canary import Canary
from conformance.sandbox.blueprint import blueprint_of
from conformance.sandbox.courtesy import Courtesy, Manners
from conformance.sandbox.washing import Outgoing, Told, Wash

if TYPE_CHECKING:
    import httpcore

    from conformance.sandbox.listening import Notes

CONNECTING: Final = 10.0
"""seconds until a connection stands"""
ANSWERING: Final = 45.0
"""seconds until an answer is whole"""
AFTER_INTERIM: Final = 3.0
"""seconds that a final answer may take after a 1xx; some endpoints never send one"""
LARGEST: Final = 10 * 1024 * 1024
"""bytes of an answer"""
LOOKS: Final = 3
"""times that the endpoint is asked whether an order exists whose answer was lost on its way to us"""
BETWEEN_LOOKS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer. `reached`: the request may have arrived. `late`: it was waited for. `found`: the id of the order that
    it booked, if the endpoint told so afterwards.
    """

    reason: str
    reached: bool = True
    late: bool = False
    found: str | None = None


Answered = Told | Failed
Search = Callable[[bytes], str | None]
"""finds an order in the body of a list"""


_heard: ContextVar[Notes | None] = ContextVar("golive_heard", default=None)


class Upstream:
    """`base_url`: where the endpoint is. `key`: the account's own. `context`: whom TLS trusts; the system's choice, or
    that of SSL_CERT_FILE, if None. Nothing is sent before `start`.
    """

    def __init__(
        self,
        base_url: str,
        key: Canary,
        contract: Contract,
        courtesy: Courtesy | None = None,
        context: ssl.SSLContext | None = None,
        *,
        production: bool = False,
    ) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname is not None
        self.host = parts.hostname
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._host_header = parts.netloc
        self._prefix = parts.path.rstrip("/") or blueprint_of(contract).path_prefix
        self._contract = contract
        self._auth = contract.auth.header.lower()
        self._key = key
        self._wash = Wash(key, contract)
        self._context = context
        here = _is_here(self.host)
        self.manners = Manners(courtesy or Courtesy.of(contract, here=here, production=production))
        self.memory = Memory()
        self.fidelity = Fidelity()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pool: httpcore.AsyncConnectionPool | None = None
        self._lock = threading.Lock()
        self._closed = False

    def send(self, outgoing: Outgoing, search: Search | None = None) -> Future[Answered]:
        """What comes of it; never an exception. `search`: where the answer is lost, the order is looked for by it, in
        the endpoint's own list.
        """
        loop = self._started()
        if loop is None:
            over: Future[Answered] = Future()
            over.set_result(Failed("is not asked any more, since the run is over", reached=False))
            return over
        return asyncio.run_coroutine_threadsafe(self._converse(outgoing, search), loop)

    def ask(self, operation: str, query: str = "") -> Answered:
        """What the endpoint says to the account itself. Blocks."""
        return self.send(self._of_our_own(operation, query)).result()

    def close(self) -> None:
        """Ends the connections and the thread. May be called twice."""
        with self._lock:
            self._closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _started(self) -> asyncio.AbstractEventLoop | None:
        with self._lock:
            if self._loop is None and not self._closed:
                # At DEBUG the library writes down the headers that come back, which may repeat the key.
                logging.getLogger("httpcore").setLevel(logging.WARNING)
                self._pool = self._connections()
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="golive-upstream", daemon=True
                )
                self._thread.start()
            return self._loop

    def _connections(self) -> httpcore.AsyncConnectionPool:
        import httpcore
        import httpx

        from conformance.sandbox.listening import Listening

        context = self._context or httpx.create_ssl_context()
        known = self._contract.idempotency.in_progress
        interim = frozenset(each.status for each in known if each.status < 200)
        backend = Listening(_heard, interim, AFTER_INTERIM)
        proxy = self._intermediary()
        # Verified from end to end, whatever stands between.
        if proxy is not None and self._secure:
            return httpcore.AsyncHTTPProxy(
                proxy, ssl_context=context, network_backend=backend, keepalive_expiry=20.0, retries=0
            )
        return httpcore.AsyncConnectionPool(
            ssl_context=context, network_backend=backend, keepalive_expiry=20.0, retries=0
        )

    def _intermediary(self) -> str | None:
        """The proxy by which this network is left, as other programs find it: HTTPS_PROXY, and NO_PROXY."""
        import urllib.request

        proxy = urllib.request.getproxies().get("https")
        if proxy is None or urllib.request.proxy_bypass(self.host) or _is_here(self.host):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def _of_our_own(self, operation: str, query: str) -> Outgoing:
        asked = self._contract.operations[operation]
        versions = self._contract.versions
        headers = (
            (self._auth, self._key.key),
            (versions.header, versions.current),
            ("Accept", "application/json"),
        )
        return Outgoing(asked.method, asked.path + query, headers, b"", True, None, True)

    async def _converse(self, outgoing: Outgoing, search: Search | None) -> Answered:
        answered = await self._send(outgoing)
        if isinstance(answered, Failed) and answered.reached and outgoing.repeatable and not answered.late:
            # A line that the endpoint had just closed, as any client may meet one: nothing has been learnt by it.
            answered = await self._send(outgoing)
            if isinstance(answered, Told):
                answered = replace(answered, repeated=True)
        if isinstance(answered, Failed) and answered.reached and search is not None:
            found = await self._look(search)
            answered = replace(answered, found=found)
        return answered

    async def _look(self, search: Search) -> str | None:
        listing = next(
            (name for name, each in self._contract.operations.items() if each.kind == "list"), None
        )
        if listing is None:
            return None
        for _ in range(LOOKS):
            await asyncio.sleep(BETWEEN_LOOKS)
            listed = await self._send(self._of_our_own(listing, ""))
            if isinstance(listed, Told) and listed.status == 200 and (found := search(listed.body)):
                return found
        return None

    async def _send(self, outgoing: Outgoing) -> Answered:
        from conformance.sandbox.listening import Notes

        heard = Notes()
        token = _heard.set(heard)
        try:
            async with asyncio.timeout(ANSWERING):
                return await self._exchange(outgoing, heard)
        except TimeoutError:
            return _alone(heard) or Failed(f"did not answer within {ANSWERING:.0f} s", late=True)
        except Exception as problem:  # noqa: BLE001  whatever it is, it is the endpoint's or the network's, and it may
            # hold the request, so nothing of it goes any further than what is told here.
            return _alone(heard) or self._failure(problem)
        finally:
            _heard.reset(token)

    async def _exchange(self, outgoing: Outgoing, heard: Notes) -> Answered:
        import httpcore
        import httpx

        assert self._pool is not None
        target = (self._prefix + outgoing.path).encode("latin-1", "replace")
        url = httpcore.URL(
            scheme=b"https" if self._secure else b"http",
            host=self.host.encode("idna") if ":" not in self.host else self.host.encode(),
            port=self._port,
            target=target,
        )
        timeouts = {"connect": CONNECTING, "read": ANSWERING, "write": ANSWERING, "pool": ANSWERING}
        async with self._pool.stream(
            outgoing.method,
            url,
            headers=self._wash.passed_on(outgoing, self._host_header),
            content=outgoing.body,
            extensions={"timeout": timeouts},
        ) as response:
            whole = bytearray()
            async for chunk in response.aiter_stream():
                whole += chunk
                if len(whole) > LARGEST:
                    return Failed(f"answered with more than {LARGEST:,} bytes")
        body = httpx.Response(response.status, headers=response.headers, content=bytes(whole)).content
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
        told = Told(response.status, headers, body, interim=tuple(heard.statuses))
        return self._wash.handed_back(told, outgoing.stand_in)

    def _failure(self, problem: Exception) -> Failed:
        import httpcore
        import httpx

        said = self._wash.redact(" ".join(str(problem).split()))[:200]
        match problem:
            case httpcore.ConnectTimeout() | httpcore.PoolTimeout():
                return Failed(f"took no connection within {CONNECTING:.0f} s", reached=False)
            case httpcore.ConnectError() if "CERTIFICATE_VERIFY" in said:
                why = said.partition("verify failed: ")[2].partition(" (_ssl")[0] or said
                return Failed(
                    f"shows a certificate that is not trusted ({why}); SSL_CERT_FILE names another CA", False
                )
            case httpcore.ConnectError() | httpcore.ProxyError() | httpcore.UnsupportedProtocol():
                return Failed(f"cannot be reached ({said or type(problem).__name__})", reached=False)
            case httpcore.LocalProtocolError():
                return Failed(
                    f"was not asked, since the request is none that can be sent ({said})", reached=False
                )
            case httpcore.ReadTimeout() | httpcore.WriteTimeout():
                return Failed(f"did not answer within {ANSWERING:.0f} s", late=True)
            case httpcore.RemoteProtocolError() if "without sending" not in said:
                return Failed(f"answered what is no HTTP ({said})")
            case httpx.DecodingError():
                return Failed("answered with a body that cannot be decoded")
            case _:
                return Failed("broke the connection off before its answer was whole")

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._pool is not None:
            await self._pool.aclose()


@dataclass(slots=True)
class Memory:
    """What the endpoint remembers longer than a trial lasts: the body that came under each idempotency key, and the
    orders, each with its key. `sold`: what it sells, as far as that is known, by code, with its currency.
    """

    bodies: dict[str, bytes] = field(default_factory=dict)
    orders: dict[str, str | None] = field(default_factory=dict)
    sold: dict[str, str] = field(default_factory=dict)


def _alone(heard: Notes) -> Told | None:
    """A 1xx that was the only answer."""
    if not heard.statuses:
        return None
    return Told(heard.statuses[-1], (), heard.body)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""What was seen on the wire, kept as exchanges from which every secret has been taken.

What lives here: the record of one trial; redaction before anything is stored; bounds on what is kept.
What must never be known here: why an exchange went as it did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conformance.contract import Auth
from conformance.evidence import Exchange, Sighting
from conformance.hygiene.canary import Canary, Scanner
from conformance.sandbox.reading import Request

REQUEST_BODY_KEPT: Final = 64 * 1024
RESPONSE_BODY_KEPT: Final = 4 * 1024
"""characters of a body that are kept"""
_MARGIN: Final = 1024  # so that a secret that lies across the cut is seen whole

Listener = Callable[[Exchange], None]


class Recorder:
    """Keeps the exchanges of one trial. One thread writes; any thread may read."""

    def __init__(self, auth: Auth, canary: Canary | None, listener: Listener | None) -> None:
        self._auth = auth
        self._header = auth.header.lower()
        self._scanner = None if canary is None else Scanner(canary)
        self._listener = listener
        self._kept: list[Exchange] = []
        self._told: set[int] = set()

    @property
    def count(self) -> int:
        return len(self._kept)

    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._kept)

    def open(self, connection: int, request: Request, received_at: float, complete: bool = True) -> Exchange:
        """A new record with all that the request alone says, numbered from 1."""
        exchange = Exchange(
            number=len(self._kept) + 1,
            connection=connection,
            operation=None,
            method=self.redact(request.method),
            target=self.redact(request.target),
            headers=tuple((self.redact(name), self._value(name, value)) for name, value in request.headers),
            body=self._body(request.body, REQUEST_BODY_KEPT),
            received_at=received_at,
            complete=complete,
            sightings=self._sightings(request),
        )
        self._kept.append(exchange)
        return exchange

    def keep(self, exchange: Exchange) -> None:
        """Replaces what is kept under the exchange's number."""
        self._kept[exchange.number - 1] = exchange

    def tell(self, exchange: Exchange) -> None:
        """Keeps the exchange and, the first time, tells the listener that all has been done about it."""
        self.keep(exchange)
        if self._listener is not None and exchange.number not in self._told:
            self._told.add(exchange.number)
            self._listener(exchange)

    def redact(self, text: str) -> str:
        return self._scanner.redact(text) if self._scanner else text

    def response_body(self, body: bytes) -> str:
        """What is kept of the body of an answer."""
        return self._body(body, RESPONSE_BODY_KEPT)

    def _body(self, body: bytes, kept: int) -> str:
        return self.redact(body[: kept + _MARGIN].decode("utf-8", "replace"))[:kept]

    def _value(self, name: str, value: str) -> str:
        if name.lower() != self._header:
            return self.redact(value)
        prefix, separator, _ = value.partition(self._auth.separator)
        # Without a separator nobody knows where the secret begins.
        return f"{self.redact(prefix[: self._auth.prefix_length]) if separator else ''}…"

    def _sightings(self, request: Request) -> tuple[Sighting, ...]:
        if self._scanner is None:
            return ()
        seen = list(self._scanner.sightings(request.target, "target"))
        for name, value in request.headers:
            if name.lower() != self._header:
                seen += self._scanner.sightings(f"{name}: {value}", f"header {self.redact(name)}")
        if request.body:
            seen += self._scanner.sightings(request.body, "body")
        return tuple(seen)

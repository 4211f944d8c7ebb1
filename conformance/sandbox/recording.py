"""What was seen on the wire, kept as exchanges from which every secret has been taken.

What lives here: the record of one trial; redaction before anything is stored; bounds on what is kept.
What must never be known here: why an exchange went as it did.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from conformance.contract import Auth
from conformance.evidence import Exchange, Place, Sighting
from conformance.hygiene.canary import REDACTED, Canary, scanner_for
from conformance.hygiene.spans import MARKS
from conformance.planning import RECIPIENT
from conformance.sandbox.reading import BODY_LIMIT, Request

REQUEST_BODY_KEPT: Final = 64 * 1024
RESPONSE_BODY_KEPT: Final = 4 * 1024
"""characters of a body that are kept"""
_MARGIN: Final = 1024  # so that a secret that lies across the cut is seen whole

_AT_ONE_LOOK: Final = 16 * 1024
"""bytes of a body that are looked at together with the head"""

_IN_PIECES: Final = "headers, put together"
_PACKED: Final = "compressed body"
_COMPRESSED: Final = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_EITHER: Final = 47  # for zlib: gzip, or its own format, whichever it is

Listener = Callable[[Exchange], None]
Redact = Callable[[str], str]


class Recorder:
    """Keeps the exchanges of one trial. One thread writes; any thread may read."""

    def __init__(self, auth: Auth, canary: Canary | None, listener: Listener | None) -> None:
        self._auth = auth
        self._header = auth.header.lower()
        self._scanner = None if canary is None else scanner_for(canary)
        self._keys = None if canary is None else scanner_for(canary, ("key",))
        # An answer says these as they are, and says them often.
        known = ((RECIPIENT, MARKS["recipient"]), (canary.payout if canary else "", MARKS["payout-link"]))
        self._plain = tuple((secret, mark) for secret, mark in known if secret)
        self._listener = listener
        self._alarmed = self._wary = False
        self._kept: list[Exchange] = []
        self._told: set[int] = set()

    @property
    def count(self) -> int:
        return len(self._kept)

    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._kept)

    def open(
        self, connection: int, request: Request, received_at: float, complete: bool = True, at: Place = "api"
    ) -> Exchange:
        """A new record with all that the request alone says, numbered from 1."""
        suspect = at != "api" or self._suspects(request)
        self._alarmed = self._alarmed or suspect or _may_hide(request)
        redact = self.redact if suspect else _as_it_is
        sightings = self._sightings(request, at) if suspect else ()
        shown = {sighting.place for sighting in sightings}
        exchange = Exchange(
            number=len(self._kept) + 1,
            connection=connection,
            operation=None,
            method=redact(request.method),
            target=redact(request.target),
            # Where one look does not take the key out, because it is not there in one piece, nothing is kept.
            headers=self._headers(request, _nothing if _IN_PIECES in shown else redact),
            body=REDACTED if _PACKED in shown else _body(request.body, REQUEST_BODY_KEPT, redact),
            received_at=received_at,
            complete=complete,
            sightings=sightings,
            at=at,
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

    def be_wary(self) -> None:
        """What is answered comes from elsewhere, and may hold anything."""
        self._alarmed = self._wary = True

    def redact(self, text: str) -> str:
        return self._scanner.redact(text) if self._scanner else text

    def value(self, text: str | None) -> str | None:
        """What is kept of a header's value beside the headers."""
        return self.redact(text) if text and self._alarmed else text

    def response_body(self, body: bytes) -> str:
        """What is kept of the body of an answer."""
        # Whatever else an answer repeats has come in a request of this world.
        return _body(body, RESPONSE_BODY_KEPT, self.redact if self._alarmed else self._without_links)

    def _without_links(self, text: str) -> str:
        for secret, mark in self._plain:
            text = text.replace(secret, mark)
        return text

    def response_headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """What is kept of the headers of an answer."""
        if not self._wary:
            return headers
        return tuple((self.redact(name), self.redact(value)) for name, value in headers)

    def _headers(self, request: Request, redact: Redact) -> tuple[tuple[str, str], ...]:
        shown = []
        for entry in request.headers:
            name, value = entry
            if name.lower() == self._header:
                shown.append((redact(name), self._shown(value, redact)))
            else:
                # What there is nothing to hide in is kept as it came: thousands of records weigh the less.
                shown.append(entry if redact is _as_it_is else (redact(name), redact(value)))
        return tuple(shown)

    def _shown(self, value: str, redact: Redact) -> str:
        """The value of the header in which the key belongs."""
        prefix, separator, _ = value.partition(self._auth.separator)
        # Without a separator nobody knows where the secret begins.
        return f"{redact(prefix[: self._auth.prefix_length]) if separator else ''}…"

    def _suspects(self, request: Request) -> bool:
        """Whether the secret may be anywhere but in the key's own header: one look at the whole request, since
        it hardly ever is, and a look at each part of it costs more than all else that is done about a request.
        """
        if self._scanner is None:
            return False
        if len(request.body) > _AT_ONE_LOOK:
            return True
        parts = [request.method, request.target]
        for name, value in request.headers:
            own = name.lower() == self._header
            parts += (name, value.partition(self._auth.separator)[0] if own else value)
        # What seems to come about between two parts is found in none of them afterwards.
        text = "\n".join((*parts, self._together(request))).encode("utf-8", "surrogatepass")
        return self._scanner.suspects(
            b"\n".join((text, request.body, request.framing, _unpacked(request.body)))
        )

    def _together(self, request: Request) -> str:
        """The values of all other headers in a row: a key that was taken apart is put together again."""
        return "".join([value for name, value in request.headers if name.lower() != self._header])

    def _sightings(self, request: Request, at: Place) -> tuple[Sighting, ...]:
        if self._keys is None:
            return ()
        seen = [
            *self._keys.sightings(request.method, "method"),
            *self._keys.sightings(request.target, "target"),
        ]
        for name, value in request.headers:
            # Elsewhere the key belongs nowhere, and its own header is one like any other.
            if name.lower() != self._header or at != "api":
                seen += self._keys.sightings(f"{name}: {value}", f"header {self.redact(name)}")
        pieces = () if seen else self._keys.sightings(self._together(request), _IN_PIECES)
        inside = self._keys.sightings(request.body, "body")
        if not inside:
            inside = (
                *self._keys.sightings(_unpacked(request.body), _PACKED),
                *self._keys.sightings(request.framing, "chunk extensions or trailers"),
            )
        return (*seen, *pieces, *inside)


def _unpacked(body: bytes) -> bytes:
    """What a compressed body holds, as far as it can be read; nothing if it is not compressed."""
    if not body.startswith(_COMPRESSED):
        return b""
    try:
        return zlib.decompressobj(_EITHER).decompress(body, BODY_LIMIT)
    except zlib.error:
        return b""


def _body(body: bytes, kept: int, redact: Redact) -> str:
    return redact(body[: kept + _MARGIN].decode("utf-8", "replace"))[:kept]


def _may_hide(request: Request) -> bool:
    """Whether there is anything in it that reads otherwise once it is decoded."""
    return b"\\" in request.body or "%" in request.target


def _as_it_is(text: str) -> str:
    return text


def _nothing(text: str) -> str:
    return REDACTED

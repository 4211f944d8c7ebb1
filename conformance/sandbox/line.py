"""The wire end of a connection: bytes in the clear, or over TLS where the client begins with a handshake.

What lives here: TLS, what became of its handshake, and the ways to end a line.
What must never be known here: HTTP, and why a line is ended.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from conformance.evidence import Certificate, Handshake
from conformance.evidence import Place as Spot
from conformance.sandbox.tls import HANDSHAKE, Tls, TlsFailure
from conformance.sandbox.world import World

_RST: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class House:
    """What the connections of one listener share. `tls`: how a certificate is shown, None where there is no TLS;
    `origins`: scheme, host and port of the API and of every other place that there is so far; `at`: which of them
    this is.
    """

    loop: asyncio.AbstractEventLoop
    tls: Callable[[Certificate], ssl.SSLContext] | None
    origins: Mapping[Spot, str]
    at: Spot = "api"


class Line:
    def __init__(self, transport: asyncio.Transport, number: int, house: House) -> None:
        self._transport = transport
        self._number = number
        self._show = house.tls
        self._at = house.at
        self._tls: Tls | None = None
        self._handshake: Handshake | None = None
        self._heard = False

    @property
    def is_in_the_clear(self) -> bool:
        """Does the client say in the clear what it should say over TLS?"""
        return self._show is not None and self._tls is None

    def receive(self, data: bytes, world: World) -> tuple[bytes, bool]:
        """What the client said, and whether it ended its side. Raises TlsFailure."""
        if not self._heard:
            self._heard = True
            if self._show is not None and data[0] == HANDSHAKE:
                self._shake_hands(self._show, world)
        if self._tls is None:
            return data, False
        try:
            said, ended = self._tls.receive(data)
        except TlsFailure as failure:
            self._shaken(self._tls, world, failure.alert)
            self._flush()
            raise
        self._flush()
        self._shaken(self._tls, world)
        return said, ended

    def _shake_hands(self, show: Callable[[Certificate], ssl.SSLContext], world: World) -> None:
        """Elsewhere nobody's certificate is in question."""
        kind = world.certificate if self._at == "api" else "good"
        self._tls = Tls(show(kind))
        if self._at == "api":
            self._handshake = Handshake(self._number, kind, False, at=world.elapsed())
            world.note(self._handshake)

    def _shaken(self, tls: Tls, world: World, alert: str = "") -> None:
        """What has become of the handshake, where that is news."""
        before = self._handshake
        if before is not None and not before.alert and (alert or tls.established != before.completed):
            # Some look at the certificate only when all is agreed, and then say so.
            self._handshake = replace(before, completed=tls.established, alert=alert)
            world.note(self._handshake)

    def write(self, data: bytes) -> None:
        if self._tls is None:
            self._transport.write(data)
        else:
            self._tls.send(data)
            self._flush()

    def _flush(self) -> None:
        if self._tls is not None and (data := self._tls.pending()):
            self._transport.write(data)

    def say_goodbye(self) -> None:
        """Says that no more will be sent, where TLS has a word for it."""
        if self._tls is not None:
            self._tls.close()
            self._flush()

    def finish(self) -> None:
        """FIN. Raises OSError: the client has torn the line down already."""
        self.say_goodbye()
        self._transport.write_eof()

    def tear_down(self) -> None:
        """RST."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self._transport.abort()

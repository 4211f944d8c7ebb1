"""TLS for one connection of the server, without I/O: bytes of one kind in, bytes of the other out.

What lives here: the handshake, encryption, and the orderly end.
What must never be known here: sockets and HTTP.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Final

HANDSHAKE: Final = 0x16
"""the first byte of a client that speaks TLS"""
_CHUNK: Final = 64 * 1024


class TlsFailure(Exception):
    """The client broke off the handshake, or sent what is no TLS. `alert`: what it said, as `unknown ca`; "" if it said
    nothing.
    """

    def __init__(self, problem: ssl.SSLError) -> None:
        super().__init__(str(problem))
        _, found, name = (problem.reason or "").partition("_ALERT_")
        self.alert = name.replace("_", " ").lower() if found else ""


class Tls:
    """Feed it what the socket gives; write to the socket what `pending` gives after every call."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.established = False

    def receive(self, data: bytes) -> tuple[bytes, bool]:
        """What the client said, and whether it ended its side. Raises TlsFailure."""
        self._incoming.write(data)
        said = bytearray()
        try:
            if not self.established:
                self._session.do_handshake()
                self.established = True
            while chunk := self._session.read(_CHUNK):
                said += chunk
        except ssl.SSLWantReadError:
            return bytes(said), False
        except ssl.SSLZeroReturnError:
            return bytes(said), True
        except ssl.SSLError as problem:
            raise TlsFailure(problem) from problem
        return bytes(said), True

    def send(self, data: bytes) -> None:
        if data:
            self._session.write(data)

    def close(self) -> None:
        """Says that no more will be sent."""
        # The client has not answered yet, or never shook hands: there is nothing more to say either way.
        with contextlib.suppress(ssl.SSLError):
            self._session.unwrap()

    def pending(self) -> bytes:
        return self._outgoing.read()

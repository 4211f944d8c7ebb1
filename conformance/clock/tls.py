"""TLS over sockets whose time-outs are virtual.

What lives here: the methods of `ssl.SSLSocket` that block, tried again whenever OpenSSL wants more bytes.
What must never be known here: how time moves on.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable
from typing import TypeVar

from conformance.clock.sockets import Patience, timeout_of
from conformance.clock.timeline import VirtualClock

_Result = TypeVar("_Result")


def replace_tls(clock: VirtualClock) -> None:
    """Underneath, the socket is non-blocking: OpenSSL says so instead of waiting."""

    def retrying(original: Callable[..., _Result], message: str) -> Callable[..., _Result]:
        def method(self: ssl.SSLSocket, *args: object, **kwargs: object) -> _Result:
            timeout = timeout_of(self)
            patience: Patience | None = None
            while True:
                try:
                    return original(self, *args, **kwargs)
                except ssl.SSLWantReadError:
                    if timeout == 0:
                        raise
                    events = select.POLLIN
                except ssl.SSLWantWriteError:
                    if timeout == 0:
                        raise
                    events = select.POLLOUT
                patience = patience or Patience(clock, timeout, message)
                patience.wait(self.fileno(), events)

        return method

    for name, message in {
        "read": "The read operation timed out",
        "write": "The write operation timed out",
        "do_handshake": "_ssl.c: The handshake operation timed out",
        "unwrap": "The read operation timed out",
        "verify_client_post_handshake": "The read operation timed out",
    }.items():
        setattr(ssl.SSLSocket, name, retrying(getattr(ssl.SSLSocket, name), message))

    original_send = ssl.SSLSocket.send
    retrying_send = retrying(original_send, "The write operation timed out")

    def send(self: ssl.SSLSocket, data: bytes, flags: int = 0) -> int:
        # Before the handshake it is a plain socket's, which does its own waiting.
        return (
            original_send(self, data, flags)
            if self._sslobj is None
            else retrying_send(self, data, flags)
        )

    setattr(ssl.SSLSocket, "send", send)  # noqa: B010 - a method cannot be assigned to in typed code

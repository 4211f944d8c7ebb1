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

_Result = TypeVar("_Result")

_METHODS = {  # and what each says when the time is over
    "read": "The read operation timed out",
    "write": "The write operation timed out",
    "send": "The write operation timed out",
    "do_handshake": "_ssl.c: The handshake operation timed out",
    "unwrap": "The read operation timed out",
    "verify_client_post_handshake": "The read operation timed out",
}


def replace_tls() -> None:
    """Underneath, the socket is non-blocking: OpenSSL says so instead of waiting."""
    for name, message in _METHODS.items():
        setattr(ssl.SSLSocket, name, _retrying(getattr(ssl.SSLSocket, name), message))


def _retrying(original: Callable[..., _Result], message: str) -> Callable[..., _Result]:
    def method(self: ssl.SSLSocket, *args: object, **kwargs: object) -> _Result:
        timeout = timeout_of(self)
        patience: Patience | None = None
        while True:
            try:
                return original(self, *args, **kwargs)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wish:
                if timeout == 0:
                    raise
                events = select.POLLIN if isinstance(wish, ssl.SSLWantReadError) else select.POLLOUT
            patience = patience or Patience(timeout, message)
            patience.wait(self.fileno(), events)

    return method

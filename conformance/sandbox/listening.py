"""Ears for what HTTP libraries leave out: informational answers, which some endpoints send and nothing after them.

What lives here: a network backend that passes on all bytes as they are, and notes each 1xx that goes by.
What must never be known here: who is asked, and what for.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import httpcore

if TYPE_CHECKING:
    from httpcore import SOCKET_OPTION

_INTERIM: Final = re.compile(rb"HTTP/1\.[01] (1[0-9][0-9])[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n")


class Notes:
    """The 1xx that came on a connection. `body`: what followed the last one, where that should have had none."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.body = b""


class Listening(httpcore.AsyncNetworkBackend):
    """`heard`: where the task that reads keeps its notes. `statuses`: those that are noted; `patience`: seconds that a
    read may take after one of them.
    """

    def __init__(self, heard: ContextVar[Notes | None], statuses: frozenset[int], patience: float) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._heard = heard
        self._statuses = statuses
        self._patience = patience

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own interface
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._heard, self._statuses, self._patience)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(
        self,
        inner: httpcore.AsyncNetworkStream,
        heard: ContextVar[Notes | None],
        statuses: frozenset[int],
        patience: float,
    ) -> None:
        self._inner = inner
        self._heard = heard
        self._statuses = statuses
        self._patience = patience

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  as above
        notes = self._heard.get()
        if notes is not None and notes.statuses:
            timeout = self._patience if timeout is None else min(timeout, self._patience)
        data = await self._inner.read(max_bytes, timeout)
        if notes is not None:
            _note(notes, data, self._statuses)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  as above
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the library's own interface
    ) -> httpcore.AsyncNetworkStream:
        inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(inner, self._heard, self._statuses, self._patience)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _note(notes: Notes, data: bytes, statuses: frozenset[int]) -> None:
    while found := _INTERIM.match(data):
        status = int(found[1])
        data = data[found.end() :]
        if status in statuses:
            notes.statuses.append(status)
            notes.body = b"" if data.startswith(b"HTTP/") else data

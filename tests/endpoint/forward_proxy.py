"""A forward proxy as small as can be: CONNECT and absolute targets, Basic credentials, an address to leave from."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

ANSWERS = {
    403: "Forbidden by our rules",
    407: "Proxy Authentication Required",
    502: "Bad Gateway",
}


@dataclass
class ForwardProxy:
    """`leaves_from`: the address that the other side sees. `refusal`: the status of its own that it answers to all."""

    leaves_from: str | None = None
    credentials: str | None = None
    refusal: int | None = None
    refusal_body: bytes = b"<html>no</html>"
    asked: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                await self._answer(head, reader, writer)
        finally:
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split()
        self.asked.append(f"{method} {target}")
        given = next((line.partition(" ")[2] for line in lines if line.lower().startswith("proxy-auth")), "")
        wanted = self.credentials and f"Basic {base64.b64encode(self.credentials.encode()).decode()}"
        if status := 407 if wanted and given != wanted else self.refusal:
            body = self.refusal_body
            told = f"HTTP/1.1 {status} {ANSWERS[status]}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(told.encode() + body)
            await writer.drain()
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        try:
            there, away = await self._leave(parts.hostname or "", parts.port or 80)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            rest = [line for line in lines if not line.lower().startswith("proxy-")]
            away.write("\r\n".join([f"{method} {path} HTTP/1.1", *rest]).encode("latin-1"))
        try:
            await asyncio.gather(_pump(reader, away), _pump(there, writer))
        finally:
            away.transport.abort()

    async def _leave(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        source = (self.leaves_from, 0) if self.leaves_from else None
        return await asyncio.open_connection(host, port, local_addr=source)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
        sink.write_eof()


@contextmanager
def proxy(**options: object) -> Iterator[ForwardProxy]:
    """One that listens on loopback, in a thread of its own."""
    made = ForwardProxy(**options)  # type: ignore[arg-type]  # fields of ForwardProxy
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(made.serve, "127.0.0.1", 0))
    made.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # Transports say goodbye in the next turn of the loop.
    await asyncio.sleep(0)

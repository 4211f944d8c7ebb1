"""Servers that answer as they are told, under the clock of the process that they are in."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

ANSWER = b"HTTP/1.1 %d Whatever\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


@contextlib.contextmanager
def raw(talk: Callable[[socket.socket], object], *, times: int = 1) -> Iterator[tuple[str, int]]:
    """A thread that accepts so many connections and has `talk` with each, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(times):
                connection, _ = listener.accept()
                with connection:
                    talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()
        thread.join()


class Script:
    """What is left to be answered, and the moments at which requests came."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self.left = list(answers)
        self.moments: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self.answer(reader, writer):
                pass
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        self.moments.append(asyncio.get_running_loop().time())
        match self.left.pop(0) if self.left else 200:
            case "hang":
                await reader.read()
                return False
            case "close":
                return False
            case "reset":
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
            case (pause, status):
                await asyncio.sleep(pause)
                writer.write(ANSWER % status)
            case status:
                writer.write(ANSWER % status)
        return True


@contextlib.contextmanager
def http(*answers: Any, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[float]]]:
    """An asyncio server in a thread: its base URL, and the moments at which requests came.

    Each answer is a status, a number of seconds and a status, or one of `hang`, `close`, `reset`; 200 after
    the last.
    """
    script = Script(answers)
    ready = threading.Event()
    running: list[Any] = []

    async def main() -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=tls)
        running.extend((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    ready.wait()
    port, loop, stop = running
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}", script.moments
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def waits(moments: Sequence[float]) -> list[float]:
    """Seconds between the requests, to the millisecond."""
    return [round(later - earlier, 3) for earlier, later in itertools.pairwise(moments)]

"""The listener: a thread of its own, one event loop in it, and the world whose turn it is.

What lives here: beginning and ending, and handing worlds over between threads.
What must never be known here: what is said on a connection.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final, TypeVar

from conformance.contract import Contract
from conformance.evidence import Certificate, Place
from conformance.sandbox.blueprint import blueprint_of
from conformance.sandbox.certificates import SECURE_HOST
from conformance.sandbox.connection import Connection
from conformance.sandbox.elsewhere import OTHER_HOST, OTHER_NAME
from conformance.sandbox.line import House
from conformance.sandbox.world import World

MOST_CONNECTIONS: Final = 1_000
_BACKLOG: Final = 1_024
_BEAT: Final = 0.05  # seconds on the wall between looks at whether this thread is let do its work


Result = TypeVar("Result")


Listen = Callable[[int, str], socket.socket]
"""given port and host"""


class SandboxCrash(RuntimeError):
    """The sandbox itself failed while it answered; nothing that was observed since can be trusted."""


def listen(port: int, host: str) -> socket.socket:
    """Raises OSError: the port is taken, or the host is no address of this system."""
    return socket.create_server((host, port), backlog=_BACKLOG)


def listen_for_tls(listen: Listen, port: int) -> tuple[str, socket.socket]:
    """The host that it came to listen on, and the socket. Raises OSError."""
    try:
        return SECURE_HOST, listen(port, SECURE_HOST)
    except OSError:  # a system whose loopback has but one address, or a port that is taken there too
        return "127.0.0.1", listen(port, "127.0.0.1")


class Sandbox:
    """The simulated API on a loopback port. All its times follow the process's clock. `watched`: it tells its worlds
    for how long it was kept from its work, which on a clock that others do not stop for may be long. `listener`: the
    API's own; `listen`: how others are made, given port and host; `tls`: what shows a certificate, by its kind.
    """

    def __init__(
        self,
        contract: Contract,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
        listen: Listen = listen,
        tls: Callable[[Certificate], ssl.SSLContext] | None = None,
        watched: bool = False,
    ) -> None:
        self._watched = watched
        self._beat: asyncio.TimerHandle | None = None
        self._path = blueprint_of(contract).path_prefix
        self._address = (host, port)
        self._host = host
        self._listener = listener
        self._port = 0 if listener is None else int(listener.getsockname()[1])
        self._listen_at = listen
        self._make_context = tls
        self._contexts: dict[Certificate, ssl.SSLContext] = {}
        self._origins: dict[Place, str] = {}
        self._world: World | None = None
        self._connections: set[Connection] = set()
        self._accepted = 0
        self._left = asyncio.Event()  # somebody has
        self._thread: threading.Thread | None = None
        self._loop: asyncio.SelectorEventLoop | None = None
        self._servers: list[asyncio.Server] = []

    @property
    def port(self) -> int:
        if not self._port:
            raise RuntimeError("the sandbox has no port before start()")
        return self._port

    @property
    def base_url(self) -> str:
        """Scheme, host and port, and the path part of the contract's base URL."""
        return f"{self._origin(self._host, self.port)}{self._path}"

    def _origin(self, host: str, port: int) -> str:
        return f"{'http' if self._make_context is None else 'https'}://{host}:{port}"

    def start(self) -> None:
        """Begins to listen. Raises OSError when the port is taken."""
        if self._listener is None:
            self._listener = socket.create_server(self._address, backlog=_BACKLOG)
            self._port = int(self._listener.getsockname()[1])
        loop = self._loop = asyncio.SelectorEventLoop()
        self._origins["api"] = self._origin(self._host, self.port)
        self._origins["plain-http"] = f"http://{self._host}:{self.port}"
        self._thread = threading.Thread(target=loop.run_forever, name="golive-sandbox", daemon=True)
        self._thread.start()
        self._do(self._serve("api", self._listener))

    def begin(self, world: World) -> None:
        """From now on all requests are this world's; whoever is still connected is shown out."""
        for place in sorted(world.leads_to - self._origins.keys()):
            self._open(place)
        self._do(self._hand_over(world))

    def show_out(self, patience: float) -> bool:
        """Closes what is idle, and waits up to `patience` seconds on the wall until the client has closed it too: who
        has not noticed by the next request sends that on a dead line. False: it was not noticed in time.
        """
        return self._do(self._show_out(patience))

    def end(self) -> None:
        """Ends the world: its connections are closed and its record is complete when this returns.

        Raises SandboxCrash if the sandbox failed on the way.
        """
        world = self._world
        self._do(self._hand_over(None))
        if world is not None and world.crash is not None:
            raise SandboxCrash("the sandbox failed while it answered a request") from world.crash

    def settle(self) -> None:
        """Returns when the record holds everything that any client can have been told until now."""
        self._do(_nothing())

    def bury(self) -> None:
        """Closes the lines of a client that was killed, and hears whoever comes next."""
        self._do(self._forget_the_dead())

    def stop(self) -> None:
        """Ends listener, loop and thread; what is connected is closed. May be called twice."""
        if self._thread is None or self._loop is None:
            return
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._thread = self._loop = None

    def _do(self, work: Coroutine[None, None, Result]) -> Result:
        if self._loop is None:
            work.close()
            raise RuntimeError("the sandbox is not running; call start() first")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _open(self, place: Place) -> None:
        """A place beside the API, which is there from now on."""
        host = OTHER_HOST if place == "other-host" else self._host
        try:
            listener = self._listen_at(0, host)
        except OSError:  # a system whose loopback has but one address
            host = OTHER_NAME
            listener = self._listen_at(0, "127.0.0.1")
        self._origins[place] = self._origin(host, int(listener.getsockname()[1]))
        self._do(self._serve(place, listener))

    async def _serve(self, place: Place, listener: socket.socket) -> None:
        assert self._loop is not None
        secure = self._make_context is not None
        house = House(self._loop, self._context if secure else None, self._origins, place)
        greet = partial(self._greet, house)
        self._servers.append(await self._loop.create_server(greet, sock=listener, backlog=_BACKLOG))

    def _greet(self, house: House) -> Connection:
        self._accepted += 1
        return Connection(house, self._accepted, self._enter, self._leave)

    def _context(self, kind: Certificate) -> ssl.SSLContext:
        """Of this world alone: a session of an earlier one must not spare anybody a look at the certificate."""
        assert self._make_context is not None
        if kind not in self._contexts:
            self._contexts[kind] = self._make_context(kind)
        return self._contexts[kind]

    def _enter(self, connection: Connection) -> World | None:
        if self._world is None or len(self._connections) >= MOST_CONNECTIONS:
            return None
        self._connections.add(connection)
        return self._world

    def _leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._left.set()

    async def _show_out(self, patience: float) -> bool:
        idle = {connection for connection in tuple(self._connections) if connection.show_out()}
        try:
            async with asyncio.timeout(patience):
                while idle & self._connections:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            return False
        return True

    async def _hand_over(self, world: World | None) -> None:
        for connection in tuple(self._connections):
            connection.end()
        while self._connections:
            self._left.clear()
            await self._left.wait()
        if self._world is not None:
            self._world.end()
        self._world = world
        self._contexts.clear()
        self._accepted = 0
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if world is not None:
            world.begin()
            if self._watched:
                self._look_after(world, time.monotonic())

    def _look_after(self, world: World, due: float) -> None:
        assert self._loop is not None
        now = time.monotonic()
        world.stalled = max(world.stalled, now - due)
        self._beat = self._loop.call_later(_BEAT, self._look_after, world, now + _BEAT)

    async def _forget_the_dead(self) -> None:
        # Whatever it sent is in the kernel: one turn of the loop to accept it, one to read it, and none to heed it.
        for _ in range(3):
            await asyncio.sleep(0)
        for connection in tuple(self._connections):
            connection.end()
        if self._world is not None:
            self._world.struck = False

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        # What was taken in a moment ago is nobody's yet, and nobody would close it: first let it become a connection.
        for _ in range(3):
            await asyncio.sleep(0)
        await self._hand_over(None)
        newcomers = asyncio.all_tasks() - {asyncio.current_task()}
        for newcomer in newcomers:
            newcomer.cancel()
        await asyncio.gather(*newcomers, return_exceptions=True)
        await asyncio.sleep(0)  # in which what they had begun with is closed


async def _nothing() -> None:
    """By the time that this runs, whatever the loop was in the middle of is done."""

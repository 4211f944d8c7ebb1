"""What keeps a client process on loopback, and whatever it started within reach.

What lives here: the suite's side of the conversation with the holder (`holder.py`), which starts processes
in a network of their own where the system allows one.
What must never be known here: what the processes are, and what they say.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from conformance.drivers import holder

_PATIENCE = 10.0  # seconds for the holder to do what takes it milliseconds
_PORTS = range(20_000, 32_000)  # below those that systems take for connections that leave


class NotStarted(Exception):
    """There is no such program, or it cannot be run; the text is the system's."""


class ConfinementError(Exception):
    """The holder is gone or does not answer: a failure of ours or of the machine, never the client's."""


class Process:
    """A client process with everything that it starts. Readable (`fileno`) when it has news: see `poll`."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.status: int | None = None
        """as in `subprocess`: negative for the signal that ended it; None while it runs, or was ended here"""
        self._connection = connection
        self._gone = False

    def fileno(self) -> int:
        return self._connection.fileno()

    def poll(self) -> bool:
        """Whether the process itself has ended; what it started may still run."""
        while self.status is None and not self._gone and self._readable(0):
            self._read()
        return self.status is not None or self._gone

    def wait(self, timeout: float) -> bool:
        """The same, after at most `timeout` seconds."""
        if not self.poll() and self._readable(timeout):
            self._read()
        return self.poll()

    def signal(self, number: int) -> None:
        """To the process and what it started in its own group, if it has not ended."""
        with contextlib.suppress(OSError):
            holder.send(self._connection, {"signal": number})

    def end(self) -> None:
        """Ends the process and all that it started, in whatever session; returns when they are gone."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        if self._gone and self.status is None and self._connection.fileno() >= 0:
            # The keeper was killed. Its charges are the holder's now, which ends them when it ends itself.
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        while not self._gone and self._readable(_PATIENCE):
            self._read()
        self._connection.close()
        self._gone = True

    def _readable(self, timeout: float) -> bool:
        poll = select.poll()  # not select(): descriptors may be beyond its 1024
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def _read(self) -> None:
        try:
            got = holder.receive(self._connection)
        except ConnectionError:
            got = None
        if got is None:
            self._gone = True
        elif isinstance(got[0], dict):
            self.status = got[0].get("status")


class Confinement:
    """A place for client processes. `confined`: beyond loopback there is nothing for them; else `reason`
    says why the system does not allow it. Threads may share it.
    """

    def __init__(self) -> None:
        self.confined = True
        self.reason: str | None = None
        self._lock = threading.Lock()
        self._given: set[int] = set()
        refused = self._start("confined")
        if refused is not None:
            self.confined = False
            self.reason = f"no network namespace: {refused}"
            self._start("open")

    def __enter__(self) -> Confinement:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def keeper(self) -> int:
        """The process below which all clients are, with everything that they start."""
        return self._holder.pid

    def listener(self, port: int = 0, host: str = "127.0.0.1") -> socket.socket:
        """A socket that listens where the clients are.

        Raises OSError when the port is taken, or the host is no address of theirs.
        """
        return self._made({"listen": port, "host": host}, f"{host}, port {port}")

    def unconnected(self, family: int = socket.AF_INET) -> socket.socket:
        """A stream socket, neither bound nor connected, of the network that the clients are in.

        Raises OSError when there is no such family.
        """
        return self._made({"socket": int(family)}, "socket")

    def free_port(self) -> int:
        """A port that nobody listens on where the clients are, never the same twice.

        Raises OSError when there is hardly one left.
        """
        ports = random.SystemRandom()
        for _ in range(len(_PORTS)):
            port = ports.choice(_PORTS)
            with self._lock:
                if port in self._given:
                    continue
                self._given.add(port)
            with self.unconnected() as candidate, contextlib.suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                return port
        raise OSError(errno.EADDRINUSE, "hardly a port is free")

    def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: int,
        stdout: int,
        stderr: int,
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """Starts a program in a session of its own. The descriptors are duplicated; those of `pass_fds` have
        the same numbers there, which must be above 2.

        Raises NotStarted.
        """
        request = {"argv": list(argv), "env": dict(env), "cwd": str(cwd), "pass_fds": list(pass_fds)}
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                self._send(request, (theirs.fileno(), stdin, stdout, stderr, *pass_fds))
            try:
                got = holder.receive(ours)
            except ConnectionError:
                got = None
            if got is None or not isinstance(got[0], dict):
                raise ConfinementError("the process that starts clients has ended; run golive again")
            if "error" in got[0]:
                raise NotStarted(got[0]["error"])
            return Process(got[0]["pid"], ours)
        except BaseException:  # an interrupt too: nobody else will close it
            ours.close()
            raise

    def close(self) -> None:
        """Ends every process that is left."""
        self._connection.close()
        try:
            self._holder.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._holder.kill()
            self._holder.wait()

    def _start(self, mode: str) -> str | None:
        """Starts a holder. Why it could not be, when it could not."""
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._holder = subprocess.Popen(
                [sys.executable, "-I", "-S", holder.__file__, str(theirs.fileno()), mode],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={},
                cwd=os.sep,
                pass_fds=(theirs.fileno(),),
                # An interrupt from the keyboard is for the suite, which then ends the clients in order.
                start_new_session=True,
            )
        answer, _ = self._receive()
        if "refused" not in answer:
            return None
        self.close()
        return str(answer["refused"])

    def _made(self, request: Mapping[str, object], what: str) -> socket.socket:
        with self._lock:
            self._send(request)
            answer, descriptors = self._receive()
        if not descriptors:
            raise OSError(answer.get("errno"), f"{what}: {answer.get('error')}")
        return socket.socket(fileno=descriptors[0])

    def _send(self, message: object, descriptors: tuple[int, ...] = ()) -> None:
        try:
            holder.send(self._connection, message, descriptors)
        except OSError as error:
            raise ConfinementError(
                f"the process that starts clients has ended ({error}); run golive again"
            ) from error

    def _receive(self) -> tuple[dict[str, object], list[int]]:
        try:
            got = holder.receive(self._connection)
        except ConnectionError:
            got = None
        if got is None or not isinstance(got[0], dict):
            raise ConfinementError("the process that starts clients has ended; run golive again")
        return got[0], got[1]

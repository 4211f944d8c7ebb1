"""The holder: a small process that starts clients, keeps them on loopback, and leaves none of them behind.

`confinement.py` runs this file by itself (`python -I -S holder.py DESCRIPTOR MODE`), so that it stays small,
starts at once, and has a single thread, without which the system lets nobody into a new namespace. It enters
its network namespace once; whatever it forks is there too. For each client it forks a *keeper*, whose only
work is to be the one that all orphans of that client fall back to, whatever sessions they have made for
themselves: so they can all be ended. When the suite closes a connection, or dies, everything behind it ends.

What lives here: namespaces, forking, ending; the standard library and the messages below.
What must never be known here: anything else of this package.

Messages are JSON objects behind four bytes of length, descriptors travel with the length.
  suite → holder  {"listen": port}                     → {"address": …} and the listening socket
                  {"socket": family}                   → {"address": …} and a socket to connect or to bind
                  {"argv", "env", "cwd", "pass_fds"}   with keeper's connection, stdin, stdout, stderr, more
  keeper → suite  {"pid"} or {"error"}, then {"status"} as in `subprocess`; end of file when all are ended
  suite → keeper  {"signal": number}                   for the client's process group; end of file: end all
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_CHILD_SUBREAPER = 36
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_HEAD = struct.Struct("!I")
_MOST_DESCRIPTORS = 32
_PATIENCE = 5.0  # seconds for killed processes to be gone; one that hangs in the kernel must not hang us


def send(connection: socket.socket, message: object, descriptors: tuple[int, ...] = ()) -> None:
    """Raises OSError when nobody listens any more."""
    body = json.dumps(message).encode()
    head = _HEAD.pack(len(body))
    if descriptors:
        socket.send_fds(connection, [head], descriptors)
    else:
        connection.sendall(head)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[object, list[int]] | None:
    """A message and the descriptors that came with it; None at the end."""
    head, descriptors, _, _ = socket.recv_fds(connection, _HEAD.size, _MOST_DESCRIPTORS)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    while 0 < len(head) < _HEAD.size:
        more = connection.recv(_HEAD.size - len(head))
        head = head + more if more else b""
    if not head:
        return None
    body = bytearray()
    (length,) = _HEAD.unpack(head)
    while len(body) < length:
        chunk = connection.recv(min(length - len(body), 1 << 20))
        if not chunk:
            return None
        body += chunk
    return json.loads(body), descriptors


def _enter_namespace() -> None:
    """Into a network of its own, with loopback and nothing else. Raises OSError where the system refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNET) != 0:
        # Nobody but root may have a network alone; together with a user namespace it is often allowed.
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        # Everybody stays who they are, so that files look the same inside.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("16xh", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()


def _adopt_orphans() -> None:
    with contextlib.suppress(AttributeError):  # not Linux: orphans in their own process group will escape
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children() -> list[int]:
    me = os.getpid()
    with contextlib.suppress(OSError):
        return [int(pid) for pid in Path(f"/proc/self/task/{me}/children").read_text().split()]
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):  # kernels without the list above
        with contextlib.suppress(OSError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == me:
                found.append(int(entry.parent.name))
    return found


def _end_children() -> None:
    """Kills children until there are none: those of a killed one become our own, and are next."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for child in _children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        # Dying takes a moment; a client that forks as fast as it is killed has to be killed again.
        time.sleep(0.001)


def _listener(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), backlog=1024)


def _socket(family: int) -> socket.socket:
    return socket.socket(family, socket.SOCK_STREAM)


def _serve(suite: socket.socket) -> None:
    while (got := receive(suite)) is not None:
        request, descriptors = got
        assert isinstance(request, dict)
        if "listen" in request or "socket" in request:
            try:
                # A socket stays in the network that it was made in, so the rest can be done by whoever gets it.
                with (
                    _listener(request["host"], request["listen"])
                    if "listen" in request
                    else _socket(request["socket"]) as made
                ):
                    send(suite, {"address": made.getsockname()}, (made.fileno(),))
            except OSError as error:
                send(suite, {"error": error.strerror, "errno": error.errno})
            continue
        if os.fork() == 0:
            suite.close()
            status = 1
            try:
                _keep(request, descriptors)
                status = 0
            finally:
                os._exit(status)
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(request: dict[str, object], descriptors: list[int]) -> None:
    """The keeper's whole life."""
    suite = socket.socket(fileno=descriptors[0])
    _adopt_orphans()
    awake, alarm = os.pipe()
    os.set_blocking(alarm, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    trouble, told = os.pipe()
    client = os.fork()
    if client == 0:
        try:
            _become(request, descriptors[1:])
        except OSError as error:
            os.write(told, f"{error.filename}: {error.strerror}".encode(errors="replace"))
        except (ValueError, TypeError) as error:
            os.write(told, str(error).encode(errors="replace"))
        finally:
            os._exit(127)
    os.close(told)
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    problem = os.read(trouble, 4096)  # ends when the client's program has taken over
    with contextlib.suppress(OSError):  # the suite may be gone: then only the ending is left to do
        if problem:
            send(suite, {"error": problem.decode(errors="replace")})
        else:
            send(suite, {"pid": client})
            _watch(suite, awake, client)
    _end_children()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(client, signal.SIGKILL)


def _watch(suite: socket.socket, awake: int, client: int) -> None:
    """Reaps, tells when the client has ended, and returns when the suite wants all to end."""
    lives = True
    watched: list[socket.socket | int] = [suite, awake]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if suite in ready:
            if (got := receive(suite)) is None:
                return
            assert isinstance(got[0], dict)
            if lives:  # else the number may be somebody else's by now
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(client, got[0]["signal"])
        if awake not in ready:
            continue
        os.read(awake, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == client:
                    lives = False
                    send(suite, {"status": os.waitstatus_to_exitcode(ended[1])})


def _become(request: dict[str, object], descriptors: list[int]) -> None:
    """Turns the forked process into the client. Raises OSError when it cannot be."""
    argv, env, cwd, numbers = request["argv"], request["env"], request["cwd"], request["pass_fds"]
    assert isinstance(argv, list)
    assert isinstance(env, dict)
    assert isinstance(cwd, str)
    assert isinstance(numbers, list)
    os.setsid()
    # What is ignored is inherited: Python ignores some, and whoever started golive, such as nohup, others.
    for number in signal.valid_signals():
        with contextlib.suppress(OSError):  # SIGKILL and SIGSTOP are nobody's to set
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # First out of the way of the numbers that they are to have, then there.
    above = max((2, *numbers)) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above) for descriptor in descriptors]
    for descriptor, number in zip(moved, (0, 1, 2, *numbers), strict=True):
        os.dup2(descriptor, number)
    os.chdir(cwd)
    try:
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        # Where a path was searched, the error names the last place that was looked at.
        raise OSError(error.errno, error.strerror, argv[0]) from None


def main() -> None:
    suite = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers need nobody to wait for them
    _adopt_orphans()
    if sys.argv[2] == "confined":
        try:
            _enter_namespace()
        except (OSError, AttributeError) as error:  # AttributeError: a system without `unshare`
            send(suite, {"refused": getattr(error, "strerror", None) or "no such thing on this system"})
            return
    send(suite, {"ready": os.getpid()})
    with contextlib.suppress(OSError):
        _serve(suite)
    _end_children()


if __name__ == "__main__":
    main()

"""What the kernel is asked before time may jump, on sockets of the test's own and in real time."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from conformance.clock.quiescence import Kernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel cannot be asked")


@contextlib.contextmanager
def connection() -> Iterator[tuple[socket.socket, socket.socket, Kernel]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    with client, server:
        sockets = [client, server, listener]
        yield client, server, Kernel(lambda: sockets)


def settles(kernel: Kernel) -> bool:
    """Well before patience would end, which takes more than twenty looks."""
    return any(not kernel.in_flight() for _ in range(10))


def test_nothing_is_under_way_on_a_quiet_connection() -> None:
    with connection() as (_, _, kernel):
        assert settles(kernel)


def test_bytes_that_have_arrived_are_not_under_way() -> None:
    with connection() as (client, server, kernel):
        client.sendall(b"unread")
        assert settles(kernel)
        server.sendall(b"more")
        server.recv(10)
        assert settles(kernel)


def test_bytes_that_were_read_and_are_not_acknowledged_yet_are_not_under_way() -> None:
    with connection() as (client, server, kernel):
        for _ in range(10):  # until the kernel thinks it a conversation, and delays acknowledgements
            client.sendall(b"ping")
            server.recv(10)
            server.sendall(b"pong")
            client.recv(10)
        client.sendall(b"ping")
        server.recv(10)
        assert settles(kernel)


def test_a_piece_that_the_kernel_holds_back_is_under_way_and_comes_when_asked_for() -> None:
    with connection() as (client, server, kernel):
        for _ in range(10):
            client.sendall(b"ping")
            server.recv(10)
            server.sendall(b"pong")
            client.recv(10)
        client.sendall(b"first ")
        server.recv(10)
        client.sendall(b"second")  # waits for the first one's acknowledgement
        assert settles(kernel)
        server.setblocking(False)
        assert server.recv(10) == b"second"


def test_a_connection_that_waits_to_be_accepted_is_not_under_way() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        assert settles(Kernel(lambda: [client, listener]))


def test_a_farewell_has_come_when_it_shows() -> None:
    with connection() as (_, server, kernel):
        server.close()
        assert settles(kernel)


def test_another_process_is_waited_for_but_not_for_ever() -> None:
    with connection() as (client, _, _):
        kernel = Kernel(lambda: [client])
        assert kernel.in_flight()
        deadline = time.monotonic() + 60
        while kernel.in_flight():
            assert time.monotonic() < deadline
            time.sleep(0.001)


def test_live_children_are_known_and_not_reaped() -> None:
    kernel = Kernel(list)
    assert not kernel.children()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as first:
        assert kernel.children()
        with subprocess.Popen([sys.executable, "-c", ""]) as second:
            while kernel.children() and _state(second.pid) != "Z":
                time.sleep(0.001)
            assert kernel.children(), "the first one lives"
        assert second.returncode == 0
        first.communicate(b"\n")
    assert first.returncode == 0
    assert not kernel.children()


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]

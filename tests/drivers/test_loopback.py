"""Inside the process of a Python client: loopback is open, everything else is shut and written down."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator

import aiohttp
import httpx
import pytest
import requests

from conformance.drivers.loopback import forbid_leaving_loopback


@pytest.fixture
def attempts() -> Iterator[list[str]]:
    made: list[str] = []
    undo = forbid_leaving_loopback(made.append)
    yield made
    undo()


@pytest.mark.parametrize(
    ("family", "address", "attempt"),
    [
        (socket.AF_INET, ("203.0.113.7", 443), "203.0.113.7:443"),
        (socket.AF_INET, ("api.example.com", 443), "api.example.com:443"),
        (socket.AF_INET, ("127.0.0.1.example.com", 80), "127.0.0.1.example.com:80"),
        (socket.AF_INET6, ("2001:db8::1", 443, 0, 0), "[2001:db8::1]:443"),
        (socket.AF_INET6, ("::ffff:203.0.113.7", 443, 0, 0), "[::ffff:203.0.113.7]:443"),
    ],
)
def test_no_socket_leaves(
    family: int, address: tuple[object, ...], attempt: str, attempts: list[str]
) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        with pytest.raises(OSError, match=f"loopback only, not {attempt.replace('[', '.')[:6]}") as caught:
            sock.connect(address)
        assert caught.value.errno == errno.ENETUNREACH
        assert sock.connect_ex(address) == errno.ENETUNREACH
        with pytest.raises(OSError, match="loopback only"):
            sock.sendto(b"x", address)
        with pytest.raises(OSError, match="loopback only"):
            sock.sendto(b"x", 0, address)
        with pytest.raises(OSError, match="loopback only"):
            sock.sendmsg([b"x"], [], 0, address)
    assert attempts == [attempt] * 5


def test_no_name_is_looked_up(attempts: list[str]) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("api.example.com", 443)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(host=b"api.example.com", port="https")
    with pytest.raises(socket.gaierror):
        socket.gethostbyname("api.example.com")
    with pytest.raises(socket.gaierror):
        socket.create_connection(("api.example.com", 443))
    assert attempts == [
        "api.example.com:443",
        "api.example.com:https",
        "api.example.com",
        "api.example.com:443",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", ""])
def test_loopback_is_open(host: str, attempts: list[str]) -> None:
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with socket.socket() as sock:
            sock.connect((host, port))
        with socket.create_connection((host or None, port)):
            pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", (host, port))
    left, right = socket.socketpair()
    left.sendmsg([b"x"])
    left.close()
    right.close()
    assert attempts == []


def test_looking_oneself_up_is_no_attempt_to_leave(attempts: list[str]) -> None:
    assert socket.getaddrinfo(socket.gethostname(), 80)
    assert socket.getfqdn()
    assert attempts == []


def test_http_clients_fail_as_without_a_network(attempts: list[str]) -> None:
    async def by_aiohttp() -> None:
        async with aiohttp.ClientSession() as session:
            await session.get("http://api.example.com/")

    with pytest.raises(httpx.ConnectError):
        httpx.get("http://api.example.com/")
    with pytest.raises(requests.ConnectionError):
        requests.get("https://api.example.com/", timeout=1)
    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(by_aiohttp())
    assert attempts == ["api.example.com:80", "api.example.com:443", "api.example.com:80"]


def test_the_way_back() -> None:
    before = (socket.socket.connect, socket.getaddrinfo)
    undo = forbid_leaving_loopback(print)
    assert (socket.socket.connect, socket.getaddrinfo) != before
    undo()
    assert (socket.socket.connect, socket.getaddrinfo) == before

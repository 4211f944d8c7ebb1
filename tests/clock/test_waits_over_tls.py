"""TLS, where a time-out runs over handshake and records alike."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time

from servers import http, raw, waits


def contexts():
    import trustme

    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def seconds_of(call, *expected):
    began = time.monotonic()
    try:
        result = call()
    except expected as error:
        result = [type(error).__name__, str(error)]
    return [result, round(time.monotonic() - began, 3)]


def threads(clock):
    server_side, client_side = contexts()
    seen = []

    def talk(connection):
        with server_side.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(100)
            time.sleep(3)
            wrapped.sendall(b"x" * 1_000_000)
            wrapped.recv(100)
            time.sleep(60)

    with raw(talk) as address:
        plain = socket.create_connection(address, timeout=5)
        with client_side.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"?")

            def receive():
                got = 0
                while got < 1_000_000:
                    got += len(client.recv(100_000))
                return got

            seen.append(seconds_of(receive))
            client.sendall(b"?")
            seen.append(seconds_of(lambda: client.recv(1), TimeoutError))
    return seen


def test_tls_in_threads(virtually):
    life = virtually(threads)
    assert life.result == [[1_000_000, 3], [["TimeoutError", "The read operation timed out"], 5]]
    assert life.flowed == 0


def handshake_in_vain(clock):
    _, client_side = contexts()
    gate = threading.Event()
    with (
        raw(lambda connection: gate.wait()) as address,
        socket.create_connection(address, timeout=8) as plain,
    ):
        lasted = seconds_of(lambda: client_side.wrap_socket(plain, server_hostname="localhost"), TimeoutError)
        gate.set()
    return lasted


def test_a_handshake_that_is_never_answered_ends_with_the_time_out(virtually):
    life = virtually(handshake_in_vain)
    assert life.result[1] == 8
    assert life.result[0][0] == "TimeoutError"


def through_requests(clock, directory):
    import pathlib

    import requests
    import trustme

    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    bundle = pathlib.Path(directory) / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    statuses = []
    with http(429, 503, (3, 200), "hang", tls=server_side) as (url, moments), requests.Session() as session:
        for wait in (5, 10, 1, 0):
            try:
                statuses.append(session.post(url, json={}, timeout=30, verify=str(bundle)).status_code)
            except requests.Timeout:
                statuses.append("timed out")
            time.sleep(wait)
    return statuses, waits(moments)


def test_requests_over_tls(virtually, tmp_path):
    life = virtually(through_requests, str(tmp_path))
    assert life.result == [[429, 503, 200, "timed out"], [5, 10, 4]]
    assert round(life.seconds) == 49


def through_asyncio(clock):
    server_side, client_side = contexts()

    async def main(url):
        import httpx

        statuses = []
        async with httpx.AsyncClient(verify=client_side) as client:
            for wait in (5, 10, 20, 0):
                try:
                    statuses.append((await client.post(url, timeout=4)).status_code)
                except httpx.ReadTimeout:
                    statuses.append("timed out")
                await asyncio.sleep(wait)
        return statuses

    with http(429, (3, 503), "hang", 200, tls=server_side) as (url, moments):
        return asyncio.run(main(url)), waits(moments)


def test_asynchronous_httpx_over_tls(virtually):
    assert virtually(through_asyncio).result == [[429, 503, "timed out", 200], [5, 13, 24]]

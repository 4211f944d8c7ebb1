"""Keys that are good no longer, or not from everywhere."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from sandbox_wire import KEY, Stage, order, request

from conformance.contract import Contract
from conformance.faults import Reset, Revoke
from conformance.sandbox import Sandbox, World

Begin = Callable[..., Stage]
Network = IPv4Network | IPv6Network
PING = {"X-Api-Key": KEY, "X-Api-Version": "2024-02-05"}


def test_a_revoked_key_is_refused_from_that_attempt_on(begin: Begin) -> None:
    stage = begin(Revoke())
    refused = stage.ask(order())
    assert (refused.status, refused.json["type"]) == (401, "invalid_api_key")
    assert stage.ask(order(idempotency_key="k-2")).status == 401
    assert stage.ask(request("GET", "/v2/ping")).status == 401
    assert stage.world.ledger() == ()
    first, second, ping = (stage.recorded(number) for number in (1, 2, 3))
    assert (first.fault, second.fault, ping.fault) == (Revoke(), None, None)
    assert (first.answer, first.credential, first.error_type) == ("final", "good", "invalid_api_key")


def test_an_order_that_was_booked_before_its_key_was_revoked_exists(begin: Begin) -> None:
    stage = begin(Reset(when="after"), Revoke())
    with pytest.raises((EOFError, ConnectionError)):
        stage.ask(order())
    assert stage.ask(order()).status == 401
    assert len(stage.world.ledger()) == 1


def test_the_next_world_knows_nothing_of_it(begin: Begin) -> None:
    begin(Revoke()).ask(order())
    assert begin().ask(order()).status == 200


@contextmanager
def guarded(
    contract: Contract, *allowed: str, family: int = socket.AF_INET, host: str = "127.0.0.1"
) -> Iterator[int]:
    """The port of a sandbox whose key may be used from these addresses only."""
    listener = socket.create_server((host, 0), family=family)
    sandbox = Sandbox(contract, listener=listener)
    sandbox.start()
    networks: list[Network] = [ip_network(each) for each in allowed]
    sandbox.begin(World(contract, KEY, allowlist=networks))
    try:
        yield sandbox.port
    finally:
        sandbox.end()
        sandbox.stop()


def ping(port: int, source: str, key: str = KEY, host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=20, source_address=(source, 0))
    try:
        connection.request("GET", "/v2/ping", headers=PING | {"X-Api-Key": key})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_key_may_be_used_from_the_listed_addresses_alone(contract: Contract) -> None:
    with guarded(contract, "127.0.0.2/32", "127.0.8.0/24") as port:
        assert ping(port, "127.0.0.2") == (200, b'{"message":"pong"}')
        assert ping(port, "127.0.8.77")[0] == 200
        status, body = ping(port, "127.0.0.3")
        assert (status, b'"forbidden"' in body) == (403, True)
        assert ping(port, "127.0.0.1")[0] == 403


def test_where_nobody_is_listed_nobody_is_let_in(contract: Contract) -> None:
    with guarded(contract) as port:
        assert ping(port, "127.0.0.1")[0] == 403


def test_a_wrong_key_is_wrong_wherever_it_comes_from(contract: Contract) -> None:
    with guarded(contract, "127.0.0.2/32") as port:
        assert {ping(port, source, "XXtest01.other")[0] for source in ("127.0.0.2", "127.0.0.3")} == {401}


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_addresses_of_both_families_are_told_apart(contract: Contract) -> None:
    try:
        with guarded(contract, "127.0.0.2/32", "::1/128", family=socket.AF_INET6, host="::1") as port:
            assert ping(port, "::1", host="::1")[0] == 200
        with guarded(contract, "127.0.0.2/32", family=socket.AF_INET6, host="::1") as port:
            assert ping(port, "::1", host="::1")[0] == 403
    except OSError as problem:
        pytest.skip(f"no IPv6 loopback here: {problem}")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no socket for both families here")
def test_an_old_address_in_the_new_ones_clothes_is_the_old_one(contract: Contract) -> None:
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    sandbox = Sandbox(contract, listener=listener)
    sandbox.start()
    sandbox.begin(World(contract, KEY, allowlist=[IPv4Network("127.0.0.2/32")]))
    try:
        assert (ping(sandbox.port, "127.0.0.2")[0], ping(sandbox.port, "127.0.0.3")[0]) == (200, 403)
    finally:
        sandbox.end()
        sandbox.stop()

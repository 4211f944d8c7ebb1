"""The same over TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme
from sandbox_wire import KEY, Line, Stage, order, order_body, request

from conformance.contract import Contract
from conformance.contracts import load_contract
from conformance.evidence import PlannedOrder
from conformance.faults import Close, Fault, Hang, InProgress, Redirect, Reset, Truncate
from conformance.sandbox import Sandbox, World


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secure_house(contract: Contract, authority: trustme.CA) -> Iterator[Sandbox]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    sandbox = Sandbox(contract, tls=context)
    sandbox.start()
    yield sandbox
    sandbox.stop()


def begin(house: Sandbox, *faults: Fault) -> Stage:
    orders = (PlannedOrder("order-a", order_body(), "10.50", faults),)
    stage = Stage(house, World(load_contract("runa"), KEY, orders))
    house.begin(stage.world)
    return stage


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def secure_line(stage: Stage, context: ssl.SSLContext) -> Line:
    line = stage.line()
    line.socket = context.wrap_socket(line.socket, server_hostname="127.0.0.1")
    return line


def test_orders_are_placed_over_tls(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    stage = begin(secure_house)
    assert secure_house.base_url == f"https://127.0.0.1:{secure_house.port}/v2"
    line = secure_line(stage, trusting)
    assert [line.ask(order()).status for _ in range(3)] == [200] * 3
    large = order(order_body(padding="x" * 300_000), idempotency_key="k-2")
    assert line.ask(large).status == 200
    line.close()


def read_ciphertext(line: Line) -> None:
    """Up to the end; Python's TLS sockets tell a RST as any other end."""
    while socket.socket.recv(line.socket, 65536):
        pass


def test_faults_are_the_same(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    stage = begin(secure_house, Reset(), Close(), Truncate(), InProgress(form="102-bare"), Hang())
    reset = secure_line(stage, trusting).send(order())
    with pytest.raises(ConnectionResetError):
        read_ciphertext(reset)
    closed = secure_line(stage, trusting).send(order())
    assert closed.rest() == b""
    cut = secure_line(stage, trusting).send(order())
    assert len(cut.head().headers) > 1
    assert cut.rest()
    bare = secure_line(stage, trusting).send(order())
    assert bare.until(b"\r\n\r\n") == b"HTTP/1.1 102 Processing"
    hung = secure_line(stage, trusting).send(order())
    assert hung.says_nothing()
    for line in (reset, closed, cut, bare, hung):
        line.close()
    stage.eventually(lambda: stage.exchanges[4].client_gone_at)
    assert len(stage.world.ledger()) == 1


def test_plain_http_is_told_to_use_https(secure_house: Sandbox) -> None:
    stage = begin(secure_house)
    line = stage.line().send(order())
    answer = line.response()
    assert (answer.status, answer.json["type"]) == (400, "insecure_protocol")
    assert line.rest() == b""
    line.close()
    assert stage.world.ledger() == ()
    assert stage.exchanges[0].error_type == "insecure_protocol"


def test_redirects_keep_or_drop_tls(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    stage = begin(secure_house, Redirect(), Redirect(to="plain-http"))
    line = secure_line(stage, trusting)
    port = secure_house.port
    assert line.ask(order()).headers["location"] == f"https://localhost:{port}/v2/order"
    assert line.ask(order()).headers["location"] == f"http://127.0.0.1:{port}/v2/order"
    line.close()


def test_a_client_that_trusts_nobody_leaves_no_exchange(secure_house: Sandbox) -> None:
    stage = begin(secure_house)
    line = stage.line()
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(line.socket, server_hostname="127.0.0.1")
    line.close()
    secure_house.end()
    assert stage.exchanges == ()


def test_a_broken_handshake_stops_nothing(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    stage = begin(secure_house)
    line = stage.line().send(b"\x16\x03\x01\x00\x05nonsense" + bytes(100))
    line.rest()
    line.close()
    line = secure_line(stage, trusting)
    assert line.ask(request("GET", "/v2/ping")).status == 200
    line.close()


def test_an_orderly_goodbye_is_answered_with_one(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    stage = begin(secure_house)
    line = secure_line(stage, trusting)
    line.ask(request("GET", "/v2/ping"))
    assert isinstance(line.socket, ssl.SSLSocket)
    line.socket = line.socket.unwrap()
    assert line.rest() == b""
    line.close()

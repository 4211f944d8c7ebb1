"""The same over TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from sandbox_wire import KEY, SECRET, Line, Stage, order, order_body, request

from conformance.contract import Contract
from conformance.contracts import load_contract
from conformance.evidence import Certificate, Handshake, PlannedOrder
from conformance.faults import Close, Fault, Hang, InProgress, Redirect, Reset, Truncate
from conformance.hygiene.canary import Canary
from conformance.sandbox import Sandbox, World
from conformance.sandbox.certificates import Certificates, make_certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure_house(contract: Contract, certificates: Certificates) -> Iterator[Sandbox]:
    sandbox = Sandbox(contract, tls=certificates.context)
    sandbox.start()
    yield sandbox
    sandbox.stop()


def begin(
    house: Sandbox,
    *faults: Fault,
    certificate: Certificate | None = None,
    swapped: Certificate | None = None,
) -> Stage:
    orders = (PlannedOrder("order-a", order_body(), "10.50", faults),)
    canary = Canary(KEY, "XXtest01", SECRET)
    world = World(load_contract("runa"), KEY, orders, canary=canary, certificate=certificate, swapped=swapped)
    stage = Stage(house, world)
    house.begin(stage.world)
    return stage


@pytest.fixture
def trusting(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates.ca_file)


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
    (exchange,) = stage.exchanges
    assert (exchange.error_type, exchange.at, exchange.attempt) == ("insecure_protocol", "plain-http", None)
    assert exchange.credential == "good"


def test_redirects_keep_or_drop_tls(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    stage = begin(secure_house, Redirect(), Redirect(to="plain-http"), Redirect(written="without-scheme"))
    line = secure_line(stage, trusting)
    elsewhere = urlsplit(line.ask(order()).headers["location"])
    assert (elsewhere.scheme, elsewhere.path) == ("https", "/v2/order")
    in_the_clear = f"http://127.0.0.1:{secure_house.port}/v2/order"
    assert line.ask(order()).headers["location"] == in_the_clear
    assert line.ask(order()).headers["location"] == f"//{elsewhere.netloc}/v2/order"
    line.close()
    there = socket.create_connection((str(elsewhere.hostname), elsewhere.port or 0))
    with trusting.wrap_socket(there, server_hostname=elsewhere.hostname) as line_elsewhere:
        line_elsewhere.sendall(order())
        assert line_elsewhere.recv(65536).startswith(b"HTTP/1.1 404")
    stage.eventually(lambda: len(stage.exchanges) == 4)
    assert [exchange.at for exchange in stage.exchanges] == [*["api"] * 3, "other-host"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("self-signed", "self-signed certificate"),
        ("unknown-ca", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("wrong-host", "IP address mismatch"),
    ],
)
def test_each_certificate_is_wrong_in_one_way(
    secure_house: Sandbox, trusting: ssl.SSLContext, kind: Certificate, said: str
) -> None:
    stage = begin(secure_house, certificate=kind)
    line = stage.line()
    with pytest.raises(ssl.SSLCertVerificationError, match=said):
        trusting.wrap_socket(line.socket, server_hostname="127.0.0.1")
    line.close()
    secure_house.end()
    (handshake,) = stage.world.handshakes()
    assert (handshake.certificate, handshake.completed) == (kind, False)
    assert handshake.alert
    assert stage.exchanges == ()


def test_the_certificate_may_change_with_the_first_order(
    secure_house: Sandbox, trusting: ssl.SSLContext
) -> None:
    stage = begin(secure_house, certificate="good", swapped="expired")
    line = secure_line(stage, trusting)
    assert line.ask(request("GET", "/v2/ping")).status == 200
    answer = line.ask(order())
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert line.rest() == b""
    line.close()
    again = stage.line()
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        trusting.wrap_socket(again.socket, server_hostname="127.0.0.1")
    again.close()
    secure_house.end()
    seen = [(each.certificate, each.completed) for each in stage.world.handshakes()]
    assert seen == [("good", True), ("expired", False)]


def test_who_takes_any_certificate_gets_through(secure_house: Sandbox) -> None:
    stage = begin(secure_house, certificate="expired")
    line = secure_line(stage, ssl._create_unverified_context())
    assert line.ask(order()).status == 200
    line.close()
    secure_house.end()
    (handshake,) = stage.world.handshakes()
    assert (handshake.certificate, handshake.completed, handshake.alert) == ("expired", True, "")


def test_no_session_outlives_its_world(secure_house: Sandbox, trusting: ssl.SSLContext) -> None:
    """Else a client would take up the session that it began under a good certificate, and see no other."""
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    stage = begin(secure_house)
    line = secure_line(stage, trusting)
    assert line.ask(order()).status == 200
    assert isinstance(line.socket, ssl.SSLSocket)
    session = line.socket.session
    assert session is not None
    line.close()
    stage = begin(secure_house, certificate="expired")
    again = stage.line()
    with pytest.raises(ssl.SSLCertVerificationError):
        trusting.wrap_socket(again.socket, server_hostname="127.0.0.1", session=session)
    again.close()


def test_a_client_that_says_nothing_in_the_middle_of_a_handshake_is_seen(secure_house: Sandbox) -> None:
    stage = begin(secure_house)
    outgoing = ssl.MemoryBIO()
    hello = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    line = stage.line().send(outgoing.read())
    line.close()
    stage.eventually(stage.world.handshakes)
    secure_house.end()
    assert [replace(each, at=0.0) for each in stage.world.handshakes()] == [Handshake(1, "good", False)]


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

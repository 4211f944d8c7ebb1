"""A sandbox in front of an endpoint, and a client that sends what it is told."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest
import trustme
from fronts import KEY, PAYOUT, QUICKLY, SECRET, Front, order_body
from wrong_endpoints import Endpoint, endpoint

from conformance.contract import Contract
from conformance.contracts import load_contract
from conformance.evidence import PlannedOrder
from conformance.faults import Fault
from conformance.hygiene.canary import Canary
from conformance.sandbox import Sandbox, World
from conformance.sandbox.beyond import Beyond
from conformance.sandbox.upstream import Upstream


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract("runa")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def behind(contract: Contract, server_context: ssl.SSLContext) -> Iterator[Endpoint]:
    with endpoint(contract, server_context) as known:
        yield known


@pytest.fixture
def front(contract: Contract, behind: Endpoint, trusting: ssl.SSLContext) -> Iterator[Callable[..., Front]]:
    """Begins a world in front of the endpoint. `faults`: what the attempts for an order of 10.50 will meet."""
    sandbox = Sandbox(contract)
    sandbox.start()
    fronts: list[Front] = []

    def start(*faults: Fault) -> Front:
        upstream = Upstream(behind.url, behind.canary, contract, QUICKLY, trusting)
        beyond = Beyond(upstream, 9)
        orders = (PlannedOrder("order-a", order_body(), "10.50", faults),)
        world = World(
            contract,
            KEY,
            orders,
            canary=Canary(KEY, "XXtest01", SECRET, PAYOUT),
            beyond=beyond,
        )
        sandbox.begin(world)
        client = httpx.Client(timeout=15)
        fronts.append(Front(sandbox.base_url, sandbox, world, beyond, upstream, behind, client))
        return fronts[-1]

    yield start
    for each in fronts:
        each.client.close()
        each.beyond.hear_out()
    sandbox.end()
    sandbox.stop()
    for each in fronts:
        each.upstream.close()

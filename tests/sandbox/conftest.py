"""A running sandbox, and a world for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sandbox_wire import KEY, SECRET, Stage, order_body

from conformance.contract import Contract
from conformance.contracts import load_contract
from conformance.evidence import PlannedOrder
from conformance.faults import Fault
from conformance.hygiene.canary import Canary
from conformance.sandbox import Sandbox, World


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract("runa")


@pytest.fixture(scope="session")
def house(contract: Contract) -> Iterator[Sandbox]:
    sandbox = Sandbox(contract)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def begin(house: Sandbox, contract: Contract) -> Iterator[Callable[..., Stage]]:
    """Begins a world. `faults`: what the attempts for an order of 10.50 will meet."""
    stages: list[Stage] = []

    def start(*faults: Fault, contract: Contract = contract, **options: Any) -> Stage:
        orders = options.pop("orders", None) or (PlannedOrder("order-a", order_body(), "10.50", faults),)
        options.setdefault("canary", Canary(KEY, "XXtest01", SECRET))
        world = World(contract, KEY, orders, **options)
        house.begin(world)
        stages.append(Stage(house, world))
        return stages[-1]

    yield start
    house.end()
    for stage in stages:
        for line in stage.lines:
            line.close()

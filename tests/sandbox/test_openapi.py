"""The simulated API against the vendor's own OpenAPI document, with data that keeps to it and data that does not.

The document is the vendor's and no part of this project: it is looked for beside the checkout, or where
GOLIVE_OPENAPI says, and without it these tests are skipped.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from sandbox_wire import KEY, VERSION, Clock, Line, order
from schemathesis import APIOperation, BaseSchema, CheckFunction, GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conformance.contract import Contract
from conformance.sandbox import Sandbox, World

ROOT = Path(__file__).parents[2]
KNOWN = {"X-Api-Key": KEY, "X-Api-Version": VERSION}
ERROR = {"$ref": "#/components/schemas/APIErrorResponse"}

# Left out of schemathesis's checks: `unsupported_method` wants a 405, which the vendor's error catalogue does
# not have; `ignored_auth` takes the key from a header that these tests set themselves (the refusal of other
# keys is tested in test_operations.py); the rest needs sequences of requests or is about other APIs' features.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
]


def locate() -> Path | None:
    if named := os.environ.get("GOLIVE_OPENAPI"):
        return Path(named)
    return next(ROOT.parent.glob(f"*/reference/*/openapi-{VERSION}.json"), None)


def amended(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what the vendor's other pages add to it."""
    answer = {"description": "an error", "content": {"application/json": {"schema": ERROR}}}
    del document["paths"]["/order/estimate"]  # absent in the playground
    for operations in document["paths"].values():
        for operation in operations.values():
            # The error table has 400 invalid_version, 401 and 410 version_removed for every request; the
            # document forgets the first two in places, and the last everywhere.
            for status in ("400", "401", "410"):
                operation["responses"].setdefault(status, answer)
    # The key is set by the test: a generated one could only ever be wrong.
    del document["security"]
    return document


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    path = locate()
    if path is None:
        pytest.skip("the vendor's OpenAPI document is not here; set GOLIVE_OPENAPI to its path to run this")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return amended(loaded)


@pytest.fixture(scope="module")
def schema(document: dict[str, Any]) -> BaseSchema:
    load_all_checks()
    return schemathesis.openapi.from_dict(document)


@pytest.fixture(scope="module")
def unlimited(contract: Contract) -> Iterator[tuple[Sandbox, tuple[str, ...]]]:
    """A sandbox that lets more orders through than the limiter would, with a finished and an unfinished one."""
    limit = contract.rate_limit.model_copy(update={"limit": 1_000_000})
    generous = contract.model_copy(update={"rate_limit": limit})
    sandbox = Sandbox(generous)
    sandbox.start()
    world = World(generous, KEY, max_requests=None, pace=Clock())
    sandbox.begin(world)
    line = Line(sandbox.port)
    line.ask(order(idempotency_key="first"))
    line.ask(order(idempotency_key="second", mode="async"))
    line.close()
    yield sandbox, tuple(entry.order_id for entry in world.ledger())
    sandbox.end()
    sandbox.stop()


OPERATIONS = [
    ("GET", "/ping"),
    ("GET", "/balance"),
    ("GET", "/order"),
    ("POST", "/order"),
    ("GET", "/order/{id}"),
    ("GET", "/product"),
    ("GET", "/product/{product_code}"),
    ("GET", "/product/countries"),
    ("GET", "/product/categories"),
]


def test_every_operation_of_the_document_is_looked_at(document: dict[str, Any]) -> None:
    there = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert there == set(OPERATIONS)


def within_reason(case: schemathesis.Case, number: int, order_ids: tuple[str, ...]) -> None:
    """Makes a case acceptable that keeps to the schema: the document does not know which products, orders and
    pages there are.
    """
    case.query = {
        name: value for name, value in (case.query or {}).items() if name not in ("before", "after")
    }
    if "product_code" in (case.path_parameters or {}):
        case.path_parameters = {"product_code": "BOOKS-GB"}
    if "id" in (case.path_parameters or {}):
        case.path_parameters = {"id": order_ids[number % 2]}
    if case.method != "POST":
        return
    case.headers = dict(case.headers or {}) | {"X-Idempotency-Key": f"key-{number}"}
    body: Any = case.body
    body["payment_method"]["currency"] = "GBP"
    for item in body["items"]:
        if item["products"]["type"] == "SINGLE":
            item["products"]["value"] = "BOOKS-GB"
        if item["products"]["type"] == "MULTIPLE":
            item["products"] = {"type": "TEMPLATE", "template_id": "T-1"}
    if len(body["items"]) > 1:
        case.headers["X-Execution-Mode"] = "async"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_keeps_to_the_document_is_answered_as_documented(
    schema: BaseSchema, unlimited: tuple[Sandbox, tuple[str, ...]], method: str, path: str
) -> None:
    sandbox, order_ids = unlimited
    numbers = itertools.count()

    def call(case: schemathesis.Case) -> schemathesis.Response:
        within_reason(case, next(numbers), order_ids)
        return case.call(base_url=sandbox.base_url, headers=KNOWN)

    examine(schema[path][method], GenerationMode.POSITIVE, call, positive_data_acceptance)
    assert next(numbers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        # The others take nothing that could be wrong.
        ("GET", "/balance"),
        ("GET", "/order"),
        ("POST", "/order"),
        ("GET", "/product"),
        ("GET", "/product/{product_code}"),
    ],
)
def test_what_breaks_the_document_is_refused_as_documented(
    schema: BaseSchema, unlimited: tuple[Sandbox, tuple[str, ...]], method: str, path: str
) -> None:
    def call(case: schemathesis.Case) -> schemathesis.Response:
        return case.call(base_url=unlimited[0].base_url, headers=KNOWN)

    examine(schema[path][method], GenerationMode.NEGATIVE, call, negative_data_rejection)


def examine(
    operation: APIOperation,
    mode: GenerationMode,
    call: Callable[[schemathesis.Case], schemathesis.Response],
    acceptance: CheckFunction,
) -> None:
    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: schemathesis.Case) -> None:
        case.validate_response(call(case), checks=[*CHECKS, acceptance])

    each()

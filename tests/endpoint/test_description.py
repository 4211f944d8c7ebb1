"""The OpenAPI description says what the contract says, our sandbox keeps to it, and what departs from it is found."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
import yaml
from conftest import Asked
from endpoints import KEY, Answer, Right, served

import conformance.check
from conformance.contract import Contract
from conformance.contracts import builtin_names, load_contract
from conformance.endpoint.openapi import description_of
from conformance.sandbox import Sandbox, World
from conformance.sandbox.validation import Schema

CHECK = "sandbox.matches-openapi"
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def description(contract: Contract) -> dict[str, Any]:
    path = description_of(contract)
    assert path is not None
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            found[operation["operationId"]] = {**operation, "method": method.upper(), "path": path}
    return found


def resolved(description: dict[str, Any], value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        target = description
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def test_it_is_openapi_3_1(description: dict[str, Any]) -> None:
    assert description["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(description).validate()


def test_it_has_the_operations_of_the_contract(description: dict[str, Any], contract: Contract) -> None:
    described = operations(description)
    assert {(name, each["method"], each["path"]) for name, each in described.items()} == {
        (name, each.method, each.path) for name, each in contract.operations.items()
    }
    for name, operation in contract.operations.items():
        assert tuple(described[name].get("x-only-in", ())) == operation.only_in


def test_its_addresses_and_its_version_are_the_contracts(
    description: dict[str, Any], contract: Contract
) -> None:
    addresses = {each["url"] for each in description["servers"]}
    assert addresses == {each.base_url for each in contract.environments.values()}
    assert description["info"]["version"] == contract.version
    assert description["components"]["securitySchemes"]["key"]["name"] == contract.auth.header


def test_its_headers_are_the_contracts(description: dict[str, Any], contract: Contract) -> None:
    for name, operation in operations(description).items():
        headers = {
            each["name"]: each
            for each in (resolved(description, each) for each in operation["parameters"])
            if each["in"] == "header"
        }
        assert headers.pop(contract.versions.header)["schema"]["enum"] == [contract.versions.current]
        if name in contract.idempotency.operations:
            assert headers.pop(contract.idempotency.header)["required"] is True
            assert set(headers.pop(contract.orders.mode_header)["schema"]["enum"]) == set(
                contract.orders.modes.values()
            )
        assert headers == {}
        for response in operation["responses"].values():
            named = resolved(
                description, resolved(description, response)["headers"][contract.versions.header]
            )
            assert named["required"] is True


def test_its_error_types_are_the_contracts(description: dict[str, Any], contract: Contract) -> None:
    """Each under the statuses that it comes with; those with a shape of their own have no examples."""
    catalogue = {
        (status, entry.type)
        for entry in contract.errors.catalogue
        for status in entry.statuses
        if status >= 400 and status != 422
    }
    described = set()
    for operation in operations(description).values():
        for status, response in operation["responses"].items():
            content = resolved(description, response)["content"]["application/json"]
            described |= {
                (int(status), each["value"]["type"]) for each in content.get("examples", {}).values()
            }
    assert described == catalogue


def test_every_status_of_the_contract_is_described_where_it_can_come(
    description: dict[str, Any], contract: Contract
) -> None:
    create = operations(description)[contract.create_operation]["responses"]
    orders, limit = contract.orders, contract.rate_limit
    assert {str(orders.sync_status), str(orders.async_status), str(limit.status), "422"} <= create.keys()
    for situation, type_ in contract.errors.situations.items():
        everywhere = situation in (
            "no-key",
            "bad-key",
            "address-not-allowed",
            "unknown-version",
            "removed-version",
        )
        for operation in operations(description).values() if everywhere else ():
            assert {str(each) for each in contract.error_types[type_].statuses} & operation[
                "responses"
            ].keys()


def test_its_queries_are_the_contracts(description: dict[str, Any], contract: Contract) -> None:
    for name, operation in operations(description).items():
        described = {
            each["name"]
            for each in (resolved(description, each) for each in operation["parameters"])
            if each["in"] == "query"
        }
        promised = set((contract.operations[name].query or {}).get("properties") or {})  # type: ignore[call-overload]  # an object
        pages = {contract.pages.before, contract.pages.after}
        assert described - pages == promised, name


ORDERS: list[tuple[str, object]] = [
    ("/description", "words"),
    ("/description", "x" * 129),
    ("/description", None),
    ("/metadata", {"a": "b"}),
    ("/metadata", {"a": 1}),
    ("/metadata", {"x" * 41: "b"}),
    ("/metadata", {str(n): "b" for n in range(21)}),
    ("/payment_method", None),
    ("/payment_method/type", "CARD"),
    ("/payment_method/currency", "gbp"),
    ("/items", []),
    ("/items", None),
    ("/items/0/face_value", 0),
    ("/items/0/face_value", "10"),
    ("/items/0/face_value", 0.01),
    ("/items/0/distribution_method", {"type": "EMAIL"}),
    ("/items/0/distribution_method", {"type": "EMAIL", "email_address": "a@b"}),
    ("/items/0/distribution_method", {"type": "EMAIL", "email_address": "nobody"}),
    ("/items/0/distribution_method", {"type": "RECIPIENT", "email_address": "a@b"}),
    (
        "/items/0/distribution_method",
        {"type": "RECIPIENT", "email_address": "a@b", "recipient_reference": "r"},
    ),
    ("/items/0/distribution_method", {"type": "PIGEON"}),
    ("/items/0/products", {"type": "SINGLE"}),
    ("/items/0/products", {"type": "SINGLE", "value": ""}),
    ("/items/0/products", {"type": "MULTIPLE", "values": ["A", "B"]}),
    ("/items/0/products", {"type": "MULTIPLE", "values": ["A"]}),
    ("/items/0/products", {"type": "TEMPLATE", "template_id": "T"}),
    ("/items/0/products", {"type": "TEMPLATE"}),
]


@pytest.mark.parametrize(("place", "value"), ORDERS, ids=lambda value: str(value)[:40])
def test_it_takes_the_orders_that_the_contract_takes(
    description: dict[str, Any], contract: Contract, place: str, value: object
) -> None:
    item = {
        "face_value": 1,
        "distribution_method": {"type": "PAYOUT_LINK"},
        "products": {"type": "SINGLE", "value": "A"},
    }
    order: Any = {"payment_method": {"type": "ACCOUNT_BALANCE", "currency": "GBP"}, "items": [item]}
    at = order
    *way, last = place.removeprefix("/").split("/")
    for part in way:
        at = at[int(part) if part.isdigit() else part]
    at[last] = value
    promised = Schema(contract.operations[contract.create_operation].body or {})
    described = Schema({"$ref": "#/components/schemas/new-order", "components": description["components"]})
    assert bool(described.complaints(order, "body")) == bool(promised.complaints(order, "body"))


@pytest.fixture(scope="module")
def simulated(contract: Contract) -> Iterator[str]:
    sandbox = Sandbox(contract)
    sandbox.start()
    sandbox.begin(World(contract, KEY, max_requests=None))
    yield sandbox.base_url
    sandbox.end()
    sandbox.stop()


def test_our_own_sandbox_keeps_to_it(ask: Asked, simulated: str) -> None:
    result = ask(CHECK, simulated, examples=20)
    assert (result.status, result.reason) == ("passed", None), (
        result.finding and result.finding.violation.summary
    )


class Front(Right):
    """Passes everything on, and changes what comes back."""

    def __init__(self, behind: str, change: Callable[[str, int, dict[str, str], Any], Any]) -> None:
        super().__init__()
        self.behind, self.change = urlsplit(behind), change

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        line = http.client.HTTPConnection(self.behind.hostname or "", self.behind.port or 0, timeout=20)
        line.request(method, target, body or None, {n: v for n, v in headers.items() if n != "host"})
        answer = line.getresponse()
        document = json.loads(answer.read())
        line.close()
        named = {"X-Api-Version": answer.headers["X-Api-Version"], "Content-Type": "application/json"}
        changed = self.change(f"{method} {urlsplit(target).path}", answer.status, named, document)
        status, document = changed if isinstance(changed, tuple) else (answer.status, document)
        return status, named, document if isinstance(document, bytes) else json.dumps(document).encode()


def money_as_number(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if "total_price" in document:
        document["total_price"] = float(document["total_price"])


def no_items(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if what == "POST /v2/order" and status == 200:
        del document["items"]


def another_success(what: str, status: int, headers: dict[str, str], document: Any) -> Any:
    return (201, document) if status == 202 else None


def no_message(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if status >= 400:
        document.pop("message", None)


def as_text(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if what == "GET /v2/product":
        headers["Content-Type"] = "text/plain"


def no_version(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if what == "GET /v2/balance":
        headers["X-Api-Version"] = ""


def another_version(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    headers["X-Api-Version"] = "2025-01-01"


def breaks(what: str, status: int, headers: dict[str, str], document: Any) -> Any:
    return (500, {"type": "internal_server_error", "message": "oh"}) if status == 422 else None


def one_country_in_lower_case(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if what.endswith("/countries"):
        document["countries"].append("de")


def other_ids(what: str, status: int, headers: dict[str, str], document: Any) -> None:
    if what == "POST /v2/order" and status < 300:
        document["id"] += str(next(NUMBERS))


def forgiving(what: str, status: int, headers: dict[str, str], document: Any) -> Any:
    reused = document.get("type") == "idempotency_validation_error"
    return (409, {"type": "conflict", "message": "used"}) if reused else None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (money_as_number, "response violates schema"),
        (no_items, "response violates schema"),
        (one_country_in_lower_case, "response violates schema"),
        (no_message, "response violates schema"),
        (another_success, "undocumented status code"),
        (as_text, "undocumented content-type"),
        (no_version, "missing required response headers"),
        (another_version, "another version"),
        (breaks, "server error"),
        (other_ids, "no replay"),
        (forgiving, "key reused"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_departs_from_it_is_found(
    ask: Asked, simulated: str, change: Callable[..., Any], rule: str
) -> None:
    with served(Front(simulated, change)) as base_url:
        result = ask(CHECK, base_url)
    assert result.finding is not None, result.reason
    violations = (result.finding.violation, *result.finding.others)
    assert rule in {violation.rule for violation in violations}, [each.summary for each in violations]


def test_without_schemathesis_it_is_untested_and_says_what_to_install(
    ask: Asked, simulated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformance.check, "find_spec", lambda name: None)
    result = ask(CHECK, simulated)
    assert result.status == "skipped"
    assert "pip install 'golive-conformance[api]'" in (result.reason or "")


def test_a_contract_without_a_description_is_not_held_to_one(tmp_path: Any, contract: Contract) -> None:
    assert contract.path is not None
    alone = tmp_path / "acme.yaml"
    alone.write_text(contract.path.read_text())
    assert description_of(load_contract(alone)) is None
    assert "runa.openapi" not in builtin_names()

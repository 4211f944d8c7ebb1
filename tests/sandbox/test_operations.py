"""What the API does when nothing goes wrong, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sandbox_wire import KEY, Clock, Stage, order, order_body, request

from conformance.contract import Contract

Begin = Callable[..., Stage]


def get(path: str, **more: Any) -> bytes:
    return request("GET", f"/v2{path}", **more)


def test_ping_tells_a_good_key(begin: Begin) -> None:
    stage = begin()
    answer = stage.ask(get("/ping"))
    assert (answer.status, answer.json) == (200, {"message": "pong"})
    assert (stage.exchanges[0].operation, stage.exchanges[0].credential) == ("ping", "good")
    assert (stage.exchanges[0].reference, stage.exchanges[0].attempt) == (None, None)


@pytest.mark.parametrize(
    ("key", "type_", "credential"),
    [
        (None, "unauthorized", "missing"),
        ("", "unauthorized", "missing"),
        ("XXtest01.wrong", "invalid_api_key", "wrong"),
        (KEY + "x", "invalid_api_key", "wrong"),
        (KEY.lower(), "invalid_api_key", "wrong"),
    ],
)
def test_other_keys_are_refused(begin: Begin, key: str | None, type_: str, credential: str) -> None:
    stage = begin()
    answer = stage.ask(get("/ping", key=key))
    assert (answer.status, answer.json["type"]) == (401, type_)
    assert stage.exchanges[0].credential == credential


def test_two_keys_are_no_key(begin: Begin) -> None:
    stage = begin()
    twice = get("/ping").replace(b"X-Api-Version", b"X-Api-Key: another\r\nX-Api-Version")
    assert stage.ask(twice).status == 401


@pytest.mark.parametrize(
    ("version", "status", "type_"),
    [
        ("2023-01-16", 410, "version_removed"),
        ("2023-07-27", 410, "version_removed"),
        ("2024-02-06", 400, "invalid_version"),
        ("latest", 400, "invalid_version"),
    ],
)
def test_other_versions_are_refused(begin: Begin, version: str, status: int, type_: str) -> None:
    stage = begin()
    answer = stage.ask(order(version=version))
    assert (answer.status, answer.json["type"]) == (status, type_)
    assert answer.headers["x-api-version"] == "2024-02-05"
    assert stage.exchanges[0].api_version == version


def test_without_a_version_the_accounts_own_counts(begin: Begin) -> None:
    stage = begin()
    answer = stage.ask(get("/ping", version=None))
    assert (answer.status, answer.headers["x-api-version"]) == (200, "2024-02-05")
    assert stage.exchanges[0].api_version is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/nowhere"),
        ("GET", "/order"),
        ("DELETE", "/v2/order"),
        ("POST", "/v2/ping"),
        ("GET", "/v2/order/O-1/items"),
        ("GET", "/v2/order/"),
        ("POST", "/v2/order/estimate"),
        ("GET", "/"),
        ("OPTIONS", "*"),
    ],
)
def test_what_is_not_there_is_told_in_the_envelope(begin: Begin, method: str, path: str) -> None:
    stage = begin()
    answer = stage.ask(request(method, path))
    assert (answer.status, answer.json["type"]) == (404, "not_found")
    assert stage.exchanges[0].operation is None


def test_a_head_request_gets_no_body(begin: Begin) -> None:
    stage = begin()
    line = stage.line().send(request("HEAD", "/v2/ping"))
    assert line.head().status == 404
    assert line.ask(get("/ping")).status == 200


def test_an_absolute_target_is_understood(begin: Begin) -> None:
    assert begin().ask(request("GET", "http://sandbox.test/v2/ping?x=1")).status == 200


def test_an_asynchronous_order_takes_a_second(begin: Begin) -> None:
    clock = Clock()
    stage = begin(pace=clock)
    accepted = stage.ask(order(order_body(items=3), mode="async"))
    assert (accepted.status, accepted.json["status"]) == (202, "PROCESSING")
    path = f"/order/{accepted.json['id']}"
    assert stage.ask(get(path)).json["status"] == "PROCESSING"
    assert stage.ask(get("/order")).json["items"][0]["status"] == "PROCESSING"
    assert stage.world.ledger()[0].status == "PROCESSING"
    clock.seconds += 1
    done = stage.ask(get(path)).json
    assert (done["status"], done["total_price"]) == ("COMPLETED", "31.50")
    assert len({item["payout"]["url"] for item in done["items"]}) == 3
    assert stage.ask(get(path)).json == done
    assert stage.ask(get("/order")).json["items"][0]["status"] == "COMPLETED"
    assert stage.world.ledger()[0].status == "COMPLETED"
    assert stage.ask(order(order_body(items=3), mode="async")).body == accepted.body
    assert stage.exchanges[1].order_id == accepted.json["id"]


def test_async_is_the_default(begin: Begin) -> None:
    assert begin().ask(order().replace(b"X-Execution-Mode: sync\r\n", b"")).status == 202


def test_a_mode_that_there_is_not(begin: Begin) -> None:
    assert begin().ask(order(mode="later")).json["type"] == "invalid_execution_mode"


def test_a_synchronous_order_has_one_item(begin: Begin) -> None:
    answer = begin().ask(order(order_body(items=2)))
    assert answer.status == 422
    assert answer.json["details"][0]["location"] == ["body", "items"]


def test_an_invalid_body_is_told_point_by_point(begin: Begin) -> None:
    body = order_body(0.001)
    del body["items"][0]["products"]["value"]
    body["payment_method"]["currency"] = "pounds"
    answer = begin().ask(order(body))
    assert (answer.status, answer.json["type"]) == (422, "validation_error")
    assert [tuple(detail["location"]) for detail in answer.json["details"]] == [
        ("body", "items", "0", "face_value"),
        ("body", "items", "0", "products"),
        ("body", "payment_method", "currency"),
    ]


@pytest.mark.parametrize(
    ("change", "type_"),
    [
        ({"products": {"type": "SINGLE", "value": "NOTHING"}}, "product_validation_error"),
        ({"products": {"type": "MULTIPLE", "values": ["BOOKS-GB", "NOTHING"]}}, "product_validation_error"),
        ({"products": {"type": "SINGLE", "value": "COFFEE-US"}}, "currency_mismatch"),
    ],
)
def test_what_cannot_be_ordered(begin: Begin, change: dict[str, Any], type_: str) -> None:
    body = order_body()
    body["items"][0] |= change
    stage = begin()
    answer = stage.ask(order(body))
    assert (answer.status, answer.json["type"]) == (400, type_)
    assert stage.world.ledger() == ()


def test_a_key_is_required_to_order(begin: Begin) -> None:
    stage = begin()
    assert stage.ask(order(idempotency_key=None)).json["type"] == "bad_request"
    assert stage.ask(order(idempotency_key="")).json["type"] == "bad_request"
    assert stage.exchanges[0].attempt == 1


@pytest.mark.parametrize("type_", ["insufficient_funds", "internal_server_error"])
def test_the_trigger_header_forces_an_error(begin: Begin, type_: str) -> None:
    stage = begin()
    triggered = order(X_Trigger_Error=type_)
    assert stage.ask(triggered).json["type"] == type_
    assert stage.ask(triggered).json["type"] == type_
    assert stage.exchanges[1].replayed
    assert stage.ask(order(idempotency_key="k-2", X_Trigger_Error="forbidden")).status == 200


def test_the_balance_never_runs_out(begin: Begin) -> None:
    stage = begin()
    assert stage.ask(get("/balance")).json == {"balance": "1000000.00", "currency": "GBP"}
    assert stage.ask(get("/balance?currency=USD")).json["currency"] == "USD"
    assert stage.ask(get("/balance?currency=usd")).status == 400
    assert stage.ask(get("/balance?currency=USD&currency=EUR")).status == 400


def test_products(begin: Begin) -> None:
    stage = begin()
    catalogue = stage.ask(get("/product")).json["catalog"]
    code = catalogue[0]["code"]
    assert stage.ask(get(f"/product/{code}")).json == catalogue[0]
    assert stage.ask(get(f"/product/{code[0]}%{ord(code[1]):x}{code[2:]}")).json == catalogue[0]
    assert stage.ask(get("/product/NOTHING")).status == 404
    assert stage.ask(get("/product/countries")).json["countries"]
    assert stage.ask(get("/product/categories")).json["categories"]
    assert stage.ask(get("/order/O-NOTHING")).json["type"] == "not_found"


def test_orders_are_listed_newest_first_page_by_page(begin: Begin) -> None:
    stage = begin()
    line = stage.line()
    booked = [line.ask(order(idempotency_key=f"k-{n}")).json["id"] for n in range(5)]
    seen: list[str] = []
    path, forwards = "/order?limit=2", []
    while True:
        page = line.ask(get(path)).json
        forwards.append([entry["id"] for entry in page["items"]])
        seen += forwards[-1]
        assert page["pagination"]["page"] == {"limit": 2}
        after = page["pagination"]["cursors"].get("after")
        if after is None:
            break
        path = f"/order?limit=2&after={after}"
    assert seen == list(reversed(booked))
    assert [len(page) for page in forwards] == [2, 2, 1]
    before = page["pagination"]["cursors"]["before"]
    back = line.ask(get(f"/order?limit=2&before={before}")).json
    assert [entry["id"] for entry in back["items"]] == forwards[1]
    first = line.ask(get(f"/order?limit=2&before={back['pagination']['cursors']['before']}")).json
    assert [entry["id"] for entry in first["items"]] == forwards[0]
    assert "before" not in first["pagination"]["cursors"]


@pytest.mark.parametrize(
    ("query", "type_"),
    [
        ("limit=0", "bad_request"),
        ("limit=501", "bad_request"),
        ("limit=ten", "bad_request"),
        ("limit=1&limit=2", "bad_request"),
        ("after=A-9", "pagination_error"),
        ("after=A-0", "pagination_error"),
        ("before=nonsense", "pagination_error"),
        ("after=A-1&before=A-1", "pagination_error"),
        ("after=", "pagination_error"),
    ],
)
def test_pages_that_there_are_not(begin: Begin, query: str, type_: str) -> None:
    stage = begin()
    stage.ask(order())
    answer = stage.ask(get(f"/order?{query}"))
    assert (answer.status, answer.json["type"]) == (400, type_)


def test_the_limiter_counts_failed_requests_and_lets_go_after_its_window(
    begin: Begin, contract: Contract
) -> None:
    clock = Clock()
    limit = contract.rate_limit.model_copy(update={"limit": 3})
    stage = begin(pace=clock, contract=contract.model_copy(update={"rate_limit": limit}))
    line = stage.line()
    answers = [line.ask(order(idempotency_key=key)).status for key in ("k", None, "k", "k")]
    assert answers == [200, 400, 200, 429]
    assert stage.recorded(4).answer == "rate-limited"
    assert line.ask(get("/ping")).status == 200
    clock.seconds += 59.9
    assert line.ask(order()).status == 429
    clock.seconds += 0.1
    assert line.ask(order()).status == 200


def test_one_seed_gives_the_same_ids(begin: Begin) -> None:
    assert begin(seed=7).ask(order()).json["id"] == begin(seed=7).ask(order()).json["id"]
    assert begin(seed=7).ask(order()).json["id"] != begin(seed=8).ask(order()).json["id"]

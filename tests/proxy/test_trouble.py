"""What an endpoint does that the schedule did not ask for is nobody's fault but its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from fronts import Front
from wrong_endpoints import CUT, Reply, Seen

from conformance.faults import Hang, Reset
from conformance.sandbox.courtesy import Courtesy, Manners, Trouble

Begin = Callable[..., Front]


def answering(
    status: int, body: object = None, kind: str = "application/json"
) -> Callable[[Seen], Reply | None]:
    """The answer to whoever wants to place an order."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def before(seen: Seen) -> Reply | None:
        return Reply(status, (("Content-Type", kind),), data) if seen.creates else None

    return before


def error(type_: str) -> dict[str, str]:
    return {"type": type_, "message": "no"}


WRONG: dict[str, tuple[Callable[[Seen], Reply | None], str]] = {
    "503": (answering(503, b"<html>busy</html>", "text/html"), "answered (503 with a body that the contract"),
    "500": (answering(500, error("internal_server_error")), "answered (500 internal_server_error)"),
    "429": (answering(429, {"error": "rate exceeded"}), "answered (429)"),
    "401": (answering(401, error("invalid_api_key")), "refuses the account's key (401 invalid_api_key)"),
    "no such product": (
        answering(400, error("product_validation_error")),
        "refuses what the contract allows (400 product_validation_error)",
    ),
    "HTML and 200": (
        answering(200, b"<html>hello</html>", "text/html"),
        "answered (200 with a body that the",
    ),
    "no id": (answering(200, {"status": "COMPLETED"}), "answered (200 with a body that the contract"),
    "other type": (
        answering(200, {"id": "O-1"}, "text/plain"),
        "answered (200 with a body that the contract",
    ),
    "redirect": (answering(302, b""), "answered (302)"),
    "in progress": (
        answering(400, error("idempotency_in_progress")),
        "says that it is at work on an order that",
    ),
    "a mismatch": (answering(400, error("idempotency_validation_error")), "refuses what the contract allows"),
    "cut": (lambda seen: CUT if seen.creates else None, "broke the connection off"),
}


@pytest.mark.parametrize(("before", "said"), WRONG.values(), ids=WRONG)
def test_a_trial_in_which_the_endpoint_fails_is_over(
    front: Begin, before: Callable[[Seen], Reply | None], said: str
) -> None:
    stage = front()
    stage.behind.before = before

    try:
        answer = stage.order()
        assert "location" not in answer.headers
    except httpx.TransportError:
        pass

    stage.exchanges()
    assert (stage.world.disturbed or "").startswith(f"the endpoint behind the proxy {said}")
    assert stage.world.flooded.is_set()
    assert stage.ledger == []


def test_a_dead_endpoint_cannot_be_reached(front: Begin) -> None:
    stage = front()
    stage.behind.stop()

    with pytest.raises(httpx.TransportError):
        stage.order()

    assert "cannot be reached" in (stage.world.disturbed or "")


def test_one_key_and_two_orders_is_the_endpoints_doing(front: Begin) -> None:
    stage = front()
    first = stage.order()
    stage.behind.after = lambda seen, reply: reply.saying(
        200, reply.body.replace(first.json()["id"].encode(), b"O-ANOTHER")
    )

    stage.order()

    assert "booked a second order under one idempotency key" in (stage.world.disturbed or "")
    assert stage.ledger == [first.json()["id"], "O-ANOTHER"]


def test_an_answer_to_another_order_is_the_endpoints_doing(front: Begin) -> None:
    stage = front()
    first = stage.order()
    stage.behind.after = lambda seen, reply: reply.saying(200, first.content)

    stage.order("key-2", 11.5)

    assert "answered one order with another" in (stage.world.disturbed or "")


def test_an_order_of_another_trial_is_the_endpoints_doing(front: Begin) -> None:
    stage = front()
    stage.upstream.memory.orders["O-LONG-AGO"] = "key-0"
    stage.behind.after = lambda seen, reply: reply.saying(200, b'{"id": "O-LONG-AGO"}')

    stage.order()

    assert "answered with an order of another trial" in (stage.world.disturbed or "")


def test_a_key_of_another_trial_brings_its_order_back(front: Begin) -> None:
    stage = front()
    stage.upstream.memory.orders["O-LONG-AGO"] = "key-1"
    stage.behind.after = lambda seen, reply: reply.saying(200, b'{"id": "O-LONG-AGO"}')

    stage.order()
    stage.order()

    assert stage.world.disturbed is None
    assert stage.ledger == []


def test_a_lost_answer_that_nobody_can_find_is_judged_by_nobody(front: Begin) -> None:
    stage = front(Reset())
    stage.behind.before = lambda seen: CUT if seen.creates else None

    with pytest.raises(httpx.TransportError):
        stage.order()

    assert stage.world.disturbed is not None
    assert stage.ledger == []


def test_a_client_that_waits_in_vain_is_not_accused(front: Begin) -> None:
    stage = front()

    def slowly(seen: Seen) -> None:
        time.sleep(2.0 if seen.creates else 0)

    stage.behind.before = slowly

    with pytest.raises(httpx.ReadTimeout):
        stage.order(timeout=1.4)

    (exchange,) = stage.exchanges()
    assert "had not answered after 1." in (stage.world.disturbed or "")
    assert exchange.client_gone_at is not None
    assert exchange.booked == stage.ledger[0]


def test_what_the_client_does_wrong_is_its_own(front: Begin) -> None:
    stage = front()
    stage.order("key-1")

    mismatch = stage.order("key-1", 12.5)
    version = stage.order("key-2", **{"X-Api-Version": "2023-01-16"})
    no_key = stage.client.post(f"{stage.base_url}/order", json={}, headers={"X-Api-Key": stage.world.key})
    invalid = stage.client.post(
        f"{stage.base_url}/order", json={}, headers={"X-Api-Key": stage.world.key, "X-Idempotency-Key": "k"}
    )
    unknown = stage.get("/order/O-NOBODYS")

    assert [each.status_code for each in (mismatch, version, no_key, invalid, unknown)] == [
        400,
        410,
        400,
        422,
        404,
    ]
    assert mismatch.json()["type"] == "idempotency_validation_error"
    assert stage.world.disturbed is None


def test_a_key_of_an_earlier_trial_is_the_clients_own(front: Begin) -> None:
    stage = front()
    stage.order("the same for all")
    stage.beyond.first_sent.clear()
    stage.world.store.drop("the same for all")

    answer = stage.order("the same for all", 12.5)

    assert answer.json()["type"] == "idempotency_validation_error"
    assert stage.world.disturbed is None


def test_a_hang_that_was_asked_for_is_no_trouble(front: Begin) -> None:
    stage = front(Hang(when="before"))
    stage.behind.stop()

    with pytest.raises(httpx.ReadTimeout):
        stage.order(timeout=0.3)

    assert stage.world.disturbed is None


@pytest.mark.parametrize("bare", [True, False])
def test_a_bare_102_of_the_endpoint_is_handed_on(front: Begin, bare: bool) -> None:
    stage = front()
    stage.order()
    told = b"HTTP/1.1 102 Processing\r\n\r\n"
    stage.behind.raw = lambda seen: told if seen.creates else None
    stage.behind.raw_ends = not bare

    with pytest.raises(httpx.TransportError):
        stage.order(timeout=4 if bare else 1)

    replay = stage.exchanges()[-1]
    assert (replay.answer, replay.interim_status) == ("in-progress", 102)
    assert stage.world.disturbed is None
    (form,) = [each for each in stage.upstream.fidelity.differences() if each.aspect == "form"]
    assert form.theirs == "102 alone"


def test_shapes_are_compared_and_values_are_not(front: Begin) -> None:
    stage = front()

    def other(seen: Seen, reply: Reply) -> Reply:
        document = json.loads(reply.body)
        if "id" in document:
            document["id"] = "ord_0123456789"
            document["fee"] = "a secret amount"
            del document["status"]
        headers = [(name, value) for name, value in reply.headers if name.lower() != "x-api-version"]
        return replace(reply, headers=(*headers, ("Via", "1.1 a secret place")), status=201).saying(
            201, json.dumps(document).encode(), "application/vnd.api+json"
        )

    stage.behind.after = other
    stage.order()

    told = {each.aspect: (each.ours, each.theirs) for each in stage.upstream.fidelity.differences()}
    assert told == {
        "status": ("200", "201"),
        "version": ("2024-02-05", "none named"),
        "content type": ("application/json", "application/vnd.api+json"),
        "order id": ("O-<26 capitals and digits>", "ord_<10 digits>"),
        "headers: more": ("not there", "via"),
        "body: missing": ("/status: text", "not there"),
        "body: more": ("not there", "/fee: text"),
    }


def patient(patience: float = 0.3, **limits: int) -> Manners:
    return Manners(Courtesy(limits.get("orders", 6_000), 60.0, limits.get("at_once", 100), patience=patience))


def test_an_endpoint_that_comes_back_is_asked_again() -> None:
    manners = patient(5.0)
    said = iter([Trouble("is ill"), Trouble("is ill"), None])

    assert manners.admit(1, Decimal(1), lambda: next(said), lambda: False) is None
    assert manners.down is None


def test_an_endpoint_that_stays_away_is_given_up() -> None:
    manners = patient()

    why = manners.admit(1, Decimal(1), lambda: Trouble("is gone"), lambda: False)

    assert why is not None
    assert why.startswith("is gone, and has been out of order for ")


def test_a_key_that_is_refused_is_not_tried_for_long() -> None:
    manners, asked = patient(1_000.0), []

    def ask() -> Trouble:
        asked.append(1)
        return Trouble("refuses the key", lasting=True)

    assert manners.admit(1, 1, ask, lambda: False) == "refuses the key"
    assert asked == [1]


def test_an_endpoint_whose_pings_are_well_and_whose_orders_fail_is_given_up() -> None:
    manners = patient(0.5)
    tries = 0
    while manners.admit(1, Decimal(1), lambda: None, lambda: False) is None:
        manners.went_wrong(Trouble("answered (500)"))
        tries += 1

    assert 1 < tries < 100
    assert (manners.down or "").startswith("answered (500), and has been")


def test_no_more_is_spent_than_was_granted() -> None:
    manners = Manners(Courtesy(60, 60.0, most_spent=Decimal(20)))
    manners.booked(Decimal(15))

    assert manners.admit(1, Decimal(5), lambda: None, lambda: False) is None
    assert "for 20 in all" in (manners.admit(1, Decimal(6), lambda: None, lambda: False) or "")

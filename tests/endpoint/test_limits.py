"""A real endpoint is asked gently, and what the limits cut is said. A dry run sends nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import endpoints
import pytest
from conftest import HURRIED, Asked
from endpoints import SECRET, Right, served

from conformance import catalogue
from conformance.contract import Contract
from conformance.endpoint.limits import Turnstile, gentle

SECTION = [check.id for check in catalogue.checks() if check.section == "sandbox"]


def ordered(api: Right) -> list[dict[str, object]]:
    return [
        json.loads(body)
        for _, method, target, _, body in api.requests
        if method == "POST" and b"items" in body
    ]


def test_the_smallest_order_of_one_product_is_placed(ask: Asked) -> None:
    api = Right()
    with served(api) as base_url:
        for check_id in SECTION:
            assert ask(check_id, base_url, examples=20).status in ("passed", "failed")
    bodies = ordered(api)
    products = {item["products"]["value"] for body in bodies for item in body["items"]}  # type: ignore[attr-defined]  # JSON
    assert products <= {"BOOKS-GB", "NOBODY-SELLS-THIS"}
    assert all(item["face_value"] <= 0.3 for body in bodies for item in body["items"])  # type: ignore[attr-defined]  # JSON
    assert len(api.orders) <= 60
    assert {headers["user-agent"].partition("/")[0] for _, _, _, headers, _ in api.requests} == {"golive"}


@pytest.mark.parametrize("check_id", SECTION)
def test_the_cap_wins_over_the_examples_that_were_asked_for(ask: Asked, check_id: str) -> None:
    api = Right()
    limits = replace(HURRIED, requests=30, orders=14)
    with served(api) as base_url:
        result = ask(check_id, base_url, examples=300, limits=limits)
    assert len(api.requests) <= 30 + 2  # and two of the run, to knock and to learn what is sold
    assert len(api.orders) <= 14
    if check_id in ("sandbox.error-envelope", "sandbox.replays-original", "sandbox.rejects-key-reuse"):
        assert "cut by the limits" in (result.note or "")


def test_dear_goods_are_not_bought_beyond_the_cap(ask: Asked) -> None:
    api = endpoints.SellsDearly()
    with served(api) as base_url:
        result = ask("sandbox.replays-original", base_url)
    assert sum(item["face_value"] for order in api.orders for item in order["items"]) <= 100
    assert result.status == "skipped"
    assert "a check may order for 100 in all" in (result.reason or "")


def test_a_check_says_what_it_has_sent(ask: Asked) -> None:
    with served(Right()) as base_url:
        result = ask("sandbox.requires-idempotency-key", base_url)
    told = f"sent 4 requests to {base_url}, and placed 2 orders of 0.02 face value in all, as far as it said"
    assert result.note == told


def test_requests_keep_their_distance_whichever_process_sends_them(
    contract: Contract, tmp_path: object
) -> None:
    limits = replace(HURRIED, pause=0.05, order_pause=0.2)
    from pathlib import Path
    from time import monotonic

    began = monotonic()
    for _ in range(3):
        with Turnstile(limits, Path(str(tmp_path))).passing(order=True):
            pass
    assert monotonic() - began >= 0.4
    assert gentle(contract).order_pause == 1.0  # the lowest limit that was ever documented: 60 a minute
    assert gentle(contract).face_value == Decimal(100)


@pytest.mark.parametrize("check_id", SECTION)
def test_a_dry_run_shows_everything_and_sends_nothing(ask: Asked, check_id: str) -> None:
    api = Right()
    with served(api) as base_url:
        result = ask(check_id, base_url, dry_run=True)
    assert api.requests == []
    assert (result.status, result.reason) == ("skipped", "not observed: dry run: nothing was sent")
    shown = result.note or ""
    assert f" {base_url}/" in shown
    assert "X-Api-Key: [the account's key]" in shown
    assert SECRET[:10] not in shown

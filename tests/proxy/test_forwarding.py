"""What the schedule lets through is sent to the endpoint, under the account's key, and what it says comes back."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from fronts import KEY, PAYOUT, SECRET, Front
from wrong_endpoints import CUT, Reply, Seen, gzipped

from conformance.contract import Contract
from conformance.faults import (
    Close,
    Error,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    Malformed,
    OtherVersion,
    RateLimit,
    Redirect,
    Reordered,
    Reset,
    Slow,
    Truncate,
)
from conformance.sandbox.upstream import Failed, Upstream

Begin = Callable[..., Front]


def test_an_order_is_the_endpoints_own(front: Begin) -> None:
    stage = front()

    answer = stage.order()

    assert answer.status_code == 200
    assert [entry.order_id for entry in stage.behind.world.ledger()] == [answer.json()["id"]] == stage.ledger
    (exchange,) = stage.exchanges()
    assert (exchange.booked, exchange.answer, exchange.attempt) == (answer.json()["id"], "success", 1)
    assert stage.world.disturbed is None


def test_the_endpoint_sees_the_account_and_the_client_does_not(front: Begin) -> None:
    stage = front()

    stage.order()

    assert SECRET not in stage.seen_by_endpoint
    assert stage.behind.key in stage.seen_by_endpoint
    assert stage.behind.canary.secret not in repr(stage.exchanges())


def test_what_a_client_sends_is_passed_on_as_it_is(front: Begin) -> None:
    stage = front()

    stage.order(**{"X-Something": "else", "Connection": "keep-alive, X-Hop", "X-Hop": "not for you"})

    headers = {name.lower(): value for name, value in stage.behind.sent[0].headers.items()}
    assert headers["x-something"] == "else"
    assert headers["x-idempotency-key"] == "key-1"
    assert headers["user-agent"].startswith("python-httpx")
    assert "x-hop" not in headers


@pytest.mark.parametrize("credential", ["XXother1.abcdefghijklmnopqrstuvwxyz012345", ""])
def test_who_shows_another_key_is_not_lent_the_accounts(front: Begin, credential: str) -> None:
    stage = front()

    answer = stage.order(**{"X-Api-Key": credential})

    assert answer.status_code == 401
    assert stage.behind.key not in stage.seen_by_endpoint
    assert stage.behind.orders == 0
    assert stage.world.disturbed is None


def test_the_key_goes_nowhere_but_into_its_header(front: Begin) -> None:
    stage = front()

    stage.client.get(f"{stage.base_url}/ping?key={KEY}", headers={"X-Api-Key": KEY, "X-Copy": KEY})

    (seen,) = stage.behind.seen
    assert stage.behind.canary.secret not in seen.path
    assert [name for name, value in seen.headers.items() if stage.behind.key in value] == ["X-Api-Key"]


def test_other_operations_are_the_endpoints_too(front: Begin) -> None:
    stage = front()
    placed = stage.order().json()["id"]

    assert stage.get(f"/order/{placed}").json()["id"] == placed
    assert stage.get("/order").json()["items"][0]["id"] == placed
    assert stage.get("/nowhere").status_code == 404
    assert stage.client.get(stage.base_url.removesuffix("/v2") + "/v3/ping").status_code == 401
    assert [seen.path for seen in stage.behind.seen] == [
        "/v2/order",
        f"/v2/order/{placed}",
        "/v2/order",
        "/v2/nowhere",
    ]


LOST: list[Fault] = [
    Reset(),
    Close(),
    Garbage(when="after"),
    Truncate(),
    Error(type="timeout", booked=True),
    Html(when="after"),
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.fault)
def test_what_is_lost_has_been_sent_before(front: Begin, fault: Fault) -> None:
    stage = front(fault)

    try:
        first = stage.order().status_code
    except httpx.TransportError:
        first = 0
    second = stage.order()

    assert first in (0, 200, 502, 504)
    assert (second.status_code, second.json()["id"]) == (200, stage.ledger[0])
    assert stage.behind.orders == 1
    lost, replay = stage.exchanges()
    assert (lost.fault, lost.booked, replay.booked, replay.replayed) == (fault, stage.ledger[0], None, True)


INJECTED: list[tuple[Fault, int]] = [
    (Reset(when="before"), 0),
    (Close(when="before"), 0),
    (RateLimit(), 429),
    (Error(type="internal_server_error"), 500),
    (Error(type="validation_error"), 422),
    (Html(), 502),
    (Malformed(), 502),
    (Redirect(), 307),
]


@pytest.mark.parametrize(("fault", "status"), INJECTED, ids=lambda each: getattr(each, "fault", str(each)))
def test_what_the_schedule_injects_never_reaches_the_endpoint(
    front: Begin, fault: Fault, status: int
) -> None:
    stage = front(fault)

    try:
        said = stage.order().status_code
    except httpx.TransportError:
        said = 0

    assert said == status
    assert stage.behind.sent == []
    assert stage.ledger == []


def test_a_hanging_answer_was_sent_and_is_never_told(front: Begin) -> None:
    stage = front(Hang())

    with pytest.raises(httpx.ReadTimeout):
        stage.order(timeout=0.5)

    assert stage.behind.orders == 1
    assert len(stage.ledger) == 1


def test_rewritten_answers_are_the_real_ones(front: Begin) -> None:
    stage = front(ExtraFields(), Reordered())

    more, turned, plain = stage.order(), stage.order(), stage.order()

    assert more.json()["id"] == turned.json()["id"] == plain.json()["id"]
    assert "unseen_text" in more.json()
    assert list(turned.json()) == list(plain.json())[::-1]


def test_another_version_is_named_in_the_endpoints_place(front: Begin) -> None:
    stage = front(OtherVersion(version="2031-01-01"))

    assert stage.order().headers.get_list("X-Api-Version") == ["2031-01-01"]
    assert stage.order().headers.get_list("X-Api-Version") == ["2024-02-05"]


@pytest.mark.parametrize("form", ["400", "102-body", "102-bare"])
def test_an_original_in_progress_has_been_sent(front: Begin, form: str) -> None:
    stage = front(InProgress(form=form))  # type: ignore[arg-type]  # one of the forms

    try:
        stage.order(timeout=0.5)
    except httpx.TransportError:
        assert form != "400"

    assert stage.behind.orders == 1
    assert stage.exchanges()[0].answer == "in-progress"


def test_a_late_answer_holds_up_nobody_else(front: Begin) -> None:
    stage = front(Slow(seconds=0.5))
    late: list[int] = []
    waiting = threading.Thread(target=lambda: late.append(stage.order().status_code))
    waiting.start()

    assert stage.get("/ping").json() == {"message": "pong"}

    waiting.join()
    assert late == [200]


def test_an_endpoint_at_work_holds_up_nobody_else(front: Begin) -> None:
    stage, at_work, go_on = front(), threading.Event(), threading.Event()

    def before(seen: Seen) -> Reply | None:
        if seen.creates:
            at_work.set()
            go_on.wait(10)
        return None

    stage.behind.before = before
    late: list[int] = []
    waiting = threading.Thread(target=lambda: late.append(stage.order().status_code))
    waiting.start()
    at_work.wait(10)

    with httpx.Client() as another:
        answer = another.get(f"{stage.base_url}/ping", headers={"X-Api-Key": KEY})

    assert answer.status_code == 200
    assert late == []
    go_on.set()
    waiting.join()
    assert late == [200]


@pytest.mark.parametrize(
    "after",
    [
        gzipped,
        lambda seen, reply: replace(reply, chunked=True),
        lambda seen, reply: replace(reply, protocol="HTTP/1.0"),
        lambda seen, reply: replace(reply, closes=True),
    ],
    ids=["gzip", "chunked", "HTTP/1.0", "closes each time"],
)
def test_answers_may_come_in_any_wrapping(front: Begin, after: Callable[[Seen, Reply], Reply]) -> None:
    stage = front()
    stage.behind.after = after

    first, second = stage.order(), stage.order()

    assert first.json() == second.json()
    assert "content-encoding" not in first.headers
    assert stage.ledger == [first.json()["id"]]
    assert stage.world.disturbed is None


def test_an_order_whose_answer_was_lost_to_us_is_found_in_the_list(front: Begin) -> None:
    stage = front(Reset())
    stage.behind.after = lambda seen, reply: CUT if seen.creates else reply

    with pytest.raises(httpx.TransportError):
        stage.order()
    stage.behind.after = lambda seen, reply: reply
    again = stage.order()

    assert again.json()["id"] == stage.ledger[0]
    assert stage.behind.orders == 1
    assert [exchange.booked for exchange in stage.exchanges()] == [stage.ledger[0], None]
    assert stage.world.disturbed is None


def test_a_line_that_breaks_once_is_nobodys_trouble(front: Begin) -> None:
    stage = front()
    broken: list[int] = []

    def once(seen: Seen, reply: Reply) -> Reply:
        if broken:
            return reply
        broken.append(1)
        return CUT

    stage.behind.after = once

    assert stage.order().status_code == 200
    assert stage.behind.orders == 1
    assert stage.world.disturbed is None


def test_an_endpoint_that_repeats_the_key_does_not_tell_it_to_anybody(front: Begin) -> None:
    stage = front()
    canary = stage.behind.canary
    spilt = {
        "id": "O-1",
        "plain": canary.key,
        "secret": canary.secret,
        "base64": base64.b64encode(canary.key.encode()).decode(),
        canary.secret: "as a name",
    }
    stage.behind.after = lambda seen, reply: replace(
        reply.saying(200, json.dumps(spilt).encode()), headers=(*reply.headers, ("X-You-Are", canary.key))
    )

    answer = stage.order()

    told = answer.text + str(answer.headers) + repr(stage.exchanges())
    assert canary.secret not in told
    assert SECRET not in repr(stage.exchanges())
    assert base64.b64encode(canary.key.encode()).decode()[20:40] not in told
    assert answer.headers["X-You-Are"] == KEY
    assert answer.json()["plain"] == KEY
    differences = repr(stage.upstream.fidelity.differences())
    assert canary.secret not in differences
    assert SECRET not in differences
    assert "the account's own key" in differences


def test_an_endpoint_that_shows_an_unknown_certificate_is_sent_nothing(
    front: Begin, contract: Contract
) -> None:
    stage = front()
    wary = Upstream(stage.behind.url, stage.behind.canary, contract, None, ssl.create_default_context())
    try:
        told = wary.ask(contract.ping_operation)
    finally:
        wary.close()

    assert isinstance(told, Failed)
    assert "certificate that is not trusted" in told.reason
    assert "SSL_CERT_FILE" in told.reason
    assert stage.behind.seen == []


def test_payout_links_are_not_handed_on(front: Begin) -> None:
    stage = front()

    first, again = stage.order(), stage.order()

    link = first.json()["items"][0]["payout"]["url"]
    real = stage.behind.world.orders[0].items[0].link
    assert link.startswith("https://")
    assert link != real
    assert again.json() == first.json()
    assert real not in repr(stage.exchanges()) + str(first.headers) + first.text
    assert PAYOUT in link
    assert PAYOUT not in repr(stage.exchanges())


def test_a_stored_error_is_replayed_here_and_its_key_never_goes_there(front: Begin) -> None:
    stage = front(Error(type="product_validation_error", cached=True))

    refused, again, other = stage.order(), stage.order(), stage.order(face_value=12.5)
    placed = stage.order("key-2", 12.5)

    assert refused.json() == again.json()
    assert other.json()["type"] == "idempotency_validation_error"
    assert placed.status_code == 200
    assert [seen.headers["X-Idempotency-Key"] for seen in stage.behind.sent] == ["key-2"]
    assert [exchange.replayed for exchange in stage.exchanges()] == [False, True, False, False]


def test_an_order_that_is_there_is_not_overwritten_by_a_stored_error(front: Begin) -> None:
    stage = front(Reset(), Error(type="product_validation_error", cached=True))

    with pytest.raises(httpx.TransportError):
        stage.order()

    assert stage.order().json()["id"] == stage.ledger[0]
    assert stage.world.disturbed is None

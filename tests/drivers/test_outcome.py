"""What the client returns, raises or prints becomes an outcome by the rules, or a crash that teaches."""

from __future__ import annotations

import asyncio
import enum
import http.client
import json
import socket
import ssl
import urllib.error

import aiohttp
import httpx
import pytest
import requests
import tenacity
import urllib3.exceptions

from conformance import Unknown
from conformance.contracts import load_contract
from conformance.drivers.outcome import Crash, from_exception, from_line, from_return, redacted
from conformance.evidence import Outcome

RUNA = load_contract("runa")
UNKNOWN = Outcome("unknown")


def raised(error: BaseException, cause: BaseException | None = None) -> Outcome | Crash:
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return from_exception(caught.value, RUNA.error_types)


class Rejected(Exception):
    pass


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ({"outcome": "created", "order_id": "O-1"}, Outcome("created", "O-1")),
        ({"outcome": "created", "order_id": "O-1", "status": "DONE"}, Outcome("created", "O-1", "DONE")),
        ({"outcome": "rejected", "type": "not_found"}, Outcome("rejected", type="not_found")),
        ({"outcome": "rejected", "type": None, "status": 404}, Outcome("rejected")),
        ({"outcome": "unknown"}, UNKNOWN),
        ({"outcome": "unknown", "type": "timeout"}, Outcome("unknown", type="timeout")),
        ({"id": "O-2", "status": "COMPLETED", "items": []}, Outcome("created", "O-2", "COMPLETED")),
        ("O-3", Outcome("created", "O-3")),
    ],
)
def test_a_return_value_says_what_happened(value: object, outcome: Outcome) -> None:
    assert from_return(value) == outcome


def test_an_enumeration_counts_as_its_text() -> None:
    class Word(enum.StrEnum):
        CREATED = "created"
        ID = "O-9"

    outcome = from_return({"outcome": Word.CREATED, "order_id": Word.ID})
    assert outcome == Outcome("created", "O-9")
    assert isinstance(outcome, Outcome)
    assert type(outcome.order_id) is str


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_what_may_be_left_out_may_be_empty(nothing: str | None) -> None:
    assert from_return({"outcome": "unknown", "type": nothing}) == Outcome("unknown")
    assert from_return({"outcome": "rejected", "type": nothing}) == Outcome("rejected")
    created = {"outcome": "created", "order_id": "O-1", "status": nothing}
    assert from_return(created) == Outcome("created", order_id="O-1")


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (
            None,
            'the client returned nothing (None); return {"outcome": "created", "order_id": "O-…"}, '
            "or the order's id as a string",
        ),
        (
            {"order": 1},
            "the client returned a dict with neither `outcome` nor `id`; return "
            '{"outcome": "created", "order_id": "O-…"}, or the order\'s id as a string',
        ),
        (
            {"outcome": "ok"},
            'the client returned the outcome "ok", which is none of: '
            '{"outcome": "created", "order_id": "O-…"}; {"outcome": "rejected", "type": "…"}; '
            '{"outcome": "unknown"}',
        ),
        (
            {"outcome": "created"},
            "the client returned `created` without `order_id`; right is "
            '{"outcome": "created", "order_id": "O-…"}',
        ),
        (
            {"outcome": "created", "order_id": 7},
            "the client returned `created`, and its `order_id` is no text but 7; right is the id that the "
            "API answered, as it was",
        ),
        (
            {"id": "x" * 10_000_000},
            "the client returned a mapping whose `id` is 10,000,000 characters long, which is beyond 1,000; "
            "right is the id that the API answered, as it was",
        ),
        (
            " ",
            "the client returned a string that is empty; right is the id that the API answered, as it was",
        ),
        (
            {"outcome": "rejected", "type": ["a"]},
            "the client returned `rejected`, and its `type` is no text but a list; right is "
            '{"outcome": "rejected", "type": "…"}',
        ),
        (
            {"outcome": "created", "order_id": "O-1", "status": 200},
            "the client said `created`, and its `status` is no text but 200; leave it out or give text",
        ),
    ],
    ids=range(9),
)
def test_anything_else_is_a_crash_that_says_what_to_return(value: object, detail: str) -> None:
    assert from_return(value) == Crash(detail)


@pytest.mark.parametrize("value", [True, 5, b"O-1", ["O-1"], object(), {"outcome": {}}, {"outcome": None}])
def test_values_of_any_other_kind_are_crashes(value: object) -> None:
    assert isinstance(from_return(value), Crash)


REQUEST = httpx.Request("POST", "http://127.0.0.1")


@pytest.mark.parametrize(
    "error",
    [
        Unknown("gave up"),
        TimeoutError(),
        ConnectionResetError(),
        OSError(5, "no"),
        socket.gaierror(),
        ssl.SSLError(),
        http.client.RemoteDisconnected(""),
        http.client.IncompleteRead(b""),
        http.client.BadStatusLine("x"),
        urllib.error.URLError("refused"),
        httpx.ReadTimeout("", request=REQUEST),
        httpx.ConnectError("", request=REQUEST),
        httpx.RemoteProtocolError("", request=REQUEST),
        requests.ConnectionError(),
        requests.ReadTimeout(),
        requests.exceptions.ChunkedEncodingError(),
        urllib3.exceptions.ProtocolError("gone"),
        urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("h"), "/", "late"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ServerTimeoutError(),
        aiohttp.ClientPayloadError(),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)
def test_an_error_of_the_transport_leaves_the_order_unknown(error: Exception) -> None:
    assert raised(error) == UNKNOWN
    assert raised(Rejected("no luck"), error) == UNKNOWN
    assert raised(KeyError("id"), error) == UNKNOWN


def test_an_exception_may_say_by_itself_that_it_does_not_know() -> None:
    class GaveUp(Exception):
        outcome = "unknown"

    class Mine(Unknown):
        pass

    assert raised(GaveUp()) == UNKNOWN
    assert raised(Mine("internal_server_error")) == Outcome("unknown", type="internal_server_error")


def test_the_cause_of_a_cause_counts() -> None:
    middle = Rejected()
    middle.__cause__ = TimeoutError()
    assert raised(Rejected(), middle) == UNKNOWN


def test_a_retry_library_passes_on_what_it_gave_up_on() -> None:
    @tenacity.retry(stop=tenacity.stop_after_attempt(2))
    def place() -> None:
        raise httpx.ReadTimeout("", request=REQUEST)

    with pytest.raises(tenacity.RetryError) as caught:
        place()
    assert from_exception(caught.value, RUNA.error_types) == UNKNOWN


def while_handling(error: Exception, then: Exception) -> Outcome | Crash:
    def handle() -> None:
        try:
            raise error
        except type(error):
            raise then  # noqa: B904 - clients do forget `from`, which is what this is about

    with pytest.raises(type(then)) as caught:
        handle()
    return from_exception(caught.value, RUNA.error_types)


def test_what_was_being_handled_counts_unless_the_exception_knows_better() -> None:
    assert while_handling(TimeoutError(), Rejected("gave up")) == UNKNOWN
    assert while_handling(TimeoutError(), Rejected("insufficient_funds")) == Outcome(
        "rejected", type="insufficient_funds"
    )
    assert isinstance(while_handling(TimeoutError(), KeyError("id")), Crash)


def test_from_none_cuts_off_what_was_being_handled() -> None:
    def handle() -> None:
        try:
            raise TimeoutError
        except TimeoutError:
            raise Rejected("no") from None

    with pytest.raises(Rejected) as caught:
        handle()
    assert from_exception(caught.value, RUNA.error_types) == Outcome("rejected")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("id"),
        TypeError(),
        AttributeError(),
        IndexError(),
        NameError(),
        UnboundLocalError(),
        AssertionError(),
        RecursionError(),
        UnicodeError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"),
        json.JSONDecodeError("no", "", 0),
        SystemExit(3),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_programming_error_is_a_crash(error: BaseException) -> None:
    crash = raised(error)
    assert isinstance(crash, Crash)
    assert crash.detail.startswith(f"the client raised {type(error).__name__}")
    assert f"\nin raised, {__file__}, line " in crash.detail


def test_only_exactly_those_are_crashes() -> None:
    class NoSuchProduct(KeyError):
        pass

    assert raised(NoSuchProduct("product_validation_error")) == Outcome(
        "rejected", type="product_validation_error"
    )
    assert raised(ValueError("bad")) == Outcome("rejected")
    assert raised(httpx.HTTPStatusError("422", request=REQUEST, response=httpx.Response(422))) == Outcome(
        "rejected"
    )


def with_attributes(text: str = "", **attributes: object) -> Exception:
    error = Rejected(text)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("error", "type_"),
    [
        (with_attributes(type="insufficient_funds"), "insufficient_funds"),
        (with_attributes(code="insufficient_funds"), "insufficient_funds"),
        (with_attributes(type="mine", code="insufficient_funds"), "insufficient_funds"),
        (with_attributes("not_found", type="mine"), "mine"),
        (with_attributes("API said: not_found.", type=404, code=404), "not_found"),
        (with_attributes("{'type': 'idempotency_validation_error'}"), "idempotency_validation_error"),
        (with_attributes("validation_error, or rather product_validation_error"), "product_validation_error"),
        (with_attributes("a_not_found_b"), None),
        (with_attributes("forbiddenness"), None),
        (with_attributes(type=""), None),
    ],
)
def test_a_rejection_names_its_type(error: Exception, type_: str | None) -> None:
    assert raised(error) == Outcome("rejected", type=type_)


def test_an_exception_that_cannot_be_looked_at_is_a_rejection_without_a_type() -> None:
    class Hostile(Exception):
        @property
        def type(self) -> str:
            raise RuntimeError

        def __str__(self) -> str:
            raise RuntimeError

    assert raised(Hostile()) == Outcome("rejected")


def test_a_property_that_warns_is_heard_in_silence() -> None:
    # aiohttp's `code` is deprecated, and warnings are errors here.
    response = aiohttp.RequestInfo(url=None, method="POST", headers=None, real_url=None)  # type: ignore[arg-type]  # only its repr is of use
    assert raised(aiohttp.ClientResponseError(response, (), status=422)) == Outcome("rejected")


def test_a_group_of_one_is_that_one() -> None:
    assert raised(ExceptionGroup("tasks", [TimeoutError()])) == UNKNOWN
    assert isinstance(raised(BaseExceptionGroup("tasks", [SystemExit()])), Crash)


def test_causes_that_go_round_in_a_circle_end() -> None:
    first, second = Rejected(), Rejected()
    first.__cause__, second.__cause__ = second, first
    assert from_exception(first, RUNA.error_types) == Outcome("rejected")


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        '{"order_id": "O-1"}',
        "[]",
        "{",
        '{"outcome"}',
        "[" * 100_000,
        "{" * 100_000 + "}" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"outcome":"created","order_id":"' + "x" * 2_000_000 + '"}',
    ],
    ids=range(9),
)
def test_most_lines_of_output_are_no_outcome(line: str) -> None:
    assert from_line(line) is None


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ('{"outcome":"created","order_id":"O-1"}', Outcome("created", "O-1")),
        ('\ufeff {"outcome":"rejected","type":"x"}\r\n', Outcome("rejected", type="x")),
    ],
)
def test_a_line_that_is_an_object_with_an_outcome_is_one(line: str, outcome: Outcome) -> None:
    assert from_line(line) == outcome


def test_a_line_with_a_wrong_outcome_is_a_crash_that_says_so() -> None:
    assert from_line('{"outcome":"created"}') == Crash(
        'the client printed `created` without `order_id`; right is {"outcome": "created", "order_id": "O-…"}'
    )


def test_every_text_of_an_outcome_is_redacted() -> None:
    outcome = Outcome("created", "O-key", "key", None)
    assert redacted(outcome, lambda text: text.replace("key", "…")) == Outcome("created", "O-…", "…", None)

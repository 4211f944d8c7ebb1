"""Endpoints that keep the contract's promises pass, whoever wrote them; those that break one are found out by it."""

from __future__ import annotations

import random
import ssl
from collections.abc import Iterator
from pathlib import Path

import endpoints
import pytest
import trustme
from conftest import Asked
from endpoints import KEY, Right, served

from conformance.contract import Contract
from conformance.sandbox import Sandbox, World

SCRIPTED = (
    "sandbox.reachable",
    "sandbox.rejects-bad-key",
    "sandbox.requires-idempotency-key",
    "sandbox.replays-original",
    "sandbox.rejects-key-reuse",
    "sandbox.version-header",
    "sandbox.error-envelope",
)


@pytest.mark.parametrize("check_id", SCRIPTED)
@pytest.mark.parametrize(
    "kind",
    [
        Right,
        endpoints.ListsPageByPage,
        endpoints.LimitsTheRate,
        endpoints.SaysInProgress,
        endpoints.StumblesNowAndThen,
    ],
)
def test_an_endpoint_that_keeps_its_promises_passes(ask: Asked, kind: type[Right], check_id: str) -> None:
    with served(kind()) as base_url:
        result = ask(check_id, base_url)
    assert (result.status, result.reason) == ("passed", None), (
        result.finding and result.finding.violation.summary
    )
    assert result.basis == "observed"
    assert "unseen" not in (result.note or "")


@pytest.mark.parametrize("kind", [endpoints.IsDown, endpoints.RefusesTheKey])
@pytest.mark.parametrize("check_id", SCRIPTED[2:5])
def test_an_outage_or_a_dead_key_is_no_broken_promise(ask: Asked, kind: type[Right], check_id: str) -> None:
    with served(kind()) as base_url:
        result = ask(check_id, base_url)
    assert result.status == "skipped", result.finding and result.finding.violation.summary
    assert "in front of the API" in (result.reason or "") or "key is refused here (401)" in (
        result.reason or ""
    )


@pytest.mark.parametrize("check_id", SCRIPTED)
def test_a_key_that_dies_on_the_way_is_blamed_on_nobody(ask: Asked, check_id: str) -> None:
    with served(endpoints.LosesTheKey()) as base_url:
        result = ask(check_id, base_url)
    assert result.status in ("passed", "skipped"), result.finding and result.finding.violation.summary
    assert result.status == "skipped" or check_id in ("sandbox.reachable", "sandbox.rejects-bad-key")


def test_other_bytes_may_count_as_another_order_as_long_as_they_are_refused(ask: Asked) -> None:
    with served(endpoints.ComparesBytes()) as base_url:
        result = ask("sandbox.replays-original", base_url)
    assert result.status == "passed"
    assert "in other bytes (other white space) counts as another one" in (result.note or "")


def test_a_list_that_says_little_is_counted_all_the_same(ask: Asked) -> None:
    with served(endpoints.ListsIdsAlone()) as base_url:
        assert ask("sandbox.replays-original", base_url).status == "passed"


def test_where_orders_cannot_be_counted_nothing_is_proven(ask: Asked) -> None:
    with served(endpoints.ListsNothing()) as base_url:
        replays = ask("sandbox.replays-original", base_url)
        reuse = ask("sandbox.rejects-key-reuse", base_url)
    assert replays.status == "skipped"
    assert "so nobody can count them" in (replays.reason or "")
    assert "may have been placed unseen" in (reuse.note or "")


@pytest.mark.parametrize(
    ("kind", "check_id", "rule"),
    [
        (endpoints.RefusesTheKey, "sandbox.reachable", "key refused"),
        (endpoints.AnswersForSomebodyElse, "sandbox.reachable", "not the API"),
        (endpoints.LetsEverybodyIn, "sandbox.rejects-bad-key", "accepted"),
        (endpoints.LetsEverybodyOrder, "sandbox.rejects-bad-key", "accepted"),
        (endpoints.Says403, "sandbox.rejects-bad-key", "another status"),
        (endpoints.RefusesInHtml, "sandbox.rejects-bad-key", "no envelope"),
        (endpoints.IgnoresCase, "sandbox.rejects-bad-key", "accepted"),
        (endpoints.LooksAtThePrefix, "sandbox.rejects-bad-key", "accepted"),
        (endpoints.LooksAtTheBeginning, "sandbox.rejects-bad-key", "accepted"),
        (endpoints.LooksAtTheFirstHalf, "sandbox.rejects-bad-key", "accepted"),
        (endpoints.NeedsNoName, "sandbox.requires-idempotency-key", "accepted"),
        (endpoints.NeedsNoNameForAsync, "sandbox.requires-idempotency-key", "accepted"),
        (endpoints.BreaksWithoutName, "sandbox.requires-idempotency-key", "server error"),
        (endpoints.ReplaysAnotherId, "sandbox.replays-original", "second order"),
        (endpoints.BooksASecondUnseen, "sandbox.replays-original", "two orders"),
        (endpoints.BooksASecondWithoutText, "sandbox.replays-original", "two orders"),
        (endpoints.ForgetsErrors, "sandbox.replays-original", "second order"),
        (endpoints.ForgetsServerErrors, "sandbox.replays-original", "second order"),
        (endpoints.ForgetsAsync, "sandbox.replays-original", "second order"),
        (endpoints.ReplaysOnce, "sandbox.replays-original", "second order"),
        (endpoints.ReplaysAnotherStatus, "sandbox.replays-original", "another answer"),
        (endpoints.BooksOtherBytes, "sandbox.replays-original", "second order"),
        (endpoints.KnowsOrdersByContent, "sandbox.replays-original", "swallowed"),
        (endpoints.ReplaysToAnybody, "sandbox.rejects-key-reuse", "replayed"),
        (endpoints.Says409, "sandbox.rejects-key-reuse", "another refusal"),
        (endpoints.Says422, "sandbox.rejects-key-reuse", "another refusal"),
        (endpoints.ComparesAmountsAlone, "sandbox.rejects-key-reuse", "replayed"),
        (endpoints.RefusesAndForgets, "sandbox.rejects-key-reuse", "original lost"),
        (endpoints.RefusesAndBooks, "sandbox.rejects-key-reuse", "placed"),
        (endpoints.TakesACorrectionUnderTheOldKey, "sandbox.rejects-key-reuse", "accepted"),
        (endpoints.NamesNoVersionOnErrors, "sandbox.version-header", "no version"),
        (endpoints.NamesNoVersionOnOrders, "sandbox.version-header", "no version"),
        (endpoints.AnswersInAnotherVersion, "sandbox.version-header", "another version"),
        (endpoints.TakesAnyVersion, "sandbox.version-header", "accepted"),
        (endpoints.TakesAnyVersionOnOrders, "sandbox.version-header", "accepted"),
        (endpoints.Says400OfRemoved, "sandbox.version-header", "another refusal"),
        (endpoints.LeavesOutTheType, "sandbox.error-envelope", "no envelope"),
        (endpoints.SaysTypeAsNumber, "sandbox.error-envelope", "no envelope"),
        (endpoints.WrapsErrors, "sandbox.error-envelope", "no envelope"),
        (endpoints.SaysNowhereInHtml, "sandbox.error-envelope", "no envelope"),
        (endpoints.SaysErrorsAreText, "sandbox.error-envelope", "no envelope"),
        (endpoints.LeavesOutDetails, "sandbox.error-envelope", "no envelope"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_a_broken_promise_is_found(ask: Asked, kind: type[Right], check_id: str, rule: str) -> None:
    with served(kind()) as base_url:
        result = ask(check_id, base_url)
    assert result.status == "failed", (result.status, result.reason)
    assert result.finding is not None
    assert result.finding.violation.rule == rule, result.finding.violation.summary
    dialogue = result.finding.violation.dialogue
    assert dialogue is not None
    shown = {turn.number for turn in dialogue.turns}
    assert set(result.finding.violation.exchanges) <= shown


def test_what_nobody_thought_of_is_found_by_generated_requests(ask: Asked) -> None:
    with served(endpoints.StumblesOverText()) as base_url:
        assert ask("sandbox.error-envelope", base_url, examples=0).status == "passed"
        result = ask("sandbox.error-envelope", base_url, examples=40)
    assert result.finding is not None
    (turn,) = result.finding.violation.dialogue.turns  # type: ignore[union-attr]  # a finding of an endpoint has one
    assert turn.body[:1] in ('"', "[")
    assert len(turn.body) <= 4


@pytest.fixture(params=["http", "https"])
def simulated(
    request: pytest.FixtureRequest, contract: Contract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    context = None
    if request.param == "https":
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    sandbox = Sandbox(contract, tls=None if context is None else lambda _: context)
    sandbox.start()
    sandbox.begin(World(contract, KEY, seed=random.getrandbits(32), max_requests=None))
    yield sandbox.base_url
    sandbox.end()
    sandbox.stop()


def test_our_own_sandbox_keeps_every_promise(ask: Asked, simulated: str) -> None:
    found = {check_id: ask(check_id, simulated) for check_id in SCRIPTED}
    assert {id_: (result.status, result.reason) for id_, result in found.items()} == dict.fromkeys(
        SCRIPTED, ("passed", None)
    )

"""How a story ended, where the last word of the client is not all there is to know."""

from __future__ import annotations

from dataclasses import replace

from stories import call, case, entry, exchange

from conformance import catalogue
from conformance.check import Remark, Unmet
from conformance.evidence import LedgerEntry, Outcome
from conformance.faults import RateLimit, Reset
from conformance.finding import Violation

LOST = Reset(when="after")
UNKNOWN = Outcome("unknown")


def test_a_story_is_cut_short_when_the_last_call_too_met_a_fault() -> None:
    attempts = [exchange(number, answer="none", delivered="none", fault=LOST) for number in (1, 5)]
    calls = [call(UNKNOWN, 1, 0.5, 1.5), call(UNKNOWN, 2, 4.5, 5.5)]
    assert case(attempts, calls).stories[0].cut_short


def test_a_client_that_does_not_send_again_was_not_cut_short() -> None:
    attempts = [exchange(1, answer="none", delivered="none", fault=LOST)]
    calls = [call(UNKNOWN, 1, 0.5, 1.5), call(UNKNOWN, 2, 4.5, 5.5)]
    assert not case(attempts, calls).stories[0].cut_short


def test_a_client_that_stops_when_the_api_is_well_again_was_not_cut_short() -> None:
    attempts = [exchange(1, answer="none", delivered="none", fault=LOST), exchange(2)]
    assert not case(attempts, [call(UNKNOWN)]).stories[0].cut_short


def test_a_client_that_says_no_was_cut_short_only_by_a_rate_limit() -> None:
    rejected = Outcome("rejected")
    limited = [exchange(1, answer="rate-limited", fault=RateLimit())]
    lost = [exchange(1, answer="none", delivered="none", fault=LOST)]
    assert case(limited, [call(rejected)]).stories[0].cut_short
    assert not case(lost, [call(rejected)]).stories[0].cut_short


def test_an_order_was_looked_up_when_no_attempt_was_told_of_it() -> None:
    lost = [exchange(1, answer="none", delivered="none", booked="O-1")]
    created = [call(Outcome("created", "O-1"))]
    assert case(lost, created, [entry("O-1")]).stories[0].looked_up
    assert not case([exchange(1)], created, [entry("O-1")]).stories[0].looked_up
    assert not case(lost, created, [entry("O-2")]).stories[0].looked_up


def on_created(*ledger: LedgerEntry) -> list[Remark]:
    """What is said of a client that reported O-1 for order-1, with nothing else in the ledger than this."""
    (check,) = [check for check in catalogue.checks() if check.id == "errors.no-false-success"]
    assert check.judge is not None
    lost = exchange(1, answer="none", delivered="none", fault=LOST)
    remarks = check.judge(case([lost], [call(Outcome("created", "O-1"))], list(ledger)))
    return [remark for remark in remarks if isinstance(remark, Violation | Unmet)]


def test_an_order_of_nobody_is_a_false_success() -> None:
    (remark,) = on_created()
    assert isinstance(remark, Violation)
    assert remark.summary.endswith("no such order exists; its own in the ledger: none")


def test_an_order_of_another_reference_is_a_false_success_and_named() -> None:
    (remark,) = on_created(replace(entry("O-1"), reference="order-2"))
    assert isinstance(remark, Violation)
    assert "that is the order of order-2" in remark.summary


def test_an_order_that_exists_and_cannot_be_told_whose_is_no_false_success() -> None:
    (remark,) = on_created(replace(entry("O-1"), reference=None))
    assert isinstance(remark, Unmet)

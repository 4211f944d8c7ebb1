"""How a story ended, where the last word of the client is not all there is to know."""

from __future__ import annotations

from stories import call, case, entry, exchange

from conformance.evidence import Outcome
from conformance.faults import RateLimit, Reset

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

"""Exchanges, calls and ledger add up to one story for each order."""

from __future__ import annotations

import pytest
from stories import call, case, entry, exchange

from conformance.evidence import Outcome
from conformance.judge.case import difference, same_json, short


def test_a_story_ends_undisturbed_at_the_first_final_answer() -> None:
    attempts = [
        exchange(1, answer="transient"),
        exchange(2, answer="final"),
        exchange(3, idempotency_key="key-b"),
    ]
    story = case(attempts, [call(Outcome("created", "O-1"))]).stories[0]
    assert [attempt.number for attempt in story.undisturbed] == [1, 2]


def test_a_final_answer_that_was_cut_off_ends_nothing() -> None:
    attempts = [exchange(1, answer="final", delivered="partial"), exchange(2)]
    story = case(attempts, [call(Outcome("created", "O-1"))]).stories[0]
    assert len(story.undisturbed) == 2


def test_an_attempt_is_unresolved_until_the_client_was_told_what_became_of_it() -> None:
    attempts = [exchange(1, answer="none", delivered="none"), exchange(2, answer="final")]
    story = case(attempts, [call(Outcome("unknown"))]).stories[0]
    assert not story.resolved_before(attempts[1])
    limited = [exchange(1, answer="rate-limited"), exchange(2, answer="final")]
    assert case(limited, [call(Outcome("unknown"))]).stories[0].resolved_before(limited[1])


def test_the_wait_counts_from_when_the_client_gave_up_if_that_was_first() -> None:
    attempts = [
        exchange(1, received_at=0.0, answered_at=None, client_gone_at=10.0, answer="none", delivered="none"),
        exchange(2, received_at=12.0),
    ]
    (retry,) = case(attempts, [call(Outcome("created", "O-1"))]).stories[0].retries
    assert retry.wait == 2.0


def test_a_booked_order_is_lost_when_its_answer_was_not_whole() -> None:
    attempts = [
        exchange(1, booked="O-1", delivered="partial", answer="unreadable"),
        exchange(2, replayed=True),
    ]
    story = case(attempts, [call(Outcome("created", "O-1"))], [entry("O-1")]).stories[0]
    assert [attempt.number for attempt in story.lost] == [1]


def test_json_is_compared_as_json() -> None:
    assert same_json('{"a": 1, "b": 2.0}', '{"b":2,"a":1}')
    assert not same_json('{"a": 1}', '{"a": 2}')
    assert same_json("not json", "not json")
    assert not same_json("not json", "{}")


def test_a_key_is_shortened_in_sentences() -> None:
    assert short("5f0c7a6e-1111-2222-3333-444455556666") == "5f0c7a6e…556666"
    assert short("short") == "short"
    assert short(None) == "no key"


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ('{"a": 1}', '{"a": 1, "description": "again"}', 'description: nothing, then "again"'),
        ('{"items": [{"v": 1.5}]}', '{"items": [{"v": "1.50"}]}', 'items/0/v: 1.5, then "1.50"'),
        ('{"a": [1]}', '{"a": [1, 2]}', "a: [1], then [1, 2]"),
        ('{"a": null}', "{}", "a: null, then nothing"),
        ("{}", "not json", 'all of it: {}, then "not json"'),
        ('{"a": 1}', '{"a": 1.0}', "nothing"),
    ],
)
def test_the_difference_of_two_bodies_is_told_where_it_begins(one: str, other: str, told: str) -> None:
    assert difference(one, other) == told

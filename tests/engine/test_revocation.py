"""What is made of a client whose key was revoked, by evidence made by hand."""

from __future__ import annotations

import pytest
from stories import call, case, entry, exchange

from conformance.check import Observed
from conformance.evidence import Exchange, LedgerEntry, Outcome
from conformance.faults import Error, Reset, Revoke
from conformance.finding import Violation
from conformance.judge.revocation import refused_for_the_key, stopped, told_as_it_is

REFUSED = {"answer": "final", "status": 401, "error_type": "invalid_api_key"}
LOST = {"answer": "none", "status": None, "delivered": "none", "fault": Reset(when="after")}
revoked = exchange(1, **REFUSED, fault=Revoke())
lost = exchange(1, **LOST, booked="O-1")


def verdict(
    exchanges: list[Exchange], outcome: Outcome | None, ledger: tuple[LedgerEntry, ...] = ()
) -> list[str]:
    """The rules that were broken, `observed` for what was kept."""
    seen = case(exchanges, [call(outcome)], ledger)
    remarks = [
        remark
        for story, refused in refused_for_the_key(seen)
        for remark in (*stopped(story, refused), *told_as_it_is(seen, story, refused))
    ]
    assert all(isinstance(remark, Violation | Observed) for remark in remarks)
    return [remark.rule if isinstance(remark, Violation) else "observed" for remark in remarks]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome("rejected", type="invalid_api_key"), "observed"),
        (Outcome("rejected", type="unauthorized"), "observed"),  # the other type of this status
        (Outcome("rejected", type="KeyRefused"), "observed"),  # a word of the client's own
        (Outcome("unknown", type="invalid_api_key"), "observed"),
        (Outcome("rejected"), "not told why"),
        (Outcome("rejected", type="timeout"), "told as another error"),
        (Outcome("rejected", type="insufficient_funds"), "told as another error"),
        (Outcome("unknown"), "told as undecided"),
        (Outcome("unknown", type="timeout"), "told as undecided"),
        (Outcome("created", order_id="O-1"), "not told"),
        (None, "not told"),
    ],
)
def test_a_caller_learns_why_nothing_was_ordered(outcome: Outcome | None, told: str) -> None:
    assert verdict([revoked], outcome) == ["observed", told]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome("unknown"), "observed"),
        (Outcome("unknown", type="timeout"), "observed"),
        (Outcome("rejected", type="invalid_api_key"), "observed"),
        (Outcome("rejected"), "not told why"),
        (Outcome("created", order_id="O-1"), "observed"),  # found in another way
        (Outcome("created", order_id="O-2"), "not told"),
        (None, "not told"),
    ],
)
def test_where_the_order_may_exist_a_caller_may_learn_no_more_than_that(
    outcome: Outcome | None, told: str
) -> None:
    exchanges = [lost, exchange(2, **REFUSED, fault=Revoke())]
    assert verdict(exchanges, outcome, (entry("O-1"),)) == ["observed", told]


@pytest.mark.parametrize(
    "later",
    [
        {"credential": "good", **REFUSED},
        {"credential": "wrong", **REFUSED},
        {"idempotency_key": "key-b", **REFUSED},
    ],
)
def test_no_attempt_follows_under_any_key(later: dict[str, object]) -> None:
    told = Outcome("rejected", type="invalid_api_key")
    assert verdict([revoked, exchange(2, **later)], told) == ["went on", "observed"]


def test_an_attempt_that_was_under_way_already_does_not_follow() -> None:
    slow = exchange(1, **REFUSED, fault=Revoke(), answered_at=3.0)
    both = [slow, exchange(2, **REFUSED, received_at=2.0)]
    assert verdict(both, Outcome("rejected", type="invalid_api_key")) == ["observed", "observed"]


def test_a_delay_is_no_excuse_for_whoever_names_the_error() -> None:
    again = exchange(2, **REFUSED)
    for type_, end, certain in (
        ("invalid_api_key", 1.5, True),
        ("invalid_api_key", 3.0, False),
        (None, 1.5, False),
    ):
        seen = case([revoked, again], [call(Outcome("rejected", type=type_), end=end)])
        ((story, refused),) = refused_for_the_key(seen)
        (violation,) = stopped(story, refused)
        assert isinstance(violation, Violation)
        assert violation.on_any_clock is certain


def test_a_key_that_was_refused_before_it_was_revoked_is_another_matter() -> None:
    refused = exchange(1, **REFUSED, fault=Error(type="invalid_api_key"))
    assert verdict([refused, exchange(2, **REFUSED)], None) == []


def test_an_answer_that_did_not_arrive_has_told_nobody() -> None:
    assert verdict([exchange(1, **REFUSED, fault=Revoke(), delivered="none")], None) == []

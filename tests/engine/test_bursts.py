"""Many orders at once: what a burst proves, and what is none of its business."""

from __future__ import annotations

from stories import CONTRACT, call, case, entry, exchange

from conformance.check import Observed, Unmet
from conformance.evidence import Outcome
from conformance.finding import Violation
from conformance.judge.bursts import drained

REFUSAL = CONTRACT.types_of_class("final")[0].type
LIMITED = exchange(1, answer="rate-limited", status=429)


def test_an_order_that_was_limited_and_then_exists_has_drained() -> None:
    again = exchange(2, attempt=2, received_at=9.0, booked="O-1", order_id="O-1")
    seen = case([LIMITED, again], [call(Outcome("created", "O-1"))], [entry("O-1", 2)])
    assert Observed() in list(drained(seen))


def test_an_order_that_was_limited_and_given_up_has_not() -> None:
    (found,) = drained(case([LIMITED], [call(Outcome("rejected"))]))
    assert isinstance(found, Violation)
    assert found.summary.startswith("orders at once: 1, requests: 1, of them limited: 1; ")


def test_where_every_order_is_refused_nothing_is_learnt_about_bursts() -> None:
    refused = exchange(2, attempt=2, answer="final", status=400, error_type=REFUSAL)
    (found,) = drained(case([LIMITED, refused], [call(Outcome("rejected", type=REFUSAL))]))
    assert found == Unmet(f"every order was refused, limited or not; order-1 with {REFUSAL}")

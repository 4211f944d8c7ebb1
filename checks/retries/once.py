"""Making retries safe: one order, whatever goes wrong on the line."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.finding import Violation
from conformance.judge.case import Case


@check(
    "retries.exactly-once",
    severity="blocker",
    title="One reference never owns two orders",
    impact="A customer is charged twice, and two gift cards go out, when the network fails after the order was "
    "placed.",
    remedy="Retry only under the same idempotency key and with the same body, for as long as it is not known "
    "what became of the first attempt.",
    why="A payment goes out, the line goes dead before the answer is there, and some path of the client decides "
    "to begin anew. Each such decision is rare and sensible by itself, and together they buy a card twice. It "
    "is found at the end of the month, when the vendor's invoice is longer than the list of orders.",
    floor=plans.lost_responses,
    generated=plans.interrupted,
)
def exactly_once(case: Case) -> Iterator[Remark]:
    """Under every schedule of up to eight faults, before and after booking, the ledger holds at most one order
    for a reference. The ledger decides, not what anybody was told.

    An order was booked without the client being told, the client went on from there, and in the end the ledger held
    no more than one order for each reference.
    """
    for story in case.stories:
        if len(story.ledger) > 1:
            ids = ", ".join(entry.order_id for entry in story.ledger)
            yield Violation(
                "bought twice",
                f"{story.reference} owns {len(story.ledger)} orders in the ledger: {ids}",
                tuple(entry.exchange for entry in story.ledger),
                on_any_clock=True,
            )
        if story.lost:
            yield Observed()
        else:
            yield Unmet("no order was booked without the client being told")

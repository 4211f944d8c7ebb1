"""Making retries safe: one order, whatever goes wrong on the line."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.finding import Violation
from conformance.judge.case import Case, short
from conformance.judge.endings import overlap
from conformance.plans import lives


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


@check(
    "retries.concurrent-submit",
    severity="major",
    title="The same order, submitted twice at once, is one order",
    impact="A customer who clicks twice, or a queue that delivers a message twice, is charged twice.",
    remedy="Make the key for a reference in one step that only one can win: a unique column, an exclusive file, a lock "
    "for the reference. Whoever comes second takes the stored key, or is told that the order is under way. To look "
    "first and to write then leaves a gap between the two.",
    why="A queue delivers a message a second time, since it was not acknowledged fast enough. Two workers look for a "
    "key of the order, neither finds one, each makes its own, and the API books two orders. It happens once in many "
    "thousand orders, always under load, and never on anybody's own machine.",
    floor=lives.submitted_twice,
    generated=lives.submitted_twice_somewhere,
)
def concurrent_submit(case: Case) -> Iterator[Remark]:
    """The same order is handed over twice at once under one reference: undisturbed, while the answer is on its way, and
    while attempts fail. Both callers ask again where they are left without an answer.

    The ledger holds one order for the reference in the end. What the second caller is told, the order or that it is
    under way, is the client's choice.
    """
    for story in case.stories:
        if len(story.ledger) > 1:
            keys = ", ".join(
                short(key) for key in dict.fromkeys(entry.idempotency_key for entry in story.ledger)
            )
            yield Violation(
                "bought twice at once",
                f"{story.reference} was handed over twice at once, and owns {len(story.ledger)} orders in the ledger, "
                f"under {keys}",
                tuple(entry.exchange for entry in story.ledger),
                on_any_clock=True,
            )
        elif not overlap(story.calls):
            yield Unmet("the second call began when the first was over")
        elif not story.ledger:
            yield Unmet("no order was booked")
        else:
            yield Observed()

"""Orders that were taken up again: after the client had died, or after a long time. Pure.

What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.faults import Kill
from conformance.finding import Violation
from conformance.judge.case import Case, Story


def killed_in(story: Story) -> Exchange | None:
    """The last attempt in which the client was killed before it could say anything, and which was asked about
    again; None if there is none.
    """
    deaths = [attempt for attempt in story.attempts if isinstance(attempt.fault, Kill)]
    after = [call for call in story.calls if deaths and call.started_at > deaths[-1].received_at]
    return deaths[-1] if deaths and after else None


def came_back(case: Case, story: Story, death: Exchange) -> Iterator[Remark]:
    """What the client did about the order when it lived again: an attempt, or a look at what became of it."""
    call = story.last_call
    assert call is not None
    if story.after(death) or _looked(case, story, death.received_at, float("inf")):
        yield Observed()
    elif call.ending in ("crashed", "hung"):
        yield Violation(
            f"{call.ending} after the restart",
            f"started again after it was killed, and asked for {story.reference}, the client said {story.said()}",
            (death.number,),
        )
    else:
        yield Unmet(f"after it was killed, the client sent nothing for the order and said {story.said()}")


def came_late(story: Story, window: float) -> list[Exchange]:
    """The attempts that came so many seconds after the first, or later."""
    began = story.attempts[0].received_at
    return [attempt for attempt in story.attempts if attempt.received_at - began >= window]


def looked_first(case: Case, story: Story, attempt: Exchange) -> bool:
    """Had the client asked about the order in the same call, before it sent this attempt?"""
    started = [call.started_at for call in story.calls if call.started_at <= attempt.received_at]
    return bool(started) and _looked(case, story, max(started), attempt.received_at)


def _looked(case: Case, story: Story, since: float, until: float) -> bool:
    """A request that is no attempt, in that time."""
    create = case.contract.create_operation
    return any(
        exchange.operation not in (None, create) and since < exchange.received_at <= until
        for exchange in case.evidence.exchanges
    )


def sent_instead(refused: Story, corrected: Story) -> tuple[Exchange, ...]:
    """Attempts for a refused order that were made when its corrected form had been handed over, which was not sent."""
    if not corrected.order.corrects or not corrected.calls or corrected.attempts:
        return ()
    return tuple(
        attempt for attempt in refused.attempts if attempt.received_at >= corrected.calls[0].started_at
    )

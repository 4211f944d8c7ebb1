"""What a client made of a key that was revoked while it was at work. Pure.

What must never be known here: any vendor's names, and which check is asking.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from conformance.check import Observed, Remark
from conformance.evidence import Call, Exchange, Outcome
from conformance.faults import Revoke
from conformance.finding import Violation
from conformance.judge.case import Case, Story


def refused_for_the_key(case: Case) -> Iterator[tuple[Story, Exchange]]:
    """Each order of which an attempt was wholly refused because the key had been revoked, and the first that was."""
    since = min((each.number for each in case.attempts if isinstance(each.fault, Revoke)), default=None)
    told = case.contract.errors.situations["bad-key"]
    for story in case.stories:
        for attempt in story.attempts:
            late = since is not None and attempt.number >= since
            if late and attempt.error_type == told and attempt.delivered == "complete":
                yield story, attempt
                break


def stopped(story: Story, refused: Exchange) -> Iterator[Remark]:
    """Was the order left alone from then on, whatever key there was?"""
    over = refused.answered_at
    later = [each for each in story.after(refused) if over is not None and each.received_at >= over]
    if not later:
        yield Observed()
        return
    times = "once more" if len(later) == 1 else f"{len(later)} times more"
    key = "" if later[0].credential == "good" else ", with another API key or none"
    yield Violation(
        "went on",
        f"attempt {refused.attempt} for {story.reference} was answered {refused.status} {refused.error_type}, since "
        f"the key had been revoked; the client sent the order {times}{key}",
        (refused.number, later[0].number),
        # Whoever has named the error has read the answer, so that no delay can have made it send again.
        on_any_clock=any(_named(call, refused) <= later[-1].received_at for call in story.calls),
    )


def _named(call: Call, refused: Exchange) -> float:
    """When the client told its caller this error; never, if it has not."""
    named = call.outcome is not None and call.outcome.type == refused.error_type
    return call.ended_at if named and call.ended_at is not None else math.inf


def told_as_it_is(case: Case, story: Story, refused: Exchange) -> Iterator[Remark]:
    """Did the caller learn that the key is no good: by its type, or by `unknown` where the order may exist?"""
    outcome = story.outcome
    what = (
        f"attempt {refused.attempt} for {story.reference} was answered {refused.status} {refused.error_type}, since "
        "the key had been revoked"
    )
    if outcome is not None and _is_told(case, story, refused, outcome):
        yield Observed()
        return
    rule = "not told"
    if outcome is not None and outcome.kind == "unknown":
        rule = "told as undecided"
    elif outcome is not None and outcome.kind == "rejected":
        rule = "told as another error" if outcome.type else "not told why"
    yield Violation(rule, f"{what}; the client said {story.said()}", (refused.number,))


def _is_told(case: Case, story: Story, refused: Exchange, outcome: Outcome) -> bool:
    if outcome.kind == "created":
        return story.booked_by(outcome.order_id)
    if outcome.kind == "unknown" and not story.resolved_before(refused):
        return True
    entry = case.contract.error_types.get(outcome.type or "")
    # A word that the contract does not have is the client's own for it; another error's type is a wrong one.
    return bool(outcome.type) and (entry is None or refused.status in entry.statuses)

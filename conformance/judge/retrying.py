"""How an order was sent again, and how it ended: what several checks ask in the same words.

What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.check import NotApplicable, Note, Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.finding import Violation
from conformance.judge.case import Case, Story, difference, same_json, short


def was_retried(story: Story) -> Iterator[Remark]:
    """Was there a second attempt, so that it can be compared with the first?"""
    if len(story.undisturbed) > 1:
        yield Observed()
    elif story.looked_up:
        yield NotApplicable("the client looked the order up and had no need to send it again")
    else:
        yield Unmet("the client made no second attempt")


def other_keys(story: Story, attempts: Sequence[Exchange]) -> Iterator[Violation]:
    """Each attempt whose key is not that of the first of these."""
    for later in attempts[1:]:
        if later.idempotency_key != attempts[0].idempotency_key:
            yield Violation(
                "key changed",
                f"attempt {later.attempt} for {story.reference} used {short(later.idempotency_key)}, "
                f"attempt {attempts[0].attempt} had used {short(attempts[0].idempotency_key)}",
                (attempts[0].number, later.number),
                on_any_clock=True,
            )


def other_bodies(story: Story, attempts: Sequence[Exchange]) -> Iterator[Violation | Note]:
    """Each attempt whose body is not that of the first of these, as JSON."""
    for later in attempts[1:]:
        if not same_json(attempts[0].body, later.body):
            yield Violation(
                "body changed",
                f"attempt {later.attempt} for {story.reference} sent another body than attempt "
                f"{attempts[0].attempt}: {difference(attempts[0].body, later.body)}",
                (attempts[0].number, later.number),
                on_any_clock=True,
            )
        elif attempts[0].body != later.body:
            yield Note("the body of a retry is equal as JSON but not byte for byte")


def ended_created(
    case: Case, story: Story, shown_by: tuple[int, ...], what: str, order_id: str | None = None
) -> Iterator[Remark]:
    """Did the client end up with `created` and an order of the ledger; with this one, if an id is given?
    `what` happened opens the sentence if not.
    """
    outcome = story.outcome
    kind = outcome.kind if outcome else "without an outcome"
    told = outcome.order_id if outcome else None
    if kind == "created" and story.booked_by(told) and order_id in (None, told):
        yield Observed()
    elif kind == "unknown" and not case.resumes:
        yield Unmet("the client said unknown, and the profile says that it does not resume")
    elif story.cut_short:
        yield Unmet("the faults went on for longer than the suite asked again")
    else:
        yield Violation(f"ended {kind}", f"{what}; the client in the end said {story.said()}", shown_by)


def recovered(case: Case, story: Story, shown_by: tuple[int, ...], what: str) -> Iterator[Remark]:
    """As `ended_created`, after limits: an order that is handed back is no fault of a client that does not resume."""
    outcome = story.outcome
    if outcome is not None and outcome.kind != "created" and not case.resumes:
        yield Unmet("the client handed the order back, and the profile says that it does not resume")
    else:
        yield from ended_created(case, story, shown_by, what)


def refused_for_good(case: Case) -> Iterator[Remark]:
    """Was each final error the end of its order, and told to the caller?"""
    for story, refused in case.answered("final"):
        what = f"attempt {refused.attempt} for {story.reference} was answered {refused.status} {refused.error_type}"
        outcome, later = story.outcome, story.after(refused)
        if later:
            yield Violation(
                "retried", f"{what}, and attempt {later[0].attempt} followed", _both(refused, later)
            )
        elif outcome is None or outcome.kind == "created":
            yield Violation("not told", f"{what}; the client said {story.said()}", (refused.number,))
        elif outcome.kind == "unknown" and outcome.type is None:
            yield Violation(
                "told as undecided", f"{what}; the client said unknown and not why", (refused.number,)
            )
        else:
            yield Observed()


def _both(refused: Exchange, later: Sequence[Exchange]) -> tuple[int, ...]:
    return refused.number, later[0].number

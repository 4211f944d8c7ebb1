"""Whether a client came through an answer with its senses: it has an outcome, and success is success.

What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Call, Exchange
from conformance.finding import Cell, Violation
from conformance.judge.case import Case, Story


def came_through(case: Case, story: Story, shown_by: tuple[int, ...], what: str) -> Iterator[Remark]:
    """Did every call end with an outcome, and say created only of an order that exists? `what` happened opens the
    sentence if not.
    """
    wrong = out_of_its_senses(case, story, shown_by, what)
    yield from wrong
    if not wrong and story.outcome is not None:
        yield Observed()
    elif not wrong:
        yield Unmet("the call did not end in the time that there was")


def out_of_its_senses(case: Case, story: Story, shown_by: tuple[int, ...], what: str) -> list[Violation]:
    """Each call that crashed, hung, or said created of an order that does not exist."""
    return [
        *(_lost(call, shown_by, what) for call in story.calls if call.ending in ("crashed", "hung")),
        *(_false(call, shown_by, what) for call in story.calls if _is_false(case, story, call)),
    ]


def _lost(call: Call, shown_by: tuple[int, ...], what: str) -> Violation:
    said = " ".join(call.detail.split())
    detail = f": {said[:200]}" if said else ""
    did = "crashed" if call.ending == "crashed" else "did not come back"
    return Violation(call.ending, f"{what}; the client {did}{detail}", shown_by)


def _is_false(case: Case, story: Story, call: Call) -> bool:
    outcome = call.outcome
    if outcome is None or outcome.kind != "created" or story.booked_by(outcome.order_id):
        return False
    entry = case.entry(outcome.order_id)
    # An order that nobody planned may be this one, sent with another face value.
    return entry is None or entry.reference is not None


def _false(call: Call, shown_by: tuple[int, ...], what: str) -> Violation:
    told = call.outcome.order_id if call.outcome else None
    return Violation(
        "false success",
        f"{what}; the client said created {told}, and its order is not in the ledger under that id",
        shown_by,
        on_any_clock=True,
    )


def in_the_matrix(case: Case, story: Story, attempt: Exchange, row: str, column: str) -> Cell:
    """What the client did about this answer, in a few words; wrong if it did not come through it."""
    call, outcome = story.last_call, story.outcome
    wrong = bool(out_of_its_senses(case, story, (), ""))
    if outcome is None:
        return Cell(row, column, call.ending if call else "nothing", wrong)
    told = outcome.type if outcome.type and outcome.type != row else ""
    later = len(story.after(attempt))
    words = [
        " ".join(word for word in (outcome.kind, "as" if told else "", told) if word),
        f"sent {later} more {'time' if later == 1 else 'times'}" if later else "not sent again",
    ]
    if len(story.calls) > 1:
        words.append(f"asked {len(story.calls)} times")
    return Cell(row, column, ", ".join(words), wrong)

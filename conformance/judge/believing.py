"""What a client believed, against what it had been told: whose answer it took, and what it could know by then.

What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import NotApplicable, Observed, Remark, Unmet
from conformance.evidence import Call, Exchange
from conformance.faults import InProgress, Slow, Truncate
from conformance.finding import Violation
from conformance.judge.case import RESOLVING, Case, Story
from conformance.judge.retrying import ended_created, other_keys
from conformance.judge.soundness import came_through, out_of_its_senses


def whose_answers(case: Case) -> Iterator[Remark]:
    """Did another order come after the one whose answer was late or in pieces, and did none take another's?"""
    for story in case.stories:
        yield from (_foreign(case, story, call) for call in story.calls if _is_foreign(case, story, call))
    left = [
        attempt
        for story in case.stories
        for attempt in story.attempts
        if isinstance(attempt.fault, InProgress | Slow | Truncate)
    ]
    if any(_was_followed(case, attempt) for attempt in left):
        yield Observed()
    else:
        yield Unmet("no other order was sent after one whose answer was late or in pieces")


def _was_followed(case: Case, attempt: Exchange) -> bool:
    """Was another order sent once this one had been, on its connection or, since that was given up, on another?"""
    return any(
        later.number > attempt.number and later.reference != attempt.reference for later in case.attempts
    )


def _is_foreign(case: Case, story: Story, call: Call) -> bool:
    outcome = call.outcome
    if outcome is None:
        return False
    if outcome.kind == "created":
        owner = case.entry(outcome.order_id)
        return owner is not None and owner.reference not in (None, story.reference)
    return outcome.kind == "rejected" and bool(_refusals(case, story, call))


def _refusals(case: Case, story: Story, call: Call) -> list[Exchange]:
    """The answers to other orders that say why this one was rejected, where none of its own says so."""
    type_ = call.outcome.type if call.outcome else None
    if type_ not in case.contract.error_types or any(own.error_type == type_ for own in story.attempts):
        return []
    return [
        attempt
        for attempt in case.attempts
        if attempt.error_type == type_
        and attempt.reference not in (None, story.reference)
        and (call.ended_at is None or attempt.received_at <= call.ended_at)
    ]


def _foreign(case: Case, story: Story, call: Call) -> Violation:
    outcome = call.outcome
    assert outcome is not None
    own = tuple(attempt.number for attempt in story.attempts)
    if outcome.kind == "created":
        theirs = tuple(attempt.number for attempt in case.attempts if attempt.order_id == outcome.order_id)
        owner = case.entry(outcome.order_id)
        assert owner is not None
        return Violation(
            "another order's answer",
            f"the client said created {outcome.order_id} for {story.reference}; that is the order of "
            f"{owner.reference}",
            tuple(sorted({*theirs, *own})),
            on_any_clock=True,
        )
    refused = _refusals(case, story, call)[0]
    return Violation(
        "another order's refusal",
        f"the client said rejected {outcome.type} for {story.reference}; that was the answer to {refused.reference}",
        tuple(sorted({refused.number, *own})),
        on_any_clock=True,
    )


def replays_taken(case: Case) -> Iterator[Remark]:
    """Was each replayed answer taken for the answer to the original request?"""
    for story in case.stories:
        replay = next(
            (each for each in story.attempts if each.replayed and each.delivered == "complete"), None
        )
        if replay is None:
            if story.looked_up:
                yield NotApplicable("the client looked the order up and had no need to be told again")
            else:
                yield Unmet("no answer was replayed to the client")
        elif replay.answer == "success":
            what = f"order {replay.order_id} exists, as the API said once more when attempt {replay.attempt} came"
            yield from ended_created(case, story, (replay.number,), what, replay.order_id)
        else:
            yield from _replayed_error(case, story, replay)


def _replayed_error(case: Case, story: Story, replay: Exchange) -> Iterator[Remark]:
    what = f"attempt {replay.attempt} for {story.reference} was given the stored {replay.status} {replay.error_type}"
    since = (replay, *story.after(replay))
    numbers = tuple(attempt.number for attempt in since)
    yield from other_keys(story, since)
    wrong = out_of_its_senses(case, story, numbers, what)
    yield from wrong
    outcome = story.outcome
    if wrong:
        return
    if outcome is None:
        yield Unmet("the call did not end in the time that there was")
    elif replay.answer == "final":
        if outcome.kind == "unknown" and outcome.type is None and len(since) > 1:
            again = "once" if len(since) == 2 else f"{len(since) - 1} times"
            yield Violation(
                "error kept back",
                f"{what}; the client sent the order {again} more and then said unknown, and not why",
                numbers,
            )
        else:
            yield Observed()
    elif outcome.kind == "rejected":
        yield Violation(
            "taken for a no",
            f"{what}, which does not say whether the order exists; the client said {story.said()}",
            numbers,
        )
    else:
        yield Observed()


def bare_interim_survived(case: Case, story: Story, met: tuple[Exchange, ...]) -> Iterator[Remark]:
    """Did the client come to an end with the order after answers that were no more than an interim status?"""
    numbers = tuple(attempt.number for attempt in met)
    what = f"attempt {met[0].attempt} for {story.reference} was answered {met[0].interim_status} and nothing else"
    yield from other_keys(story, (met[0], *story.after(met[0])))
    yield from came_through(case, story, numbers, what)


def rejections(story: Story) -> Iterator[Remark]:
    """Was the order called rejected while it might exist, or did exist?"""
    met = False
    for call in story.calls:
        known = tuple(
            attempt
            for attempt in story.attempts
            if call.ended_at is None or attempt.received_at <= call.ended_at
        )
        if not known or call.outcome is None:
            continue
        met = met or any(not _says_no(attempt) and not _says_yes(attempt) for attempt in known)
        last = known[-1]
        if call.outcome.kind == "rejected" and not _says_no(last):
            told = f" {call.outcome.type}" if call.outcome.type else ""
            yield Violation(
                "called rejected",
                f"the client said rejected{told} for {story.reference} after attempt {last.attempt} {_answer(last)}, "
                f"when the order {'existed' if story.ledger else 'might have existed'}",
                (last.number,),
            )
    if met:
        yield Observed()
    elif any(call.outcome is None for call in story.calls):
        yield Unmet("the call ended without an outcome")
    else:
        yield Unmet("no attempt was left without a certain answer")


def _says_no(attempt: Exchange) -> bool:
    """May a client take this answer for a no: a refusal in any form, of the request or of the key?"""
    if attempt.delivered != "complete":
        return False
    if attempt.answer in RESOLVING - {"success"} or attempt.answer == "redirect":
        return True
    return attempt.answer == "unreadable" and attempt.status is not None and 400 <= attempt.status < 500


def _says_yes(attempt: Exchange) -> bool:
    return attempt.answer == "success" and attempt.delivered == "complete"


def _answer(attempt: Exchange) -> str:
    if _says_yes(attempt):
        return f"had been answered {attempt.status} with order {attempt.order_id}"
    if attempt.status is None and attempt.interim_status is None:
        return "had got no answer"
    whole = "" if attempt.delivered == "complete" else " and not to the end"
    if not whole and attempt.answer == "unreadable":
        whole = " and nothing that can be read"
    told = " ".join(
        f"{part}" for part in (attempt.status or attempt.interim_status, attempt.error_type) if part
    )
    return f"had been answered {told}{whole}"

"""Making retries safe: what a client makes of the answers that it gets, and of those that it does not get."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Remark, Unmet, check
from conformance.faults import InProgress, Reset
from conformance.judge.case import Case
from conformance.judge.pauses import own_pauses
from conformance.judge.retrying import ended_created, other_bodies, other_keys
from conformance.planning import sequences, singles


@check(
    "retries.lost-response-recovered",
    severity="blocker",
    title="A lost answer is recovered, with the original order",
    impact="A customer has paid and is told that nothing was bought, or support cannot find the order that the "
    "money went to.",
    remedy="When no readable answer came, send the same request again under the same key (at once, or when you "
    "are asked again for the reference), and report the order that the replayed answer names. Until then the "
    "outcome is unknown: neither created nor rejected.",
    why='The customer has paid, the order was booked, and the answer never arrived. The client writes "failed" '
    "and the shop refunds, or the order stays in a table of failures that nobody reads. Meanwhile the vendor "
    "has charged the account for a card that nobody was given.",
    floor=plans.lost_responses,
    generated=plans.lost_once,
)
def lost_response_recovered(case: Case) -> Iterator[Remark]:
    """The order is booked and the answer lost: by reset, close, silence, truncation or a gateway's error. By
    itself, or when asked again for the reference, the client has to end with `created` and the original id.

    The order was in the ledger, its answer had been lost, and in the end the client said `created` with the id of
    that very order, by itself or when it was asked again for the reference. `unknown` is right until then.
    """
    for story in case.stories:
        if not story.lost:
            yield Unmet("no answer to a booked order was lost")
            continue
        booked = story.lost[0]
        what = f"order {booked.booked} exists and its answer was lost"
        yield from ended_created(case, story, (booked.number,), what, booked.booked)


@check(
    "retries.in-progress-waited-out",
    severity="blocker",
    title="An original that is still in progress is waited for",
    impact="The order is bought twice under a new key, or reported as failed although it is on its way.",
    remedy="Treat the in-progress answer as no answer yet: wait at least two seconds, send the same request "
    "under the same key, and report only what the final answer says. Many HTTP libraries never show the 102 "
    "form and time out instead: take that path to the same retry.",
    why="The first attempt takes long, the client times out and retries, and the API answers that the original is "
    "still being worked on. Many clients have never seen that answer: they call the order failed, or try "
    "again under a new key. Seconds later the original is finished, and there are two cards, or one that "
    "nobody knows of.",
    floor=lambda contract: {
        **{
            f"form {fault.form}": (
                *singles(contract, fault),
                *sequences(contract, (Reset(when="after"), fault)),
                *singles(contract, fault.model_copy(update={"times": 3})),
            )
            for fault in plans.in_progress(contract)
        }
    },
    generated=plans.busy_original,
    timed=True,
)
def in_progress_waited_out(case: Case) -> Iterator[Remark]:
    """The API answers that the original request is still being processed, in each form that the contract lists
    and up to several times. The client must keep key and body, must not call it rejected, must end with the
    final result, and after the 400 form must wait the contract's pause before the next attempt.

    The answer was delivered in each form that the contract lists; the attempts kept their key and body, and the
    client ended with what the original came to. The pause is judged after the readable form only, and where the
    client hands the order back it is the caller's.
    """
    for story in case.stories:
        met = [
            attempt
            for attempt in story.attempts
            if isinstance(attempt.fault, InProgress) or attempt.answer == "in-progress"
        ]
        if not met:
            yield Unmet("no attempt was answered as in progress")
            continue
        since = (met[0], *story.after(met[0]))
        yield from other_keys(story, since)
        yield from other_bodies(story, since)
        readable = [
            attempt for attempt in met if attempt.answer == "in-progress" and attempt.interim_status is None
        ]
        yield from own_pauses(case, story, readable, case.contract.idempotency.pause, "is still in progress")
        numbers = tuple(attempt.number for attempt in met)
        yield from ended_created(case, story, numbers, f"{story.reference} was in progress and then finished")

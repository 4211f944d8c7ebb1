"""Handling error responses: what each class of answer asks of a client."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from conformance import plans
from conformance.check import Doubtful, Observed, Remark, Unmet, check
from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import Fault, Hang, InProgress, RateLimit, Reset, Slow
from conformance.finding import Violation
from conformance.judge.case import Case
from conformance.judge.pauses import later_waits, shorter
from conformance.judge.retrying import ended_created, other_keys
from conformance.planning import sequences, singles, trial


@check(
    "errors.final-not-retried",
    severity="blocker",
    title="A final error is not retried",
    impact="The client hammers the API with requests that can never succeed, runs into the rate limit, and takes "
    "the orders behind it down as well.",
    remedy="Decide by the error's type and status whether it is final (4xx other than 429 and in-progress). "
    "Surface a final error to the caller at once; send again only a corrected order, under a new key.",
    why="A batch holds a thousand orders for a product that was withdrawn yesterday. The client retries each of "
    "them five times, since an error is an error. The account runs into its rate limit within a minute, and "
    "the orders that were in good health wait behind the ones that can never succeed.",
    floor=lambda contract: {
        **{f"{fault.type} ({fault.status})": singles(contract, fault) for fault in plans.final(contract)},
        "after a rate limit": sequences(contract, (RateLimit(), plans.final(contract)[0])),
    },
    generated=plans.ending_in_final_error,
)
def final_not_retried(case: Case) -> Iterator[Remark]:
    """Each final error of the contract, on each of its statuses, answers an attempt of an order that no earlier
    attempt can have booked. After it, no attempt may be made for this order under any key.

    Each final error of the contract was delivered, on each of its statuses, to an order that nothing earlier had
    left in doubt, and no further attempt was made for that order.
    """
    for story, refused in case.answered("final"):
        if not story.resolved_before(refused):
            yield Unmet("an earlier attempt was unresolved when the final error came")
            continue
        yield Observed()
        for later in story.after(refused)[:1]:
            again = "the same key" if later.idempotency_key == refused.idempotency_key else "a new key"
            yield Violation(
                f"retried under {again}",
                f"attempt {later.attempt} for {story.reference} followed under {again} after attempt "
                f"{refused.attempt} had been answered {refused.status} {refused.error_type}",
                (refused.number, later.number),
            )


@check(
    "errors.transient-retried",
    severity="major",
    title="A transient error is tried again",
    impact="Every hiccup of the vendor becomes a failed order that a person has to look into.",
    remedy="Retry 5xx answers under the same key a bounded number of times: the first retry may be immediate, "
    "the later ones wait a little longer each time. If the client leaves retrying to its caller, it must say "
    "unknown and go on with the same key when it is asked again.",
    why="The vendor deploys, and for half a minute one request in ten is answered 503. A client that gives up on "
    "the first of them turns each into a failed order and a call to support; one that hammers without a pause "
    "makes the bad minute longer for everybody.",
    floor=lambda contract: {
        "one transient error": singles(contract, *plans.transient(contract)),
        "several in a row": sequences(
            contract,
            *((fault,) * 3 for fault in plans.transient(contract)),
            (plans.transient(contract)[0],) * plans.LONGEST,
        ),
        "transient errors of different kinds": sequences(contract, plans.transient(contract)),
    },
    generated=plans.transient_spells,
    timed=True,
)
def transient_retried(case: Case) -> Iterator[Remark]:
    """Uncached 5xx answers, one or several, and then the API is well again. The order has to be tried again
    under the same key and end as created; from the second retry of a call on the median wait is at least the
    contract's.

    The error was delivered, the order was tried again under its key, by the client or when it was asked again, and
    was created once the error was over. The first retry of a call may be immediate; the median of the later waits
    was long enough.
    """
    pause = case.contract.errors.transient_retry_pause
    for story in case.stories:
        told = [attempt for attempt in story.attempts if attempt.answer == "transient"]
        if not told:
            yield Unmet("no transient error was delivered")
            continue
        numbers = tuple(attempt.number for attempt in told)
        yield from other_keys(story, (told[0], *story.after(told[0])))
        later = later_waits(story, told)
        if case.evidence.clock.held and shorter(later, pause * 0.9):
            yield Violation(
                "no pause",
                f"after repeated {told[0].status} answers the client waited {median(later):.3f} s by the median before "
                f"a retry, the first of each call left out ({len(later)} waits); at least {pause:g} s are asked for",
                numbers,
            )
        elif shorter([wait - case.evidence.clock.margin for wait in later], pause * 0.9):
            yield Doubtful(
                f"waits of {median(later):.2f} s by the median are too near their limit of {pause:g} s",
                numbers[-1],
            )
        what = f"{len(told)} of {len(story.attempts)} attempts met a transient error, then the API was well again"
        yield from ended_created(case, story, numbers, what)


@check(
    "errors.no-false-success",
    severity="blocker",
    title="Created is only said of an order that exists",
    impact="A customer is told that the gift card is on its way, and nothing was ever ordered.",
    remedy="Report success only from a readable 2xx answer that carries an order id, and report that id. No "
    "exception, empty body, redirect or unknown status may end in the success path.",
    why="A caught exception falls through to the line that says thank you, or a proxy's page with status 200 is "
    "taken for the answer. The customer is told that the card is on its way, the shop books the sale, and "
    "there is no order at all. The first to notice is the person whose birthday it was.",
    floor=lambda contract: {
        "final errors": singles(contract, *plans.final(contract)),
        "a refused key": singles(contract, plans.mismatch(contract)),
        "transient errors": (
            *singles(contract, *plans.transient(contract)),
            _for_ever(contract, plans.transient(contract)[0]),
        ),
        "rate limits": (*singles(contract, RateLimit()), _for_ever(contract, RateLimit())),
        "an original in progress": (
            *singles(contract, *plans.in_progress(contract)),
            _for_ever(contract, InProgress(form="400")),
        ),
        "lost responses": (
            *singles(contract, *plans.lost(contract)),
            _for_ever(contract, Reset(when="before")),
        ),
        "responses that nobody can read": singles(contract, *plans.dropped(contract)),
        "a redirect": singles(contract, *plans.redirects()),
        "a fault and then a final error": sequences(
            contract, (Reset(when="before"), plans.final(contract)[0])
        ),
        "a lost response and then a refused key": sequences(
            contract, (Reset(when="after"), plans.mismatch(contract))
        ),
        "a fault after another order": (
            *(
                trial(contract, (), (fault,))
                for fault in (*plans.lost(contract)[:3], *plans.dropped(contract)[:3])
            ),
            trial(contract, (Hang(when="before"),), (), concurrent=True),
        ),
        "orders at once, answered at once": (trial(contract, *[(Slow(seconds=1),)] * 3, concurrent=True),),
    },
    generated=plans.anything,
)
def no_false_success(case: Case) -> Iterator[Remark]:
    """Every kind of fault, alone, in sequences and beside other orders: whenever the client says created, the
    ledger holds an order for that reference with that id.

    Faults of every kind were delivered, and each time that the client said `created` the ledger held an order for
    that reference with the id that it named. What it says otherwise is judged by other checks.
    """
    for story in case.stories:
        if any(attempt.fault is not None for attempt in story.attempts) and story.calls:
            yield Observed()
        else:
            yield Unmet("no fault was delivered")
        for call in story.calls:
            outcome = call.outcome
            if outcome is None or outcome.kind != "created" or story.booked_by(outcome.order_id):
                continue
            theirs = case.entry(outcome.order_id)
            if theirs is not None and theirs.reference is None:
                yield Unmet("the order went out with another face value than it was handed over with")
                continue
            holds = ", ".join(entry.order_id for entry in story.ledger) or "none"
            what = (
                f"that is the order of {theirs.reference}; its own"
                if theirs
                else "no such order exists; its own"
            )
            yield Violation(
                "no such order" if not theirs else "another order",
                f"the client said created {outcome.order_id} for {story.reference}; {what} in the ledger: {holds}",
                tuple(attempt.number for attempt in story.attempts),
                on_any_clock=True,
            )


def _for_ever(contract: Contract, fault: Fault) -> Trial:
    """A fault that outlasts all retries of one call: what is said once they are used up?"""
    return trial(contract, (fault,), endless=True, once=True)

"""Making retries safe: what a client makes of the answers that it gets, and of those that it does not get."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Remark, Unmet, check
from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import Error, Fault, Hang, Html, InProgress, Malformed, Reset
from conformance.judge.believing import bare_interim_survived, rejections, replays_taken, whose_answers
from conformance.judge.case import Case
from conformance.judge.pauses import own_pauses
from conformance.judge.retrying import ended_created, other_bodies, other_keys
from conformance.planning import sequences, singles, trial
from conformance.plans import connections

ONCE_MORE = 15.0
"""client seconds after which a client that handed an order back is asked again, one single time"""


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
        yield from own_pauses(case, story, readable, "is still in progress")
        numbers = tuple(attempt.number for attempt in met)
        yield from ended_created(case, story, numbers, f"{story.reference} was in progress and then finished")


@check(
    "retries.answer-belongs-to-order",
    severity="blocker",
    title="The next order gets its own answer",
    impact="A customer is sent the gift card that another customer has paid for, when an answer came late and the "
    "next order went out on the same connection.",
    remedy="Close the connection whenever its answer was not read to the end: after a time-out, after a broken answer, "
    "and after a 102 if the HTTP library returns it as if it were the answer (urllib3 and requests do). Keep no answer "
    "where another call can reach it, and compare the answer with the order before it is reported.",
    why="HTTP/1.1 knows whose an answer is by its place in the line alone. A library that takes the interim 102 for "
    "the answer, or a client that goes on with a connection on which its time-out struck, leaves an answer behind, and "
    "the next order reads it: from then on every customer gets the card of the one before. Nothing fails, so nobody "
    "notices until customers compare.",
    floor=connections.left_over,
    generated=connections.late_and_interim,
)
def answer_belongs_to_order(case: Case) -> Iterator[Remark]:
    """Several orders in turn and at once, on connections that are kept alive. Some answers come after an interim 102,
    some so late that the client has stopped waiting, some break off; each time the next order is served well.

    Another order was sent after such an answer, on the same connection or on another since that one was given up, and
    no order was ever reported with the id or the refusal of another.
    """
    yield from whose_answers(case)


@check(
    "retries.replay-accepted",
    severity="blocker",
    title="A replayed answer is taken for the answer",
    impact="An order that exists is reported as failed, or one that was refused is bought after all under a new key, "
    "when the first answer was lost and the API gives it once more.",
    remedy="Treat the answer to a retry as the answer to the order: a success names the order that exists, a refusal "
    "is passed on with its type, and a 5xx that comes again and again ends in unknown, after a bounded number of "
    "tries. Take no new key in any of these cases.",
    why="The API keeps what it answered for a month, errors included, and gives it to whoever asks again under the "
    "key. A client that expects a fresh attempt takes the repetition for a fault: it reports a bought order as failed, "
    "hammers a stored error that will be the same tomorrow, or changes the key to get rid of it and buys twice.",
    floor=lambda contract: {
        "a replayed success": singles(contract, *plans.lost(contract)),
        "a replayed refusal": singles(contract, *_stored_refusals(contract)),
        # What is stored does not go away: asking once more is enough to be told again.
        "a replayed server error": tuple(
            trial(contract, (fault,), later=ONCE_MORE) for fault in _stored_server_errors(contract)
        ),
    },
    generated=connections.replayed,
)
def replay_accepted(case: Case) -> Iterator[Remark]:
    """The answer to an order is stored and lost: a success, each status of a final error, a server error. Whoever sends
    the order again, by itself or when asked again, is given the stored answer.

    A replayed success ended as `created` with the original id; a replayed refusal was passed on, as `rejected` or as
    `unknown`; a replayed server error ended as `unknown`, or with the order if the client found it in another way.
    The key stayed the same throughout.
    """
    yield from replays_taken(case)


def _stored_refusals(contract: Contract) -> Iterator[Fault]:
    """One final error for each status, kept by the API and never heard."""
    by_status = {fault.status: fault for fault in reversed(plans.final(contract))}
    for fault in by_status.values():
        yield fault.model_copy(update={"cached": True, "lost": True})


def _stored_server_errors(contract: Contract) -> Iterator[Fault]:
    first, *others = contract.types_of_class("transient")
    yield Error(type=first.type, cached=True)
    yield from (Error(type=entry.type, cached=True, lost=True) for entry in others[:1])


@check(
    "retries.bare-102-survived",
    severity="major",
    title="A 102 with nothing after it is survived",
    impact="The order hangs or is bought twice when the API says by a bare 102 that it is still working on it.",
    remedy="Have a read time-out on every request, and treat its end, a 102 and a connection that breaks after one as "
    "what they are: no answer yet. Send the same request under the same key a few seconds later.",
    why="The vendor documents an informational status as the only answer to a request whose original is in progress. "
    "To most HTTP libraries that is no answer at all: one waits until its time-out, one breaks the connection, one "
    "returns a 102 with an empty body that the next line of code cannot parse. Each of these must lead to the same "
    "quiet retry, and usually nobody has ever tried.",
    floor=lambda contract: {
        f"form {fault.form}": (*singles(contract, fault), *sequences(contract, (Reset(when="after"), fault)))
        for fault in plans.in_progress(contract)
        if fault.form in ("102-bare", "102-body")
    },
)
def bare_102_survived(case: Case) -> Iterator[Remark]:
    """The only answer to an attempt is a 102, with and without a body, and the connection stays open; also after an
    answer that was lost.

    The client came to an outcome: no crash, no call without end, no `created` but of an order that exists, and no
    attempt under another key.
    """
    for story in case.stories:
        met = tuple(
            attempt
            for attempt in story.attempts
            if isinstance(attempt.fault, InProgress)
            and attempt.interim_status is not None
            and attempt.status is None
        )
        if met:
            yield from bare_interim_survived(case, story, met)
        else:
            yield Unmet("no attempt was answered with an interim status alone")


@check(
    "retries.unknown-is-not-rejected",
    severity="major",
    title="An order that may exist is not called rejected",
    impact="A customer is told that nothing was bought and buys again, when the order had been placed and only its "
    "answer was lost.",
    remedy="Say rejected only when the API has refused the order. After a time-out, a broken connection, a 5xx, an "
    "unreadable answer or an original in progress the outcome is unknown, also when all retries are used up: say so "
    "(raise conformance.Unknown, or an exception whose outcome attribute is 'unknown') and let the caller ask again.",
    why="Code knows success and failure, and a time-out lands with the failures. The shop shows an error, the customer "
    "tries another card, and both orders arrive. Only a third outcome lets the shop wait, ask again under the same "
    "reference, and tell the truth.",
    floor=lambda contract: {
        "a lost answer": (
            *singles(contract, *plans.lost(contract)),
            _for_ever(contract, Reset(when="after")),
        ),
        "a request without an answer": (
            *singles(contract, *plans.dropped(contract)),
            _for_ever(contract, Hang(when="before")),
        ),
        "a server error": (
            *singles(contract, *plans.transient(contract)),
            _for_ever(contract, plans.transient(contract)[0]),
        ),
        "an answer that nobody can read": (
            *singles(contract, Malformed(status=200, when="after"), Malformed(form="html", status=503)),
            _for_ever(contract, Html()),
        ),
        "an original in progress": (
            *singles(contract, *plans.in_progress(contract)),
            _for_ever(contract, InProgress(form="400")),
        ),
    },
    generated=plans.interrupted,
)
def unknown_is_not_rejected(case: Case) -> Iterator[Remark]:
    """Attempts end without a certain answer: lost, dropped, with a server error, unreadable, or told that the original
    is in progress; once, several times, and without end. What the client says after each call is looked at.

    Such an attempt was made, and no call ended in `rejected` unless the last answer was a refusal: a final error, a
    rate limit, a refused key, or a 4xx that cannot be read.
    """
    for story in case.stories:
        yield from rejections(story)


def _for_ever(contract: Contract, fault: Fault) -> Trial:
    """A fault that outlasts all retries of one call."""
    return trial(contract, (fault,), endless=True, once=True)

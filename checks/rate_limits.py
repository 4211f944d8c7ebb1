"""Rate limiting: slow down when told to, and lose nothing by it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance import plans
from conformance.check import Observed, Remark, Unmet, check
from conformance.faults import Ok, RateLimit
from conformance.judge.bursts import come_back_apart, drained
from conformance.judge.case import Case
from conformance.judge.pauses import asked_pauses, longer_each_time, own_pauses
from conformance.judge.retrying import ended_created, other_keys, recovered
from conformance.planning import sequences, singles
from conformance.plans import limits


@check(
    "rate-limits.waits-at-least",
    severity="blocker",
    title="After a 429 the client waits",
    impact="The account stays limited for as long as the client keeps asking, and every order behind it waits.",
    remedy="Wait at least the contract's time after a 429 before the next attempt, longer each time it comes "
    "again. A retry library's default first wait of a second or less is too short.",
    why="A campaign starts, the account runs into its limit, and the client comes back after half a second, as "
    "its HTTP library does by default. Each early request counts against the limit as well, so the limit "
    "never lifts: what should have been a slow minute becomes an hour in which nothing gets through.",
    floor=lambda contract: {
        "one 429": singles(contract, RateLimit()),
        "several 429s": (
            *sequences(contract, (RateLimit(),) * 2, (RateLimit(),) * 3),
            *limits.during_the_wait_of_another(contract),
        ),
        "a 429 after another fault": sequences(
            contract, *((fault, RateLimit()) for fault in plans.before_a_limit(contract))
        ),
    },
    generated=plans.limited,
    timed=True,
)
def waits_at_least(case: Case) -> Iterator[Remark]:
    """429 answers without `Retry-After`, alone, repeated and among other faults: the next attempt for the same
    reference comes no earlier than the contract's wait, on the sandbox's clock. Where the client hands the
    order back to its caller the wait is the caller's.

    A 429 was delivered, an attempt followed, and the pause before it was the contract's wait or longer. Where the
    caller decides about the pause this is not applicable, and the report says what the caller has to do.
    """
    for story in case.stories:
        limited = [attempt for attempt in story.attempts if attempt.answer == "rate-limited"]
        if not limited:
            yield Unmet("no 429 was delivered")
        elif not story.after(limited[-1]):
            yield Unmet("no attempt followed the 429")
        yield from own_pauses(case, story, limited, "is rate limited")


@check(
    "rate-limits.own-envelope",
    severity="blocker",
    title="The 429's own envelope is understood",
    impact="The first burst of traffic takes the integration down: the error handler breaks on a body that does "
    "not look like other errors.",
    remedy="Recognise 429 by its status before the error body is read, and expect neither a type nor a message "
    "in it.",
    why="All errors of the API look alike but for this one, which comes from another layer and has neither type "
    "nor message. The error handler reads a field that is not there and crashes, or calls the order rejected "
    "for good. No test has ever met a 429, so the first busy day is when it happens.",
    floor=lambda contract: {
        "one 429": singles(contract, RateLimit()),
        "several 429s": sequences(contract, (RateLimit(),) * 2),
    },
    generated=plans.limited,
)
def own_envelope(case: Case) -> Iterator[Remark]:
    """429 answers whose body has neither type nor message, and then the API is well again: no crash, no call
    without end, no order called rejected for good, and the order exists in the end.

    The 429 was delivered and the order was created in the end, with no crash and no call without end on the way. To
    hand the order back as `rejected` or `unknown` right after the 429 passes, if it is created when it is asked for
    again.
    """
    for story in case.stories:
        limited = tuple(attempt.number for attempt in story.attempts if attempt.answer == "rate-limited")
        if not limited:
            yield Unmet("no 429 was delivered")
            continue
        created = story.outcome is not None and story.outcome.kind == "created"
        last = story.attempts[-1].fault
        if story.outcome is not None and not created and not case.resumes:
            yield Observed()
        elif not created and last is not None and not isinstance(last, RateLimit | Ok):
            yield Unmet(f"the client got past the 429 and stopped at another fault, {last.fault}")
        else:
            what = (
                f"429 answers: {len(limited)}, attempts: {len(story.attempts)}, then the API was well again"
            )
            yield from ended_created(case, story, limited, what)


@check(
    "rate-limits.waits-longer-each-time",
    severity="major",
    title="The client waits longer each time it is limited again",
    impact="While the account is over its limit every waiting order asks again at the same pace, and their requests "
    "alone keep the account limited.",
    remedy="Let the wait after a 429 grow each time another one follows, by doubling it for instance, up to the "
    "contract's cap or more, and add jitter on top.",
    why="Two thousand orders are limited on the first day of a sale, and each of them is sent again every five "
    "seconds. That is four hundred requests a second against a limit of a few, so nearly all of them are "
    "refused, and so are those after them. Had the waits doubled, the queue would have been gone in minutes.",
    floor=limits.rows,
    further=limits.many_rows,
    generated=limits.longer_rows,
    timed=True,
)
def waits_longer_each_time(case: Case) -> Iterator[Remark]:
    """Several orders are limited several times in a row, and the client's first three waits are compared with each
    other over all of these orders, so that jitter decides nothing. Where waits vary too much for a few orders to
    tell, many are placed at once.

    Over rate limits in a row the client's own waits were seen to grow from each to the next, up to the contract's
    cap, after which they need not. Where the client hands the order back the wait is the caller's.
    """
    return longer_each_time(case)


@check(
    "rate-limits.honours-retry-after",
    severity="advisory",
    weight=lambda contract: "major" if contract.rate_limit.sends_retry_after else "advisory",
    title="A Retry-After header is a lower bound",
    impact="The API says when it will be ready, the client comes back earlier, and is refused again; or the header "
    "upsets it and the order fails.",
    remedy="Read Retry-After, if a 429 has one, as seconds or as an HTTP date, and wait at least for that long. "
    "Where it makes no sense fall back to the ordinary wait.",
    why="A gateway in front of the API begins to send Retry-After, with a date. The client, which has only ever "
    "seen numbers, breaks in its error handler; another one takes ten minutes for a mistake, asks again every "
    "minute, and each time the gateway starts counting anew.",
    floor=limits.asked_waits,
    generated=limits.any_asked_wait,
    timed=True,
)
def honours_retry_after(case: Case) -> Iterator[Remark]:
    """429 answers with a `Retry-After` header, in seconds and as a date, that ask for nothing, ten seconds or ten
    minutes. The next attempt may come no earlier, and the order has to be created in the end. This is major where
    the contract says that the vendor sends the header, and advisory otherwise.

    The header was delivered in both forms, the client's own wait was as long as it asked for or longer, and the
    order was created afterwards. A date may be missed by a second.
    """
    for story in case.stories:
        asked = tuple(attempt.number for attempt in story.attempts if attempt.retry_after is not None)
        if not asked:
            yield Unmet("no 429 with a Retry-After header was delivered")
            continue
        yield from asked_pauses(case, story)
        for remark in recovered(case, story, asked, "a 429 asked the client to wait"):
            if not isinstance(remark, Observed):
                yield remark


@check(
    "rate-limits.same-key",
    severity="blocker",
    title="After a 429 the same order is sent under the same key",
    impact="An order is bought twice: the one whose answer was lost before the 429, and the one that was sent under "
    "another key after it.",
    remedy="Treat a 429 like a lost answer: go on with the key and the body that are stored for this order. Only a "
    "final error ends a key.",
    why="An order goes through, its answer is lost, and the retry runs into the rate limit. The client takes the "
    "429 for the end of that attempt and begins anew a minute later, with a new key. The API sees another "
    "order, and the customer gets two gift cards.",
    floor=lambda contract: {
        "one 429": singles(contract, RateLimit()),
        "several 429s": sequences(contract, (RateLimit(),) * 2, (RateLimit(),) * 3),
        "a 429 after another fault": sequences(
            contract, *((fault, RateLimit()) for fault in plans.before_a_limit(contract))
        ),
    },
    generated=plans.limited,
)
def same_key(case: Case) -> Iterator[Remark]:
    """429 answers, alone, repeated and after other faults, by the client's own retries and when it is asked again:
    the attempt that follows carries the key of the one that was limited.

    A 429 was delivered, an attempt followed, and its key was that of the attempt before it.
    """
    for story in case.stories:
        limited = [retry for retry in story.retries if retry.earlier.answer == "rate-limited"]
        if not limited:
            yield Unmet("no attempt followed a 429")
        for retry in limited:
            if retry.later.idempotency_key == retry.earlier.idempotency_key:
                yield Observed()
            yield from other_keys(story, (retry.earlier, retry.later))


@check(
    "rate-limits.burst-drains",
    severity="major",
    title="A burst beyond the limit drains",
    impact="On a busy day some orders are never placed, or the client's own retries keep the account over its limit "
    "for as long as the burst lasts.",
    remedy="Give limited orders waits that grow and outlast the limiter's window, bound the attempts of each, and "
    "let no order be given up that another call does not take up again.",
    why="The monthly rewards go out in one go, a quarter more than the limit admits. Those that are refused are "
    "retried at once, a few times, and then written off: three in a hundred employees get nothing, and it "
    "takes a week of support tickets until somebody sees the pattern.",
    floor=limits.burst,
    only_simulated="it takes a limiter that is scaled down; the endpoint's own is not to be driven to its limit, which "
    "others share",
)
def burst_drains(case: Case) -> Iterator[Remark]:
    """A quarter more orders at once than the limiter admits, with the contract's window in front of a smaller
    limit. Each of them has to exist exactly once in the end, and they may not need more than three requests each on
    the average. Orders that the client hands back are asked for again after 5, 15, 60 and 300 seconds.

    Some orders were refused by the limiter, or spread out by the client itself, and all were created once, with no
    more than three requests an order.
    """
    return drained(case)


@check(
    "rate-limits.jitter",
    severity="advisory",
    title="Orders that were limited together come back apart",
    impact="All limited orders come back in the same instant, and are limited again together.",
    remedy="Add a random part to every wait, on top of the minimum: five to ten seconds instead of five.",
    why="Fifty workers are refused in the same second, and each of them waits exactly five seconds. So fifty "
    "requests arrive in one second again, most are refused, and the herd goes on as one until it wears "
    "itself out. A second of randomness would have spread it.",
    floor=limits.limited_together,
    timed=True,
)
def jitter(case: Case) -> Iterator[Remark]:
    """Several orders at once, all of which are limited at their first attempt. Those that come back by themselves
    may not all have waited equally long, nor come back in the same moment.

    Three orders or more were limited together and came back by themselves, at moments and after waits that differ.
    Not applicable where the caller waits, or where the client never has several orders waiting.
    """
    return come_back_apart(case)

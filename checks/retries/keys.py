"""Making retries safe: the idempotency key, and the body that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from conformance import plans
from conformance.check import Note, Observed, Remark, Unmet, check
from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import RateLimit, Reset, Slow
from conformance.finding import Violation
from conformance.judge.case import Case, same_json, short
from conformance.judge.guessing import MANY, unguessable
from conformance.judge.lives import came_back, came_late, killed_in, looked_first, sent_instead
from conformance.judge.retrying import other_bodies, other_keys, was_retried
from conformance.planning import sequences, singles, trial
from conformance.plans import lives


@check(
    "retries.key-on-every-order",
    severity="blocker",
    title="Every attempt carries an idempotency key",
    impact="An order without a key cannot be told from a new one: any retry of it buys again.",
    remedy="Set the idempotency key header in the one place where orders are sent, so that no path, first "
    "attempt or retry, can go around it.",
    why="The key is set on the ordinary path, and a second path (a retry helper, a bulk job, a fallback client) "
    "sends the same order without it. All tests are green, since nothing goes wrong in them. On the day when "
    "answers get lost the API cannot tell the repetition from a new order, and buys again.",
    floor=lambda contract: {
        "an undisturbed order": plans.undisturbed(contract),
        "a retry": singles(contract, plans.lost(contract)[0], *plans.transient(contract), RateLimit()),
    },
    generated=plans.interrupted,
)
def key_on_every_order(case: Case) -> Iterator[Remark]:
    """Orders are placed undisturbed and under generated faults; each create-order request that reaches the
    sandbox, retries too, must have a non-empty idempotency key.

    Each create-order request that arrived whole had a non-empty idempotency key, undisturbed and on retries after
    every kind of fault that was met.
    """
    for attempt in case.attempts:
        if (attempt.idempotency_key or "").strip():
            yield Observed()
        elif attempt.complete:
            yield Violation(
                "no key",
                f"request {attempt.number} to create an order had no idempotency key",
                (attempt.number,),
                on_any_clock=True,
            )


@check(
    "retries.key-unique-per-order",
    severity="blocker",
    title="Different orders never share an idempotency key",
    impact="Two customers share one order: the second is given the answer to the first, and nothing is bought "
    "for them, or the API refuses the second order for good.",
    remedy="Make a new random key (a version 4 UUID) for each order reference and store it with the reference "
    "before the first attempt. Do not derive it from the order's content, from a counter that starts anew "
    "with the process, or from the clock.",
    why="Two colleagues are each given a 25 euro card, the key is a hash of the order, and so the second order is "
    "taken for a repetition of the first: one card, two customers. A counter that begins at 1 with each "
    "deployment does the same a week later, with the answers of other people's orders.",
    floor=lambda contract: {
        "orders in turn": (trial(contract, (), (), ()), _many(contract)),
        "orders at once": (trial(contract, (), (), (), concurrent=True),),
        "orders of equal content": (
            trial(contract, (), (), equal_content=True),
            trial(contract, (), (), equal_content=True, concurrent=True),
        ),
        "a restart between orders": (trial(contract, (), (), (), restart=True),),
        "orders with retries": (
            trial(contract, (Reset(when="after"),), (RateLimit(),)),
            trial(contract, (Reset(when="after"),), (RateLimit(),), concurrent=True),
        ),
        "an order after one that was refused": (
            trial(contract, (plans.final(contract)[0],), ()),
            trial(contract, (RateLimit(), plans.final(contract)[-1]), (), ()),
        ),
    },
    generated=plans.interrupted_pairs,
)
def key_unique_per_order(case: Case) -> Iterator[Remark]:
    """Several orders in turn, at once, of equal content, after one that was refused, and across a restart of the
    client: no key that was used for one reference is ever used for another.

    At least two orders were seen with keys, in turn, at once, with equal content, after a refused one and across a
    restart, and no key of one reference was used for another.
    """
    if case.alike:
        keys = {attempt.idempotency_key for attempt in case.attempts if attempt.idempotency_key}
        sent = {call.reference for call in case.evidence.calls}
        if len(case.attempts) < len(sent):
            yield Unmet("not every order of equal content was sent")
        elif keys and len(keys) < len(sent):
            yield Violation(
                "key from content",
                f"{len(sent)} orders of equal content went out under {len(keys)} key"
                f" ({', '.join(short(key) for key in sorted(keys))})",
                tuple(attempt.number for attempt in case.attempts),
                on_any_clock=True,
            )
        elif keys:
            yield Observed()
        return
    for one, other in combinations(case.stories, 2):
        theirs = {
            attempt.idempotency_key: attempt.number for attempt in one.attempts if attempt.idempotency_key
        }
        if theirs and any(attempt.idempotency_key for attempt in other.attempts):
            yield Observed()
        for attempt in other.attempts:
            if attempt.idempotency_key in theirs:
                yield Violation(
                    "shared key",
                    f"{other.reference} was sent under {short(attempt.idempotency_key)}, the key of {one.reference}",
                    (theirs[attempt.idempotency_key], attempt.number),
                    on_any_clock=True,
                )


@check(
    "retries.key-unguessable",
    severity="major",
    title="Keys are random, and made from nothing that is known",
    impact="A customer is given somebody else's gift card, or none, when two orders come to the same key by chance "
    "or somebody works out the key of an order that is yet to be placed.",
    remedy="Make the key of random bytes from the system's secure source, at least 8 and better 16 of them: a "
    "version 4 UUID, for instance. Put neither the reference nor anything of the order into it, also not hashed, "
    "and keep it beside the reference, from where every retry takes it.",
    why="A key that is made from the order number is fine until the order is refused and has to be placed again: "
    "the key is the same, and the API repeats its refusal for a month. Keys of few random bits, of the clock or of "
    "a counter are fine until there are two machines, or until the counter is restored from a backup; then one "
    "customer's order is answered with another's.",
    floor=lambda contract: {
        "many orders": (_many(contract),),
    },
    generated=plans.interrupted_pairs,
)
def key_unguessable(case: Case) -> Iterator[Remark]:
    """Dozens of orders in turn, and generated ones. How many random bits their keys have is estimated from how often
    the characters at each place are alike, in any two keys and in one and the next; times count for nothing. And
    they are compared with what is known: the reference, the content in whole and in pieces, counters and times, as
    text, hashed and encoded.

    The keys are not surely below 64 random bits, and none of the known things explains them. Version 4 and 7 UUIDs,
    ULIDs and random bytes in any encoding pass. Whether a random value of few bits was hashed cannot be known.
    """
    yield from unguessable(case)


@check(
    "retries.same-key-on-retry",
    severity="blocker",
    title="A retry carries the key of the first attempt",
    impact="A customer is charged twice: when the first attempt was booked and its answer was lost, a retry "
    "under another key is a new order.",
    remedy="Make the key once for each order reference, store it before the first attempt, and read it back "
    "for every retry; never make a key inside the retry loop or inside the function that sends.",
    why="The order was booked, and a deployment of the vendor's proxy swallowed the answer. The client times out, "
    "makes a fresh key because the key is made where the request is built, and sends again. To the API that "
    "is a new order: the customer has two gift cards, you have paid twice, and issued cards cannot be called "
    "back.",
    floor=plans.retried,
    generated=plans.interrupted,
)
def same_key_on_retry(case: Case) -> Iterator[Remark]:
    """Every attempt for one reference, whether the client retries by itself or is asked again, has to use one
    key, until a final error ends the order as it was.

    A second attempt was seen, made by the client itself or when it was asked again, and all attempts for a
    reference had the key of the first, up to a final error that ended the order as it was.
    """
    for story in case.stories:
        yield from was_retried(story)
        yield from other_keys(story, story.undisturbed)


@check(
    "retries.same-body-on-retry",
    severity="blocker",
    title="A retry carries the body of the first attempt",
    impact="The API refuses the retry of an order that may exist, since the key belongs to another body; the "
    "order is stuck, bought or not.",
    remedy="Serialise the order once, store it with the idempotency key, and send those bytes again. Put no "
    "time stamp, attempt number or random value into the body.",
    why="The body holds a time stamp or is built anew for each attempt, so the retry differs from what the key "
    "belongs to. The API refuses it as a misuse of the key. The first attempt may have been booked, nobody "
    "can find out any more under this key, and somebody ends up comparing invoices by hand.",
    floor=lives.retried_in_another_life,
    generated=plans.interrupted,
)
def same_body_on_retry(case: Case) -> Iterator[Remark]:
    """Every attempt for one reference has to have one body, until a final error ends the order as it was. Bodies
    are compared as JSON; equal JSON in other bytes is noted, no more.

    A second attempt was seen, and its body was the same JSON as that of the first. Other bytes for the same JSON
    are noted and pass.
    """
    for story in case.stories:
        yield from was_retried(story)
        yield from other_bodies(story, story.undisturbed)


@check(
    "retries.key-mismatch-stops",
    severity="blocker",
    title="A refused key stops the order",
    impact="The client hammers a request that can never succeed, or buys again under a new key while the first "
    "order may exist.",
    remedy="Take the key-mismatch answer as the end of this request: do not send it again, and do not move to a "
    "new key while an earlier attempt for the reference has no final answer. Report it and let a person look.",
    why="A bug or a race sends another body under a used key, and the API says so. A client that takes this for "
    "an ordinary failure either repeats a request that can never succeed until it is rate limited, or helps "
    "itself with a new key, while the order of the first attempt is already on its way to the customer.",
    floor=lambda contract: {
        "on the first attempt": singles(contract, plans.mismatch(contract)),
        "after an attempt without an answer": sequences(
            contract,
            *(
                (fault, plans.mismatch(contract))
                for fault in (*plans.lost(contract), *plans.transient(contract))
            ),
        ),
    },
    generated=plans.ending_in_mismatch,
)
def key_mismatch_stops(case: Case) -> Iterator[Remark]:
    """The API says that the key was used with another body. The same request must not be sent again; a new key
    may be used only when no earlier attempt for the reference is left without a final answer.

    The refusal was delivered, the same request was not sent again, and no new key was used while an earlier attempt
    had no final answer. Telling the caller `rejected` or `unknown` are both right; after a mismatch on the very
    first attempt so is a new key.
    """
    for story, refused in case.answered("key-mismatch"):
        yield Observed()
        for later in story.after(refused):
            same = later.idempotency_key == refused.idempotency_key
            if same and same_json(later.body, refused.body):
                yield Violation(
                    "sent again",
                    f"attempt {later.attempt} repeats attempt {refused.attempt}, which was refused for its key "
                    f"{short(refused.idempotency_key)}",
                    (refused.number, later.number),
                )
            elif not same and not story.resolved_before(refused):
                yield Violation(
                    "new key too early",
                    f"attempt {later.attempt} moves to the new key {short(later.idempotency_key)} although an "
                    f"attempt under {short(refused.idempotency_key)} may have been booked",
                    (refused.number, later.number),
                    on_any_clock=True,
                )
        if story.last_call is not None and story.outcome is None:
            yield Violation(
                f"{story.last_call.ending}",
                f"after the key was refused the client said {story.said()}",
                (refused.number,),
            )


@check(
    "retries.key-survives-restart",
    severity="major",
    title="The key outlives the process",
    impact="A customer is charged twice when a deployment or a crash falls between the order and its answer: the new "
    "process does not know that the order was sent.",
    remedy="Write key and body to durable storage, under the order reference, before the first attempt is sent, and "
    "look there first when an order is taken up. A key in memory, or one that is stored with the answer, is gone when "
    "it is needed.",
    why="A deployment ends the process while an order is on its way. The order is booked; the key under which it was "
    "sent was in memory. The queue hands the order to the new process, which makes a new key and buys a second time. "
    "Every deployment does that to the few orders that it falls upon, and nobody can say to which.",
    floor=lives.killed,
    generated=lives.killed_somewhere,
    dear=4,
)
def key_survives_restart(case: Case) -> Iterator[Remark]:
    """The client is ended by SIGKILL as its request arrives, when the order was booked, or once it was told of a
    server error, in its first attempt or in a later one. It is started again with the same state folder, and asked
    for the same reference.

    Every attempt after the restart has the key of those before, or the client finds out in another way what became
    of the order and makes none.
    """
    for story in case.stories:
        last = killed_in(story)
        if last is None:
            yield Unmet(
                "the client was not killed in an attempt, or told its caller how it stood before it died"
            )
        elif not case.resumes:
            yield Unmet("the profile says that the client does not resume")
        else:
            yield from other_keys(story, story.undisturbed)
            yield from came_back(case, story, last)


@check(
    "retries.new-key-after-final-error",
    severity="major",
    title="A corrected order has a key of its own",
    impact="A customer's order stays refused although its mistake was mended: the API remembers the key, and what it "
    "said to it.",
    remedy="Once a final error has ended an order, drop its key. The corrected order is a new one: make a new key for "
    "it and store that before it is sent, whether it comes under the same reference or another.",
    why="An order is refused, since the product was out of stock. A person picks another product and sends the order "
    "again; the client knows the reference and takes the old key. The API answers that this key belongs to another "
    "body, and goes on doing so for as long as it keeps the key, whatever the person tries.",
    floor=lives.corrected,
    generated=lives.corrected_somehow,
)
def new_key_after_final_error(case: Case) -> Iterator[Remark]:
    """An order is refused with a final error, which the API keeps under the key. Then its corrected form is handed
    over: under the same reference, and under another.

    The corrected order goes out under a key that the refused one did not have. A client that sends the refused one
    again, or answers from what it has stored, shows nothing by that.
    """
    refused, *others = case.stories
    ended = [attempt for attempt in refused.attempts if attempt.answer == "final"]
    used = {attempt.idempotency_key: attempt for attempt in refused.attempts if attempt.idempotency_key}
    for story in others:
        if not ended or not used:
            yield Unmet("the first order was not refused with a final error under a key")
        elif sent_instead(refused, story):
            # To this client a reference is one order for ever. Its corrected form needs another, which is no mistake.
            yield Note(
                "handed a corrected order under the same reference, the client sends the refused one again"
            )
            yield Unmet("the client sent the refused order again instead of the corrected one")
        elif not story.attempts:
            answered = "the client answered from what it had stored, without sending the corrected order"
            yield Unmet(
                answered if story.calls else "the client did not say rejected, so nobody corrected the order"
            )
        for attempt in story.attempts:
            if first := used.get(attempt.idempotency_key or ""):
                yield Violation(
                    "key of a refused order",
                    f"the corrected order was sent under {short(attempt.idempotency_key)}, the key under which the "
                    f"first one had been refused with {ended[-1].error_type or ended[-1].status}",
                    (first.number, attempt.number),
                    on_any_clock=True,
                )
            elif ended and used and attempt.idempotency_key:
                yield Observed()


@check(
    "retries.key-not-reused-after-window",
    severity="advisory",
    title="A key is not used once the API has forgotten it",
    impact="A customer is charged a second time when an order that was left open long ago is taken up again: its key "
    "protects it no longer.",
    remedy="Store with the key when it was first used. When the replay window is over, do not send the order again: "
    "look it up in the list of orders, or report unknown and let a person look.",
    why="An order is left unknown, and its job is forgotten in a queue that somebody empties six weeks later. The "
    "client finds its key and sends the order again, as it should have on the same day. But the API keeps keys only so "
    "long: it has never heard of this one, and books the order a second time.",
    floor=lives.taken_up_late,
    only_simulated="an endpoint takes a month to forget a key, and only simulated time can pass so quickly",
)
def key_not_reused_after_window(case: Case) -> Iterator[Remark]:
    """An order is left unknown, booked or not, and the suite asks for it again when the API has forgotten its key. Only
    the virtual clock can do that.

    The client sends no attempt any more, or it looks the order up before.
    """
    for story in case.stories:
        if len(story.calls) < 2 or not story.attempts:
            yield Unmet("the client did not leave the order unknown, so nobody asked for it again")
            continue
        late = came_late(story, case.contract.idempotency.window)
        blind = [attempt for attempt in late if not looked_first(case, story, attempt)]
        keys = {attempt.idempotency_key for attempt in story.attempts if attempt not in late}
        if blind and (blind[0].idempotency_key in keys or len(story.ledger) > 1):
            days = (blind[0].received_at - story.attempts[0].received_at) / 86_400
            yield Violation(
                "sent blindly",
                f"{days:.0f} days after its first attempt {story.reference} was sent again under "
                f"{short(blind[0].idempotency_key)}, without a look at what became of it; the API keeps a key for "
                f"{case.contract.idempotency.window / 86_400:.0f} days",
                (story.attempts[0].number, blind[0].number),
                on_any_clock=True,
            )
        else:
            yield Observed()


def _many(contract: Contract) -> Trial:
    """So many orders in a row that their keys tell how they are made, and that a stock of them is used up."""
    return trial(contract, *[(Slow(seconds=0.05),)] * MANY)

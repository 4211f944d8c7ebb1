"""One order for one idempotency key, whatever is sent again."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import NotApplicable, Note, Observed, Remark, Unmet, probed
from conformance.endpoint.script import FORMS, Body
from conformance.finding import Violation
from conformance.judge.talk import Said, Talk, answered, difference, same
from conformance.plans import asking


@probed(
    "sandbox.requires-idempotency-key",
    severity="major",
    title="An order without an idempotency key is refused",
    impact="A client that forgets the key buys twice at its first retry, and nothing warns it before.",
    remedy="Tell the vendor: an endpoint that takes orders without a key cannot tell a retry from a second order.",
    why="The key is what makes a retry safe. Where the sandbox does not insist on it, a client without one looks well "
    "in every test, and orders twice on the first bad day in production.",
    floor={"a sync order": asking.unnamed("sync"), "an async order": asking.unnamed("async")},
)
def requires_idempotency_key(talk: Talk) -> Iterator[Remark]:
    """An order is sent without an idempotency key, and then the same with one, in either mode.

    The one without a key was refused, and the one with a key was accepted, so that the refusal was for the key.
    """
    unnamed, named = talk.answers
    if unnamed is None:
        return
    if unnamed.succeeded:
        yield Violation(
            "accepted",
            f"{unnamed.asked} without an idempotency key was accepted: {unnamed.told}",
            (unnamed.number,),
        )
    elif unnamed.status >= 500:
        yield Violation(
            "server error",
            f"{unnamed.asked} without an idempotency key was answered {unnamed.told}, after which nobody knows "
            "whether the order exists",
            (unnamed.number,),
        )
    elif not unnamed.refused:
        yield Unmet(f"{unnamed.asked} was refused for another reason: {unnamed.told}")
    elif named is None or named.order_id is None:
        yield Unmet(answered(named, "no order was accepted with an idempotency key either"))
    else:
        yield Observed()


@probed(
    "sandbox.replays-original",
    severity="blocker",
    title="The same order again gets the same answer, and is one order",
    impact="A retry buys a second time, or is told something else than what happened.",
    remedy="Tell the vendor, with the requests above: until it is mended no retry against this endpoint is safe.",
    why="Every client that retries relies on one promise: the same key and body are one order. An endpoint that keeps "
    "it for quick answers but not for slow ones, or for successes but not for errors, sells twice to clients that do "
    "everything right.",
    floor={
        "a sync order": asking.repeated("sync"),
        "an async order": asking.repeated("async"),
        "the same order in other bytes": asking.rewritten,
        "the same order under another key": asking.renamed,
        "a refused order": asking.refused,
        "an error that would be none now": asking.forced_once,
    },
    generated=asking.any_repetition,
    dear=5,
)
def replays_original(talk: Talk) -> Iterator[Remark]:
    """Orders are sent two or three times under one idempotency key: in either mode, as they were and with other white
    space, another order of properties and numbers written otherwise; orders that are refused, and errors that were
    asked for by header, with and without the header. Then the list of orders is read. The same order under another
    key is tried as well.

    Each answer was the first one again, by status and as JSON, and the list showed one order for all of them; another
    key made another order. That other bytes count as another order is a note, as long as they are refused.
    """
    first, *later = talk.placed or (None,)
    if first is None:
        return
    if not first.as_meant:
        yield Unmet(f"what is to be repeated, {first.asked}, was answered {first.told}")
        return
    repeats = [said for said in later if said.ask.name == first.ask.name]
    others = [said for said in later if said not in repeats]
    for said in repeats:
        yield from _replayed(first, said)
    for said in others:
        yield from _apart(first, said)
    booked = talk.booked()
    if repeats and len(booked) > 1:
        numbers = tuple(said.number for said in repeats)
        told = f"one idempotency key has {len(booked)} orders in the list: {', '.join(booked)}"
        yield Violation("two orders", told, numbers)
    elif first.succeeded and first.order_id not in booked:
        yield Unmet(f"order {first.order_id} was not found in the list of orders, so nobody can count them")
    else:
        yield from (Observed() for said in repeats if same(first, said))
        yield from (Observed() for said in others if said.order_id not in (None, first.order_id))


def _apart(first: Said, said: Said) -> Iterator[Remark]:
    """The same content under a key of its own is an order of its own."""
    if said.order_id is not None and said.order_id == first.order_id:
        told = f"{said.asked}, under another idempotency key, got the first one's answer: it was never placed"
        yield Violation("swallowed", told, (said.number,))
    elif not said.succeeded:
        yield Unmet(f"{said.asked}, under another idempotency key, was answered {said.told}")


def _replayed(first: Said, said: Said) -> Iterator[Remark]:
    key = "under the same idempotency key"
    if said.in_progress:
        yield Unmet(f"{said.asked} was still told that the original is in progress")
    elif said.ask.body != first.ask.body and said.mismatched:
        form = FORMS[said.ask.body.form] if said.ask.body else ""
        told = f"the same order in other bytes ({form}) counts as another one, and is refused"
        yield Note(told)
        yield NotApplicable(told)
    elif said.order_id is not None and said.order_id != first.order_id:
        yield Violation(
            "second order", f"{said.asked} {key} was answered {said.told}, after {first.told}", (said.number,)
        )
    elif not same(first, said):
        yield Violation("another answer", f"{said.asked} {key} got {difference(first, said)}", (said.number,))


@probed(
    "sandbox.rejects-key-reuse",
    severity="blocker",
    title="Another order under a used key is refused",
    impact="An order is never placed although the client is told so, or it is placed under a key that another has.",
    remedy="Tell the vendor, with the requests above. Until it is mended, a client that mixes up its keys is not told.",
    why="A client that mixes up two orders has to be told at once. If the first order's answer is replayed to it, the "
    "second is never placed and counts as delivered; if the second is placed, the key of the first is worth nothing.",
    floor={
        "another face value": asking.reused(Body(more=1)),
        "another text": asking.reused(Body(remark="other words")),
        "another number of items": asking.reused(Body(items=2), "async"),
        "an order after an error": asking.reused_after_error,
    },
    generated=asking.any_reuse,
    dear=5,
)
def rejects_key_reuse(talk: Talk) -> Iterator[Remark]:
    """Under the key of one order another is sent: for another face value, with another text, with one more item; and
    a good one under the key of one that was refused. Then the first is sent once more.

    The other order was refused with the contract's status and type for it, was not placed, and the first was replayed
    afterwards as if nothing had been.
    """
    first, other, *later = (*talk.placed, None, None)[: max(2, len(talk.placed))]
    if first is None or other is None:
        return
    if not first.as_meant:
        yield Unmet(f"the first order, {first.asked}, was answered {first.told}")
        return
    if other.in_progress:
        yield Unmet(f"{other.asked} was still told that the original is in progress")
        return
    wanted = talk.contract.error_types[talk.contract.idempotency.mismatch_type]
    what = f"{other.asked}, another order under the key of request {first.number},"
    if other.succeeded:
        as_the_first = other.order_id is not None and other.order_id == first.order_id
        how = "got the first one's answer" if as_the_first else f"was accepted: {other.told}"
        yield Violation("replayed" if as_the_first else "accepted", f"{what} {how}", (other.number,))
    elif not other.mismatched or other.status not in wanted.statuses:
        right = f"{wanted.statuses[0]} {wanted.type}"
        yield Violation(
            "another refusal", f"{what} was answered {other.told} instead of {right}", (other.number,)
        )
    elif (again := next(iter(later), None)) and not same(first, again):
        yield Violation(
            "original lost", f"after it, {again.asked} got {difference(first, again)}", (again.number,)
        )
    elif len(booked := talk.booked()) > 1:
        yield Violation(
            "placed", f"{what} was refused, and placed all the same: {', '.join(booked)}", (other.number,)
        )
    else:
        yield Observed()
        listed = any(said.ask.order_of is not None for said in talk.said())
        if listed and first.order_id not in booked:
            yield Note(
                "the list did not show the first order, so what was refused may have been placed unseen"
            )

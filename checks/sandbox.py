"""The endpoint that the client will meet: it keeps the promises that safe retries stand on."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import NotApplicable, Note, Observed, Remark, Unmet, probed
from conformance.contract import Situation
from conformance.endpoint import openapi
from conformance.endpoint.script import Body
from conformance.finding import Violation
from conformance.judge.talk import FORMS, KEYS, Said, Talk, difference, same
from conformance.plans import asking
from conformance.plans.asking import Scripts
from conformance.reporting.plain import plain


@probed(
    "sandbox.reachable",
    severity="blocker",
    title="The endpoint answers, and takes the account's key",
    impact="No order can be placed there, and nothing that is said about this endpoint means anything.",
    remedy="Look at the base URL, at what stands between this machine and the endpoint, and whether the key is the "
    "one of this environment and still alive.",
    why="A base URL with a part too many, a key of another environment, a proxy that answers in the API's place: each "
    "looks like a fault of the client on the day it goes live. Whoever has asked the endpoint itself knows better.",
    floor={"a ping": lambda contract: asking.one(asking.ping(contract))},
)
def reachable(talk: Talk) -> Iterator[Remark]:
    """The API is asked for the operation that takes nothing and changes nothing, with the account's key.

    It answers with status 200, and in JSON what the contract says that it answers.
    """
    for turn in talk.dialogue.turns:
        if turn.status is None:
            yield Violation("no answer", f"{talk.dialogue.base_url} cannot be reached: {turn.problem}")
    for said in talk.said():
        if said.status == 401:
            yield Violation(
                "key refused", f"{said.asked} with the account's key was answered {said.told}", (said.number,)
            )
        elif said.status != 200:
            yield Violation(
                "another status", f"{said.asked} was answered {said.told}{_elsewhere(said)}", (said.number,)
            )
        elif not said.is_as_promised:
            yield Violation(
                "not the API",
                f"{said.asked} was answered 200 with something else than the contract says: it is not this API "
                "that answers",
                (said.number,),
            )
        else:
            yield Observed()


@probed(
    "sandbox.rejects-bad-key",
    severity="major",
    title="Whatever is not the account's key is refused as such",
    impact="Whoever knows a part of the key, or none of it, can order in your name.",
    remedy="Tell the vendor: the endpoint takes a key that is not one, or refuses it in a way that no client can tell "
    "from another refusal.",
    why="A gateway that looks at the public prefix alone, or forgets to ask for a key on one of its routes, opens the "
    "account to everybody. And a client learns from the refusal alone that its key was revoked.",
    floor={
        "no key": asking.no_key,
        "a mangled key": asking.bad_keys,
        "a foreign key": asking.foreign_keys,
    },
    generated=asking.nearly_the_key,
    dear=4,
)
def rejects_bad_key(talk: Talk) -> Iterator[Remark]:
    """After a ping with the account's key come others without one, with an empty one, with the account's own mangled
    in several ways (cut, longer, other case, another character, the prefix alone, another secret behind it), and with
    one that nobody has; orders are tried without a key and with the foreign one.

    The account's key was accepted, so that refusals mean something, and each of the others was refused with status 401
    and the documented envelope.
    """
    good, *bad = talk.answers
    if good is None or not good.succeeded:
        yield Unmet(_told(good, "the account's own key was not accepted"))
        return
    for said in bad:
        if said is None:
            continue
        key = KEYS[said.ask.credential]
        if said.succeeded:
            yield Violation("accepted", f"{said.asked} with {key} was accepted: {said.told}", (said.number,))
        elif said.status != 401:
            yield Violation(
                "another status",
                f"{said.asked} with {key} was answered {said.told} instead of 401",
                (said.number,),
            )
        elif fault := said.fault_of_body():
            yield Violation(
                "no envelope", f"{said.asked} with {key} was refused with {fault}", (said.number,)
            )
        else:
            yield Observed()


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
        yield Unmet(_told(named, "no order was accepted with an idempotency key either"))
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
        "a refused order": asking.refused,
        "an error that would be none now": asking.forced_once,
    },
    generated=asking.any_repetition,
    dear=5,
)
def replays_original(talk: Talk) -> Iterator[Remark]:
    """Orders are sent two or three times under one idempotency key: in either mode, as they were and with other white
    space, another order of properties and numbers written otherwise; orders that are refused, and errors that were
    asked for by header, with and without the header. Then the list of orders is read.

    Each answer was the first one again, by status and as JSON, and the list showed one order for all of them. That
    other bytes count as another order is a note, as long as they are refused.
    """
    first, *repeats = talk.placed or (None,)
    if first is None:
        return
    if not first.as_meant:
        yield Unmet(f"what is to be repeated, {first.asked}, was answered {first.told}")
        return
    for said in repeats:
        yield from _replayed(first, said)
    booked = talk.booked()
    if len(booked) > 1:
        numbers = tuple(said.number for said in repeats)
        yield Violation(
            "two orders",
            f"one idempotency key has {len(booked)} orders in the list: {', '.join(booked)}",
            numbers,
        )
    elif first.succeeded and first.order_id not in booked:
        yield Unmet(f"order {first.order_id} was not found in the list of orders, so nobody can count them")
    else:
        yield from (Observed() for said in repeats if same(first, said))


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


@probed(
    "sandbox.version-header",
    severity="major",
    title="Every response names its API version, and other versions are refused",
    impact="A client cannot notice that it is answered in another version than the one it was written for.",
    remedy="Tell the vendor. Until it is mended, the version of a response has to be guessed from its shape.",
    why="A client that pins a version relies on the endpoint to say so when it cannot serve it. An endpoint that "
    "ignores an unknown version, or names none on errors, lets a change of the API arrive unannounced.",
    floor={
        "what goes well": asking.current,
        "errors": asking.errors,
        "an unknown version": asking.unknown_versions,
        "a removed version": asking.removed_versions,
    },
)
def version_header(talk: Talk) -> Iterator[Remark]:
    """Requests that go well and requests that are wrong in many ways are sent in the current version, some in none,
    and some in versions that never were or are no more.

    Every response names a version, which is the current one where that was asked for; an unknown version and a removed
    one were refused with the contract's statuses and types for them.
    """
    current = talk.contract.versions.current
    for said in talk.said():
        if not said.version:
            yield Violation(
                "no version", f"the answer {said.told} to {said.asked} names no version", (said.number,)
            )
        elif said.ask.version is None and said.version != current:
            told = f"{said.asked} in version {current} was answered in {said.version}"
            yield Violation("another version", told, (said.number,))
    other = [said for said in talk.said() if said.ask.version]
    for said in other:
        yield from _refused_for_version(said)
    if not other and any(said.succeeded or said.type for said in talk.said()):
        yield Observed()


def _refused_for_version(said: Said) -> Iterator[Remark]:
    contract, version = said.contract, said.ask.version
    situation: Situation = "removed-version" if version in contract.versions.removed else "unknown-version"
    wanted = contract.error_types[contract.errors.situations[situation]]
    if said.succeeded:
        yield Violation(
            "accepted", f"{said.asked} in version {version} was accepted: {said.told}", (said.number,)
        )
    elif said.is_situation(situation):
        yield Observed()
    else:
        right = f"{wanted.statuses[0]} {wanted.type}"
        told = f"{said.asked} in version {version} was answered {said.told} instead of {right}"
        yield Violation("another refusal", told, (said.number,))


@probed(
    "sandbox.error-envelope",
    severity="major",
    title="Errors have the documented shape",
    impact="A client cannot read what went wrong, and takes a refusal for an outage or the other way round.",
    remedy="Tell the vendor, or what stands in front of the API: every error is to be JSON with the documented "
    "properties.",
    why="Clients branch on the type in an error's body. A framework's own page for an unknown address, a gateway's "
    "plain text for a missing key, and the client no longer knows whether to correct the order, to wait, or to wake "
    "somebody.",
    floor={
        "addresses that lead nowhere": asking.lost,
        "keys that are none": asking.keyless,
        "orders that are wrong": asking.wrong,
        "errors that were asked for": asking.forced,
    },
    generated=asking.any_error,
    dear=2,
)
def error_envelope(talk: Talk) -> Iterator[Remark]:
    """Requests for paths and orders that are not there, without a key and with a foreign one, orders that cannot be
    read, that are none, and for nothing that is sold, and errors that the contract lets one ask for; then generated
    ones.

    Each error came as JSON with the properties that the contract's envelope has, and said that it is JSON.
    """
    for said in talk.said():
        if said.status < 400:
            yield Unmet(f"{said.asked} is wrong, and was answered {said.told}")
            continue
        if fault := said.fault_of_body() or said.fault_of_media_type():
            yield Violation(
                "no envelope", f"{said.asked} was answered {said.status} with {fault}", (said.number,)
            )
            continue
        yield Observed()
        if said.status >= 500 and said.ask.trigger is None:
            yield Note(f"a request that is wrong was answered {said.told}")
        elif said.type not in talk.contract.error_types:
            yield Note(f"an error type that the contract does not list: {said.type}")


def _described(make: Scripts) -> Scripts:
    return lambda contract: make(contract) if openapi.description_of(contract) else ()


@probed(
    "sandbox.matches-openapi",
    severity="major",
    title="Answers are as the OpenAPI description says",
    impact="Code that was generated from the description, or written by it, meets what it cannot read.",
    remedy="Tell the vendor, or correct the description: it lies beside the contract file.",
    why="Clients are generated from a description of the API, and mocks as well. Where the endpoint says something "
    "else, the mock is green and the first real answer is an exception in somebody's parser.",
    floor={
        "what can be read": _described(asking.everything),
        "orders": _described(asking.orders),
        "what is wrong": _described(asking.described_errors),
    },
    generated=openapi.drawn,
    dear=2,
    needs=(openapi.NEEDED, openapi.NOT_INSTALLED),
)
def matches_openapi(talk: Talk) -> Iterator[Remark]:
    """Every operation that changes nothing is asked for, orders are placed in both modes, repeated and looked up, and
    requests are wrong in several ways; then come requests that Schemathesis draws from the description that lies
    beside the contract: more of those that keep to it, and orders that break it.

    Schemathesis found each answer's status, content type, headers and body to be as described, each one named its
    version, repeated orders were replayed, and what is no order was not taken for one.
    """
    for said, kind, sentence in openapi.faults(talk):
        yield Violation(kind, f"{said.asked} was answered {said.told}: {sentence}", (said.number,))
    for said in talk.said():
        if said.turn.problem:
            yield Unmet(f"the answer to {said.asked} was not read to its end: {said.turn.problem}")
        else:
            yield Observed()


def _told(said: Said | None, otherwise: str) -> str:
    return otherwise if said is None else f"{otherwise}: {said.asked} was answered {said.told}"


def _elsewhere(said: Said) -> str:
    """Where a redirect leads, which nobody followed."""
    place = next((value for name, value in said.turn.response_headers if name.lower() == "location"), "")
    return (
        f", to somewhere else ({plain(place, 80)}), where no key is sent"
        if place and said.status < 400
        else ""
    )

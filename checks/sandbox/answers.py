"""What every answer is to look like."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Note, Observed, Remark, Unmet, probed
from conformance.contract import Situation
from conformance.endpoint import openapi
from conformance.finding import Violation
from conformance.judge.talk import Said, Talk
from conformance.plans import asking
from conformance.plans.asking import Scripts


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

"""Who is let in: the account's key, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Observed, Remark, Unmet, probed
from conformance.endpoint.script import KEYS
from conformance.finding import Violation
from conformance.judge.talk import Said, Talk, answered
from conformance.plans import asking
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
        if turn.status == 401:
            yield Violation(
                "key refused",
                f"a ping with the account's key was refused with status {turn.status}",
                (turn.number,),
            )
        elif turn.status is None or turn.void:
            told = turn.problem or f"it was answered {turn.status} by what stands in front of it"
            yield Violation(
                "no answer", f"{talk.dialogue.base_url} cannot be reached: {told}", (turn.number,)
            )
    for said in talk.said():
        if said.status != 200:
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
        yield Unmet(answered(good, "the account's own key was not accepted"))
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


def _elsewhere(said: Said) -> str:
    """Where a redirect leads, which nobody followed."""
    place = next((value for name, value in said.turn.response_headers if name.lower() == "location"), "")
    return (
        f", to somewhere else ({plain(place, 80)}), where no key is sent"
        if place and said.status < 400
        else ""
    )

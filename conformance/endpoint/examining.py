"""Putting one check to a real endpoint: its scripts, generated ones after them, and what was remarked.

What lives here: the order in which scripts are played, what a script that was cut means, and what was spent.
What must never be known here: any check in particular.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from conformance.check import Listener, NotApplicable, Note, Observed, Remark, Unmet
from conformance.endpoint.calling import Endpoint
from conformance.endpoint.dialogue import Dialogue
from conformance.endpoint.limits import Allowance
from conformance.endpoint.script import Script
from conformance.finding import Violation
from conformance.hygiene.canary import mint
from conformance.judge.talk import Talk
from conformance.keys import Keyring, KeyUnavailable
from conformance.planning import seed_of
from conformance.premises import Premises

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

GENERATED = "generated requests"
STEPS = 30
"""scripts that are played at the most to find a smaller one that fails"""
MOST_SHOWN = 4_000
"""characters of a body that a finding keeps"""
NOT_ASKED = "no real endpoint was named: golive run --api URL, or --proxy URL, has one examined"
DRY = "dry run: nothing was sent"

_endpoints: WeakKeyDictionary[Keyring, Endpoint] = WeakKeyDictionary()
"""One for each run, which its keyring stands for: what is known of an endpoint is known to all checks."""


def endpoint_of(premises: Premises) -> Endpoint:
    """The endpoint that this run asks. Raises KeyUnavailable, or Mistakes for one that nothing is sent to."""
    assert premises.endpoint is not None
    known = _endpoints.get(premises.keys)
    if known is None:
        key = premises.key()
        known = _endpoints[premises.keys] = Endpoint(
            premises.endpoint,
            key.canary,
            premises.contract,
            premises.keys.redacted,
            production=premises.production,
            limits=premises.limits,
        )
    return known


def hear(
    id_: str,
    listener: Listener,
    floor: Mapping[str, tuple[Script, ...]],
    drawn: SearchStrategy[Script] | None,
    examples: int,
    premises: Premises,
) -> Iterator[Remark]:
    """What the listener has to say to each dialogue of a run; why it heard none."""
    if premises.endpoint is None:
        yield from (NotApplicable(NOT_ASKED, aspect=aspect) for aspect in floor)
        return
    if premises.dry_run:
        more = (
            f"and up to {examples} generated requests or rows of them, of the same kinds"
            if drawn is not None
            else ""
        )
        yield Note("\n".join(filter(None, ["would send:", *_preview(floor, premises), more])))
        yield from (Unmet(DRY, aspect) for aspect in floor)
        return
    try:
        endpoint = endpoint_of(premises)
    except KeyUnavailable as unavailable:
        yield from (Unmet(str(unavailable), aspect) for aspect in floor)
        return
    yield from examine(id_, listener, floor, drawn, examples, endpoint, premises.seed)


def _preview(floor: Mapping[str, tuple[Script, ...]], premises: Premises) -> Iterator[str]:
    """What would be sent, with a key that is none: the account's own is not even read."""
    assert premises.endpoint is not None
    nobody = mint(premises.contract, random.SystemRandom())
    endpoint = Endpoint(
        premises.endpoint,
        nobody,
        premises.contract,
        str,
        production=premises.production,
        limits=premises.limits,
    )
    for scripts in floor.values():
        for script in scripts:
            yield from endpoint.preview(script)


def examine(
    id_: str,
    listener: Listener,
    floor: Mapping[str, tuple[Script, ...]],
    drawn: SearchStrategy[Script] | None,
    examples: int,
    endpoint: Endpoint,
    seed: int,
) -> Iterator[Remark]:
    """Its floor, aspect by aspect, until something is wrong; then generated scripts."""
    allowance = Allowance(endpoint.limits)
    failed = False
    for aspect, scripts in floor.items():
        if not scripts:
            yield NotApplicable("the contract has no such thing", aspect=aspect)
        for script in scripts:
            for remark in _remarks(listener, endpoint, script, allowance, aspect):
                failed = failed or isinstance(remark, Violation)
                yield remark
        if failed:
            break
    if not failed and drawn is not None and examples > 0:
        yield from _generated(id_, listener, drawn, examples, endpoint, seed, allowance)
    yield Note(_spent(endpoint, allowance))


def _remarks(
    listener: Listener, endpoint: Endpoint, script: Script, allowance: Allowance, aspect: str
) -> Iterator[Remark]:
    dialogue = endpoint.play(script, allowance)
    talk = Talk(dialogue, endpoint.contract)
    if dialogue.cut:
        yield Unmet(dialogue.cut, aspect)
    for remark in listener(talk):
        match remark:
            case Violation():
                yield replace(remark, dialogue=shortened(dialogue))
            case Observed() if dialogue.cut:
                pass  # what was seen before it broke off proves nothing
            case Observed():
                yield Observed(remark.aspect or aspect)
            case Unmet() | NotApplicable():
                yield replace(remark, aspect=remark.aspect or aspect)
            case _:
                yield remark


def _generated(
    id_: str,
    listener: Listener,
    drawn: SearchStrategy[Script],
    examples: int,
    endpoint: Endpoint,
    seed: int,
    allowance: Allowance,
) -> Iterator[Remark]:
    """The smallest violation that was found, and what else was remarked."""
    smallest: list[Violation] = []
    notes: dict[str, Note] = {}
    played = cut = 0

    def holds(script: Script) -> None:
        nonlocal played, cut
        if len(smallest) and played >= STEPS:
            return
        remarks = tuple(_remarks(listener, endpoint, script, allowance, GENERATED))
        played = 1 if not smallest and any(isinstance(each, Violation) for each in remarks) else played + 1
        cut += any(isinstance(each, Unmet) and each.reason.startswith("the limits:") for each in remarks)
        notes.update({each.text: each for each in remarks if isinstance(each, Note)})
        found = [each for each in remarks if isinstance(each, Violation)]
        if found and (not smallest or found[0].rule == smallest[0].rule):
            smallest.append(found[0])
            raise AssertionError(found[0].rule)

    try:
        _draw(id_, drawn, examples, seed, holds)
    except Exception:  # Hypothesis wraps flaky failures in groups; what was heard is kept above
        if not smallest:
            raise
    yield from notes.values()
    yield from smallest[-1:]
    if cut and not smallest:
        yield Note(f"cut by the limits for a real endpoint: {cut} of the generated scripts")


def _draw(
    id_: str, drawn: SearchStrategy[Script], examples: int, seed: int, body: Callable[[Script], None]
) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    def generated(script: Script) -> None:
        body(script)

    arranged = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    seeded(seed_of(seed, id_))(arranged(given(drawn)(generated)))()


def shortened(dialogue: Dialogue) -> Dialogue:
    """As a finding keeps it: bodies no longer than a reader has patience for."""
    turns = tuple(replace(turn, response_body=_short(turn.response_body)) for turn in dialogue.turns)
    return replace(dialogue, turns=turns)


def _short(text: str) -> str:
    left = len(text) - MOST_SHOWN
    return text if left <= 0 else f"{text[:MOST_SHOWN]}… [{left:,} characters more]"


def _spent(endpoint: Endpoint, allowance: Allowance) -> str:
    sent = f"{allowance.requests} {'request' if allowance.requests == 1 else 'requests'}"
    if not allowance.orders:
        return f"sent {sent} to {endpoint.base_url}"
    orders = f"{allowance.orders} {'order' if allowance.orders == 1 else 'orders'}"
    money = f"of {allowance.face_value} face value in all"
    return f"sent {sent} to {endpoint.base_url}, and placed {orders} {money}, as far as it said"

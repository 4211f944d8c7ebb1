"""A dialogue with a real endpoint told step by step, as data. Pure.

What lives here: the words for each request and answer that golive itself sent and got.
What must never be known here: which check failed and why, and how the steps are drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from conformance.endpoint.dialogue import Dialogue, Turn
from conformance.endpoint.script import FORMS, KEYS, Ask, Body
from conformance.reporting.plain import plain
from conformance.reporting.readiness import Step

ASKER = "golive"
MOST_OF_BODY = 50
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def conversation(dialogue: Dialogue, shown_by: Collection[int] = ()) -> tuple[Step, ...]:
    """Each request with what is special about it, and its answer. `shown_by`: the numbers of the requests that show
    the violation. Idempotency keys are named A, B, … in the order in which they appear.
    """
    began = min((turn.at for turn in dialogue.turns), default=0.0)
    asks = dialogue.script.asks
    names = list(dict.fromkeys(ask.name for ask in asks if ask.name))
    told: list[Step] = []
    for turn in dialogue.turns:
        ask = asks[turn.ask]
        letter = _LETTERS[names.index(ask.name) % len(_LETTERS)] if ask.name else ""
        words = "  ".join(filter(None, (f"key {letter}" if letter else "", *_special(ask))))
        told += _exchange(turn, words, letter, round(turn.at - began, 3), turn.number in shown_by)
    if dialogue.cut:
        told.append(Step("suite", f"went no further: {plain(dialogue.cut, 200)}"))
    return tuple(told)


def _exchange(turn: Turn, words: str, key: str, at: float, shows: bool) -> Iterator[Step]:
    again = ", again" if turn.again else ""
    asked = (
        f"request {turn.number}{again}: {plain(turn.method, 10)} {plain(turn.target, 60)}  {words}".strip()
    )
    yield Step("client", asked, at=at, to="api", shows=shows, key=key, exchange=turn.number)
    lost = turn.status is None
    problem = f", {plain(turn.problem, 80)}" if turn.problem else ""
    answered = (
        plain(turn.problem, 120)
        if lost
        else f"{turn.status} {plain(turn.response_body, MOST_OF_BODY)}{problem}"
    )
    yield Step("api", answered, at=round(at + turn.seconds, 3), to="client", lost=lost, exchange=turn.number)


def _special(ask: Ask) -> Iterator[str]:
    """What tells it from the plainest request, in a word or two each."""
    if ask.credential != "account":
        yield KEYS[ask.credential].rstrip(",")
    if ask.version is not None:
        yield f"version {ask.version}" if ask.version else "no version"
    if ask.mode is not None:
        yield ask.mode
    if ask.trigger is not None:
        yield f"asks for {ask.trigger}"
    if ask.body is not None:
        yield from _special_body(ask.body)


def _special_body(body: Body) -> Iterator[str]:
    if body.text is not None:
        yield f"body {plain(body.text, 30)}"
        return
    if body.form != "compact":
        yield FORMS[body.form]
    if body.more:
        yield "more face value"
    if body.items > 1:
        yield f"{body.items} items"
    if body.remark is not None:
        yield "another text"
    if not body.sold:
        yield "a product that nobody sells"

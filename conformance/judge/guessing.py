"""Can keys be guessed: because there is too little chance in them, or because it is known what they are made from?

What must never be known here: which check is asking, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Exchange
from conformance.finding import Violation
from conformance.judge.case import Case, Story, short
from conformance.judge.chance import FEWEST, REQUIRED, Window, randomness, too_guessable
from conformance.judge.derivation import Known, derivation

MANY = 32
"""orders of which the keys are looked at together"""
_SHOWN, _LONG = 3, 72
"""keys that are shown, and characters of one that is shown whole"""
_EXACT, _SLACK, _ROUNDED = 0.00001, 0.005, 2.0
"""seconds by which a key may have been made earlier or later than it seems: on the clock that stands still while the
client works, on the others, and for a client that rounds to seconds"""


def unguessable(case: Case) -> Iterator[Remark]:
    """Looks at the key of each order's first attempt, in the order in which they came."""
    if case.alike:
        return
    firsts = sorted(
        ((story.attempts[0], story) for story in case.stories if story.attempts),
        key=lambda first: first[0].number,
    )
    made = [(attempt, attempt.idempotency_key, story) for attempt, story in firsts if attempt.idempotency_key]
    keys = [key for _, key, _ in made]
    windows = [_window(case, attempt, story) for attempt, _, story in made]
    source = derivation(
        keys,
        [
            Known(story.order.handed_as, story.order.body, attempt.body, window)
            for (attempt, _, story), window in zip(made, windows, strict=True)
        ],
    )
    shown = f"{', '.join(_shown(key) for key in keys[:_SHOWN])}{' …' if len(keys) > _SHOWN else ''}"
    numbers = tuple(attempt.number for attempt, _, _ in made[:_SHOWN])
    if source:
        yield Violation(
            "derived",
            f"the keys of {len(keys)} orders are made from {source}; {made[0][2].order.handed_as} went out under "
            f"{_shown(keys[0])}",
            numbers,
            on_any_clock=True,
        )
    elif len(keys) < FEWEST:
        yield Unmet(f"{len(keys)} keys are too few to tell how random they are")
    elif too_guessable(bits := randomness(keys, _around(windows))):
        yield Violation(
            "few random bits",
            f"the keys of {len(keys)} orders have {bits:.0f} random bits at the most; at least {REQUIRED:g} are asked "
            f"for: {shown}",
            numbers,
            on_any_clock=True,
        )
    elif len(set(keys)) < len(keys):
        yield Violation(
            "alike", f"{len(keys)} orders have {len(set(keys))} keys: {shown}", numbers, on_any_clock=True
        )
    else:
        yield Observed()


def _shown(key: str) -> str:
    return key if len(key) <= _LONG else short(key)


def _window(case: Case, attempt: Exchange, story: Story) -> Window | None:
    began = case.evidence.clock.began
    if began is None or not story.calls:
        return None
    slack = _EXACT if case.evidence.clock.kind == "virtual" else _SLACK
    return (began + story.calls[0].started_at - slack, began + attempt.received_at + slack)


def _around(windows: Sequence[Window | None]) -> list[Window] | None:
    known = [(window[0] - _ROUNDED, window[1] + _ROUNDED) for window in windows if window is not None]
    return known if len(known) == len(windows) else None

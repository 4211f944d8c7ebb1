"""The end of a counterexample: what was seen besides, and what the client believes against what the ledger holds. Pure.

What lives here: how both are drawn, and the sentence that says what the whole picture shows.
What must never be known here: which check failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.reporting.drawing.accounts import Account, Agreement, Ending
from conformance.reporting.drawing.lanes import LINE, SIZE, SMALL, Layout
from conformance.reporting.drawing.shapes import box, element, paragraph, words, wrapped
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import Step

FEW, MOST = 4, 6
"""so many orders have a row each; of more, those have one of which the two do not say the same"""
_SIGNS: dict[Agreement, tuple[str, str]] = {
    "agree": ("=", "d-agree"),
    "differ": ("≠", "d-differ"),
    "open": ("?", "d-unsure"),
}


def endings(layout: Layout, steps: Sequence[Step], known: Account, y: float) -> tuple[list[str], float]:
    """What is told without a time. Returns it with where it ends."""
    drawn: list[str] = []
    for step in steps:
        if step.actor == "ledger" and known.endings:
            continue
        drawn_step, y = _told(layout, step, y)
        drawn += drawn_step
    if known.endings:
        drawn_rows, y = _rows(layout, known, y)
        drawn += drawn_rows
    return drawn, y


def _told(layout: Layout, step: Step, y: float) -> tuple[list[str], float]:
    alarm = step.actor == "output"
    told = wrapped(step.text, layout.width - layout.client - 8, SIZE, 4)
    height = LINE * len(told) + 8
    class_ = "d-note d-leak" if alarm else "d-note"
    drawn = [
        box(layout.client - 6, y, layout.width - layout.client + 4, height, class_, 4),
        words(step.actor, layout.times, y + 16, "d-quiet", text_anchor="end", font_size=SMALL),
        *paragraph(told, layout.client + 2, y + 16, "d-words", SIZE),
    ]
    return drawn, y + height + 6


def _rows(layout: Layout, known: Account, y: float) -> tuple[list[str], float]:
    """A row for each order, those in which the two differ before others."""
    ranked = sorted(known.endings, key=lambda ending: ("differ", "open", "agree").index(ending.agreement))
    half = layout.width / 2
    drawn = [
        words("The client believes", 8, y + 14, "d-lane-name", font_size=SIZE),
        words("The ledger holds", half + 22, y + 14, "d-lane-name", font_size=SIZE),
    ]
    y += 22
    odd = [ending for ending in ranked if ending.agreement != "agree"]
    shown = ranked if len(ranked) <= FEW else odd[:MOST]
    for ending in shown:
        row, y = _row(layout, ending, y, several=known.several)
        drawn += row
    if len(shown) < len(ranked):
        agree = len(ranked) - len(odd)
        more = (
            f", {len(odd) - len(shown):,} of those that differ are not shown" if len(odd) > len(shown) else ""
        )
        told = f"the two agree on {agree:,} of {counted(len(ranked), 'order')}{more}"
        drawn.append(words(told, 8, y + 12, "d-quiet", font_size=SIZE))
        y += 20
    return drawn, y


def _row(layout: Layout, ending: Ending, y: float, *, several: bool) -> tuple[list[str], float]:
    half = layout.width / 2
    room = half - 36
    of = f"{ending.order}: " if several else ""
    size = SIZE if layout.booked else SMALL
    left = wrapped(f"{of}{ending.believes}", room, size, 5)
    right = wrapped(ending.holds, room, size, 5)
    height = LINE * max(len(left), len(right)) + 9
    sign, class_ = _SIGNS[ending.agreement]
    drawn = [
        box(1, y, half - 17, height, "d-note", 4),
        box(half + 16, y, half - 17, height, "d-note", 4),
        element("circle", class_="d-sign", cx=half, cy=y + height / 2, r=11),
        words(sign, half, y + height / 2 + 5, "d-sign-words", text_anchor="middle", font_size=15),
    ]
    drawn += paragraph(left, 9, y + 16, "d-words", size)
    drawn += paragraph(right, half + 24, y + 16, "d-words", size)
    return [element("g", *drawn, class_=class_)], y + height + 5


def summary(steps: Sequence[Step], known: Account) -> str:
    """One sentence for whoever does not see it."""
    return f"{'; '.join(_parts(steps, known))}."


def _parts(steps: Sequence[Step], known: Account) -> Iterator[str]:
    requests = [step for step in steps if step.to == "api"]
    keys = {step.key for step in requests if step.key}
    under = f" under {counted(len(keys), 'key')}" if keys else ""
    yield f"{counted(len(requests), 'request')}{under}"
    if lost := sum(step.lost for step in steps if step.to == "client"):
        yield f"{counted(lost, 'answer')} lost on the way"
    if early := sum(step.early for step in steps):
        yield f"{counted(early, 'wait')} too short"
    if not known.of_endpoint:
        yield f"{counted(sum(bool(step.booked) for step in steps), 'order')} booked"
    if len(known.endings) == 1:
        (ending,) = known.endings
        yield f"in the end the client says {ending.believes}, and the ledger holds {ending.holds}"
    elif differ := sum(ending.agreement == "differ" for ending in known.endings):
        yield f"in the end client and ledger differ on {counted(differ, 'order')} of {len(known.endings):,}"

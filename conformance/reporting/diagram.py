"""Steps drawn as a small sequence diagram of text: the client's line on the left, the API's on the right.

What lives here: the lines, the arrows, what is left out of a long story, and the same for ASCII-only screens.
What must never be known here: what the steps mean, and which check failed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from conformance.reporting.readiness import Step

MARGIN = 12
"""columns before the client's line: the mark, and the seconds"""
NARROWEST, WIDEST = 44, 72
"""columns between the two lines"""
ALL = 100
"""columns of the whole; what stands beside the API's line may go a little beyond"""
MOST_LINES = 20
FIRST, LAST = 7, 6
"""of a longer story, so many lines are kept at its beginning and its end, and what shows the violation"""
_ASCII = str.maketrans({"│": "|", "├": "|", "┤": "|", "─": "-", "▶": ">", "◀": "<", "✗": "x"})


def diagram(steps: Sequence[Step], *, ascii: bool = False, asker: str = "client") -> tuple[str, ...]:
    """The lines of the diagram: client seconds in front where they change, a `>` in the margin of what shows the
    violation. With `ascii` nothing in it needs another character set. `asker`: who is on the left.
    """
    if ascii:
        steps = [replace(step, text=_in_ascii(step.text), booked=_in_ascii(step.booked)) for step in steps]
    timed = [step for step in steps if step.at is not None]
    widths = [len(step.text) + (6 if step.to else 2) for step in timed]
    width = max([NARROWEST, *(each for each in widths if each <= WIDEST)])
    if any(step.to and each > WIDEST for step, each in zip(timed, widths, strict=True)):
        width = WIDEST
    lines = [f"{'seconds':>{MARGIN - 2}}  {asker:<6}{'API':>{width - 3}}"] if timed else []
    kept = kept_steps(timed)
    shown = ""
    for index, step in enumerate(timed):
        if index in kept:
            time = f"{step.at:.3f}" if step.at is not None and step.at < 1e6 else f"{step.at:.0f}"
            lines += _drawn(step, "" if time == shown else time, width)
            shown = time
        elif index - 1 in kept:
            gap = next((next_ for next_ in range(index, len(timed)) if next_ in kept), len(timed)) - index
            lines.append(f"{'…':>{MARGIN - 2}}  {f'│ {gap:,} steps left out':<{width + 1}}│")
            shown = ""
    for step in steps:
        if step.at is None:
            lines += _ending(step)
    return tuple(line.replace("…", "...").translate(_ASCII) if ascii else line for line in lines)


def kept_steps(steps: Sequence[Step]) -> Collection[int]:
    """Which steps are drawn. One alone is never left out: the line that says so is as long."""
    if len(steps) <= MOST_LINES:
        return range(len(steps))
    kept = {*range(FIRST), *range(len(steps) - LAST, len(steps))}
    showing = [index for index, step in enumerate(steps) if step.shows]
    # From both ends, since what shows a storm is the whole storm.
    for index in [index for pair in zip(showing, reversed(showing), strict=True) for index in pair]:
        around = {index - 1, index, index + 1} & set(range(len(steps)))
        if len(kept | around) < MOST_LINES:
            kept |= around
    return kept | {index for index in range(len(steps)) if {index - 1, index + 1} <= kept}


def _drawn(step: Step, time: str, width: int) -> Iterator[str]:
    margin = f"{'>' if step.shows else ' '} {time:>{MARGIN - 4}}  "
    if step.to is None:
        first, *rest = textwrap.wrap(step.text, ALL - MARGIN - 2, break_on_hyphens=False) or [""]
        yield f"{margin}{f'│ {first}':<{width + 1}}{'│' if len(first) < width else ''}"
        yield from (f"{'':{MARGIN}}│   {line}" for line in rest)
        return
    room = width - 6
    text = step.text if len(step.text) <= room else f"{step.text[: room - 1]}…"
    if step.to == "api":
        line = "─" * (width - 4 - len(text) - step.lost)
        yield f"{margin}├─ {text} {line}{'✗ ' if step.lost else '▶'}│ {step.booked}".rstrip()
    elif step.lost:
        yield f"{margin}│ ✗{'─' * (width - 4 - len(text))} {text} ┤"
    else:
        yield f"{margin}│◀{'─' * (width - 3 - len(text))} {text} ┤"


def _ending(step: Step) -> Iterator[str]:
    """What has no time: the margin says what speaks."""
    first, *rest = textwrap.wrap(step.text, ALL - MARGIN, break_on_hyphens=False) or [""]
    yield f"{step.actor:>{MARGIN - 2}}  {first}"
    yield from (f"{'':{MARGIN}}  {line}" for line in rest)


def _in_ascii(text: str) -> str:
    return text.replace("…", "...").encode("ascii", "backslashreplace").decode()

"""How long the client waited against how long it had to, over all trials: a row of dots for each kind of answer. Pure.

What lives here: the rows, the axis and the table that says the same.
What must never be known here: where the numbers come from, and the page that it stands on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conformance.reporting.drawing.lanes import SIZE, SMALL
from conformance.reporting.drawing.marks import dot
from conformance.reporting.drawing.plots import Plot, figure
from conformance.reporting.drawing.shapes import box, line, paragraph, width, words, wrapped
from conformance.reporting.drawing.tables import Table
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import Observations, WaitsEntry

MOST_ROWS = 10
TICKS = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 36_000.0, 360_000.0, 3_600_000.0)
"""client seconds; the axis begins and ends at one of them"""
NEAR = 6.0
"""pixels within which waits are drawn as one dot"""
_ROW = 44.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From seconds to pixels: by their logarithm, but for what is shorter than the first tick, which has a place of
    its own.
    """

    left: float
    right: float
    first: float
    last: float
    zero: bool

    @property
    def start(self) -> float:
        return self.left + (34 if self.zero else 8)

    def at(self, seconds: float) -> float:
        if seconds < self.first:
            return self.left + 8
        share = math.log(seconds / self.first) / math.log(self.last / self.first)
        return self.start + min(share, 1.0) * (self.right - 8 - self.start)


def waits(observations: Observations) -> str:
    """The plot as SVG text in a `div`, empty where no wait was measured."""
    if not observations.waits:
        return ""
    told = "Waits between two attempts for one order, on a logarithmic axis: "
    entries = _shown(observations.waits)
    return figure(
        "waits", told + "; ".join(map(_sentence, entries)), lambda plot: _drawn(plot, observations.waits)
    )


def waits_table(observations: Observations) -> Table:
    """The same in words: for each kind of answer what was asked for, how often the client waited, and how long."""
    return Table(
        "Waits between two attempts for one order, in the client’s own time",
        ("After", "At least", "Waits", "Too short", "Shortest", "Median", "Longest"),
        tuple(_row(entry) for entry in observations.waits),
    )


def _row(entry: WaitsEntry) -> tuple[str, ...]:
    asked = "nothing asked" if entry.required_s is None else duration(entry.required_s)
    short = "" if entry.required_s is None else f"{entry.early:,}"
    shortest, longest = entry.waited[0][0], entry.waited[-1][0]
    return (
        entry.after,
        asked,
        f"{_count(entry):,}",
        short,
        duration(shortest),
        duration(_median(entry)),
        duration(longest),
    )


def _median(entry: WaitsEntry) -> float:
    left = (_count(entry) + 1) // 2
    for seconds, count in entry.waited:
        left -= count
        if left <= 0:
            return seconds
    return entry.waited[-1][0]


def _count(entry: WaitsEntry) -> int:
    return sum(count for _, count in entry.waited)


def _sentence(entry: WaitsEntry) -> str:
    asked = "" if entry.required_s is None else f" of at least {duration(entry.required_s)}"
    short = "" if entry.required_s is None else f", {entry.early:,} too short"
    return f"{counted(_count(entry), 'wait')}{asked} after {entry.after}{short}"


def _shown(entries: Sequence[WaitsEntry]) -> list[WaitsEntry]:
    """Where there are too many kinds: those with waits that were too short, then those with the most waits."""
    ranked = sorted(entries, key=lambda entry: (-(entry.early > 0), -_count(entry)))
    kept = set(map(id, ranked[:MOST_ROWS]))
    return [entry for entry in entries if id(entry) in kept]


def axis(entries: Sequence[WaitsEntry], left: float, right: float) -> Axis:
    """The axis that all of these fit on."""
    times = [seconds for entry in entries for seconds, _ in entry.waited]
    times += [entry.required_s for entry in entries if entry.required_s is not None]
    positive = [seconds for seconds in times if seconds >= TICKS[0]] or [1.0]
    first = max(tick for tick in TICKS if tick <= min(positive))
    last = next((tick for tick in TICKS if tick >= max(positive)), max(positive))
    if last == first:
        last = first * 10
    return Axis(left, right, first, last, any(seconds < first for seconds in times))


def _drawn(plot: Plot, entries: Sequence[WaitsEntry]) -> tuple[list[str], float]:
    shown = _shown(entries)
    scale = axis(shown, plot.left, plot.right)
    top = 8.0
    rows: list[str] = []
    y = top
    for entry in shown:
        drawn, y = _strip(plot, scale, entry, y)
        rows += drawn
    grid = [*_grid(scale, top, y + 4)]
    if left_out := len(entries) - len(shown):
        rows.append(
            words(
                f"{counted(left_out, 'kind')} more in the table",
                plot.left,
                y + 40,
                "d-quiet",
                font_size=SMALL,
            )
        )
        y += 18
    return [*grid, *rows], y + 30


def _grid(scale: Axis, top: float, bottom: float) -> Iterator[str]:
    ticks = [tick for tick in TICKS if scale.first <= tick <= scale.last]
    free = scale.left
    if scale.zero:
        x = scale.left + 8
        yield line(x, top, x, bottom, "d-grid")
        yield words("0", x, bottom + 15, "d-quiet", text_anchor="middle", font_size=SMALL)
        free = x + 14
    for tick in ticks:
        x, label = scale.at(tick), duration(tick)
        yield line(x, top, x, bottom, "d-grid")
        half = width(label, SMALL) / 2
        centre = max(min(x, scale.right - half), scale.left + half)
        if centre - half >= free:
            yield words(label, centre, bottom + 15, "d-quiet", text_anchor="middle", font_size=SMALL)
            free = centre + half + 6


def _strip(plot: Plot, scale: Axis, entry: WaitsEntry, y: float) -> tuple[list[str], float]:
    name = wrapped(f"after {entry.after}", plot.names, SIZE, 2)
    asked = "nothing asked" if entry.required_s is None else f"at least {duration(entry.required_s)}"
    total = counted(_count(entry), "wait")
    short = (
        "" if entry.required_s is None else f"{entry.early:,} too short" if entry.early else "none too short"
    )
    class_ = "d-alarm-words" if entry.early else "d-quiet"
    drawn: list[str] = []
    if plot.beside:
        drawn += paragraph(name, 0, y + 15, "", SIZE, 15)
        drawn.append(words(asked, 0, y + 15 + 15 * len(name), "d-quiet", font_size=SMALL))
        drawn.append(words(total, plot.right + 12, y + 18, font_size=SIZE))
        drawn.append(words(short, plot.right + 12, y + 34, class_, font_size=SMALL))
        height = max(_ROW, 15 * len(name) + 24)
        middle = y + height / 2 + 4
        bottom = y + height
    else:
        drawn += paragraph(name, plot.left, y + 15, "", SIZE, 15)
        below = y + 15 * len(name) + 15
        drawn.append(words(f"{asked} · {total}", plot.left, below, "d-quiet", font_size=SMALL))
        drawn.append(words(short, plot.right, below, class_, text_anchor="end", font_size=SMALL))
        middle = below + 28
        bottom = middle + 14
    marked = [line(scale.left, bottom + 1, scale.right, bottom + 1, "d-grid")]
    if entry.required_s is not None:
        x = scale.at(entry.required_s)
        marked.append(box(scale.left, middle - 12, x - scale.left, 24, "d-before"))
        marked.append(line(x, middle - 15, x, middle + 13, "d-least"))
    return [*drawn, *marked, *_dots(scale, entry, middle)], bottom + 4


def _dots(scale: Axis, entry: WaitsEntry, y: float) -> Iterator[str]:
    """One dot for all waits that lie together; those that were too short apart from others."""
    free = scale.left - 100
    for x, count, early in gathered(scale, entry):
        radius = min(2.8 + 1.5 * math.log10(count), 8.0)
        yield dot(x, y, radius, early=early)
        label = f"{count:,}"
        half = width(label, 9.5) / 2
        if count > 1 and x - half > free + 3 and scale.left <= x - half and x + half <= scale.right:
            yield words(label, x, y - radius - 3, "d-quiet d-over", text_anchor="middle", font_size=9.5)
            free = x + half


def gathered(scale: Axis, entry: WaitsEntry) -> list[tuple[float, int, bool]]:
    """The waits by their place: x in pixels, how many, and whether they were too short."""
    found: dict[tuple[int, bool], tuple[float, int]] = {}
    left = entry.early
    for seconds, count in entry.waited:
        short = min(left, count)
        left -= short
        for early, many in ((True, short), (False, count - short)):
            if many:
                x = scale.at(seconds)
                place = round(x / NEAR), early
                before = found.get(place, (0.0, 0))
                found[place] = (before[0] + x * many, before[1] + many)
    return sorted((x / count, count, early) for (_, early), (x, count) in found.items())

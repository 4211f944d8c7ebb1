"""A counterexample as a sequence diagram: client, network, API, ledger, from top to bottom. Pure.

What lives here: how each kind of step is drawn, and the order of the parts of the picture.
What must never be known here: which check failed, and the page that it stands on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from conformance.reporting.conversation import ASKER
from conformance.reporting.diagram import kept_steps
from conformance.reporting.drawing import marks
from conformance.reporting.drawing.accounts import Account, Booking, account
from conformance.reporting.drawing.endings import endings, summary
from conformance.reporting.drawing.lanes import HEAD, LINE, NARROW, SIZE, SMALL, WIDE, Layout, lines, names
from conformance.reporting.drawing.legend import Seen, legend
from conformance.reporting.drawing.shapes import box, element, line, paragraph, widest, width, words, wrapped
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import FindingEntry, Step

LONGEST = 110.0
"""pixels of the longest wait, or of the longest that was asked for"""
ALONE = 56.0
"""the same where nothing was asked for, so that there is nothing to compare with but other waits"""
TOGETHER = 20
"""characters of a part of a label that is not broken up"""


def draw(finding: FindingEntry, name: str) -> str:
    """The counterexample as SVG text in a `div`, for wide screens and for narrow ones; empty where there are no steps.
    `name`: the check's id, by which ids in it are unique on the page.
    """
    timed = [step for step in finding.steps if step.at is not None]
    if not timed:
        return ""
    known, own = account(finding), _identifier(name)
    kept = kept_steps(timed)
    scale = _scale([step for index, step in enumerate(timed) if index in kept])
    keys = {step.exchange: step.key for step in timed if step.to == "api" and step.key}
    drawn = [_Picture(layout, finding.steps, known, own, scale, keys).svg() for layout in (WIDE, NARROW)]
    return element("div", *drawn, class_="d-drawing")


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", lambda found: f"-{ord(found.group()):x}-", name)


@dataclass(slots=True)
class _Open:
    """A request that has not been answered yet: from where, and in which of the columns beside the API's line."""

    top: float
    column: int


@dataclass
class _Picture:
    """One layout of it, drawn from top to bottom: `y` is where the next step begins."""

    layout: Layout
    steps: Sequence[Step]
    known: Account
    name: str
    scale: float
    """pixels a client second, the same for all waits"""
    keys: Mapping[int | None, str]
    """the letter of each request's key, by its exchange"""
    y: float = HEAD
    time: str = ""
    """the last one that was told"""
    seen: Seen = field(default_factory=Seen)
    bands: list[str] = field(default_factory=list)
    bars: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    open: dict[int, _Open] = field(default_factory=dict)
    away: dict[int | None, float] = field(default_factory=dict)
    """where the requests are that went elsewhere, and have not been answered yet"""

    def svg(self) -> str:
        timed = [step for step in self.steps if step.at is not None]
        kept = kept_steps(timed)
        for index, step in enumerate(timed):
            if index in kept:
                self._step(step)
            elif index - 1 in kept:
                left_out = timed[index : next((i for i in range(index, len(timed)) if i in kept), len(timed))]
                self._gap(left_out)
        for still_open in self.open.values():
            self._bar(still_open, self.y)
        layout, end = self.layout, self.y + 6
        asker = ASKER if self.known.of_endpoint else "client"
        lanes = [*names(layout, asker, of_endpoint=self.known.of_endpoint)]
        lanes += lines(layout, HEAD - 6, end, of_endpoint=self.known.of_endpoint)
        after, self.y = endings(
            layout, [step for step in self.steps if step.at is None], self.known, end + 10
        )
        below, height = legend(layout, self.seen, self.y + 8)
        prefix = f"{self.name}-{layout.name}"
        return element(
            "svg",
            element("title", _escaped(f"Sequence diagram for {self.name}"), id=f"{prefix}-title"),
            element("desc", _escaped(summary(self.steps, self.known)), id=f"{prefix}-desc"),
            *self.bands,
            *lanes,
            *self.bars,
            *self.rows,
            *after,
            *below,
            class_=f"d-svg d-{layout.name}",
            role="img",
            aria_labelledby=f"{prefix}-title {prefix}-desc",
            viewBox=f"0 0 {layout.width:.0f} {height:.0f}",
            width=layout.width,
            height=round(height),
        )

    def _step(self, step: Step) -> None:
        top = self.y
        if step.to == "api":
            drawn, bottom, level = self._request(step)
        elif step.to == "client":
            drawn, bottom, level = self._answer(step)
        elif step.waited_s is not None:
            drawn, bottom, level = self._wait(step, step.waited_s)
        else:
            drawn, bottom, level = self._note(step)
        time = _seconds(step, self.layout)
        if time != self.time:
            size = min(SMALL, SMALL * (self.layout.times - 12) / width(time, SMALL))
            drawn = [
                words(time, self.layout.times, level, "d-time", text_anchor="end", font_size=size),
                *drawn,
            ]
            self.time = time
        if step.shows:
            self.seen.shows = True
            self.bands.append(box(0, top, self.layout.width, bottom - top, "d-band"))
            drawn = [marks.shown(2, level - 4), *drawn]
        self.rows.append(element("g", *drawn, class_="d-row d-shows" if step.shows else "d-row"))
        self.y = bottom

    def _label(self, text: str, class_: str = "d-words") -> tuple[list[str], float]:
        """What stands over an arrow, and where the arrow is."""
        parts = [part if len(part) > TOGETHER else part.replace(" ", "\xa0") for part in text.split("  ")]
        told = wrapped(" · ".join(filter(None, parts)), self.layout.room, SIZE, 3)
        x = self.layout.client + 18
        drawn = paragraph((each.removesuffix(" ·") for each in told), x, self.y + LINE, class_, SIZE)
        return drawn, self.y + LINE * len(told) + 13

    def _request(self, step: Step) -> tuple[list[str], float, float]:
        layout = self.layout
        drawn, y = self._label(step.text)
        if step.lost:
            self.seen.lost = True
            drawn += [
                line(layout.client, y, layout.network, y, "d-arrow d-lost"),
                marks.cross(layout.network, y),
            ]
        elif step.exchange is not None and (place := self.known.elsewhere.get(step.exchange)):
            drawn += marks.elsewhere(place, layout.client, layout.api, y)
            self.away[step.exchange] = y
        else:
            drawn.append(marks.arrow(layout.client, layout.api - 5, y, "d-arrow"))
        bottom = y + 11
        if step.key:
            changed = step.exchange in self.known.changed
            self.seen.note_key(step.key, step.text, changed=changed)
            drawn.append(marks.key(step.key, layout.client, y, changed=changed))
            bottom += 4 if changed else 0
        if step.exchange is not None and not step.lost and step.exchange not in self.known.elsewhere:
            taken = {each.column for each in self.open.values()}
            free = next(column for column in range(len(taken) + 1) if column not in taken)
            self.open[step.exchange] = _Open(y, min(free, 3))
        booking = self.known.bookings.get(step.exchange) if step.exchange is not None else None
        if step.booked and booking is not None:
            bottom = max(bottom, self._book(booking, y, drawn))
        return drawn, bottom, y + 4

    def _book(self, booking: Booking, y: float, drawn: list[str]) -> float:
        """The order that the request booked, in the ledger's lane. Returns where it ends."""
        layout = self.layout
        again = booking.count > 1
        self.seen.booked, self.seen.again = True, self.seen.again or again
        class_ = "d-alarm-words" if again else "d-quiet"
        told = [booking.order_id]
        told += [booking.order] if self.known.several else []
        told += [f"one of {booking.count} now" if again else ""]
        drawn += marks.booked(booking.count, layout.ledger, y)
        if not layout.booked:
            text = " · ".join(each.replace(" ", "\xa0") for each in told if each)
            under = wrapped(text, layout.ledger - layout.client - 36, SMALL, 3, bold=again)
            ends = (each.removesuffix(" ·") for each in under)
            drawn += paragraph(ends, layout.ledger - 16, y + 19, class_, SMALL, 14, text_anchor="end")
            return y + 13 + 14 * len(under)
        drawn.append(
            marks.arrow(layout.api + 5, layout.ledger - 11, y, "d-book d-again" if again else "d-book")
        )
        parts = [wrapped(each, layout.booked, SMALL, 1, bold=again)[0] for each in told if each]
        first = y + 4 - (len(parts) - 1) * 7
        drawn += paragraph(parts, layout.ledger + 16, first, class_, SMALL, 14)
        return max(y + 14, first + 14 * (len(parts) - 1) + 8)

    def _answer(self, step: Step) -> tuple[list[str], float, float]:
        layout = self.layout
        drawn, y = self._label(step.text, "d-words d-lost-words" if step.lost else "d-words")
        away = self.away.pop(step.exchange, None)
        start = layout.api - (5 if away is None else marks.ELSEWHERE)
        if step.exchange is not None and (opened := self.open.pop(step.exchange, None)):
            self._bar(opened, y)
        if away is not None:
            self.bars.append(line(start, away, start, y, "d-lane d-thin"))
        if step.lost:
            self.seen.lost = True
            drawn += [
                line(start, y, layout.network, y, "d-arrow d-back d-lost"),
                marks.cross(layout.network, y),
            ]
        else:
            drawn.append(marks.arrow(start, layout.client + 1, y, "d-arrow d-back"))
        if letter := self.keys.get(step.exchange):
            drawn.append(marks.key(letter, layout.api if away is None else start, y, 7.5))
        return drawn, y + 11, y + 4

    def _bar(self, opened: _Open, bottom: float) -> None:
        x = self.layout.api - 3 + 5 * opened.column
        self.bars.append(box(x, opened.top, 6, max(bottom - opened.top, 1), "d-open"))

    def _wait(self, step: Step, waited: float) -> tuple[list[str], float, float]:
        layout, top = self.layout, self.y + 5
        required = None if step.required_s is None else step.required_s * self.scale
        length = waited * self.scale
        self.seen.note_wait(required is not None, early=step.early)
        told = wrapped(step.text, layout.room, SIZE, 2, bold=step.early)
        class_ = "d-alarm-words" if step.early else "d-words"
        drawn = [marks.wait(layout.client, top, length, required, early=step.early)]
        drawn += paragraph(told, layout.client + 18, top + 11, class_, SIZE)
        longest = max(length, required or 0.0)
        if step.required_s and required and required > 11 + LINE * len(told):
            least = f"{duration(step.required_s)} asked for"
            drawn.append(words(least, layout.client + 18, top + required + 4, "d-quiet", font_size=SMALL))
        return drawn, top + max(longest, LINE * len(told)) + 9, top + 11

    def _note(self, step: Step) -> tuple[list[str], float, float]:
        layout, top = self.layout, self.y + 4
        told = wrapped(step.text, layout.words - layout.client - 34, SIZE, 4)
        height = LINE * len(told) + 7
        span = max(widest(told, SIZE) + 16, 40)
        drawn = [
            line(layout.client, top + height / 2, layout.client + 14, top + height / 2, "d-tie"),
            box(layout.client - 3.5, top + height / 2 - 3.5, 7, 7, "d-dot", 3.5),
            box(layout.client + 14, top, span, height, "d-note", 4),
            *paragraph(told, layout.client + 22, top + 15, "d-words", SIZE),
        ]
        return drawn, top + height + 4, top + height / 2 + 4

    def _gap(self, left_out: Sequence[Step]) -> None:
        layout, top = self.layout, self.y + 4
        for step in left_out:
            answered = self.open.pop(step.exchange, None) if step.exchange and step.to == "client" else None
            if answered:
                self._bar(answered, top)
        booked = sum(bool(step.booked) for step in left_out)
        more = f", {counted(booked, 'order')} booked in them" if booked else ""
        told = wrapped(f"{len(left_out):,} steps left out{more}", layout.room + 20, SIZE, 2)
        height = LINE * len(told) + 10
        drawn = [box(layout.client - 12, top, layout.api - layout.client + 24, height, "d-gap", 4)]
        middle = (layout.client + layout.api) / 2
        drawn += paragraph(told, middle, top + 17, "d-quiet", SIZE, text_anchor="middle")
        self.rows.append(element("g", *drawn, class_="d-row"))
        self.y = top + height + 4
        self.time = ""


def _scale(steps: Sequence[Step]) -> float:
    """Pixels a client second: the longest of these waits decides, or the longest that was asked for."""
    longest = max((max(step.waited_s or 0.0, step.required_s or 0.0) for step in steps), default=0.0)
    most = LONGEST if any(step.required_s for step in steps) else ALONE
    return most / longest if longest else 0.0


def _seconds(step: Step, layout: Layout) -> str:
    """As exactly as there is room for."""
    at = step.at or 0.0
    if layout.booked or at < 10:
        return f"{at:.3f}" if at < 1e4 else f"{at:,.0f}"
    return f"{at:.1f}" if at < 1e3 else f"{at:,.0f}"


def _escaped(text: str) -> str:
    return escape(plain(text, 600))

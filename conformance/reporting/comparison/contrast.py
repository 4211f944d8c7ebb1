"""Two findings of one check held against each other: what is different, in words and step by step. Pure.

What lives here: what counts as the same although every run has other identifiers and slightly other waits; the
difference of two counterexamples.
What must never be known here: whether it is for better or worse, and how it is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pydantic import JsonValue

from conformance.reporting.comparison.entries import Line
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import Counterexample, FindingEntry, Step

MOST_STEPS = 400
"""of a counterexample that are looked at"""
MOST_LINES = 30
"""of a difference that are told"""
MOST_WORDS = 6
"""of one kind, such as properties of an order"""
AROUND = 1
"""steps before and after a difference that show where it is"""
TOO_UNLIKE = 0.4
"""of all steps that are in both: below, a difference is longer than what it tells apart"""
FACTOR = 2.0
"""by which a wait is another one; less is chance, or the machine"""

_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_QUANTITY = re.compile(r"(\d[\d,]*(?:\.\d+)?) (ms|s|min|h|d)\b")
_TIME = re.compile(rf"{_QUANTITY.pattern}(?: \d+ (?:s|min|h)\b)*")
_IDENTIFIER = re.compile(
    r"[^\s'\"]*\[[a-z]+\]"  # a secret, redacted
    r"|[\w-]{8}…[\w-]{6}"  # shortened
    r"|\b(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z\d-]{12,}"
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A text without what no two runs have in common. `seconds`: the times that it names."""

    skeleton: str
    seconds: tuple[float, ...]

    def alike(self, other: _Said) -> bool:
        return self.skeleton == other.skeleton and all(
            abs(mine - theirs) < 0.05 or max(mine, theirs) < FACTOR * min(mine, theirs)
            for mine, theirs in zip(self.seconds, other.seconds, strict=True)
        )


def differences(old: FindingEntry, new: FindingEntry) -> tuple[str, ...]:
    """Sentences about what is different but for the steps; none where the two say the same of other orders."""
    return tuple(plain(told, 400) for told in _differences(old, new))


def same_words(old: FindingEntry, new: FindingEntry) -> bool:
    """Do both find the same, up to identifiers and chance?"""
    return old.rule == new.rule and _said(old.summary, old.counterexample).alike(
        _said(new.summary, new.counterexample)
    )


def steps(old: FindingEntry | None, new: FindingEntry) -> tuple[Line, ...]:
    """The new counterexample's steps against the old one's, with as little around each difference as shows where it
    is. Nothing where the steps are the same, or orders go at once, whose steps come in another order each time. All of
    them, as new, where there was none or it is another story.
    """
    now = new.steps[:MOST_STEPS]
    before = () if old is None else old.steps[:MOST_STEPS]
    if old is None or not before:
        return _within(_as("new", now))
    if all(_settings(each.counterexample).get("concurrent") == "yes" for each in (old, new)):
        return ()
    first = [_said(_text(step), old.counterexample) for step in before]
    second = [_said(_text(step), new.counterexample) for step in now]
    matcher = SequenceMatcher(
        None, [each.skeleton for each in first], [each.skeleton for each in second], autojunk=False
    )
    if matcher.ratio() < TOO_UNLIKE:
        return _within(_as("new", now))
    lines: list[Line] = []
    for tag, first_old, last_old, first_new, last_new in matcher.get_opcodes():
        if tag != "equal":
            lines += _as("old", before[first_old:last_old])
            lines += _as("new", now[first_new:last_new])
            continue
        for at_old, at_new in zip(range(first_old, last_old), range(first_new, last_new), strict=True):
            if first[at_old].alike(second[at_new]):
                lines += _as("alike", [now[at_new]])
            else:
                lines += [*_as("old", [before[at_old]]), *_as("new", [now[at_new]])]
    if all(line.mark == "alike" for line in lines):
        return ()
    return _within(_near(lines))


def _differences(old: FindingEntry, new: FindingEntry) -> Iterator[str]:
    if old.rule != new.rule:
        yield f"it is of another kind: {new.rule}, before: {old.rule}"
    before, now = {other.rule for other in old.others}, {other.rule for other in new.others}
    if more := [rule for rule in dict.fromkeys(other.rule for other in new.others) if rule not in before]:
        yield f"met on the way, newly: {_few(more)}"
    if less := [rule for rule in dict.fromkeys(other.rule for other in old.others) if rule not in now]:
        yield f"not met on the way any more: {_few(less)}"
    again = (old.reproduced, old.repetitions), (new.reproduced, new.repetitions)
    if old.repetitions and new.repetitions and again[0] != again[1]:
        yield (
            f"it came back in {new.reproduced} of {counted(new.repetitions, 'repetition')}, before in "
            f"{old.reproduced} of {old.repetitions}"
        )
    places = _places(old), _places(new)
    if found := [place for place in places[1] if place not in places[0]]:
        yield f"newly found in {_few(found)}"
    if mended := [place for place in places[0] if place not in places[1]]:
        yield f"not found any more in {_few(mended)}"
    yield from _trials(old.counterexample, new.counterexample)


def _trials(old: Counterexample, new: Counterexample) -> Iterator[str]:
    """How the two trials were set up."""
    if old.orders and new.orders and (before := _schedules(old)) != (now := _schedules(new)):
        yield f"it takes: {now}; before: {before}"
    settings = _settings(old), _settings(new)
    for name in dict.fromkeys([*settings[0], *settings[1]]):
        was, is_ = (each.get(name, "not said") for each in settings)
        if was != is_ and all(settings):
            yield f"the trial's {name}: {is_}; before: {was}"
    shapes = _shape(old.orders), _shape(new.orders)
    if old.orders and new.orders:
        if more := [path for path in shapes[1] if path not in shapes[0]]:
            yield f"an order has also {_few(more)}"
        if less := [path for path in shapes[0] if path not in shapes[1]]:
            yield f"no order has {_few(less)} any more"


def _schedules(example: Counterexample) -> str:
    """What goes wrong for how many orders: `1 order that meets reset (when after), then nothing more`."""
    told = Counter(_faults(faults) for faults in example.schedule.values())
    return ", ".join(f"{counted(count, 'order')} that {meets}" for meets, count in told.items()) or "no order"


def _faults(faults: Sequence[dict[str, JsonValue]]) -> str:
    if not faults:
        return "meets nothing unusual"
    words = []
    for fault in faults[: 2 * MOST_WORDS]:
        values = [
            f"{name} {value}"
            for name, value in fault.items()
            if name != "fault" and value not in (None, False)
        ]
        told = f" ({', '.join(values)})" if values else ""
        words.append(f"{fault.get('fault', '?')}{told}")
    more = len(faults) - len(words)
    return f"meets {', then '.join(words)}{f', then {more:,} more' if more else ''}"


def _settings(example: Counterexample) -> dict[str, str]:
    """The trial's own words, such as `twice: True`; orders and seed are told elsewhere."""
    trial = example.evidence.get("trial")
    if not isinstance(trial, dict):
        return {}
    return {
        name: "no" if value in (None, False) else "yes" if value is True else str(value)
        for name, value in trial.items()
        if name not in ("orders", "seed") and not isinstance(value, dict | list)
    }


def _shape(orders: Iterable[JsonValue]) -> list[str]:
    """The paths of all properties in the orders' bodies, whichever order and item has them."""
    found: dict[str, None] = {}
    for order in orders:
        body = order.get("body") if isinstance(order, dict) else None
        found |= dict.fromkeys(_paths(body, ""))
    return list(found)


def _paths(value: JsonValue, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{path}[]")
    else:
        yield path


def _places(finding: FindingEntry) -> list[str]:
    # Lines move with every edit above them; what is found does not.
    return list(dict.fromkeys(place.path for place in finding.locations or ()))


def _text(step: Step) -> str:
    way = f" → {step.to}" if step.to else ""
    booked = f", {step.booked}" if step.booked else ""
    return plain(f"{step.actor}{way}: {step.text}{booked}{', lost' if step.lost else ''}", 300)


def _said(text: str, example: Counterexample) -> _Said:
    for number, order in enumerate(example.orders[:100], 1):
        if isinstance(order, dict):
            for name in (order.get("reference"), order.get("face_value")):
                if isinstance(name, str) and name:
                    text = text.replace(name, f"({number})")
    text = _IDENTIFIER.sub("#", text)
    seconds = tuple(
        sum(
            float(number.replace(",", "")) * _UNITS[unit] for number, unit in _QUANTITY.findall(found.group())
        )
        for found in _TIME.finditer(text)
    )
    return _Said(_TIME.sub("(time)", text), seconds)


def _as(mark: str, told: Iterable[Step]) -> list[Line]:
    return [Line.model_validate({"mark": mark, "text": _text(step)}) for step in told]


def _near(lines: list[Line]) -> list[Line]:
    """Without what is in both and far from every difference."""
    kept: list[Line] = []
    left_out = 0
    for index, line in enumerate(lines):
        around = lines[max(0, index - AROUND) : index + AROUND + 1]
        if all(each.mark == "alike" for each in around):
            left_out += 1
            continue
        if left_out:
            kept.append(Line(mark="left out", text=f"{counted(left_out, 'step')} as before"))
            left_out = 0
        kept.append(line)
    if left_out:
        kept.append(Line(mark="left out", text=f"{counted(left_out, 'step')} as before"))
    return kept


def _within(lines: list[Line]) -> tuple[Line, ...]:
    more = len(lines) - MOST_LINES
    if more <= 0:
        return tuple(lines)
    return (*lines[:MOST_LINES], Line(mark="left out", text=f"{counted(more, 'line')} more"))


def _few(words: Sequence[str]) -> str:
    more = len(words) - MOST_WORDS
    return ", ".join(words[:MOST_WORDS]) + (f" and {more:,} more" if more > 0 else "")

"""Results made steady: what no seed decides is put in order, so that the same run writes the same report.

What a client draws by itself (its idempotency keys), the ports that a machine gives away, the day on which somebody
ran it, where on the disk the code lay, and less than a millisecond of client time, which is how often somebody looked
at the clock: none of it is the client's or the suite's doing, and none of it is judged. Each is replaced by something
of the same form, the same thing by the same, so every story stays as it was.

What lives here: that, and what two runs with one seed must have in common. Pure, but for where this checkout is.
What must never be known here: which samples there are.
"""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from typing import Any, TypeAlias

from conformance.finding import CheckResult, results
from conformance.judge.case import short
from conformance.paths import EXAMPLES
from conformance.reporting.readiness import Readiness

Json: TypeAlias = Any
"""whatever JSON holds; its parts are looked for by name"""

MOMENT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""when every sample was written, and every trial of it began"""
MOST_SHOWN = 200
"""characters of what differs"""
DIGITS = 3
"""of seconds of client time"""
_TIMES = frozenset(
    {"received_at", "answered_at", "client_gone_at", "booked_at", "started_at", "ended_at", "at"}
)
_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")
_HOST = re.compile(r"(?:127\.\d+\.\d+\.\d+|localhost):(\d{4,5})")
_PORT = "40000"
_SECONDS = re.compile(r"\d+(?:\.\d+)?(?= (?:s|ms|min|h)\b)")
_AGENT = re.compile(r"(?<=/)\d[\w.]*")
_LIBRARY = re.compile(r"[^\s\"'()]*/(?:site-packages|python3\.\d+)/")
_LINE_THERE = re.compile(r"(/python/[^\s\"',]+, line )\d+")
"""of a file of Python's library, which in another Python is another"""
_TEMPORARY = re.compile(r"/tmp/[\w-]+")


def steady(result: CheckResult) -> CheckResult:
    """The same result with what chance decided put in order."""
    data = json.loads(results.dump_json(result))
    evidence = (data.get("finding") or {}).get("evidence")
    if evidence:
        began = evidence["clock"].get("began") or 0.0
        _steady_times(evidence)
        evidence["clock"]["began"] = MOMENT.timestamp()
        evidence["clock"]["simulated"] = round(evidence["clock"]["simulated"], DIGITS)
        for exchange in evidence["exchanges"]:
            exchange["headers"] = [_header(name, value) for name, value in exchange["headers"]]
        data = _texts(data, [_dated(began), *_renaming(_keys(evidence), result.id)])
    ports = {found[1] for found in _HOST.finditer(json.dumps(data))}
    data = _texts(data, [_in_its_place, *(_at_one_port(port) for port in sorted(ports))])
    return results.validate_json(json.dumps(data))


def differences(old: Readiness, new: Readiness) -> Iterator[str]:
    """Where two reports of runs with the same seed differ, in more than times and what came of races."""
    raced = _raced_in(old) | _raced_in(new)
    yield from _differences(_in_common(old, raced), _in_common(new, raced), "")


def _differences(old: Json, new: Json, place: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(name), new.get(name), f"{place}.{name}".removeprefix("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif old != new:
        yield f"{place}: {_shortened(old)} was {_shortened(new)} this time"


def _shortened(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _in_common(readiness: Readiness, raced: frozenset[str]) -> Json:
    """What every run with the same seed comes to, as JSON: all but times and what came of races."""
    data = readiness.model_dump(mode="json", by_alias=True)
    data.pop("generated_at")
    for name in ("duration_s", "simulated_s", "client_digest"):
        data["run"].pop(name)
    if raced:
        data["run"].pop("trials")
    for check in data["checks"]:
        for name in ("duration_s", "simulated_s"):
            check.pop(name)
        finding = check.get("finding")
        if check["id"] in raced:
            check.pop("trials")
            check["finding"] = {"rule": finding["rule"]} if finding else None
        elif finding:
            check["finding"] = _untimed(finding)
    measured = data.pop("observations", None) or {"waits": ()}
    data["waits"] = sorted({_asked_for(each) for each in measured["waits"]})
    return data


def _asked_for(waits: Json) -> str:
    """After what the client waited, and for how long it had to where no header said so. What headers say in generated
    trials is up to the version of Hypothesis, and a date is as far away as the second that it fell in.
    """
    after, told = _SECONDS.subn("some time", waits["after"])
    return f"{after}, {'as told' if told else waits['required_s']}{', too early' if waits['early'] else ''}"


def _untimed(finding: Json) -> Json:
    """The finding without times, in whatever form."""
    finding.pop("sequence")
    finding["counterexample"].pop("digest")
    evidence = finding["counterexample"]["evidence"]
    evidence.pop("clock", None)
    for output in evidence.get("outputs", ()):
        output["sightings"] = [[each["place"], each["form"]] for each in output["sightings"]]
        output["text"], output["size"] = "", 0
    chance = [
        partial(_DATE.sub, "a date"),
        partial(_SECONDS.sub, "some time"),
        partial(_LINE_THERE.sub, r"\1somewhere"),
    ]
    return _texts(_without_times(finding), chance)


def _without_times(data: Json) -> Json:
    if isinstance(data, list):
        return [_without_times(each) for each in data]
    if isinstance(data, dict):
        return {
            name: _without_times(value) for name, value in data.items() if name not in _TIMES | {"waited_s"}
        }
    return data


def _raced_in(readiness: Readiness) -> frozenset[str]:
    """The checks whose findings tell what no seed decides: which order came first, or how late a machine was."""
    found = set()
    for check in readiness.checks:
        evidence: Mapping[str, Json] = check.finding.counterexample.evidence if check.finding else {}
        trial, clock = evidence.get("trial"), evidence.get("clock")
        if trial and clock and (trial["concurrent"] or trial["twice"] or clock["kind"] != "virtual"):
            found.add(check.id)
    return frozenset(found)


def _steady_times(data: Json) -> None:
    if isinstance(data, list):
        for each in data:
            _steady_times(each)
    elif isinstance(data, dict):
        for name, value in data.items():
            if name in _TIMES and isinstance(value, float):
                data[name] = round(value, DIGITS)
            else:
                _steady_times(value)


def _header(name: str, value: str) -> list[str]:
    """Which version of its library a client has is not what a sample is about."""
    return [name, _AGENT.sub("…", value) if name.lower() == "user-agent" else value]


def _texts(data: Json, changes: Iterable[Callable[[str], str]]) -> Json:
    """The same data with every text in it, keys of mappings apart, put through the changes."""
    if isinstance(data, str):
        for change in changes:
            data = change(data)
        return data
    changes = tuple(changes)
    if isinstance(data, list):
        return [_texts(each, changes) for each in data]
    if isinstance(data, dict):
        return {name: _texts(value, changes) for name, value in data.items()}
    return data


def _dated(began: float) -> Callable[[str], str]:
    """Dates as far from MOMENT as they were from the trial's beginning, in whole seconds."""

    def moved(found: re.Match[str]) -> str:
        since = round(parsedate_to_datetime(found[0]).timestamp() - began)
        return format_datetime(MOMENT + timedelta(seconds=since), usegmt=True)

    return lambda text: _DATE.sub(moved, text)


def _in_its_place(text: str) -> str:
    text = text.replace(str(EXAMPLES.parent), "/golive")
    return _TEMPORARY.sub("/tmp/golive", _LIBRARY.sub("/python/", text))


def _at_one_port(port: str) -> Callable[[str], str]:
    return partial(re.compile(rf"\b{port}\b").sub, _PORT)


def _keys(evidence: Json) -> Iterator[str]:
    """The idempotency keys, in the order in which they were sent, each once."""
    sent = (exchange["idempotency_key"] for exchange in evidence["exchanges"])
    return iter(dict.fromkeys(key for key in sent if key))


def _renaming(keys: Iterable[str], occasion: str) -> Iterator[Callable[[str], str]]:
    for number, key in enumerate(keys, 1):
        other = _like(key, random.Random(f"{occasion} {number}"))
        # As they are, and as sentences have them.
        yield lambda text, key=key, other=other: text.replace(key, other).replace(short(key), short(other))  # type: ignore[misc]  # a lambda with defaults


def _like(key: str, dice: random.Random) -> str:
    """Another key of the same form."""
    kinds = ("0123456789abcdef", string.digits, string.ascii_lowercase, string.ascii_uppercase)
    return "".join(
        next((dice.choice(kind) for kind in kinds if character in kind), character) for character in key
    )

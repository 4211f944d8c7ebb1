"""Reports on the parts of a run in, the report on the whole out. Pure.

What lives here: what parts must have in common, that none is missing or there twice, and how they add up.
What must never be known here: where the parts' reports come from, and how checks were dealt out to parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase

from conformance.mistakes import Mistakes
from conformance.reporting.integrity.consistency import inconsistencies, report_date
from conformance.reporting.observations import added
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import (
    CallerMust,
    CheckEntry,
    Commit,
    DifferenceEntry,
    Fidelity,
    Readiness,
    Run,
    Selection,
    WaiverEntry,
)
from conformance.reporting.verdict import standing, summarise, verdict

Parts = Mapping[str, Readiness]
"""the reports, each by the name that its reader knows it by"""

CLOCKS = ("real", "accelerated", "virtual")
"""from the one that proves most to the fastest"""

COMMON: Mapping[str, Callable[[Readiness], object]] = {
    "number of parts": lambda part: part.run.shard and part.run.shard.count,
    "tool": lambda part: f"{part.tool.name} {part.tool.version}",
    "subject": lambda part: part.subject,
    "contract": lambda part: f"{part.contract.name} {part.contract.version}",
    "contract digest": lambda part: part.contract.digest,
    "profile digest": lambda part: part.run.profile_digest,
    "client digest": lambda part: part.run.client_digest,
    "commit": lambda part: part.run.commit and _committed(part.run.commit),
    "API version": lambda part: part.run.api_version,
    "driver": lambda part: part.run.driver,
    "sandbox": lambda part: part.run.sandbox,
    "seed": lambda part: part.run.seed,
    "budget": lambda part: part.run.budget_s,
    "--select": lambda part: part.run.selection and part.run.selection.select,
    "--skip": lambda part: part.run.selection and part.run.selection.skip,
    "requirements": lambda part: [
        requirement.model_dump(exclude={"standing"}) for requirement in part.requirements
    ],
    "waivers": lambda part: [(waiver.check, waiver.owner, waiver.expires) for waiver in part.waivers],
}
"""What all parts must have in common, by the name that a reader knows it by. Examples come in `_examples`."""
LONG = frozenset({"requirements", "waivers"})
"""not worth quoting"""


def merge(parts: Parts) -> Readiness:
    """The report on the whole run, as if it had been one: its times, which are sums, tell it apart, and that trials
    which two parts ran are among what was measured twice.

    Raises Mistakes, a line for each reason why these reports do not make a whole.
    """
    if not parts:
        raise Mistakes(["there is nothing to merge; name the folders of the parts' reports"])
    if wrong := [*_not_parts(parts)] or [*_differences(parts)] or [*_misfits(parts)]:
        raise Mistakes(wrong)
    ordered = sorted(parts.values(), key=_index)
    first = ordered[0]
    today = _last_day(ordered)
    checks = tuple(_counted_from(today, check) for check in _checks(ordered))
    by_check = {check.id: check for check in checks}
    waivers = tuple(
        waiver.model_copy(update={"days_left": (waiver.expires - today).days}) for waiver in _waivers(ordered)
    )
    run = _run(ordered, checks)
    asked = [check for check in checks if run.selection is None or check.id in run.selection.checks]
    reached = verdict(asked, waivers, interrupted=run.interrupted is not None)
    return first.model_copy(
        update={
            "verdict": "incomplete" if run.selection else reached,
            "generated_at": max(part.generated_at for part in ordered),
            "run": run,
            "summary": summarise(checks),
            "checks": checks,
            "requirements": tuple(
                requirement.model_copy(update={"standing": standing(requirement, by_check)})
                for requirement in first.requirements
            ),
            "waivers": waivers,
            "caller_must": _caller_must(ordered, checks),
            "observations": added(part.observations for part in ordered),
        }
    )


def _committed(commit: Commit) -> str:
    # The change first: what is quoted is cut.
    return f"{'changed ' if commit.modified else ''}{commit.id}"


def _not_parts(parts: Parts) -> Iterator[str]:
    for name, part in parts.items():
        if part.run.parts:
            yield f"{name}: it is merged from {part.run.parts} parts already; name those"
        elif part.run.shard is None:
            yield f"{name}: it is no part of a run; parts are made by golive run --shard I/N"
        else:
            yield from (f"{name}: it contradicts itself: {wrong}" for wrong in inconsistencies(part))


def _differences(parts: Parts) -> Iterator[str]:
    """What must be the same in all, and is not. Each other part is held against the first."""
    (name, first), *others = parts.items()
    for what, of in COMMON.items():
        for other, part in others:
            if of(part) != of(first):
                quoted = "" if what in LONG else f": {_told(of(part))}, there {_told(of(first))}"
                yield f"{other} does not have the {what} of {name}{quoted}"
    # Where no client was started, nobody knew on which clock it would have been, nor what that clock bears.
    started = {name: part for name, part in parts.items() if part.run.trials} or parts
    (name, first), *others = started.items()
    for other, part in others:
        if part.run.examples != first.run.examples:
            yield (
                f"{other} does not have the examples of {name}: {part.run.examples}, there {first.run.examples}; "
                "run all parts with the same --examples"
            )


def _misfits(parts: Parts) -> Iterator[str]:
    """Parts that are missing or there twice, checks that are in two parts or in none."""
    by_index: dict[int, list[str]] = {}
    owners: dict[str, list[str]] = {}
    for name, part in parts.items():
        by_index.setdefault(_index(part), []).append(name)
        for id_ in _selection(part).checks:
            owners.setdefault(id_, []).append(name)
    shard = next(iter(parts.values())).run.shard
    count = shard.count if shard else 0
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in by_index]
    if missing:
        few = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        yield f"missing: {counted(len(missing), 'part')} of {count}, {few}; run each with golive run --shard"
    twice = False
    for index, names in by_index.items():
        if len(names) > 1:
            twice = True
            yield f"{' and '.join(names)} are both part {index}/{count}; leave out all but one"
    if missing or twice:
        return
    for id_, names in owners.items():
        if len(names) > 1:
            yield f"{id_} was examined in {' and '.join(names)}; the checks were not dealt out alike"
    ordered = sorted(parts.values(), key=_index)
    last = _last_day(ordered)
    for waiver in _waivers(ordered):
        if waiver.check in owners and waiver.state != "expired" and waiver.expires < last:
            yield f"the waiver on {waiver.check} ran out while the parts were run; run them again"
    unasked = [id_ for id_ in _asked(parts) if id_ not in owners]
    if unasked:
        yield f"in none of the parts: {', '.join(unasked)}"


def _asked(parts: Parts) -> list[str]:
    """The checks that all parts together were asked for, as far as their options tell."""
    known = list(dict.fromkeys(check.id for part in parts.values() for check in part.checks))
    selection = _selection(next(iter(parts.values())))
    if Selection.OTHERWISE in selection.select:
        return []

    def matches(id_: str, patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(id_, pattern) for pattern in patterns)

    return [
        id_
        for id_ in known
        if (not selection.select or matches(id_, selection.select)) and not matches(id_, selection.skip)
    ]


def _checks(ordered: list[Readiness]) -> tuple[CheckEntry, ...]:
    """Each check as the part tells it that examined it, in the order of the catalogue."""
    found: dict[str, CheckEntry] = {}
    for part in ordered:
        own = _selection(part).checks
        for check in part.checks:
            if check.id in own or check.id not in found:
                found[check.id] = check
    return tuple(found.values())


def _last_day(ordered: list[Readiness]) -> date:
    """Parts may be run on either side of midnight: the whole counts from the day on which the last was written."""
    return max(map(report_date, ordered))


def _counted_from(today: date, check: CheckEntry) -> CheckEntry:
    if check.waiver is None:
        return check
    left = (check.waiver.expires - today).days
    return check.model_copy(update={"waiver": check.waiver.model_copy(update={"days_left": left})})


def _waivers(ordered: list[Readiness]) -> tuple[WaiverEntry, ...]:
    """Each waiver as the part tells it that its check fell to; of one that fell to none, as they all do."""
    merged = list(ordered[0].waivers)
    for part in ordered:
        for place, waiver in enumerate(part.waivers):
            if waiver.check in _selection(part).checks:
                merged[place] = waiver
    return tuple(merged)


def _caller_must(ordered: list[Readiness], checks: tuple[CheckEntry, ...]) -> tuple[CallerMust, ...]:
    """Duties in the order in which the checks met them. Those that one check met are all in its part, in order."""
    place = {check.id: index for index, check in enumerate(checks)}
    met: dict[str, list[tuple[int, int, str]]] = {}
    for part in ordered:
        for rank, duty in enumerate(part.caller_must):
            met.setdefault(duty.what, []).extend((place[id_], rank, id_) for id_ in duty.checks)
    duties = sorted((sorted(places), what) for what, places in met.items())
    return tuple(CallerMust(what=what, checks=tuple(id_ for *_, id_ in places)) for places, what in duties)


def _run(ordered: list[Readiness], checks: tuple[CheckEntry, ...]) -> Run:
    runs = [part.run for part in ordered]
    selection = _selection(ordered[0])
    asked = {id_ for part in ordered for id_ in _selection(part).checks}
    # A part to which only checks without a client fell says nothing about clients.
    started = [run for run in runs if run.trials] or runs
    slowest = min(started, key=lambda run: CLOCKS.index(run.clock) if run.clock in CLOCKS else -1)
    interrupted = [
        f"part {_index(part)}: {part.run.interrupted}" for part in ordered if part.run.interrupted is not None
    ]
    whole = not selection.select and not selection.skip
    return runs[0].model_copy(
        update={
            "clock": slowest.clock,
            "clock_note": _clock_note(started, slowest),
            "examples": started[0].examples,
            "duration_s": round(sum(run.duration_s for run in runs), 3),
            "simulated_s": round(sum(run.simulated_s for run in runs), 3),
            "trials": sum(run.trials for run in runs),
            "confined": all(run.confined for run in started),
            "unconfined": next((run.unconfined for run in started if not run.confined), None),
            "shard": None,
            "parts": len(runs),
            "selection": None
            if whole
            else selection.model_copy(
                update={"checks": tuple(check.id for check in checks if check.id in asked)}
            ),
            "interrupted": "; ".join(interrupted) or None,
            "fidelity": _fidelity([run.fidelity for run in runs if run.fidelity is not None]),
        }
    )


def _fidelity(seen: list[Fidelity]) -> Fidelity | None:
    """Each difference once, as often as all parts together saw it."""
    if not seen:
        return None
    times: dict[tuple[str, ...], int] = {}
    for each in (difference for part in seen for difference in part.differences):
        key = (each.operation, each.situation, each.aspect, each.ours, each.theirs)
        times[key] = times.get(key, 0) + each.times
    names = ("operation", "situation", "aspect", "ours", "theirs")
    return Fidelity(
        compared=sum(part.compared for part in seen),
        differences=tuple(
            DifferenceEntry.model_validate({**dict(zip(names, key, strict=True)), "times": count})
            for key, count in sorted(times.items())
        ),
    )


def _clock_note(started: list[Run], slowest: Run) -> str | None:
    others = dict.fromkeys(run.clock for run in started if run.clock != slowest.clock)
    if not others:
        return slowest.clock_note
    count = sum(run.clock == slowest.clock for run in started)
    why = f": {slowest.clock_note.removeprefix(f'{slowest.clock}: ')}" if slowest.clock_note else ""
    return f"in {count} of {counted(len(started), 'part')}{why}; the others on the {' and the '.join(others)} clock"


def _selection(part: Readiness) -> Selection:
    assert part.run.selection is not None
    return part.run.selection


def _index(part: Readiness) -> int:
    assert part.run.shard is not None
    return part.run.shard.index


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)[:19]

"""Where a report contradicts itself: its own arithmetic, done again. Pure.

What lives here: what every report must agree with itself about, whoever wrote it, and with which golive.
What must never be known here: the catalogue, the contract, the files of a report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date

from conformance.reporting.observations import added
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import Cover, Readiness, Run, WaiverEntry
from conformance.reporting.verdict import standing, summarise, verdict_of_selected, waiver_state

ROUNDED = 0.0015
"""client seconds by which a sum, rounded to three digits, may be away from what it is the sum of"""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that does not fit. `place`: where in `readiness.json`, as `checks[3].status`."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place} {self.what}" if self.place else self.what


def inconsistencies(readiness: Readiness) -> list[Misfit]:
    """Where the report contradicts itself; nothing in a report that nobody has changed."""
    return [
        *_counts(readiness),
        *_run(readiness.run),
        *_selection(readiness),
        *(misfit for index in range(len(readiness.checks)) for misfit in _check(readiness, index)),
        *_requirements(readiness),
        *_waivers(readiness),
        *_duties(readiness),
        *_observations(readiness),
    ]


def miscounted(readiness: Readiness) -> Iterator[Misfit]:
    """Where the totals of the run are not the sums over its checks."""
    run = readiness.run
    trials = sum(check.trials for check in readiness.checks)
    if run.trials != trials:
        yield Misfit("run.trials", f"is {run.trials:,}, but the checks had {trials:,} in all")
    simulated = sum(check.simulated_s for check in readiness.checks)
    if abs(run.simulated_s - simulated) > ROUNDED * (run.parts or 1):
        yield Misfit(
            "run.simulated_s",
            f"is {run.simulated_s:.3f}, but the client lived through {simulated:.3f} in all checks",
        )


def report_date(readiness: Readiness) -> date:
    """The day from which days are counted."""
    written = readiness.generated_at
    try:
        return (written if written.tzinfo is None else written.astimezone(UTC)).date()
    except OverflowError:  # somewhere on earth it is a year before the first, or after the last
        return written.date()


def _counts(readiness: Readiness) -> Iterator[Misfit]:
    for name, ids in (
        ("checks", [check.id for check in readiness.checks]),
        ("requirements", [requirement.id for requirement in readiness.requirements]),
    ):
        if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            yield Misfit(name, f"has more than once: {', '.join(twice)}")
    due = summarise(readiness.checks).model_dump()
    for name, count in readiness.summary.model_dump().items():
        if count != due[name]:
            yield Misfit(
                f"summary.{name}", f"is {count:,}, but the checks as they are listed make {due[name]:,}"
            )
    reached = "incomplete" if readiness.run.selection else verdict_of_selected(readiness)
    if readiness.verdict != reached:
        yield Misfit("verdict", f"is {readiness.verdict}, but the checks add up to {reached}")
    if readiness.generated_at.tzinfo is None:
        yield Misfit("generated_at", "has no time zone")


def _run(run: Run) -> Iterator[Misfit]:
    shard = run.shard
    if shard and not (run.selection and shard.index <= shard.count):
        yield Misfit(
            "run.shard",
            f"is part {shard.index:,} of {shard.count:,}, and no checks of such a part are listed",
        )
    if shard and run.parts:
        yield Misfit("run.parts", "says that it was merged, and run.shard that it is still a part")
    if run.confined != (run.unconfined is None):
        yield Misfit("run.confined", f"is {str(run.confined).lower()}, which does not go with run.unconfined")
    behind_proxy = run.sandbox != "simulated"
    if run.fidelity is not None and not behind_proxy:
        yield Misfit("run.fidelity", "compares the simulation with an endpoint, and there was none")


def _selection(readiness: Readiness) -> Iterator[Misfit]:
    selection = readiness.run.selection
    if selection is None:
        return
    listed = {check.id for check in readiness.checks}
    if strange := [id_ for id_ in selection.checks if id_ not in listed]:
        yield Misfit("run.selection.checks", f"names {', '.join(strange)}, which the report does not have")
    if len(set(selection.checks)) != len(selection.checks):
        yield Misfit("run.selection.checks", "names a check twice")
    for index, check in enumerate(readiness.checks):
        if check.id not in selection.checks and check.status != "skipped":
            yield Misfit(
                f"checks[{index}].status", f"is {check.status}, but {check.id} was not selected for this run"
            )


def _check(readiness: Readiness, index: int) -> Iterator[Misfit]:
    check = readiness.checks[index]
    place = f"checks[{index}]"
    status = f"of {check.id} is {check.status}"
    waiver = check.waiver
    fails = check.status == "failed" or (waiver is not None and waiver.covers == "failure")
    if (check.status == "waived") != (waiver is not None):
        yield Misfit(f"{place}.status", f"{status}, which does not go with what it says about a waiver")
    elif waiver and not any(_covers(each, check.id, waiver) for each in readiness.waivers):
        yield Misfit(f"{place}.waiver", f"of {check.id} is not listed as used among the waivers")
    if fails and check.finding is None:
        yield Misfit(f"{place}.status", f"{status}, but there is no finding that says why")
    if not fails and check.finding is not None:
        yield Misfit(f"{place}.status", f"{status}, but it has a finding")
    untested = waiver is not None and waiver.covers == "untested"
    if (check.status in ("skipped", "not-applicable", "error") or untested) and not check.reason:
        yield Misfit(f"{place}.reason", f"of {check.id} is missing, which is {check.status}")
    if (check.status == "passed" or fails) and check.reason is not None:
        yield Misfit(f"{place}.reason", f"of {check.id} says why it was not tested, but it is {check.status}")
    if check.finding is not None and check.finding.reproduced > check.finding.repetitions:
        yield Misfit(
            f"{place}.finding.reproduced",
            f"is more than the {counted(check.finding.repetitions, 'repetition')}",
        )
    known = {requirement.id for requirement in readiness.requirements}
    if strange := [id_ for id_ in check.requirements if id_ not in known]:
        yield Misfit(f"{place}.requirements", f"names {', '.join(strange)}, which the report does not have")
    if not check.trials and check.simulated_s:
        yield Misfit(f"{place}.simulated_s", f"is {check.simulated_s}, but {check.id} had no trial")


def _covers(waiver: WaiverEntry, check_id: str, cover: Cover) -> bool:
    """Is this the waiver that the check says it rests on?"""
    same = (waiver.reason, waiver.owner, waiver.expires, waiver.days_left)
    return (
        waiver.check == check_id
        and waiver.state == "used"
        and same == (cover.reason, cover.owner, cover.expires, cover.days_left)
    )


def _requirements(readiness: Readiness) -> Iterator[Misfit]:
    checks = {check.id: check for check in readiness.checks}
    for index, requirement in enumerate(readiness.requirements):
        place = f"requirements[{index}]"
        if strange := [id_ for id_ in requirement.checks if id_ not in checks]:
            yield Misfit(f"{place}.checks", f"names {', '.join(strange)}, which the report does not have")
        due = standing(requirement, checks)
        if requirement.standing != due:
            told = f'of {requirement.id} is "{requirement.standing}", but its checks make it "{due}"'
            yield Misfit(f"{place}.standing", told)


def _waivers(readiness: Readiness) -> Iterator[Misfit]:
    checks = {check.id: check for check in readiness.checks}
    selection = readiness.run.selection
    today = report_date(readiness)
    for index, waiver in enumerate(readiness.waivers):
        place = f"waivers[{index}]"
        days = (waiver.expires - today).days
        if waiver.days_left != days:
            yield Misfit(
                f"{place}.days_left",
                f"is {waiver.days_left:,}, but from {today} to {waiver.expires} it is {counted(days, 'day')}",
            )
        check = checks.get(waiver.check)
        lost = check is not None and check.status == "skipped" and readiness.run.interrupted is not None
        due = waiver_state(
            waiver.check, check, days, None if selection is None else selection.checks, was_run=not lost
        )
        if due is None:
            yield Misfit(f"{place}.check", f"holds for {waiver.check}, which is skipped all the same")
            continue
        for name, value, right in zip(
            ("state", "blocks", "note"), (waiver.state, waiver.blocks, waiver.note), due, strict=True
        ):
            if value != right:
                told = f"of the waiver on {waiver.check} is {_said(value)}, but it should be {_said(right)}"
                yield Misfit(f"{place}.{name}", told)


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _duties(readiness: Readiness) -> Iterator[Misfit]:
    listed = {check.id: number for number, check in enumerate(readiness.checks)}
    for index, duty in enumerate(readiness.caller_must):
        place = f"caller_must[{index}].checks"
        if strange := [id_ for id_ in duty.checks if id_ not in listed]:
            yield Misfit(place, f"names {', '.join(strange)}, which the report does not have")
        elif not duty.checks or list(duty.checks) != sorted(set(duty.checks), key=lambda id_: listed[id_]):
            yield Misfit(place, "does not name each check that met it once, in their order")


def _observations(readiness: Readiness) -> Iterator[Misfit]:
    measured = readiness.observations
    if measured is None:
        return
    if not readiness.run.trials:
        yield Misfit("observations", "were made in no trial")
    if added([measured]) != measured:
        yield Misfit("observations", "are not in their order, or there twice")
    for index, entry in enumerate(measured.waits):
        short = sum(
            count
            for waited, count in entry.waited
            if entry.required_s is not None and waited <= entry.required_s
        )
        if entry.early > short:
            told = f"is {entry.early:,}, but no more than {short:,} of these waits can have been too short"
            yield Misfit(f"observations.waits[{index}].early", told)

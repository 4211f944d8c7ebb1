"""Two readiness reports in, what changed between them out. Pure.

What lives here: what became of each check, what counts as a regression, and what else is told.
What must never be known here: where the reports come from, and how a comparison is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from conformance.finding import Severity
from conformance.mistakes import Mistakes
from conformance.reporting import wording
from conformance.reporting.comparison import contrast
from conformance.reporting.comparison.circumstances import circumstances, warnings
from conformance.reporting.comparison.entries import (
    SCHEMA,
    Change,
    CheckChange,
    Comparison,
    Line,
    Regression,
    Side,
    StandingChange,
    WaiverEntryChange,
)
from conformance.reporting.comparison.waivers import waiver_changes
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import CheckEntry, ContractFacts, Readiness, Tool, Verdict
from conformance.reporting.verdict import verdict

UNASKED = "not asked for"
GRAVITY: Mapping[Verdict, int] = {"ready": 0, "ready-with-waivers": 0, "incomplete": 1, "not-ready": 2}
"""A waiver is no regression: somebody answers for it."""
HELD = ("passed", "passed, as declared")
ANSWERED_FOR = ("failed, waived", "accepted untested")
WORSE: Mapping[Change, str] = {
    "newly failing": "it fails",
    "in error": "it was proven, and now the suite itself went wrong",
    "newly untested": "it was proven, and is not tested any more",
    "only declared": "it was observed, and now only the profile says so",
    "gone": "it was proven, and the new report does not have it",
}
_ORDER: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One check in both reports, None where one lacks it, with its status in words."""

    old: CheckEntry | None
    new: CheckEntry | None
    was: str | None
    now: str | None

    @property
    def entry(self) -> CheckEntry:
        entry = self.new or self.old
        assert entry is not None
        return entry


def compare(old: Readiness, new: Readiness) -> Comparison:
    """What is worse, better or other in `new` than in `old`.

    Raises Mistakes if the two hold clients to contracts of different names: nothing that was proven against one says
    anything about the other.
    """
    if old.contract.name != new.contract.name:
        names = f"{plain(old.contract.name, 100)} and {plain(new.contract.name, 100)}"
        raise Mistakes([f"these are reports on different contracts, {names}: there is nothing to compare"])
    pairs = _pairs(old, new)
    changes = [change for pair in pairs if (change := _changed(pair))]
    changes.sort(
        key=lambda each: (
            not each.regression,
            _ORDER.index(each.change),
            wording.SEVERITIES.index(each.severity),
        )
    )
    waivers = tuple(waiver_changes(old, new, _asked(new)))
    regressions = tuple(_regressions(old, new, changes, waivers))
    duties = [{plain(duty.what, 500): None for duty in report.caller_must} for report in (old, new)]
    return Comparison(
        schema_id=SCHEMA,
        regressed=bool(regressions),
        sentence=_sentence(new, changes, regressions),
        warnings=warnings(old, new, changed=any(change.was != change.now for change in changes)),
        old=_side(old),
        new=_side(new),
        regressions=regressions,
        checks=tuple(changes),
        unchanged=_unchanged(pairs, {change.id for change in changes}),
        requirements=tuple(_standings(old, new)),
        waivers=waivers,
        caller_must=tuple(what for what in duties[1] if what not in duties[0]),
        caller_need_not=tuple(what for what in duties[0] if what not in duties[1]),
        run=circumstances(old, new),
    )


def _side(report: Readiness) -> Side:
    contract, selection = report.contract, report.run.selection
    return Side(
        subject=plain(report.subject, 200),
        verdict=report.verdict,
        sentence=plain(wording.sentence(report), 1_000),
        generated_at=report.generated_at,
        tool=Tool(name=plain(report.tool.name, 100), version=plain(report.tool.version, 100)),
        contract=ContractFacts(
            name=plain(contract.name, 100),
            version=plain(contract.version, 100),
            digest=plain(contract.digest, 100),
        ),
        summary=report.summary,
        asked_for=None if selection is None else len(selection.checks),
    )


def _asked(report: Readiness) -> set[str]:
    selection = report.run.selection
    return {check.id for check in report.checks} if selection is None else set(selection.checks)


def _pairs(old: Readiness, new: Readiness) -> list[_Pair]:
    """Every check of either, in the new report's order, then those that it lacks."""
    before, after = ({check.id: check for check in report.checks} for report in (old, new))
    asked = _asked(old), _asked(new)

    def told(check: CheckEntry | None, ids: set[str]) -> str | None:
        if check is None:
            return None
        return UNASKED if check.id not in ids and check.status == "skipped" else wording.status_words(check)

    return [
        _Pair(
            before.get(id_),
            after.get(id_),
            told(before.get(id_), asked[0]),
            told(after.get(id_), asked[1]),
        )
        for id_ in {**after, **before}
    ]


def _became(pair: _Pair) -> Change | None:
    was, now = pair.was, pair.now
    if was == now:
        return "failing differently" if now in ("failed", "failed, waived") and _differs(pair) else None
    match now:
        case None:
            return "gone"
        case "not asked for":
            return None if was is None else "not asked for"
        case "failed":
            return "newly failing"
        case "failed, waived" | "accepted untested":
            return "newly waived"
        case "suite error":
            return "in error"
        case "not tested":
            return None if was == UNASKED else "newly untested"
        case "passed, as declared" if was == "passed":
            return "only declared"
    if was is None:
        return "new"
    if now == "not applicable":
        return "newly not applicable"
    return (
        "tested again"
        if was in (UNASKED, "not tested", "accepted untested", "suite error")
        else "newly passing"
    )


def _differs(pair: _Pair) -> bool:
    if pair.old is None or pair.new is None:
        return False
    old, new = pair.old.finding, pair.new.finding
    if old is None or new is None:
        return old is not new
    if old.counterexample.digest == new.counterexample.digest and old.summary == new.summary:
        return bool(contrast.differences(old, new)) or _weighs_more(pair)
    return (
        not contrast.same_words(old, new)
        or bool(contrast.differences(old, new))
        or bool(contrast.steps(old, new))
        or _weighs_more(pair)
    )


def _weighs_more(pair: _Pair) -> bool:
    return (
        bool(pair.old and pair.new)
        and pair.entry.severity != "advisory"
        and _severity(pair.old) == "advisory"
    )


def _severity(check: CheckEntry | None) -> Severity | None:
    return None if check is None else check.severity


def _worse(pair: _Pair, change: Change) -> bool:
    """Is it a regression? Advice never is."""
    if pair.entry.severity == "advisory":
        return False
    match change:
        case "newly failing" | "only declared":
            return True
        case "newly untested":
            return pair.was in (*HELD, *ANSWERED_FOR)
        case "in error" | "gone":
            return pair.was in HELD
        case "failing differently":
            return pair.now == "failed" and _weighs_more(pair)
    return False


def _changed(pair: _Pair) -> CheckChange | None:
    change = _became(pair)
    if change is None:
        return None
    entry, new = pair.entry, pair.new
    found = None if new is None else new.finding
    # What a check found before is only of use beside what it finds now.
    before = pair.old.finding if pair.old and found else None
    words: tuple[str, ...] = ()
    if _weighs_more(pair):
        words = (f"it is {entry.severity} now, and was advice",)
    if before and found:
        words += contrast.differences(before, found)
    steps: tuple[Line, ...] = contrast.steps(before, found) if found else ()
    reason = None if new is None or change in ("newly failing", "failing differently") else new.reason
    cover = None if new is None else new.waiver
    return CheckChange(
        id=plain(entry.id, 100),
        title=plain(entry.title, 300),
        severity=entry.severity,
        change=change,
        was=pair.was,
        now=pair.now,
        regression=_worse(pair, change),
        reason=plain(wording.brief(reason), 500) if reason else None,
        summary=plain(found.summary, 1_000) if found else None,
        impact=plain(found.impact, 1_000) if found and found.impact else None,
        remedy=plain(found.remedy, 1_000) if found and found.remedy else None,
        before=plain(before.summary, 1_000)
        if before and found and not contrast.same_words(before, found)
        else None,
        waiver=plain(f"{cover.owner} until {cover.expires.isoformat()}: {cover.reason}", 1_000)
        if cover
        else None,
        differences=words,
        steps=steps,
    )


def _unchanged(pairs: list[_Pair], changed: set[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        id_ = plain(pair.entry.id, 100)
        if pair.now is not None and id_ not in changed:
            found[pair.now] = (*found.get(pair.now, ()), id_)
    return found


def _regressions(
    old: Readiness, new: Readiness, changes: list[CheckChange], waivers: tuple[WaiverEntryChange, ...]
) -> Iterator[Regression]:
    told = set()
    for change in changes:
        if change.regression:
            told.add(change.id)
            yield Regression(about=change.id, severity=change.severity, why=_why(change))
    for waiver in waivers:
        if waiver.blocks and waiver.change != "removed" and waiver.check not in told:
            yield Regression(
                about=waiver.check, severity=None, why=f"its waiver newly stands in the way: {waiver.note}"
            )
    before, now = _reached(old, new), _reached(new, old)
    if GRAVITY[now] > GRAVITY[before]:
        whole = old.run.selection is None and new.run.selection is None
        of = "the verdict" if whole else "the verdict on what both were asked for"
        yield Regression(
            about="verdict",
            severity=None,
            why=f"{of} is {wording.VERDICTS[now]}, and was {wording.VERDICTS[before]}",
        )


def _why(change: CheckChange) -> str:
    if change.change == "newly failing":
        before = "the old report does not have it" if change.was is None else f"before: {change.was}"
        return f"it fails ({before})"
    if change.change == "failing differently":
        return f"it fails, is {change.severity} now, and was advice"
    if change.was in ANSWERED_FOR:
        return f"it is not tested, and nobody answers for it any more (before: {change.was})"
    return WORSE[change.change]


def _reached(report: Readiness, other: Readiness) -> Verdict:
    """Its verdict; where one of the two leaves checks out, on those that both were asked for."""
    if report.run.selection is None and other.run.selection is None:
        return report.verdict
    common = _asked(report) & _asked(other)
    return verdict(
        [check for check in report.checks if check.id in common],
        [waiver for waiver in report.waivers if waiver.check in common],
        interrupted=report.run.interrupted is not None,
    )


def _sentence(new: Readiness, changes: list[CheckChange], regressions: tuple[Regression, ...]) -> str:
    subject = plain(new.subject, 200)
    if regressions:
        failing = sum(change.regression and change.change == "newly failing" for change in changes)
        lost = sum(change.regression for change in changes) - failing
        parts = []
        if failing:
            parts.append(f"{counted(failing, 'check')} newly {'fails' if failing == 1 else 'fail'}")
        if lost:
            parts.append(f"{counted(lost, 'check')} {'is' if lost == 1 else 'are'} not proven any more")
        if any(each.why.startswith("its waiver") for each in regressions):
            parts.append("a waiver newly stands in the way")
        if any(each.about == "verdict" for each in regressions):
            parts.append("the verdict is worse")
        return f"{subject} got worse: {', '.join(parts)}."
    if not changes:
        return f"No regression in {subject}: every check is as it was."
    kinds = Counter(change.change for change in changes)
    return f"No regression in {subject}: {', '.join(f'{kinds[kind]:,} {kind}' for kind in _ORDER if kinds[kind])}."


def _standings(old: Readiness, new: Readiness) -> Iterator[StandingChange]:
    before, after = ({each.id: each for each in report.requirements} for report in (old, new))
    asked = _asked(old), _asked(new)
    left_out = [
        {check.id for check in report.checks} - ids for report, ids in zip((old, new), asked, strict=True)
    ]
    for id_ in {**after, **before}:
        was, now = before.get(id_), after.get(id_)
        either = now or was
        assert either is not None
        # What was not asked for stands as not tested, which says nothing about the client.
        unasked = bool(left_out[0].intersection(was.checks if was else ())) or bool(
            left_out[1].intersection(now.checks if now else ())
        )
        standings = was and was.standing, now and now.standing
        if standings[0] != standings[1] and not unasked:
            yield StandingChange(
                id=plain(id_, 100),
                text=plain(either.text, 500),
                strength=either.strength,
                was=standings[0],
                now=standings[1],
            )

"""How two reports came about, held against each other: how far they can be compared. Pure.

What lives here: what differs in the runs, what that means for a comparison, and what has to be said before it.
What must never be known here: what became of any check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from conformance.reporting.comparison.entries import Difference
from conformance.reporting.integrity.consistency import inconsistencies
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted, duration
from conformance.reporting.readiness import Readiness

UNKNOWN = "not known"
MOST_CONTRADICTIONS = 3


def _moment(report: Readiness) -> datetime:
    written = report.generated_at
    return written.replace(tzinfo=UTC) if written.tzinfo is None else written


def _contract(report: Readiness) -> str:
    return f"{plain(report.contract.version, 100)} {plain(report.contract.digest, 100)[:19]}"


def _told(value: str | None) -> str:
    return UNKNOWN if value is None else plain(value, 200)


def _commit(report: Readiness) -> str | None:
    commit = report.run.commit
    return None if commit is None else f"{commit.id}{', with changes' if commit.modified else ''}"


def _budget(report: Readiness) -> str:
    return "none" if report.run.budget_s is None else duration(report.run.budget_s)


def _selection(report: Readiness) -> str:
    selection, shard = report.run.selection, report.run.shard
    if selection is None:
        return "every check"
    parts = [f"--select {pattern}" for pattern in selection.select]
    parts += [f"--skip {pattern}" for pattern in selection.skip]
    if selection.without_client:
        parts.append("checks that need no client")
    if shard:
        parts.append(f"part {shard.index:,} of {shard.count:,}")
    of = f": {', '.join(parts)}" if parts else ""
    return f"{counted(len(selection.checks), 'check')}{of}"


_FACTS: tuple[tuple[str, Callable[[Readiness], str | None], str], ...] = (
    ("subject", lambda report: report.subject, "this may be another client"),
    ("client", lambda report: report.run.client_digest, ""),
    ("commit", _commit, ""),
    ("contract version", lambda report: report.contract.version, "the client was held to other promises"),
    ("contract", lambda report: report.contract.digest, "the client was held to other promises"),
    ("API version", lambda report: report.run.api_version, "the client asks for another version"),
    ("driver", lambda report: report.run.driver, "the client was handed its orders in another way"),
    ("sandbox", lambda report: report.run.sandbox, "another API answered"),
    ("clock", lambda report: report.run.clock, "on another clock other trials fit into a run"),
    ("seed", lambda report: str(report.run.seed), "other trials were generated"),
    ("examples", lambda report: f"{report.run.examples:,}", "more or fewer trials were generated"),
    ("budget", _budget, "less time, fewer trials"),
    ("selection", _selection, "what one of them left out is not compared"),
    ("profile", lambda report: report.run.profile_digest, ""),
    ("confined", lambda report: "yes" if report.run.confined else "no", ""),
    (
        "tool",
        lambda report: f"{report.tool.name} {report.tool.version}",
        "its checks may ask for more, or for less",
    ),
)


def circumstances(old: Readiness, new: Readiness) -> tuple[Difference, ...]:
    """What differs in how they came about, apart from times."""
    return tuple(
        Difference(what=what, old=before, new=now, means=means)
        for what, of, means in _FACTS
        if (before := _told(of(old))) != (now := _told(of(new)))
    )


def warnings(old: Readiness, new: Readiness, *, changed: bool) -> tuple[str, ...]:
    """What somebody has to know before anything else, a sentence each. `changed`: some check has another status."""
    return tuple(plain(told, 1_000) for told in _warnings(old, new, changed))


def _warnings(old: Readiness, new: Readiness, changed: bool) -> Iterator[str]:
    if old == new:
        yield "The two are the same report."
        return
    if old.subject != new.subject:
        yield (
            f"The new report is on another subject, {plain(new.subject, 200)}; the old one is on "
            f"{plain(old.subject, 200)}. If it was not just renamed, nothing below means anything."
        )
    if (old.contract.version, old.contract.digest) != (new.contract.version, new.contract.digest):
        yield (
            "The contract is not the same: a check of the same name may ask for something else, whatever the client "
            f"does ({_contract(old)}, now {_contract(new)})."
        )
    if _moment(new) < _moment(old):
        yield "The new report was written before the old one: are the two in the right order?"
    for which, report in (("old", old), ("new", new)):
        contradictions = inconsistencies(report)
        if contradictions:
            told = "; ".join(map(str, contradictions[:MOST_CONTRADICTIONS]))
            yield (
                f"The {which} report contradicts itself, so golive did not write it like this: {told}. golive verify "
                "says all that is wrong with it."
            )
        if report.run.interrupted is not None:
            yield f"The {which} run ended early: {report.run.interrupted}."
        if report.run.selection is not None:
            few = len(report.run.selection.checks)
            yield (
                f"The {which} report is no readiness report: only {few:,} of "
                f"{counted(len(report.checks), 'check')} were asked for. What it left out is not compared."
            )
    digest = new.run.client_digest
    if changed and digest is not None and digest == old.run.client_digest:
        yield "The client's source is the same in both: whatever changed comes from elsewhere."

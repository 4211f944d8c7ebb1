"""Stored counterexamples, judged again: does the evidence show what the finding says? Pure.

What lives here: from a stored finding to the one that its evidence gives, and where they differ.
What must never be known here: any check in particular, and how trials are run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from pydantic import JsonValue, ValidationError

from conformance.check import Check
from conformance.contract import Contract
from conformance.endpoint.dialogue import Dialogue, dialogues
from conformance.evidence import Evidence, evidences
from conformance.examination import SILENCE, SUDDEN_END
from conformance.finding import Finding, Violation
from conformance.judge.talk import Talk
from conformance.remarks import remarks_under
from conformance.reporting.counterexample import counterexample_digest, finding_entry
from conformance.reporting.integrity.consistency import Misfit
from conformance.reporting.integrity.strict_json import differences
from conformance.reporting.plain import plain_json
from conformance.reporting.readiness import CheckEntry, Counterexample, FindingEntry

MOST_EXCHANGES = 20_000
"""of one trial; a client that storms is ended long before"""
_CUT = re.compile(r"… (\([\d,]+ characters more\)|\[[\d,]+ characters more\])\Z")


class Unjudgeable(Exception):
    """It cannot be said whether the evidence shows what the finding says; the text says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a judge needs to know beside the evidence. `api_version`: the one that the profile names."""

    contract: Contract
    api_version: str


def digest_misfits(counterexample: Counterexample) -> Iterator[Misfit]:
    """Is it the counterexample that was found?"""
    stored = counterexample
    due = counterexample_digest(stored.orders, stored.schedule, stored.evidence)
    if stored.digest != due:
        yield Misfit(
            "digest", f"is {stored.digest[:12]}…, but that of orders, schedule and evidence is {due[:12]}…"
        )


def judged_again(entry: CheckEntry, check: Check, terms: Terms) -> list[Misfit]:
    """Where a finding says something else than its evidence; places are below the finding.

    Raises Unjudgeable where texts were left out of the evidence that may have mattered, or the judge is not all ours.
    """
    finding = entry.finding
    assert finding is not None
    stored = finding.counterexample.evidence
    if not stored:
        return [*_of_nothing(finding, check)]
    try:
        if check.judge is not None:
            evidence = evidences.validate_python(stored)
            kept: object = evidences.dump_python(evidence, mode="json", by_alias=True)
            misfits = (
                [*_on_evidence(finding, evidence, check, terms)] if _is_of_size(evidence) else [_TOO_LARGE]
            )
        elif check.listener is not None:
            dialogue = dialogues.validate_python(stored)
            kept = dialogues.dump_python(dialogue, mode="json")
            misfits = [*_on_dialogue(finding, dialogue, check, terms)]
        else:
            return [Misfit("counterexample.evidence", f"should be empty: {check.id} examines no trial")]
    except ValidationError as error:
        return [_invalid(error)]
    except ModuleNotFoundError as error:
        raise Unjudgeable(f"it is judged by {error.name}, which is not installed here") from None
    written = differences(stored, plain_json(cast(JsonValue, kept), limit=10**9), "counterexample.evidence")
    misfits += [Misfit(place, what) for place, what in written]
    if misfits and _is_cut(stored):
        raise Unjudgeable("texts of its evidence were too long to be kept whole")
    if misfits and check.library:
        raise Unjudgeable(
            f"it is another finding here, which another version of {check.library} may explain as well"
        )
    return misfits


def is_stored(entry: CheckEntry) -> bool:
    """Is there a counterexample to judge?"""
    return entry.finding is not None and bool(entry.finding.counterexample.evidence)


_TOO_LARGE = Misfit("counterexample.evidence.exchanges", f"has more than {MOST_EXCHANGES:,} entries")


def _is_of_size(evidence: Evidence) -> bool:
    return len(evidence.exchanges) <= MOST_EXCHANGES


def _of_nothing(finding: FindingEntry, check: Check) -> Iterator[Misfit]:
    if check.judge is not None or check.listener is not None:
        yield Misfit("counterexample.evidence", f"is empty, and {check.id} finds nothing without evidence")
    for name in ("steps", "sequence", "exchanges"):
        if getattr(finding, name):
            yield Misfit(name, "tells of a trial, and there was none")
    if finding.counterexample.orders or finding.counterexample.schedule:
        yield Misfit("counterexample", "has orders or a schedule, and no evidence")
    told = {finding.summary, *(other.summary for other in finding.others)}
    for index, location in enumerate(finding.locations or ()):
        if location.summary not in told:
            yield Misfit(f"locations[{index}].summary", "is none of what was found")


def _on_evidence(finding: FindingEntry, evidence: Evidence, check: Check, terms: Terms) -> Iterator[Misfit]:
    """The profile says whether the client resumes, which the report does not: one of both must give the finding."""
    going_on = _violation(evidence, check, terms, resumes=True)
    misfits = [*_held_against(finding, going_on, evidence, check, terms)]
    if misfits and (giving_up := _violation(evidence, check, terms, resumes=False)) != going_on:
        misfits = min(misfits, [*_held_against(finding, giving_up, evidence, check, terms)], key=len)
    yield from misfits


def _violation(evidence: Evidence, check: Check, terms: Terms, *, resumes: bool) -> Violation | None:
    remarks = remarks_under(check, evidence, terms.contract, terms.api_version, resumes)
    return next((remark for remark in remarks if isinstance(remark, Violation)), None)


def _on_dialogue(finding: FindingEntry, dialogue: Dialogue, check: Check, terms: Terms) -> Iterator[Misfit]:
    assert check.listener is not None
    remarks = check.listener(Talk(dialogue, terms.contract))
    heard = [replace(remark, dialogue=dialogue) for remark in remarks if isinstance(remark, Violation)]
    yield from _held_against(finding, heard[0] if heard else None, None, check, terms)


def _held_against(
    finding: FindingEntry, violation: Violation | None, evidence: Evidence | None, check: Check, terms: Terms
) -> Iterator[Misfit]:
    """The stored finding against the one that comes of its evidence."""
    if violation is None:
        yield Misfit(
            "", f"of {check.id} says what its evidence does not show: judged again, there is nothing wrong"
        )
        return
    due = finding_entry(
        Finding(violation, evidence, finding.impact, finding.remedy, finding.repetitions, finding.reproduced),
        terms.contract,
    )
    for place, what in differences(_told(finding), _told(due)):
        yield Misfit(place, what)
    if evidence is not None:
        if finding.others:
            yield Misfit("others", "names violations of other kinds, which a trial does not leave")
        silent = not evidence.exchanges
        if silent and (finding.impact, finding.remedy) not in (
            SILENCE,
            SUDDEN_END,
            (check.impact, check.remedy),
        ):
            yield Misfit("remedy", "is none that golive gives for a client that sends nothing")


def _told(finding: FindingEntry) -> JsonValue:
    left_out = {"others", "locations", "counterexample"}
    told: dict[str, JsonValue] = finding.model_dump(mode="json", exclude=left_out)
    kept: Mapping[str, JsonValue] = finding.counterexample.model_dump(
        mode="json", include={"orders", "schedule"}
    )
    return told | {"counterexample": dict(kept)}


def _invalid(error: ValidationError) -> Misfit:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    return Misfit(
        f"counterexample.evidence{place}", f"is none of the evidence that golive keeps: {first['msg']}"
    )


def _is_cut(value: JsonValue) -> bool:
    match value:
        case str():
            return _CUT.search(value) is not None
        case list():
            return any(map(_is_cut, value))
        case dict():
            return any(map(_is_cut, value.values()))
        case _:
            return False

"""A finding as the report holds it: plain JSON, complete enough to be run again, safe to be shown.

What lives here: how findings and their evidence are put into the report's records.
What must never be known here: what a finding means for the verdict, and how it looks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import JsonValue

from conformance.contract import Contract
from conformance.endpoint.dialogue import Dialogue, dialogues
from conformance.evidence import Evidence, evidences
from conformance.faults import to_mappings
from conformance.finding import Finding, Violation
from conformance.reporting.conversation import ASKER, conversation
from conformance.reporting.diagram import diagram
from conformance.reporting.plain import plain, plain_json
from conformance.reporting.readiness import Counterexample, FindingEntry, LocationEntry, ViolationEntry
from conformance.reporting.sequence import sequence


def finding_entry(finding: Finding, contract: Contract | None = None) -> FindingEntry:
    """The finding with its counterexample told and stored. `contract`: says how long the client had to wait."""
    main = _violation(finding.violation)
    evidence = finding.evidence
    dialogue = finding.violation.dialogue
    steps = () if evidence is None else sequence(evidence, main.exchanges, contract)
    if dialogue is not None:
        steps = conversation(dialogue, main.exchanges)
    return FindingEntry(
        rule=main.rule,
        summary=main.summary,
        impact=plain(finding.impact, 1_000),
        remedy=plain(finding.remedy, 1_000),
        exchanges=main.exchanges,
        repetitions=finding.repetitions,
        reproduced=finding.reproduced,
        others=tuple(_violation(other) for other in finding.others),
        sequence=diagram(steps, asker="client" if dialogue is None else ASKER),
        steps=steps,
        locations=_locations((finding.violation, *finding.others)) or None,
        counterexample=_heard(dialogue) if evidence is None else counterexample(evidence),
    )


def _heard(dialogue: Dialogue | None) -> Counterexample:
    """What a real endpoint was asked and said; nothing where none was asked."""
    heard = {} if dialogue is None else dialogues.dump_python(dialogue, mode="json")
    return _sealed((), {}, cast(dict[str, JsonValue], plain_json(heard)))


def counterexample(evidence: Evidence) -> Counterexample:
    """The trial, told apart into orders and schedules, with all that was observed in it."""
    observed = evidences.dump_python(evidence, mode="json", by_alias=True)
    planned = evidence.trial.orders
    schedule = {order.reference: to_mappings(order.schedule) for order in planned}
    return _sealed(
        tuple(
            {"reference": order.reference, "face_value": order.face_value, "body": order.body}
            for order in planned
        ),
        # Faults are models of strings, numbers and booleans only.
        cast(dict[str, list[dict[str, JsonValue]]], schedule),
        cast(dict[str, JsonValue], plain_json(observed)),
    )


def _sealed(
    orders: tuple[JsonValue, ...],
    schedule: dict[str, list[dict[str, JsonValue]]],
    evidence: dict[str, JsonValue],
) -> Counterexample:
    digest = counterexample_digest(orders, schedule, evidence)
    return Counterexample(digest=digest, orders=orders, schedule=schedule, evidence=evidence)


def counterexample_digest(
    orders: tuple[JsonValue, ...],
    schedule: Mapping[str, list[dict[str, JsonValue]]],
    evidence: Mapping[str, JsonValue],
) -> str:
    """SHA-256, in hex, by which anybody can tell that a stored counterexample is the one that was found."""
    data = {"orders": orders, "schedule": schedule, "evidence": evidence}
    written = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(written.encode()).hexdigest()


def _locations(violations: Iterable[Violation]) -> tuple[LocationEntry, ...]:
    return tuple(
        LocationEntry(
            path=plain(violation.location.path, 1_000),
            line=violation.location.line,
            commit=violation.location.commit,
            summary=plain(violation.summary, 1_000),
        )
        for violation in violations
        if violation.location is not None
    )


def _violation(violation: Violation) -> ViolationEntry:
    return ViolationEntry(
        rule=plain(violation.rule, 200),
        summary=plain(violation.summary, 1_000),
        exchanges=violation.exchanges,
    )

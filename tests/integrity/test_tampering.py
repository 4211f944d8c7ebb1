"""Every value of a report changed, with and without everything else made to fit: what is found out, and what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from integrity_reports import (
    CONTRACT,
    Place,
    changed,
    check_of,
    files_of,
    known,
    leaves,
    report,
    results,
    verified,
)
from pydantic import JsonValue, ValidationError

from conformance.reporting.counterexample import counterexample_digest
from conformance.reporting.integrity.agreement import disagreements
from conformance.reporting.integrity.consistency import inconsistencies, miscounted
from conformance.reporting.integrity.verification import Verification, look_at
from conformance.reporting.json_file import to_json
from conformance.reporting.readiness import (
    AttemptsEntry,
    Counterexample,
    Observations,
    Readiness,
    WaitsEntry,
)
from conformance.retrial import Terms, Unjudgeable, digest_misfits, judged_again

REPORT = "readiness.json"
FEW = {
    "verdict": ("ready", "incomplete", "ready-with-waivers"),
    "status": ("passed", "failed", "waived", "skipped", "not-applicable", "error"),
    "severity": ("advisory", "blocker", "major"),
    "basis": ("declared", "observed"),
    "strength": ("may", "must", "should"),
    "standing": ("proven", "refuted", "not tested", "waived"),
    "state": ("used", "unused", "expired"),
    "covers": ("failure", "untested"),
}
"""places that hold one of a few words"""
UNBOUND = frozenset(
    {
        # what the run was
        "subject",
        "generated_at",
        "run.seed",
        "run.examples",
        "run.duration_s",
        "run.profile_digest",
        "run.client_digest",
        "run.commit.id",
        "run.commit.modified",
        "run.api_version",
        "run.profile",
        "run.clock_note",
        # what was told of it
        "checks[].duration_s",
        "checks[].reason",
        "checks[].note",
        "checks[].matrix[].row",
        "checks[].matrix[].column",
        "checks[].matrix[].text",
        "caller_must[].what",
        "waivers[].reason",
        "waivers[].owner",
        # how often a violation came back, and findings that rest on what is not in the report
        "checks[].finding.repetitions",
        "checks[].finding.rule",
        "checks[].finding.others[].rule",
        "checks[].finding.locations[].path",
        "checks[].finding.locations[].line",
        "checks[].finding.locations[].commit",
    }
)
"""What nothing else in a report depends on, beside details of the evidence: without a signature it is anybody's.
docs/integrity.md says so.
"""
EVIDENCE = "checks[].finding.counterexample.evidence."
UNREAD = frozenset(
    EVIDENCE + place
    for place in (
        "trial.seed",
        *(f"trial.{switch}" for switch in ("concurrent", "verbose", "restart", "twice", "once", "watched")),
        "trial.orders[].endless",
        *(
            f"exchanges[].{name}"
            for name in ("connection", "operation", "method", "target", "headers[][]", "body", "api_version")
        ),
        *(f"exchanges[].{name}" for name in ("response_body", "error_type", "order_id", "replayed")),
        *(
            f"ledger[].{name}"
            for name in ("face_value", "idempotency_key", "booked_at", "exchange", "status")
        ),
        *(f"clock.{name}" for name in ("kind", "simulated", "factor", "margin")),
        *(
            f"script.asks[].{name}"
            for name in ("operation", "position", "empty_name", "path", "method", "of_goods")
        ),
        "base_url",
        "turns[].headers[][]",
        *(f"turns[].{name}" for name in ("body", "at", "void")),
    )
)
"""Details of the evidence that neither these judges nor the diagrams read."""


def pattern(place: Place) -> str:
    return re.sub(r"\.?\[\]", "[]", ".".join("[]" if isinstance(part, int) else part for part in place))


def spelt(place: Place) -> str:
    return re.sub(r"\.\[", "[", ".".join(f"[{part}]" if isinstance(part, int) else part for part in place))


def another(place: Place, value: JsonValue) -> Iterator[JsonValue]:
    """Other values that could stand there."""
    name = next(part for part in reversed(place) if isinstance(part, str))
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str() if value in FEW.get(name, ()):
            yield from (word for word in FEW[name] if word != value)
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            yield "2027-02-01"
        case str() if name == "generated_at":
            yield value.replace("09:", "10:")
        case str():
            yield f"x{value}"
        case None:
            yield "x"


@cache
def whole() -> dict[str, bytes]:
    return files_of(report())


@cache
def data() -> JsonValue:
    return json.loads(whole()[REPORT])  # type: ignore[no-any-return] # as json has it


def with_digest(document: JsonValue, place: Place) -> JsonValue:
    """The document, with the digest of the counterexample worked out again in which something was changed."""
    if place[4:] == ("digest",) or place[3:4] != ("counterexample",):
        return document
    stored = document["checks"][place[1]]["finding"]["counterexample"]  # type: ignore[index, call-overload] # it is there
    parts = (stored["orders"], stored["schedule"], stored["evidence"])  # type: ignore[index, call-overload]  # JSON
    due = counterexample_digest(*parts)  # type: ignore[arg-type]  # as above
    return changed(document, (*place[:4], "digest"), lambda _: due)


def found_in(document: JsonValue) -> list[tuple[str, str]]:
    """What does not fit in a report to which all files are made again; a word where it is no report at all."""
    try:
        readiness = Readiness.model_validate(document)
    except ValidationError:
        return [(REPORT, "is not to the schema")]
    if readiness.model_dump(mode="json", by_alias=True) != document:
        return [(REPORT, "is not as golive writes it")]
    plainly = [*inconsistencies(readiness), *miscounted(readiness), *disagreements(readiness, known())]
    if plainly:  # judging takes longer
        return [(REPORT, str(misfit)) for misfit in plainly]
    found = Verification(report=readiness)
    look_at(found, readiness, known())
    return found.misfits


CHANGES = [
    (place, value)
    for place, stands in leaves(data())
    for value in another(place, stands)
    if stands not in ({}, [])
]


def test_there_is_a_leaf_of_every_kind_to_change() -> None:
    assert len(CHANGES) > 900
    assert not UNBOUND - {pattern(place) for place, _ in CHANGES}


def test_the_report_fits_before_anything_is_changed() -> None:
    found = verified(whole())
    assert (found.misfits, found.unchecked, found.status) == ([], [], 0)
    assert found.verified == [
        "readiness.json keeps to golive/readiness/v1: nothing in it is missing, unknown or there twice",
        "13 checks add up to not-ready, 16 requirements stand as their checks make them, "
        "4 waivers as the dates have it",
        "13 checks and 16 requirements are those of golive-conformance 0.1.0; the contract is runa 2024-02-05, as "
        "golive has it",
        "3 counterexamples judged again: all show what they are said to show",
        "readiness.html, readiness.md, readiness.sarif and readiness.xml are what golive 0.1.0 makes of "
        "readiness.json, byte for byte",
    ]


def test_whatever_is_bound_by_arithmetic_catalogue_evidence_or_judging_is_found_out() -> None:
    """The tamperer has golive, makes all other files again, and does the digests of the evidence again."""
    missed = set()
    for place, value in CHANGES:
        if place[:3] == ("checks", 4, "finding"):
            continue  # the evidence of the next one again
        document = changed(data(), place, lambda _, value=value: value)  # type: ignore[misc] # bound at once
        misfits = found_in(with_digest(document, place))
        if not misfits and pattern(place) not in UNBOUND | UNREAD:
            missed.add(f"{spelt(place)} = {value!r}")
    assert missed <= {"tool.version = 'x0.1.0'"}


def test_no_value_of_the_evidence_can_be_changed_without_its_digest() -> None:
    for index, check in enumerate(report().checks):
        if check.finding is not None:
            stored = check.finding.counterexample
            for place, stands in leaves(stored.model_dump(mode="json")):
                for value in another(place, stands) if stands not in ({}, []) else ():
                    document = changed(stored.model_dump(mode="json"), place, lambda _, value=value: value)  # type: ignore[misc] # bound at once
                    assert list(digest_misfits(Counterexample.model_validate(document))), (index, place)


NOT_SHOWN = {"checks[].finding.rule", "checks[].finding.others[].rule"}
"""in no other file"""


@pytest.mark.parametrize("unbound", sorted(UNBOUND - NOT_SHOWN))
def test_what_nothing_depends_on_is_in_the_other_files_too(unbound: str) -> None:
    document = next(
        document
        for place, value in CHANGES
        if pattern(place) == unbound
        and not found_in(document := changed(data(), place, lambda _, value=value: value))  # type: ignore[misc] # bound at once
    )
    readiness = Readiness.model_validate(document)
    found = verified({**whole(), REPORT: to_json(readiness).encode()})
    assert found.status == 1
    assert {file for file, _ in found.misfits} <= whole().keys() - {REPORT}
    assert all(re.match(r"line [\d,]+ has |goes on|ends", what) for _, what in found.misfits)


def at(path: str, value: JsonValue) -> Callable[[], JsonValue]:
    """The document with another value at a place, such as `checks[4].status`."""
    place = tuple(int(part) if part.isdigit() else part for part in re.findall(r"\w[\w-]*", path))
    return lambda: changed(data(), place, lambda _: value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (at("verdict", "ready"), "verdict is ready, but the checks add up to not-ready"),
        (at("summary.failed", 0), "summary.failed is 0, but the checks as they are listed make 3"),
        (at("run.trials", 500), "run.trials is 500, but the checks had 134 in all"),
        (
            at("run.simulated_s", 1.0),
            "run.simulated_s is 1.000, but the client lived through 8473.250 in all checks",
        ),
        (
            at("run.clock", "accelerated"),
            'run.clock is "accelerated", but with the driver python it is virtual or real',
        ),
        (
            at("checks[5].status", "passed"),
            "checks[5].status of retries.exactly-once is passed, but it has a finding",
        ),
        (
            at("checks[5].severity", "advisory"),
            'checks[5].severity of retries.exactly-once is "advisory", but in the catalogue it is "blocker"',
        ),
        (
            at("checks[6].waiver.expires", "2027-11-01"),
            "checks[6].waiver of retries.bounded is not listed as used among the waivers",
        ),
        (
            at("requirements[2].standing", "proven"),
            'requirements[2].standing of securing.key-storage is "proven", but its checks make it "refuted"',
        ),
        (
            at("waivers[0].days_left", 99),
            "waivers[0].days_left is 99, but from 2026-11-22 to 2027-01-31 it is 70 days",
        ),
        (
            at("waivers[2].state", "used"),
            'waivers[2].state of the waiver on versions.pinned is "used", but it should be "unused"',
        ),
        (
            at("waivers[2].blocks", False),
            "waivers[2].blocks of the waiver on versions.pinned is false, but it should be true",
        ),
        (
            at("checks[5].finding.summary", "Nothing much."),
            'checks[5].finding.summary is "Nothing much.", and should be "order-4f2a90c1de owns 2 orders',
        ),
        (
            at("checks[5].finding.counterexample.digest", "0" * 64),
            "checks[5].finding.counterexample.digest is 000000000000…, but that of orders, schedule and evidence is ",
        ),
        (
            at("checks[5].trials", 0),
            "checks[5].trials of retries.exactly-once is 0, but it is failed, which nothing but a trial can show",
        ),
        (at("contract.digest", "0" * 64), 'contract.digest is "0000'),
        (at("tool.name", "golive"), 'tool.name is "golive", but golive-conformance writes these reports'),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change: Callable[[], JsonValue], told: str) -> None:
    document = change()
    misfits = [what for _, what in found_in(document)]
    assert any(what.startswith(told) for what in misfits), misfits


def test_evidence_of_another_check_shows_nothing() -> None:
    """A finding whose trial was taken from elsewhere, all digests and steps made to fit."""
    place = ("checks", 5, "finding", "counterexample", "evidence", "ledger")
    document = with_digest(changed(data(), place, _none), place)
    misfits = [what for _, what in found_in(document)]
    assert (
        "checks[5].finding of retries.exactly-once says what its evidence does not show: judged again, there is "
        in ("".join(misfits))
    )


def _none(_: JsonValue) -> JsonValue:
    return []


def test_a_check_of_the_catalogue_cannot_be_left_out() -> None:
    readiness = report()
    less = readiness.checks[1:]
    found = Verification(report=readiness)
    look_at(found, readiness.model_copy(update={"checks": less}), known())
    assert (REPORT, "checks has no account.key-not-logged, which every report has") in found.misfits


def test_what_was_left_out_of_a_selection_cannot_be_made_to_look_whole() -> None:
    selected = report(selected={"retries.bounded"}, waivers=())
    forged = selected.model_copy(
        update={"run": selected.run.model_copy(update={"selection": None}), "verdict": "incomplete"}
    )
    found = Verification(report=forged)
    look_at(found, forged, known())
    assert any("says that it was not selected" in what for _, what in found.misfits)


def test_reports_in_every_state_of_a_run_fit() -> None:
    some = results()[:6]
    for readiness in (
        report(selected={"retries.exactly-once", "account.key-not-in-source"}, waivers=()),
        report(results=some, interrupted="it was interrupted"),
        report(waivers=()),
        report(subject="<script>alert(1)</script> \x1b[31m \u202e"),
        report(
            confined=False, unconfined="no namespaces here", clock="real", commit=None, client_digest=None
        ),
    ):
        found = verified(files_of(readiness))
        assert found.misfits == []


WAIT = WaitsEntry(after="a 429", required_s=5.0, waited=((1.0, 2), (6.0, 1)), early=2)
ONCE = AttemptsEntry(attempts=1, orders=3)


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        (Observations(waits=(WAIT,), attempts=(ONCE,)), []),
        (
            Observations(waits=(WAIT,), attempts=(ONCE, ONCE)),
            ["observations are not in their order, or there twice"],
        ),
        (
            Observations(waits=(WAIT.model_copy(update={"early": 3}),), attempts=(ONCE,)),
            ["observations.waits[0].early is 3, but no more than 2 of these waits can have been too short"],
        ),
    ],
)
def test_what_was_measured_is_in_order_and_counted(measured: Observations, told: list[str]) -> None:
    assert list(map(str, inconsistencies(report().model_copy(update={"observations": measured})))) == told


def test_a_waiver_that_ran_out_since_is_spoken_of() -> None:
    found = verified(whole(), today=date(2028, 1, 1))
    assert any("retries.bounded" in each and "run out" in each for each in found.open)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
PLACES = [place[:length] for place, _ in leaves(data()) for length in range(1, len(place) + 1)]


@seed(6)
@settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(place=st.sampled_from(PLACES), value=JSON)
def test_whatever_stands_anywhere_it_is_said_and_not_raised(place: Place, value: JsonValue) -> None:
    document = changed(data(), place, lambda _: value)
    if document != data():
        found = Verification()
        found.misfits += found_in(document)
        unbound = pattern(place).startswith(EVIDENCE.removesuffix(".")) or any(
            known_.startswith(pattern(place)) for known_ in UNBOUND
        )
        assert found.misfits or unbound


def test_a_judge_that_is_not_all_ours_leaves_open_what_it_says() -> None:
    readiness = report()
    (entry,) = (check for check in readiness.checks if check.id == "sandbox.reachable")
    assert entry.finding is not None
    ours = check_of(entry.id)
    terms = Terms(CONTRACT, "2024-02-05")
    assert judged_again(entry, ours, terms) == []
    other = entry.model_copy(update={"finding": entry.finding.model_copy(update={"rule": "another"})})
    assert judged_again(other, ours, terms)
    with pytest.raises(Unjudgeable, match="another version of schemathesis"):
        judged_again(other, replace(ours, library="schemathesis"), terms)

    def missing(_: object) -> None:
        raise ModuleNotFoundError("No module named 'schemathesis'", name="schemathesis")

    with pytest.raises(Unjudgeable, match="schemathesis, which is not installed here"):
        judged_again(entry, replace(ours, listener=missing), terms)  # type: ignore[arg-type] # raises

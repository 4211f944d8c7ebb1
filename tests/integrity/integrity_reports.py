"""A made-up report on checks that ship, in every state, with evidence that their judges really speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from pydantic import JsonValue

from conformance import catalogue
from conformance.check import Check
from conformance.contracts import contract_digest, load_contract
from conformance.endpoint.dialogue import Dialogue, Turn
from conformance.endpoint.script import Ask, Script
from conformance.evidence import (
    Call,
    ClockReading,
    Evidence,
    Exchange,
    LedgerEntry,
    Outcome,
    PlannedOrder,
    Trial,
)
from conformance.faults import Reset
from conformance.finding import Cell, CheckResult, Finding, Location, Violation
from conformance.judge.talk import Talk
from conformance.remarks import remarks_under
from conformance.reporting.integrity.agreement import Known
from conformance.reporting.integrity.received import Received
from conformance.reporting.integrity.verification import Verification, verify
from conformance.reporting.readiness import Commit, ContractFacts, Readiness, Run, Selection, Tool
from conformance.reporting.verdict import RunFacts, assemble

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
VERSION = "0.1.0"
API_VERSION = "2024-02-05"
CONTRACT = load_contract("runa")
ORDER = PlannedOrder("order-4f2a90c1de", {"items": [{"face_value": 12.34}]}, "12.34", (Reset(when="after"),))
IDS = (
    "account.key-not-logged",
    "account.recipient-not-logged",
    "account.key-not-in-source",
    "account.ip-allowlist-sane",
    "retries.same-key-on-retry",
    "retries.exactly-once",
    "retries.bounded",
    "errors.final-not-retried",
    "errors.transient-retried",
    "errors.type-surfaced",
    "rate-limits.jitter",
    "versions.pinned",
    "sandbox.reachable",
)


class Accepted:
    """A waiver of the profile."""

    def __init__(self, check: str, expires: date = date(2027, 1, 31)) -> None:
        self.check = check
        self.reason = "agreed until the next release"
        self.owner = "payments-team@acme.test"
        self.expires = expires


@cache
def known() -> Known:
    """What golive would know if these were all the checks that ship."""
    checks = tuple(check.under(CONTRACT) for check in catalogue.checks() if check.id in IDS)
    named = [
        requirement.model_copy(update={"checks": tuple(id_ for id_ in requirement.checks if id_ in IDS)})
        for requirement in catalogue.requirements()
    ]
    excluded = [requirement for requirement in named if requirement.excluded][:3]
    kept = tuple(requirement for requirement in named if requirement.checks or requirement in excluded)
    return Known(checks, kept, CONTRACT, contract_digest("runa"), VERSION)


def check_of(id_: str) -> Check:
    found = known().check(id_)
    assert found is not None
    return found


def bought_twice() -> Evidence:
    """The answer to the first attempt is lost, and the client retries under a new key."""
    first, second = "O-01JD0000000000000000000AAA", "O-01JD0000000000000000000BBB"
    keys = "5f0c3d2e-7a51-4e11-9c55-0a2b4c6d8e9e", "77aa01bb-1111-4222-8333-444455556601"

    def attempt(number: int, at: float, **more: object) -> Exchange:
        values: dict[str, object] = {
            "operation": "create-order",
            "method": "POST",
            "target": "/v2/order",
            "headers": (("content-type", "application/json"),),
            "body": '{"items":[{"face_value":12.34}]}',
            "reference": ORDER.reference,
            "api_version": API_VERSION,
            "idempotency_key": keys[number - 1],
            "credential": "good",
            "answered_at": at,
        }
        return Exchange(
            number=number, connection=number, attempt=number, received_at=at, **{**values, **more}
        )  # type: ignore[arg-type] # a table of keywords

    return Evidence(
        Trial((ORDER,), seed=7),
        (
            attempt(1, 0.0, fault=Reset(when="after"), booked=first),
            attempt(
                2, 1.2, answer="success", status=200, booked=second, order_id=second, delivered="complete"
            ),
        ),
        (
            LedgerEntry(first, ORDER.reference, "12.34", keys[0], 0.0, 1, "COMPLETED"),
            LedgerEntry(second, ORDER.reference, "12.34", keys[1], 1.2, 2, "COMPLETED"),
        ),
        (Call(ORDER.reference, 1, 0.0, 1.201, Outcome("created", second, "COMPLETED")),),
        clock=ClockReading("virtual", 1.201),
    )


def refused() -> Dialogue:
    """A ping that the endpoint did not take the account's key for."""
    turn = Turn(
        1,
        0,
        "GET",
        "/v2/ping",
        (("authorization", "[key]"),),
        "",
        401,
        response_body='{"type":"no"}',
        seconds=0.2,
    )
    return Dialogue(Script((Ask("ping"),)), "https://playground.test", (turn,))


def accused(id_: str, evidence: Evidence) -> Finding:
    """What the check really finds in this evidence."""
    check = check_of(id_)
    remarks = remarks_under(check, evidence, CONTRACT, API_VERSION, True)
    violation = next(remark for remark in remarks if isinstance(remark, Violation))
    return Finding(violation, evidence, check.impact, check.remedy, 3, 3)


def results() -> list[CheckResult]:
    endpoint, in_source = check_of("sandbox.reachable"), check_of("account.key-not-in-source")
    assert endpoint.listener is not None
    heard = next(r for r in endpoint.listener(Talk(refused(), CONTRACT)) if isinstance(r, Violation))
    duty = "Wait at least 0.1 s before it hands in an order again after a server error."
    committed = Violation(
        "key in source", "a key is in settings.py", location=Location("settings.py", 3, "ab" * 20)
    )
    return [
        CheckResult("account.key-not-logged", "passed", trials=42, simulated=4_320.5, seconds=0.81),
        CheckResult("account.recipient-not-logged", "skipped", reason="not observed: nothing to observe"),
        CheckResult(
            "account.key-not-in-source",
            "failed",
            seconds=0.1,
            finding=Finding(
                committed,
                None,
                in_source.impact,
                in_source.remedy,
                others=(Violation("key in history", "a key was in old.py", location=Location("old.py")),),
            ),
        ),
        CheckResult("account.ip-allowlist-sane", "passed", basis="declared", seconds=0.001),
        CheckResult(
            "retries.same-key-on-retry",
            "failed",
            trials=12,
            simulated=80.25,
            seconds=0.3,
            finding=accused("retries.same-key-on-retry", bought_twice()),
        ),
        CheckResult(
            "retries.exactly-once",
            "failed",
            trials=58,
            simulated=4_000,
            seconds=1.7,
            note="the bodies of the two attempts differ",
            finding=accused("retries.exactly-once", bought_twice()),
        ),
        CheckResult("retries.bounded", "skipped", reason="the clock is real"),
        CheckResult("errors.final-not-retried", "passed", trials=3, simulated=9.5, seconds=0.2),
        CheckResult(
            "errors.transient-retried",
            "not-applicable",
            reason="the wait belongs to the caller",
            trials=12,
            simulated=60,
            seconds=0.2,
            caller_must=(duty,),
        ),
        CheckResult(
            "errors.type-surfaced", "error", reason="Traceback (most recent call last):\nKeyError: 3"
        ),
        CheckResult("rate-limits.jitter", "skipped", reason="the clock is real"),
        CheckResult(
            "versions.pinned",
            "passed",
            trials=7,
            simulated=3,
            seconds=0.2,
            matrix=(Cell("rate_limited", "429", "tried again"),),
        ),
        CheckResult(
            "sandbox.reachable",
            "failed",
            seconds=0.4,
            finding=Finding(replace(heard, dialogue=refused()), None, endpoint.impact, endpoint.remedy),
        ),
    ]


WAIVERS = (
    Accepted("retries.same-key-on-retry"),
    Accepted("retries.bounded"),
    Accepted("versions.pinned"),
    Accepted("account.key-not-in-source", date(2026, 11, 21)),
)


def report(**more: object) -> Readiness:
    """The report; `run` facts may be given, and `results`, `waivers`, `selected` (ids) and `subject`."""
    ended = more.pop("results", None) or results()
    assert isinstance(ended, list)
    waivers = more.pop("waivers", WAIVERS)
    assert isinstance(waivers, tuple)
    selected = more.pop("selected", None)
    subject = str(more.pop("subject", "acme-rewards"))
    if isinstance(selected, set):
        ids = tuple(check.id for check in known().checks if check.id in selected)
        more["selection"] = Selection(select=ids, skip=(), checks=ids)
        ended = [result for result in ended if result.id in selected]
    run: dict[str, object] = {
        "seed": 20261122,
        "clock": "virtual",
        "sandbox": "simulated",
        "driver": "python",
        "examples": 25,
        "duration_s": 14.2,
        "simulated_s": round(sum(result.simulated for result in ended), 3),
        "trials": sum(result.trials for result in ended),
        "profile_digest": "01" * 32,
        "client_digest": "23" * 32,
        "commit": Commit(id="45" * 20, modified=False),
        "confined": True,
        "api_version": API_VERSION,
        "profile": "golive.yaml",
        "clock_note": None,
    }
    facts = RunFacts(
        subject=subject,
        generated_at=NOW,
        tool=Tool(name="golive-conformance", version=VERSION),
        contract=ContractFacts(name=CONTRACT.name, version=CONTRACT.version, digest=contract_digest("runa")),
        run=Run.model_validate(run | more),
    )
    return assemble(
        ended,
        known().checks,
        known().requirements,
        facts,
        waivers,
        today=TODAY,
        selected=selected,  # type: ignore[arg-type] # a set of ids, or None
        contract=CONTRACT,
    )


def verified(files: dict[str, bytes], **more: object) -> Verification:
    """What verification makes of these files, by a golive that knows `known()`."""
    return verify(Received(files, ()), lambda _: known(), **{"today": TODAY, **more})  # type: ignore[arg-type] # keywords


def files_of(readiness: Readiness) -> dict[str, bytes]:
    from conformance.reporting.folder import forms_of

    return {name: text.encode() for name, text in forms_of(readiness).items()}


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


Place = tuple[str | int, ...]


def leaves(data: JsonValue, place: Place = ()) -> Iterator[tuple[Place, JsonValue]]:
    """Every value of a document that is no list and no object, with where it stands; empty ones too."""
    if isinstance(data, dict) and data:
        for name, value in data.items():
            yield from leaves(value, (*place, name))
    elif isinstance(data, list) and data:
        for index, value in enumerate(data):
            yield from leaves(value, (*place, index))
    else:
        yield place, data


def changed(data: JsonValue, place: Place, change: Callable[[JsonValue], JsonValue]) -> JsonValue:
    """The document with another value at that place; what is on no way there is the same, not a copy."""
    if not place:
        return change(data)
    first, *rest = place
    copy = list(data) if isinstance(data, list) else dict(data)  # type: ignore[arg-type] # the place is there
    copy[first] = changed(copy[first], tuple(rest), change)  # type: ignore[index, call-overload] # as above
    return copy

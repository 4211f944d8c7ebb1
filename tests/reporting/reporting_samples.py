"""A made-up run with a check in every state, and what the client did in it. Deterministic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from conformance.check import Check
from conformance.evidence import (
    Call,
    ClockReading,
    Evidence,
    Exchange,
    LedgerEntry,
    Outcome,
    PlannedOrder,
    Sighting,
    Trial,
)
from conformance.faults import RateLimit, Reset
from conformance.finding import CheckResult, Finding, Severity, Violation
from conformance.reporting.readiness import ContractFacts, Readiness, Run, Selection, Tool
from conformance.reporting.verdict import RunFacts, assemble

TODAY = date(2026, 11, 22)
REMEDY = (
    "Make the key once for each order reference, store it before the first attempt, and read it back for "
    "every retry."
)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Requirement:
    id: str
    section: str
    text: str
    strength: str
    source: str
    checks: tuple[str, ...] = ()
    excluded: str | None = None


@dataclass(frozen=True)
class Waiver:
    check: str
    reason: str = "agreed with the vendor until the next release"
    owner: str = "payments-team@acme.test"
    expires: date = date(2027, 1, 31)


def check(id_: str, severity: Severity, title: str) -> Check:
    return Check(
        id=id_,
        severity=severity,
        title=title,
        requirements=(f"{id_}-requirement",),
        impact="A customer is charged twice, and nobody notices before the month is closed.",
        remedy=REMEDY,
        method="Orders are placed under schedules in which the answer to the first attempt is lost.",
        source="best-practices/idempotency",
    )


CATALOGUE = (
    check("account.key-in-header-only", "blocker", "The key travels in its header and nowhere else"),
    check("account.key-not-logged", "blocker", "The key is in no output"),
    check("account.ip-allowlist-sane", "major", "The IP allowlist is there, and as narrow as can be"),
    check("account.recipient-not-logged", "advisory", "Recipient addresses are in no output"),
    check("retries.key-on-every-order", "blocker", "Every attempt carries an idempotency key"),
    check("retries.exactly-once", "blocker", "One reference never owns two orders"),
    check("retries.bounded", "blocker", "Retries come to an end"),
    check("retries.concurrent-submit", "major", "The same reference twice at once is one order"),
    check("errors.transient-retried", "major", "A server error is tried again"),
    check("errors.type-surfaced", "major", "The caller can tell error types apart"),
    check("rate-limits.waits-at-least", "blocker", "The client waits after a 429"),
    check("rate-limits.jitter", "advisory", "Limited clients do not come back together"),
    check("versions.pinned", "blocker", "Every request names the version"),
)
SECTIONS = {
    "account": "Securing your account",
    "retries": "Making retries safe",
    "errors": "Handling error responses",
    "rate-limits": "Rate limiting",
    "versions": "Keeping up to date with new features",
}
REQUIREMENTS = (
    *(
        Requirement(
            f"{entry.id}-requirement",
            SECTIONS[entry.section],
            f"{entry.title}.",
            "may" if entry.severity == "advisory" else "must",
            entry.source,
            (entry.id,),
        )
        for entry in CATALOGUE
    ),
    Requirement(
        "retries.both",
        SECTIONS["retries"],
        "Retries are safe and finite.",
        "should",
        "best-practices/idempotency",
        ("retries.key-on-every-order", "retries.bounded"),
    ),
    Requirement(
        "account.portal",
        SECTIONS["account"],
        "Only people who need it have access to the portal.",
        "should",
        "best-practices/security",
        (),
        "who has access is known to the vendor alone",
    ),
)

ORDER = PlannedOrder(
    "order-4f2a90c1de",
    {"items": [{"face_value": 12.34, "note": None}]},
    "12.34",
    (Reset(when="after"),),
)


def attempt(number: int, at: float, key: str | None, **more: object) -> Exchange:
    values: dict[str, object] = {
        "operation": "create-order",
        "method": "POST",
        "target": "/v2/order",
        "headers": (("content-type", "application/json"),),
        "body": "{}",
        "reference": ORDER.reference,
        "attempt": number,
        "idempotency_key": key,
        "credential": "good",
        "answered_at": at,
    }
    return Exchange(number=number, connection=number, received_at=at, **{**values, **more})  # type: ignore[arg-type] # a table of keywords


def bought_twice() -> Evidence:
    """The answer to the first attempt is lost, and the client retries under a new key."""
    first, second = "O-01JD0000000000000000000AAA", "O-01JD0000000000000000000BBB"
    keys = "5f0c3d2e-7a51-4e11-9c55-0a2b4c6d8e9e", "77aa01bb-1111-4222-8333-444455556601"
    return Evidence(
        Trial((ORDER,), seed=7),
        (
            attempt(1, 0.0, keys[0], fault=Reset(when="after"), booked=first),
            attempt(
                2,
                1.2,
                keys[1],
                answer="success",
                status=200,
                booked=second,
                order_id=second,
                delivered="complete",
            ),
        ),
        (
            LedgerEntry(first, ORDER.reference, "12.34", keys[0], 0.0, 1, "COMPLETED"),
            LedgerEntry(second, ORDER.reference, "12.34", keys[1], 1.2, 2, "COMPLETED"),
        ),
        (Call(ORDER.reference, 1, 0.0, 1.201, Outcome("created", second, "COMPLETED")),),
        clock=ClockReading("virtual", 1.201),
    )


def surfaced_and_crashed() -> Evidence:
    """The client hands the order back after a 429, is asked again, polls, and crashes."""
    order = PlannedOrder("order-77", {"items": []}, "7.00", (RateLimit(retry_after="seconds"),))
    poll = Exchange(
        number=3,
        connection=2,
        operation="get-order",
        method="GET",
        target="/v2/order/O-1?key=\x1b[31mred",
        headers=(),
        body="",
        received_at=5.4,
        answer="final",
        status=404,
        error_type="not_found",
        delivered="complete",
        answered_at=5.4,
        sightings=(Sighting("query string", "plain", "XXabc123.[secret]"),),
    )
    return Evidence(
        Trial((order,)),
        (
            attempt(
                1,
                0.0,
                "k-1",
                reference="order-77",
                fault=RateLimit(retry_after="seconds"),
                answer="rate-limited",
                status=429,
                retry_after=10.0,
                delivered="complete",
            ),
            attempt(2, 5.2, "k-1", reference="order-77", answer="transient", status=500, error_type="oops"),
            poll,
        ),
        (),
        (
            Call("order-77", 1, 0.0, 0.2, Outcome("unknown", type="rate_limited")),
            Call("order-77", 2, 5.2, 5.5, None, "crashed", "KeyError: 'id'\x1b[0m"),
        ),
        escapes=("api.vendor.example:443",),
        clock=ClockReading("virtual", 5.5),
    )


def finding(evidence: Evidence | None = None, **more: object) -> Finding:
    values: dict[str, object] = {
        "violation": Violation("two orders", "One reference owns 2 orders: it was sent under 2 keys.", (2,)),
        "impact": "A customer is charged twice, and nobody notices before the month is closed.",
        "remedy": REMEDY,
        "repetitions": 5,
        "reproduced": 5,
    }
    return Finding(evidence=evidence, **{**values, **more})  # type: ignore[arg-type] # a table of keywords


TRACEBACK = """Traceback (most recent call last):
  File "conformance/judge/case.py", line 12, in judge
    raise LookupError("no such story")
LookupError: no such story"""


def results() -> list[CheckResult]:
    """One result for each check of CATALOGUE, in every state that there is."""
    return [
        CheckResult("account.key-in-header-only", "passed", trials=42, simulated=4_320, seconds=0.81),
        CheckResult(
            "account.key-not-logged",
            "failed",
            trials=9,
            simulated=12,
            seconds=0.4,
            finding=finding(
                violation=Violation("key in output", "The secret part of the key is on stderr, in base64."),
                impact="Whoever reads the log can order in your name.",
                remedy="Take the authorisation header out of the debug log.",
                repetitions=0,
                reproduced=0,
            ),
        ),
        CheckResult("account.ip-allowlist-sane", "passed", basis="declared", seconds=0.001),
        CheckResult(
            "account.recipient-not-logged",
            "failed",
            trials=3,
            simulated=1,
            seconds=0.1,
            finding=finding(
                violation=Violation("address in output", "A recipient's address is on stdout."),
                impact="Personal data is kept where nobody looks after it.",
                remedy="Log the order's id instead.",
            ),
        ),
        CheckResult("retries.key-on-every-order", "passed", trials=120, simulated=86_400 * 2.5, seconds=2.3),
        CheckResult(
            "retries.exactly-once",
            "failed",
            trials=58,
            simulated=4_000,
            seconds=1.7,
            note="the bodies of the two attempts differ in their white space",
            finding=finding(
                bought_twice(),
                others=(Violation("orphan", "An order was booked that the client never spoke of."),),
            ),
        ),
        CheckResult(
            "retries.bounded", "skipped", reason="the clock is real, and an hour is beyond the budget"
        ),
        CheckResult(
            "retries.concurrent-submit", "skipped", reason="the client serialises its calls by itself"
        ),
        CheckResult(
            "errors.transient-retried",
            "not-applicable",
            reason="the wait belongs to the caller",
            trials=12,
            simulated=60,
            seconds=0.2,
            caller_must=("Wait at least 0.1 s before it hands in an order again after a server error.",),
        ),
        CheckResult("errors.type-surfaced", "error", reason=TRACEBACK),
        CheckResult(
            "rate-limits.waits-at-least",
            "failed",
            trials=20,
            simulated=100,
            seconds=0.5,
            caller_must=("Wait at least 0.1 s before it hands in an order again after a server error.",),
            finding=finding(
                surfaced_and_crashed(),
                violation=Violation(
                    "too early", "The retry came 0.4 s after a 429; 5 s are asked for.", (2, 3)
                ),
            ),
        ),
        CheckResult(
            "rate-limits.jitter", "skipped", reason="the clock is real, and an hour is beyond the budget"
        ),
        CheckResult("versions.pinned", "passed", trials=7, simulated=3, seconds=0.2),
    ]


WAIVERS = (
    Waiver("rate-limits.waits-at-least"),
    Waiver("retries.concurrent-submit", "orders come from one queue", "platform@acme.test"),
    Waiver("versions.pinned", expires=date(2027, 3, 1)),
    Waiver("retries.exactly-once", expires=date(2026, 11, 21)),
)


def facts(**more: object) -> RunFacts:
    run: dict[str, object] = {
        "seed": 20261122,
        "clock": "virtual",
        "sandbox": "simulated, embedded",
        "driver": "python",
        "examples": 25,
        "duration_s": 14.2,
        "simulated_s": 300_000,
        "trials": 271,
        "profile_digest": "sha256:0123456789abcdef0123456789abcdef",
        "client_digest": "sha256:fedcba9876543210fedcba9876543210",
        "confined": True,
        "api_version": "2024-02-05",
    }
    return RunFacts(
        subject=str(more.pop("subject", "acme-rewards")),
        generated_at=NOW,
        tool=Tool(name="golive", version="0.1.0"),
        contract=ContractFacts(name="runa", version="2024-02-05", digest="sha256:00112233445566778899"),
        run=Run.model_validate({**run, **more}),
    )


def everything() -> Readiness:
    """A report with a check in every state."""
    return assemble(results(), CATALOGUE, REQUIREMENTS, facts(), WAIVERS, today=TODAY)


def all_passed() -> Readiness:
    """A report of which nobody can complain."""
    passed = [CheckResult(entry.id, "passed", trials=10, simulated=100, seconds=0.1) for entry in CATALOGUE]
    return assemble(passed, CATALOGUE, REQUIREMENTS, facts(), today=TODAY)


def with_results(*changed: CheckResult, **more: object) -> Readiness:
    """All passed, but for these results. `waivers` and everything that `facts` takes may be given."""
    by_id = {entry.id: CheckResult(entry.id, "passed", trials=10) for entry in CATALOGUE}
    by_id |= {result.id: result for result in changed}
    waivers = more.pop("waivers", ())
    selected = more.pop("selected", None)
    if selected is not None:
        more["selection"] = Selection(select=("retries.*",), skip=(), checks=tuple(sorted(selected)))
    left_out = more.pop("left_out", ())
    kept = [result for result in by_id.values() if result.id not in left_out]
    return assemble(kept, CATALOGUE, REQUIREMENTS, facts(**more), waivers, today=TODAY, selected=selected)

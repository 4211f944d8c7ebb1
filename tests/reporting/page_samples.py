"""Reports for the page: one of every kind, one that fights back, and one that is as large as they get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from reporting_samples import (
    CATALOGUE,
    ORDER,
    REMEDY,
    REQUIREMENTS,
    SECTIONS,
    TODAY,
    WAIVERS,
    Requirement,
    Waiver,
    all_passed,
    attempt,
    bought_twice,
    facts,
    finding,
    results,
    with_results,
)

from conformance.check import Check
from conformance.endpoint.dialogue import Dialogue, Turn
from conformance.endpoint.script import Ask, Script
from conformance.evidence import (
    Call,
    ClockReading,
    Evidence,
    Handshake,
    LedgerEntry,
    Outcome,
    Output,
    PlannedOrder,
    Sighting,
    Trial,
)
from conformance.faults import Hang, RateLimit, Reset
from conformance.finding import Cell, CheckResult, Location, Violation
from conformance.reporting.readiness import (
    AttemptsEntry,
    Commit,
    Observations,
    Readiness,
    WaitsEntry,
)
from conformance.reporting.verdict import assemble

SENTINEL = "executed"
"""the name of the global that every attack tries to set"""
ATTACKS = (
    f"</pre></style></title><script>window.{SENTINEL}='script'</script>",
    f"</script><script>window.{SENTINEL}='end of script'</script><!--",
    f"<img src=x onerror=\"window.{SENTINEL}='handler'\"><svg onload=\"window.{SENTINEL}='svg'\"></svg>",
    f"\" autofocus onfocus=\"window.{SENTINEL}='attribute'\" ' onmouseover='window.{SENTINEL}=1' x=`",
    f"<a href=\"javascript:window.{SENTINEL}='url'\">click</a> javascript:window.{SENTINEL}=2",
    "</style><style>*{display:none!important;background:url(https://evil.test/style)}</style>",
    "<iframe src=https://evil.test/frame></iframe><link rel=stylesheet href=https://evil.test/l>",
    "<base href=//evil.test><img src=https://evil.test/pixel>",
    "<form action=https://evil.test><button autofocus>go</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "{{ 7*7 }} {% raw %} ${7*7} <!-- ]]> &lt;script&gt; &#x3c;",
    "\x1b[31m\x1b]0;title\x07\x00\x08\u202egnp.exe\u2066\u200b\ufeff\ud800 zalgo" + "\u0300" * 40,
    "\u05e9\u05dc\u05d5\u05dd 1,234 \u0627\u0644\u0633\u0644\u0627\u0645",
    "x" * 3_000,
)
NASTY = " ".join(ATTACKS)
OF_THE_RUN = NASTY.replace("\ud800", "")
"""what the suite says of itself is text that can be encoded"""


def slowly() -> Evidence:
    """A client that waits too little after a 429, then meets a line that stays silent, and writes its key down."""
    order = PlannedOrder(
        "order-88", {"items": []}, "8.00", (RateLimit(retry_after="seconds"), Hang(when="after"))
    )
    keys = "5f0c3d2e-7a51-4e11-9c55-0a2b4c6d8e9e", "77aa01bb-1111-4222-8333-444455556601"
    own = {"reference": "order-88"}
    return Evidence(
        Trial((order,), verbose=True),
        (
            attempt(
                1,
                0.0,
                keys[0],
                **own,
                headers=(
                    ("Host", "127.0.0.1:1"),
                    ("X-Api-Key", "XXabc…"),
                    ("Content-Type", "application/json"),
                ),
                body='{"items": []}',
                fault=RateLimit(retry_after="seconds"),
                answer="rate-limited",
                status=429,
                retry_after=10.0,
                response_headers=(("Retry-After", "10"),),
                response_body='{"type": "rate_limited"}',
                delivered="complete",
            ),
            attempt(
                2,
                0.4,
                keys[0],
                **own,
                fault=Hang(when="after"),
                booked="O-1",
                answered_at=None,
                client_gone_at=30.4,
            ),
            attempt(3, 31.4, keys[1], **own, answer="success", status=200, order_id="O-2", booked="O-2"),
        ),
        (
            LedgerEntry("O-1", "order-88", "8.00", keys[0], 0.4, 2, "COMPLETED"),
            LedgerEntry("O-2", "order-88", "8.00", keys[1], 31.4, 3, "COMPLETED"),
        ),
        (Call("order-88", 1, 0.0, 31.5, Outcome("created", "O-2", "COMPLETED")),),
        (
            Output(
                "stderr",
                "DEBUG key=XXabc.[secret]\nDEBUG sent\n",
                40,
                (Sighting("stderr", "plain", "key=[secret]", 1),),
            ),
        ),
        clock=ClockReading("virtual", 31.5),
        handshakes=(Handshake(1, "expired", True),),
    )


def attacked() -> Evidence:
    """Everything that a client can put into evidence, hostile."""
    order = PlannedOrder(OF_THE_RUN, {"items": [OF_THE_RUN]}, OF_THE_RUN, (Reset(when="after"),))
    own = {
        "reference": OF_THE_RUN,
        "target": f"/v2/order?{NASTY}",
        "method": "<b>POST</b>",
        "headers": ((NASTY, NASTY), ("</pre>", "</code>")),
        "body": NASTY * 300,
    }
    return Evidence(
        Trial((order,)),
        (
            attempt(1, 0.0, NASTY, **own, fault=Reset(when="after"), booked=NASTY),
            attempt(
                2,
                1.0,
                f"2{NASTY}",
                **own,
                answer="success",
                status=299,
                order_id=NASTY,
                error_type=NASTY,
                response_headers=((NASTY, NASTY),),
                response_body=NASTY,
                sightings=(Sighting(NASTY, NASTY, NASTY),),
            ),
        ),
        (
            LedgerEntry(NASTY, OF_THE_RUN, NASTY, NASTY, 0.1, 1, NASTY),
            LedgerEntry("O", OF_THE_RUN, "1", None, 1.1, 2, NASTY),
        ),
        (
            Call(OF_THE_RUN, 1, 0.0, None, None, "crashed", NASTY),
            Call(OF_THE_RUN, 2, 1.0, 2.0, Outcome("created", NASTY, NASTY)),
        ),
        (Output(NASTY, NASTY * 500, 10**7, (Sighting(NASTY, NASTY, NASTY, 3),)),),
        escapes=(NASTY,),
        stopped=NASTY,
        clock=ClockReading("virtual", 2.0),
        handshakes=(Handshake(1, "expired", False, NASTY),),
    )


def heard() -> Dialogue:
    """An endpoint that takes an order without a key."""
    return Dialogue(
        Script((Ask("create-order", credential="none"), Ask("create-order", name="a"))),
        "https://api.vendor.example/v2",
        (
            Turn(
                1,
                0,
                "POST",
                "/v2/order",
                (("content-type", "application/json"),),
                "{}",
                200,
                response_body='{"id": "O-1"}',
            ),
            Turn(2, 1, "POST", "/v2/order", (), "{}", None, "the connection was reset", at=0.5, seconds=0.2),
        ),
    )


MEASURED = Observations(
    waits=(
        WaitsEntry(
            after="429, Retry-After 10 s", required_s=10.0, waited=((0.4, 3), (10.1, 20), (14.0, 2)), early=3
        ),
        WaitsEntry(after="server error", required_s=0.1, waited=((0.5, 40), (1.0, 20))),
        WaitsEntry(after="no answer", required_s=None, waited=((1.0, 4),)),
    ),
    attempts=(
        AttemptsEntry(attempts=1, orders=90),
        AttemptsEntry(attempts=2, orders=30),
        AttemptsEntry(attempts=9, orders=1),
    ),
)


def of_every_state() -> Readiness:
    """A check in every state, with all that a page can show."""
    told = {result.id: result for result in results()}
    in_source = Violation(
        "key in source", "A key is in the source.", location=Location("client.py", 12, "0f" * 20)
    )
    cells = (
        Cell("not_found", "404", "rejected, not sent again"),
        Cell("server_error", "500", "created, sent again", True),
    )
    for changed in (
        CheckResult(
            "retries.key-on-every-order", "failed", trials=3, finding=finding(slowly(), repetitions=0)
        ),
        CheckResult("account.key-not-logged", "failed", finding=finding(violation=in_source)),
        replace(told["errors.type-surfaced"], matrix=cells),
    ):
        told[changed.id] = changed
    run = facts(commit=Commit(id="3f" * 20, modified=True))
    return assemble(told.values(), CATALOGUE, REQUIREMENTS, run, WAIVERS, today=TODAY, observations=MEASURED)


def hostile() -> Readiness:
    """A client, a profile and a suite that put everything that hurts wherever they can."""
    report = with_results(
        CheckResult(
            "retries.exactly-once",
            "failed",
            note=NASTY,
            finding=finding(
                attacked(),
                violation=Violation(NASTY, NASTY, (1, 2), location=Location(NASTY, 1, OF_THE_RUN)),
                others=(Violation(NASTY, NASTY),),
                impact=OF_THE_RUN,
                remedy=OF_THE_RUN,
            ),
        ),
        CheckResult("retries.bounded", "skipped", reason=NASTY, caller_must=(NASTY,)),
        CheckResult("errors.type-surfaced", "error", reason=f"Traceback\n{NASTY}\n{NASTY}\n{NASTY}"),
        CheckResult("errors.transient-retried", "skipped", reason="x\n" * 1_000_000),
        CheckResult("versions.pinned", "passed", trials=1, matrix=(Cell(NASTY, NASTY, NASTY),)),
        waivers=(Waiver("errors.transient-retried", NASTY, NASTY), Waiver(NASTY, NASTY, NASTY)),
        subject=OF_THE_RUN,
        interrupted=OF_THE_RUN,
        sandbox=OF_THE_RUN,
        confined=False,
        unconfined=OF_THE_RUN,
        clock_note=OF_THE_RUN,
        profile=OF_THE_RUN,
        client_digest=OF_THE_RUN,
        profile_digest=OF_THE_RUN,
        api_version=OF_THE_RUN,
    )
    measured = Observations(
        waits=(WaitsEntry(after=OF_THE_RUN, required_s=1.0, waited=((0.5, 1),), early=1),),
        attempts=(AttemptsEntry(attempts=1, orders=1),),
    )
    return report.model_copy(update={"observations": measured})


def large(checks: int = 100, exchanges: int = 10) -> Readiness:
    """So many checks, all failing, each with so many exchanges of evidence."""
    names = list(SECTIONS)
    catalogue = tuple(
        Check(
            id=f"{names[index % len(names)]}.made-up-{index:03}",
            severity=("blocker", "major", "advisory")[index % 3],
            title=f"Made up number {index} holds",
            requirements=(f"made-up.{index // 2:03}",),
            impact="A customer is charged twice, and nobody notices before the month is closed.",
            remedy=REMEDY,
            method="Orders are placed under schedules in which the answer to the first attempt is lost.",
            source="best-practices/idempotency",
        )
        for index in range(checks)
    )
    requirements = tuple(
        Requirement(
            f"made-up.{number:03}",
            SECTIONS[names[number % len(names)]],
            f"What is asked for under number {number}, in a sentence of ordinary length.",
            "must",
            "best-practices/idempotency",
            tuple(check.id for check in catalogue if f"made-up.{number:03}" in check.requirements),
        )
        for number in range(-(-checks // 2))
    )
    evidence = storm(exchanges)
    numbers = tuple(range(1, exchanges + 1))
    failed = [
        CheckResult(
            check.id,
            "failed",
            trials=20,
            simulated=100,
            seconds=0.1,
            finding=finding(
                evidence, violation=Violation("too many", f"It was sent {exchanges} times.", numbers)
            ),
        )
        for check in catalogue
    ]
    return assemble(
        failed, catalogue, requirements, facts(subject="large"), today=TODAY, observations=MEASURED
    )


def storm(exchanges: int) -> Evidence:
    """One order, sent again and again under ever new keys."""
    headers = tuple((f"X-Header-{index}", "value " * 5) for index in range(12))
    body = (
        '{"items": ['
        + ", ".join('{"face_value": 12.34, "note": "a note of some length"}' for _ in range(8))
        + "]}"
    )
    sent = tuple(
        attempt(
            number,
            5.0 * number,
            f"{number:08x}-7a51-4e11-9c55-0a2b4c6d8e9e",
            headers=headers,
            body=body,
            fault=RateLimit(retry_after="seconds"),
            answer="rate-limited",
            status=429,
            retry_after=10.0,
            response_headers=headers,
            response_body='{"type": "rate_limited", "message": "' + "slow down " * 20 + '"}',
            delivered="complete",
        )
        for number in range(1, exchanges + 1)
    )
    told = Call(ORDER.reference, 1, 0.0, 5.0 * exchanges + 1, Outcome("unknown", type="rate_limited"))
    return Evidence(Trial((ORDER,)), sent, (), (told,), clock=ClockReading("virtual", 5.0 * exchanges + 1))


def waived() -> Readiness:
    """Ready, since somebody answers for a failure and for an untested blocker."""
    return with_results(
        CheckResult("retries.bounded", "skipped", reason="no time"),
        CheckResult("retries.exactly-once", "failed", finding=finding(bought_twice())),
        waivers=(Waiver("retries.bounded"), Waiver("retries.exactly-once", expires=date(2026, 11, 22))),
    )


def of_an_account() -> Readiness:
    """No client was examined: an endpoint was asked."""
    violation = Violation(
        "no key asked for", "The endpoint took an order without a key.", (1,), dialogue=heard()
    )
    return with_results(
        CheckResult("account.key-in-header-only", "failed", finding=finding(violation=violation)),
        selected={"account.key-in-header-only"},
    )


PAGES: Mapping[str, Callable[[], Readiness]] = {
    "every state": of_every_state,
    "ready": all_passed,
    "hostile": hostile,
    "waived": waived,
    "account": of_an_account,
    "large": large,
    "many": lambda: large(exchanges=1),
    "selected": lambda: with_results(selected={"retries.exactly-once", "retries.bounded"}),
    "interrupted": lambda: with_results(left_out=("retries.bounded",), interrupted="stopped"),
    "declared": lambda: with_results(
        *(CheckResult(check.id, "passed", basis="declared") for check in CATALOGUE)
    ),
}

"""Counterexamples and measurements to be drawn: the strange ones beside the usual. Deterministic."""

from __future__ import annotations

from dataclasses import replace

from reporting_samples import ORDER, attempt, bought_twice, finding, surfaced_and_crashed

from conformance.contracts import load_contract
from conformance.endpoint.dialogue import Dialogue, Turn
from conformance.endpoint.script import Ask, Script
from conformance.evidence import (
    Call,
    Evidence,
    Handshake,
    LedgerEntry,
    Outcome,
    Output,
    PlannedOrder,
    Sighting,
    Trial,
)
from conformance.faults import RateLimit, Redirect, Reset
from conformance.finding import Violation
from conformance.reporting.counterexample import finding_entry
from conformance.reporting.readiness import AttemptsEntry, FindingEntry, Observations, WaitsEntry

CONTRACT = load_contract("runa")


def entry(evidence: Evidence, *shown_by: int) -> FindingEntry:
    violation = Violation("a rule", "What is wrong.", shown_by)
    return finding_entry(finding(evidence, violation=violation), CONTRACT)


def limited(*waits: float) -> Evidence:
    """A client that is told to wait five seconds each time, and waits so long."""
    at, exchanges = 0.0, []
    for number, wait in enumerate((*waits, 0.0), 1):
        told = {"fault": RateLimit(), "answer": "rate-limited", "status": 429, "delivered": "complete"}
        exchanges.append(attempt(number, at, "key-a", **told))
        at += wait
    return Evidence(
        Trial((ORDER,)), tuple(exchanges), (), (Call(ORDER.reference, 1, 0.0, at, Outcome("unknown")),)
    )


def nasty() -> FindingEntry:
    text = "</text><script>alert(1)</script>\"'&\x1b[2J\u202e" + "x" * 5_000
    return entry(
        Evidence(
            Trial((PlannedOrder(text, {}, text),)),
            (
                replace(attempt(1, 0.0, text, error_type=text, answer="final"), reference=text),
                replace(attempt(2, 0.0, None), method=text, target=text, attempt=None),
            ),
            (LedgerEntry(text, text, text, text, 0.0, 1, text),),
            (Call(text, 1, 0.0, 0.0, Outcome("rejected", text, text, text)),),
            escapes=(text,),
            stopped=text,
        ),
        1,
    )


def burst() -> Evidence:
    """Thirty orders at once, each under a key of its own."""
    numbers = range(1, 31)
    return Evidence(
        Trial(tuple(PlannedOrder(f"order-{n}", {}, f"{n}.00") for n in numbers), concurrent=True),
        tuple(
            replace(attempt(1, float(n), f"key-{n}", booked=f"O-{n}"), number=n, reference=f"order-{n}")
            for n in numbers
        ),
        tuple(LedgerEntry(f"O-{n}", f"order-{n}", "1", "k", float(n), n, "COMPLETED") for n in numbers),
        tuple(Call(f"order-{n}", 1, 0.0, 40.0, Outcome("created", f"O-{n % 29}")) for n in numbers),
    )


def storm() -> Evidence:
    return Evidence(
        Trial((ORDER,)), tuple(attempt(n, float(n), "k", fault=Reset()) for n in range(1, 2_001)), (), ()
    )


def away() -> Evidence:
    """A redirect is followed to another host, with the key."""
    seen = Sighting("header X-Api-Key", "plain", "X-Api-Key: XXabc123.[secret]")
    followed = attempt(2, 0.0, "k-1", status=404, answer="final", error_type="not_found", sightings=(seen,))
    return Evidence(
        Trial((ORDER,)),
        (
            attempt(1, 0.0, "k-1", fault=Redirect(), status=307, answer="redirect"),
            replace(followed, at="other-host", operation=None, attempt=None, reference=None),
        ),
        (),
        (Call(ORDER.reference, 1, 0.0, 0.1, Outcome("rejected", type="not_found")),),
    )


def leaky() -> Evidence:
    """Certificates of all kinds, and a log in which the key stands, a month later."""
    spilt = Sighting("log", "base64", "Authorization: WFhwT2NBN2c[secret] " * 9, line=3)
    return replace(
        bought_twice(),
        outputs=(Output("log", "…", 90, (spilt, spilt)),),
        handshakes=(
            Handshake(7, "expired", False, "certificate expired"),
            Handshake(8, "self-signed", True, at=2_678_531.25),
        ),
        calls=(Call(ORDER.reference, 1, 0.0, 2_678_900.5, None, "hung", "no answer within 300 s " * 8),),
        stopped="the client was still busy after 3,600 s",
    )


def dialogue() -> FindingEntry:
    """Two requests to a real endpoint, the second of which was not answered."""
    turns = (
        Turn(
            1,
            0,
            "POST",
            "/v2/order",
            (),
            "{}",
            status=200,
            response_body='{"id": "O-1"}',
            at=3.0,
            seconds=0.2,
        ),
        Turn(2, 1, "POST", "/v2/order", (), "{}", problem="connection reset", at=4.0, seconds=0.1),
    )
    asks = (Ask("create-order", name="one"), Ask("create-order", name="two"))
    played = Dialogue(Script(asks), "https://api.example", turns, cut="the endpoint was gone")
    return finding_entry(
        finding(None, violation=Violation("a rule", "What is wrong.", (2,), dialogue=played))
    )


def drawings() -> dict[str, FindingEntry]:
    """By the id of a check."""
    return {
        "retries.exactly-once": entry(bought_twice(), 1, 2),
        "retries.surfaced": entry(surfaced_and_crashed(), 3),
        "rate-limits.waits": entry(limited(0.0, 0.5, 1.0, 5.0, 600.0), 1, 2),
        "rate-limits.burst": entry(burst(), 20),
        "retries.storm": entry(storm(), 1_000),
        "account.away": entry(away(), 2),
        "account.leaky": entry(leaky(), 2),
        "sandbox.dialogue": dialogue(),
        "hostile": nasty(),
    }


def waits(after: str, required: float | None, *waited: tuple[float, int], early: int = 0) -> WaitsEntry:
    return WaitsEntry(after=after, required_s=required, waited=waited, early=early)


def measured() -> Observations:
    """A client that waits too short now and then."""
    return Observations(
        waits=(
            waits("429, no Retry-After", 5.0, (0.5, 7), (4.97, 1), (5.0, 300), (12.0, 40), early=7),
            waits("429, Retry-After 10 s", 10.0, (10.0, 3), (11.0, 1)),
            waits("no answer", None, (0.0, 12), (0.004, 2), (0.5, 1_000), (3_600.0, 1)),
        ),
        attempts=(
            AttemptsEntry(attempts=0, orders=2),
            AttemptsEntry(attempts=1, orders=800),
            AttemptsEntry(attempts=3, orders=200),
            AttemptsEntry(attempts=12, orders=5),
            AttemptsEntry(attempts=2_000, orders=1),
        ),
    )


def many() -> Observations:
    """More kinds of answers than anybody wants to see, with words of any length."""
    return Observations(
        waits=tuple(
            waits(
                f"429, Retry-After {n} s, {'and more words ' * (n % 9)}",
                float(n),
                (float(n), n),
                (n + 50.0, 2),
            )
            for n in range(1, 40)
        ),
        attempts=tuple(AttemptsEntry(attempts=n, orders=1_000_000 // n) for n in range(1, 60)),
    )

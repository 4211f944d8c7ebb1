"""A counterexample told step by step and drawn, to the letter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reporting_samples import ORDER, attempt, bought_twice, surfaced_and_crashed

from conformance.evidence import (
    Call,
    ClockReading,
    Evidence,
    Handshake,
    LedgerEntry,
    Outcome,
    PlannedOrder,
    Sighting,
    Trial,
)
from conformance.faults import (
    Close,
    Drip,
    Empty,
    Error,
    ExtraFields,
    Garbage,
    Hang,
    Html,
    InProgress,
    Kill,
    Malformed,
    OtherVersion,
    Processing,
    RateLimit,
    Redirect,
    Reordered,
    Reset,
    Revoke,
    Slow,
    Truncate,
)
from conformance.reporting.diagram import ALL, MOST_LINES, diagram
from conformance.reporting.sequence import sequence


def told(evidence: Evidence, *shown_by: int) -> str:
    return "\n" + "\n".join(diagram(sequence(evidence, shown_by))) + "\n"


def test_an_order_that_was_bought_twice():
    assert (
        told(bought_twice(), 2)
        == """
   seconds  client                                       API
     0.000  │ is handed order 12.34 (order-4f2a90c1de)    │
            ├─ attempt 1  key A 5f0c3d2e…6d8e9e ─────────▶│ booked O-01JD00…000AAA
            │ ✗────────────── connection reset, no answer ┤
            │ waits 1.2 s                                 │
>    1.200  ├─ attempt 2  key B 77aa01bb…556601, not A ──▶│ booked O-01JD00…000BBB
            │◀─────────────────────────────── 200 success ┤
     1.201  │ says created O-01JD00…000BBB COMPLETED      │
    ledger  2 orders: O-01JD00…000AAA O-01JD00…000BBB
"""
    )


def test_a_client_that_hands_the_order_back_then_leaks_then_crashes():
    assert (
        told(surfaced_and_crashed(), 3)
        == """
   seconds  client                                                   API
     0.000  │ is handed order 7.00 (order-77)                         │
            ├─ attempt 1  key A k-1 ─────────────────────────────────▶│
            │◀──────────────────── 429 rate limited, Retry-After 10 s ┤
     0.200  │ says unknown rate_limited                               │
     5.200  │ is asked again for order 7.00, call 2                   │
            ├─ attempt 2  key A k-1 ─────────────────────────────────▶│
            │◀────────────────────────────────────────────── 500 oops ┤
>    5.400  ├─ request 3: GET /v2/order/O-1?key=\\x1b[31mred ─────────▶│
>           │ in the query string: a secret, plain: XXabc123.[secret] │
            │◀───────────────────────────────────────── 404 not_found ┤
     5.500  │ crashed: KeyError: 'id'\\x1b[0m                          │
    client  tried to reach api.vendor.example:443, and was kept from it
    ledger  no order
"""
    )


def test_several_orders_are_told_apart():
    other = PlannedOrder("order-2", {}, "20.00")
    evidence = Evidence(
        Trial((ORDER, other), concurrent=True),
        (
            attempt(1, 0.0, "same", answer="success", status=200, booked="O-1", order_id="O-1"),
            replace(
                attempt(1, 0.0, "same", answer="success", status=200, order_id="O-1", replayed=True),
                number=2,
                reference="order-2",
            ),
        ),
        (LedgerEntry("O-1", ORDER.reference, "12.34", "same", 0.0, 1, "COMPLETED"),),
        (
            Call(ORDER.reference, 1, 0.0, 0.0, Outcome("created", "O-1")),
            Call("order-2", 1, 0.0, 0.0, Outcome("created", "O-1")),
        ),
    )
    assert (
        told(evidence)
        == """
   seconds  client                                              API
     0.000  │ is handed order 12.34 (order-4f2a90c1de)           │
            ├─ attempt 1  key A same  order 12.34 ──────────────▶│ booked O-1
            │◀────────────────────────────────────── 200 success ┤
            │ order 12.34: says created O-1                      │
            │ is handed order 20.00 (order-2)                    │
            ├─ attempt 1 (request 2)  key A same  order 20.00 ──▶│
            │◀──────────────────────── 200 success O-1, replayed ┤
            │ order 20.00: says created O-1                      │
    ledger  order 12.34: 1 order: O-1
    ledger  order 20.00: no order
"""
    )


def test_a_client_that_gives_up_on_a_silent_server():
    hanging = attempt(1, 0.0, "k", fault=Hang(), booked="O-1", answered_at=None, client_gone_at=30.0)
    evidence = Evidence(
        Trial((ORDER,)),
        (hanging,),
        (),
        (Call(ORDER.reference, 1, 0.0, None, None, "hung", "no answer within 300 s"),),
        stopped="the client was still busy after 3,600 s",
        clock=ClockReading("virtual", 3600.0, held=False),
    )
    assert (
        told(evidence)
        == """
   seconds  client                                      API
     0.000  │ is handed order 12.34 (order-4f2a90c1de)   │
            ├─ attempt 1  key A k ──────────────────────▶│ booked O-1
            │ ✗────────── no answer, the line stays open ┤
    30.000  │ hangs up, 30 s after it asked              │
     suite  ended the trial: the client was still busy after 3,600 s
     clock  the client's waits escaped the clock: the times above mean nothing
    ledger  no order
"""
    )


@pytest.mark.parametrize(
    ("fault", "answer", "says"),
    [
        (None, {"answer": "success", "status": 200, "order_id": "O-1"}, "200 success O-1"),
        (Reset(), {}, "connection reset, no answer"),
        (Close(), {}, "connection closed, no answer"),
        (Truncate(), {"status": 200}, "200, cut off in the middle"),
        (Garbage(), {}, "bytes that are no HTTP"),
        (Html(), {"status": 502}, "502, with a load balancer's HTML page"),
        (Empty(), {"status": 502}, "502, with an empty body"),
        (Redirect(), {"status": 307, "answer": "redirect"}, "307, go to another host"),
        (Redirect(to="plain-http"), {"status": 301, "answer": "redirect"}, "301, go to plain http"),
        (
            Redirect(to="other-port", hops=1),
            {"status": 303, "answer": "redirect"},
            "303, go to another place of the API",
        ),
        (
            Redirect(of="others"),
            {"answer": "success", "status": 200},
            "200 success; from now on all but orders is sent to another host",
        ),
        (RateLimit(), {"status": 429}, "429 rate limited, no Retry-After"),
        (RateLimit(), {"status": 429, "retry_after": 600.0}, "429 rate limited, Retry-After 10 min"),
        (InProgress(form="102-bare"), {"interim_status": 102}, "102 in progress, and nothing else"),
        (InProgress(form="102-body"), {"interim_status": 102}, "102 in progress, with a body"),
        (
            InProgress(form="102-then-final"),
            {"interim_status": 102, "answer": "success", "status": 200},
            "102 in progress, then 200 success",
        ),
        (
            InProgress(),
            {"answer": "in-progress", "status": 400, "error_type": "busy"},
            "400 busy: in progress",
        ),
        (Error(type="oops"), {"answer": "transient", "status": 500, "error_type": "oops"}, "500 oops"),
        (
            Error(type="oops", cached=True),
            {"answer": "transient", "status": 500, "error_type": "oops"},
            "500 oops, stored for this key",
        ),
        (
            Error(type="oops", cached=True, lost=True),
            {},
            "connection reset instead of oops, stored for this key",
        ),
        (
            Error(type="oops", words="missing"),
            {"answer": "transient", "status": 500, "error_type": "oops"},
            "500 oops, without message and help",
        ),
        (
            Error(type="oops", message="\x1b[1mall well", shape="reordered"),
            {"answer": "transient", "status": 500, "error_type": "oops"},
            '500 oops, message "\\x1b[1mall well", its properties in another order',
        ),
        (Malformed(form="null", status=403), {"status": 403}, "403, with JSON null"),
        (Drip(), {"status": 200}, "200, then a byte every 5 s, without end"),
        (
            OtherVersion(version="2031-01-01"),
            {"answer": "success", "status": 200},
            "200 success, naming version 2031-01-01",
        ),
        (
            Processing(ends="failed"),
            {"answer": "success", "status": 202},
            "202 success; failed after 30 s",
        ),
        (
            Revoke(),
            {"answer": "final", "status": 401, "error_type": "bad_key"},
            "401 bad_key, the key having just been revoked",
        ),
        (Slow(), {"answer": "success", "status": 200}, "200 success"),
        (
            ExtraFields(),
            {"answer": "success", "status": 200},
            "200 success, with properties never seen before",
        ),
        (Reordered(), {"answer": "success", "status": 200}, "200 success, its properties in another order"),
    ],
)
def test_every_fault_has_its_words(fault, answer, says):
    evidence = Evidence(Trial((ORDER,)), (attempt(1, 0.0, "k", fault=fault, **answer),), (), ())
    assert [step.text for step in sequence(evidence) if step.actor == "api"] == [says]


def test_a_redirect_that_took_the_key_with_it():
    seen = Sighting("header X-Api-Key", "plain", "X-Api-Key: XXabc123.[secret]")
    away = attempt(2, 0.0, "k-1", status=404, error_type="not_found", answer="final", sightings=(seen,))
    evidence = Evidence(
        Trial((ORDER,)),
        (
            attempt(1, 0.0, "k-1", fault=Redirect(), status=307, answer="redirect"),
            replace(away, at="other-host", operation=None, attempt=None, reference=None),
        ),
        (),
        (Call(ORDER.reference, 1, 0.0, 0.1, Outcome("rejected", type="not_found")),),
    )
    assert (
        told(evidence, 2)
        == """
   seconds  client                                                                  API
     0.000  │ is handed order 12.34 (order-4f2a90c1de)                               │
            ├─ attempt 1  key A k-1 ────────────────────────────────────────────────▶│
            │◀────────────────────────────────────────────── 307, go to another host ┤
>           ├─ request 2 at another host: POST /v2/order ───────────────────────────▶│
>           │ in the header X-Api-Key: a secret, plain: X-Api-Key: XXabc123.[secret] │
            │◀──────────────────────────────────────────────────────── 404 not_found ┤
     0.100  │ says rejected not_found                                                │
    ledger  no order
"""
    )


def test_what_a_client_did_about_certificates():
    evidence = Evidence(
        Trial((ORDER,), certificate="expired"),
        (replace(attempt(1, 2.0, "k-1", answer="success", status=200), connection=3),),
        (),
        (),
        handshakes=(
            Handshake(1, "expired", False, "certificate expired"),
            Handshake(2, "expired", True, at=1.0),
            Handshake(3, "expired", True, at=2.0),
            Handshake(4, "good", True, at=3.0),
            Handshake(5, "good", False, "unknown \x1b[1mca", at=4.0),
        ),
    )
    assert (
        told(evidence, 1)
        == """
   seconds  client                                                          API
     0.000  │ connects, is shown a certificate that is expired, and breaks off (certificate expired)
     1.000  │ connects, is shown a certificate that is expired, and hangs up │
     2.000  │ connects, is shown a certificate that is expired, and takes it │
>           ├─ attempt 1  key A k-1 ────────────────────────────────────────▶│
            │◀────────────────────────────────────────────────── 200 success ┤
     4.000  │ connects, is shown a certificate that is good, and breaks off (unknown \\x1b[1mca)
    ledger  no order
"""
    )


def test_an_attempt_without_a_key_says_so():
    evidence = Evidence(Trial((ORDER,)), (attempt(1, 0.0, None),), (), ())
    assert "attempt 1  no key" in told(evidence)


def test_a_request_that_was_broken_off_never_arrives():
    evidence = Evidence(Trial((ORDER,)), (attempt(1, 0.0, "k", complete=False),), (), ())
    (asks,) = [step for step in sequence(evidence) if step.to]
    assert asks.lost
    assert "✗ │" in told(evidence)


@pytest.mark.parametrize(
    "fault", [Reset(), Close(), Hang(), Truncate(), Drip(), Kill(), Error(type="x", lost=True)]
)
def test_an_answer_that_does_not_arrive_is_an_arrow_that_ends_in_a_cross(fault):
    evidence = Evidence(Trial((ORDER,)), (attempt(1, 0.0, "k", fault=fault, status=200),), (), ())
    assert "│ ✗──" in told(evidence)
    assert "◀" not in told(evidence)


def test_a_storm_of_retries_loses_its_middle_and_keeps_its_end():
    exchanges = tuple(attempt(n, float(n), "k", fault=Reset()) for n in range(1, 2_001))
    lines = diagram(sequence(Evidence(Trial((ORDER,)), exchanges, (), ())))
    assert len(lines) <= MOST_LINES
    assert sum("5,986 steps left out" in line for line in lines) == 1
    assert "attempt 2000" in lines[-3]
    assert lines[-1].endswith("no order")


def test_what_shows_the_violation_is_never_left_out():
    exchanges = tuple(attempt(n, 10.0 * n, "k", fault=Reset()) for n in range(1, 51))
    lines = diagram(sequence(Evidence(Trial((ORDER,)), exchanges, (), ()), (24, 25)))
    assert [line.split("key")[0].strip("> ─├") for line in lines if line.startswith(">")] == [
        "240.000  ├─ attempt 24",
        "250.000  ├─ attempt 25",
    ]
    assert sum("left out" in line for line in lines) == 2


def test_on_an_ascii_screen_the_lines_are_still_straight():
    lines = diagram(sequence(bought_twice(), (2,)), ascii=True)
    assert all(line.isascii() for line in lines)
    assert len({line.rindex("|") for line in lines[1:-1]}) == 1


def test_an_order_that_is_handed_over_twice_at_once_is_told_as_that():
    calls = (
        Call(ORDER.reference, 1, 0.0, 0.2, Outcome("created", "O-1")),
        Call(ORDER.reference, 2, 0.0, 0.2, Outcome("created", "O-1")),
    )
    steps = sequence(Evidence(Trial((ORDER,), twice=True), (), (), calls))
    assert [step.text for step in steps if "handed" in step.text] == [
        "is handed order 12.34 (order-4f2a90c1de)",
        "is handed order 12.34 once more, while it is under way",
    ]


def test_a_corrected_order_says_which_one_it_corrects():
    corrected = PlannedOrder("order-2", {}, "20.00", corrects=ORDER.reference)
    calls = (
        Call(ORDER.reference, 1, 0.0, 0.2, Outcome("rejected", type="bad_request")),
        Call("order-2", 1, 0.3, 0.5, Outcome("created", "O-1")),
    )
    steps = sequence(Evidence(Trial((ORDER, corrected)), (), (), calls))
    assert [step.text for step in steps if "handed" in step.text] == [
        "is handed order 12.34 (order-4f2a90c1de)",
        "is handed order 20.00 under the same reference, to correct order 12.34",
    ]


def test_of_many_orders_the_ledger_names_those_that_are_not_there_once():
    orders = tuple(PlannedOrder(f"order-{n}", {}, f"{n}.00") for n in range(1, 8))
    ledger = tuple(
        LedgerEntry(f"O-{n}", f"order-{n}", f"{n}.00", "k", 0.0, n, "COMPLETED") for n in range(2, 8)
    )
    steps = sequence(Evidence(Trial(orders, concurrent=True), (), ledger, ()))
    assert [step.text for step in steps if step.actor == "ledger"] == [
        "order 1.00: no order",
        "the other 6: 1 order each",
    ]


def test_an_answer_that_comes_after_the_next_request_says_to_which():
    late = attempt(1, 0.0, "k", answer="success", status=200, order_id="O-1", answered_at=9.0)
    again = attempt(2, 5.0, "k", answer="success", status=200, order_id="O-1", answered_at=5.1)
    steps = sequence(Evidence(Trial((ORDER,)), (late, again), (), ()))
    assert [step.text for step in steps if step.actor == "api"] == [
        "200 success O-1",
        "to attempt 1: 200 success O-1",
    ]


def test_whatever_the_client_sent_each_step_stays_one_line_of_bounded_length():
    nasty = "\x1b[2J\n\u202e" + "x" * 10_000
    evidence = Evidence(
        Trial((PlannedOrder(nasty, {}, nasty),)),
        (
            replace(attempt(1, 0.0, nasty, error_type=nasty, answer="final"), reference=nasty),
            replace(attempt(2, 0.0, None), method=nasty, target=nasty, attempt=None),
        ),
        (LedgerEntry(nasty, nasty, nasty, nasty, 0.0, 1, nasty),),
        (Call(nasty, 1, 0.0, 0.0, Outcome("rejected", nasty, nasty, nasty)),),
        escapes=(nasty,),
        stopped=nasty,
    )
    for line in diagram(sequence(evidence)):
        assert line.isprintable()
        assert len(line) <= ALL + 40

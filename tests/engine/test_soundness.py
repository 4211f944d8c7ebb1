"""Whether a client came through an answer with its senses, and what it did, in a few words."""

from __future__ import annotations

from dataclasses import replace

from stories import call, case, entry, exchange

from conformance.check import Observed, Remark, Unmet
from conformance.evidence import Call, Exchange, LedgerEntry, Outcome
from conformance.finding import Cell, Violation
from conformance.judge.case import Case
from conformance.judge.soundness import came_through, in_the_matrix

REFUSED = exchange(1, answer="final", status=403, error_type="forbidden")


def through(told: Case) -> list[Remark]:
    return list(came_through(told, told.stories[0], (1,), "the order was refused"))


def of(outcome: Outcome | None, ending: str = "answered", *ledger: LedgerEntry) -> list[Remark]:
    said = replace(call(outcome), ending=ending, detail="KeyError: 'x'\n in f" if not outcome else "")  # type: ignore[arg-type]
    return through(case([REFUSED], [said], ledger))


def test_any_outcome_but_a_false_success_will_do() -> None:
    for outcome in (Outcome("rejected"), Outcome("unknown")):
        assert of(outcome) == [Observed()]
    assert of(Outcome("created", "O-1"), "answered", entry("O-1")) == [Observed()]


def test_a_crash_and_a_hang_are_told_with_what_happened() -> None:
    (crashed,), (hung,) = of(None, "crashed"), of(None, "hung")
    assert isinstance(crashed, Violation)
    assert isinstance(hung, Violation)
    assert crashed.summary == "the order was refused; the client crashed: KeyError: 'x' in f"
    assert (crashed.rule, hung.rule) == ("crashed", "hung")


def test_a_success_that_is_none_stands_on_any_clock() -> None:
    (found,) = of(Outcome("created", "O-9"), "answered", entry("O-1"))
    assert isinstance(found, Violation)
    assert (found.rule, found.on_any_clock) == ("false success", True)


def test_an_order_that_went_out_under_another_name_may_be_this_one() -> None:
    stray = replace(entry("O-9"), reference=None)
    assert of(Outcome("created", "O-9"), "answered", stray) == [Observed()]


def test_what_the_suite_ended_says_nothing() -> None:
    (remark,) = of(None, "stopped")
    assert isinstance(remark, Unmet)


def cell(attempts: list[Exchange], *calls: Call) -> Cell:
    whole = case(attempts, calls)
    story = whole.stories[0]
    return in_the_matrix(whole, story, story.attempts[0], "forbidden", "403")


def test_the_matrix_says_what_the_client_did() -> None:
    told = Outcome("rejected", type="forbidden")
    assert cell([REFUSED], call(told)).text == "rejected, not sent again"
    assert (
        cell([REFUSED], call(Outcome("rejected", type="http_403"))).text
        == "rejected as http_403, not sent again"
    )
    twice = [REFUSED, exchange(2, received_at=20.0)]
    created = Outcome("created", "O-1")
    assert cell(twice, call(created)).text == "created, sent 1 more time"
    asked = cell(twice, call(Outcome("unknown"), 1, 0, 5), call(created, 2, 10, 30))
    assert asked.text == "created, sent 1 more time, asked 2 times"
    assert cell([REFUSED], call(None)) == Cell("forbidden", "403", "crashed", wrong=True)
    assert not cell([REFUSED], call(told)).wrong
    assert cell([REFUSED], call(created)).wrong, "there is no such order"

"""The suite asks again where a careful caller would, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from stories import exchange, order

from conformance import trial
from conformance.evidence import Call, Exchange, Outcome, PlannedOrder, Trial
from conformance.faults import Reset

UNKNOWN, REJECTED, CREATED = Outcome("unknown"), Outcome("rejected", type="x"), Outcome("created", "O-1")


class Script:
    """A client whose calls, and what they send, are written down beforehand."""

    def __init__(self, *calls: tuple[Outcome | None, Sequence[str]]) -> None:
        self.calls = list(calls)
        self.sent: list[Exchange] = []

    def place(self, planned: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        outcome, answers = self.calls[min(number, len(self.calls)) - 1]
        for answer in answers:
            self.sent.append(exchange(len(self.sent) + 1, answer=answer))
        return Call(planned.reference, number, 0.0, 0.0, outcome, "answered" if outcome else "crashed")


class NoTime(trial.Stop):
    """Remembers the pauses instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return self.is_set()


def driven(script: Script, *, resumes: bool = True) -> tuple[int, list[float | None]]:
    stop = NoTime()
    calls = trial.run_orders(Trial((order(),)), script, lambda: tuple(script.sent), stop, resumes=resumes)
    return len(calls), stop.pauses


def test_after_unknown_it_asks_four_times_more_with_growing_pauses() -> None:
    assert driven(Script((UNKNOWN, ["none"]))) == (5, [5.0, 15.0, 60.0, 300.0])


def test_a_client_that_goes_on_by_itself_is_asked_until_it_has_met_all_faults() -> None:
    faults = (Reset(when="after"),) * 8
    working = (UNKNOWN, ["none", "none"])
    stop = NoTime()
    script = Script(
        working, working, working, (UNKNOWN, ["none"]), (UNKNOWN, ["none"]), (CREATED, ["success"])
    )

    calls = trial.run_orders(
        Trial((replace(order(), schedule=faults),)), script, lambda: tuple(script.sent), stop, resumes=True
    )

    assert [call.outcome for call in calls][-1] == CREATED
    assert stop.pauses[-1] == 300.0


def test_it_stops_when_the_client_says_created() -> None:
    assert driven(Script((UNKNOWN, ["none"]), (CREATED, ["success"]))) == (2, [5.0])


def test_rejected_after_a_rate_limit_is_undecided() -> None:
    assert driven(Script((REJECTED, ["rate-limited"]), (CREATED, ["success"]))) == (2, [5.0])


def test_rejected_is_decided_after_any_other_answer() -> None:
    assert driven(Script((REJECTED, ["transient"]))) == (1, [])


def test_a_final_error_or_a_key_mismatch_is_never_asked_about_again() -> None:
    assert driven(Script((UNKNOWN, ["final"]))) == (1, [])
    assert driven(Script((UNKNOWN, ["key-mismatch"]))) == (1, [])


def test_a_crash_is_not_asked_about_again() -> None:
    assert driven(Script((None, ["none"]))) == (1, [])


def test_calls_that_send_nothing_do_not_count() -> None:
    script = Script((UNKNOWN, ["transient"]), (UNKNOWN, []), (UNKNOWN, []), (CREATED, ["success"]))
    assert driven(script) == (4, [5.0, 15.0, 60.0])


def test_a_client_that_never_sends_is_given_up() -> None:
    calls, pauses = driven(Script((UNKNOWN, [])))
    assert calls == trial.SILENT_CALLS + 1
    assert len(pauses) == trial.SILENT_CALLS


def test_nothing_is_asked_twice_of_a_client_that_does_not_resume() -> None:
    assert driven(Script((UNKNOWN, ["none"])), resumes=False) == (1, [])

"""Orders that are handed over twice, once, late, corrected, or to a client that was killed."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from stories import CONTRACT, exchange, order

from conformance import trial
from conformance.check import Doubtful
from conformance.confirmation import decisive
from conformance.evidence import Call, Evidence, Exchange, Outcome, PlannedOrder, Trial
from conformance.faults import Hang, InProgress, Kill, Reset
from conformance.laboratory import Laboratory
from conformance.planning import kills
from conformance.planning import trial as trial_of
from conformance.rigs import Facts
from conformance.sandbox.intents import Intents

UNKNOWN, REJECTED, CREATED = Outcome("unknown"), Outcome("rejected", type="x"), Outcome("created", "O-1")
LATER = 900_000.0


class Client:
    """Says what is written down for each call of an order, the last for all that follow. None: it was killed."""

    def __init__(self, *said: Outcome | None, answer: str = "none") -> None:
        self.said = said
        self.answer = answer
        self.sent: list[Exchange] = []
        self.asked: list[tuple[str, str, int]] = []
        self.lock = threading.Lock()

    def place(self, planned: PlannedOrder, number: int, *, stop: threading.Event) -> Call:
        with self.lock:
            self.asked.append((planned.reference, planned.handed_as, number))
            self.sent.append(exchange(len(self.sent) + 1, reference=planned.reference, answer=self.answer))
        outcome = self.said[min(number, len(self.said)) - 1]
        return Call(planned.reference, number, 0.0, 0.0, outcome, "answered" if outcome else "killed")


class NoTime(trial.Stop):
    """Remembers the pauses instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return self.is_set()


def asked(client: Client, planned: Trial, stop: NoTime | None = None) -> tuple[Call, ...]:
    return trial.run_orders(planned, client, lambda: tuple(client.sent), stop or NoTime(), resumes=True)


def test_both_callers_of_an_order_that_is_handed_over_twice_ask_again_for_themselves() -> None:
    client = Client(UNKNOWN, UNKNOWN, CREATED)
    calls = asked(client, Trial((order(),), twice=True))
    assert sorted(call.number for call in calls) == [1, 2, 3, 4]
    assert [call.outcome for call in calls].count(CREATED) == 2


def test_nobody_asks_again_where_an_order_is_handed_over_once() -> None:
    assert len(asked(Client(UNKNOWN), Trial((order(),), once=True))) == 1
    assert len(asked(Client(None), Trial((order(),), once=True))) == 1


def test_an_order_that_is_taken_up_late_is_asked_for_a_single_time_after_that_long() -> None:
    stop = NoTime()
    calls = asked(Client(UNKNOWN), Trial((order(),), later=LATER), stop)
    assert (len(calls), stop.pauses) == (2, [LATER])


def test_a_killed_client_is_asked_again_at_once_and_without_counting() -> None:
    stop = NoTime()
    calls = asked(Client(None, None, UNKNOWN, CREATED), Trial((order(),)), stop)
    assert [call.ending for call in calls] == ["killed", "killed", "answered", "answered"]
    assert stop.pauses == [trial.AFTER_DEATH, trial.AFTER_DEATH, trial.PAUSES[0]]


def test_a_client_that_is_killed_for_ever_is_left_alone_in_the_end() -> None:
    assert len(asked(Client(None), Trial((order(),)))) == trial.MOST_CALLS


@pytest.mark.parametrize(("said", "corrections"), [(REJECTED, 1), (CREATED, 0)])
def test_only_an_order_that_was_refused_is_corrected_and_under_its_own_reference(
    said: Outcome, corrections: int
) -> None:
    client = Client(said, answer="final")
    corrected = replace(order("order-2", "56.78"), corrects="order-1")
    asked(client, Trial((order(), corrected)))
    assert client.asked == [("order-1", "order-1", 1), ("order-2", "order-1", 1)][: 1 + corrections]


def met(planned: Trial, attempts: int) -> list[str | None]:
    first = planned.orders[0]
    intents = Intents(planned.orders, ())
    faults = []
    for _ in range(attempts):
        intent = intents.of(float(first.face_value), "key")
        assert intent is not None
        fault = intent.next_fault()
        faults.append(fault and fault.fault)
    return faults


def test_the_last_fault_of_an_endless_order_never_ends() -> None:
    faults = (Reset(when="after"), Hang(when="before"))
    assert met(trial_of(CONTRACT, faults), 4) == ["reset", "hang", None, None]
    assert met(trial_of(CONTRACT, faults, endless=True), 4) == ["reset", "hang", "hang", "hang"]
    assert met(trial_of(CONTRACT, (InProgress(),), endless=True), 3) == ["in-progress"] * 3
    assert met(trial_of(CONTRACT, (), endless=True), 2) == [None, None]


class Rig:
    def __init__(self, **facts: object) -> None:
        self.facts = Facts(True, "", 1, **facts)  # type: ignore[arg-type]  # fields of Facts
        self.secrets: list[str] = []

    def run(self, planned: Trial) -> Evidence:
        raise AssertionError

    def stop(self) -> None: ...

    def close(self) -> None: ...


RESET = (Reset(when="after"),)


@pytest.mark.parametrize(
    ("planned", "facts", "borne"),
    [
        (trial_of(CONTRACT, RESET, endless=True, once=True), {"longest": 3}, True),
        (trial_of(CONTRACT, RESET, endless=True), {"longest": 3}, False),
        (trial_of(CONTRACT, RESET, endless=True), {}, True),
        (trial_of(CONTRACT, RESET, later=LATER), {}, False),
        (trial_of(CONTRACT, RESET, later=LATER), {"leaps": True}, True),
        (trial_of(CONTRACT, (Kill(),)), {"ours": False}, False),
        (trial_of(CONTRACT, (Kill(),)), {}, True),
    ],
)
def test_what_a_rig_bears(planned: Trial, facts: dict[str, object], borne: bool) -> None:
    laboratory = Laboratory(Rig(**facts))
    assert laboratory.bears(planned) is borne
    laboratory.close()


def test_a_doubt_about_an_endless_order_is_settled_by_as_many_faults_as_it_takes() -> None:
    planned = trial_of(CONTRACT, RESET, endless=True, once=True)
    reference = planned.orders[0].reference
    sent = tuple(exchange(number, reference=reference) for number in range(1, 5))
    found = decisive(planned, Evidence(planned, sent, (), ()), [Doubtful("near", 3)])
    assert found is not None
    assert (found.trial.orders[0].schedule, found.trial.orders[0].endless) == (RESET * 3, False)


def test_a_death_anywhere_in_a_trial_is_known_beforehand() -> None:
    assert kills(trial_of(CONTRACT, (), (Reset(), Kill())))
    assert not kills(trial_of(CONTRACT, RESET, restart=True))

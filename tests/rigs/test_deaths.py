"""A client is killed where the schedule says so, and its world waits for it to come back."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gallery
from conformance.contracts import load_contract
from conformance.evidence import Evidence, Trial
from conformance.faults import Error, Kill
from conformance.laboratory import Beside, Laboratory
from conformance.planning import trial
from conformance.profile import Client, Profile
from conformance.rigs import Rig
from conformance.rigs.direct import DirectRig
from conformance.rigs.hosted import HostedRig
from conformance.rigs.mortal import mortal_rig, needs_own_process
from gallery.worker import ENVIRONMENT

CONTRACT = load_contract("runa")
ROOT = Path(gallery.__file__).resolve().parents[1]
ERROR = "internal_server_error"
CAREFUL, FORGETFUL = "gallery.reference:Reference.place_order", "gallery.lives:KeyInMemory.place_order"
Run = Callable[[str, Trial], Evidence]


@pytest.fixture(scope="module", params=["worker", "python"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a trial with a client of the gallery: as a worker, or called."""
    rigs: dict[str, Rig] = {}

    def rig_for(target: str) -> Rig:
        client = Client(driver="python", target=target)
        if request.param == "worker":
            command = (sys.executable, "-m", "gallery.worker", target)
            env = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
            client = Client(driver="worker", command=command, env=env)
        profile = Profile(subject="shop", client=client, api_version="2024-02-05")
        profile._path = tmp_path_factory.mktemp("profile") / "golive.yaml"
        if request.param == "worker":
            return DirectRig(profile, CONTRACT, seed=1)
        return mortal_rig(profile, CONTRACT, clock="virtual", seed=1, folder=ROOT)

    def run(target: str, planned: Trial) -> Evidence:
        rigs[target] = rigs.get(target) or rig_for(target)
        return rigs[target].run(planned)

    yield run
    for rig in rigs.values():
        rig.close()


def endings(evidence: Evidence) -> list[str]:
    return [call.outcome.kind if call.outcome else call.ending for call in evidence.calls]


def keys(evidence: Evidence) -> list[str | None]:
    return [exchange.idempotency_key for exchange in evidence.exchanges]


def test_a_client_that_is_killed_before_anything_was_booked_comes_back_to_the_same_world(run: Run) -> None:
    evidence = run(CAREFUL, trial(CONTRACT, (Kill(when="before"),)))
    first, second = evidence.exchanges
    assert endings(evidence) == ["killed", "created"]
    assert (first.booked, first.answer, first.delivered, first.answered_at) == (None, "none", "none", None)
    assert second.booked == evidence.ledger[0].order_id
    assert len(set(keys(evidence))) == len(evidence.ledger) == 1
    assert evidence.stopped is None


def test_one_that_is_killed_after_the_booking_is_given_the_order_that_exists(run: Run) -> None:
    evidence = run(CAREFUL, trial(CONTRACT, (Kill(when="after"),)))
    first, second = evidence.exchanges
    assert (first.booked, first.delivered) == (evidence.ledger[0].order_id, "none")
    assert (second.order_id, second.replayed) == (first.booked, True)
    assert endings(evidence) == ["killed", "created"]


def test_one_that_is_killed_once_it_was_told_has_been_told(run: Run) -> None:
    evidence = run(CAREFUL, trial(CONTRACT, (Kill(when="answered", type=ERROR),)))
    first = evidence.exchanges[0]
    assert (first.answer, first.delivered, first.error_type) == ("transient", "complete", ERROR)
    assert endings(evidence) == ["killed", "created"]


def test_a_death_may_come_in_a_later_attempt(run: Run) -> None:
    evidence = run(CAREFUL, trial(CONTRACT, (Error(type=ERROR), Kill(when="before"))))
    assert [exchange.attempt for exchange in evidence.exchanges] == [1, 2, 3]
    assert endings(evidence) == ["killed", "created"]


def test_a_client_that_forgot_its_key_is_seen_to_buy_twice(run: Run) -> None:
    evidence = run(FORGETFUL, trial(CONTRACT, (Kill(when="after"),)))
    assert len(set(keys(evidence))) == len(evidence.ledger) == 2


def test_orders_at_once_die_together_and_come_back_one_by_one(run: Run) -> None:
    evidence = run(CAREFUL, trial(CONTRACT, (Kill(),), (Kill(when="before"),), concurrent=True))
    assert {call.reference for call in evidence.calls if call.ending == "killed"} == {
        order.reference for order in evidence.trial.orders
    }
    assert endings(evidence).count("created") == len(evidence.ledger) == 2


def test_the_secrets_of_a_called_client_are_those_of_all_its_processes(tmp_path: Path) -> None:
    profile = Profile(
        subject="shop", client=Client(driver="python", target=CAREFUL), api_version="2024-02-05"
    )
    profile._path = tmp_path / "golive.yaml"
    laboratory = Laboratory(
        HostedRig(profile, CONTRACT, clock="virtual", seed=1, folder=ROOT),
        beside=Beside(
            needs_own_process,
            lambda: mortal_rig(profile, CONTRACT, clock="virtual", seed=2, folder=ROOT),
            parallel=1,
        ),
    )
    try:
        laboratory.evidence(trial(CONTRACT, ()))
        one = len(laboratory.secrets)
        laboratory.evidence(trial(CONTRACT, (Kill(),)))
        assert len(set(laboratory.secrets)) > one == 2
    finally:
        laboratory.close()


def test_a_restart_between_orders_is_a_new_process_with_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = """
    import os, pathlib
    from gallery.reference import Reference

    def count(order, context):
        seen = len(list(context.state_dir.iterdir()))
        with open(pathlib.Path(__file__).with_name("counted"), "a") as file:
            print(os.getpid(), seen, file=file)
        return Reference.place_order(order, context)
    """
    (tmp_path / "shop.py").write_text(textwrap.dedent(counting))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    profile = Profile(
        subject="shop", client=Client(driver="python", target="shop:count"), api_version="2024-02-05"
    )
    profile._path = tmp_path / "golive.yaml"
    rig = mortal_rig(profile, CONTRACT, clock="virtual", seed=1, folder=ROOT)
    try:
        rig.run(trial(CONTRACT, ()))
        (tmp_path / "counted").unlink()
        evidence = rig.run(trial(CONTRACT, (), (), (), restart=True))
    finally:
        rig.close()
    lines = [line.split() for line in (tmp_path / "counted").read_text().splitlines()]
    assert len({pid for pid, _ in lines}) == 3
    assert [int(seen) - int(lines[0][1]) for _, seen in lines] == [0, 1, 2]
    assert len({exchange.number for exchange in evidence.exchanges}) == 3
    assert len(evidence.ledger) == 3

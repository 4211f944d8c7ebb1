"""Trials a second on the virtual clock: the gallery's reference client goes through 429, 429, 503 and a lost
response, by the rig and by the laboratory, nothing judged. Against the same client making the same requests to the
sandbox with no suite around it: in one process, on no clock of ours, its waits taken away.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from table import publish, say, verdict

from conformance.contracts import load_contract
from conformance.evidence import Evidence
from conformance.faults import Error, RateLimit, Reset
from conformance.hygiene.canary import mint
from conformance.laboratory import Laboratory
from conformance.planning import trial, with_references
from conformance.profile import Client, Profile
from conformance.rigs.hosted import HostedRig
from conformance.sandbox import Sandbox, World
from gallery import reference

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 16
TRIALS = 20
"""in a round"""
GOAL = 2.0
"""times the client and the sandbox by themselves"""

CONTRACT = load_contract("runa")
UNAVAILABLE = Error(type="internal_server_error", status=503)
PLANNED = trial(CONTRACT, (RateLimit(), RateLimit(), UNAVAILABLE, Reset(when="after")))
PROFILE = Profile(
    subject="reference",
    client=Client(driver="python", target="gallery.reference:Reference.place_order"),
    api_version=CONTRACT.versions.current,
)
Series = Callable[[int], None]
"""runs a trial, the so-many-th"""


def is_right(evidence: Evidence) -> bool:
    """Did the client meet the whole schedule, and end with its one order?"""
    return len(evidence.exchanges) == 5 and len(evidence.ledger) == 1


@contextmanager
def by_itself() -> Iterator[Series]:
    canary = mint(CONTRACT, random.Random(0))
    sandbox = Sandbox(CONTRACT)
    sandbox.start()

    def run(serial: int) -> None:
        planned = with_references(PLANNED, f"alone-{serial}")
        world = World(CONTRACT, canary.key, planned.orders, seed=planned.seed, canary=canary)
        sandbox.begin(world)
        order = planned.orders[0]
        context = SimpleNamespace(
            base_url=sandbox.base_url,
            api_key=canary.key,
            api_version=CONTRACT.versions.current,
            reference=order.reference,
            state_dir=state,
        )
        order_id = reference.Reference.place_order(dict(order.body), context)
        sandbox.end()
        assert [entry.order_id for entry in world.ledger()] == [order_id]
        assert len(world.exchanges()) == 5

    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with mock.patch.object(reference, "time", SimpleNamespace(sleep=lambda seconds: None)):
            yield run
    reference.connect(sandbox.base_url).close()
    sandbox.stop()


@contextmanager
def by_the_rig() -> Iterator[Series]:
    rig = HostedRig(PROFILE, CONTRACT, clock="virtual", seed=1, folder=ROOT)

    def run(serial: int) -> None:
        assert is_right(rig.run(with_references(PLANNED, f"rig-{serial}")))

    try:
        yield run
    finally:
        rig.close()


@contextmanager
def by_the_laboratory() -> Iterator[Series]:
    laboratory = Laboratory(HostedRig(PROFILE, CONTRACT, clock="virtual", seed=1, folder=ROOT), seed=1)

    def run(serial: int) -> None:
        evidence = laboratory.repeat(PLANNED, "benchmark")
        assert is_right(evidence)
        SIMULATED.append(evidence.clock.simulated)

    try:
        yield run
    finally:
        laboratory.close()


SIMULATED: list[float] = []
"""client seconds of each trial"""


def main() -> None:
    least = [float("inf")] * 3
    with by_itself() as alone, by_the_rig() as rig, by_the_laboratory() as laboratory:
        for round_ in range(ROUNDS + 1):
            for number, run in enumerate((alone, rig, laboratory)):
                began = time.perf_counter()
                for serial in range(TRIALS):
                    run(round_ * TRIALS + serial)
                if round_:  # the first is for warming up
                    least[number] = min(least[number], (time.perf_counter() - began) / TRIALS)
            say(f"round {round_} of {ROUNDS}: " + ", ".join(f"{seconds * 1e3:.2f} ms" for seconds in least))
    bare, hosted, shared = least
    rows = [["client and sandbox by themselves, no waiting", f"{1 / bare:,.0f}", "1.00", ""]]
    for name, seconds in (("the rig", hosted), ("the laboratory on the rig", shared)):
        ratio = seconds / bare
        rows.append([name, f"{1 / seconds:,.0f}", f"{ratio:.2f}", f"≤ {GOAL:.0f}: {verdict(ratio <= GOAL)}"])
    publish(
        "Trials in process",
        ("what runs the trial", "trials/s", "times as long", "goal"),
        rows,
        f"Virtual clock, reference client, schedule 429, 429, 503, response lost: 5 requests and "
        f"{sum(SIMULATED) / len(SIMULATED):.0f} client seconds a trial. Best of {ROUNDS} rounds of {TRIALS} trials, "
        "on the wall.",
    )


if __name__ == "__main__":
    main()

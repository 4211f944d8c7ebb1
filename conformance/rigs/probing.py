"""Which clock a client process runs on: its own runtime is asked, with its first order.

What lives here: the choice between the accelerated clock and the real one, the factor, and the reasons.
What must never be known here: how a process is made faster, and any check.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from conformance.clock.acceleration import Accelerator, NoAcceleration, accelerator
from conformance.clock.escapes import descendants, escape, escape_of_program
from conformance.contract import Contract
from conformance.evidence import Evidence
from conformance.planning import trial, with_references
from conformance.profile import Profile
from conformance.rigs import RigError
from conformance.rigs.direct import DirectRig, find_program
from conformance.rigs.stations import Station

FACTOR = 20.0
"""client seconds in a second on the wall, where the machine is quick enough"""
LEAST = 3.0
"""below this factor it is not worth it"""
REACTION = 2.0
"""client seconds that a client may need, for no reason but its speed, to tell of an answer that it has been given"""

HEAVY = 0.5
"""seconds on the wall for an order placed by a client that is started for it; of those that take longer there are no
more side by side than there are cores, since acceleration has nothing to spare where a processor is waited for
"""

Wish = Literal["auto", "real", "accelerated"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """`note`: why not the accelerated clock, or why slower than usual; None where there is nothing to tell."""

    rig: DirectRig
    clock: Literal["real", "accelerated"]
    note: str | None


class _Unsuitable(Exception):
    """Why this client cannot be examined on the accelerated clock."""


def choose_rig(profile: Profile, contract: Contract, *, wish: Wish, seed: int, port: int) -> Chosen:
    """The fastest rig on which this client can be trusted to behave as it does.

    Raises RigError when the client cannot be examined at all, or not on the accelerated clock where that alone is
    wished for.
    """

    def real() -> DirectRig:
        return DirectRig(profile, contract, seed=seed, port=port)

    if wish == "real":
        return Chosen(real(), "real", None)
    assert profile.client is not None
    try:
        if not profile.client.command:
            raise _Unsuitable("the service was running already, and cannot be made faster")
        _require_libc(profile)
        return _accelerated(profile, contract, seed, port)
    except (_Unsuitable, NoAcceleration) as reason:
        if wish == "accelerated":
            raise RigError(f"--clock accelerated: {reason}") from None
        return Chosen(real(), "real", str(reason))


def _require_libc(profile: Profile) -> None:
    """Some programs do not even start with a library that they cannot load. Raises _Unsuitable."""
    assert profile.client is not None
    program = find_program(profile.client.command[0], profile)
    with suppress(OSError):  # not there, or not to be read: whoever starts it will say so
        if program and (reason := escape_of_program(program)):
            raise _Unsuitable(reason)


def _accelerated(profile: Profile, contract: Contract, seed: int, port: int) -> Chosen:
    """Raises _Unsuitable, NoAcceleration."""
    faster = accelerator()
    rig = DirectRig(profile, contract, seed=seed, accelerator=faster, factor=FACTOR, port=port)
    try:
        factor = _factor_for(rig, profile, contract)
    except BaseException:  # an interrupt too: nobody else will end its clients
        rig.close()
        raise
    if factor == FACTOR:
        return Chosen(rig, "accelerated", None)
    rig.close()
    if factor < LEAST:
        raise _Unsuitable("the machine is too busy for an accelerated clock")
    return _slowed(profile, contract, seed, port, faster, factor, rig.facts.parallel)


def _slowed(
    profile: Profile,
    contract: Contract,
    seed: int,
    port: int,
    faster: Accelerator,
    factor: float,
    parallel: int,
) -> Chosen:
    rig = DirectRig(profile, contract, seed=seed, accelerator=faster, factor=factor, port=port)
    rig.narrow(parallel)
    note = f"{factor:g} times faster than real time rather than {FACTOR:g}: client or machine are too slow for more"
    return Chosen(rig, "accelerated", note)


def _factor_for(rig: DirectRig, profile: Profile, contract: Contract) -> float:
    """By how long the client takes to tell of an answer. Raises _Unsuitable."""
    assert profile.client is not None
    undisturbed = trial(contract, ())
    reasons: list[str] = []

    def look(station: Station) -> None:
        for process in station.driver.pids():
            # Whoever it is that speaks to the sandbox: a wrapper may have started it.
            reasons.extend(filter(None, map(escape, descendants(process))))

    # What a runtime does for the first time takes longer than it ever will again.
    orders = 1 if profile.client.driver == "command" else 2
    reaction = None
    for number in range(orders):
        began = time.monotonic()
        evidence = rig.observe(with_references(undisturbed, f"probe-{number}"), look)
        passing = profile.client.driver == "command"
        if passing and time.monotonic() - began > HEAVY:
            rig.narrow(os.cpu_count() or 1)
        if reasons:
            raise _Unsuitable(reasons[0])
        reaction = _reaction(evidence)
        if reaction is None:
            break
    if reaction is None:
        raise _Unsuitable("the client places no order on the accelerated clock")
    return FACTOR if reaction * FACTOR <= REACTION else round(REACTION / reaction, 1)


def _reaction(evidence: Evidence) -> float | None:
    """Seconds on the wall from the answer to the outcome; None if there was no order placed."""
    call = evidence.calls[-1] if evidence.calls else None
    told = [exchange.answered_at for exchange in evidence.exchanges if exchange.answer == "success"]
    if call is None or call.ended_at is None or not told or told[-1] is None:
        return None
    if call.outcome is None or call.outcome.kind != "created":
        return None
    return max(call.ended_at - told[-1], 0.0) / evidence.clock.factor

"""The rig of a Python client for trials in which it is killed or restarted: its function in a process of its own.

A host holds client and sandbox at once, so a client that is killed there takes its world with it. Here the world
stays, as it does for all clients that are processes.

What lives here: the profile of such a process, and the choice of its rig.
What must never be known here: what happens in a trial.
"""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.contract import Contract
from conformance.drivers.called import ENVIRONMENT, TALKATIVE
from conformance.drivers.environment import import_paths
from conformance.evidence import Trial
from conformance.planning import kills
from conformance.profile import Profile
from conformance.rigs.direct import DirectRig
from conformance.rigs.probing import choose_rig


def needs_own_process(trial: Trial) -> bool:
    """Does the client's process end somewhere in the trial, and its world not?"""
    return trial.restart or kills(trial)


def mortal_rig(profile: Profile, contract: Contract, *, clock: str, seed: int, folder: Path) -> DirectRig:
    """A rig on the accelerated clock where trials are on the virtual one, and there is one; else on the real clock.

    Raises RigError when the client cannot be examined in this way.
    """
    wish = "auto" if clock == "virtual" else "real"
    return choose_rig(as_worker(profile, contract, folder), contract, wish=wish, seed=seed, port=0).rig  # type: ignore[arg-type]  # one of two literals


def as_worker(profile: Profile, contract: Contract, folder: Path) -> Profile:
    """The same profile with the function in a process of its own."""
    client = profile.client
    assert client is not None
    command = (
        sys.executable,
        "-P",
        "-m",
        "conformance.drivers.called",
        client.target or "",
        ",".join(contract.error_types),
        str(folder),
        *import_paths(profile.folder, folder),
    )
    worker = client.model_copy(
        update={
            "driver": "worker",
            "command": command,
            "env": {**client.env, **ENVIRONMENT},
            "debug_env": {**client.debug_env, TALKATIVE: "1"},
        }
    )
    return profile.model_copy(update={"client": worker})

"""What the options of the command line ask for, read and refused before anything is started.

What lives here: pytest's options of ours as `Options`, and what is wrong with them in a line each.
What must never be known here: how any of it is carried out.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pytest

from conformance.check import Check
from conformance.mistakes import Mistakes, correction
from conformance.options import Options
from conformance.planning import seed_of
from conformance.production import read_endpoint
from conformance.sharding import Shard, read_shard

if TYPE_CHECKING:
    from conformance.signing_keys import SigningKey

ROOT = "golive"
"""the first part of the node id of every bundled check"""


def options_of(config: pytest.Config, seed: object = None) -> Options:
    """All that is asked for. `seed`: of the process that started this one, if one did. Raises Mistakes."""
    profile, shard = Path(config.getoption("--golive")), _shard(config)
    given = config.getoption("--golive-seed") if seed is None else seed
    return Options(
        profile=profile,
        seed=given if isinstance(given, int) else _seed(profile, shard),
        select=tuple(config.getoption("--golive-select")),
        skip=tuple(config.getoption("--golive-skip")),
        examples=config.getoption("--golive-examples"),
        clock=config.getoption("--golive-clock"),
        budget=_budget(config),
        port=_port(config),
        shard=shard,
        label=config.getoption("--golive-label"),
        account_only=config.getoption("--golive-account"),
        production=config.getoption("--golive-production"),
        **_endpoints(config),
    )


def folder_for_report(config: pytest.Config) -> Path:
    """The folder, absolute. Raises Mistakes if it cannot be one: better now than after the run."""
    folder = Path(config.getoption("--golive-output"))
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise Mistakes([f"{folder}: the report needs a folder, and {nearest} is a file; name another place"])
    if not os.access(nearest, os.W_OK):
        raise Mistakes([f"{folder}: the report cannot be written into {nearest}; name another place"])
    return folder.absolute()


def signing_key(config: pytest.Config) -> SigningKey | None:
    """What the report is signed with; None in a worker, which writes none. From now on it is in no environment.

    Raises Mistakes: better now than after the run.
    """
    wanted: str | None = config.getoption("--golive-sign")
    if wanted is None or hasattr(config, "workerinput"):
        return None
    from conformance.signing_keys import read_signing_key

    return read_signing_key(wanted)


def is_ours(argument: str) -> bool:
    """Does this argument of the command line name bundled checks, rather than a path?"""
    return argument.startswith(f"{ROOT}::") or (argument == ROOT and not Path(ROOT).exists())


def named_checks(arguments: Sequence[str], known: Sequence[Check]) -> frozenset[str] | None:
    """The ids of the bundled checks that the command line names by node id; None if it names none.

    Raises Mistakes for a node id that is nobody's.
    """
    named: set[str] = set()
    for argument in filter(is_ours, arguments):
        wanted = ".".join(argument.split("::")[1:])
        ids = {check.id for check in known if not wanted or wanted in (check.id, check.section)}
        if not ids:
            right = correction(wanted, [check.id for check in known], "there are")
            raise Mistakes([f"{argument}: there is no such check; {right}"])
        named |= ids
    return frozenset(named) if any(map(is_ours, arguments)) else None


def workers(config: pytest.Config) -> int:
    """Processes that share the checks; 0 where this one examines them all."""
    return len(getattr(config.option, "tx", None) or [])


def _shard(config: pytest.Config) -> Shard | None:
    given = config.getoption("--golive-shard")
    try:
        return None if given is None else read_shard(given)
    except ValueError as error:
        raise Mistakes([f"--shard: {error}"]) from None


def _seed(profile: Path, shard: Shard | None) -> int:
    """The seed of a run that was given none. Parts of one run have to have the same one, so theirs comes from
    what they have in common.
    """
    if shard is None:
        return random.SystemRandom().getrandbits(32)
    text = profile.read_bytes() if profile.is_file() else b""
    return seed_of("parts", shard[1], text.hex()) % 2**32


def _budget(config: pytest.Config) -> float | None:
    given: float | None = config.getoption("--golive-budget")
    if given is not None and not 0 < given < float("inf"):
        raise Mistakes([f"--budget: should be a number of seconds above 0, not {given:g}"])
    return given


class _Endpoints(TypedDict):
    api: str | None
    proxy: str | None
    dry_run: bool


def _endpoints(config: pytest.Config) -> _Endpoints:
    """The real API that is asked, and whether it really is."""
    given = {
        option: text and read_endpoint(option, text)
        for option, text in (
            ("--api", config.getoption("--golive-api")),
            ("--proxy", config.getoption("--golive-proxy")),
        )
    }
    if all(given.values()):
        raise Mistakes(["--api: --proxy has the same endpoint asked already; leave --api out"])
    if given["--proxy"] and workers(config):
        raise Mistakes(
            [
                "--proxy: one process keeps count of what the endpoint is sent, side by side as it is; leave out -j"
            ]
        )
    dry_run: bool = config.getoption("--golive-dry-run")
    if given["--proxy"] and config.getoption("--golive-account"):
        raise Mistakes(["--proxy: stands between a client and the API, and no client is examined; say --api"])
    if dry_run and not given["--api"]:
        behind = "--proxy sends what the client sends; use" if given["--proxy"] else "name the endpoint with"
        raise Mistakes([f"--dry-run: shows what would be sent to a real endpoint; {behind} --api"])
    return {"api": given["--api"], "proxy": given["--proxy"], "dry_run": dry_run}


def _port(config: pytest.Config) -> int | None:
    given: int | None = config.getoption("--golive-port")
    if given is None:
        return None
    if not 1 <= given <= 65535:
        raise Mistakes([f"--port: should be from 1 to 65535, not {given}"])
    if workers(config) > 1:
        raise Mistakes(["--port: several processes cannot share one port; leave out -j, or say -j 1"])
    return given

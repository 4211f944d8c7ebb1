"""Examining a client of the gallery by the suite, as `golive run` does with any other.

What lives here: the profile that an exhibit is given, and the suite that is put to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

import gallery
from conformance.contracts import DEFAULT, load_contract
from conformance.finding import CheckResult
from conformance.options import ClockChoice, Options
from conformance.suite import Suite
from gallery.worker import ENVIRONMENT

HOME = Path(gallery.__file__).resolve().parent


def view(
    target: str,
    *,
    select: tuple[str, ...] = (),
    profile: Mapping[str, object] | None = None,
    examples: int = 0,
    seed: int = 1,
    as_worker: bool = False,
    clock: ClockChoice = "auto",
    files: Mapping[str, str] | None = None,
    until: Callable[[CheckResult], bool] = lambda result: False,
) -> dict[str, CheckResult]:
    """The results, by check, of the client that `target` names. `profile`: what its golive.yaml says beyond the
    ordinary; `select`: ids of checks, all if there are none; `examples`: generated trials for each check.
    `as_worker`: in a process of its own, rather than called by the host. One for Node always is; it is named by its
    file, `gallery/node/retries.mjs:NewKeyPerAttempt`. `files`: texts by name, that lie beside its profile. `until`: a
    result after which nobody needs the rest.
    """
    written = {
        "subject": target.partition(":")[2] or target,
        "client": _in_node(target) if ".mjs" in target else _in_python(target, as_worker),
        "api_version": "2024-02-05",
        **(profile or {}),
    }
    with TemporaryDirectory(prefix="gallery-") as folder:
        path = Path(folder) / "golive.yaml"
        path.write_text(yaml.safe_dump(written))
        # A client is imported from the folder of its profile.
        (path.parent / HOME.name).symlink_to(HOME)
        for name, text in (files or {}).items():
            (path.parent / name).write_text(text)
        suite = Suite(Options(path, seed, select=select, examples=examples, clock=clock))
        try:
            suite.prepare(suite.selected)
            results = {}
            for check in suite.selected:
                results[check.id] = suite.examine(check)
                if until(results[check.id]):
                    break
            return results
        finally:
            suite.close()


def _in_python(target: str, as_worker: bool) -> dict[str, object]:
    if not as_worker:
        return {"driver": "python", "target": target}
    types = ",".join(load_contract(DEFAULT).error_types)
    command = [sys.executable, "-m", "gallery.worker", target, types]
    return {"driver": "worker", "command": command, "env": {**ENVIRONMENT, "PYTHONPATH": str(HOME.parent)}}


def _in_node(target: str) -> dict[str, object]:
    name = target.removeprefix("gallery/node/").replace(".mjs", "")
    return {"driver": "worker", "command": ["node", "gallery/node/worker.mjs", name], "env": ENVIRONMENT}

"""`golive run`: a pytest of our own, kept apart from whatever the user's project does to pytest.

What lives here: the arguments and the environment of that process, its exit status, and that it does not outlive
whoever started it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

USAGE = 2
INCOMPLETE = 3
MOST_RESTARTS = 20
"""worker processes that are replaced when they die; where none can live, that must come to an end"""
PARENT_LOOKS = 0.2
"""seconds between looks whether the process that started this one is still there"""
_STATUSES = {0: 0, 1: 1, 3: INCOMPLETE, 4: USAGE}
"""Ours, by pytest's. What is not listed, such as an end by a signal, left no report: nothing is known."""


def launch(
    profile: Path,
    output: Path,
    *,
    select: Sequence[str] = (),
    skip: Sequence[str] = (),
    jobs: str | None = None,
    examples: int | None = None,
    seed: int | None = None,
    clock: str | None = None,
    budget: float | None = None,
    port: int | None = None,
    shard: str | None = None,
    api: str | None = None,
    proxy: str | None = None,
    production: bool = False,
    dry_run: bool = False,
    account: bool = False,
    label: str | None = None,
    sign: str | None = None,
) -> int:
    """Runs the suite, shows progress and summary, writes the report. The exit status: 0, 1, 2 or 3."""
    if not profile.is_file() and label is None:
        print(
            f"{profile}: there is no such file; `golive init` writes one, -p names another", file=sys.stderr
        )
        return USAGE
    options: list[tuple[str, object]] = [
        ("--golive", profile.absolute()),
        ("--golive-output", output.absolute()),
        ("--golive-label", label or profile),
        *(("--golive-select", pattern) for pattern in select),
        *(("--golive-skip", pattern) for pattern in skip),
    ]
    wishes = {
        "--golive-examples": examples,
        "--golive-seed": seed,
        "--golive-clock": clock,
        "--golive-budget": budget,
        "--golive-port": port,
        "--golive-shard": shard,
        "--golive-api": api,
        "--golive-proxy": proxy,
        "--golive-sign": sign,
    }
    flags = {"--golive-production": production, "--golive-dry-run": dry_run, "--golive-account": account}
    options += [(name, value) for name, value in wishes.items() if value is not None]
    if jobs is not None and jobs.lstrip("0") != "1":
        options += [("-p", "xdist.plugin"), ("-n", jobs), ("--max-worker-restart", MOST_RESTARTS)]
    with tempfile.TemporaryDirectory(prefix="golive-", ignore_cleanup_errors=True) as folder:
        return _run_pytest(
            Path(folder),
            [
                *(str(part) for option in options for part in option),
                *(name for name, said in flags.items() if said),
            ],
        )


def _run_pytest(folder: Path, options: list[str]) -> int:
    settings, nothing, temporary = folder / "golive.ini", folder / "nothing", folder / "tmp"
    settings.write_text("[pytest]\n")
    nothing.mkdir()
    temporary.mkdir()
    command = [
        sys.executable,
        "-P",  # a conformance.py in the current folder must not shadow ours
        *("-m", "pytest", "-p", "conformance.plugin", "-p", "no:cacheprovider", "-p", "no:terminal"),
        "--capture=no",  # signs of life come in the middle of a check, and nothing else of ours is printed there
        *("-c", str(settings), "--rootdir", str(folder), "--noconftest", "--golive-alone"),
        *options,
        str(nothing),
    ]
    ours = {
        name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    }
    ours |= {
        "PYTHONSAFEPATH": "1",  # as -P, for the workers that xdist starts
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "TMPDIR": str(temporary),  # so that nothing stays behind, even of a worker that was killed
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
    }
    return _STATUSES.get(_wait_for(command, ours), INCOMPLETE)


def _wait_for(command: list[str], environment: Mapping[str, str]) -> int:
    """The exit status of the command, which is given the time to write what it has when it is interrupted."""
    asked: list[int] = []
    # In place before the process is there, so that no signal can fall between. Ctrl-C in a terminal reaches
    # the process itself; a handler, rather than SIG_IGN, since a process inherits what is ignored.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    terminate = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        process = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
        if asked:
            process.send_signal(signal.SIGINT)
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, terminate)


def end_with_parent() -> None:
    """From now on this process is killed when the one that started it is gone, even by kill -9, which leaves nobody
    the time to end anything. Its clients end with it.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_LOOKS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="golive-parent", daemon=True).start()

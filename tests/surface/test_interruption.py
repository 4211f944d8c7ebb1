"""A run that is ended early writes what it has, says so, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import GOLIVE, Project, environment_of, project_in, until

SOON = 60.0
"""seconds within which something that is bound to happen has happened, on the busiest machine"""

STUCK = """\
import os, subprocess, time
from pathlib import Path

FOLDER = Path({folder!r})


def place_order(order, context):
    child = subprocess.Popen(["sleep", "1000"])
    (FOLDER / "noted").write_text(str(child.pid))
    (FOLDER / "noted").rename(FOLDER / "pid")
    time.sleep(1000)
"""


def stuck(folder: Path, *, program: bool, more: str = "") -> Project:
    """A project whose client never comes to an end, nor does the process that it starts."""
    project = project_in(folder, program=program)
    text = STUCK.format(folder=str(folder))
    project.write("client.py", text + ("\nplace_order(None, None)\n" if program else ""))
    if more:
        project.profile(more=more)
    return project


def interrupted(
    project: Project, arguments: list[str], interrupt: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, str, list[int]]:
    """Exit status and output of a run that is interrupted once the client is stuck, and who was running then."""
    temporary = project.folder / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [GOLIVE, "run", *arguments],
        cwd=project.folder,
        env=environment_of({"TMPDIR": str(temporary)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert until((project.folder / "pid").exists), "the client was never asked"
            running = _descendants(process.pid)
            interrupt(process)
            out, _ = process.communicate(timeout=SOON)
            assert list(temporary.iterdir()) == [], "files were left behind"
        finally:
            process.kill()
    return process.returncode, out, running


def ctrl_c(process: subprocess.Popen[str]) -> None:
    """As a terminal does it: to the whole process group."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    """As a CI service does it: to the process that it started."""
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("program", "interrupt", "jobs"),
    [(True, ctrl_c, []), (False, terminate, ["-j", "2"]), (False, ctrl_c, ["-j", "2"])],
    ids=["a program, Ctrl-C", "two processes, SIGTERM", "two processes, Ctrl-C"],
)
def test_an_interrupted_run_reports_what_it_has_as_incomplete(
    program: bool, interrupt: Callable[[subprocess.Popen[str]], None], jobs: list[str], tmp_path: Path
) -> None:
    project = stuck(tmp_path, program=program)
    status, out, running = interrupted(project, ["--clock", "real", *jobs], interrupt)
    assert status == 3, out
    assert "Traceback" not in out
    assert "Whether acme is ready to go live is not known" in " ".join(out.split())
    report = project.report()
    assert report["verdict"] == "incomplete"
    assert "interrupted" in report["run"]["interrupted"]
    assert len(running) >= 2
    assert until(lambda: not any(map(_is_there, running))), "processes were left behind"


@pytest.mark.parametrize(
    ("program", "jobs"),
    [(True, []), (True, ["-j", "2"]), (False, [])],
    ids=["a program", "two processes", "a function"],
)
def test_kill_9_of_golive_leaves_no_process_behind(program: bool, jobs: list[str], tmp_path: Path) -> None:
    project = stuck(tmp_path, program=program)
    with subprocess.Popen(
        [GOLIVE, "run", "--clock", "real", *jobs],
        cwd=project.folder,
        env=environment_of({"TMPDIR": str(tmp_path)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert until((project.folder / "pid").exists), "the client was never asked"
            running = _descendants(process.pid)
        finally:
            process.kill()
    assert len(running) >= 2
    assert until(lambda: not any(map(_is_there, running))), "processes were left behind"


def test_a_failure_before_the_interruption_still_means_not_ready(tmp_path: Path) -> None:
    project = stuck(tmp_path, program=False, more="account: {keys: {playground: {env: NO_SUCH_KEY}}}\n")
    arguments = ["--clock", "real"]
    for needs_a_client in ("account.key-*", "account.payout-*", "account.recipient-*"):
        arguments += ["--skip", needs_a_client]
    status, out, running = interrupted(project, arguments, ctrl_c)
    assert status == 1, out
    assert project.statuses()["account.ip-allowlist-sane"] == "failed"
    assert until(lambda: not any(map(_is_there, running))), "processes were left behind"


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _descendants(pid: int) -> list[int]:
    """Everybody that the process started, and those that these started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # gone in the meantime
                continue
            parents[int(entry.name)] = int(fields[1])
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, of in parents.items() if of == parent]
        found += children
        waiting += children
    return found

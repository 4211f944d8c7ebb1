"""`golive run` and `golive replay` in an integrator's folder, whatever else lies in it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from projects import PROGRAM, Project, Ran, project_in

from conformance.finding import CheckResult
from conformance.options import Options
from conformance.progress import Progress
from conformance.suite import Suite

SOON = 60.0
"""seconds within which something that is bound to happen has happened, on the busiest machine"""


ASKED = ("--select", "versions.pinned", "--select", "versions.supported", "--examples", "2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A client that pins a removed version, in a folder that is full of traps for pytest and for imports."""
    made = project_in(tmp_path_factory.mktemp("acme"), version="2023-07-27")
    for trap in "conformance.py", "conftest.py", "pytest.py", "xdist.py", "test_own.py":
        made.write(trap, "raise RuntimeError('this is not yours to import')\n")
    made.write("pytest.ini", "[pytest]\naddopts = --nonsense\n")
    return made


@pytest.fixture(scope="module")
def failed(project: Project) -> Ran:
    return project.golive("run", *ASKED, "--seed", "7", PYTEST_ADDOPTS="--worse", NO_COLOR="1")


def test_nothing_in_the_folder_disturbs_a_run(failed: Ran, project: Project) -> None:
    assert failed.status == 1, failed.out + failed.err
    assert failed.err == ""
    assert project.statuses()["versions.pinned"] == "failed"
    left = {path.name for path in project.folder.iterdir()}
    assert not left & {".pytest_cache", ".hypothesis"}


def test_a_log_can_be_read_without_colour_from_the_top_to_the_remedy(failed: Ran) -> None:
    assert "\x1b" not in failed.out
    lines = failed.out.splitlines()
    assert lines[0] == "golive: acme against Runa 2024-02-05, 2 checks, virtual clock, seed 7"
    assert lines[1].startswith("  FAIL      versions.pinned ")
    assert any(line.startswith("This is no readiness report on acme: only 2 of ") for line in lines)
    assert any(line.startswith("  Remedy: ") for line in lines)
    assert "  golive explain versions.pinned" in lines
    assert any(line.startswith("  golive replay ") for line in lines)
    assert any(line.startswith("Report: ") for line in lines)
    assert lines[-1] == "Seed: 7"


def test_a_counterexample_fails_again_until_the_client_is_mended(failed: Ran, project: Project) -> None:
    assert failed.status == 1
    again = project.golive("replay", "golive-report", "versions.pinned")
    assert again.status == 1, again.err
    assert "Still fails: 3 of 3 times." in again.out

    client = (project.folder / "client.py").read_text()
    project.write("client.py", client.replace("VERSION = '2023-07-27'", "VERSION = None"))
    try:
        mended = project.golive("replay", "golive-report", "versions.pinned")
    finally:
        project.write("client.py", client)
    assert mended.status == 0, mended.err
    assert "Holds now, 3 of 3 times." in mended.out


def test_only_a_finding_can_be_replayed(failed: Ran, project: Project) -> None:
    assert failed.status == 1
    ran = project.golive("replay", "golive-report", "retries.exactly-once")
    assert ran.status == 2
    assert "retries.exactly-once has no finding; with a finding: versions." in ran.err


def test_the_same_seed_is_the_same_run_in_any_number_of_processes(failed: Ran, project: Project) -> None:
    assert failed.status == 1
    again = project.golive("run", *ASKED, "--seed", "7", "-j", "2", "-o", "again")
    assert again.status == 1, again.out + again.err
    assert _told(project, "again") == _told(project, "golive-report")
    assert project.report("again")["run"]["confined"] is True


def test_another_seed_comes_to_the_same_verdict(failed: Ran, project: Project) -> None:
    assert failed.status == 1
    other = project.golive("run", *ASKED, "--seed", "8", "-o", "other")
    assert other.status == 1, other.out + other.err
    assert project.statuses("other") == project.statuses()


def test_a_program_is_examined_order_by_order(tmp_path: Path) -> None:
    project = project_in(tmp_path, program=True)
    ran = project.golive("run", "--select", "versions.*", "--select", "retries.key-on-every-order")
    assert ran.status == 0, ran.out + ran.err
    assert set(project.statuses().values()) == {"passed"}
    run = project.report()["run"]
    assert run["driver"] == "command"
    # As fast as this machine can make it live; where it cannot, the report says why.
    assert (run["clock"], run["examples"]) in (("accelerated", 3), ("real", 0))
    assert run["clock"] == "accelerated" or run["clock_note"]
    assert run["confined"] is ("unconfined" not in run)


def test_where_no_client_is_started_nothing_is_said_to_be_confined(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    ran = project.golive("run", "--select", "account.ip-allowlist-sane")
    assert ran.status == 0, ran.out + ran.err
    run = project.report()["run"]
    assert run["confined"] is False
    assert run["unconfined"] == "no client was started"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("no-such-program", "no folder of PATH has a program of that name"),
        ("./client", "there is no program at "),
    ],
)
def test_a_program_that_is_not_there_is_refused(tmp_path: Path, program: str, why: str) -> None:
    project = project_in(tmp_path)
    project.profile(f"{{driver: command, command: [{program}]}}")
    ran = project.golive("run", "--select", "versions.pinned")
    assert ran.status == 2
    assert f"client.command: '{program}' cannot be started: {why}" in ran.err


def test_an_environment_that_cannot_be_is_refused(tmp_path: Path) -> None:
    project = project_in(tmp_path, program=True)
    project.profile('{driver: command, command: [client], env: {"A=B": "x"}}')
    ran = project.golive("run", "--select", "versions.pinned")
    assert ran.status == 2, ran.out + ran.err
    assert "client.env.'A=B': a name has no `=`" in ran.err


def test_a_client_that_cannot_be_imported_is_shown_where_it_breaks(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write("client.py", "import nothing_like_that\n")
    ran = project.golive("run", "--select", "versions.*", "-j", "2")
    assert ran.status == 2, ran.out + ran.err
    assert f'File "{tmp_path / "client.py"}", line 1' in ran.err
    assert "install golive where the client is installed" in ran.err
    assert "conformance/" not in ran.err


def test_a_check_that_takes_long_is_heard_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    suite = Suite(Options(_profile_in(tmp_path), seed=7))
    progress = Progress(suite, patience=0.01)
    progress.started("retries.exactly-once")
    said = capsys.readouterr().out
    deadline = time.monotonic() + SOON
    while said.count("still at it") < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
        said += capsys.readouterr().out
    progress.ended(CheckResult("retries.exactly-once", "passed", trials=3, seconds=1.0))
    said += capsys.readouterr().out
    progress.stop()
    suite.close()
    still, result = said.splitlines()[2], said.splitlines()[-1]
    assert still.startswith("  ...       retries.exactly-once ")
    assert result.startswith("  PASS      retries.exactly-once ")


def _profile_in(folder: Path) -> Path:
    return project_in(folder).folder / "golive.yaml"


def _told(project: Project, folder: str) -> list[object]:
    """What a report says of its checks, without what the client's own dice and a stopwatch said."""
    told: list[object] = []
    for check in project.report(folder)["checks"]:
        finding = check.get("finding", {})
        found = finding.get("counterexample", {})
        parts = finding.get("rule"), finding.get("summary"), found.get("orders"), found.get("schedule")
        told.append((check["id"], check["status"], check["trials"], parts))
    return told


@pytest.mark.skipif(sys.platform != "linux", reason="clients are accelerated on Linux only")
def test_a_client_that_escapes_the_accelerated_clock_is_told_at_once_why_it_takes_long(
    tmp_path: Path,
) -> None:
    project = project_in(tmp_path, program=True)
    project.profile(PROGRAM.replace("command: [", "command: [/usr/bin/env, -u, LD_PRELOAD, "))

    ran = project.golive("run", "--select", "versions.supported")

    assert ran.status == 0, ran.out + ran.err
    _, clock, *_ = ran.out.splitlines()
    assert clock.startswith("  real clock, so this takes minutes: ")
    run = project.report()["run"]
    assert run["clock"] == "real"
    assert run["clock_note"] in clock

"""The suite inside an integrator's own pytest: his settings, his tests, his checks beside ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import Project, Ran, environment_of, project_in

from conformance import catalogue

SETTINGS = """\
[pytest]
testpaths = quality
python_files = check_*.py
addopts = -ra --strict-markers --strict-config
filterwarnings = error
"""
OWN = '''\
from conformance import plans
from conformance.check import Observed, check
from conformance.finding import Violation


@check(
    "ours.says-json",
    severity="major",
    title="Orders are sent as JSON",
    impact="They are refused.",
    remedy="Send the content type.",
    floor=lambda contract: {"an undisturbed order": plans.undisturbed(contract)},
)
def says_json(case):
    """Looks at the content type."""
    for exchange in case.evidence.exchanges:
        sent = {name.lower(): value for name, value in exchange.headers}
        if sent.get("content-type") == "application/json":
            yield Observed()
        else:
            yield Violation("no JSON", "an order went out as something else", (exchange.number,))


def test_of_their_own():
    assert True
'''
EXPECTED = {
    "versions.pinned": "passed",
    "versions.supported": "passed",
    "ours.says-json": "passed",
}
CHOICE = ("-k", "pinned or supported or json or their_own", "--golive-examples", "1", "--golive-seed", "7")
BOTH = ("golive::versions::pinned", "golive::versions::supported")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An integrator with strict settings, and a check of his own in a file that only his settings find."""
    made = project_in(tmp_path_factory.mktemp("acme"))
    made.write("pytest.ini", SETTINGS)
    (made.folder / "quality").mkdir()
    made.write("quality/check_ours.py", OWN)
    made.write("quality/test_elsewhere.py", "raise RuntimeError('not for python_files')\n")
    made.write(
        "conftest.py", "import pytest\n\n@pytest.fixture(autouse=True)\ndef nosy(request):\n    yield\n"
    )
    return made


@pytest.fixture(scope="module")
def whole(project: Project) -> Ran:
    return project.pytest("--golive", "golive.yaml", "-v", *CHOICE, "--golive-output", "whole")


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A client that pins a version of its own."""
    return project_in(tmp_path_factory.mktemp("wrong"), version="2023-07-27")


def test_each_check_is_an_item_with_its_section_in_the_node_id(whole: Ran) -> None:
    assert "golive::versions::pinned PASSED" in whole.out
    assert "golive::versions::supported PASSED" in whole.out


def test_the_integrators_own_tests_and_checks_run_beside_ours(whole: Ran) -> None:
    assert "quality/check_ours.py::ours.says-json PASSED" in whole.out
    assert "quality/check_ours.py::test_of_their_own PASSED" in whole.out
    assert whole.status == 0, whole.out + whole.err


def test_what_pytest_leaves_out_makes_the_report_a_selection(whole: Ran, project: Project) -> None:
    report = project.report("whole")
    assert report["verdict"] == "incomplete"
    assert set(report["run"]["selection"]["checks"]) == set(EXPECTED)
    assert project.statuses("whole") == EXPECTED
    count = len(catalogue.checks()) + 1
    assert f"This is no readiness report on acme: only 3 of {count} checks were selected" in whole.out


def test_the_report_tells_whether_the_client_was_confined(whole: Ran, project: Project) -> None:
    assert project.report("whole")["run"]["confined"] is True


def test_two_processes_come_to_the_same_report(whole: Ran, project: Project) -> None:
    ran = project.pytest("--golive", "golive.yaml", "-n", "2", *CHOICE, "--golive-output", "shared")
    assert ran.status == 0, ran.out + ran.err
    assert project.statuses("shared") == EXPECTED
    assert project.report("shared")["run"]["seed"] == 7
    assert project.report("shared")["run"]["confined"] is True
    assert project.report("shared")["checks"][-1]["title"] == "Orders are sent as JSON"


def test_collecting_lists_the_checks_and_starts_no_client(project: Project) -> None:
    client = (project.folder / "client.py").read_text()
    project.write("client.py", f"open({str(project.folder / 'touched')!r}, 'w').close()\n{client}")
    try:
        ran = project.pytest("--golive", "golive.yaml", "--co", "-q", "-m", "blocker and retries")
    finally:
        project.write("client.py", client)
    assert ran.status == 0, ran.out + ran.err
    assert "golive::retries::same-key-on-retry" in ran.out.splitlines()
    assert "golive::versions::pinned" not in ran.out
    assert not (project.folder / "touched").exists()
    assert not (project.folder / "golive-report").exists()


def test_a_failure_stops_at_x_and_comes_back_with_lf(wrong: Project) -> None:
    wrong.profile()
    stopped = wrong.pytest("--golive", "golive.yaml", "-x", *BOTH, "--golive-examples", "0")
    assert stopped.status == 1, stopped.out + stopped.err
    assert "versions.pinned (blocker): " in stopped.out
    assert "Remedy: " in stopped.out
    assert "Traceback" not in stopped.out
    assert wrong.report()["run"]["interrupted"] == "stopping after 1 failures"
    assert wrong.statuses() == {"versions.pinned": "failed", "versions.supported": "skipped"}

    again = wrong.pytest("--golive", "golive.yaml", "--lf", "--golive-examples", "0")
    assert again.status == 1
    assert wrong.statuses() == {"versions.pinned": "failed"}


def test_a_waived_failure_is_expected_by_pytest_and_waived_in_the_report(wrong: Project) -> None:
    wrong.profile(
        more="""\
        waivers:
          - {check: versions.pinned, reason: the pin comes with the next release, owner: a@acme.test, expires: SOON}
        """.replace("SOON", _in_a_month())
    )
    ran = wrong.pytest("--golive", "golive.yaml", "golive::versions::pinned", "--golive-examples", "0")
    assert ran.status == 0, ran.out + ran.err
    assert "1 xfailed" in ran.out
    assert wrong.statuses() == {"versions.pinned": "waived"}


def test_a_client_that_cannot_be_imported_is_shown_where_it_breaks(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write("client.py", "import nothing_like_that\n")
    ran = project.pytest("--golive", "golive.yaml", "golive::versions")
    assert ran.status == 4, ran.out + ran.err
    assert "client.target: importing 'client' failed" in ran.out
    assert f'File "{tmp_path / "client.py"}", line 1' in ran.out
    assert "No module named 'nothing_like_that'" in ran.out
    assert "install golive where the client is installed" in ran.out
    assert "conformance/" not in ran.out
    assert not (tmp_path / "golive-report").exists()


def test_a_check_whose_process_died_is_an_error_and_no_pass(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write(
        "conftest.py",
        """\
        import os

        def pytest_runtest_call(item):
            if "PYTEST_XDIST_WORKER" in os.environ:
                os._exit(1)
        """,
    )
    ran = project.pytest("--golive", "golive.yaml", "-n", "1", "golive::versions::supported")
    assert ran.status == 1, ran.out + ran.err
    (check,) = (check for check in project.report()["checks"] if check["id"] == "versions.supported")
    assert check["status"] == "error"
    assert "crashed" in check["reason"]


def test_every_mistake_of_a_profile_is_told_at_once(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write("golive.yaml", "subjct: acme\nclient: {driver: pyton}\napi_version: 3\n")
    ran = project.pytest("--golive", "golive.yaml")
    assert ran.status == 4
    assert 'golive.yaml:1:1: subjct: unknown key; did you mean "subject"?' in ran.err
    assert "golive.yaml:2:18: client.driver: should be one of" in ran.err
    assert "golive.yaml:3:14: api_version: should be text" in ran.err


def test_a_node_id_that_is_nobodys_is_refused(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    ran = project.pytest("--golive", "golive.yaml", "golive::versions::pined")
    assert ran.status == 4
    assert 'golive::versions::pined: there is no such check; did you mean "versions.pinned"?' in ran.err


def test_an_own_check_may_not_take_the_id_of_another(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write("test_ours.py", OWN.replace("ours.says-json", "versions.pinned"))
    ran = project.pytest("--golive", "golive.yaml", "--co", "-q")
    assert ran.status == 2
    assert "another check is called versions.pinned already" in ran.out


def test_unused_the_plugin_imports_nothing_that_costs_anything(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    heavy = (
        "pydantic",
        "hypothesis",
        "httpx",
        "h11",
        "jinja2",
        "yaml",
        "rich",
        "typer",
        "conformance.session",
    )
    program = (
        "import sys, pytest\n"
        "status = pytest.main(['-q', '-p', 'conformance.plugin', 'test_own.py'])\n"
        f"print(int(status), [name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment_of({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_the_plugin_can_be_switched_off(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("test_own.py", "def test_own(): pass\n")
    ran = project.pytest("-p", "no:golive", "-q")
    assert ran.status == 0
    assert "1 passed" in ran.out


def _in_a_month() -> str:
    from datetime import date, timedelta

    return (date.today() + timedelta(days=30)).isoformat()

"""A client that shouts hostile text in every way it can, examined for real: neither log nor report is any the worse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hostile import HOSTILE
from rendering import called, foreign, hidden, obeyed

from conformance.reporting.json_file import read_report
from conformance.reporting.readiness import Readiness

GOLIVE = str(Path(sys.executable).parent / "golive")
FAILS = "versions.pinned"
LARGEST = 2_000_000
"""bytes of all forms together, of a run of these checks: the client said dozens of megabytes"""
MORE = {"python": ("errors.type-surfaced", "account.key-not-logged")}
"""checks beside versions.pinned, which fails for all: what processes say in many trials takes long"""
ENVIRONMENT = 'env: {API_URL: "{base_url}", API_KEY: "{api_key}"}'


def program(driver: str, *arguments: str, more: str = "") -> str:
    command = ", ".join(f'"{each}"' for each in (sys.executable, "shouting_client.py", driver, *arguments))
    return f"{{driver: {driver}, command: [{command}], {ENVIRONMENT}, log_files: [logs/*.log]{more}}}"


DRIVERS = {
    "python": "{driver: python, target: 'shouting_client:place_order', log_files: [logs/*.log]}",
    "command": program("command"),
    "worker": program("worker"),
    "service": program(
        "service",
        "{port}",
        more=', url: "http://127.0.0.1:{port}/orders", ready: "http://127.0.0.1:{port}/health"',
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(Path(__file__).with_name("shouting_client.py"), tmp_path)
    (tmp_path / "hostile.txt").write_bytes(HOSTILE.encode("utf-8", "surrogatepass"))
    return tmp_path


def golive(project: Path, *arguments: str) -> tuple[int, str]:
    """Exit status, and both streams."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    done = subprocess.run(
        [GOLIVE, *arguments],
        cwd=project,
        env={**environment, "NO_COLOR": "1", "COLUMNS": "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize("driver", DRIVERS)
def test_whatever_it_says_is_shown_and_does_nothing(project: Path, driver: str) -> None:
    (project / "golive.yaml").write_text(
        f'subject: acme\nclient: {DRIVERS[driver]}\napi_version: "2024-02-05"\n'
    )
    chosen = [part for check in (FAILS, *MORE.get(driver, ())) for part in ("--select", check)]
    status, log = golive(project, "run", "--examples", "0", "--seed", "7", *chosen)
    assert status == 1, log
    written = read_report(project / "golive-report")
    assert says_something(written)
    assert hidden(log) == obeyed(log) == []

    forms = {path.name: path.read_text() for path in (project / "golive-report").iterdir()}
    assert sum(map(len, forms.values())) < LARGEST
    for name, form in forms.items():
        assert hidden(form) == [], name
    page = forms["readiness.md"]
    assert foreign(page) == called(page) == obeyed(page) == []
    tags = {each.tag for each in ET.fromstring(forms["readiness.xml"]).iter()}
    assert tags <= {
        *("testsuites", "testsuite", "properties", "property"),
        *("testcase", "failure", "error", "skipped", "system-out"),
    }
    assert "<script>alert" not in forms["readiness.html"]

    if driver == "python":
        status, log = golive(project, "replay", "golive-report", FAILS)
        assert status == 1, log
        assert hidden(log) == obeyed(log) == []


def says_something(report: Readiness) -> bool:
    """Is the text of the client in it at all? A run in which it could say nothing would prove nothing."""
    findings = [check.finding for check in report.checks if check.finding]
    return "add-mask" in " ".join(
        line for finding in findings for line in (finding.summary, *finding.sequence)
    )

"""The clients that people copy from are ready, and the one that is not shows faults worth looking at."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance.finding import CheckResult
from conformance.options import Options
from conformance.paths import EXAMPLES, demo_profile
from conformance.reporting.json_file import read_report
from conformance.suite import Suite
from gallery.samples import SAMPLES

QUICK = (
    "retries.key-on-every-order",
    "retries.key-unique-per-order",
    "versions.*",
    "rate-limits.own-envelope",
)
"""checks that are put to clients on other clocks than the virtual one: () would be all of them, and takes minutes"""


@dataclass(frozen=True)
class Needed:
    """An example of a client process, and what has to be on the machine to run it."""

    example: str
    programs: tuple[str, ...]
    modules: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        absent = [program for program in self.programs if shutil.which(program) is None]
        return absent + [module for module in self.modules if find_spec(module) is None]


PROCESSES = (
    Needed("node-fetch", ("node",)),
    Needed("node-worker", ("node",)),
    Needed("java-worker", ("java",)),
    Needed("shell-curl", ("sh", "curl", "awk")),
    Needed("python-flask", ("python3",), ("flask", "httpx")),
)
ALL = (*(needed.example for needed in PROCESSES), "python-httpx", "python-aiohttp", "unready")


@contextmanager
def suite_for(profile: Path, *select: str, examples: int = 0) -> Iterator[Suite]:
    suite = Suite(Options(profile, seed=1, select=select, examples=examples))
    try:
        yield suite
    finally:
        suite.close()


def results_of(profile: Path, *select: str, examples: int = 0) -> dict[str, CheckResult]:
    with suite_for(profile, *select, examples=examples) as suite:
        suite.prepare(suite.selected)
        return {check.id: suite.examine(check) for check in suite.selected}


def not_held(results: dict[str, CheckResult]) -> dict[str, tuple[str, str | None]]:
    return {
        check: (result.status, result.finding.violation.summary if result.finding else result.reason)
        for check, result in results.items()
        if result.status not in ("passed", "not-applicable")
    }


def test_the_example_of_aiohttp_is_ready() -> None:
    assert not_held(results_of(EXAMPLES / "python-aiohttp" / "golive.yaml")) == {}


def test_the_example_of_httpx_is_ready() -> None:
    sample = read_report(SAMPLES / "ready")  # that it is what a run comes to is tested with the samples
    assert (sample.verdict, sample.summary.failed) == ("ready", 0)


@pytest.mark.parametrize("needed", PROCESSES, ids=lambda needed: needed.example)
def test_the_examples_of_processes_hold(needed: Needed, monkeypatch: pytest.MonkeyPatch) -> None:
    if needed.missing:
        pytest.skip(f"not on this machine: {', '.join(needed.missing)}")
    # The service is started with the python3 of PATH, which has to be this one, with its packages.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

    assert not_held(results_of(EXAMPLES / needed.example / "golive.yaml", *QUICK)) == {}


def test_the_unready_example_makes_the_mistakes_of_the_field() -> None:
    sample = read_report(SAMPLES / "not-ready")  # that it is what a run comes to is tested with the samples
    failed = {check.id for check in sample.checks if check.status == "failed"}
    assert failed >= {
        "account.key-not-logged",
        "retries.same-key-on-retry",
        "retries.key-survives-restart",
        "retries.exactly-once",
        "retries.concurrent-submit",
        "retries.lost-response-recovered",
        "retries.in-progress-waited-out",
        "errors.transient-retried",
        "errors.malformed-body-survived",
        "rate-limits.waits-at-least",
        "rate-limits.burst-drains",
    }
    right = {
        "retries.key-on-every-order",
        "retries.key-unguessable",
        "errors.no-false-success",
        "versions.pinned",
    }
    assert not failed & right
    assert sample.summary.errored == 0


def test_the_demo_examines_the_reference_client_or_the_unready_one() -> None:
    assert demo_profile(bad=False) == EXAMPLES / "python-httpx" / "golive.yaml"
    assert demo_profile(bad=True) == EXAMPLES / "unready" / "golive.yaml"
    assert demo_profile(bad=False).is_file()
    assert demo_profile(bad=True).is_file()


@pytest.mark.parametrize(
    "source", sorted(EXAMPLES.glob("python-*/*.py")), ids=lambda source: source.parent.name
)
def test_an_example_needs_no_golive_at_run_time(source: Path) -> None:
    tree = ast.parse(source.read_text())

    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "conformance" not in imported


def test_every_example_is_tested() -> None:
    assert {profile.parent.name for profile in EXAMPLES.glob("*/golive.yaml")} == set(ALL)


@pytest.mark.parametrize("example", ALL)
def test_an_example_is_introduced_in_three_lines_at_most(example: str) -> None:
    assert 1 <= len((EXAMPLES / example / "README.md").read_text().splitlines()) <= 3

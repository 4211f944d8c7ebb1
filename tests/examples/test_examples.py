"""The clients that people copy from are ready, and the one that is not shows faults worth looking at."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.finding import CheckResult
from conformance.paths import EXAMPLES, demo_profile
from conformance.suite import Options, Suite

IN_REAL_TIME = (
    "retries.key-on-every-order",
    "retries.key-unique-per-order",
    "versions.*",
    "rate-limits.own-envelope",
)
"""checks that are put to a client on the real clock, where each lost answer costs its time-out"""

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")


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


@pytest.mark.parametrize("example", ["python-httpx", "python-aiohttp"])
def test_the_python_examples_are_ready(example: str) -> None:
    assert not_held(results_of(EXAMPLES / example / "golive.yaml", examples=3)) == {}


@needs_node
def test_the_node_example_holds_in_real_time() -> None:
    assert not_held(results_of(EXAMPLES / "node-fetch" / "golive.yaml", *IN_REAL_TIME)) == {}


def test_the_unready_example_makes_the_mistakes_of_the_field() -> None:
    results = results_of(demo_profile(bad=True))

    failed = {check for check, result in results.items() if result.status == "failed"}
    assert failed == {
        "account.key-not-logged",
        "retries.same-key-on-retry",
        "retries.exactly-once",
        "retries.lost-response-recovered",
        "retries.in-progress-waited-out",
        "errors.transient-retried",
        "rate-limits.waits-at-least",
    }
    assert [check for check, result in results.items() if result.status == "error"] == []


def test_the_demo_examines_the_reference_client_or_the_unready_one() -> None:
    assert demo_profile(bad=False) == EXAMPLES / "python-httpx" / "golive.yaml"
    assert demo_profile(bad=True) == EXAMPLES / "unready" / "golive.yaml"
    assert demo_profile(bad=False).is_file()
    assert demo_profile(bad=True).is_file()


@pytest.mark.parametrize("example", ["python-httpx", "python-aiohttp"])
def test_an_example_needs_no_golive_at_run_time(example: str) -> None:
    tree = ast.parse((EXAMPLES / example / "client.py").read_text())

    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "conformance" not in imported


@pytest.mark.parametrize("example", ["python-httpx", "python-aiohttp", "node-fetch", "unready"])
def test_an_example_is_introduced_in_three_lines_at_most(example: str) -> None:
    assert 1 <= len((EXAMPLES / example / "README.md").read_text().splitlines()) <= 3

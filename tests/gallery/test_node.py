"""The checks catch broken clients for Node as they do those in Python, and accuse no correct one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.finding import CheckResult
from gallery.catalogue import BROKEN, CORRECT, Exhibit
from gallery.viewing import view

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node here")

AT_ONCE = 6
"""clients examined side by side: they wait most of the time"""
BROKEN_HERE = frozenset(
    f"node:{name}"
    for name in (
        "NewKeyPerAttempt",
        "KeyInMemory",
        "TimeInBody",
        "LostIsRejected",
        "NewKeyAfterMismatch",
        "OkIsCreated",
        "RetriesFinal",
        "OneTypeForAll",
        "ParsesUnguarded",
        "WaitsOneSecond",
        "LogsHeaders",
        "AcceptedIsCompleted",
    )
)
"""broken clients that are examined here, one of each kind"""
LOOKED_AT = ("node:Reference",)
"""correct clients that are examined here; `make gallery` examines them all"""

ONLY_VIRTUAL = "retries.key-not-reused-after-window"
"""an advisory check that is untested wherever a month takes a month"""


def results(exhibit: Exhibit, select: tuple[str, ...]) -> Mapping[str, CheckResult]:
    return view(exhibit.target, select=select, profile=exhibit.profile)


def test_each_broken_client_is_caught_by_its_check() -> None:
    broken = [each for each in BROKEN if each.name in BROKEN_HERE]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = list(pool.map(lambda exhibit: results(exhibit, (exhibit.caught_by,)), broken))

    found = {
        exhibit.name: (check, result.status, result.reason)
        for exhibit, caught in zip(broken, seen, strict=True)
        for check, result in caught.items()
    }
    assert found == {exhibit.name: (exhibit.caught_by, "failed", None) for exhibit in broken}


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_correct_client_is_accused_of_nothing_and_ready(name: str) -> None:
    exhibit = next(each for each in CORRECT if each.name == name)
    unexpected = {
        check: (result.status, result.finding.violation.summary if result.finding else result.reason)
        for check, result in results(exhibit, ()).items()
        if result.status not in ("passed", "not-applicable") and check != ONLY_VIRTUAL
    }

    assert unexpected == {}


def test_a_client_for_node_says_in_its_comment_what_it_does() -> None:
    told = {exhibit.name: exhibit.sentence for exhibit in (*BROKEN, *CORRECT) if exhibit.program == "node"}

    assert told["node:NewKeyPerAttempt"] == "Makes the key in the function that sends."
    assert told["node:breaker"].startswith("A small circuit breaker: ")

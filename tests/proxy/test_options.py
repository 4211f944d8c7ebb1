"""What `--proxy` is refused with, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.mistakes import Mistakes
from conformance.options import ClockChoice, Options
from conformance.rigs import RigError
from conformance.suite import Suite

PROFILE = """\
subject: proxied
client: {driver: python, target: "nowhere:place_order"}
api_version: "2024-02-05"
account: {keys: {playground: {env: GOLIVE_TEST_ABSENT_KEY}}}
"""


def options(folder: Path, proxy: str = "https://127.0.0.1:9/v2", clock: ClockChoice = "auto") -> Options:
    (folder / "golive.yaml").write_text(PROFILE)
    return Options(folder / "golive.yaml", 1, select=("versions.pinned",), clock=clock, proxy=proxy)


@pytest.mark.parametrize("clock", ["virtual", "accelerated"])
def test_nobody_hurries_an_endpoint(tmp_path: Path, clock: ClockChoice) -> None:
    with pytest.raises(Mistakes, match="nobody can hurry the endpoint behind --proxy"):
        Suite(options(tmp_path, clock=clock))


def test_production_has_to_be_meant(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="is production, where orders cost real money"):
        Suite(options(tmp_path, "https://api.runa.io/v2"))


def test_without_the_accounts_key_there_is_nothing_to_begin_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOLIVE_TEST_ABSENT_KEY", raising=False)
    suite = Suite(options(tmp_path))

    with pytest.raises(RigError, match="--proxy: GOLIVE_TEST_ABSENT_KEY is not set"):
        suite.laboratory()

    suite.close()


def test_some_checks_mean_nothing_there(tmp_path: Path) -> None:
    suite = Suite(options(tmp_path))

    told = {check.id for check in suite.catalogue if check.only_simulated}

    assert told == {
        "retries.key-not-reused-after-window",
        "rate-limits.burst-drains",
        "orders.accepted-is-not-completed",
        "orders.polling-is-gentle",
        "orders.failed-is-surfaced",
    }

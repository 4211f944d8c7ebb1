"""The pytest plugin: one item for each check, collected beside the user's own tests when `--golive` is given.

This module is imported by every pytest run of the environment, so it imports nothing that costs anything.
What must never be known here: how a check is examined (`suite.py`), and how a report looks.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.session import Session

KEY: pytest.StashKey[Session] = pytest.StashKey()
"""Where `pytest.Config` keeps the session of checks; absent unless `--golive` was given."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("golive", "go-live readiness of an API client")
    group.addoption(
        "--golive", metavar="PROFILE", help="run the go-live checks on the client that this profile names"
    )
    group.addoption("--golive-output", metavar="DIR", default="golive-report", help="where the report goes")
    group.addoption(
        "--golive-select", metavar="GLOB", action="append", default=[], help="only these of our checks"
    )
    group.addoption(
        "--golive-skip", metavar="GLOB", action="append", default=[], help="not these of our checks"
    )
    group.addoption("--golive-examples", metavar="N", type=int, help="generated trials for each check")
    group.addoption("--golive-seed", metavar="N", type=int, help="of schedules, orders and keys; printed")
    group.addoption(
        "--golive-budget", metavar="SECONDS", type=float, help="end by then; what was cut is untested"
    )
    group.addoption(
        "--golive-shard", metavar="I/N", help="only this part of the checks: golive merge joins the reports"
    )
    group.addoption(
        "--golive-port", metavar="N", type=int, help="of the sandbox, for a service that runs already"
    )
    group.addoption("--golive-api", metavar="URL", help="a real endpoint that the section sandbox asks")
    group.addoption("--golive-proxy", metavar="URL", help="a real endpoint that the client meets through us")
    group.addoption(
        "--golive-production", action="store_true", help="addresses and keys of production are meant"
    )
    group.addoption(
        "--golive-dry-run", action="store_true", help="show requests to the real endpoint, send none"
    )
    group.addoption("--golive-account", action="store_true", help="only checks that need no client")
    group.addoption(
        "--golive-sign",
        metavar="KEY",
        help="sign the report: a private key's file, or env:NAME of a variable",
    )
    group.addoption("--golive-clock", choices=["auto", "real", "accelerated", "virtual"], default="auto")
    group.addoption("--golive-label", help="how the report names the profile")
    group.addoption("--golive-alone", action="store_true", help="print golive's own progress and summary")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "golive(id): a go-live check; its id, such as retries.exactly-once")
    for severity in ("blocker", "major", "advisory"):
        config.addinivalue_line("markers", f"{severity}: go-live checks of this severity")
    if config.getoption("--golive") and not config.option.help:
        from conformance.session import Session

        session = Session(config)
        config.stash[KEY] = session
        config.pluginmanager.register(session, "golive-session")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if isinstance(collector, pytest.Session) and KEY in collector.config.stash:
        from conformance.items import Root

        report.result.append(Root.from_parent(collector, name="golive"))
    return report


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> object:
    if KEY not in collector.config.stash:
        return None
    from conformance.items import item_of

    return item_of(collector, name, obj)

"""A pytest session that examines a client: what is shared by its items, and the report at its end.

What lives here: hooks that are only registered when `--golive` was given, in the controller and in workers.
What must never be known here: how a check is examined, and how a report looks.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.check import Check
from conformance.finding import CheckResult, results
from conformance.mistakes import Mistakes
from conformance.rigs import RigError
from conformance.suite import Options, Suite

if TYPE_CHECKING:
    from rich.console import Console

    from conformance.items import CheckItem
    from conformance.reporting.readiness import Readiness

PATIENCE = 5.0
"""seconds after which a running check is heard of"""


class Session:
    """One pytest run. Under xdist each worker has one that examines, and the controller one that reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker: dict[str, object] | None = getattr(config, "workerinput", None)
        given = config.getoption("--golive-seed")
        seed = self.worker["golive_seed"] if self.worker else given
        self.seed = seed if isinstance(seed, int) else random.SystemRandom().getrandbits(32)
        try:
            self.suite = Suite(
                Options(
                    profile=Path(config.getoption("--golive")),
                    seed=self.seed,
                    select=tuple(config.getoption("--golive-select")),
                    skip=tuple(config.getoption("--golive-skip")),
                    examples=config.getoption("--golive-examples"),
                    clock=config.getoption("--golive-clock"),
                    label=config.getoption("--golive-label"),
                )
            )
        except Mistakes as error:
            raise pytest.UsageError("\n".join(error.lines)) from None
        self.results: dict[str, CheckResult] = {}
        self.secrets: list[str] = []
        self.interrupted: str | None = None
        self.progress = _Progress(self) if config.getoption("--golive-alone") and not self.worker else None
        self._to_run: list[str] | None = None

    def examine(self, check: Check) -> CheckResult:
        try:
            return self.suite.examine(check)
        except RigError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)

    def adopt(self, check: Check) -> None:
        """A check of the user's own joins the catalogue of this run."""
        if all(known.id != check.id for known in self.suite.catalogue):
            self.suite.catalogue = (*self.suite.catalogue, check)
            self.suite.selected = (*self.suite.selected, check)

    def pytest_report_header(self) -> str:
        return f"golive: {self.suite.profile.subject}, seed {self.seed}, {self.suite.clock} clock"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        node.workerinput["golive_seed"] = self.seed  # type: ignore[attr-defined]  # xdist is optional, its types too

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._to_run = list(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from conformance.items import CheckItem

        checks = [item.check for item in session.items if isinstance(item, CheckItem)]
        if not getattr(self.config.option, "numprocesses", None) or self.worker:
            self._to_run = [item.nodeid for item in session.items]
        if any(check.needs_client for check in checks):
            try:
                self.suite.prepare(checks)
            except RigError as error:
                pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.progress:
            self.progress.started(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        from conformance.items import CheckItem

        if isinstance(item, CheckItem) and call.when == "call":
            report.golive = _packed(item)  # type: ignore[attr-defined]  # reports carry what plugins put on them
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        packed = getattr(report, "golive", None)
        if packed is None or self.worker:
            return
        result = self._unpacked(packed)
        self.results[result.id] = result
        if self.progress:
            self.progress.ended(result)

    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = "it was interrupted"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        output = getattr(node, "workeroutput", {})
        self.secrets += output.get("golive_secrets", [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.progress:
            self.progress.stop()
        self.secrets += self.suite.secrets()
        self.suite.close()
        if self.worker:
            self.config.workeroutput["golive_secrets"] = self.secrets  # type: ignore[attr-defined]  # xdist's
            return
        if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR) and not self.results:
            return
        if self.config.option.collectonly:
            return
        early = session.shouldfail or session.shouldstop
        if early and not self.interrupted:
            self.interrupted = str(early)
        self._conclude(session)

    def _conclude(self, session: pytest.Session) -> None:
        from conformance.reporting.folder import write
        from conformance.reporting.verdict import exit_status, verdict_of_selected

        self._note_deselection()
        readiness = self.suite.report(list(self.results.values()), self.interrupted)
        self.written = write(readiness, Path(self.config.getoption("--golive-output")), self.secrets)
        self.readiness: Readiness = readiness
        status = exit_status(verdict_of_selected(readiness))
        if self.progress:
            session.exitstatus = status
            self.progress.summarise(readiness, self.written)
        elif status and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _note_deselection(self) -> None:
        """Checks that pytest left out (-k, -m, --lf, a node id) are a selection like any other."""
        if self._to_run is None:
            return
        ran = [
            check for check in self.suite.selected if any(_names(nodeid, check) for nodeid in self._to_run)
        ]
        if len(ran) < len(self.suite.selected):
            self.suite.selected = tuple(ran)
            self.suite.options = replace(
                self.suite.options, select=self.suite.options.select or ("(pytest's own selection)",)
            )

    def pytest_terminal_summary(self, terminalreporter: object) -> None:
        readiness = getattr(self, "readiness", None)
        if readiness is None:
            return
        from conformance.reporting import wording

        reporter: pytest.TerminalReporter = terminalreporter  # type: ignore[assignment]  # what pytest passes
        reporter.section("golive")
        reporter.line(wording.sentence(readiness))
        reporter.line(f"seed {self.seed}, report: {self.written[1]}")

    def _unpacked(self, packed: str) -> CheckResult:
        data = json.loads(packed)
        if data["own"]:
            self.adopt(Check(**data["own"]))
        return results.validate_json(data["result"])


def _packed(item: CheckItem) -> str | None:
    result = item.packed()
    if result is None:
        return None
    check = item.check
    own = None
    if not item.bundled:
        own = {
            "id": check.id,
            "severity": check.severity,
            "title": check.title,
            "impact": check.impact,
            "remedy": check.remedy,
            "method": check.method,
        }
    return json.dumps({"own": own, "result": result})


def _names(nodeid: str, check: Check) -> bool:
    return nodeid == f"golive::{check.section}::{check.slug}" or nodeid.endswith(f"::{check.id}")


class _Progress:
    """A line for each check that ended, and a sign of life from one that takes long."""

    def __init__(self, session: Session) -> None:
        from rich.console import Console

        self._session = session
        self._console: Console = Console(highlight=False, soft_wrap=True)
        self._running = ""
        self._timer: threading.Timer | None = None
        suite = session.suite
        self._console.print(
            f"golive: {suite.profile.subject} against {suite.contract.title} {suite.contract.version}, "
            f"{len(suite.selected)} checks, {suite.clock} clock, seed {session.seed}",
            markup=False,
        )

    def started(self, nodeid: str) -> None:
        self._running = ".".join(nodeid.split("::")[-2:])
        self._wait()

    def _wait(self) -> None:
        self._cancel()
        self._timer = threading.Timer(PATIENCE, self._alive)
        self._timer.daemon = True
        self._timer.start()

    def _alive(self) -> None:
        done = self._session.suite.trials
        self._console.print(
            f"  ....  {self._running}   still at it, {done} trials in all so far", markup=False
        )
        self._wait()

    def _cancel(self) -> None:
        if self._timer:
            self._timer.cancel()

    def ended(self, result: CheckResult) -> None:
        from conformance.reporting.terminal import print_progress

        self._cancel()
        print_progress(result, self._console)
        sys.stdout.flush()

    def stop(self) -> None:
        self._cancel()

    def summarise(self, readiness: Readiness, written: Sequence[Path]) -> None:
        from conformance.reporting.terminal import print_summary

        print_summary(readiness, written, self._console)
        self._console.print(f"Seed: {self._session.seed}", markup=False)

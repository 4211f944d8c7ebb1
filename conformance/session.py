"""A pytest session that examines a client: what is shared by its items, and the report at its end.

What lives here: hooks that are only registered when `--golive` was given, in the controller and in workers.
What must never be known here: how a check is examined, and how a report looks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.check import Check
from conformance.finding import CheckResult, results
from conformance.launch import end_with_parent
from conformance.mistakes import Mistakes
from conformance.reporting.plain import for_log
from conformance.rigs import RigError
from conformance.sharding import Deal, deal, falls_to
from conformance.suite import Suite
from conformance.wishes import (
    ROOT,
    folder_for_report,
    is_ours,
    named_checks,
    options_of,
    signing_key,
    workers,
)

if TYPE_CHECKING:
    from conformance.items import CheckItem
    from conformance.progress import Progress
    from conformance.reporting.readiness import Readiness

CLOCKS = ("real", "accelerated", "virtual")
"""from the slowest to the fastest"""


class Session:
    """One pytest run. Under xdist each worker has one that examines, and the controller one that reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker: dict[str, object] | None = getattr(config, "workerinput", None)
        if self.worker or config.getoption("--golive-alone"):
            end_with_parent()
        try:
            self.suite = Suite(options_of(config, self.worker["golive_seed"] if self.worker else None))
            self.seed = self.suite.options.seed
            self.bundled = self.suite.selected
            self.named = named_checks(config.args, self.bundled)
            self.output = folder_for_report(config)
            self.signing_key = signing_key(config)
        except Mistakes as error:
            raise self._refused(error) from None
        self.suite.measurements.remembers = self.worker is not None
        self.results: dict[str, CheckResult] = {}
        self.secrets: list[str] = []
        self.interrupted: str | None = None
        self.refusal: str | None = None
        """why the client cannot be examined at all"""
        self.progress: Progress | None = None
        if config.getoption("--golive-alone") and not self.worker:
            from conformance.progress import Progress

            self.progress = Progress(self.suite)
        self._to_run: list[str] | None = None
        self._empty_part = False
        """was this a part of a run to which no check fell?"""
        self._told: set[str] = set()
        if config.getoption("--golive-alone") and workers(config):
            # More processes than checks would only be started to be ended.
            config.option.tx = config.option.tx[: max(1, len(self.bundled))]

    def _refused(self, mistakes: Mistakes) -> pytest.UsageError:
        if not self.config.getoption("--golive-alone"):
            return pytest.UsageError(for_log("\n".join(mistakes.lines)))
        print(for_log("\n".join(mistakes.lines)), file=sys.stderr)
        return pytest.UsageError()

    def examine(self, check: Check, session: pytest.Session) -> CheckResult | None:
        """The result; None when the client cannot be examined, and the session is to stop."""
        try:
            if self.worker:
                self.suite.prepare(self._coming(check))
            return self.suite.examine(check)
        except RigError as error:
            if self.suite.proven:
                return CheckResult(check.id, "error", reason=str(error))
            self.refusal = str(error)
            session.shouldstop = "the client cannot be examined"
            return None

    def adopt(self, check: Check) -> bool:
        """A check of the user's own joins the catalogue of this run. Is it one of this part's?

        Raises ValueError if its id is taken.
        """
        known = {each.id: each for each in self.suite.catalogue}
        shard = self.suite.options.shard
        mine = shard is None or falls_to(shard, check.id)
        if check.id not in known:
            self.suite.catalogue = (*self.suite.catalogue, check)
            self.suite.selected = (*self.suite.selected, check) if mine else self.suite.selected
        elif known[check.id] != check:
            raise ValueError(f"another check is called {check.id} already; give this one an id of its own")
        return mine

    def pytest_report_header(self) -> str:
        return f"golive: {self.suite.profile.subject}, seed {self.seed}, {self.suite.clock} clock"

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        node.workerinput["golive_seed"] = self.seed  # type: ignore[attr-defined]  # xdist has no types

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> object:
        """In a run of ours; beside tests of the user's own, xdist's options are the user's too."""
        if not config.getoption("--golive-alone"):
            return None
        from conformance.scheduling import ByParts

        return ByParts(config, log, self._deal(workers(config)), _check_id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._to_run = list(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        # Pytest takes arguments for paths; those that name our items are answered by `items.Root`. Not earlier
        # than now, since xdist has to hand them on to its workers.
        self.config.args[:] = [argument for argument in self.config.args if not is_ours(argument)]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from conformance.items import CheckItem

        self._to_run = [item.nodeid for item in session.items]
        if self.worker or self.config.option.collectonly:
            return
        checks = [item.check for item in session.items if isinstance(item, CheckItem)]
        try:
            self.suite.prepare(checks)
        except RigError as error:
            self.refusal = str(error)
            session.shouldstop = "the client cannot be examined"

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.progress:
            self.progress.started(_check_id(nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        from conformance.items import CheckItem

        if isinstance(item, CheckItem) and call.when == "call":
            report.golive = _packed(item)  # type: ignore[attr-defined]  # reports carry what plugins put on them
            if self.worker:
                report.golive_news = self._news()  # type: ignore[attr-defined]  # as above
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.worker:
            return
        if news := vars(report).pop("golive_news", None):  # nobody else is to write it down
            self._learn(json.loads(news))
        packed = getattr(report, "golive", None)
        if packed is not None:
            result = self._unpacked(packed)
        elif report.failed and _check_id(report.nodeid) in {check.id for check in self.suite.selected}:
            # Its process died, or somebody's hook broke it: nothing was proven, and the reader is told why.
            result = CheckResult(_check_id(report.nodeid), "error", reason=report.longreprtext)
        else:
            return
        self.results[result.id] = result
        if self.progress:
            self.progress.ended(result)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        told = str(excinfo.value) if isinstance(excinfo.value, pytest.Session.Interrupted) else ""
        self.interrupted = told or "it was interrupted"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        output = getattr(node, "workeroutput", {})
        self.refusal = self.refusal or output.get("golive_refusal")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        status = self._finish(session, exitstatus)
        yield
        if status is not None:  # after everybody else: some plugins add bits of their own to it
            session.exitstatus = status

    def _finish(self, session: pytest.Session, exitstatus: int) -> int | None:
        """Ends the client and writes the report. The exit status, where pytest's own is not to stand."""
        if self.progress:
            self.progress.stop()
        self.secrets += self.suite.secrets()
        self.suite.close()
        if self.worker is not None:
            output: dict[str, object] = self.config.workeroutput  # type: ignore[attr-defined]  # xdist's
            output["golive_refusal"] = self.refusal
            return None
        if self.refusal is not None:
            if self.progress:
                print(for_log(self.refusal), file=sys.stderr)
            return pytest.ExitCode.USAGE_ERROR
        failed = exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)
        self._empty_part = (
            self.suite.options.shard is not None
            and not self._to_run
            and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        )
        nothing_to_run = not self._to_run and not self._empty_part
        if self.config.option.collectonly or ((failed or nothing_to_run) and not self.results):
            return None
        self._note_deselection()
        unfinished = len(self.results) < len(self.suite.selected)
        if unfinished and not self.interrupted and (session.shouldfail or session.shouldstop):
            self.interrupted = str(session.shouldfail or session.shouldstop)
        return self._conclude(exitstatus)

    def _conclude(self, exitstatus: int) -> int | None:
        from conformance.reporting.folder import LeakInReport, write
        from conformance.reporting.verdict import status_of

        readiness = self.suite.report(list(self.results.values()), self.interrupted)
        try:
            key = self.signing_key
            secrets = [*self.secrets, *(key.secrets if key else ())]
            scanners = self.suite.keys.scanners()
            self.written = write(readiness, self.output, secrets, scanners, key.sign if key else None)
        except (LeakInReport, OSError) as error:
            print(for_log(f"no report was written: {error}"), file=sys.stderr)
            return pytest.ExitCode.INTERNAL_ERROR
        self.readiness: Readiness = readiness
        status = status_of(readiness)
        if self.progress:
            self.progress.summarise(readiness, self.written)
            return status
        if self._empty_part and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            return pytest.ExitCode.OK
        return pytest.ExitCode.TESTS_FAILED if status and not exitstatus else None

    def _note_deselection(self) -> None:
        """Checks that pytest left out (-k, -m, --lf, a node id) are a selection like any other."""
        if self._to_run is None:
            return
        to_run = {_check_id(nodeid) for nodeid in self._to_run}
        ran = [check for check in self.suite.selected if check.id in to_run]
        if len(ran) < len(self.suite.selected):
            from conformance.reporting.readiness import Selection

            self.suite.selected = tuple(ran)
            self.suite.options = replace(
                self.suite.options, select=self.suite.options.select or (Selection.OTHERWISE,)
            )

    def pytest_terminal_summary(self, terminalreporter: object) -> None:
        reporter: pytest.TerminalReporter = terminalreporter  # type: ignore[assignment]  # what pytest passes
        if self.refusal is not None:
            reporter.section("golive")
            reporter.line(for_log(self.refusal))
        readiness = getattr(self, "readiness", None)
        if readiness is None:
            return
        from conformance.reporting import wording
        from conformance.reporting.waivers import loud, waivers

        reporter.section("golive")
        told = [wording.sentence(readiness), *loud(readiness)]
        told += [f"{each.check} {each.covers}: {each.answers}: {each.reason}" for each in waivers(readiness)]
        for line in told:
            reporter.line(for_log(line))
        reporter.line(f"seed {self.seed}, report: {self.written[1]}")

    def _deal(self, workers: int) -> Deal:
        return deal(self.bundled, self.suite.contract, workers, self.suite.options.examples)

    def _coming(self, check: Check) -> list[Check]:
        """What this worker is going to examine, as far as that is known when it is sent this check: at first the
        whole of its part, so that trials which wait can wait side by side; then what it takes from others.
        """
        worker = self.worker or {}
        if self.suite.trials or not self.config.getoption("--golive-alone"):
            return [check]
        own = int(str(worker["workerid"]).removeprefix("gw"))
        dealt = self._deal(int(str(worker["workercount"])))
        return [each for each in self.bundled if each.id == check.id or dealt.part[each.id] == own]

    def _news(self) -> str:
        """What the report needs to know of this worker, sent along with every result: it may not live to tell."""
        new = set(self.suite.secrets()) - self._told
        self._told |= new
        return json.dumps(
            {
                "secrets": sorted(new),
                "confinements": [list(each) for each in self.suite.confinements],
                "clock": self.suite.clock,
                "clock_note": self.suite.clock_note,
                "measured": self.suite.measurements.news(),
            }
        )

    def _learn(self, news: dict[str, Any]) -> None:
        self.secrets += news["secrets"]
        self.suite.measurements.learn(news["measured"])
        for confined, how in news["confinements"]:
            if (confined, how) not in self.suite.confinements:
                self.suite.confinements.append((confined, how))
        if news["confinements"]:  # then a client was started there, and its clock is known
            slowest = min(news["clock"], self.suite.clock, key=CLOCKS.index)
            if slowest == news["clock"]:
                self.suite.clock, self.suite.clock_note = slowest, news["clock_note"]

    def _unpacked(self, packed: str) -> CheckResult:
        data = json.loads(packed)
        own = data["own"]
        # Here it may be known already, as a whole; what travelled with the result has no judge.
        if own and all(known.id != own["id"] for known in self.suite.catalogue):
            self.adopt(Check(**own))
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
            "why": check.why,
            "passes": check.passes,
        }
    return json.dumps({"own": own, "result": result})


def _check_id(nodeid: str) -> str:
    """The id of the check that an item's node id names: `golive::section::slug`, or `test_file.py::id`."""
    parts = nodeid.split("::")
    return ".".join(parts[1:]) if parts[0] == ROOT else parts[-1]

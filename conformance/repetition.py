"""`golive replay`: a stored counterexample, run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conformance import catalogue
from conformance.check import Check
from conformance.console import Console
from conformance.evidence import Evidence, evidences
from conformance.finding import Violation
from conformance.mistakes import Mistakes
from conformance.options import ClockChoice, Options
from conformance.paths import demo_profile
from conformance.remarks import remarks_on
from conformance.reporting.lines import print_line
from conformance.reporting.plain import plain
from conformance.suite import Suite

if TYPE_CHECKING:
    from conformance.reporting.readiness import Run

TIMES = 3


def replay_counterexample(folder: Path, check_id: str, profile: Path | None, port: int | None = None) -> bool:
    """Runs the trial that the report holds for the check, and prints what happens. True if it still fails.

    Raises Mistakes when there is nothing to replay, RigError when the client cannot be examined.
    """
    from conformance.reporting.diagram import diagram
    from conformance.reporting.sequence import sequence

    stored, run = _stored(folder, check_id)
    if all(check.id != check_id for check in catalogue.checks()):
        raise Mistakes(
            [f"{check_id} is a check of your own: pytest --golive {run.profile} -k {check_id} runs it again"]
        )
    # On the real clock if it was seen there, in the end; any other follows from the driver.
    clock: ClockChoice = "real" if stored.clock.kind == "real" else "auto"
    suite = Suite(
        Options(profile or _profile(run.profile), run.seed, select=(check_id,), clock=clock, port=port)
    )
    (check,) = suite.selected
    console = Console()
    _say(f"{check.id}: the counterexample of {folder}, {TIMES} times with {suite.profile.subject}", console)
    trial = stored.trial
    if run.sandbox != "simulated":
        from conformance.rigs.fitting import brought_home

        _say(f"It was met in the {run.sandbox}; here the simulation answers.", console)
        trial = brought_home(trial, suite.contract)
    failed, shown = 0, False
    try:
        for time in range(1, TIMES + 1):
            evidence = suite.laboratory().repeat(trial, "replay")
            violations = _violations(suite, check, evidence)
            failed += bool(violations)
            if not shown and (violations or time == TIMES):
                shown = True
                exchanges = violations[0].exchanges if violations else ()
                told = sequence(evidence, exchanges, suite.contract)
                drawn = "\n".join(f"  {line}" for line in diagram(told))
                _say(suite.keys.redacted(f"\n{drawn}\n"), console)
                for violation in violations[:1]:
                    _say(suite.keys.redacted(f"  {plain(violation.summary, 1_000)}\n"), console)
    finally:
        suite.close()
    if failed:
        _say(f"Still fails: {failed} of {TIMES} times.", console)
    else:
        _say(
            f"Holds now, {TIMES} of {TIMES} times. This trial alone proves little: golive run examines the rest.",
            console,
        )
    return failed > 0


def _say(text: str, console: Console) -> None:
    for line in text.split("\n"):
        print_line(console, line, "")


def _violations(suite: Suite, check: Check, evidence: Evidence) -> list[Violation]:
    remarks = remarks_on(check, evidence, suite.contract, suite.profile)
    return [remark for remark in remarks if isinstance(remark, Violation)]


def _stored(folder: Path, check_id: str) -> tuple[Evidence, Run]:
    from conformance.reporting.stored import stored_report

    readiness = stored_report(folder)
    entry = next((entry for entry in readiness.checks if entry.id == check_id), None)
    failed = ", ".join(entry.id for entry in readiness.checks if entry.finding) or "none"
    if entry is None or entry.finding is None:
        why = f"no check is called {check_id!r}" if entry is None else f"{check_id} has no finding"
        raise Mistakes([f"{folder}: {why}; with a finding: {failed}"])
    stored = entry.finding.counterexample.evidence
    if not stored:
        raise Mistakes(
            [f"{check_id} examined no trial, so there is nothing to replay; golive run examines it"]
        )
    if "turns" in stored:
        raise Mistakes(
            [
                f"{check_id} was heard from a real endpoint, which is not asked by replay; golive run --select "
                f"{check_id} --api URL asks it again"
            ]
        )
    return evidences.validate_python(stored), readiness.run


def _profile(named: str | None) -> Path:
    if named in ("demo", "demo --bad"):
        return demo_profile(bad=named != "demo")
    return Path(named or "golive.yaml")

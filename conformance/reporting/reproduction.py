"""The commands by which a reader sees for himself what a report says. Pure.

What lives here: which command repeats a finding, and which the whole run.
What must never be known here: how a run or a replay is carried out.
"""

from __future__ import annotations

import shlex

from conformance.reporting.plain import plain
from conformance.reporting.readiness import CheckEntry, Readiness, Run

FOLDER = "DIR"
"""stands for the report's folder, which a report does not know"""


def commands(readiness: Readiness, check: CheckEntry) -> tuple[tuple[str, str], ...]:
    """Pairs of a command and what it does, for a check with a finding; none that would be refused."""
    run = readiness.run
    finding = check.finding
    told = []
    if finding is not None and finding.counterexample.orders:
        replay = f"golive replay {FOLDER} {check.id}"
        told.append((replay, "runs this counterexample again, on the client as it is then"))
    whole = rerun(readiness)
    if not _is_demo(run) and not (run.selection and run.selection.without_client):
        told.append(
            (f"{whole} --select {check.id}", "examines the client for this alone, from the same seed")
        )
    return tuple(told)


def rerun(readiness: Readiness) -> str:
    """The command that makes the same run again, from the same seed."""
    run = readiness.run
    if run.selection and run.selection.without_client:
        return f"golive account{_profile(run)} --seed {run.seed}"
    if _is_demo(run):
        return f"golive {plain(run.profile or '', 100)} --seed {run.seed}"
    return f"golive run{_profile(run)} --seed {run.seed}"


def _is_demo(run: Run) -> bool:
    return (run.profile or "").split(" ")[0] == "demo"


def _profile(run: Run) -> str:
    named = plain(run.profile or "", 300)
    return "" if named in ("", "golive.yaml") else f" --profile {shlex.quote(named)}"

"""The commands by which a reader sees for himself what a report says. Pure.

What lives here: which command repeats a finding, and which the whole run.
What must never be known here: how a run or a replay is carried out.
"""

from __future__ import annotations

import shlex

from conformance.reporting.plain import plain
from conformance.reporting.readiness import CheckEntry, Readiness, Run, Selection

FOLDER = "DIR"
"""stands for the report's folder, which a report does not know"""
PROXIED = "proxy in front of "
"""how a run begins to say to whom the client talked, if that was no simulation"""


def commands(readiness: Readiness, check: CheckEntry) -> tuple[tuple[str, str], ...]:
    """Pairs of a command and what it does, for a check with a finding; none that would be refused."""
    run = readiness.run
    finding = check.finding
    told = []
    if finding is not None and finding.counterexample.orders:
        replay = f"golive replay {FOLDER} {check.id}"
        told.append((replay, "runs this counterexample again, on the client as it is then"))
    alone = f"{_command(run)} --select {shlex.quote(check.id)}"
    if finding is not None and (endpoint := finding.counterexample.evidence.get("base_url")):
        told.append((f"{alone} --api {_quoted(str(endpoint))}", "asks the endpoint the same again"))
    elif not _is_demo(run) and not _is_of_account(run):
        told.append((alone, "examines the client for this alone, from the same seed"))
    return tuple(told)


def rerun(readiness: Readiness) -> str:
    """The command that makes the same run again, from the same seed."""
    run = readiness.run
    command = _command(run)
    selection = run.selection
    if run.shard:
        command += f" --shard {run.shard.index}/{run.shard.count}"
    if selection and not run.shard and Selection.OTHERWISE not in selection.select:
        command += "".join(f" --select {_quoted(pattern)}" for pattern in selection.select)
        command += "".join(f" --skip {_quoted(pattern)}" for pattern in selection.skip)
    return command


def _command(run: Run) -> str:
    if _is_demo(run):
        return f"golive {plain(run.profile or '', 100)} --seed {run.seed}"
    named = run.profile or ""
    profile = "" if named in ("", "golive.yaml") else f" --profile {_quoted(named)}"
    what = "account" if _is_of_account(run) else "run"
    endpoint = run.sandbox.removeprefix(PROXIED)
    proxy = "" if endpoint == run.sandbox else f" --proxy {_quoted(endpoint)}"
    return f"golive {what}{profile} --seed {run.seed} --examples {run.examples}{proxy}"


def _is_demo(run: Run) -> bool:
    return (run.profile or "").split(" ")[0] == "demo"


def _is_of_account(run: Run) -> bool:
    return bool(run.selection and run.selection.without_client)


def _quoted(text: str) -> str:
    return shlex.quote(plain(text, 300))

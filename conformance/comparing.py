"""`golive diff`: two reports, read, compared and told.

What must never be known here: what is compared, what counts as a regression (`reporting/changes.py`), and the words.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from conformance.console import Console
from conformance.mistakes import Mistakes
from conformance.reporting.comparison.changes import compare
from conformance.reporting.comparison.entries import to_json
from conformance.reporting.comparison.forms import print_comparison, to_markdown
from conformance.reporting.readiness import Readiness
from conformance.reporting.stored import stored_report

Form = Literal["terminal", "markdown", "json"]


def diff(old: Path, new: Path, form: Form) -> int:
    """Prints what changed. The exit status: 1 if something got worse, otherwise 0.

    Raises Mistakes where a report cannot be read, and where the two have nothing to be compared by.
    """
    reports: list[Readiness] = []
    wrong: list[str] = []
    for named in (old, new):
        try:
            reports.append(stored_report(named))
        except Mistakes as mistakes:
            wrong += mistakes.lines
    if wrong:
        raise Mistakes(wrong)
    comparison = compare(*reports)
    console = Console()
    match form:
        case "terminal":
            print_comparison(comparison, console)
        case "markdown":
            _write(to_markdown(comparison), console)
        case "json":
            _write(to_json(comparison), console)
    return 1 if comparison.regressed else 0


def _write(text: str, console: Console) -> None:
    """In UTF-8 whatever the terminal would have: it is for a file or a program."""
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        console.on_broken_pipe()

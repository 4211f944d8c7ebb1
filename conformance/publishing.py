"""What a build machine is told beside the report: marks on its page, and the summary of the step.

What lives here: which build machine this is, and where it wants to be told.
What must never be known here: what is said (`reporting/`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.reporting.annotations import annotate, command
from conformance.reporting.markdown import SMALLEST, to_markdown
from conformance.reporting.plain import for_log
from conformance.reporting.readiness import Readiness

if TYPE_CHECKING:
    from rich.console import Console

MOST_OF_SUMMARY = 1024 * 1024
"""bytes of one step, beyond which the whole summary is refused"""


def publish(readiness: Readiness, console: Console, environment: Mapping[str, str] = os.environ) -> None:
    """In a GitHub workflow: prints the annotations, and appends the report to the step's summary. Elsewhere nothing.

    A summary that cannot be written is said on standard error; it changes nothing about the run.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        for annotation in annotate(readiness):
            # As it is: this is the one place from which the runner is to take orders.
            console.out(command(annotation), highlight=False)
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        try:
            _append(readiness, Path(summary))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            print(for_log(f"the step's summary cannot be written to {summary}: {reason}"), file=sys.stderr)


def _append(readiness: Readiness, summary: Path) -> None:
    """As much of the report as there is room for, after what others of the same step have written."""
    taken = summary.stat().st_size if summary.exists() else 0
    room = MOST_OF_SUMMARY - taken - 2
    if room < SMALLEST:
        return
    with summary.open("a", encoding="utf-8") as file:
        # A blank line, so that nothing of theirs runs on into it.
        file.write(
            f"\n{to_markdown(readiness, most=room)}\n" if taken else f"{to_markdown(readiness, most=room)}\n"
        )

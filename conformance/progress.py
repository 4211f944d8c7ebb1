"""What `golive run` says while it runs: a line for each check that ended, a sign of life from a long one.

What must never be known here: pytest, how a check is examined, and how a line is worded (`reporting/`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from conformance.reporting.terminal import ID_WIDTH, print_progress, print_summary

if TYPE_CHECKING:
    from conformance.finding import CheckResult
    from conformance.reporting.readiness import Readiness
    from conformance.suite import Suite

PATIENCE = 5.0
"""seconds without a line, after which the checks that are running are heard of"""


class Progress:
    """Written to standard output. Checks may start and end on any thread."""

    def __init__(self, suite: Suite, patience: float = PATIENCE) -> None:
        self._suite = suite
        self._patience = patience
        self._console = Console(highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._running: dict[str, None] = {}
        self._timer: threading.Timer | None = None
        self._say(
            f"golive: {suite.profile.subject} against {suite.contract.title} {suite.contract.version}, "
            f"{len(suite.selected)} {'check' if len(suite.selected) == 1 else 'checks'}, {suite.clock} clock, "
            f"seed {suite.options.seed}"
        )

    def started(self, check_id: str) -> None:
        with self._lock:
            self._running[check_id] = None
            self._wait()

    def ended(self, result: CheckResult) -> None:
        with self._lock:
            self._running.pop(result.id, None)
            self._wait()
            print_progress(result, self._console)
            self._console.file.flush()

    def stop(self) -> None:
        with self._lock:
            self._running.clear()
            self._wait()

    def summarise(self, readiness: Readiness, written: Sequence[Path]) -> None:
        print_summary(readiness, written, self._console)
        self._say(f"Seed: {readiness.run.seed}")

    def _wait(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._running:
            self._timer = threading.Timer(self._patience, self._still_there)
            self._timer.daemon = True
            self._timer.start()

    def _still_there(self) -> None:
        with self._lock:
            done = self._suite.trials
            # With checks in other processes, the trials are counted there.
            so_far = f", {done:,} {'trial' if done == 1 else 'trials'} in all so far" if done else ""
            for check_id in self._running:
                self._say(f"  {'...':<8}  {check_id:<{ID_WIDTH}}     still at it{so_far}")
            self._console.file.flush()
            self._wait()

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)

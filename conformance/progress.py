"""What `golive run` says while it runs: a line for each check that ended, a sign of life from a long one.

What must never be known here: pytest, how a check is examined, and how a line is worded (`reporting/`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.console import Console
from conformance.publishing import publish
from conformance.reporting.lines import print_line
from conformance.reporting.quantities import counted, duration
from conformance.reporting.terminal import ID_WIDTH, print_progress, print_summary

if TYPE_CHECKING:
    from conformance.finding import CheckResult
    from conformance.reporting.readiness import Readiness
    from conformance.suite import Suite

PATIENCE = 5.0
"""seconds without a line, after which the checks that are running are heard of; then twice as many each time"""
LONGEST_SILENCE = 60.0
"""seconds"""


class Progress:
    """Written to standard output. Checks may start and end on any thread."""

    def __init__(self, suite: Suite, patience: float = PATIENCE) -> None:
        self._suite = suite
        self._patience = self._next = patience
        self._console = Console()
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}
        self._trials = 0
        self._timer: threading.Timer | None = None
        shard = suite.options.shard
        part = f" (part {shard[0]} of {shard[1]})" if shard else ""
        self._told_of_clock = False
        lives = "no client" if suite.options.account_only else f"{suite.clock} clock"
        self._say(
            f"golive: {suite.profile.subject} against {suite.contract.title} {suite.contract.version}, "
            f"{counted(len(suite.selected), 'check')}{part}, {lives}, seed {suite.options.seed}"
        )

    def started(self, check_id: str) -> None:
        with self._lock:
            self._tell_of_clock()
            self._running[check_id] = time.monotonic()
            self._wait()

    def ended(self, result: CheckResult) -> None:
        with self._lock:
            self._running.pop(result.id, None)
            self._trials += result.trials
            self._wait()
            self._tell_of_clock()
            print_progress(result, self._console, self._suite.clock, self._suite.waived(result.id))
            if self._suite.options.dry_run and result.note:
                for line in result.note.splitlines():
                    self._say(f"      {line}")

    def _tell_of_clock(self) -> None:
        """Which clock it came to be is known once the client has placed an order."""
        note = self._suite.clock_note
        if note and not self._told_of_clock:
            self._told_of_clock = True
            slow = ", so this takes minutes" if self._suite.clock == "real" else ""
            self._say(f"  {self._suite.clock} clock{slow}: {note}")

    def stop(self) -> None:
        with self._lock:
            self._running.clear()
            self._wait()

    def summarise(self, readiness: Readiness, written: Sequence[Path]) -> None:
        print_summary(readiness, written, self._console)
        self._say(f"Seed: {readiness.run.seed}")
        publish(readiness, self._console)

    def _wait(self, patience: float | None = None) -> None:
        self._next = patience or self._patience
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._running:
            self._timer = threading.Timer(self._next, self._still_there)
            self._timer.daemon = True
            self._timer.start()

    def _still_there(self) -> None:
        with self._lock:
            # With checks in other processes only the trials of those that ended are known.
            done = self._suite.trials or self._trials
            so_far = f", {counted(done, 'trial')} in all so far" if done else ""
            for check_id, since in self._running.items():
                at_it = duration(time.monotonic() - since)
                self._say(f"  {'...':<8}  {check_id:<{ID_WIDTH}}     still at it after {at_it}{so_far}")
            self._wait(min(2 * self._next, LONGEST_SILENCE))

    def _say(self, line: str) -> None:
        print_line(self._console, line, "")

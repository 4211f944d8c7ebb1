"""The laboratory: runs each planned trial once, however many checks ask for it, and counts.

What must never be known here: how a trial is run (`rigs/`), and what any check makes of the evidence.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from conformance.evidence import Evidence, Trial, trials
from conformance.faults import InProgress, Schedule
from conformance.planning import with_references
from conformance.rigs import Rig


class Laboratory:
    """Trials are shared by their content: floors overlap, and a client need not be asked the same thing twice.
    Not shared are repetitions, which exist to see whether something comes back.
    """

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.trials = 0
        self.finished = 0
        self.simulated = 0.0
        self._lock = threading.Lock()
        self._shared: dict[bytes, Future[Evidence]] = {}
        self._pool = (
            ThreadPoolExecutor(rig.facts.parallel, "golive-trial") if rig.facts.parallel > 1 else None
        )

    def prepare(self, planned: Iterable[Trial]) -> None:
        """Begins to run these, as many side by side as the rig bears; none where it bears only one."""
        if self._pool:
            for trial in planned:
                if self.bears(trial):
                    self._submit(trial)

    def bears(self, trial: Trial) -> bool:
        """Is this trial one that can be waited for?"""
        longest = self.rig.facts.longest
        return longest is None or all(_length(order.schedule) <= longest for order in trial.orders)

    def evidence(self, trial: Trial) -> Evidence:
        """The evidence of this trial, shared with everybody who asks for the same one. Blocks."""
        return self._submit(trial).result()

    def repeat(self, trial: Trial) -> Evidence:
        """Evidence of a run of its own."""
        with self._lock:
            self.trials += 1
            serial = self.trials
        evidence = self.rig.run(with_references(trial, serial))
        with self._lock:
            self.finished += 1
            self.simulated += evidence.clock.simulated
        return evidence

    def close(self) -> None:
        """Ends what is still running, whatever it has come to."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self.rig.stop()
        if self._pool:
            self._pool.shutdown(wait=True)
        self.rig.close()

    def _submit(self, trial: Trial) -> Future[Evidence]:
        key = trials.dump_json(trial)
        with self._lock:
            known = self._shared.get(key)
            if known is not None:
                return known
            future: Future[Evidence] = Future()
            if self._pool:
                future = self._pool.submit(self.repeat, trial)
            self._shared[key] = future
        if not self._pool:
            try:
                future.set_result(self.repeat(trial))
            except BaseException as error:
                # Whoever asks next has to see the same failure, and a harness error must reach this caller.
                future.set_exception(error)
                raise
        return future


def _length(schedule: Schedule) -> int:
    return sum(fault.times if isinstance(fault, InProgress) else 1 for fault in schedule)

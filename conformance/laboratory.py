"""The laboratory: runs each planned trial once, however many checks ask for it, and counts.

What must never be known here: how a trial is run (`rigs/`), and what any check makes of the evidence.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from functools import partial
from weakref import WeakSet

from conformance.confirmation import Decisive
from conformance.evidence import Evidence, PlannedOrder, Trial, trials
from conformance.faults import InProgress, RateLimit
from conformance.planning import kills, seed_of, with_references
from conformance.rigs import Rig
from conformance.trial import PAUSES

Doubt = Callable[[Trial, Evidence], Decisive | None]
"""what somebody wants to have confirmed who has been given the evidence of a trial"""
PATIENCE = 60.0
"""seconds that a client may be asked to wait in a trial on the real clock"""
LONGEST_DOUBT = 400.0
"""seconds for which a trial is still run again on the real clock, for nothing but a doubt"""


@dataclass(frozen=True, slots=True)
class Beside:
    """A rig for the trials that the first one cannot run: which they are, how it is made, and how many side by side.
    It is made by whoever runs the first of them, so that nobody else waits for it.
    """

    takes: Callable[[Trial], bool]
    make: Callable[[], Rig]
    parallel: int


class OutOfBudget(Exception):
    """The time that the run was given is up."""


class Laboratory:
    """Trials are shared by their content: floors overlap, and a client need not be asked the same thing twice.
    Not shared are those that exist to see whether something comes back.

    `slow` makes a rig on the real clock, for evidence that a faster one cannot be trusted with; `deadline`, on
    `time.monotonic()`: from then on no trial is begun or waited for. `witness` is shown the evidence of each run that
    somebody asks for, once.
    """

    def __init__(
        self,
        rig: Rig,
        *,
        seed: int = 0,
        slow: Callable[[], Rig] | None = None,
        deadline: float | None = None,
        beside: Beside | None = None,
        witness: Callable[[Evidence], None] | None = None,
    ) -> None:
        self.rig = rig
        self.trials = 0
        self.finished = 0
        self.simulated = 0.0
        self._seed = seed
        self._slow = slow
        self._beside = beside
        self._deadline = deadline
        self._witness = witness
        self._shown: WeakSet[Future[Evidence]] = WeakSet()
        self._lock = threading.Lock()
        self._benches: dict[str, _Bench] = {"": _Bench(lambda: rig, rig.facts.parallel)}
        self._foreseen: dict[tuple[str, bytes], list[Future[Evidence]]] = {}
        self._asked: Counter[tuple[str, bytes]] = Counter()

    @property
    def side_by_side(self) -> bool:
        """Is it worth asking for several trials before the first is looked at?"""
        return self.rig.facts.parallel > 1

    @property
    def secrets(self) -> list[str]:
        return [secret for bench in tuple(self._benches.values()) for secret in bench.secrets]

    def prepare(self, planned: Iterable[Trial], doubt: Doubt | None = None) -> None:
        """Begins to run these, as many side by side as their rig bears; none of those whose rig bears only one. What
        `doubt` asks for is begun on the real clock as well.
        """
        for trial in planned:
            if self.bears(trial) and self._goes_on(trial):
                self._confirm_soon(trial, self._shared(self._usual(trial), trial), doubt)

    @property
    def has_second_opinion(self) -> bool:
        """Is there a real clock beside the one that trials are run on?"""
        return self._slow is not None

    def obstacle(self, trial: Trial) -> str | None:
        """What the rig cannot do of this trial, whatever time it is given; None if it can do all of it."""
        if trial.later is not None and trial.later > max(PAUSES) and not self.rig.facts.leaps:
            return f"only the virtual clock can let {trial.later:,.0f} s pass"
        if own := self.rig.facts.obstacle(trial):
            return own
        if self.rig.facts.ours:
            return None
        if trial.restart or kills(trial):
            return "the service was running already, so golive does not restart it"
        if trial.verbose:
            return "the service was running already, so golive does not see what it writes"
        if trial.certificate is not None:
            return "the service was running already, so golive cannot give it a base URL of TLS"
        if trial.watched:
            return "the service was running already, so golive does not see its processes"
        return None

    def bears(self, trial: Trial) -> bool:
        """Is this trial one that can be run, and waited for?"""
        longest = self.rig.facts.longest
        short = longest is None or all(
            _length(order, trial.once) <= longest and _asked_wait(order) <= PATIENCE for order in trial.orders
        )
        return short and self.obstacle(trial) is None

    def evidence(self, trial: Trial) -> Evidence:
        """The evidence of this trial, shared with everybody who asks for the same one. Blocks.

        Raises OutOfBudget.
        """
        return self._result(self._shared(self._usual(trial), trial))

    def foresee(self, planned: Iterable[Trial], asker: str, doubt: Doubt) -> None:
        """Begins to run what this asker will `begin`, where that can go on beside others, and on the real clock what
        `doubt` asks for.
        """
        begun = [(trial, self.begin(trial, asker)) for trial in planned if self._goes_on(trial)]
        for trial, future in begun:
            self._foreseen.setdefault((asker, trials.dump_json(trial)), []).append(future)
            self._confirm_soon(trial, future, doubt)

    def begin(self, trial: Trial, asker: str) -> Future[Evidence]:
        """A run of its own, which goes on beside whatever the asker does meanwhile; see `result`."""
        key = trials.dump_json(trial)
        if foreseen := self._foreseen.get((asker, key)):
            return foreseen.pop(0)
        with self._lock:
            time = self._asked[asker, key] = self._asked[asker, key] + 1
        return self._submit(self._bench(self._usual(trial)), self._named(trial, key, f"{asker} {time}"))

    def result(self, future: Future[Evidence]) -> Evidence:
        """The evidence of a trial that was begun. Raises OutOfBudget."""
        return self._result(future)

    def repeat(self, trial: Trial, asker: str) -> Evidence:
        """Evidence of a run of its own. Raises OutOfBudget."""
        return self._result(self.begin(trial, asker))

    def dispel(self, asked: Decisive) -> Evidence | None:
        """What the real clock says of a trial in doubt; None if that would take too long. Raises OutOfBudget."""
        return self.in_real_time(asked.trial)[0] if asked.seconds <= LONGEST_DOUBT else None

    def in_real_time(self, trial: Trial, times: int = 1) -> list[Evidence]:
        """Evidence of the trial on the real clock, so many times side by side; shared as well. Raises OutOfBudget."""
        futures = [self._shared("real", trial, time) for time in range(times)]
        return [self._result(future) for future in futures]

    def affords(self, trials_to_come: int) -> bool:
        """Is there time for more than the trials that have to be run, by what they took so far?"""
        if self._deadline is None:
            return True
        bench = self._benches[""]
        each = bench.seconds / max(bench.finished, 1) / self.rig.facts.parallel
        return time.monotonic() + each * trials_to_come < self._deadline

    @property
    def out_of_budget(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def close(self) -> None:
        """Ends what is still running, whatever it has come to."""
        benches = tuple(self._benches.values())
        for bench in benches:
            bench.stop()
        for bench in benches:
            bench.close()

    def _shared(self, kind: str, trial: Trial, time: int = 0) -> Future[Evidence]:
        key = trials.dump_json(trial)
        bench = self._bench(kind)
        with bench.lock:
            if (key, time) not in bench.shared:
                bench.shared[key, time] = self._submit(bench, self._named(trial, key, f"{kind} {time}"))
            return bench.shared[key, time]

    def _usual(self, trial: Trial) -> str:
        """The kind of bench that the trial is for, if not for the real clock."""
        return "beside" if self._beside and self._beside.takes(trial) else ""

    def _goes_on(self, trial: Trial) -> bool:
        """Can the trial be run while other things are done?"""
        return self._bench(self._usual(trial)).pool is not None

    def _bench(self, kind: str) -> _Bench:
        with self._lock:
            if kind not in self._benches:
                self._benches[kind] = self._make_bench(kind)
            return self._benches[kind]

    def _make_bench(self, kind: str) -> _Bench:
        if kind == "beside":
            assert self._beside is not None
            return _Bench(self._beside.make, self._beside.parallel)
        assert self._slow is not None
        slow = self._slow()
        return _Bench(lambda: slow, slow.facts.parallel)

    def _named(self, trial: Trial, key: bytes, occasion: str) -> Trial:
        """The same trial under references that are no other's in this run, and the same ones in every run with this
        seed, whichever worker has come to run it.
        """
        return with_references(trial, f"{seed_of(self._seed, key, occasion) & 0xFFFFFF:06x}")

    def _submit(self, bench: _Bench, trial: Trial) -> Future[Evidence]:
        if bench.pool and not self.out_of_budget:
            return bench.pool.submit(self._run, bench, trial)
        future: Future[Evidence] = Future()
        try:
            future.set_result(self._run(bench, trial))
        except BaseException as error:  # noqa: BLE001  it reaches everybody who asks for the result
            future.set_exception(error)
        return future

    def _run(self, bench: _Bench, trial: Trial) -> Evidence:
        if self.out_of_budget:
            raise OutOfBudget
        with self._lock:
            self.trials += 1
        began = time.monotonic()
        evidence = bench.rig.run(trial)
        with self._lock:
            # Beside it a client that cannot even be imported comes to an end too, as a process that crashed.
            self.finished += bench is self._benches[""]
            self.simulated += evidence.clock.simulated
            bench.finished += 1
            bench.seconds += time.monotonic() - began
        return evidence

    def _result(self, future: Future[Evidence]) -> Evidence:
        evidence = self._awaited(future)
        # Not when it was run: which of those are run that nobody comes to need is chance.
        if self._witness and future not in self._shown:
            self._shown.add(future)
            self._witness(evidence)
        return evidence

    def _awaited(self, future: Future[Evidence]) -> Evidence:
        if self._deadline is None:
            return future.result()
        try:
            return future.result(max(0.0, self._deadline - time.monotonic()))
        except NotInTime:
            raise OutOfBudget from None

    def _confirm_soon(self, trial: Trial, future: Future[Evidence], doubt: Doubt | None) -> None:
        if doubt is not None and self._slow is not None:
            future.add_done_callback(partial(self._look_ahead, trial, doubt))

    def _look_ahead(self, trial: Trial, doubt: Doubt, done: Future[Evidence]) -> None:
        if done.cancelled() or done.exception() is not None or self._benches[""].stopped:
            return
        asked = doubt(trial, done.result())
        if asked is not None and asked.seconds <= LONGEST_DOUBT:
            self._shared("real", asked.trial)


class _Bench:
    """A rig with what was run on it. `seconds`: on the wall, of all its trials."""

    def __init__(self, make: Callable[[], Rig], parallel: int) -> None:
        self._make = make
        self._rig: Rig | None = None
        self._making = threading.Lock()
        self.lock = threading.RLock()
        self.shared: dict[tuple[bytes, int], Future[Evidence]] = {}
        self.finished = 0
        self.seconds = 0.0
        self.stopped = False
        self.pool = ThreadPoolExecutor(parallel, "golive-trial") if parallel > 1 else None

    @property
    def rig(self) -> Rig:
        """Made by whoever is the first to need it. Raises RigError."""
        with self._making:
            if self._rig is None:
                self._rig = self._make()
                if self.stopped:
                    self._rig.stop()
            return self._rig

    @property
    def secrets(self) -> list[str]:
        return [] if self._rig is None else self._rig.secrets

    def stop(self) -> None:
        self.stopped = True
        if self.pool:
            self.pool.shutdown(wait=False, cancel_futures=True)
        if self._rig is not None:
            self._rig.stop()

    def close(self) -> None:
        if self.pool:
            self.pool.shutdown(wait=True)
        if self._rig is not None:
            self._rig.close()


def _asked_wait(order: PlannedOrder) -> float:
    """Seconds that the client is asked to wait at a time."""
    asked = (fault.asked_wait for fault in order.schedule if isinstance(fault, RateLimit))
    return max((wait for wait in asked if wait is not None), default=0.0)


def _length(order: PlannedOrder, once: bool) -> float:
    """Faults that the order meets. Where they never end, one call at least does, or is ended."""
    if order.endless and not once:
        return math.inf
    return sum(fault.times if isinstance(fault, InProgress) else 1 for fault in order.schedule)

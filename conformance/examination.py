"""Putting one check to a client: its floor first, then generated trials, then the smallest counterexample.

What lives here: the order in which trials are spent, and how remarks add up to a result.
What must never be known here: any check in particular, how trials are run, how results are shown.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from conformance.check import Check, Doubtful, Remark
from conformance.confirmation import decisive
from conformance.contract import Contract
from conformance.evidence import Evidence, Trial, trials
from conformance.finding import Cell, CheckResult, Finding, Status, Violation
from conformance.generation import drawn, generate
from conformance.laboratory import LONGEST_DOUBT, Laboratory, OutOfBudget
from conformance.planning import smaller
from conformance.planning import trial as trial_of
from conformance.premises import Premises
from conformance.profile import Profile
from conformance.remarks import remarks_on
from conformance.rigs import RigError
from conformance.tally import Tally, conclusion

REPETITIONS = 3
"""times that a counterexample is run again, to say how reliably it comes back"""
PERSISTENCE = 9
"""times that the real clock is asked for a violation that it has not shown yet"""
SILENCE = (
    "Nothing at all can be said of a client that never reaches the sandbox, so nothing passes.",
    "Have the client send its requests to the base URL that it is given, in context.base_url or through "
    "{base_url} in client.env, and look at what it says in the sequence above.",
)
"""impact and remedy for a client that sends nothing"""
SUDDEN_END = (
    SILENCE[0],
    "Start the client by hand, as golive does, and mend why it ends: what it said is in the sequence above.",
)
"""the same for one that ends instead"""
GENERATED, SHRINKING = "generated schedules", "shrinking"
MOST_STEPS = 40
"""trials spent at the most on making a counterexample of the floor smaller"""


@dataclass(frozen=True, slots=True)
class Settings:
    """`examples`: generated trials for each property-based check. `seed`: of the whole run. `others`: trials of floors
    that have to be run in all, before which no time of a budget is spent on generated ones.
    """

    examples: int
    seed: int
    others: int = 0


class _Found(Exception):
    """A violation, on its way out of the search."""

    def __init__(self, violation: Violation, trial: Trial, evidence: Evidence) -> None:
        super().__init__(violation.rule)
        self.violation = violation
        self.trial = trial
        self.evidence = evidence


def examine(
    check: Check,
    laboratory: Laboratory | None,
    profile: Profile,
    contract: Contract,
    settings: Settings,
    premises: Premises | None = None,
) -> CheckResult:
    """The result of one check. `laboratory` may be None for a check that needs no client, and `premises` for any but
    an inspection.

    Raises RigError when the client cannot be examined at all; every other failure of ours becomes `error`.
    """
    began = time.perf_counter()
    tally = Tally()
    finding: Finding | None = None
    status: Status = "error"
    reason: str | None = None
    try:
        if check.declaration is not None:
            wanted = ["the profile"]
            finding = _looked_at(check, check.declaration(profile, contract), wanted[0], tally)
        elif check.inspection is not None:
            assert premises is not None
            wanted = list(check.aspects)
            finding = _looked_at(check, check.inspection(premises), wanted[0], tally)
        else:
            assert laboratory is not None
            examiner = _Examiner(check, laboratory, profile, contract, settings, tally)
            finding = examiner.search()
            wanted = examiner.aspects
        status, reason = ("failed", None) if finding else conclusion(tally, wanted)
    except RigError:
        raise
    except Exception:  # noqa: BLE001  the harness fails closed: whatever broke is shown, and nothing passes
        reason = traceback.format_exc()
    return CheckResult(
        check.id,
        status,
        "declared" if check.declaration else "observed",
        tally.trials,
        tally.simulated,
        time.perf_counter() - began,
        "; ".join(tally.notes) or None,
        reason,
        tuple(tally.caller_must),
        finding,
        tuple(tally.matrix.values()),
    )


def _looked_at(check: Check, remarks: Iterable[Remark], aspect: str, tally: Tally) -> Finding | None:
    """What a check found that examines no trial."""
    violations = tally.add(remarks, aspect)
    if not violations:
        return None
    return Finding(violations[0], None, check.impact, check.remedy, others=tuple(violations[1:]))


class _Examiner:
    def __init__(
        self,
        check: Check,
        laboratory: Laboratory,
        profile: Profile,
        contract: Contract,
        settings: Settings,
        tally: Tally,
    ) -> None:
        assert check.floor is not None
        self.check = check
        self.laboratory = laboratory
        self.profile = profile
        self.contract = contract
        self.settings = settings
        self.tally = tally
        self.floor = check.floor(contract)
        self.aspects = list(self.floor)
        self.resumes = profile.client.resumes if profile.client else True
        self.disturbed: dict[str, str] = {}
        """by aspect: why a trial of it could not be judged"""

    def search(self) -> Finding | None:
        """The smallest counterexample that the floor or the generator leads to; None when all trials hold."""
        plain = trial_of(self.contract, ())
        try:
            evidence = self._undisturbed(plain)
            if _is_hopeless(evidence):
                return self._without_hope(plain, evidence)
            return self._through_floor() or self._through_examples()
        except OutOfBudget:
            self._cut(self.aspects)
            return None
        finally:
            self._leave_out_disturbed()

    def _leave_out_disturbed(self) -> None:
        """An aspect some trials of which could not be judged is not tested, whatever the others showed."""
        for aspect, reason in self.disturbed.items():
            if aspect in self.aspects:
                self.tally.observed[aspect] = 0
                self.tally.not_applicable.pop(aspect, None)
                self.tally.unmet[aspect] = reason
            elif aspect == GENERATED:
                self.tally.notes[f"some generated trials could not be judged: {reason}"] = None

    def _undisturbed(self, plain: Trial) -> Evidence:
        evidence = self.laboratory.evidence(plain)
        hopeless = _is_hopeless(evidence)
        return self.laboratory.in_real_time(plain)[0] if hopeless and _is_hurried(evidence) else evidence

    def _without_hope(self, plain: Trial, evidence: Evidence) -> Finding | None:
        """A client that cannot even place an undisturbed order is not worth more trials: this one decides."""
        found = self._judged(plain, evidence, "an undisturbed order")
        for aspect in self.aspects:
            self.tally.observed[aspect] = 0
            self.tally.unmet[aspect] = (
                evidence.disturbed or f"an undisturbed order already failed ({evidence.stopped})"
            )
        if found is None:
            return None
        if evidence.exchanges:
            return Finding(found.violation, evidence, self.check.impact, self.check.remedy)
        crashed = all(call.ending == "crashed" for call in evidence.calls)
        return Finding(found.violation, evidence, *(SUDDEN_END if crashed else SILENCE))

    def _through_floor(self) -> Finding | None:
        for number, aspect in enumerate(self.floor):
            for trial in self._trials_of(aspect):
                if not self.resumes and any(len(order.schedule) > 1 for order in trial.orders):
                    self.tally.unmet.setdefault(aspect, "needs a client that goes on when it is asked again")
                    continue
                if obstacle := self.laboratory.obstacle(trial):
                    self.tally.unmet.setdefault(aspect, obstacle)
                    continue
                if not self.laboratory.bears(trial):
                    self.tally.notes["trials of long schedules were left out on the real clock"] = None
                    continue
                try:
                    found = self._try(trial, self.laboratory.evidence(trial), aspect)
                    finding = self._smallest(found, aspect) if found else None
                except OutOfBudget:
                    self._cut(self.aspects[number:])
                    return None
                if finding:
                    self._fill_matrix(self.aspects[number:])
                    return finding
        return None

    def _fill_matrix(self, aspects: Sequence[str]) -> None:
        """What the report shows of a failed check too: the trials that are left are looked at for that alone."""
        if not self.tally.matrix:
            return
        left = [(aspect, trial) for aspect in aspects for trial in self.floor[aspect]]
        try:
            for aspect, trial in left:
                if is_possible(trial, self.laboratory, self.resumes):
                    remarks = self._remarks(self.laboratory.evidence(trial))
                    self.tally.add([remark for remark in remarks if isinstance(remark, Cell)], aspect)
        except OutOfBudget:
            self.tally.notes["the matrix was cut by --budget"] = None

    def _trials_of(self, aspect: str) -> Iterator[Trial]:
        """Those of the floor, and larger ones for as long as they have decided nothing."""
        yield from self.floor[aspect]
        further = self.check.further(self.contract) if self.check.further else {}
        for trial in further.get(aspect, ()):
            if not self.tally.observed[aspect] and aspect not in self.tally.not_applicable:
                yield trial

    def _cut(self, aspects: Sequence[str]) -> None:
        """The time was up before these had been looked at, or looked at to the end."""
        self.tally.notes[f"cut by --budget: {', '.join(aspects)}"] = None
        for aspect in aspects:
            self.tally.observed[aspect] = 0
            self.tally.not_applicable.pop(aspect, None)
            self.tally.unmet[aspect] = "the time given by --budget was up"

    def _through_examples(self) -> Finding | None:
        if self.check.generated is None or self.settings.examples == 0:
            return None
        if not self.laboratory.affords(self.settings.others):
            self.tally.notes[f"cut by --budget: all {self.settings.examples} generated trials"] = None
            return None
        try:
            found = self._first_of_examples()
            return self._finding(found, GENERATED) if found else None
        except OutOfBudget:
            self.tally.notes["cut by --budget: generated trials"] = None
            return None

    def _first_of_examples(self) -> _Found | None:
        """The smallest violation of the generated trials. Where trials can go side by side they are all drawn before
        the first is looked at; only when one of them fails, Hypothesis looks for a smaller one.
        """
        if not self.laboratory.side_by_side:
            return self._shrunk({})
        settings = self.settings
        begun = [
            (trial, self.laboratory.begin(trial, self.check.id))
            for trial in drawn(self.check, self.contract, settings.examples, settings.seed)
            if is_possible(trial, self.laboratory, self.resumes)
        ]
        seen = {trials.dump_json(trial): self.laboratory.result(future) for trial, future in begun}
        for trial, _ in begun:
            if self._try(trial, seen[trials.dump_json(trial)], GENERATED):
                return self._shrunk(seen)
        return None

    def _shrunk(self, seen: Mapping[bytes, Evidence]) -> _Found | None:
        smallest: list[_Found] = []

        def holds(trial: Trial) -> None:
            if not is_possible(trial, self.laboratory, self.resumes):
                return
            known = seen.get(trials.dump_json(trial))
            found = self._try(trial, known or self.laboratory.repeat(trial, self.check.id), GENERATED)
            if found and (not smallest or found.violation.rule == smallest[0].violation.rule):
                if not smallest or _size(found.trial) <= _size(smallest[-1].trial):
                    smallest.append(found)
                raise found

        try:
            generate(
                self.check,
                self.contract,
                self.settings.examples,
                self.settings.seed,
                holds,
                shrink=True,
            )
        except Exception:  # Hypothesis wraps flaky failures in groups; what was seen is kept above
            if not smallest:
                raise
        return smallest[-1] if smallest else None

    def _try(self, trial: Trial, evidence: Evidence, aspect: str) -> _Found | None:
        """A violation in the evidence; where it leaves a doubt, in what the real clock says instead."""
        remarks = self._remarks(evidence)
        if asked := decisive(trial, evidence, remarks):
            slower = self.laboratory.dispel(asked)
            if slower:
                certain = [remark for remark in remarks if not isinstance(remark, Doubtful)]
                found = self._counted(trial, evidence, certain, aspect)
                return found or self._judged(asked.trial, slower, aspect)
            self.tally.notes[f"not confirmed, since it takes too long on the real clock: {aspect}"] = None
        return self._counted(trial, evidence, remarks, aspect)

    def _judged(self, trial: Trial, evidence: Evidence, aspect: str) -> _Found | None:
        return self._counted(trial, evidence, self._remarks(evidence), aspect)

    def _remarks(self, evidence: Evidence) -> tuple[Remark, ...]:
        return tuple(remarks_on(self.check, evidence, self.contract, self.profile))

    def _counted(
        self, trial: Trial, evidence: Evidence, remarks: Sequence[Remark], aspect: str
    ) -> _Found | None:
        self.tally.trials += 1
        self.tally.simulated += evidence.clock.simulated
        violations = self.tally.add(remarks, aspect)
        if evidence.disturbed is not None:
            self.disturbed.setdefault(aspect, evidence.disturbed)
        return _Found(violations[0], trial, evidence) if violations else None

    def _smaller(self, found: _Found) -> _Found:
        """The same violation with less going wrong, if there is such a trial."""
        most = MOST_STEPS if self.laboratory.rig.facts.longest is None else REPETITIONS
        candidates = tuple(islice(smaller(found.trial), most))
        self.laboratory.prepare(candidates)
        for trial in candidates:
            lesser = self._try(trial, self.laboratory.evidence(trial), SHRINKING)
            if lesser and lesser.violation.rule == found.violation.rule:
                return self._smaller(lesser)
        return found

    def _smallest(self, found: _Found, aspect: str) -> Finding | None:
        smallest = self._smaller(found)
        finding = self._finding(smallest, SHRINKING if smallest is not found else aspect)
        if finding or smallest is found:
            return finding
        return self._finding(found, aspect)  # what is left in the smaller one may be the clock's doing alone

    def _finding(self, found: _Found, aspect: str) -> Finding | None:
        """The finding, with how often it came back. None if the real clock does not know of it."""
        if self.laboratory.has_second_opinion and found.evidence.clock.kind != "virtual":
            return self._confirmed(found, aspect)
        times = 0
        begun = [self.laboratory.begin(found.trial, self.check.id) for _ in range(REPETITIONS)]
        for future in begun:
            same = self._judged(found.trial, self.laboratory.result(future), "repetition")
            times += same is not None and same.violation.rule == found.violation.rule
        return self._told(found, REPETITIONS, times)

    def _confirmed(self, found: _Found, aspect: str) -> Finding | None:
        """What the real clock says of a violation: something that a client does now and then is given more chances.
        Where the trial takes it too long, and no machine can have made the violation up, it is not asked.
        """
        if found.violation.on_any_clock and found.evidence.clock.simulated > LONGEST_DOUBT:
            return self._told(found, 0, 0)
        seen: list[_Found | None] = []
        for times in (REPETITIONS, PERSISTENCE):
            slower = self.laboratory.in_real_time(found.trial, times)
            seen += [self._judged(found.trial, evidence, aspect) for evidence in slower[len(seen) :]]
            if real := [each for each in seen if each is not None]:
                same = [each for each in real if each.violation.rule == real[0].violation.rule]
                return self._told(real[0], len(seen), len(same))
            if found.violation.on_any_clock:
                return self._told(found, len(seen), 0)
        self.tally.notes[
            "a violation on the accelerated clock did not come back on the real one, which decides"
        ] = None
        return None

    def _told(self, found: _Found, repetitions: int, again: int) -> Finding:
        return Finding(
            found.violation, found.evidence, self.check.impact, self.check.remedy, repetitions, again
        )


def _is_hurried(evidence: Evidence) -> bool:
    return evidence.clock.kind == "accelerated"


def _is_hopeless(evidence: Evidence) -> bool:
    return not evidence.exchanges or evidence.stopped is not None or evidence.disturbed is not None


def is_possible(trial: Trial, laboratory: Laboratory, resumes: bool) -> bool:
    """Can this trial be run with a client that resumes, or does not, on the clock that there is?"""
    return laboratory.bears(trial) and (resumes or all(len(order.schedule) <= 1 for order in trial.orders))


def _size(trial: Trial) -> tuple[int, int]:
    return len(trial.orders), sum(len(order.schedule) for order in trial.orders)

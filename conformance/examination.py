"""Putting one check to a client: its floor first, then generated trials, then the smallest counterexample.

What lives here: the order in which trials are spent, and how remarks add up to a result.
What must never be known here: any check in particular, how trials are run, how results are shown.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from conformance.check import Check, NotApplicable, Note, Observed, Remark, Unmet
from conformance.contract import Contract
from conformance.evidence import Evidence, Trial
from conformance.finding import CheckResult, Finding, Status, Violation
from conformance.judge.case import Case
from conformance.laboratory import Laboratory
from conformance.planning import seed_of, smaller
from conformance.planning import trial as trial_of
from conformance.profile import Profile
from conformance.rigs import RigError

REPETITIONS = 3
"""times that a counterexample is run again, to say how reliably it comes back"""
SILENCE = (
    "Nothing at all can be said of a client that never reaches the sandbox, so nothing passes.",
    "Have the client send its requests to the base URL that it is given, in context.base_url or through "
    "{base_url} in client.env, and look at what it says in the sequence above.",
)
"""impact and remedy for a client that sends nothing"""
MOST_STEPS = 40
"""trials spent at the most on making a counterexample of the floor smaller"""


@dataclass(frozen=True, slots=True)
class Settings:
    """`examples`: generated trials for each property-based check. `seed`: of the whole run."""

    examples: int
    seed: int


@dataclass(slots=True)
class _Tally:
    """What was remarked, aspect by aspect."""

    trials: int = 0
    simulated: float = 0.0
    observed: Counter[str] = field(default_factory=Counter)
    unmet: dict[str, str] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)
    caller_must: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, remarks: Iterable[Remark], aspect: str) -> list[Violation]:
        violations = []
        for remark in remarks:
            match remark:
                case Violation():
                    violations.append(remark)
                case Observed():
                    self.observed[remark.aspect or aspect] += 1
                case Unmet():
                    self.unmet.setdefault(aspect, remark.reason)
                case NotApplicable():
                    self.not_applicable.setdefault(aspect, remark.reason)
                    if remark.caller_must:
                        self.caller_must[remark.caller_must] = None
                case Note():
                    self.notes[remark.text] = None
        return violations


class _Found(Exception):
    """A violation, on its way out of the search."""

    def __init__(self, violation: Violation, trial: Trial, evidence: Evidence) -> None:
        super().__init__(violation.rule)
        self.violation = violation
        self.trial = trial
        self.evidence = evidence


def examine(
    check: Check, laboratory: Laboratory | None, profile: Profile, contract: Contract, settings: Settings
) -> CheckResult:
    """The result of one check. `laboratory` may be None for a check that needs no client.

    Raises RigError when the client cannot be examined at all; every other failure of ours becomes `error`.
    """
    began = time.perf_counter()
    tally = _Tally()
    finding: Finding | None = None
    status: Status = "error"
    reason: str | None = None
    try:
        if check.declaration is not None:
            violations = tally.add(check.declaration(profile, contract), "the profile")
            if violations:
                finding = Finding(
                    violations[0], None, check.impact, check.remedy, others=tuple(violations[1:])
                )
            wanted = ["the profile"]
        else:
            assert laboratory is not None
            examiner = _Examiner(check, laboratory, profile, contract, settings, tally)
            finding = examiner.search()
            wanted = examiner.aspects
        status, reason = ("failed", None) if finding else _conclusion(tally, wanted)
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
    )


def _conclusion(tally: _Tally, wanted: list[str]) -> tuple[Status, str | None]:
    """Without a violation: every aspect was observed, or does not concern this run, or was not tested."""
    missing = [
        aspect for aspect in wanted if not tally.observed[aspect] and aspect not in tally.not_applicable
    ]
    if missing:
        why: dict[str, list[str]] = {}
        for aspect in missing:
            why.setdefault(tally.unmet.get(aspect, "nothing to observe"), []).append(aspect)
        if len(why) == 1 and missing == wanted:
            return "skipped", f"not observed: {next(iter(why))}"
        return "skipped", "not observed: " + "; ".join(
            f"{', '.join(aspects)}: {reason}" for reason, aspects in why.items()
        )
    if not any(tally.observed[aspect] for aspect in wanted):
        return "not-applicable", "; ".join(dict.fromkeys(tally.not_applicable.values()))
    return "passed", None


class _Examiner:
    def __init__(
        self,
        check: Check,
        laboratory: Laboratory,
        profile: Profile,
        contract: Contract,
        settings: Settings,
        tally: _Tally,
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

    def search(self) -> Finding | None:
        """The smallest counterexample that the floor or the generator leads to; None when all trials hold."""
        plain = trial_of(self.contract, ())
        evidence = self.laboratory.evidence(plain)
        if not evidence.exchanges or evidence.stopped:
            return self._without_hope(plain, evidence)
        found = self._through_floor() or self._through_examples()
        return self._finding(found) if found else None

    def _without_hope(self, plain: Trial, evidence: Evidence) -> Finding | None:
        """A client that cannot even place an undisturbed order is not worth more trials: this one decides."""
        found = self._try(plain, evidence, "an undisturbed order")
        for aspect in self.aspects:
            self.tally.observed[aspect] = 0
            self.tally.unmet[aspect] = f"an undisturbed order already failed ({evidence.stopped})"
        if found is None:
            return None
        if evidence.exchanges:
            return Finding(found.violation, evidence, self.check.impact, self.check.remedy)
        return Finding(found.violation, evidence, *SILENCE)

    def _through_floor(self) -> _Found | None:
        for aspect, trials in self.floor.items():
            for trial in trials:
                if not self.resumes and any(len(order.schedule) > 1 for order in trial.orders):
                    self.tally.unmet.setdefault(aspect, "needs a client that goes on when it is asked again")
                    continue
                if not self.laboratory.bears(trial):
                    self.tally.notes["trials of long schedules were left out on the real clock"] = None
                    continue
                found = self._try(trial, self.laboratory.evidence(trial), aspect)
                if found:
                    return self._smaller(found)
        return None

    def _through_examples(self) -> _Found | None:
        if self.check.generated is None or self.settings.examples == 0:
            return None
        from hypothesis import HealthCheck, Phase, given, seed
        from hypothesis import settings as configured

        smallest: list[_Found] = []

        @seed(seed_of(self.settings.seed, self.check.id))
        @configured(
            max_examples=self.settings.examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(self.check.generated(self.contract))
        def holds(trial: Trial) -> None:
            if not self.resumes and any(len(order.schedule) > 1 for order in trial.orders):
                return
            if not self.laboratory.bears(trial):
                return
            found = self._try(trial, self.laboratory.repeat(trial), "generated schedules")
            if found and (not smallest or found.violation.rule == smallest[0].violation.rule):
                if not smallest or _size(found.trial) <= _size(smallest[-1].trial):
                    smallest.append(found)
                raise found

        try:
            holds()
        except Exception:  # Hypothesis wraps flaky failures in groups; what was seen is kept above
            if not smallest:
                raise
        return smallest[-1] if smallest else None

    def _try(self, trial: Trial, evidence: Evidence, aspect: str) -> _Found | None:
        self.tally.trials += 1
        self.tally.simulated += evidence.clock.simulated
        violations = self.tally.add(remarks_on(self.check, evidence, self.contract, self.profile), aspect)
        return _Found(violations[0], trial, evidence) if violations else None

    def _smaller(self, found: _Found) -> _Found:
        """The same violation with less going wrong, if there is such a trial."""
        most = MOST_STEPS if self.laboratory.rig.facts.parallel == 1 else REPETITIONS
        for trial in islice(smaller(found.trial), most):
            lesser = self._try(trial, self.laboratory.evidence(trial), "shrinking")
            if lesser and lesser.violation.rule == found.violation.rule:
                return self._smaller(lesser)
        return found

    def _finding(self, found: _Found) -> Finding:
        again = 0
        for _ in range(REPETITIONS):
            same = self._try(found.trial, self.laboratory.repeat(found.trial), "repetition")
            again += same is not None and same.violation.rule == found.violation.rule
        return Finding(
            found.violation,
            found.evidence,
            self.check.impact,
            self.check.remedy,
            REPETITIONS,
            again,
        )


def remarks_on(check: Check, evidence: Evidence, contract: Contract, profile: Profile) -> Iterator[Remark]:
    """What the check's judge has to say, and what holds for every check: silence fails, haste proves nothing."""
    assert check.judge is not None
    if not evidence.exchanges:
        yield _silence(evidence)
        return
    resumes = profile.client.resumes if profile.client else True
    case = Case(evidence, contract, profile.api_version, resumes)
    if not case.attempts:
        yield Unmet(_no_order(evidence))
    for remark in check.judge(case):
        if evidence.stopped and not isinstance(remark, Violation):
            yield Unmet(f"the trial was cut short: {evidence.stopped}")
        else:
            yield remark


def _no_order(evidence: Evidence) -> str:
    """What the client sent instead of an order."""
    sent = evidence.exchanges[0]
    answered = " ".join(str(part) for part in (sent.status, sent.error_type) if part) or "not at all"
    return (
        f"the client sent no request to create an order; it sent {sent.method} {sent.target}, which was answered "
        f"{answered}"
    )


def _silence(evidence: Evidence) -> Violation:
    """The client sent nothing at all: it cannot pass anything, wherever its requests went."""
    said = next((call.detail.strip() for call in evidence.calls if call.detail.strip()), "")
    last = f"; the client said: {said.splitlines()[0][:200]}" if said else ""
    if evidence.escapes:
        went = ", ".join(evidence.escapes[:3])
        return Violation(
            "ignored the base URL",
            f"the client sent no request to the sandbox; it tried to reach {went}, and was kept from it{last}",
        )
    return Violation("no request", f"the client sent no request to the sandbox{last}")


def _size(trial: Trial) -> tuple[int, int]:
    return len(trial.orders), sum(len(order.schedule) for order in trial.orders)

"""One run of the suite: what is asked for, the checks that follow from it, and the report in the end.

What lives here: how profile, contract, catalogue and rig come together.
What must never be known here: pytest, the command line, any check in particular.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import __version__, catalogue
from conformance.check import Check
from conformance.confirmation import Decisive, decisive
from conformance.contracts import contract_digest, load_contract
from conformance.evidence import Evidence, Trial, trials
from conformance.examination import Settings, examine, is_possible
from conformance.finding import CheckResult, results
from conformance.generation import drawn
from conformance.keys import Keyring, KeyUnavailable
from conformance.laboratory import Beside, Laboratory
from conformance.measurement import Measurements
from conformance.mistakes import Mistakes
from conformance.options import ClockChoice, Options
from conformance.planning import seed_of
from conformance.premises import Premises
from conformance.production import read_endpoint, refusals
from conformance.profile import Client, load_profile
from conformance.remarks import remarks_on
from conformance.rigs import Rig, RigError
from conformance.sharding import part_of

if TYPE_CHECKING:
    from conformance.reporting.readiness import Fidelity, Readiness
    from conformance.sandbox.upstream import Upstream

EXAMPLES = {"virtual": 20, "accelerated": 3, "real": 0}
"""generated trials of each property-based check where nothing else is asked for. They come beside the explicit
floor; on the real clock, where each one takes as long as the client waits, the floor has to do.
"""
BESIDE = 2
"""trials with processes of their own that go on beside those of a Python client's host, which needs a core itself"""


class Suite:
    """Reads profile and contract at once; starts the client only when the first check needs it.

    Raises Mistakes for anything that is wrong with profile, contract or selection, and for what leads to production
    unless somebody said that it is meant.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        known = catalogue.checks()
        self.profile = load_profile(
            options.profile, account_only=options.account_only, checks=[check.id for check in known]
        )
        self.contract = load_contract(self.profile.contract, folder=self.profile.folder)
        self.catalogue = tuple(check.under(self.contract) for check in known)
        self.keys = Keyring(self.profile.account.keys, self.contract, self.profile.folder)
        self._guard()
        self.contract_digest = contract_digest(self.profile.contract, folder=self.profile.folder)
        try:
            possible = [
                check for check in self.catalogue if not (options.account_only and check.needs_client)
            ]
            self.selected = catalogue.selected(possible, options.select, options.skip)
        except ValueError as error:
            raise Mistakes([str(error)]) from None
        if options.shard is not None:
            self.selected = part_of(self.selected, self.contract, options.shard, options.examples)
        self.clock = _clock(self.profile.client, options.clock, options.proxy)
        self.clock_note: str | None = None
        """why the client is on another clock than the fastest, once that is known"""
        self.began = time.perf_counter()
        self._deadline = None if options.budget is None else time.monotonic() + options.budget
        self.confinements: list[tuple[bool, str]] = []
        """of every rig that was used, in whatever process: was its client confined, and how or why not?"""
        self.measurements = Measurements(self.contract)
        self._laboratory: Laboratory | None = None
        self._upstream: Upstream | None = None

    def _guard(self) -> None:
        """Nothing is sent to production, and no key of production anywhere, unless somebody said that it is meant."""
        options = self.options
        for option, url in (("--api", options.api), ("--proxy", options.proxy)):
            if url is not None:
                read_endpoint(option, url, self.contract)
        if options.production:
            return
        client = self.profile.client if not options.account_only else None
        addresses = {"--api": options.api, "--proxy": options.proxy}
        if client is not None:
            texts = {f"client.env.{name}": value for name, value in client.env.items()}
            addresses |= texts | {"client.url": client.url} | {"client.command": " ".join(client.command)}
        key = None
        if options.endpoint:
            try:
                key = self.premises().key().reveal()
            except KeyUnavailable:
                key = None  # said by the checks that need it
        wrong = refusals({place: text for place, text in addresses.items() if text}, key, self.contract)
        if wrong:
            raise Mistakes(wrong)

    def premises(self) -> Premises:
        """What there is to examine without a client."""
        options = self.options
        return Premises(
            self.profile,
            self.contract,
            self.keys,
            endpoint=options.endpoint,
            behind_proxy=options.proxy is not None,
            production=options.production,
            dry_run=options.dry_run,
            examples=EXAMPLES["virtual"] if options.examples is None else options.examples,
            seed=options.seed,
        )

    @property
    def trials(self) -> int:
        return self._laboratory.trials if self._laboratory else 0

    @property
    def proven(self) -> bool:
        """Has the client been examined at least once?"""
        return self._laboratory is not None and self._laboratory.finished > 0

    @property
    def settings(self) -> Settings:
        wanted = self.options.examples
        return Settings(
            EXAMPLES[self.clock] if wanted is None else wanted,
            self.options.seed,
            others=len(self._planned(self.selected)) if self.options.budget is not None else 0,
        )

    def laboratory(self) -> Laboratory:
        """Where trials are run. Starts the client: raises RigError if that cannot be done."""
        if self._laboratory is None:
            rig, slow = self._rigs()
            self.confinements.append((rig.facts.confined, rig.facts.confinement))
            self._laboratory = Laboratory(
                rig,
                seed=self.options.seed,
                slow=slow,
                deadline=self._deadline,
                beside=self._beside(),
                witness=self._measure,
            )
        return self._laboratory

    def _measure(self, evidence: Evidence) -> None:
        # What another clock is asked for beside the run's own is asked for now and then.
        if evidence.clock.kind == self.clock:
            self.measurements.add(evidence)

    def prepare(self, checks: Sequence[Check]) -> None:
        """Tells what is coming, so that trials which wait can wait side by side. Starts the client if any of the
        checks needs it: raises RigError if that cannot be done.
        """
        planned = self._planned(checks)
        if planned:

            def doubt(trial: Trial, evidence: Evidence) -> Decisive | None:
                return self._doubt(planned[trials.dump_json(trial)][1], trial, evidence)

            ordered = sorted(planned.values(), key=lambda each: not any(check.timed for check in each[1]))
            with self._errors_without_keys():
                laboratory = self.laboratory()
            laboratory.prepare((trial for trial, _ in ordered), doubt)
            if self._deadline is None:
                for check in checks:
                    examples = self._possible_examples(check, laboratory)
                    laboratory.foresee(examples, check.id, partial(self._doubt, (check,)))

    def _doubt(self, checks: Iterable[Check], trial: Trial, evidence: Evidence) -> Decisive | None:
        remarks = (
            remark for check in checks for remark in remarks_on(check, evidence, self.contract, self.profile)
        )
        return decisive(trial, evidence, remarks)

    def _possible_examples(self, check: Check, laboratory: Laboratory) -> Iterator[Trial]:
        resumes = self.profile.client is None or self.profile.client.resumes
        settings = self.settings
        for trial in drawn(check, self.contract, settings.examples, settings.seed):
            if is_possible(trial, laboratory, resumes):
                yield trial

    def _planned(self, checks: Iterable[Check]) -> dict[bytes, tuple[Trial, list[Check]]]:
        """Every different trial of these checks' floors, and the checks that ask for it."""
        planned: dict[bytes, tuple[Trial, list[Check]]] = {}
        for check in checks:
            if self.options.proxy is not None and check.only_simulated:
                continue
            floor = check.floor(self.contract) if check.floor else {}
            for trial in (trial for aspect in floor.values() for trial in aspect):
                planned.setdefault(trials.dump_json(trial), (trial, []))[1].append(check)
        return planned

    def examine(self, check: Check) -> CheckResult:
        if self.options.proxy is not None and check.only_simulated:
            return CheckResult(check.id, "skipped", reason=f"behind a proxy: {check.only_simulated}")
        with self._errors_without_keys():
            laboratory = self.laboratory() if check.needs_client else None
            result = examine(check, laboratory, self.profile, self.contract, self.settings, self.premises())
        return self._without_keys(result)

    def _without_keys(self, result: CheckResult) -> CheckResult:
        """The result as anybody may see it. A client has canaries alone, but may have found a real key elsewhere."""
        text = results.dump_json(result).decode()
        if self.keys.redacted(text) == text:
            return result
        return results.validate_json(json.dumps(self.keys.without_keys(json.loads(text))))

    @contextmanager
    def _errors_without_keys(self) -> Iterator[None]:
        try:
            yield
        except RigError as error:
            raise RigError(self.keys.redacted(str(error))) from None

    def waived(self, check_id: str) -> str | None:
        """Why a failure of this check is accepted today, and by whom; None if it is not."""
        today = datetime.now(UTC).date()
        for waiver in self.profile.waivers:
            if waiver.check == check_id and waiver.expires >= today:
                return f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
        return None

    def secrets(self) -> list[str]:
        """The secret parts of every canary of this process. Real keys are not among them: `keys` has those."""
        return self._laboratory.secrets if self._laboratory else []

    def close(self) -> None:
        if self._upstream:  # nobody is to wait for what it has not answered yet
            self._upstream.close()
        if self._laboratory:
            self._laboratory.close()
            self._laboratory = None

    def _confinement(self) -> tuple[bool, str | None]:
        if not self.confinements:
            return False, "no client was started"
        why = next((reason for confined, reason in self.confinements if not confined), None)
        return why is None, why

    def _rigs(self) -> tuple[Rig, Callable[[], Rig] | None]:
        """The rig for this client, and how to make a slower one that decides where the first leaves a doubt."""
        client = self.profile.client
        assert client is not None
        seed = seed_of(self.options.seed, "canaries")
        if self.options.proxy is not None:
            return self._in_front_of(self.options.proxy, seed), None
        if client.driver == "python":
            from conformance.rigs.hosted import HostedRig

            hosted = HostedRig(self.profile, self.contract, clock=self.clock, seed=seed, folder=Path.cwd())
            return hosted, self._slowly if self.clock == "virtual" else None
        from conformance.rigs.direct import DirectRig
        from conformance.rigs.probing import choose_rig

        wish = self.options.clock
        assert wish != "virtual"
        chosen = choose_rig(self.profile, self.contract, wish=wish, seed=seed, port=self.options.port or 0)
        self.clock = chosen.clock
        self.clock_note = chosen.note and self.keys.redacted(chosen.note)
        if chosen.clock == "real":
            return chosen.rig, None
        another = seed_of(self.options.seed, "canaries on the real clock")
        parallel = 2 * chosen.rig.facts.parallel

        def slower() -> Rig:
            rig = DirectRig(self.profile, self.contract, seed=another)
            rig.narrow(parallel)
            return rig

        return chosen.rig, slower

    def _in_front_of(self, endpoint: str, seed: int) -> Rig:
        """A rig whose sandboxes stand in front of a real endpoint. Its time is nobody's to change."""
        from conformance.rigs.direct import DirectRig
        from conformance.rigs.mortal import as_worker
        from conformance.sandbox.upstream import Upstream

        try:
            key = self.premises().key().canary
        except KeyUnavailable as error:
            raise RigError(f"--proxy: {error}") from None
        client = self.profile.client
        in_process = client is not None and client.driver == "python"
        profile = as_worker(self.profile, self.contract, Path.cwd()) if in_process else self.profile
        upstream = self._upstream = Upstream(endpoint, key, self.contract, production=self.options.production)
        return DirectRig(profile, self.contract, seed=seed, port=self.options.port or 0, upstream=upstream)

    def _beside(self) -> Beside | None:
        """For trials in which a Python client is killed or restarted."""
        client = self.profile.client
        if client is None or client.driver != "python" or self.options.proxy is not None:
            return None
        from conformance.rigs.mortal import needs_own_process

        return Beside(needs_own_process, partial(self._mortal, self.clock, "canaries beside"), BESIDE)

    def _slowly(self) -> Rig:
        """For the same ones, when the accelerated clock leaves a doubt."""
        return self._mortal("real", "canaries on the real clock")

    def _mortal(self, clock: str, seed: str) -> Rig:
        from conformance.rigs.mortal import mortal_rig

        return mortal_rig(
            self.profile, self.contract, clock=clock, seed=seed_of(self.options.seed, seed), folder=Path.cwd()
        )

    def _fidelity(self) -> Fidelity | None:
        from conformance.reporting.readiness import DifferenceEntry, Fidelity

        if self._upstream is None:
            return None
        seen = self._upstream.fidelity
        return Fidelity(
            compared=seen.compared,
            differences=tuple(DifferenceEntry.model_validate(asdict(each)) for each in seen.differences()),
        )

    def report(
        self, results: Sequence[CheckResult], interrupted: str | None = None, *, now: datetime | None = None
    ) -> Readiness:
        """Everything that the results add up to, whether all of them came or not. `now`: when the report is written,
        and by whose day in UTC waivers hold; this very moment if None.
        """
        from conformance.reporting.observations import observations
        from conformance.reporting.readiness import Commit, ContractFacts, Run, Selection, Shard, Tool
        from conformance.reporting.verdict import RunFacts, assemble
        from conformance.subject import client_digest, client_standing

        confined, unconfined = self._confinement()
        shard = self.options.shard
        down = self._upstream.manners.down if self._upstream else None
        alone = self.options.account_only
        partial = bool(self.options.select or self.options.skip or shard or alone)
        ids = tuple(check.id for check in self.selected)
        client = self.profile.client
        stood = client_standing(self.profile)
        now = now or datetime.now(UTC)
        run = Run(
            seed=self.options.seed,
            clock=self.clock,
            clock_note=self.clock_note,
            sandbox="simulated" if self.options.proxy is None else f"proxy in front of {self.options.proxy}",
            driver=client.driver if client else "none",
            examples=self.settings.examples,
            duration_s=round(time.perf_counter() - self.began, 3),
            simulated_s=round(sum(result.simulated for result in results), 3),
            trials=sum(result.trials for result in results),
            profile_digest=self.profile.digest,
            client_digest=client_digest(self.profile),
            commit=Commit(id=stood.commit, modified=stood.modified) if stood else None,
            confined=confined,
            unconfined=unconfined,
            api_version=self.profile.api_version,
            profile=self.options.label or str(self.options.profile),
            budget_s=self.options.budget,
            shard=Shard(index=shard[0], count=shard[1]) if shard else None,
            selection=Selection(
                select=self.options.select,
                skip=self.options.skip,
                checks=ids,
                without_client=alone or None,
            )
            if partial
            else None,
            interrupted=interrupted or down,
            fidelity=self._fidelity(),
        )
        facts = RunFacts(
            self.profile.subject,
            now,
            Tool(name="golive-conformance", version=__version__),
            ContractFacts(
                name=self.contract.name, version=self.contract.version, digest=self.contract_digest
            ),
            run,
        )
        return assemble(
            results,
            self.catalogue,
            catalogue.requirements(),
            facts,
            self.profile.waivers,
            today=now.astimezone(UTC).date(),
            selected=set(ids) if partial else None,
            contract=self.contract,
            observations=observations(self.measurements.pauses, self.measurements.attempts),
        )


def _clock(client: Client | None, wanted: ClockChoice, proxy: str | None) -> str:
    """The clock for this client, as far as it is known before it was started. Raises Mistakes for one that does not
    apply to it.
    """
    if proxy is not None:
        if wanted not in {"auto", "real"}:
            raise Mistakes(
                [f"--clock {wanted}: nobody can hurry the endpoint behind --proxy; leave --clock out"]
            )
        return "real"
    hosted = client is None or client.driver == "python"
    if wanted == "accelerated" and hosted:
        raise Mistakes(["--clock accelerated is for clients with a process of their own; leave --clock out"])
    if wanted == "virtual" and not hosted:
        raise Mistakes(["--clock virtual is for the python driver; leave --clock out, or use accelerated"])
    if wanted == "auto":
        return "virtual" if hosted else "accelerated"
    return wanted

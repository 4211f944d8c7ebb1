"""One run of the suite: what is asked for, the checks that follow from it, and the report in the end.

What lives here: how profile, contract, catalogue and rig come together.
What must never be known here: pytest, the command line, any check in particular.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from conformance import __version__, catalogue
from conformance.check import Check
from conformance.contracts import contract_digest, load_contract
from conformance.examination import Settings, examine
from conformance.finding import CheckResult
from conformance.laboratory import Laboratory
from conformance.mistakes import Mistakes
from conformance.planning import seed_of
from conformance.profile import Client, load_profile
from conformance.rigs import Rig, RigError

if TYPE_CHECKING:
    from conformance.reporting.readiness import Readiness

ClockChoice = Literal["auto", "real", "accelerated", "virtual"]
EXAMPLES = {"virtual": 20, "real": 0}
"""generated trials of each property-based check where nothing else is asked for: on the real clock each one
takes as long as the client waits, so the explicit floor has to do
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for. `examples` None: as many as the clock can bear."""

    profile: Path
    seed: int
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    examples: int | None = None
    clock: ClockChoice = "auto"
    label: str | None = None
    """how the report names the profile; its path if None"""


class Suite:
    """Reads profile and contract at once; starts the client only when the first check needs it.

    Raises Mistakes for anything that is wrong with profile, contract or selection.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.catalogue = catalogue.checks()
        self.profile = load_profile(options.profile, checks=[check.id for check in self.catalogue])
        self.contract = load_contract(self.profile.contract, folder=self.profile.folder)
        self.contract_digest = contract_digest(self.profile.contract, folder=self.profile.folder)
        try:
            self.selected = catalogue.selected(self.catalogue, options.select, options.skip)
        except ValueError as error:
            raise Mistakes([str(error)]) from None
        self.clock = _clock(self.profile.client, options.clock)
        self.settings = Settings(
            EXAMPLES[self.clock] if options.examples is None else options.examples, options.seed
        )
        self.began = time.perf_counter()
        self.confinements: list[tuple[bool, str]] = []
        """of every rig that was used, in whatever process: was its client confined, and how or why not?"""
        self._laboratory: Laboratory | None = None

    @property
    def trials(self) -> int:
        return self._laboratory.trials if self._laboratory else 0

    @property
    def proven(self) -> bool:
        """Has the client been examined at least once?"""
        return self._laboratory is not None and self._laboratory.finished > 0

    def laboratory(self) -> Laboratory:
        """Where trials are run. Starts the client: raises RigError if that cannot be done."""
        if self._laboratory is None:
            rig = self._rig()
            self.confinements.append((rig.facts.confined, rig.facts.confinement))
            self._laboratory = Laboratory(rig)
        return self._laboratory

    def prepare(self, checks: Iterable[Check]) -> None:
        """Tells what is coming, so that trials which wait in real time can wait side by side. Starts the client
        if any of the checks needs it: raises RigError if that cannot be done.
        """
        floors = [check.floor(self.contract) for check in checks if check.floor]
        if floors:
            planned = (trial for floor in floors for trials in floor.values() for trial in trials)
            self.laboratory().prepare(planned)

    def examine(self, check: Check) -> CheckResult:
        laboratory = self.laboratory() if check.needs_client else None
        return examine(check, laboratory, self.profile, self.contract, self.settings)

    def waived(self, check_id: str) -> str | None:
        """Why a failure of this check is accepted today, and by whom; None if it is not."""
        today = datetime.now(UTC).date()
        for waiver in self.profile.waivers:
            if waiver.check == check_id and waiver.expires >= today:
                return f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
        return None

    def secrets(self) -> list[str]:
        return list(self._laboratory.rig.secrets) if self._laboratory else []

    def close(self) -> None:
        if self._laboratory:
            self._laboratory.close()
            self._laboratory = None

    def _confinement(self) -> tuple[bool, str | None]:
        if not self.confinements:
            return False, "no client was started"
        why = next((reason for confined, reason in self.confinements if not confined), None)
        return why is None, why

    def _rig(self) -> Rig:
        client = self.profile.client
        assert client is not None
        seed = seed_of(self.options.seed, "canaries")
        if client.driver == "python":
            from conformance.rigs.hosted import HostedRig

            return HostedRig(self.profile, self.contract, clock=self.clock, seed=seed, folder=Path.cwd())
        if client.driver == "command":
            from conformance.rigs.direct import DirectRig

            return DirectRig(self.profile, self.contract, seed=seed)
        raise RigError(
            f"client.driver: {client.driver} is not built yet; python and command are. A command that talks to "
            "your process, or imports what it runs, will do until then"
        )

    def report(self, results: Sequence[CheckResult], interrupted: str | None = None) -> Readiness:
        """Everything that the results add up to, whether all of them came or not."""
        from conformance.reporting.readiness import ContractFacts, Run, Selection, Tool
        from conformance.reporting.verdict import RunFacts, assemble
        from conformance.subject import client_digest

        confined, unconfined = self._confinement()
        partial = bool(self.options.select or self.options.skip)
        ids = tuple(check.id for check in self.selected)
        client = self.profile.client
        run = Run(
            seed=self.options.seed,
            clock=self.clock,
            sandbox="simulated",
            driver=client.driver if client else "none",
            examples=self.settings.examples,
            duration_s=round(time.perf_counter() - self.began, 3),
            simulated_s=round(sum(result.simulated for result in results), 3),
            trials=sum(result.trials for result in results),
            profile_digest=self.profile.digest,
            client_digest=client_digest(self.profile),
            confined=confined,
            unconfined=unconfined,
            api_version=self.profile.api_version,
            profile=self.options.label or str(self.options.profile),
            selection=Selection(select=self.options.select, skip=self.options.skip, checks=ids)
            if partial
            else None,
            interrupted=interrupted,
        )
        facts = RunFacts(
            self.profile.subject,
            datetime.now(UTC),
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
            today=datetime.now(UTC).date(),
            selected=set(ids) if partial else None,
        )


def _clock(client: Client | None, wanted: ClockChoice) -> str:
    """The clock for this client. Raises Mistakes for one that does not apply to it."""
    hosted = client is None or client.driver == "python"
    if wanted == "accelerated":
        raise Mistakes(["--clock accelerated is not built yet; leave --clock out, or use real"])
    if wanted == "virtual" and not hosted:
        raise Mistakes(["--clock virtual is for the python driver; other clients run on the real clock"])
    if wanted == "auto":
        return "virtual" if hosted else "real"
    return wanted

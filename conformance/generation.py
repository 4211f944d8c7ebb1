"""Generated trials of a check: the same ones for the same seed, on every machine and in every process.

What must never be known here: how trials are run, and what any check makes of them.
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.check import Check
from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.planning import seed_of


def generate(
    check: Check,
    contract: Contract,
    examples: int,
    seed: int,
    body: Callable[[Trial], None],
    *,
    shrink: bool,
) -> None:
    """Calls `body` with as many trials. When it raises, and `shrink` is set, it is called with smaller ones, to see
    whether they make it raise as well; what it raised reaches the caller, in a group if it came about differently.
    """
    assert check.generated is not None
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    def generated(trial: Trial) -> None:
        body(trial)

    arranged = settings(
        max_examples=-(-examples // check.dear),
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    seeded(seed_of(seed, check.id))(arranged(given(check.generated(contract))(generated)))()


def drawn(check: Check, contract: Contract, examples: int, seed: int) -> list[Trial]:
    """The trials that `generate` begins with as long as all of them hold; none for a check that has no generator."""
    trials: list[Trial] = []
    if check.generated is not None and examples > 0:
        generate(check, contract, examples, seed, trials.append, shrink=False)
    return trials

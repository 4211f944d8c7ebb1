"""From where a key works: what pings from several places amount to. Pure.

What must never be known here: how they were sent, and any vendor's names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from conformance.check import Note, Observed, Remark, Unmet
from conformance.finding import Violation

Place = Literal["here", "inside", "outside"]
Result = Literal["accepted", "refused", "unreachable", "not given"]
ACCEPTED, REFUSED = "accepted from inside the list", "refused from outside of it"
"""what must have been seen for a pass"""
OUTSIDE = (
    "name a place that is not on the list as account.probes.outside: a proxy on a small server that you rent for an "
    "hour, or the address of a second way out of this machine, such as a telephone's"
)
INSIDE = "run golive on one of the servers whose address is on the list, or name a proxy there as account.probes.inside"


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of one ping. `inside` and `outside` are the profile's words for a place, `here` is wherever the run
    stands, of which nobody says on which side of the list it is. `route`: `from here`, `through proxy.example:3128`.
    `detail`: what was answered, or why nothing was.
    """

    place: Place
    route: str = ""
    result: Result = "not given"
    detail: str = ""

    @property
    def told(self) -> str:
        return f"{self.result} {self.route} ({self.detail})" if self.detail else f"{self.result} {self.route}"


def restricted(here: Probe, inside: Probe, outside: Probe) -> Iterator[Remark]:
    """Is the key good from inside the list, and no good from elsewhere?

    Where the run stands is on one side or the other: accepted here and refused outside is proof, and so is refused here
    and accepted inside. A key that is refused everywhere may be dead, and proves nothing.
    """
    asked = [probe for probe in (here, inside, outside) if probe.result != "not given"]
    yield Note(f"the key was {'; '.join(probe.told for probe in asked)}" if asked else "nobody was asked")
    alive = next((probe for probe in (inside, here, outside) if probe.result == "accepted"), None)
    if outside.result == "accepted":
        yield Violation(
            "accepted outside",
            f"the key was {outside.told}, which the profile says is outside of the allowlist",
        )
    if inside.result == "refused" and alive is not None:
        yield Violation(
            "refused inside",
            f"the key was {inside.told}, which the profile says is inside of the allowlist, although it is good: it "
            f"was {alive.told}",
        )
    yield _seen(alive, asked)
    yield _kept_out(here, inside, outside)


def _seen(alive: Probe | None, asked: list[Probe]) -> Remark:
    if alive is not None:
        return Observed(ACCEPTED)
    if any(probe.result == "refused" for probe in asked):
        return Unmet(
            f"the key was refused wherever it was tried, as one that is dead would be: {INSIDE}", ACCEPTED
        )
    return Unmet(f"{_unreached(asked)}: {INSIDE}", ACCEPTED)


def _kept_out(here: Probe, inside: Probe, outside: Probe) -> Remark:
    if "refused" in (outside.result, here.result):
        return Observed(REFUSED)
    if outside.result == "not given":
        return Unmet(f"nobody outside was asked: {OUTSIDE}", REFUSED)
    return Unmet(f"{_unreached([outside])}: {OUTSIDE}", REFUSED)


def _unreached(probes: list[Probe]) -> str:
    silent = [f"{probe.route}: {probe.detail}" for probe in probes if probe.result == "unreachable"]
    return f"the API could not be asked {'; '.join(silent)}" if silent else "nobody was asked"

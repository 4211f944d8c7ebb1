"""What a check is, and the decorators by which it is declared.

What lives here: a check's identity, what it needs to be run, the remarks that its judge makes, the catalogue.
What must never be known here: how trials are run and how results are reported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from conformance.finding import Cell, Severity, Violation

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from conformance.contract import Contract
    from conformance.endpoint.script import Script
    from conformance.evidence import Trial
    from conformance.judge.case import Case
    from conformance.judge.talk import Talk
    from conformance.premises import Premises
    from conformance.profile import Profile


@dataclass(frozen=True, slots=True)
class Observed:
    """The precondition named by `aspect` was there, so that holding means something."""

    aspect: str = ""


@dataclass(frozen=True, slots=True)
class Unmet:
    """The precondition named by `aspect` was not there, and why. Decides only if it was never there."""

    reason: str
    aspect: str = ""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """It held, but so near its limit that the accelerated clock could have made it so: the real clock decides.
    `exchange`: the number of the last one after which the wait is in doubt.
    """

    reason: str
    exchange: int


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The evidence shows that the requirement cannot concern this run, and why. `aspect`: as for `Unmet`."""

    reason: str
    caller_must: str | None = None
    aspect: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Worth telling, decides nothing."""

    text: str


Remark: TypeAlias = Violation | Observed | Unmet | Doubtful | NotApplicable | Note | Cell
Judge: TypeAlias = "Callable[[Case], Iterable[Remark]]"
Declaration: TypeAlias = "Callable[[Profile, Contract], Iterable[Remark]]"
Inspection: TypeAlias = "Callable[[Premises], Iterable[Remark]]"
Listener: TypeAlias = "Callable[[Talk], Iterable[Remark]]"
Scripts: TypeAlias = "Callable[[Contract], tuple[Script, ...]]"
Floor: TypeAlias = "Callable[[Contract], Mapping[str, tuple[Trial, ...]]]"
Weight: TypeAlias = "Callable[[Contract], Severity]"
Generator: TypeAlias = "Callable[[Contract], SearchStrategy[Trial]]"


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `judge` is put to the evidence of trials, `declaration` to the profile, or `inspection` to all that
    can be looked at without a client: a check has one of them.

    `floor` gives, for each aspect that must have been observed for a pass, the explicit trials that always
    run; `generated` is the strategy for the trials after them, None where the check is not property-based.
    `timed`: it judges waits, so that its trials are run before others, lest everybody wait for them in the end.
    `further` gives, by aspect, larger trials that are run one by one for as long as the floor has left the aspect
    undecided. `weight`: the severity under a contract, where that decides it.
    `only_simulated`: why it means nothing behind a proxy, in front of the vendor's own sandbox; "" where it does.
    `dear`: how many times as long as others its generated trials take, so that as many fewer are run.
    `why`: the story of what goes wrong in production without it; `method` and `passes`: how it is tested, and what
    has to be seen for a pass.
    `requirements` and `source` come from `checks/requirements.yaml`; the catalogue puts them in.
    """

    id: str
    severity: Severity
    title: str
    impact: str
    remedy: str
    method: str
    judge: Judge | None = None
    declaration: Declaration | None = None
    floor: Floor | None = None
    generated: Generator | None = None
    requirements: tuple[str, ...] = ()
    source: str = ""
    timed: bool = False
    why: str = ""
    passes: str = ""
    further: Floor | None = None
    weight: Weight | None = None
    dear: int = 1
    only_simulated: str = ""
    inspection: Inspection | None = None
    aspects: tuple[str, ...] = ()
    """of an inspection: what must have been observed for a pass"""
    listener: Listener | None = None
    """of an inspection that asks a real endpoint: what is put to each dialogue"""
    library: str = ""
    """that the listener judges by; its words differ from version to version"""

    def under(self, contract: Contract) -> Check:
        """The check with the severity that it has under this contract."""
        return self if self.weight is None else replace(self, severity=self.weight(contract))

    @property
    def section(self) -> str:
        return self.id.partition(".")[0]

    @property
    def slug(self) -> str:
        return self.id.partition(".")[2]

    @property
    def needs_client(self) -> bool:
        return self.judge is not None


def check(
    id: str,
    *,
    severity: Severity,
    floor: Floor,
    title: str = "",
    impact: str = "",
    remedy: str = "",
    generated: Generator | None = None,
    timed: bool = False,
    why: str = "",
    further: Floor | None = None,
    weight: Weight | None = None,
    dear: int = 1,
    only_simulated: str = "",
) -> Callable[[Judge], Check]:
    """Declares a check over evidence. The decorated function is its judge: it is given one trial's `Case`, and
    yields remarks. The first paragraph of its docstring says how the check is tested, the second when it passes. Its
    first sentence is the title of a check that has no other.
    """

    def declare(judge: Judge) -> Check:
        method, passes = _paragraphs(judge)
        return Check(
            id,
            severity,
            title or " ".join(method.partition(". ")[0].removesuffix(".").split()) or id,
            impact,
            remedy,
            method,
            judge,
            None,
            floor,
            generated,
            timed=timed,
            why=why,
            passes=passes,
            further=further,
            weight=weight,
            dear=dear,
            only_simulated=only_simulated,
        )

    return declare


def declared(
    id: str, *, severity: Severity, title: str, impact: str, remedy: str, why: str = ""
) -> Callable[[Declaration], Check]:
    """Declares a check over what the profile says; its result is marked as declared, not observed."""

    def declare(declaration: Declaration) -> Check:
        method, passes = _paragraphs(declaration)
        return Check(id, severity, title, impact, remedy, method, None, declaration, why=why, passes=passes)

    return declare


def inspected(
    id: str,
    *,
    severity: Severity,
    title: str,
    impact: str,
    remedy: str,
    why: str = "",
    aspects: tuple[str, ...] = ("what there is",),
) -> Callable[[Inspection], Check]:
    """Declares a check that needs no client: keys, source, a real endpoint. The decorated function is given the
    `Premises`, looks or asks for itself, and yields remarks; its result is observed. For a pass each of the `aspects`
    must have been observed, with `Observed(aspect)`; `Observed()` alone is the first of them.
    """

    def declare(inspection: Inspection) -> Check:
        method, passes = _paragraphs(inspection)
        return Check(
            id,
            severity,
            title,
            impact,
            remedy,
            method,
            why=why,
            passes=passes,
            inspection=inspection,
            aspects=aspects,
        )

    return declare


def probed(
    id: str,
    *,
    severity: Severity,
    title: str,
    impact: str,
    remedy: str,
    floor: Mapping[str, Scripts],
    generated: Callable[[Contract], SearchStrategy[Script]] | None = None,
    dear: int = 1,
    needs: tuple[str, str] | None = None,
    why: str = "",
) -> Callable[[Listener], Check]:
    """Declares a check of a real endpoint. The decorated function is given one dialogue's `Talk`, and yields remarks.
    `floor` has for each aspect the scripts that are always played; `generated` is the strategy for those after them,
    of which there are as many fewer as they are `dear`. `needs`: a library that may not be there, and how it is had.
    """

    def declare(listener: Listener) -> Check:
        def inspection(premises: Premises) -> Iterable[Remark]:
            from conformance.endpoint.examining import hear

            if needs and premises.endpoint and find_spec(needs[0]) is None:
                return [Unmet(needs[1], aspect) for aspect in floor]
            contract = premises.contract
            scripts = {aspect: make(contract) for aspect, make in floor.items()}
            drawn = generated(contract) if generated and premises.endpoint else None
            return hear(id, listener, scripts, drawn, -(-premises.examples // dear), premises)

        inspection.__doc__ = listener.__doc__
        made = inspected(
            id,
            severity=severity,
            title=title,
            impact=impact,
            remedy=remedy,
            why=why,
            aspects=tuple(floor),
        )(inspection)
        return replace(made, listener=listener, library=needs[0] if needs else "")

    return declare


def _paragraphs(function: object) -> tuple[str, str]:
    """The first paragraph of a docstring, and the rest."""
    method, _, passes = inspect.cleandoc(getattr(function, "__doc__", None) or "").partition("\n\n")
    return method, passes

"""Every check that ships, with the requirements that it proves.

What lives here: where check modules are found, and how checks and requirements meet.
What must never be known here: what any check does.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from types import ModuleType

from conformance.check import Check
from conformance.mistakes import resembling
from conformance.paths import bundled
from conformance.requirements import Requirement, load_requirements

PACKAGE = "golive_checks"
"""The name under which the bundled check modules are imported: no user's package can be in its way."""
MODULES = (
    "account.secrets",
    "account.keys",
    "account.declarations",
    "account.network",
    "account.addresses",
    "account.processes",
    "retries.keys",
    "retries.once",
    "retries.answers",
    "retries.ends",
    "errors.classes",
    "errors.reading",
    "rate_limits",
    "versions",
    "orders",
    "sandbox.access",
    "sandbox.idempotency",
    "sandbox.answers",
)
"""Check modules, in the order of the headings of the vendor's page."""


@cache
def checks() -> tuple[Check, ...]:
    """All checks, section by section, in the order in which they stand in their modules."""
    found = [check for module in MODULES for check in checks_of(_module(module))]
    mapped = _requirements_by_check(load_requirements())
    return tuple(
        replace(
            check,
            requirements=tuple(requirement.id for requirement in mapped.get(check.id, ())),
            source=next((requirement.source for requirement in mapped.get(check.id, ())), ""),
        )
        for check in found
    )


def checks_of(module: ModuleType) -> list[Check]:
    """The checks that a module declares, in its order."""
    return [value for value in vars(module).values() if isinstance(value, Check)]


def requirements() -> tuple[Requirement, ...]:
    return load_requirements()


def selected(
    known: Sequence[Check], select: Iterable[str] = (), skip: Iterable[str] = ()
) -> tuple[Check, ...]:
    """The checks whose id matches a pattern of `select` (all if there is none) and none of `skip`.

    Raises ValueError when a pattern matches nothing, or none is left: that must not look like a clean run.
    """
    patterns, without = tuple(select), tuple(skip)
    for pattern in (*patterns, *without):
        if not any(fnmatchcase(check.id, pattern) for check in known):
            raise ValueError(f'no check matches "{pattern}"; {_meant(pattern, known)}')
    left = tuple(
        check
        for check in known
        if (not patterns or any(fnmatchcase(check.id, pattern) for pattern in patterns))
        and not any(fnmatchcase(check.id, pattern) for pattern in without)
    )
    if not left:
        raise ValueError("no check is left to run: what is selected is skipped too; take one of the two away")
    return left


def _meant(pattern: str, known: Sequence[Check]) -> str:
    """What would be right in place of a pattern that matches nothing."""
    sections = {check.section: f"{check.section}.*" for check in known}
    slugs = {check.slug: check.id for check in known}
    words = sections | slugs | {id_: id_ for id_ in (*sections.values(), *slugs.values())}
    meant = resembling(pattern, words)
    return f'did you mean "{words[meant]}"?' if meant else "`golive checks` lists them"


def _requirements_by_check(all_requirements: Iterable[Requirement]) -> dict[str, list[Requirement]]:
    mapped: dict[str, list[Requirement]] = {}
    for requirement in all_requirements:
        for check_id in requirement.checks:
            mapped.setdefault(check_id, []).append(requirement)
    return mapped


def _module(name: str) -> ModuleType:
    """A bundled check module, imported under a package of our own."""
    if PACKAGE not in sys.modules:
        package = ModuleType(PACKAGE)
        package.__path__ = [str(bundled("checks"))]
        sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{name}")

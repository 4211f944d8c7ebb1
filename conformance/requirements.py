"""The clauses of the vendor's go-live pages, as data, and the checks that each of them maps to.

What lives here: the shape of `checks/requirements.yaml` and how it is read.
What must never be known here: which checks there are, and what any of them found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from conformance.located import find, read, validate
from conformance.mistakes import Wrong
from conformance.paths import CHECKS

Id = Annotated[str, Field(pattern=r"^[a-z][a-z-]*\.[a-z0-9][a-z0-9-]*$")]


class Requirement(BaseModel):
    """One clause. Either `checks` names what proves it, or `excluded` says why nothing does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    section: str = Field(description="the heading of the vendor's go-live page that it belongs to")
    text: str = Field(description="the clause in our own words")
    strength: Literal["must", "should", "may"]
    source: str = Field(description="the vendor's page, below the contract's source")
    checks: tuple[Id, ...] = ()
    excluded: str | None = None


@cache
def load_requirements(path: Path = CHECKS / "requirements.yaml") -> tuple[Requirement, ...]:
    """All requirements, in the order of the file. Raises `Mistakes` with all that is wrong with it."""
    return validate(read(path), TypeAdapter(tuple[Requirement, ...]), rules=[_either_or, _own_ids])


def _either_or(data: JsonValue) -> Iterator[Wrong]:
    for number in range(len(data) if isinstance(data, list) else 0):
        checks, excluded = find(data, number, "checks"), find(data, number, "excluded")
        if checks and excluded:
            yield Wrong(
                (number, "excluded"), "has checks as well; keep the checks, or the reason for none", "key"
            )
        elif not checks and not (isinstance(excluded, str) and excluded.strip()):
            yield Wrong((number, "checks"), "missing; name them, or say in excluded why there are none")


def _own_ids(data: JsonValue) -> Iterator[Wrong]:
    seen: set[str] = set()
    for number in range(len(data) if isinstance(data, list) else 0):
        name = find(data, number, "id")
        if isinstance(name, str) and name in seen:
            yield Wrong((number, "id"), f'"{name}" is there already; give each requirement an id of its own')
        seen |= {name} if isinstance(name, str) else set()

"""The contracts that come with golive, and how any contract is found and read.

What lives here: one YAML file for each API, and the only names of vendors in the engine.
What must never be known here: what a contract is used for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.mistakes import Mistakes, Place, Wrong, correction

if TYPE_CHECKING:
    from pydantic import JsonValue

    from conformance.contract import Contract

DEFAULT = "runa"
"""The contract of a profile that names none."""

_HERE = Path(__file__).parent


def builtin_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _HERE.glob("*.yaml") if "." not in path.stem))


def locate_contract(name_or_path: str | Path, *, folder: Path | None = None) -> Path:
    """The file of a built-in contract, or of the one at a path, which is relative to `folder` (the profile's,
    or the current one). Raises `Mistakes` if a name is not known; whether a path exists is not looked at.
    """
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in name or "\\" in name or name.endswith((".yaml", ".yml")):
        return (folder or Path()) / name_or_path
    if name not in builtin_names():
        known = correction(name, builtin_names(), "built in:")
        raise Mistakes(
            [f'no contract is called "{name}"; {known} (a file is named by its path: ./{name}.yaml)']
        )
    return _HERE / f"{name}.yaml"


def load_contract(name_or_path: str | Path, *, folder: Path | None = None) -> Contract:
    """The contract of that name or in that file. Raises `Mistakes` with all that is wrong with it."""
    path = locate_contract(name_or_path, folder=folder)
    return _loaded(path, contract_digest(path) if path.is_file() else "")


def contract_digest(name_or_path: str | Path, *, folder: Path | None = None) -> str:
    """SHA-256 of the contract's file, in hex."""
    return hashlib.sha256(locate_contract(name_or_path, folder=folder).read_bytes()).hexdigest()


@lru_cache(maxsize=8)
def _loaded(path: Path, _digest: str) -> Contract:
    """Read once for each content: profile and suite both ask, and reading takes a tenth of a second."""
    from pydantic import TypeAdapter

    from conformance.contract import Contract
    from conformance.located import read, validate

    contract = validate(read(path), TypeAdapter(Contract), rules=[_names_that_lead_nowhere, _key_shape])
    contract._path = path
    return contract


def _names_that_lead_nowhere(data: JsonValue) -> Iterator[Wrong]:
    """Where one part of a contract names another that is not there."""
    from conformance.located import find

    catalogue = find(data, "errors", "catalogue")
    types = [str(find(entry, "type")) for entry in (catalogue if isinstance(catalogue, list) else ())]
    operations, environments = _keys(find(data, "operations")), _keys(find(data, "environments"))
    situations = [("errors", "situations", name) for name in _keys(find(data, "errors", "situations"))]
    named = find(data, "idempotency", "operations")
    idempotent = [
        ("idempotency", "operations", n) for n in range(len(named) if isinstance(named, list) else 0)
    ]

    def unknown(what: str, home: str, known: Sequence[str], places: Iterable[Place]) -> Iterator[Wrong]:
        for place in places:
            name = find(data, *place)
            if isinstance(name, str) and known and name not in known:
                yield Wrong(place, f'no {what} is called "{name}"; {correction(name, known, f"{home} has")}')

    told_by_type = [("idempotency", "in_progress_type"), ("idempotency", "mismatch_type")]
    yield from unknown("error type", "errors.catalogue", types, [*situations, *told_by_type])
    lookups = [("operations", name, "of") for name in operations]
    limited = ("rate_limit", "operation")
    goods = [("goods", "operation")] if find(data, "goods") else []
    yield from unknown("operation", "operations", operations, [*idempotent, limited, *lookups, *goods])
    yield from unknown("environment", "environments", environments, [("sandbox_environment",)])
    kinds = [find(data, "operations", name, "kind") for name in operations]
    if kinds and kinds.count("create") != 1:
        yield Wrong(("operations",), f"has {kinds.count('create')} of the kind create; it should have one")


def _key_shape(data: JsonValue) -> Iterator[Wrong]:
    from conformance.located import find

    shape, example = find(data, "auth", "shape"), find(data, "auth", "example")
    if not isinstance(shape, str):
        return
    try:
        fits = not isinstance(example, str) or re.fullmatch(shape, example)
    except re.error as error:
        yield Wrong(("auth", "shape"), f"is no regular expression: {error}")
    else:
        if not fits:
            yield Wrong(
                ("auth", "example"), "does not have the form that auth.shape describes; correct one of them"
            )


def _keys(data: JsonValue) -> tuple[str, ...]:
    return tuple(data) if isinstance(data, dict) else ()

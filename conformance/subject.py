"""Which client was examined, as a digest over its source, so that two reports can be compared."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from conformance.drivers.environment import import_paths
from conformance.profile import Profile

MOST_FILES = 2_000


def client_digest(profile: Profile) -> str | None:
    """SHA-256 over names and contents of the client's own source files; None when none can be found.

    python: the module that the target names, or all of its package. command: the files named in the command.
    """
    client = profile.client
    if client is None:
        return None
    files = _python(profile.folder, client.target or "") if client.driver == "python" else None
    if files is None:
        named = (profile.folder / part for part in client.command)
        files = [path for path in named if path.is_file()]
    if not files:
        return None
    digest = hashlib.sha256()
    for path in files[:MOST_FILES]:
        digest.update(os.path.relpath(path, profile.folder).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _python(folder: Path, target: str) -> list[Path] | None:
    top = target.partition(":")[0].split(".")[0]
    for home in map(Path, import_paths(folder, Path.cwd())):
        if (home / top).is_dir():
            return sorted(_sources(home / top))
        if (home / f"{top}.py").is_file():
            return [home / f"{top}.py"]
    return None


def _sources(package: Path) -> Iterator[Path]:
    return (path for path in package.rglob("*.py") if "__pycache__" not in path.parts)

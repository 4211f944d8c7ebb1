"""Which client was examined: a digest over its source, so that two reports can be compared, and where that source
stood in git.

What lives here: which files are the client's, and what can be said of them without running anything.
What must never be known here: what the client does.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.drivers.environment import import_paths
from conformance.hygiene.repository import GitTrouble, Repository, repository_of
from conformance.paths import EXAMPLES
from conformance.profile import Profile

MOST_FILES = 2_000
MOST_BYTES = 64 * 1024 * 1024
"""of a file that is compared with what is committed"""
PATIENCE = 10.0
"""seconds on the wall for the question whether anything differs from the commit"""
COMMANDS = 4
"""of git's, that are asked one after another"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where source stands in git: `commit` in hex, and whether the working tree is known to be what it says."""

    commit: str
    modified: bool


def client_digest(profile: Profile) -> str | None:
    """SHA-256 over names and contents of the client's own source files; None when none can be found.

    python: the module that the target names, or all of its package. command: the files named in the command.
    """
    files = _own_files(profile)
    if not files:
        return None
    digest = hashlib.sha256()
    for path in files[:MOST_FILES]:
        digest.update(os.path.relpath(path, profile.folder).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def client_standing(profile: Profile) -> Standing | None:
    """The commit that the client's source was taken from; None outside git, or where git cannot be read, and for the
    clients that come with golive.

    `modified` is false only where it was seen that the client's own files, the profile and all that is tracked in their
    folders are what the commit says.
    """
    if profile.folder.resolve().is_relative_to(EXAMPLES):
        return None
    own = [path.resolve() for path in _own_files(profile)]
    deadline = time.monotonic() + PATIENCE
    try:
        repository = repository_of(own[0].parent if own else profile.folder, patience=PATIENCE / COMMANDS)
        if repository is None or repository.top is None:
            return None
        top = repository.top.resolve()
        commit = repository.head()
        if commit is None or top == EXAMPLES.parent:
            return None
    except GitTrouble:
        return None
    try:
        modified = _differs(repository, top, own, profile, deadline)
    except (GitTrouble, OSError):  # what nobody could look at is not known to be what the commit says
        modified = True
    return Standing(commit, modified)


def _differs(repository: Repository, top: Path, own: list[Path], profile: Profile, deadline: float) -> bool:
    """Is anything not as the commit has it, or not known to be? Raises GitTrouble, OSError."""
    named = {*own, profile.path.resolve()}
    if not all(path.is_relative_to(top) for path in named):
        return True
    around = {profile.folder, *(path.parent for path in own)}
    committed = repository.committed(path.relative_to(top) for path in around)
    if not all(path.relative_to(top) in committed for path in named):
        return True
    return any(
        time.monotonic() > deadline or not _is(top / path, oid) for path, oid in sorted(committed.items())
    )


def _is(path: Path, oid: str) -> bool:
    """Is the file what git has under this id? Nothing that is configured to convert files is asked. Raises OSError."""
    if path.is_symlink():
        data = os.fsencode(path.readlink())
    elif path.is_file() and path.stat().st_size <= MOST_BYTES:
        data = path.read_bytes()
    else:
        return False
    digest = hashlib.sha1 if len(oid) == 40 else hashlib.sha256
    # Where git converts the ends of lines, the commit has plain ones.
    kept = {data, data.replace(b"\r\n", b"\n")}
    return any(digest(b"blob %d\0" % len(each) + each).hexdigest() == oid for each in kept)


def _own_files(profile: Profile) -> list[Path]:
    client = profile.client
    if client is None:
        return []
    if client.driver == "python" and (found := _python(profile.folder, client.target or "")) is not None:
        return found
    named = (profile.folder / part for part in client.command)
    return [path for path in named if path.is_file()]


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

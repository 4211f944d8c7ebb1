"""A git repository, read by git's own plumbing, without running anything that the repository or its user configured.

What lives here: what is tracked, every object in one stream, and which commit brought an object in.
What must never be known here: what is looked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

Kind = Literal["commit", "tree", "blob", "tag"]

PIECE = 4 * 1024 * 1024
"""bytes of an object that are read at a time"""
PATIENCE = 600.0
"""seconds for a command that only lists; the streams may take as long as they need"""

# Nothing of the repository's or the user's configuration may start a program or reach a network.
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.untrackedCache=false",
    "core.quotePath=false",
    "log.showSignature=false",
    "diff.external=",
    "diff.renames=false",
    "protocol.allow=never",
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PAGER": "cat",
}


class GitTrouble(Exception):
    """The repository cannot be read. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object that comes in pieces. `pieces` has to be used up before the next object is asked for."""

    oid: str
    kind: Kind
    size: int
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A commit that brought an object in, under a path."""

    commit: str
    path: str


class Repository:
    """`folder` is where somebody looks from; `top` the root of the working tree, None in a bare repository. `patience`:
    seconds for a command that only lists.
    """

    def __init__(self, folder: Path, top: Path | None, patience: float = PATIENCE) -> None:
        self.folder = folder
        self.top = top
        self._patience = patience

    def head(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        ended = self._ended("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return _text(ended.stdout).strip() or None

    def committed(self, folders: Iterable[Path]) -> dict[Path, str]:
        """The files that the commit has in these folders, which are relative to the top, and the id of each."""
        names = [str(folder) for folder in folders]
        below = [] if "." in names else names
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", *below)
        entries = (line.partition(b"\t") for line in listed.split(b"\0") if line)
        blobs = ((head.split(b" "), path) for head, _, path in entries)
        return {Path(_text(path)): _text(oid) for (_, kind, oid), path in blobs if kind == b"blob"}

    def tracked(self) -> list[str]:
        """Paths below the folder, relative to it, that are tracked or staged; submodules' too."""
        return sorted(set(self._paths("--cached", "--recurse-submodules")))

    def untracked(self) -> list[str]:
        """Paths that are neither tracked nor ignored: one `git add` away."""
        return [path for path in self._paths("--others", "--exclude-standard") if not path.endswith("/")]

    def ignores_folder(self) -> bool:
        return self._ended("check-ignore", "-q", "--", ".").returncode == 0

    def submodules(self) -> list[str]:
        """Paths of the submodules, by the index of the whole repository."""
        listed = self._run("ls-files", "-z", "--stage", "--", ":/")
        return [
            _text(line.partition(b"\t")[2]) for line in listed.split(b"\0") if line.startswith(b"160000 ")
        ]

    def staged(self) -> dict[str, str]:
        """Paths by the id of the object that the index has for them."""
        listed = self._run("ls-files", "-z", "--stage", "--", ":/")
        entries = (line.partition(b"\t") for line in listed.split(b"\0") if line)
        return {_text(head.split(b" ")[1]): _text(path) for head, _, path in entries}

    def references(self) -> dict[str, str]:
        """Names of branches, tags and other references, by the object that each of them names."""
        listed = self._run("for-each-ref", "--format=%(objectname) %(refname)")
        return {oid: name for oid, _, name in (line.partition(" ") for line in _text(listed).splitlines())}

    def is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def is_partial(self) -> bool:
        """Were objects left out when it was cloned?"""
        return bool(
            self._ended("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$").stdout
        )

    def borrows(self) -> bool:
        """Does it use objects of other repositories, which may hold anything?"""
        place = Path(_text(self._run("rev-parse", "--git-path", "objects/info/alternates").rstrip(b"\n")))
        return (self.folder / place).exists()

    def reachable(self) -> set[str]:
        """The commits that a reference leads to."""
        return set(_text(self._run("rev-list", "--all")).split())

    def objects(self) -> Iterator[Object]:
        """Every object that is there, packed or loose, reachable or not. Raises GitTrouble."""
        arguments = ("cat-file", "--batch", "--batch-all-objects", "--unordered", "--buffer")
        with self._stream(arguments) as output:
            while header := output.readline():
                words = header.split()
                if len(words) != 3:
                    raise GitTrouble(
                        f"git cannot read {self.folder}: {_text(header.strip())}; git fsck tells more"
                    )
                size = int(words[2])
                pieces = _pieces(output, size)
                yield Object(_text(words[0]), _kind(words[1]), size, pieces)
                for _ in pieces:
                    pass
                output.read(1)

    def in_order(self, commits: Iterable[str]) -> list[str]:
        """Everything that these commits lead to, parents before their children. Of commits that no reference leads to
        a part may be gone already: then only the others.
        """
        order = ("rev-list", "--topo-order", "--reverse")
        ended = self._ended(*order, "--stdin", given="\n".join(commits) + "\n")
        return _text(self._run(*order, "--all") if ended.returncode else ended.stdout).split()

    def arrivals(self, oids: Iterable[str], commits: Iterable[str]) -> dict[str, list[Arrival]]:
        """For each of these objects the commits in which it came to be under a path, oldest first, of all that
        `commits` lead to. At most a few hundred objects.
        """
        wanted = set(oids)
        if not wanted:
            return {}
        order = "\n".join(self.in_order(commits)) + "\n"
        found: dict[str, list[Arrival]] = {}
        options = ("-r", "-t", "-m", "--root", "--raw", "--no-abbrev", "-z", "--no-renames", "--no-textconv")
        few = tuple(f"--find-object={oid}" for oid in sorted(wanted))
        fields = iter(self._run("diff-tree", "--stdin", *options, *few, given=order).split(b"\0"))
        commit = ""
        for field in fields:
            if not field.startswith(b":"):
                commit = _text(field)
                continue
            oid, path = _text(field.split(b" ")[3]), _text(next(fields, b""))
            arrival = Arrival(commit, path)
            if oid in wanted and arrival not in found.get(oid, ()):
                found.setdefault(oid, []).append(arrival)
        return found

    def _paths(self, *options: str) -> list[str]:
        return [_text(path) for path in self._run("ls-files", "-z", *options).split(b"\0") if path]

    def _run(self, *arguments: str, given: str | bytes | None = None) -> bytes:
        ended = self._ended(*arguments, given=given)
        if ended.returncode:
            raise GitTrouble(_trouble(self.folder, ended.stderr))
        return ended.stdout

    def _ended(self, *arguments: str, given: str | bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        given = given.encode() if isinstance(given, str) else given
        return _git(self.folder, arguments, given, self._patience)

    @contextmanager
    def _stream(self, arguments: Sequence[str]) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryFile() as said:  # a pipe that nobody reads would stop it once it is full
            process = subprocess.Popen(
                _command(arguments),
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                bufsize=PIECE,
            )
            assert process.stdout is not None
            with process.stdout as output:
                try:
                    yield output
                except (
                    BaseException
                ):  # whoever reads may be interrupted, or go away in the middle: git must not stay
                    process.kill()
                    process.wait()
                    raise
            if process.wait():
                said.seek(0)
                raise GitTrouble(_trouble(self.folder, said.read(4_096)))


def repository_of(folder: Path, patience: float = PATIENCE) -> Repository | None:
    """The repository that a folder is in; None if it is in none. Raises GitTrouble if it cannot be read.

    `patience`: seconds for each command that only lists.
    """
    near = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    if shutil.which("git") is None:
        if near is None:
            return None
        raise GitTrouble(f"{near} is a git repository, and there is no git here to read it: install git")
    ended = _git(folder, ("rev-parse", "--is-inside-work-tree"), patience=patience)
    if ended.returncode:
        if near is None and b"not a git repository" in ended.stderr:
            return None
        raise GitTrouble(_trouble(folder, ended.stderr))
    if ended.stdout.split() == [b"true"]:
        top = _git(folder, ("rev-parse", "--show-toplevel")).stdout.rstrip(b"\n")
        return Repository(folder, Path(os.fsdecode(top)), patience)
    return Repository(folder, None, patience)


def _git(
    folder: Path, arguments: Sequence[str], given: bytes | None = None, patience: float = PATIENCE
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            _command(arguments),
            cwd=folder,
            env=_environment(),
            input=given if given is not None else b"",
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitTrouble(
            f"git {arguments[0]} did not end within {patience:.0f} seconds in {folder}"
        ) from None


def _command(arguments: Sequence[str]) -> list[str]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return ["git", "--no-pager", *settings, *arguments]


def _environment() -> Mapping[str, str]:
    """This process's own, without what leads git elsewhere or lets it run something."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ENVIRONMENT


def _trouble(folder: Path, said: bytes) -> str:
    words = " ".join(_text(said).split())[:300]
    if "dubious ownership" in words:
        return (
            f"git refuses to read {folder}, which belongs to another user: git config --global --add "
            f"safe.directory {folder}"
        )
    return f"git cannot read {folder}: {words or 'it said nothing'}"


def _pieces(output: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = output.read(min(left, PIECE))
        if not piece:
            raise GitTrouble("git cannot read an object to its end; git fsck tells more")
        left -= len(piece)
        yield piece


def _kind(word: bytes) -> Kind:
    match word:
        case b"commit":
            return "commit"
        case b"tree":
            return "tree"
        case b"tag":
            return "tag"
        case _:
            return "blob"


def _text(raw: bytes) -> str:
    return os.fsdecode(raw)

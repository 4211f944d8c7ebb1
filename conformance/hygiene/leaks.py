"""Where keys stand in a source tree and in its history.

What lives here: which files and objects are searched, and what came of it, by path, line and commit.
What must never be known here: checks, and what a key looks like.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.finding import Location
from conformance.hygiene.history import Place, in_text, once_each, search_history
from conformance.hygiene.repository import PIECE, Repository, repository_of
from conformance.hygiene.source import Finder
from conformance.hygiene.unpacking import Sight, sights

MOST_UNTRACKED = 5_000
"""files that only a note could come of"""


@dataclass(slots=True)
class Search:
    """What was searched, and found, what stands in the working tree first. `no_files` and `no_history`: why nothing can
    be said of them; "" where they were searched, or nobody wanted it, which `history_wanted` says.
    """

    places: list[Place] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    no_files: str = ""
    no_history: str = ""
    history_wanted: bool = True


def search(folder: Path, finder: Finder, *, history: bool = True) -> Search:
    """Searches the folder, and the history of the repository that it is in. Raises GitTrouble if there is one that
    cannot be read.
    """
    repository = repository_of(folder)
    found = Search()
    if repository is None:
        found.notes.append(
            "the folder is in no git repository: all of its files were searched, and no history"
        )
        _search_folder(folder, finder, found)
        found.history_wanted = False
        return found
    if repository.top is None:
        found.no_files = "the repository is bare, so there is no working tree"
    elif not (tracked := repository.tracked()) and repository.ignores_folder():
        found.notes.append("git ignores the folder: all of its files were searched, and no history")
        _search_folder(folder, finder, found)
        found.history_wanted = False
        return found
    else:
        _search_tracked(repository, tracked, finder, found)
    if history:
        past = search_history(repository, finder)
        found.places = _joined(found.places, past.places)
        found.notes += past.notes
        found.no_history = past.gap
    else:
        found.history_wanted = False
        found.notes.append("the history was not searched, as the profile says (source.history)")
    return found


def _search_folder(folder: Path, finder: Finder, found: Search) -> None:
    paths = []
    closed: list[OSError] = []
    for home, folders, names in os.walk(folder, onerror=closed.append):
        if ".git" in folders:
            folders.remove(".git")
            found.notes.append(
                f"{finder.redacted(os.path.relpath(home, folder))} is a repository: its history was not searched"
            )
        folders.sort()
        paths += [os.path.relpath(os.path.join(home, name), folder) for name in sorted(names)]
    _add_files(folder, paths, finder, found, Path())
    if closed:
        where = finder.redacted(", ".join(str(error.filename) for error in closed[:10]))
        found.no_files = f"could not be read: {where}"
    elif not paths:
        found.no_files = "there is no file in the folder: name the one where the source is, as source.path"


def _search_tracked(repository: Repository, tracked: Sequence[str], finder: Finder, found: Search) -> None:
    folder = repository.folder
    assert repository.top is not None
    home = Path(os.path.relpath(folder.resolve(), repository.top.resolve()))
    _add_files(folder, tracked, finder, found, home)
    if not tracked:
        found.no_files = "git tracks no file there yet, so nothing can be said: commit, and run it again"
    loose = repository.untracked()
    if len(loose) > MOST_UNTRACKED:
        found.notes.append(
            f"{len(loose):,} files are neither tracked nor ignored: {MOST_UNTRACKED:,} of them were searched"
        )
    for path in loose[:MOST_UNTRACKED]:
        if next(_keys_in(folder / path, finder), None) or finder.hits(os.fsencode(path)):
            found.notes.append(
                f"{finder.redacted(path)} holds a key, and is neither tracked nor ignored: one git add away from the "
                "history"
            )
    modules = repository.submodules()
    if modules:
        found.notes.append(
            f"the history of submodules was not searched: {finder.redacted(', '.join(modules))}"
        )


def _add_files(folder: Path, paths: Sequence[str], finder: Finder, found: Search, home: Path) -> None:
    unreadable = []
    for path in paths:
        try:
            seen = [*once_each(_keys_in(folder / path, finder)), *in_text(os.fsencode(path), finder)]
        except OSError:
            unreadable.append(path)
            continue
        for sight in seen:
            shown = finder.redacted(os.path.normpath(home / path))
            found.places.append(Place(Location(shown, sight.line or None), sight, "now"))
    if unreadable:
        found.no_files = f"could not be read: {finder.redacted(', '.join(unreadable[:10]))}"


def _keys_in(path: Path, finder: Finder) -> Iterator[Sight]:
    """Links are not followed: what they lead to is not in the tree. Raises OSError."""
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        return  # deleted, and not yet committed so
    if stat.S_ISLNK(kind):
        yield from sights(finder, (os.fsencode(os.readlink(path)),))
    elif stat.S_ISREG(kind):
        with path.open("rb") as file:
            yield from sights(finder, iter(lambda: file.read(PIECE), b""))


def _joined(now: list[Place], past: list[Place]) -> list[Place]:
    """Those of today with the commit that brought them, and those that are only in the history."""
    since = {place.key: place.location.commit for place in reversed(past) if place.standing == "once"}
    today = [replace(place, location=replace(place.location, commit=since.get(place.key))) for place in now]
    known = {place.key for place in now}
    return today + [place for place in past if place.key not in known]

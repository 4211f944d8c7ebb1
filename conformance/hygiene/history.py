"""Keys in the history of a repository: in every object that git still has, and by which commit each came in.

What lives here: the one pass over all objects, and what becomes of those in which something was found.
What must never be known here: the working tree, checks, and what a key looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from conformance.finding import Location
from conformance.hygiene.repository import Arrival, Kind, Object, Repository
from conformance.hygiene.source import Finder
from conformance.hygiene.unpacking import Sight, is_plain, sights

MOST_TRACED = 200
"""objects with keys whose commits are looked for; if there are more they are counted"""
_BATCH = 1024 * 1024
"""bytes of small objects that are searched at once: most of them hold nothing"""
_SMALL = 128 * 1024

Standing = Literal["now", "once", "lost", "staged", "said"]
"""in the working tree; in the history; in a commit that no branch or tag leads to; staged; in a message or a name"""


@dataclass(frozen=True, slots=True)
class Place:
    """A key somewhere."""

    location: Location
    sight: Sight
    standing: Standing

    @property
    def key(self) -> tuple[str, str, int]:
        """The same for the same key in the same file."""
        return (self.location.path, self.sight.hit.whose, 0 if self.sight.hit.whose else self.sight.identity)


@dataclass(frozen=True, slots=True)
class Past:
    """What the history holds. `gap`: why it is not the whole of it; "" if it is."""

    places: list[Place]
    notes: list[str]
    gap: str


@dataclass(slots=True)
class _Found:
    """By object: keys in blobs; keys in names, by the object that is named so; keys in messages."""

    blobs: dict[str, list[Sight]] = field(default_factory=dict)
    names: dict[str, list[tuple[str, Sight]]] = field(default_factory=dict)
    messages: list[tuple[Kind, str, Sight]] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)


def search_history(repository: Repository, finder: Finder) -> Past:
    """Searches every object. Raises GitTrouble."""
    found = _Found()
    for oid, kind, data, seen in _suspicious(repository.objects(), finder, found.commits):
        if kind == "tree":
            for name, child in _entries(data, len(oid) // 2):
                for sight in in_text(name, finder):
                    found.names.setdefault(child, []).append((name.decode("utf-8", "surrogateescape"), sight))
        elif kind == "blob":
            found.blobs[oid] = seen
        else:
            found.messages += ((kind, oid, sight) for sight in seen)
    notes: list[str] = []
    references = repository.references()
    places = [
        Place(Location(finder.redacted(name)), sight, "said")
        for name in references.values()
        for sight in in_text(name.encode("utf-8", "surrogateescape"), finder)
    ]
    if found.blobs or found.names or found.messages:
        places += _traced(repository, found, references, finder, notes)
    return Past(places, notes, _gap(repository, len(found.commits)))


def once_each(seen: Iterable[Sight]) -> list[Sight]:
    """The first sight of each key."""
    first: dict[tuple[str, int], Sight] = {}
    for sight in seen:
        first.setdefault((sight.hit.whose, 0 if sight.hit.whose else sight.identity), sight)
    return list(first.values())


def _gap(repository: Repository, commits: int) -> str:
    if repository.is_shallow():
        return (
            f"the clone is shallow: of the history only {commits:,} commit{'s are' if commits != 1 else ' is'} here; "
            "git fetch --unshallow, and in CI check out the whole history (fetch-depth: 0)"
        )
    if repository.is_partial():
        return "the clone left objects out (--filter), so the history is not whole: clone it without"
    return "" if commits else "there is no commit yet: commit, and run it again"


def _suspicious(
    objects: Iterable[Object], finder: Finder, commits: list[str]
) -> Iterator[tuple[str, Kind, bytes, list[Sight]]]:
    """The objects with keys in them; of trees, which are small, the content too. All commits are written down."""
    batch: list[tuple[str, Kind, bytes]] = []
    size = 0
    for each in objects:
        if each.kind == "commit":
            commits.append(each.oid)
        if each.kind == "tree" or each.size <= _SMALL:
            data = b"".join(each.pieces)
            if each.kind != "blob" or is_plain(data):
                batch.append((each.oid, each.kind, data))
                size += len(data)
                if size >= _BATCH:
                    yield from _of_batch(batch, finder)
                    batch, size = [], 0
                continue
            seen = once_each(sights(finder, (data,)))
        else:
            seen = once_each(sights(finder, each.pieces))
        if seen:
            yield each.oid, each.kind, b"", seen
    yield from _of_batch(batch, finder)


def _of_batch(
    batch: list[tuple[str, Kind, bytes]], finder: Finder
) -> Iterator[tuple[str, Kind, bytes, list[Sight]]]:
    if not finder.hits(b"\n".join(data for _, _, data in batch)):
        return
    for oid, kind, data in batch:
        seen = once_each(sights(finder, (data,)))
        if seen:
            yield oid, kind, data, seen


def _entries(tree: bytes, length: int) -> Iterator[tuple[bytes, str]]:
    """The names in a tree, and the ids of what they name, which have so many bytes."""
    at = 0
    while at < len(tree):
        end = tree.index(b"\0", at)
        yield tree[at:end].partition(b" ")[2], tree[end + 1 : end + 1 + length].hex()
        at = end + 1 + length


def in_text(text: bytes, finder: Finder) -> Iterator[Sight]:
    """Keys in a name, which has no lines."""
    for hit in finder.hits(text):
        yield Sight(0, hit, hash(text[hit.start : hit.end].lower()))


def _traced(
    repository: Repository, found: _Found, references: dict[str, str], finder: Finder, notes: list[str]
) -> list[Place]:
    """Where each of them stands: the first commit of each path in which it was."""
    wanted = list(dict.fromkeys((*found.blobs, *found.names)))
    if len(wanted) > MOST_TRACED:
        notes.append(f"{len(wanted) - MOST_TRACED:,} more files of the history hold keys, and are not listed")
        wanted = wanted[:MOST_TRACED]
    arrivals = repository.arrivals(wanted, found.commits)
    reachable = repository.reachable()
    staged = repository.staged()
    alone = not repository.borrows()
    places: list[Place] = []
    nowhere = 0

    def add(path: str, line: int, commit: str | None, sight: Sight, standing: Standing) -> None:
        if standing == "once" and commit not in reachable:
            standing = "lost"
        if standing != "lost" or alone:
            places.append(Place(Location(finder.redacted(path), line or None, commit), sight, standing))

    for oid in wanted:
        here = arrivals.get(oid, [])
        for name, sight in found.names.get(oid, ()):
            for arrival in (each for each in here if name in each.path.split("/")):
                add(arrival.path, 0, arrival.commit, sight, "once")
        for sight in found.blobs.get(oid, ()):
            for arrival in _firsts(here, reachable):
                add(arrival.path, sight.line, arrival.commit, sight, "once")
            if not here and oid in staged:
                add(staged[oid], sight.line, None, sight, "staged")
            elif not here and oid in references:
                add(references[oid], sight.line, None, sight, "said")
            nowhere += not here and oid not in staged and oid not in references
    for kind, oid, sight in found.messages:
        known = kind == "tag" or oid in reachable
        if known or alone:
            places.append(Place(Location(f"({kind} message)", None, oid), sight, "said" if known else "lost"))
    if nowhere:
        notes.append(
            f"{nowhere:,} key{'s' if nowhere != 1 else ''} in objects that no commit has, such as files that were "
            "staged once: git gc --prune=now removes them"
        )
    if not alone:
        notes.append(
            "of other repositories, whose objects this one uses, commits without a branch were left out"
        )
    order = {commit: number for number, commit in enumerate(repository.in_order(found.commits))}
    places.sort(key=lambda place: order.get(place.location.commit or "", -1))
    return list({place.key: place for place in reversed(places)}.values())[::-1]


def _firsts(arrivals: list[Arrival], reachable: set[str]) -> list[Arrival]:
    """The first commit for each path; one that a branch or tag leads to, if there is any."""
    first: dict[str, Arrival] = {}
    for arrival in sorted(arrivals, key=lambda each: each.commit not in reachable):
        first.setdefault(arrival.path, arrival)
    return list(first.values())

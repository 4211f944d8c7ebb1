"""What is in a file, whatever it is packed in: piece by piece, in flat memory, and its keys by line.

What must never be known here: where a file comes from.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.hygiene.archives import MOST_UNPACKED, is_collection, is_packed, opened
from conformance.hygiene.source import REACH, Finder, Hit

MOST_HELD = 64 * 1024 * 1024
"""bytes of an archive whose table of contents is at its end"""
_WIDE = 0.2
"""part of zero bytes from which on text has more than one byte a character"""
_SAMPLE = 4_096
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sight:
    """A key in a file. `line`: from 1, of what was unpacked. `identity` tells one key from another, and no more."""

    line: int
    hit: Hit
    identity: int


def is_plain(data: bytes) -> bool:
    """Is there nothing to unpack, and one byte for each character?"""
    return not is_packed(data) and not _is_wide(data)


def sights(finder: Finder, pieces: Iterable[bytes]) -> Iterator[Sight]:
    """Every key in a file that comes in pieces."""
    for content in _contents(iter(pieces)):
        yield from _in_order(finder, content)


def _in_order(finder: Finder, pieces: Iterator[bytes]) -> Iterator[Sight]:
    kept, line = b"", 1
    for piece, last in _with_end(pieces):
        data = kept + piece
        until = len(data) if last else max(0, len(data) - REACH)
        yield from _seen(finder, data, line, until)
        line += data.count(b"\n", 0, until)
        kept = data[until:]


def _seen(finder: Finder, data: bytes, line: int, until: int) -> Iterator[Sight]:
    for hit in finder.hits(data):
        if hit.start < until:
            yield Sight(line + data.count(b"\n", 0, hit.start), hit, hash(data[hit.start : hit.end].lower()))
    if _is_wide(data):
        narrow = data.replace(b"\0", b"")
        for hit in finder.hits(narrow):
            identity = hash(narrow[hit.start : hit.end].lower())
            yield Sight(line + narrow.count(b"\n", 0, hit.start), hit, identity)


def _is_wide(data: bytes) -> bool:
    return b"\0" in data[:_SAMPLE] and data[:_SAMPLE].count(b"\0") > _WIDE * len(data[:_SAMPLE])


def _contents(pieces: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """The file as it is, or, where it is packed, what is in it, member by member."""
    first = next(pieces, b"")
    if is_collection(first):
        held, size = [first], len(first)
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > MOST_HELD:
                yield _chained(b"".join(held), pieces)
                return
        whole = b"".join(held)
        yield iter((whole,))  # names of members, and members that are only stored
        yield from _members(whole)
    else:
        content = _chained(first, pieces)
        yield opened(content) if is_packed(first) else content


def _members(whole: bytes) -> Iterator[Iterator[bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            size = 0
            for member in archive.infolist():
                size += member.file_size
                if size <= MOST_UNPACKED and not member.flag_bits & 1:
                    yield _member(archive, member)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(member) as content:
            while piece := content.read(_PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, lzma.LZMAError, EOFError):
        return


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _with_end(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last."""
    before = next(pieces, None)
    if before is None:
        return
    for piece in pieces:
        yield before, False
        before = piece
    yield before, True

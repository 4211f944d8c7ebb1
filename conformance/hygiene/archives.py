"""What is in a packed file, piece by piece, in flat memory: logs are rotated, and rotated ones are compressed.

What lives here: recognising packed files by their first bytes, unpacking them, and an end to those that are made to
fill a machine.
What must never be known here: where a file comes from, and what is looked for in it.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Protocol

MOST_UNPACKED = 256 * 1024 * 1024
"""bytes that come out of one file at the most"""
DEEPEST = 3
"""archives within archives that are unpacked"""
_PIECE = 1 << 18
_MEMORY = 256 * 1024 * 1024
_GZIP, _BZIP, _XZ, _ZSTD, _ZIP = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_DAMAGE = (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError)


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Gzip:
    """zlib's own, with the manners of its younger sisters."""

    def __init__(self) -> None:
        self._inflating = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflating.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflating.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflating.unused_data

    def decompress(self, data: bytes, max_length: int = _PIECE, /) -> bytes:
        return self._inflating.decompress(self._inflating.unconsumed_tail + data, max_length)


def _zstd() -> _Unpacker:
    """Raises OSError where this Python has none: before 3.14."""
    try:
        unpacker: _Unpacker = importlib.import_module("compression.zstd").ZstdDecompressor()
    except ImportError as error:
        raise OSError("zstd cannot be unpacked") from error
    return unpacker


_UNPACKERS: dict[bytes, Callable[[], _Unpacker]] = {
    _GZIP: _Gzip,
    _BZIP: bz2.BZ2Decompressor,
    _XZ: lambda: lzma.LZMADecompressor(memlimit=_MEMORY),
    _ZSTD: _zstd,
}


def is_packed(beginning: bytes) -> bool:
    """Does a file that begins like this hold others, or itself, packed?"""
    return beginning.startswith((*_UNPACKERS, _ZIP))


def is_collection(beginning: bytes) -> bool:
    """Does such a file hold others, with a table of them at its end?"""
    return beginning.startswith(_ZIP)


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """All that comes out of a packed file, names of members too, until it is damaged or too much."""
    file.seek(0)
    beginning = file.read(len(_XZ))
    file.seek(0)
    if beginning.startswith(_ZIP):
        yield from _not_too_much(_members(file))
    else:
        yield from opened(_read(file))


def opened(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same of a packed file that comes in pieces, whose table of contents, if it has one, is not at its end."""
    yield from _not_too_much(_opened(pieces, DEEPEST))


def _not_too_much(pieces: Iterable[bytes]) -> Iterator[bytes]:
    left = MOST_UNPACKED
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _read(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _opened(pieces: Iterable[bytes], deepest: int) -> Iterator[bytes]:
    """What comes in pieces, unpacked if it is packed, and again if that is."""
    pieces = iter(pieces)
    first = next(pieces, b"")
    make = next((each for magic, each in _UNPACKERS.items() if first.startswith(magic)), None)
    if make is None or not deepest:
        yield first
        yield from pieces
    else:
        yield from _opened(_inflated(make, _chained(first, pieces)), deepest - 1)


def _inflated(make: Callable[[], _Unpacker], pieces: Iterable[bytes]) -> Iterator[bytes]:
    current: _Unpacker | None = None
    for piece in pieces:
        data = piece
        while data or (current is not None and not current.needs_input):
            try:
                current = current or make()
                out = current.decompress(data, _PIECE)
            except _DAMAGE:  # it only began like one, or is cut off: what came out so far was looked at
                return
            if out:
                yield out
            data = current.unused_data.lstrip(b"\0") if current.eof else b""
            if current.eof:
                current = None  # another may follow: a log that was compressed part by part


def _members(file: BinaryIO) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                yield f"\n{member.filename}\n".encode("utf-8", "replace")
                if not member.flag_bits & 1:  # encrypted
                    with archive.open(member) as content:
                        yield from _opened(iter(lambda content=content: content.read(_PIECE), b""), DEEPEST)  # type: ignore[misc]  # a default binds the loop's variable
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *_DAMAGE):
        return


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest

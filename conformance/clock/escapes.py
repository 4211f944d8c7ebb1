"""Which programs keep real time although a library was preloaded to make them live faster, and why.

A preloaded library stands between a program and the C library. A program that has none, has another, or asks the
kernel for the time by itself does not notice it. One for musl does not even start with it. Linux only: all of this
is read from `/proc`.

What lives here: looking at running processes and at the files that they run.
What must never be known here: how the library is made (`acceleration.py`), and what becomes of a client that escapes.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PT_LOAD, _PT_INTERP, _PT_NOTE = 1, 3, 4
_WRITABLE = 2
_GO_NOTE = b"Go\0\0"
_GO_MAGIC = b"\xff Go buildinf:"
_GO_MAGIC_WITHIN = (
    1 << 16
)  # bytes from the start of the data, where linkers put it behind a few others' words
_LARGEST_PIECE = 1 << 22  # bytes; no name, note or table of an honest file is larger
_OUR_LIBRARIES = re.compile(r"/(warp-[0-9a-f]+|libfaketime(MT)?)\.so")
_LISTENING = "0A"
_STAT = 4096  # bytes; a line of numbers


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    flags: int
    offset: int
    size: int


def escape(pid: int) -> str | None:
    """Why the program that runs in this process keeps real time, in words for a report; None if it does not, and
    if the process has ended so that nothing can be said.
    """
    process = Path("/proc", str(pid))
    try:
        if (reason := escape_of_program(process / "exe")) is not None:
            return reason
        loaded = (process / "maps").read_text(errors="replace")
        asked = (process / "environ").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError as error:
        return f"a program that may not be looked at: {error.strerror}"
    if not loaded or _OUR_LIBRARIES.search(loaded):
        return None  # no memory at all: it has ended, and waits to be fetched
    if _OUR_LIBRARIES.search(asked):
        return "a program that the system preloads no library of ours into"
    return "a program that was started with its environment cleaned, so that nothing is preloaded"


def escape_of_program(path: Path) -> str | None:
    """Why this program is going to keep real time, by its file alone; None if nothing there says so, also if it is
    a script. Raises OSError when it cannot be read.
    """
    with path.open("rb") as program:
        head = program.read(64)
        if len(head) < 64 or not head.startswith(b"\x7fELF"):
            return None
        if head[4] != 2:
            return "a 32 bit program: the library that makes clients faster is a 64 bit one"
        segments = list(_segments(program, head))
        if _is_of_go(program, segments, _order(head)):
            return "a Go program: it asks the kernel for the time itself"
        interpreter = next((_read(program, each) for each in segments if each.kind == _PT_INTERP), None)
    if interpreter is None:
        return "a statically linked program: nothing can be preloaded into it"
    if b"ld-musl" in interpreter:
        return "a program for the C library musl: the library that makes clients faster is for glibc"
    return None


def _order(head: bytes) -> str:
    return ">" if head[5] == 2 else "<"


def _segments(program: BinaryIO, head: bytes) -> Iterator[_Segment]:
    order = _order(head)
    (table,) = struct.unpack_from(f"{order}Q", head, 0x20)
    each, count = struct.unpack_from(f"{order}HH", head, 0x36)
    entries = _piece(program, table, each * count)
    for start in range(0, len(entries) - 55, max(each, 56)):
        kind, flags, offset = struct.unpack_from(f"{order}IIQ", entries, start)
        (size,) = struct.unpack_from(f"{order}Q", entries, start + 0x20)
        yield _Segment(kind, flags, offset, size)


def _read(program: BinaryIO, segment: _Segment, most: int = _LARGEST_PIECE) -> bytes:
    return _piece(program, segment.offset, min(segment.size, most))


def _piece(program: BinaryIO, offset: int, size: int) -> bytes:
    """Nothing where a broken file points beyond its end."""
    if offset > os.fstat(program.fileno()).st_size:
        return b""
    program.seek(offset)
    return program.read(size)


def _is_of_go(program: BinaryIO, segments: list[_Segment], order: str) -> bool:
    """Also when it is linked with the C library: that serves its C, the clocks and waits of Go go past it."""
    for segment in segments:
        if segment.kind == _PT_NOTE and _GO_NOTE in _names(_read(program, segment), order):
            return True
        is_data = segment.kind == _PT_LOAD and segment.flags & _WRITABLE
        if is_data and _GO_MAGIC in _read(program, segment, _GO_MAGIC_WITHIN):
            return True
    return False


def _names(notes: bytes, order: str) -> Iterator[bytes]:
    """Who has left notes."""
    start = 0
    while start + 12 <= len(notes):
        name, text, _ = struct.unpack_from(f"{order}III", notes, start)
        yield notes[start + 12 : start + 12 + name]
        start += 12 + (name + 3) // 4 * 4 + (text + 3) // 4 * 4


def descendants(pid: int) -> list[int]:
    """This process and all below it, parents before their children; none if it has ended."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            # Read as plainly as can be: somebody holds a request open meanwhile, and machines have many processes.
            with suppress(OSError), open(f"/proc/{entry}/stat", "rb", buffering=0) as stat:
                told = stat.read(_STAT)
                # A program's name stands in brackets, and may hold some itself. Nothing: it has just ended.
                if b")" in told:
                    children.setdefault(int(told.rpartition(b")")[2].split()[1]), []).append(int(entry))
    found = [pid] if Path("/proc", str(pid)).exists() else []
    for parent in found:
        found.extend(sorted(children.get(parent, ())))
    return found


def owner_of_connection(pid: int, client_port: int) -> int | None:
    """The process at `pid` or below that holds the end of a TCP connection with this port of its own; None if
    there is none any more. If a parent shares it with its children, it is the parent.

    `pid` may live in a network of its own; ports are looked for in that.
    """
    sockets = {f"socket:[{inode}]" for inode in _inodes(pid, client_port)}
    if not sockets:
        return None
    for process in descendants(pid):
        with suppress(OSError):  # it has ended in the meantime, or is another user's
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with suppress(OSError):  # it has been closed in the meantime
                    if os.readlink(f"/proc/{process}/fd/{descriptor}") in sockets:
                        return process
    return None


def _inodes(pid: int, port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):  # no such process, no such protocol
            for line in Path("/proc", str(pid), "net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] != _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]

"""A report's folder as somebody handed it over: its files, read without trusting their names, kinds or sizes.

What lives here: which files a report has, what no file of it may be, how two texts differ.
What must never be known here: what the files say.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.reporting.integrity.signing import SIGNATURE
from conformance.reporting.integrity.strict_json import quoted
from conformance.reporting.quantities import counted

REPORT = "readiness.json"
ALWAYS = (REPORT, "readiness.html", "readiness.xml", "readiness.md")
SOMETIMES = ("readiness.sarif", SIGNATURE)
LARGEST = 64 * 2**20
"""bytes of one file; reports of hostile clients have a few million"""
MOST_STRANGE = 20
"""files that are named where they should not be"""
BEFORE = 30
"""characters that are shown before the first one that differs"""


@dataclass(frozen=True, slots=True)
class Received:
    """`contents`: of each file that could be read, by name. `flaws`: what is wrong with files, by name."""

    contents: Mapping[str, bytes]
    flaws: tuple[tuple[str, str], ...]


def receive(folder: Path) -> Received:
    """All that a report's folder holds. Raises OSError if there is no such folder."""
    there = sorted(os.listdir(folder))
    contents: dict[str, bytes] = {}
    flaws: list[tuple[str, str]] = []
    for name in (*ALWAYS, *SOMETIMES):
        if name not in there:
            if name in ALWAYS:
                flaws.append((name, "is missing"))
            continue
        try:
            contents[name] = _read(folder / name)
        except _NotAFile as error:
            flaws.append((name, str(error)))
        except OSError as error:
            flaws.append((name, f"cannot be read: {os.strerror(error.errno) if error.errno else error}"))
    strange = [name for name in there if name not in (*ALWAYS, *SOMETIMES)]
    flaws += [
        (name, "is no file of a report; keep what belongs to it elsewhere") for name in strange[:MOST_STRANGE]
    ]
    if len(strange) > MOST_STRANGE:
        flaws.append(("", f"{counted(len(strange) - MOST_STRANGE, 'more file')} are no files of a report"))
    return Received(contents, tuple(flaws))


def first_difference(stored: bytes, due: bytes) -> str | None:
    """Where the file is not as it should be, with both versions, fit to be shown; None if it is."""
    if stored == due:
        return None
    try:
        text = stored.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"is no UTF-8: byte {error.start:,} is none"
    ours, theirs = due.decode("utf-8").split("\n"), text.split("\n")
    for number, (right, there) in enumerate(zip(ours, theirs, strict=False), 1):
        if right != there:
            from_ = max(0, _common(right, there) - BEFORE)
            return f"line {number:,} has {_window(there, from_)}, and golive makes {_window(right, from_)}"
    if len(theirs) > len(ours):
        return f"goes on after its end: {_window(theirs[len(ours)], 0)} in line {len(ours) + 1:,}"
    return f"ends after line {len(theirs):,} of {len(ours):,}"


class _NotAFile(Exception):
    pass


def _read(path: Path) -> bytes:
    try:
        # Nothing is opened that could hang, or that is somewhere else.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _NotAFile("is a symbolic link; a report is files") from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _NotAFile("is no ordinary file")
    with os.fdopen(handle, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise _NotAFile(f"has more than {LARGEST:,} bytes; no report has")
    return content


def _common(one: str, other: str) -> int:
    return next(
        (index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
        min(len(one), len(other)),
    )


def _window(line: str, from_: int) -> str:
    return quoted(("…" if from_ else "") + line[from_:])


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else ""

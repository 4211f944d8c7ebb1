"""What a client leaves behind besides its requests: streams, log files and files of its own, scanned and read.

What lives here: which files are looked at, from where on, and how much of each stream is kept, whatever it is
and however much.
What must never be known here: what a stream is for, and what a sighting means.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path
from typing import BinaryIO

from conformance.evidence import Output, Sighting
from conformance.hygiene.archives import is_packed, unpacked
from conformance.hygiene.canary import Canary, Scanner, scanner_for
from conformance.surroundings import Surroundings

KEPT = 32_768
"""bytes kept of the beginning and of the end of each stream; all of it is scanned"""
_CHUNK = 1 << 20
_ENDING = 4_096
_MAGIC = 8
_LOG = re.compile(r"(?:^|[^a-z])logs?(?:[^a-z]|$)|\.(?:txt|out|err)(?:[^a-z]|$)", re.IGNORECASE)
"""what a file is called that is no place to keep data in"""
_STARS = re.compile(r"\*{2,}")


class Recording:
    """Takes bytes as they come. `size`: bytes so far. Memory stays flat."""

    def __init__(self, stream: str, scanner: Scanner) -> None:
        self.size = 0
        self.stream = stream
        self._scanner = scanner
        self._sightings = scanner.stream(stream)
        # A secret that lies across a cut would be too short to be found: keep more than will be shown.
        self._kept = KEPT + scanner.reach
        self._head = b""
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._sightings.feed(chunk)
        room = self._kept - len(self._head)
        if room:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk[-self._kept :]
        if len(self._tail) > 4 * self._kept:
            del self._tail[: -self._kept]

    def finish(self) -> Output:
        """The record: redacted, the middle left out where there was too much."""
        return self._output(self._sightings.finish())

    def cut(self) -> Output:
        """The record since the last cut. The stream goes on, and a key that lies across the cut is found."""
        output = self._output(self._sightings.cut())
        self.size = 0
        self._head = b""
        self._tail.clear()
        return output

    def _output(self, sightings: tuple[Sighting, ...]) -> Output:
        tail = bytes(self._tail[-self._kept :])
        missing = self.size - len(self._head) - len(tail)
        if missing:
            # Nothing of what was kept beyond KEPT is shown, so what lies across the cuts is not shown either.
            head = self._read(self._head)[:KEPT]
            text = f"{head}\n[{self.size:,} bytes in all, the middle is left out]\n{self._read(tail)[-KEPT:]}"
        else:
            text = self._read(self._head + tail)
        return Output(self.stream, text, self.size, sightings)

    def _read(self, data: bytes) -> str:
        return self._scanner.redact(data.decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class _Mark:
    """How far a file had been written, and by what it is known again: a file may be written anew instead."""

    size: int = 0
    inode: int = 0
    changed: int = 0
    ending: bytes = b""


class Traces:
    """Reads what was written since `begin`; what the client wrote while it was started belongs to the first trial.
    `output_folder` holds the streams `stdout` and `stderr`; `working`: folders in which the client may leave files,
    beside those that are its own.
    """

    def __init__(
        self,
        output_folder: Path,
        folder: Path,
        log_files: Sequence[str],
        canary: Canary,
        working: Sequence[Path] = (),
    ) -> None:
        self._streams = (output_folder / "stdout", output_folder / "stderr")
        self._folder = folder
        named = [pattern for pattern in log_files if pattern]
        self._patterns = tuple(dict.fromkeys((*named, *map(_rotated, named))))
        self._scanner = scanner_for(canary)
        self._state_dir = output_folder
        self._temporary = output_folder / "tmp"
        self._surroundings = Surroundings(working, (output_folder,))
        self._marks: dict[Path, _Mark] = {}
        self._started = False
        self._mark()

    def begin(self, state_dir: Path, *, thorough: bool = False) -> None:
        """`thorough`: the folders that the client works in are looked through as well, which takes longer."""
        if self._started:
            self._mark()
        self._started = True
        self._state_dir = state_dir
        self._marks.update((path, _marked(path)) for path in _all_below(state_dir))
        if not thorough:
            self._surroundings.forget()
        elif not self._surroundings.is_marked:
            self._surroundings.mark()

    def _mark(self) -> None:
        files = (*self._streams, *self._log_files(), *_all_below(self._temporary))
        self._marks = {path: _marked(path) for path in files}

    def collect(self) -> tuple[Output, ...]:
        """What was written to files. Those to which nothing was are left out."""
        outputs = [self._new_part(path, path.name) for path in self._streams]
        seen: set[tuple[int, int]] = set()
        for path, name, kept in self._files():
            with suppress(OSError):  # gone again
                status = path.stat()
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    outputs.append(replace(self._named(path, name), kept=kept))
        return tuple(output for output in outputs if output.size or output.sightings)

    def _files(self) -> Iterator[tuple[Path, str, bool]]:
        """Files and folders that may be the client's doing, what each is called, and may its data be kept there?"""
        for path in self._log_files():
            yield path, os.path.relpath(path, self._folder), False
        for home, name, kept in ((self._state_dir, "state", True), (self._temporary, "tmp", False)):
            for path in _all_below(home):
                yield path, f"{name}/{path.relative_to(home)}", kept
        for path in self._surroundings.news():
            name = self._surroundings.name(path)
            yield path, name, not _LOG.search(name)

    def _log_files(self) -> list[Path]:
        found = {
            self._folder / name
            for pattern in self._patterns
            for name in glob(pattern, root_dir=self._folder, recursive=True, include_hidden=True)
        }
        return sorted(path for path in found if path.is_file())

    def _named(self, path: Path, name: str) -> Output:
        """The new part of a file, or nothing of a folder, and what its name gives away if it is new."""
        shown = self._scanner.redact(name)
        output = Output(shown, "", 0) if path.is_dir() else self._new_part(path, shown)
        if path in self._marks or shown == name:
            return output
        told = self._scanner.sightings(name, f"the name of {shown}")
        return replace(output, sightings=(*(replace(each, line=None) for each in told), *output.sightings))

    def _new_part(self, path: Path, stream: str) -> Output:
        """What is new in the file since the mark, also when it has been given another name since."""
        try:
            inode = path.stat().st_ino
        except OSError:
            return Output(stream, "", 0)
        mark = self._marks.get(path)
        if mark is None or mark.inode != inode:
            mark = next((each for each in self._marks.values() if each.inode == inode), mark)
        return _scanned_file(path, stream, self._scanner, mark or _Mark())


def _rotated(pattern: str) -> str:
    """A pattern for what a log file is called once another one has taken its place."""
    folder, slash, name = pattern.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    name = f"{stem}*.{ending}*" if stem and dot else f"{name}*"
    return f"{folder}{slash}{_STARS.sub('*', name)}"


def _marked(path: Path) -> _Mark:
    try:
        if not path.is_file():  # a folder; and opening a pipe would wait for somebody to write into it
            return _Mark()
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            file.seek(max(status.st_size - _ENDING, 0))
            return _Mark(status.st_size, status.st_ino, status.st_mtime_ns, file.read(_ENDING))
    except OSError:  # not there yet, or not for us to read
        return _Mark()


def _start_of_news(file: BinaryIO, mark: _Mark) -> int:
    """The byte from which on the file is new: the mark if something was added, 0 if it was written anew."""
    status = os.fstat(file.fileno())
    if (status.st_ino, status.st_size, status.st_mtime_ns) == (mark.inode, mark.size, mark.changed):
        return mark.size
    if status.st_ino != mark.inode or status.st_size <= mark.size:
        return 0
    file.seek(mark.size - len(mark.ending))
    return mark.size if file.read(len(mark.ending)) == mark.ending else 0


def _scanned_file(path: Path, stream: str, scanner: Scanner, mark: _Mark) -> Output:
    """What is new in the file since the mark; of a packed one all that is in it, if anything is new."""
    recording = Recording(stream, scanner)
    try:
        with path.open("rb") as file:
            start = _start_of_news(file, mark)
            file.seek(0)
            if start < os.fstat(file.fileno()).st_size and is_packed(file.read(_MAGIC)):
                for piece in unpacked(file):
                    recording.feed(piece)
            file.seek(start)
            if not recording.size:
                while chunk := file.read(_CHUNK):
                    recording.feed(chunk)
            output = recording.finish()
            if start and output.sightings:
                before = _lines_before(file, start)
                counted = (replace(each, line=(each.line or 1) + before) for each in output.sightings)
                output = replace(output, sightings=tuple(counted))
            return output
    except OSError:  # gone again, a socket, or not for us to read: nothing that could be shown
        return Output(stream, "", 0)


def _lines_before(file: BinaryIO, end: int) -> int:
    file.seek(0)
    lines = 0
    while end > 0 and (chunk := file.read(min(_CHUNK, end))):
        lines += chunk.count(b"\n")
        end -= len(chunk)
    return lines


def scanned_text(text: str, stream: str, scanner: Scanner) -> Output:
    """A text as if it had come over a stream."""
    recording = Recording(stream, scanner)
    recording.feed(encoded(text))
    return recording.finish()


def encoded(text: str) -> bytes:
    """Whatever is in it, halves of surrogate pairs too."""
    return text.encode("utf-8", "surrogatepass")


def _all_below(folder: Path) -> list[Path]:
    """Files, also by links to them, and folders."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.rglob("*") if path.is_file() or (path.is_dir() and not path.is_symlink())
    )

"""The folders that a client works in: which files and folders in them are new, or not what they were.

What lives here: walking them, within bounds, and what is left out: what tools keep there, and links to other folders.
What must never be known here: what is in a file, and what it is looked for.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

MOST_ENTRIES = 20_000
"""files and folders that are looked at in all, those that lie less deep first"""
LEFT_OUT = frozenset(
    {
        *(
            ".git",
            ".hg",
            ".svn",
            ".venv",
            "venv",
            "node_modules",
            "site-packages",
            "__pycache__",
            ".tox",
            ".nox",
        ),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".idea", ".vscode", ".gradle"),
    }
)
_Look = tuple[int, int, int, int]


class Surroundings:
    """Everything in these folders, but for what lies in `others`, which somebody else looks at."""

    def __init__(self, folders: Sequence[Path], others: Sequence[Path] = ()) -> None:
        whole = [folder.resolve() for folder in folders]
        self._folders = [
            folder
            for folder in dict.fromkeys(whole)
            if not any(folder.is_relative_to(each) and folder != each for each in whole)
        ]
        self._others = frozenset(str(folder.resolve()) for folder in others)
        self._known: dict[str, _Look] | None = None

    def mark(self) -> None:
        """What is there now is not new."""
        self._known = dict(self._walk())

    def forget(self) -> None:
        """What happens from now on is not looked at."""
        self._known = None

    @property
    def is_marked(self) -> bool:
        return self._known is not None

    def news(self) -> list[Path]:
        """What is new or has changed since the mark, which is set anew; nothing without one."""
        if self._known is None:
            return []
        before, self._known = self._known, dict(self._walk())
        return [
            Path(path)
            for path, look in sorted(self._known.items())
            if before.get(path) != look and not (path in before and stat.S_ISDIR(look[0]))
        ]

    def name(self, path: Path) -> str:
        """As it is told: relative to the folder."""
        home = next((folder for folder in self._folders if path.is_relative_to(folder)), path.parent)
        return str(path.relative_to(home))

    def _walk(self) -> Iterator[tuple[str, _Look]]:
        waiting = deque(str(folder) for folder in self._folders)
        left = MOST_ENTRIES
        while waiting and left > 0:
            try:
                with os.scandir(waiting.popleft()) as entries:
                    for entry in sorted(entries, key=lambda entry: entry.name):
                        if entry.name in LEFT_OUT or entry.path in self._others:
                            continue
                        left -= 1
                        look = _look(entry)
                        if look is None:
                            continue
                        if stat.S_ISDIR(look[0]):
                            waiting.append(entry.path)
                        yield entry.path, look
                        if left <= 0:
                            return
            except OSError:  # gone again, or not for us to read
                continue


def _look(entry: os.DirEntry[str]) -> _Look | None:
    """By what a change shows; None for what is neither a file nor a folder, and for links to folders."""
    try:
        status = entry.stat()
        if stat.S_ISDIR(status.st_mode):
            if entry.is_symlink():
                return None
            return status.st_mode, 0, 0, status.st_ino
        if not stat.S_ISREG(status.st_mode):
            return None
    except OSError:
        return None
    return status.st_mode, status.st_size, status.st_ctime_ns, status.st_ino

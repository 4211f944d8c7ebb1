"""Where the folders are that lie beside the package in a checkout and inside it when it is installed.

What lives here: nothing else. What must never be known here: what is in those folders.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    inside, beside = _PACKAGE / name, _PACKAGE.parent / name
    return beside if beside.is_dir() and not inside.is_dir() else inside


CHECKS = _folder("checks")
REPORTS = _folder("reports")
EXAMPLES = _folder("examples")

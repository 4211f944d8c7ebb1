"""Where the folders are that lie beside the package in a checkout and inside it when it is installed.

What lives here: nothing else. What must never be known here: what is in those folders.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """The folder of that name: inside the package, or else beside it."""
    inside, beside = _PACKAGE / name, _PACKAGE.parent / name
    return beside if beside.is_dir() and not inside.is_dir() else inside


CHECKS = bundled("checks")
REPORTS = bundled("reports")
EXAMPLES = bundled("examples")


def demo_profile(*, bad: bool) -> Path:
    """The profile of the client that `golive demo` examines, or of the one with faults worth looking at."""
    return EXAMPLES / ("unready" if bad else "python-httpx") / "golive.yaml"

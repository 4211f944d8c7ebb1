"""Tables of results: each is printed, and kept under its heading in docs/benchmarks.md beside the machine that it
was measured on.

What lives here: the page and its sections.
What must never be known here: what is measured.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADINGS = (
    "Start-up",
    "The sandbox by itself",
    "Trials in process",
    "Client time",
    "The sandbox and its peers",
    "Whole runs",
    "Growth",
    "Secrets in output",
    "Keys in a history",
    "The page",
)
"""in the order in which they stand on the page"""
PREFACE = """# Benchmarks

Measured by `make bench`, which writes this page; `make bench ARGS=trials` writes one section of it. Machines
differ, so look at the ratios: both of their numbers come from one run.
"""


def publish(heading: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *notes: str) -> None:
    """Prints the table, and puts it on the page in place of what stood there. `notes` come below it."""
    body = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    body += [f"| {' | '.join(row)} |" for row in rows]
    text = "\n".join([machine(), "", *body, *(part for note in notes for part in ("", note))])
    print(f"\n{heading}\n\n{text}\n", flush=True)
    sections = _sections()
    sections[heading] = text
    found = [f"## {name}\n\n{sections[name]}\n" for name in HEADINGS if name in sections]
    PAGE.write_text("\n".join([PREFACE, *found]), "utf-8")


def say(text: str) -> None:
    """Progress: a line that is not kept."""
    print(f"  {text}", flush=True)


def machine() -> str:
    """What this was measured on, in a line."""
    told = [f"{os.cpu_count()} cores", f"Python {platform.python_version()}"]
    told += [f"{name} {version}" for name, version in (("Node", node()), ("Java", java())) if version]
    return (
        f"{_processor()}, {', '.join(told)}, {platform.system()}, load {os.getloadavg()[0]:.1f} at the end."
    )


def node() -> str | None:
    """The version of the Node in PATH; None if there is none."""
    return _version("node", r"v([\d.]+)")


def java() -> str | None:
    """The version of the Java in PATH; None if there is none."""
    return _version("java", r'version "([^"]+)"')


def verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def _version(program: str, pattern: str) -> str | None:
    if shutil.which(program) is None:
        return None
    flag = "-version" if program == "java" else "--version"
    told = subprocess.run([program, flag], capture_output=True, text=True, check=False)
    found = re.search(pattern, told.stdout + told.stderr)
    return found[1] if found else "of an unknown version"


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:  # not on Linux
        found = None
    return found[1] if found else platform.machine()


def _sections() -> dict[str, str]:
    if not PAGE.exists():
        return {}
    parts = PAGE.read_text("utf-8").split("\n## ")[1:]
    return {heading: text.strip() for heading, _, text in (part.partition("\n") for part in parts)}

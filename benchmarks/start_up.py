"""What golive costs before it does anything: as ratios within one run, since machines differ.

Run it with `make bench`. Prints a Markdown table.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 9
GOLIVE = str(Path(sys.executable).with_name("golive"))


def seconds(*commands: Sequence[str], cwd: Path) -> list[float]:
    """The least processor time of each command: what it costs when nothing else is in the way."""
    taken: list[list[float]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for series, command in zip(taken, commands, strict=True):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            series.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return [min(series) for series in taken]


def main() -> None:
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        pytest = [python, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
        bare, helped, without, with_plugin = seconds(
            [python, "-c", "pass"],
            [GOLIVE, "--help"],
            [*pytest, "-p", "no:golive"],
            pytest,
            cwd=folder,
        )
        began = time.perf_counter()
        subprocess.run([GOLIVE, "demo", "-o", "report"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        demo = time.perf_counter() - began
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"processor time, least of {ROUNDS}; the demo on the wall\n"
    )
    print("| what | seconds | against | ratio | goal |")
    print("|---|---|---|---|---|")
    print(f"| `golive --help` | {helped:.3f} | `python -c pass` {bare:.3f} | {helped / bare:.1f} | 0.5 s |")
    print(
        f"| `pytest --collect-only`, plugin installed but unused | {with_plugin:.3f} | "
        f"with `-p no:golive` {without:.3f} | {with_plugin / without:.2f} | 1.10 |"
    )
    print(f"| `golive demo` | {demo:.1f} | `golive --help` {helped:.3f} | {demo / helped:.0f} | 20 s |")


if __name__ == "__main__":
    main()

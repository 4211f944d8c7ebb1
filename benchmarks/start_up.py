"""What golive costs before it does anything: as ratios within one run, since machines differ.

Run it with `make bench ARGS=start_up`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from table import publish, verdict

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
    ratio, slow = with_plugin / without, 1.10
    publish(
        "Start-up",
        ("what", "seconds", "against", "ratio", "goal"),
        [
            [
                "golive --help",
                f"{helped:.3f}",
                f"python -c pass {bare:.3f}",
                f"{helped / bare:.1f}",
                f"≤ 0.5 s: {verdict(helped <= 0.5)}",
            ],
            [
                "pytest --collect-only, plugin installed but unused",
                f"{with_plugin:.3f}",
                f"with -p no:golive {without:.3f}",
                f"{ratio:.2f}",
                f"≤ {slow:.2f}: {verdict(ratio <= slow)}",
            ],
            [
                "golive demo",
                f"{demo:.1f}",
                f"golive --help {helped:.3f}",
                f"{demo / helped:.0f}",
                f"≤ 20 s: {verdict(demo <= 20)}",
            ],
        ],
        f"Processor time, the least of {ROUNDS}; the demo on the wall.",
    )


if __name__ == "__main__":
    main()

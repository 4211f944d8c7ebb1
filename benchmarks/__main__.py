"""`make bench`: every benchmark, or those that are named, each in a process of its own. About ten minutes in all."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ALL = ("start_up", "sandbox", "trials", "clocks", "peers", "whole", "unguessable", "leaks", "history", "page")


def main(names: Sequence[str]) -> int:
    """Exit status 1 if one could not be measured, 2 if there is none of a name."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or ALL:
        began = time.perf_counter()
        print(f"{name} ...", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py")]
        if subprocess.run(command, cwd=HERE.parent, check=False).returncode:
            failed.append(name)
        print(f"{name}: {time.perf_counter() - began:.0f} s\n", flush=True)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How long it takes to look for keys in a large history, against git's own patches and grep.

Run it with `make bench ARGS=history`.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from table import publish, say, verdict

from conformance.contracts import load_contract
from conformance.hygiene.canary import mint
from conformance.hygiene.leaks import search
from conformance.hygiene.source import Finder
from conformance.keys import Key

COMMITS, FILES, LINES = 1_000, 25, 150
"""commits, files changed in each, lines of each file: a quarter of a gigabyte"""


def history(key: str) -> Iterator[bytes]:
    """A repository for git fast-import; in its middle stands the key."""
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz_"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))).encode() for _ in range(5_000)]
    for commit in range(COMMITS):
        said = b"commit %d" % commit
        yield b"commit refs/heads/main\ncommitter a <a@example.com> %d +0000\n" % (1_600_000_000 + commit)
        yield b"data %d\n%s\n" % (len(said), said)
        for file in range(FILES):
            content = b"\n".join(b" ".join(rng.choices(words, k=10)) for _ in range(LINES))
            if (commit, file) == (COMMITS // 2, 7):
                content += b"\nKEY = '%s'\n" % key.encode()
            yield b"M 100644 inline d%d/f%d.py\ndata %d\n%s\n" % (commit % 40, file, len(content), content)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of processors, of this process and those that it started."""

    def spent() -> float:
        return sum(
            usage.ru_utime + usage.ru_stime
            for usage in (
                resource.getrusage(resource.RUSAGE_SELF),
                resource.getrusage(resource.RUSAGE_CHILDREN),
            )
        )

    began, before = time.perf_counter(), spent()
    work()
    return time.perf_counter() - began, spent() - before


def main() -> None:
    contract = load_contract("runa")
    rng = random.Random(2)
    buried = mint(contract, rng).key
    keys = [Key(name, mint(contract, rng, name)) for name in ("playground", "production")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        say("making the repository")
        maker = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE)
        assert maker.stdin is not None
        maker.stdin.writelines(history(buried))
        maker.stdin.close()
        maker.wait()
        subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=folder, check=True)
        size = subprocess.run(
            ["git", "cat-file", "--batch-all-objects", "--batch-check=%(objectsize)"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        total = sum(map(int, size.stdout.split())) / 1e6
        shape = contract.auth.shape.replace("(?:", "(")
        rows = []
        grep = f"git log -p --all | grep -E -c '{shape}'"
        for what, work in (
            (
                grep.replace("|", "\\|"),
                lambda: subprocess.run(grep, cwd=folder, shell=True, check=False, stdout=subprocess.DEVNULL),
            ),
            ("golive, by the shape of keys", lambda: search(folder, Finder(contract))),
            (
                "golive, and two keys of one's own in every form",
                lambda: search(folder, Finder(contract, keys)),
            ),
        ):
            say(what)
            wall, processor = measured(work)
            rows.append(
                [
                    f"`{what}`" if "grep" in what else what,
                    f"{wall:.1f}",
                    f"{processor:.1f}",
                    f"{total / processor:.0f}",
                ]
            )
        ours, theirs = float(rows[1][2]), float(rows[0][2])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    publish(
        "Keys in a history",
        ("what", "seconds", "processor seconds", "MB a processor second"),
        rows,
        f"{COMMITS:,} commits of {FILES} files, {len(size.stdout.split()):,} objects, {total:,.0f} MB in all, one key "
        f"among them. Memory: {peak:,.0f} MB at the most. By shape no slower than grep: {verdict(ours <= theirs)}. "
        "grep sees what patches show: neither messages of tags, nor what nothing leads to any more, nor merges.",
    )


if __name__ == "__main__":
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    main()

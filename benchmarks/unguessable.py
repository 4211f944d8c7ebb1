"""How often the estimate of `retries.key-unguessable` is wrong: each style of keys, many times, from samples of several
sizes. Writes the table of docs/unguessable.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median

from conformance.judge.chance import MARGIN, REQUIRED, randomness, too_guessable
from gallery.key_styles import GUESSABLE, UNGUESSABLE, Style, when

PAGE = Path(__file__).resolve().parents[1] / "docs" / "unguessable.md"
TIMES = 400
SIZES = (16, 24, 32)
BEFORE, AFTER = "<!-- measured -->", "<!-- /measured -->"


def main() -> None:
    text = "\n\n".join(
        (
            BEFORE,
            f"{TIMES:,} samples for each number; called guessable below {REQUIRED - MARGIN:g} bits.",
            table("Unguessable keys that are called guessable", UNGUESSABLE, wrong=True),
            table("Guessable keys that are not found out", GUESSABLE, wrong=False),
            AFTER,
        )
    )
    print(text)
    page = PAGE.read_text("utf-8")
    PAGE.write_text(re.sub(f"{BEFORE}.*{AFTER}", lambda _: text, page, flags=re.DOTALL), "utf-8")


def table(title: str, styles: Mapping[str, Style], *, wrong: bool) -> str:
    """One row a style: the estimate from the largest sample, and of each size how many verdicts were wrong."""
    rows = [f"| {title} | bits, as estimated | {' | '.join(f'{size} keys' for size in SIZES)} |"]
    rows.append(f"|{'---|' * (len(SIZES) + 2)}")
    for name, style in styles.items():
        estimates = {
            size: [estimate(style, size, f"{name} {time}") for time in range(TIMES)] for size in SIZES
        }
        rates = [f"{share([too_guessable(bits) is wrong for bits in estimates[size]]):.2%}" for size in SIZES]
        rows.append(f"| {name} | {median(estimates[SIZES[-1]]):.0f} | {' | '.join(rates)} |")
    return "\n".join(rows)


def estimate(style: Style, size: int, seed: str) -> float:
    chance = Random(seed)
    windows = [(when(number) - 2, when(number) + 2) for number in range(size)]
    return randomness([style(chance, number) for number in range(size)], windows)


def share(verdicts: Sequence[bool]) -> float:
    return sum(verdicts) / len(verdicts)


if __name__ == "__main__":
    main()

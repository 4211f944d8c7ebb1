"""How often the test for growing waits is wrong: `python -m benchmarks.growth [SAMPLES]`.

For each way of backing off, honest or not, the share of samples in which the answer was "grows", "does not grow" or
"stops growing" (an accusation), or "in doubt", from a few orders and from many.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping

from conformance.judge.growth import growth
from conformance.plans.limits import FEW, MANY

CAP, TOLERANCE = 20.0, 0.05
Draw = Callable[[random.Random], list[float]]


def decorrelated(rng: random.Random) -> list[float]:
    waits = [5.0]
    for _ in range(3):
        waits.append(min(60.0, rng.uniform(5, 3 * waits[-1])))
    return waits[1:]


HONEST: Mapping[str, Draw] = {
    "5, 10, 20 s": lambda rng: [5, 10, 20],
    "doubled, times 1 to 1.1": lambda rng: [5 * 2**k * rng.uniform(1, 1.1) for k in range(3)],
    "doubled, plus or minus a quarter": lambda rng: [6.7 * 2**k * rng.uniform(0.75, 1.25) for k in range(3)],
    "full jitter from 5 s to 10, 20, 40 s": lambda rng: [rng.uniform(5, 10 * 2**k) for k in range(3)],
    "the same, to 20 s at the most": lambda rng: [rng.uniform(5, min(20, 10 * 2**k)) for k in range(3)],
    "full jitter from 0 to 5, 10, 20 s, at least 5 s": lambda rng: [
        max(5, rng.uniform(0, 5 * 2**k)) for k in range(3)
    ],
    "full jitter, half as much again": lambda rng: [rng.uniform(5, 5 * 1.5**k) for k in range(1, 4)],
    "half of it jitter": lambda rng: [10 * 2**k * rng.uniform(0.5, 1) for k in range(3)],
    "decorrelated jitter": decorrelated,
    "5 s and 0 to 1, 2, 4 s": lambda rng: [5 + rng.uniform(0, 2**k) for k in range(3)],
    "5, 6, 7 s and 0 to 3 s": lambda rng: [5 + k + rng.uniform(0, 3) for k in range(3)],
    "5, 6, 7 s and 0 to 5 s": lambda rng: [5 + k + rng.uniform(0, 5) for k in range(3)],
    "a tenth more, times 1 to 1.1": lambda rng: [5 * 1.1**k * rng.uniform(1, 1.1) for k in range(3)],
    "30, 30, 30 s": lambda rng: [30, 30, 30],
    "full jitter, two waits": lambda rng: [rng.uniform(5, 10 * 2**k) for k in range(2)],
}
WRONG: Mapping[str, Draw] = {
    "5, 5, 5 s": lambda rng: [5, 5, 5],
    "5 to 6 s each time": lambda rng: [rng.uniform(5, 6) for _ in range(3)],
    "5 to 10 s each time": lambda rng: [rng.uniform(5, 10) for _ in range(3)],
    "5 to 15 s each time": lambda rng: [rng.uniform(5, 15) for _ in range(3)],
    "20, 10, 5 s": lambda rng: [20, 10, 5],
    "5, 10, 10 s, times 1 to 1.1": lambda rng: [wait * rng.uniform(1, 1.1) for wait in (5, 10, 10)],
    "10, 10, 20 s, times 1 to 1.1": lambda rng: [wait * rng.uniform(1, 1.1) for wait in (10, 10, 20)],
}


def main(samples: int) -> None:
    rng = random.Random(1)
    for name, draws in (("honest", HONEST), ("wrong", WRONG)):
        print(f"| {name} | orders | grows | accused | in doubt |\n|---|---|---|---|---|")
        for title, draw in draws.items():
            for orders in (FEW, MANY):
                seen = Counter(
                    growth([draw(rng) for _ in range(orders)], enough=CAP, tolerance=TOLERANCE)
                    for _ in range(samples)
                )
                accused = seen["does not grow"] + seen["stops growing"]
                shares = (seen["grows"], accused, seen["in doubt"])
                told = " | ".join(f"{share / samples:.4f}" for share in shares)
                print(f"| {title} | {orders} | {told} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)

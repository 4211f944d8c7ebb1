"""Do waits grow from one time to the next? A test that jitter cannot deceive. Pure numbers.

What lives here: the statistic, and what it takes to be sure of either answer.
What must never be known here: what was waited for, and what is said of a client whose waits do not grow.

Each wait of an earlier time is compared with each wait of a later one. The share of comparisons that the later one
wins is one half for waits that are drawn alike each time, whatever the jitter, and three quarters or so for every
backoff that doubles, whatever is drawn between the shortest wait and the latest. `benchmarks/growth.py` measures how
often the answer is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise, product
from math import sqrt
from typing import Literal

Answer = Literal["grows", "does not grow", "stops growing", "in doubt"]

FEWEST, MANY = 5, 20
"""rows of waits below which nothing is said, and from which on more is believed than what cannot be chance"""
NARROW = 1.25
"""many waits of which the longest is no more than this many times the shortest are meant to be the same"""
NEARLY = 0.9
"""of the wait that need not grow any further: jitter may take as much from it"""
CHANCE, UNCHANGED, GROWN, APART = 0.5, 0.68, 0.75, 0.96
"""shares of won comparisons: of waits that are drawn alike each time, of narrow ones at the most if they do not grow,
of those that grow at the least, and of those that are so far apart that a few of them show it
"""
SURE_OF_GROWTH, SURE_OF_NONE = 3.0, 3.8
"""standard deviations between a share and the other answer before it is believed"""


def growth(rows: Sequence[Sequence[float]], *, enough: float, tolerance: float) -> Answer:
    """Do the waits of these rows grow, from their first to their last? All rows are equally long, two waits or
    more, in seconds. A wait of `enough` need not grow any further; a difference of `tolerance` is none.
    """
    if len(rows) < FEWEST:
        return "in doubt"
    times = list(zip(*rows, strict=True))
    pairs = list(combinations(times, 2))
    overall = sum(share(*pair, enough, tolerance) for pair in pairs) / len(pairs)
    if all(same(*pair, enough, tolerance) for pair in pairs):
        return "does not grow"
    if len(rows) >= MANY and any(same(*pair, enough, tolerance) for pair in pairwise(times)):
        return "stops growing"
    spread = _spread(len(rows), len(times))
    least = min(share(*pair, enough, tolerance) for pair in pairwise(times))
    if overall >= min(CHANCE + SURE_OF_GROWTH * spread, 1.0) and (len(rows) >= MANY or least >= APART):
        return "grows"
    return "does not grow" if overall <= GROWN - SURE_OF_NONE * spread else "in doubt"


def share(earlier: Sequence[float], later: Sequence[float], enough: float, tolerance: float) -> float:
    """The share of comparisons that the later waits win; a draw is half a win."""
    won = sum(_won(one, other, enough, tolerance) for one, other in product(earlier, later))
    return won / (len(earlier) * len(later))


def same(earlier: Sequence[float], later: Sequence[float], enough: float, tolerance: float) -> bool:
    """Are all these waits meant to be the same, short of being long enough?"""
    shortest, longest = min(*earlier, *later), max(*earlier, *later)
    if longest >= NEARLY * enough:
        return False
    if len(earlier) < MANY:
        return longest - shortest <= tolerance
    return longest <= NARROW * shortest and share(earlier, later, enough, tolerance) <= UNCHANGED


def _won(earlier: float, later: float, enough: float, tolerance: float) -> float:
    if later >= NEARLY * enough or later > earlier + tolerance:
        return 1.0
    return 0.5 if later >= earlier - tolerance else 0.0


def _spread(rows: int, times: int) -> float:
    """Standard deviation of the share over all pairs of times, for waits that are drawn alike each time."""
    total = rows * times
    variance = (total**2 * (2 * total + 3) - times * rows**2 * (2 * rows + 3)) / 72
    return sqrt(variance) / (rows**2 * times * (times - 1) / 2)

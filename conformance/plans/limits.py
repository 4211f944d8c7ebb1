"""Rate limits: rows of 429s, limits that say how long they last, and bursts beyond what is admitted.

What lives here: trials that only the checks about rate limits ask for, and how large they are.
What must never be known here: what a client should do about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import RateLimit
from conformance.planning import singles, trial
from conformance.plans import Floor, in_progress

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

IN_A_ROW = 3
"""429s that one order meets: as many as it can meet on the real clock too"""
FEW, MANY = 5, 36
"""orders by which waits that hardly vary are known, and those that vary much"""
ADMITTED, AT_ONCE = 8, 10
"""orders of a burst that the limiter admits in its window, and orders that there are: a quarter more"""
TOGETHER = 8
"""orders that are limited at the same time"""
SOON, LONGEST = 10.0, 600.0
"""seconds that a limited client is asked to wait, and those that it is asked for at the most"""


def rows(contract: Contract) -> Floor:
    """Orders in turn, each of which is limited several times in a row."""
    return {"several 429s in a row": (trial(contract, *((RateLimit(),) * IN_A_ROW,) * FEW),)}


def many_rows(contract: Contract) -> Floor:
    """The same for many orders at once, where a few of them told nothing; twice, lest chance decide."""
    return {
        "several 429s in a row": tuple(
            trial(contract, *((RateLimit(),) * IN_A_ROW,) * orders, concurrent=True)
            for orders in (MANY, MANY + 1)
        )
    }


def longer_rows(contract: Contract) -> SearchStrategy[Trial]:
    """Orders in turn, with rows of any length."""
    from hypothesis import strategies as st

    return st.builds(
        lambda orders, limits: trial(contract, *((RateLimit(),) * limits,) * orders),
        st.integers(FEW, 2 * FEW),
        st.integers(2, 6),
    )


def during_the_wait_of_another(contract: Contract) -> tuple[Trial, ...]:
    """Two orders at once, the second of which is limited while the first waits: each has a wait of its own."""
    return tuple(
        trial(contract, (RateLimit(),), (fault, RateLimit()), concurrent=True)
        for fault in in_progress(contract)
        if fault.form == "400"
    )


def asked_waits(contract: Contract) -> Floor:
    """Limits that say how long they last, in either form, from nothing to ten minutes."""
    return {
        "seconds": singles(
            contract, *(RateLimit(retry_after="seconds", delay=delay) for delay in (0.0, SOON, LONGEST))
        ),
        "a date": singles(
            contract, *(RateLimit(retry_after="date", delay=delay) for delay in (0.0, SOON, LONGEST))
        ),
    }


def any_asked_wait(contract: Contract) -> SearchStrategy[Trial]:
    from hypothesis import strategies as st

    limit = st.builds(
        lambda form, delay: RateLimit(retry_after=form, delay=delay),
        st.sampled_from(("seconds", "date")),
        st.integers(0, int(LONGEST)).map(float),
    )
    return st.lists(limit, min_size=1, max_size=2).map(lambda faults: trial(contract, tuple(faults)))


def burst(contract: Contract) -> Floor:
    """More orders at once than the limiter admits in its window."""
    return {"a burst": (trial(contract, *((),) * AT_ONCE, concurrent=True, limit=ADMITTED),)}


def limited_together(contract: Contract) -> Floor:
    """Orders at once that are all limited when they first come."""
    return {"orders limited together": (trial(contract, *((RateLimit(),),) * TOGETHER, concurrent=True),)}

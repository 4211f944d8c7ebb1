"""Orders that take their time: soon completed, failed, or never done.

What lives here: trials that only the checks about asynchronous orders ask for.
What must never be known here: what a client should make of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import Processing
from conformance.planning import trial
from conformance.plans import Floor

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

SOON, NEVER = 30.0, 31_536_000.0
"""client seconds until an order is done: some polls, and longer than anybody waits"""
SHORT = 5.0
"""client seconds until an order has failed"""


def taking_their_time(contract: Contract) -> Floor:
    return {"an order that takes its time": (_one_and_two(contract, Processing(seconds=SOON)),)}


def never_done(contract: Contract) -> Floor:
    """What takes its time, and what is never done: nobody asks again for that one."""
    never = Processing(seconds=NEVER)
    return {
        **taking_their_time(contract),
        "an order that is never done": (
            trial(contract, (never,), once=True),
            trial(contract, (), (never,), once=True, items=(1, 2)),
        ),
    }


def failed(contract: Contract) -> Floor:
    """Failed by the first look, and a while later."""
    return {
        "an order that failed": tuple(
            _one_and_two(contract, Processing(seconds=seconds, ends="failed")) for seconds in (0.0, SHORT)
        )
    }


def any_course(contract: Contract) -> SearchStrategy[Trial]:
    """Orders that are completed, or have failed, after up to two minutes."""
    from hypothesis import strategies as st

    course = st.builds(
        lambda seconds, ends: Processing(seconds=seconds, ends=ends),
        st.integers(0, 120).map(float),
        st.sampled_from(("completed", "failed")),
    )
    return st.lists(course, min_size=1, max_size=3).map(
        lambda courses: trial(contract, *((course,) for course in courses))
    )


def _one_and_two(contract: Contract, fault: Processing) -> Trial:
    """An order of one item and then one of two: some clients choose the mode by their number."""
    return trial(contract, (fault,), (fault,), items=(1, 2))

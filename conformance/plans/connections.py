"""Answers that may still be on their way down a connection when the next order is sent on it.

What lives here: trials of several orders, some of whose answers come late, in pieces, or twice.
What must never be known here: what a client should do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import plans
from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import Fault, InProgress, RateLimit, Slow, Truncate
from conformance.planning import trial

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

INTERIM = (4.0, 8.0, 20.0)
"""seconds from an interim answer to the final one: longer than clients pause before they ask again, shorter than
they then wait"""
LATE = (3.0, 12.0, 35.0, 65.0, 125.0)
"""seconds for an answer, each longer than a time-out that is usual"""
_AFTERWARDS = Slow(seconds=3)
"""what the retry meets, so that its own answer is still to come when the order is done with"""


def left_over(contract: Contract) -> plans.Floor:
    """After each disturbed order comes one that is served well."""
    forms = tuple(fault for fault in plans.in_progress(contract) if fault.form.startswith("102"))
    interim = tuple((_interim(seconds), _AFTERWARDS) for seconds in INTERIM)
    refused = (plans.final(contract)[0],)
    second = (Slow(seconds=1),)
    return {
        "an interim answer": (
            _in_turn(contract, *((fault,) for fault in forms)),
            _in_turn(contract, *interim),
            trial(contract, interim[1], plans.transient(contract)[:1], second, concurrent=True),
        ),
        "a late answer": (_in_turn(contract, *((Slow(seconds=seconds),) for seconds in LATE)),),
        "an answer that breaks off": (
            _in_turn(contract, (Truncate(),), (Truncate(),)),
            trial(contract, (Truncate(),), (), (Truncate(),), concurrent=True),
        ),
        "answers to orders at once": (
            trial(contract, *[second] * 3, concurrent=True),
            trial(contract, second, refused, second, concurrent=True),
        ),
    }


def _interim(seconds: float) -> Fault:
    return InProgress(form="102-then-final", seconds=seconds)


def _in_turn(contract: Contract, *schedules: tuple[Fault, ...]) -> Trial:
    return trial(contract, *(each for schedule in schedules for each in (schedule, ())))


def replayed(contract: Contract) -> SearchStrategy[Trial]:
    """An answer that was stored and lost, after up to two faults after which nothing is booked or stored."""
    from hypothesis import strategies as st

    before = st.lists(st.sampled_from((*plans.transient(contract), RateLimit())), max_size=2).map(tuple)
    stored = tuple(fault.model_copy(update={"cached": True, "lost": True}) for fault in plans.final(contract))
    return st.builds(
        lambda first, fault: trial(contract, (*first, fault)),
        before,
        st.sampled_from((*plans.lost(contract), *stored)),
    )


def late_and_interim(contract: Contract) -> SearchStrategy[Trial]:
    """Two to four orders, in turn or at once, some of whose answers come late, in two parts or broken off."""
    from hypothesis import strategies as st

    kinds = st.one_of(
        st.sampled_from(INTERIM).map(_interim),
        st.sampled_from(LATE).map(lambda seconds: Slow(seconds=seconds)),
        st.just(Truncate()),
        st.sampled_from(plans.lost(contract)),
    )
    schedule = st.one_of(
        st.just(()),
        kinds.map(lambda fault: (fault,)),
        kinds.map(lambda fault: (fault, _AFTERWARDS)),
    )
    return st.builds(
        lambda each, concurrent: trial(contract, *each, concurrent=concurrent),
        st.lists(schedule, min_size=2, max_size=4),
        st.booleans(),
    )

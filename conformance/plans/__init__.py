"""What goes wrong, by its meaning: families of faults, the floors made of them, and strategies over them.

What lives here: which faults belong together and in which order they are worth trying.
What must never be known here: what a client should do about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING

from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import (
    Close,
    Empty,
    Error,
    ExtraFields,
    Fault,
    Garbage,
    Hang,
    Html,
    InProgress,
    RateLimit,
    Redirect,
    Reordered,
    Reset,
    Schedule,
    Slow,
    Truncate,
)
from conformance.planning import sequences, singles, trial

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Floor = Mapping[str, tuple[Trial, ...]]
RARELY = 9
"""trials without a restart of the client for each one with it"""
LONGEST = 8
"""faults that one order meets at the most"""


def lost(contract: Contract) -> tuple[Fault, ...]:
    """The order was booked and the client was not told."""
    lies = tuple(Error(type=entry.type, booked=True) for entry in contract.types_of_class("transient"))
    unreadable = (Truncate(), Empty(when="after"))
    return (Reset(when="after"), Close(when="after"), Hang(when="after"), *unreadable, *lies)


def dropped(contract: Contract) -> tuple[Fault, ...]:
    """The order was not booked, and the client was told nothing that it can read."""
    return (Reset(when="before"), Close(when="before"), Hang(when="before"), Html(), Empty(), Garbage())


def transient(contract: Contract) -> tuple[Fault, ...]:
    return tuple(Error(type=entry.type) for entry in contract.types_of_class("transient"))


def final(contract: Contract) -> tuple[Error, ...]:
    """Each final error on each of its statuses."""
    return tuple(
        Error(type=entry.type, status=status)
        for entry in contract.types_of_class("final")
        for status in entry.statuses
    )


def version_errors(contract: Contract) -> tuple[Error, ...]:
    """What is answered to a version that was removed, or that there never was."""
    situations = contract.errors.situations
    types = {situations[name] for name in ("removed-version", "unknown-version") if name in situations}
    return tuple(error for error in final(contract) if error.type in types)


def other_version(contract: Contract) -> str:
    """A version that nobody asks for any more."""
    versions = contract.versions
    return versions.removed[0] if versions.removed else f"not-{versions.current}"


def mismatch(contract: Contract) -> Error:
    return Error(type=contract.idempotency.mismatch_type)


def in_progress(contract: Contract) -> tuple[InProgress, ...]:
    return tuple(InProgress(form=answer.form) for answer in contract.idempotency.in_progress)


def recoverable(contract: Contract) -> tuple[Fault, ...]:
    """Everything after which a careful client still ends up with its one order."""
    return (
        *lost(contract),
        *dropped(contract),
        *transient(contract),
        RateLimit(),
        *in_progress(contract),
        Slow(seconds=3),
        ExtraFields(),
        Reordered(),
    )


def undisturbed(contract: Contract) -> tuple[Trial, ...]:
    return (trial(contract, ()),)


def retried(contract: Contract) -> Floor:
    """Everything after which an order has to be sent again, one by one and then several in a row."""
    first_lost, first_transient = lost(contract)[0], transient(contract)[0]
    return {
        "a response that never came": singles(contract, *lost(contract), *dropped(contract)),
        "a transient error": singles(contract, *transient(contract)),
        "a rate limit": singles(contract, RateLimit()),
        "an answer that the original is in progress": singles(
            contract, *(fault for fault in in_progress(contract) if fault.form == "400")
        ),
        "several faults in a row": sequences(
            contract,
            *product((first_lost, RateLimit(), first_transient), repeat=2),
            (first_lost, RateLimit(), InProgress(form="400")),
            (RateLimit(), RateLimit(), first_transient, first_lost),
            (Hang(when="after"), first_transient, Truncate()),
            (first_transient, first_lost) * (LONGEST // 2),
        ),
    }


def kinds(contract: Contract) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """One fault of each kind that a client can tell from the others: those that lose an answer, and the rest."""
    losses = (Reset(when="after"), Hang(when="after"), Truncate())
    lies = tuple(Error(type=entry.type, booked=True) for entry in contract.types_of_class("transient"))
    told = tuple(fault for fault in in_progress(contract) if fault.form in ("102-bare", "400"))
    return (*losses, *lies[:1]), (Reset(when="before"), Html(), transient(contract)[0], RateLimit(), *told)


def pairs_with_loss(contract: Contract) -> Iterator[tuple[Fault, Fault]]:
    """Each pair of kinds, in both orders, of which at least one loses an answer."""
    losses, others = kinds(contract)
    yield from product(losses, (*losses, *others))
    yield from product(others, losses)


def lost_responses(contract: Contract) -> Floor:
    """Each way to lose an answer to an order that was booked, alone and after or before another fault."""
    first_lost = lost(contract)[0]
    return {
        "a lost response": singles(contract, *lost(contract)),
        "a lost response before or after another fault": sequences(contract, *pairs_with_loss(contract)),
        "a lost response among other faults": sequences(
            contract,
            (*lost(contract)[:3],),
            (first_lost, transient(contract)[0]) * (LONGEST // 2),
            (first_lost, RateLimit(), InProgress(form="400")),
        ),
    }


def schedules(contract: Contract, *, longest: int = LONGEST) -> SearchStrategy[tuple[Fault, ...]]:
    """Schedules of up to `longest` faults that a careful client gets past; they shrink to few and simple ones."""
    from hypothesis import strategies as st

    return st.lists(st.sampled_from(recoverable(contract)), min_size=1, max_size=longest).map(tuple)


def interrupted(contract: Contract) -> SearchStrategy[Trial]:
    """One order, or a few at once or in turn, each with a schedule of its own; now and then the client is restarted
    between them, rarely, since that costs a process.
    """
    from hypothesis import strategies as st

    several = st.builds(
        lambda each, concurrent: trial(contract, *each, concurrent=concurrent and len(each) > 1),
        st.lists(schedules(contract), min_size=1, max_size=3),
        st.booleans(),
    )
    restarted = st.lists(schedules(contract, longest=3), min_size=2, max_size=2).map(
        lambda each: trial(contract, *each, restart=True)
    )
    return st.integers(0, RARELY).flatmap(lambda chance: restarted if chance == RARELY else several)


def interrupted_pairs(contract: Contract) -> SearchStrategy[Trial]:
    """Two or three orders, in turn or at once, each with a short schedule of its own, which may end in its being
    refused.
    """
    from hypothesis import strategies as st

    end = st.one_of(st.just(()), st.sampled_from([(error,) for error in final(contract)]))
    each = st.builds(lambda faults, last: (*faults, *last), schedules(contract, longest=3), end)
    return st.builds(
        lambda several, concurrent: trial(contract, *several, concurrent=concurrent),
        st.lists(each, min_size=2, max_size=3),
        st.booleans(),
    )


def lost_once(contract: Contract) -> SearchStrategy[Trial]:
    """A lost answer somewhere among up to three other faults."""
    from hypothesis import strategies as st

    others = st.lists(st.sampled_from(recoverable(contract)), max_size=2).map(tuple)
    return st.builds(
        lambda before, loss, after: trial(contract, (*before, loss, *after)),
        others,
        st.sampled_from(lost(contract)),
        others,
    )


def busy_original(contract: Contract) -> SearchStrategy[Trial]:
    """An original in progress for a while, perhaps after another fault."""
    from hypothesis import strategies as st

    busy = st.builds(
        lambda fault, times: fault.model_copy(update={"times": times}),
        st.sampled_from(in_progress(contract)),
        st.integers(1, 3),
    )
    before = st.lists(st.sampled_from((*lost(contract), *transient(contract), RateLimit())), max_size=2)
    return st.builds(lambda first, fault: trial(contract, (*first, fault)), before, busy)


def ending_in_mismatch(contract: Contract) -> SearchStrategy[Trial]:
    from hypothesis import strategies as st

    before = st.lists(st.sampled_from(recoverable(contract)), max_size=3)
    return st.builds(lambda first: trial(contract, (*first, mismatch(contract))), before)


def ending_in_final_error(contract: Contract) -> SearchStrategy[Trial]:
    """A final error, alone or after rate limits, which book nothing."""
    from hypothesis import strategies as st

    return st.builds(
        lambda limits, cached, error: trial(
            contract, (*(RateLimit(),) * limits, error.model_copy(update={"cached": cached}))
        ),
        st.integers(0, 2),
        st.booleans(),
        st.sampled_from(final(contract)),
    )


def transient_spells(contract: Contract) -> SearchStrategy[Trial]:
    from hypothesis import strategies as st

    spell = st.lists(st.sampled_from(transient(contract)), min_size=1, max_size=LONGEST)
    return spell.map(lambda faults: trial(contract, tuple(faults)))


def before_a_limit(contract: Contract) -> tuple[Fault, ...]:
    """After each of these a client retries by rules of its own, which a 429 has to overrule."""
    told_to_wait = tuple(fault for fault in in_progress(contract) if fault.form == "400")
    return (*transient(contract), *lost(contract), *told_to_wait)


def limited(contract: Contract) -> SearchStrategy[Trial]:
    """Rate limits without `Retry-After`, among everything after which a client is in another frame of mind."""
    from hypothesis import strategies as st

    other = st.sampled_from(before_a_limit(contract))
    spell = st.lists(st.one_of(st.just(RateLimit()), other), max_size=3)
    return spell.map(lambda faults: trial(contract, (RateLimit(), *faults)))


def anything(contract: Contract) -> SearchStrategy[Trial]:
    """Any faults at all, before or after another order, those that end an order last: an API that has given a
    final answer does not go on.
    """
    from hypothesis import strategies as st

    ends = st.sampled_from(
        ((), *((fault,) for fault in (*final(contract), mismatch(contract), *redirects())))
    )
    return st.builds(
        lambda first, last, place, concurrent: trial(
            contract, *(((*first, *last), ())[:: 1 if place else -1]), concurrent=concurrent
        ),
        schedules(contract, longest=4),
        ends,
        st.booleans(),
        st.booleans(),
    )


def redirects() -> tuple[Fault, ...]:
    return (Redirect(to="other-host"), Redirect(to="plain-http", status=302))


def talkative(contract: Contract, *faults: Fault, recipients: bool = False) -> tuple[Trial, ...]:
    """One trial for each fault, or an undisturbed one, with every logger talking; `recipients`: for somebody."""
    schedules: list[Schedule] = [(fault,) for fault in faults] or [()]
    return tuple(trial(contract, schedule, verbose=True, recipients=recipients) for schedule in schedules)


def talkative_spells(contract: Contract) -> SearchStrategy[Trial]:
    return schedules(contract, longest=3).map(lambda faults: trial(contract, faults, verbose=True))


def talkative_spells_for_somebody(contract: Contract) -> SearchStrategy[Trial]:
    return schedules(contract, longest=3).map(
        lambda faults: trial(contract, faults, verbose=True, recipients=True)
    )

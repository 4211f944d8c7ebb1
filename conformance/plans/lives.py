"""Lives of a client, and of its calls: killed and started again, called twice, come back to late, never answered.

What lives here: which faults such a trial needs, and in which order they are worth trying.
What must never be known here: what a client should do about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import bounds
from conformance.contract import Contract
from conformance.evidence import Trial
from conformance.faults import Drip, Error, Fault, Garbage, Hang, Html, Kill, RateLimit, Reset, Slow, Truncate
from conformance.planning import sequences, singles, trial
from conformance.plans import Floor, final, in_progress, lost, recoverable, retried, schedules, transient

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

A_DAY = 86_400.0
AT_ONCE = 5
"""orders that are handed over twice at once: what comes to pass rarely should within a few of them"""


def killed(contract: Contract) -> Floor:
    """By SIGKILL at each point that the sandbox can tell from the others, with and without an attempt before."""
    error = transient(contract)[0]
    return {
        "killed before the order was booked": singles(contract, Kill(when="before")),
        "killed after the order was booked": singles(contract, Kill(when="after")),
        "killed between two attempts": sequences(
            contract,
            (_told(contract),),
            (error, Kill(when="before")),
            (error, Kill(when="after")),
        ),
    }


def _told(contract: Contract) -> Kill:
    return Kill(when="answered", type=contract.types_of_class("transient")[0].type)


def retried_in_another_life(contract: Contract) -> Floor:
    """Everything after which an order has to be sent again, the death of the client too: a body that was not stored is
    written anew.
    """
    floor = retried(contract)
    never_came = next(iter(floor))
    return {**floor, never_came: (*floor[never_came], *singles(contract, Kill(when="after")))}


def killed_somewhere(contract: Contract) -> SearchStrategy[Trial]:
    """A death among other faults, in one order or in two at once or in turn."""
    from hypothesis import strategies as st

    deaths: tuple[Fault, ...] = (
        Kill(when="before"),
        Kill(when="after"),
        Kill(when="answered"),
        _told(contract),
    )
    other = st.lists(st.sampled_from(recoverable(contract)), max_size=1).map(tuple)
    one = st.builds(
        lambda before, death, after: (*before, death, *after), other, st.sampled_from(deaths), other
    )
    return st.builds(
        lambda first, others, concurrent: trial(
            contract, first, *others, concurrent=concurrent and bool(others)
        ),
        one,
        st.lists(other, max_size=1),
        st.booleans(),
    )


def submitted_twice(contract: Contract) -> Floor:
    """Each order handed over twice at once: undisturbed, while the first answer is on its way, while attempts fail."""
    return {
        "undisturbed": (trial(contract, *[()] * AT_ONCE, concurrent=True, twice=True),),
        "while the answer is on its way": (trial(contract, (Slow(seconds=3),), twice=True),),
        "while attempts fail": tuple(
            trial(contract, (fault,), twice=True) for fault in (Reset(when="after"), transient(contract)[0])
        ),
    }


def submitted_twice_somewhere(contract: Contract) -> SearchStrategy[Trial]:
    from hypothesis import strategies as st

    each = st.lists(schedules(contract, longest=2), min_size=1, max_size=2)
    return each.map(lambda several: trial(contract, *several, concurrent=len(several) > 1, twice=True))


def corrected(contract: Contract) -> Floor:
    """An order that the API refused for good, and remembers so, then its corrected form: for each reason under its own
    reference, since a client may keep the key for one reason alone, and for two of them under another as well.
    """
    refusals = [error.model_copy(update={"cached": True}) for error in final(contract)]
    return {
        "a corrected order": tuple(
            trial(contract, (refusal,), (), corrected=same)
            for same, reasons in ((True, refusals), (False, (refusals[0], refusals[-1])))
            for refusal in reasons
        )
    }


def corrected_somehow(contract: Contract) -> SearchStrategy[Trial]:
    """Any refusal, remembered or not, alone or after a rate limit."""
    from hypothesis import strategies as st

    return st.builds(
        lambda error, cached, limits, same, after: trial(
            contract,
            (*(RateLimit(),) * limits, error.model_copy(update={"cached": cached})),
            after,
            corrected=same,
        ),
        st.sampled_from(final(contract)),
        st.booleans(),
        st.integers(0, 1),
        st.booleans(),
        st.sampled_from(((), (Reset(when="after"),))),
    )


def taken_up_late(contract: Contract) -> Floor:
    """An order left unknown, and asked for again when the API has forgotten its key: it was booked, or it was not."""
    later = contract.idempotency.window + A_DAY
    return {
        "an order left unknown for longer than its key is kept": tuple(
            trial(contract, (fault,), endless=True, later=later)
            for fault in (lost(contract)[0], transient(contract)[0])
        )
    }


def without_end(contract: Contract) -> Floor:
    """Each kind of fault, for as long as one call goes on."""
    kinds: dict[str, tuple[Fault, ...]] = {
        "connections that break for ever": (Reset(when="before"),),
        "a server that never answers": (Hang(when="before"),),
        "answers that nobody can read": (Html(), Garbage(), Truncate()),
        "server errors": transient(contract),
        "rate limits": (RateLimit(),),
        "an original that stays in progress": tuple(
            fault for fault in in_progress(contract) if fault.form != "102-then-final"
        ),
    }
    floor = {
        aspect: tuple(trial(contract, (fault,), endless=True, once=True) for fault in faults)
        for aspect, faults in kinds.items()
    }
    # One after the other, for a client that counts anew whenever something else goes wrong.
    by_turns = (Reset(when="before"), transient(contract)[0], RateLimit()) * (bounds.ATTEMPTS // 3 + 1)
    floor["server errors"] += (trial(contract, by_turns, once=True),)
    return floor


def at_last_without_end(contract: Contract) -> SearchStrategy[Trial]:
    """Some faults, the last of which never ends."""
    from hypothesis import strategies as st

    remembered: tuple[Fault, ...] = tuple(
        Error(type=entry.type, cached=True) for entry in contract.types_of_class("transient")
    )
    kinds = [
        faults for trials in without_end(contract).values() for faults in (trials[0].orders[0].schedule,)
    ]
    last = st.sampled_from((*(fault for faults in kinds for fault in faults), *remembered))
    return st.builds(
        lambda before, fault: trial(contract, (*before, fault), endless=True, once=True),
        st.lists(st.sampled_from(recoverable(contract)), max_size=2),
        last,
    )


def unanswered(contract: Contract) -> Floor:
    """A server that takes the request and never says a word, whether it did what was asked or not."""
    return {
        "a server that never answers": (
            *singles(contract, Hang(when="before"), Hang(when="after")),
            # A retry may go another way than the first attempt.
            *sequences(contract, (transient(contract)[0], Hang(when="before"))),
            # Tells something, decides nothing, and takes long: for the clock that can let time pass.
            trial(contract, (Drip(),), later=900.0),
        ),
    }

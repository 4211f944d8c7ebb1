"""Where a request may end up: before a server with any certificate, or where a redirect leads.

What lives here: each kind of certificate; redirects, and how the way there is written.

What must never be known here: what a client should do about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from conformance.contract import Contract
from conformance.evidence import Certificate, Trial
from conformance.faults import Redirect
from conformance.planning import trial
from conformance.plans import Floor, lost, transient

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Goal: TypeAlias = Literal["other-host", "other-port", "plain-http"]
Status: TypeAlias = Literal[301, 302, 303, 307, 308]
# Those that a client may remember come last: it might not ask the API again.
STATUSES: Final[tuple[Status, ...]] = (302, 303, 307, 301, 308)


_CERTIFICATES: Final[Mapping[str, Certificate]] = {
    "a good certificate": "good",
    "one that is self-signed": "self-signed",
    "one from an unknown authority": "unknown-ca",
    "one that has expired": "expired",
    "one that is not valid yet": "not-yet-valid",
    "one for another host": "wrong-host",
}


def shown_certificates(contract: Contract) -> Floor:
    """One order before each kind of certificate, and one before and after a change. Nobody asks again: a client that is
    refused has said so.
    """
    constant = {
        aspect: (trial(contract, (), once=True, certificate=kind),) for aspect, kind in _CERTIFICATES.items()
    }
    changing = trial(contract, (), (), once=True, certificate="good", swapped="self-signed")
    return {**constant, "a bad one after a good one": (changing,)}


def redirected(contract: Contract) -> Floor:
    """Each status to each place, one order each."""

    def towards(to: Goal, hops: int = 0, *more: Redirect) -> tuple[Trial, ...]:
        each = [*more, *(Redirect(to=to, status=status, hops=hops) for status in STATUSES)]
        certificate: Certificate | None = "good" if to == "plain-http" else None
        return (trial(contract, *((fault,) for fault in each), once=True, certificate=certificate),)

    return {
        "another host": towards("other-host", 0, Redirect(written="without-scheme")),
        "another port": towards("other-port", 0, Redirect(to="other-port", written="behind-user-name")),
        "plain http": towards("plain-http"),
        "another host, after a redirect within the API": towards("other-host", hops=1),
        "another host, for what is asked beside orders": (_beside_orders(contract),),
    }


def _beside_orders(contract: Contract) -> Trial:
    """An order that may take its time, and one whose answer is lost: reasons to ask how it stands with them."""
    diverted = Redirect(of="others", status=302)
    return trial(contract, (diverted,), (lost(contract)[0],), later=5.0)


def redirected_somewhere(contract: Contract) -> SearchStrategy[Trial]:
    """A redirect, however it is written, alone or after other faults, perhaps over TLS, perhaps of several orders."""
    from hypothesis import strategies as st

    def planned(secure: bool) -> SearchStrategy[Trial]:
        goals: tuple[Goal, ...] = (
            ("other-host", "other-port", "plain-http") if secure else ("other-host", "other-port")
        )
        redirect = st.builds(
            Redirect,
            to=st.sampled_from(goals),
            status=st.sampled_from(STATUSES),
            written=st.sampled_from(("plainly", "without-scheme", "behind-user-name")),
            hops=st.integers(0, 2),
        )
        before = st.lists(st.sampled_from((lost(contract)[0], *transient(contract))), max_size=2)
        schedule = st.builds(lambda faults, last: (*faults, last), before, redirect)
        return st.lists(schedule, min_size=1, max_size=3).map(
            lambda each: trial(contract, *each, certificate="good" if secure else None)
        )

    return st.booleans().flatmap(planned)

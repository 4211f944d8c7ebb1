"""How long a client has to wait after an answer: the one place that says it, for judges and for all that is told of
waits.

What must never be known here: how long anybody waited, and which check is asking.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.contract import Contract
from conformance.evidence import Exchange
from conformance.faults import RateLimit

DATED = 1.0
"""seconds that a date may be missed by: it has no fractions of them"""


@dataclass(frozen=True, slots=True)
class Demand:
    """`seconds`: client seconds that are asked for before the next attempt, more than 0. `leeway`: by how much a wait
    may fall short of them through rounding and clocks.
    """

    seconds: float
    leeway: float

    @property
    def least(self) -> float:
        """The shortest wait that is none too short, in client seconds."""
        return max(self.seconds - self.leeway, 0.0)


def demand(attempt: Exchange, contract: Contract) -> Demand | None:
    """What is asked of the client's own wait after this attempt; None where nothing is, as after most answers.

    A rate limit asks for what it says itself, or for the contract's wait; an original that is in progress for the
    contract's pause, where a client can read that it is. Of waits after server errors the contract speaks by their
    median alone.
    """
    limit = contract.rate_limit
    asked: float | None = None
    leeway = limit.tolerance
    if attempt.answer == "rate-limited":
        asked = limit.wait if attempt.retry_after is None else attempt.retry_after
        leeway += DATED if is_dated(attempt) else 0.0
    elif attempt.answer == "in-progress" and attempt.interim_status is None:
        asked = contract.idempotency.pause
    return Demand(asked, leeway) if asked else None


def is_dated(attempt: Exchange) -> bool:
    """Was the client told until when to wait, rather than for how long?"""
    return isinstance(attempt.fault, RateLimit) and attempt.fault.retry_after == "date"

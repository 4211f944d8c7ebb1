"""What a trial knows of the real endpoint behind its sandbox.

What lives here: what that was sent in this trial, and whether it did something that nobody may be judged by.
What must never be known here: what was answered, and what becomes of it.
"""

from __future__ import annotations

from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from conformance.sandbox.courtesy import Trouble
from conformance.sandbox.upstream import Answered, Upstream


@dataclass(slots=True)
class Beyond:
    """`reserved`: orders that it may be sent, which somebody has waited for. `first_sent`: by idempotency key, when it
    was first sent an order under it, in seconds of the trial. `answered_here`: keys of which it is never to hear.
    `under_way`: what it was sent. `disturbed`: why nobody is to judge what comes of the trial.
    """

    upstream: Upstream
    reserved: int = 0
    first_sent: dict[str, float] = field(default_factory=dict)
    answered_here: set[str] = field(default_factory=set)
    under_way: set[Future[Answered]] = field(default_factory=set)
    disturbed: str | None = None

    def disturb(self, trouble: Trouble) -> None:
        if self.disturbed is None:
            self.disturbed = trouble.reason
            self.upstream.manners.went_wrong(trouble)

    def count(self) -> None:
        """An order is sent; one that nobody has waited for counts on its own."""
        if self.reserved:
            self.reserved -= 1
        else:
            self.upstream.manners.sent()

    def hear_out(self) -> None:
        """Until everything is answered, so that nothing is booked behind our back."""
        while left := [each for each in tuple(self.under_way) if not each.done()]:
            wait(left)

"""What a client believes came of an order: the one record that the client's own process needs as well.

What lives here: that record. Such a process is started over and over, so nothing heavy is imported here.
What must never be known here: how the client said it (`drivers/outcome.py`), and whether it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutcomeKind = Literal["created", "rejected", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client believes happened."""

    kind: OutcomeKind
    order_id: str | None = None
    status: str | None = None
    type: str | None = None

"""How fast client time goes by: the one place that turns client seconds into seconds on the wall, and back.

On the real clock and on the virtual one a client second is whatever the process takes for a second. On the
accelerated clock the client lives `factor` times faster than the process that watches it.

What must never be known here: how a client is made to live faster (`acceleration.py`).
"""

from __future__ import annotations

import threading
import time


class Pace:
    """`factor`: client seconds in one second on the wall. Both clocks of the client start from `anchor`, the
    monotonic and the wall clock in nanoseconds at the moment from which on the client's are faster.
    """

    def __init__(self, factor: float = 1.0, anchor: tuple[int, int] | None = None) -> None:
        if factor < 1:
            raise ValueError(f"a factor below 1 makes no sense: {factor}")
        self.factor = factor
        # In the kernel's own clock, which is what a preloaded library can read as well.
        self.anchor = anchor or (time.monotonic_ns(), time.time_ns())

    def now(self) -> float:
        """The client's monotonic clock, in client seconds."""
        if self.factor == 1:
            return time.monotonic()
        return (self.anchor[0] + (time.monotonic_ns() - self.anchor[0]) * self.factor) / 1e9

    def today(self) -> float:
        """The client's wall clock, in client seconds since 1970."""
        if self.factor == 1:
            return time.time()
        return (self.anchor[1] + (time.time_ns() - self.anchor[1]) * self.factor) / 1e9

    def on_the_wall(self, seconds: float) -> float:
        """Seconds on the wall that so many client seconds take."""
        return seconds / self.factor

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Until the event is set, for at most so many client seconds. Was it set?"""
        return event.wait(self.on_the_wall(seconds))

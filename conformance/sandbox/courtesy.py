"""How an endpoint that is not ours is treated: how often it is asked, how much is spent there, and when to stop asking.

What lives here: the limits as data, the count of what was sent, and the memory of what went wrong of late.
What must never be known here: what is asked, and any trial.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from conformance.contract import Contract

BEHIND: Final = "the endpoint behind the proxy"
"""what it is called where something is said of it"""
LONGEST_PAUSE: Final = 15.0
"""seconds between two looks whether it is well again"""
LONGEST_ASKED: Final = 60.0
"""seconds that it may ask for before it is asked again"""
FIRST_PATIENCE: Final = 10.0
"""seconds for which it may be out of order before it has ever answered"""
LASTING: Final = 4
"""times in a row that it refuses in a way that does not pass by itself, until it is given up"""
NAP: Final = 0.05
"""seconds between two looks of whoever waits"""


@dataclass(frozen=True, slots=True)
class Courtesy:
    """`orders` that may be sent in `window` seconds; `at_once`: of these without a pause. `most_spent`: face value
    of all orders of a run, in whatever currency. `patience`: seconds for which it may be out of order until it is given
    up.
    """

    orders: int
    window: float
    at_once: int = 10
    most_spent: Decimal = Decimal(20_000)
    patience: float = 45.0

    @staticmethod
    def of(contract: Contract, *, here: bool = False, production: bool = False) -> Courtesy:
        """Three quarters of the lowest limit that was ever documented, since others use the account too; of the limit
        that holds, where the endpoint is on this machine. Where money is real, little of it.
        """
        limit = contract.rate_limit
        lowest = limit.limit if here else min((limit.limit, *limit.documented_limits))
        most_spent = Decimal(500) if production else Decimal(20_000)
        return Courtesy(
            max(1, lowest * 3 // 4), limit.window, at_once=max(4, lowest // 6), most_spent=most_spent
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with an endpoint. `asked`: seconds that it asked for; `lasting`: it will not pass by itself."""

    reason: str
    asked: float | None = None
    lasting: bool = False


Ask = Callable[[], Trouble | None]
"""asks the endpoint something harmless; what is wrong with it right now, None if nothing is"""


class Manners:
    """Thread-safe. An endpoint that is out of order is left alone for a while, then asked by one for all, and given up
    when it has been so for too long.
    """

    def __init__(self, courtesy: Courtesy) -> None:
        self._courtesy = courtesy
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._tokens = float(courtesy.at_once)
        self._filled_at = time.monotonic()
        self.spent = Decimal(0)
        self.down: str | None = None
        """why it is not asked any more"""
        self._met = False
        self._wrong: Trouble | None = None
        self._wrong_since = 0.0
        self._waves = self._lasting = 0
        self._not_before = 0.0

    def sent(self) -> None:
        """One order was sent that nobody had asked to be admitted."""
        with self._lock:
            self._fill()
            self._tokens -= 1

    def booked(self, face_value: Decimal) -> None:
        with self._lock:
            self.spent += face_value

    def went_well(self) -> None:
        """A trial was carried out in which it did as it should."""
        with self._lock:
            self._wrong, self._waves, self._lasting, self._not_before = None, 0, 0, 0.0

    def went_wrong(self, trouble: Trouble) -> None:
        """It did something else than the schedule says."""
        now = time.monotonic()
        with self._lock:
            if self._wrong is None:
                self._wrong_since = now
            self._wrong = trouble
            if now >= self._not_before:  # what others meet meanwhile is the same
                self._waves += 1
                self._lasting = self._lasting + 1 if trouble.lasting else 0
                pause = min(2.0 ** (self._waves - 1), LONGEST_PAUSE, self._courtesy.patience / 4)
                self._not_before = now + max(pause, min(trouble.asked or 0.0, LONGEST_ASKED))
            if self._lasting >= LASTING:
                self._give_up(f"{trouble.reason}, {self._lasting} times in a row")

    def admit(self, orders: int, face_value: Decimal, ask: Ask, stopped: Callable[[], bool]) -> str | None:
        """Waits until so many orders may be sent and the endpoint is well. Why it never will be, None if it is."""
        with self._lock:
            if self.down is None and self.spent + face_value > self._courtesy.most_spent:
                most, spent = self._courtesy.most_spent, self.spent
                return f"a run may place orders for {most} in all behind the proxy, and has placed some for {spent}"
        while self.down is None and not stopped() and not self._is_well(ask):
            time.sleep(NAP)
        while self.down is None and not stopped() and not self._takes(orders):
            time.sleep(NAP)
        return self.down

    def _takes(self, orders: int) -> bool:
        with self._lock:
            self._fill()
            if self._tokens < min(orders, self._courtesy.at_once):
                return False
            self._tokens -= orders
            return True

    def _fill(self) -> None:
        now = time.monotonic()
        each = self._courtesy.window / self._courtesy.orders
        self._tokens = min(float(self._courtesy.at_once), self._tokens + (now - self._filled_at) / each)
        self._filled_at = now

    def _is_well(self, ask: Ask) -> bool:
        """One asks for all. That it answers lets one trial through, which shows the others how it goes."""
        with self._lock:
            if self._met and self._wrong is None:
                return True
            if time.monotonic() < self._not_before:
                return False
        if not self._asking.acquire(blocking=False):
            return False
        try:
            trouble = ask()
            if trouble is not None:
                self.went_wrong(trouble)
            with self._lock:
                patience = (
                    self._courtesy.patience if self._met else min(FIRST_PATIENCE, self._courtesy.patience)
                )
                self._met = self._met or trouble is None
                wrong, lasted = self._wrong, time.monotonic() - self._wrong_since
                if trouble is not None and trouble.lasting:
                    self._give_up(trouble.reason)
                elif wrong is not None and lasted > patience:
                    self._give_up(f"{wrong.reason}, and has been out of order for {lasted:.0f} s")
                if trouble is None and wrong is not None:
                    self._not_before = time.monotonic() + min(self._courtesy.patience / 10, 2.0)
            return trouble is None and self.down is None
        finally:
            self._asking.release()

    def _give_up(self, reason: str) -> None:
        self.down = self.down or reason

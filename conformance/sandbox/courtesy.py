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

LONGEST_PAUSE: Final = 15.0
"""seconds between two looks whether it is well again"""
LONGEST_ASKED: Final = 60.0
"""seconds that it may ask for before it is asked again"""
HOPELESS: Final = 4
"""trials in a row that it refuses in a way that does not pass by itself"""
_NAP: Final = 0.1


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


class Manners:
    """Thread-safe. `ask` of `admit` says what is wrong with the endpoint right now, None if nothing is."""

    def __init__(self, courtesy: Courtesy) -> None:
        self._courtesy = courtesy
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._tokens = float(courtesy.at_once)
        self._filled_at = time.monotonic()
        self.spent = Decimal(0)
        self.down: str | None = None
        """why it is not asked any more"""
        self._wrong_since: float | None = None
        self._wrong: str = ""
        self._times = 0
        self._hopeless = 0
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
            self._wrong_since, self._times, self._hopeless, self._not_before = None, 0, 0, 0.0

    def went_wrong(self, reason: str, *, asked: float | None = None, hopeless: bool = False) -> None:
        """It did something else than the schedule says. `asked`: seconds that it asked for."""
        now = time.monotonic()
        with self._lock:
            self._wrong = reason
            if self._wrong_since is None:
                self._wrong_since = now
            self._times += 1
            self._hopeless = self._hopeless + 1 if hopeless else 0
            pause = min(2.0 ** min(self._times - 1, 10), LONGEST_PAUSE, self._courtesy.patience / 3)
            if asked is not None:
                pause = max(pause, min(asked, LONGEST_ASKED))
            if not hopeless:
                self._not_before = max(self._not_before, now + pause)
            if self._hopeless >= HOPELESS:
                self._give_up(f"{reason}, {self._hopeless} times in a row")

    def admit(
        self, orders: int, face_value: Decimal, ask: Callable[[], str | None], stopped: Callable[[], bool]
    ) -> str | None:
        """Waits until so many orders may be sent and the endpoint is well. Why it never will be, None if it is."""
        with self._lock:
            if self.down is None and self.spent + face_value > self._courtesy.most_spent:
                most, spent = self._courtesy.most_spent, self.spent
                return f"a run may place orders for {most} in all behind the proxy, and has placed some for {spent}"
        if not self._recovered(ask, stopped):
            return self.down
        needed = min(orders, self._courtesy.at_once)
        while not stopped() and self.down is None:
            with self._lock:
                self._fill()
                if self._tokens >= needed:
                    self._tokens -= orders
                    return None
                wait = (needed - self._tokens) * self._each
            time.sleep(min(wait, _NAP))
        return self.down

    @property
    def _each(self) -> float:
        return self._courtesy.window / self._courtesy.orders

    def _fill(self) -> None:
        now = time.monotonic()
        self._tokens = min(float(self._courtesy.at_once), self._tokens + (now - self._filled_at) / self._each)
        self._filled_at = now

    def _recovered(self, ask: Callable[[], str | None], stopped: Callable[[], bool]) -> bool:
        """Waits while it is out of order, and asks it now and then, one at a time for all. False: it was given up."""
        while self.down is None and not stopped():
            with self._lock:
                if self._wrong_since is None:
                    return True
                left = self._not_before - time.monotonic()
            if left > 0:
                time.sleep(min(left, _NAP))
                continue
            with self._probing:
                if self._wrong_since is None or self._not_before > time.monotonic():
                    continue
                problem = ask()
                if problem is None:
                    self._try_again()
                    return self.down is None
                self.went_wrong(problem)
                self._lose_patience()
        return self.down is None

    def _try_again(self) -> None:
        """It answers, so that the next trial may be tried; others only once this one has shown how it goes."""
        with self._lock:
            self._not_before = time.monotonic() + min(self._courtesy.patience / 10, 2.0)
        self._lose_patience()

    def _lose_patience(self) -> None:
        with self._lock:
            since = self._wrong_since
            if since is not None and time.monotonic() - since > self._courtesy.patience:
                self._give_up(f"{self._wrong}; so it has been for {time.monotonic() - since:.0f} s")

    def _give_up(self, reason: str) -> None:
        if self.down is None:
            self.down = reason

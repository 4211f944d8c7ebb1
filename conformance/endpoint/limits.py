"""How much is asked of a real endpoint at the most, and how quickly.

What lives here: the limits as data, what is left of them, and the pause between requests, which holds for all
processes of this machine.
What must never be known here: what is asked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from conformance.contract import Contract
from conformance.endpoint.script import Script


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one check, so that they hold however the checks are shared out. `orders`: requests that may book one;
    `face_value`: of those, in whatever currency the account has. The pauses are seconds from one request to the next,
    and from one order to the next; `patience` is in seconds for each answer, which has at most `largest` bytes.
    `stretch`: of the waits that the endpoint asks for.
    """

    requests: int = 80
    orders: int = 16
    face_value: Decimal = Decimal(100)
    pause: float = 0.2
    order_pause: float = 1.0
    patience: float = 20.0
    largest: int = 4_000_000
    stretch: float = 1.0


def gentle(contract: Contract) -> Limits:
    """For any endpoint that is not ours: no quicker than the lowest limit that was ever documented."""
    limit = contract.rate_limit
    return Limits(order_pause=limit.window / min((limit.limit, *limit.documented_limits)))


@dataclass(slots=True)
class Allowance:
    """What one check has spent so far."""

    limits: Limits
    requests: int = 0
    orders: int = 0
    face_value: Decimal = Decimal(0)

    def refusal(self, script: Script, orders: int, face_value: Decimal) -> str | None:
        """Why a script is not played that may book so many orders of that face value in all; None if it is."""
        limits = self.limits
        if self.requests + len(script.asks) > limits.requests:
            return f"a check may send {limits.requests} requests, and {self.requests} were sent"
        if self.orders + orders > limits.orders:
            return f"a check may place {limits.orders} orders, and {self.orders} may have been placed"
        if self.face_value + face_value > limits.face_value:
            return (
                f"a check may order for {limits.face_value} in all; {self.face_value} were spent, and "
                f"{face_value} are needed"
            )
        return None


class Turnstile:
    """Lets one request through at a time, so many seconds after the one before it, in whichever process that was."""

    def __init__(self, limits: Limits, folder: Path | None = None) -> None:
        self._limits = limits
        self._path = (folder or Path(tempfile.gettempdir())) / f"golive-turnstile-{os.getuid()}"

    @contextlib.contextmanager
    def passing(self, order: bool) -> Iterator[None]:
        """Waits for its turn. Raises OSError where the note of the last one cannot be kept."""
        if not self._limits.pause and not self._limits.order_pause:
            yield
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            last, last_order = _times(os.pread(handle, 100, 0))
            due = max(last + self._limits.pause, last_order + self._limits.order_pause if order else 0.0)
            # Whatever the note says, nobody waits longer than for the one before.
            time.sleep(
                min(max(0.0, due - time.monotonic()), max(self._limits.pause, self._limits.order_pause))
            )
            now = time.monotonic()
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{now} {now if order else last_order}".encode(), 0)
        finally:
            os.close(handle)
        yield


def _times(note: bytes) -> tuple[float, float]:
    try:
        last, last_order = map(float, note.split())
    except ValueError:
        return 0.0, 0.0
    return last, last_order

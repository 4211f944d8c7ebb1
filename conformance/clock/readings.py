"""What a program reads off its clocks, and its sleep.

What lives here: the replacements for the functions of `time`; the wall clocks follow through time-machine,
which reaches what is written in C, `datetime.now` above all.
What must never be known here: how time moves on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from conformance.clock import real
from conformance.clock.sweep import Replacements
from conformance.clock.timeline import SECOND, VirtualClock

_MONOTONIC = frozenset(
    getattr(time, name)
    for name in ("CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME", "CLOCK_UPTIME_RAW")
    if hasattr(time, name)
)


def replace_readings(clock: VirtualClock, replacements: Replacements) -> None:
    """All clocks of the process show virtual time, except those that measure its use of the processor."""
    original_wall_ns = _follow_with_wall_clocks(clock)

    def nanoseconds(otherwise: Callable[[], int]) -> Callable[[], int]:
        def read_ns() -> int:
            me = clock.participants.get(real.get_ident())
            return otherwise() if me is None else clock.read(me)

        return read_ns

    def seconds(otherwise: Callable[[], float]) -> Callable[[], float]:
        def read() -> float:
            me = clock.participants.get(real.get_ident())
            return otherwise() if me is None else clock.read(me) / SECOND

        return read

    def wall_ns() -> int:
        me = clock.participants.get(real.get_ident())
        return original_wall_ns() if me is None else clock.wall_offset + clock.read(me)

    def wall() -> float:
        return wall_ns() / SECOND

    def clock_gettime(clk_id: int) -> float:
        return time.monotonic() if clk_id in _MONOTONIC else real.clock_gettime(clk_id)

    def clock_gettime_ns(clk_id: int) -> int:
        return time.monotonic_ns() if clk_id in _MONOTONIC else real.clock_gettime_ns(clk_id)

    def sleep(secs: float, /) -> None:
        me = clock.me()
        if me is None or secs <= 0:
            if me is not None:
                clock.yielded(me)
            real.sleep(secs)  # which also knows what it does not accept
        else:
            clock.sleep(me, clock.deadline(secs))

    for name, replacement in {
        "monotonic": seconds(real.monotonic),
        "monotonic_ns": nanoseconds(real.monotonic_ns),
        "perf_counter": seconds(real.perf_counter),
        "perf_counter_ns": nanoseconds(real.perf_counter_ns),
        "time": wall,
        "time_ns": wall_ns,
        "clock_gettime": clock_gettime,
        "clock_gettime_ns": clock_gettime_ns,
        "sleep": sleep,
    }.items():
        replacement.__name__ = replacement.__qualname__ = name
        replacements.put(time, name, replacement)


def _follow_with_wall_clocks(clock: VirtualClock) -> Callable[[], int]:
    """Have time-machine ask our clock. The answer reads the real one."""
    # It imports pytest where there is one, for its fixtures: a quarter of a second and a plugin's worth of
    # modules that the client under test never asked for.
    absent = "pytest" not in sys.modules
    if absent:
        sys.modules["pytest"] = None  # type: ignore[assignment]  # the documented way to forbid an import
    try:
        import time_machine
    finally:
        if absent:
            del sys.modules["pytest"]

    original_wall_ns = time_machine.escape_hatch.time.time_ns

    def time_ns() -> int:
        me = clock.participants.get(real.get_ident())
        return original_wall_ns() if me is None else clock.wall_offset + clock.read(me)

    traveller = time_machine.travel(0.0, tick=False).start()
    setattr(traveller, "time_ns", time_ns)  # noqa: B010 - a method cannot be assigned to in typed code
    return original_wall_ns

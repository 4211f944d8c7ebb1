"""Makes calls that run at once get into each other's way: a thread is held up for a moment between any two lines.

Two calls of one function rarely meet in the few microseconds in which they can do harm. In production they do, one
day; here they should within a few orders.

What lives here: that, and which lines it is done to.
What must never be known here: what the client does, and which check is looking.
"""

from __future__ import annotations

import random
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from conformance.clock import real

CHANCE = 0.4
"""of a line to be followed by a moment's rest"""
MOMENT = 0.000_5
"""seconds on the wall, at the most"""
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@contextmanager
def jolted(seed: str) -> Iterator[None]:
    """Inside, lines of this thread that are no library's may be followed by a rest. Does nothing where somebody else
    is tracing the thread.
    """
    rng = random.Random(seed)

    def line(frame: FrameType, event: str, argument: object) -> object:
        if event == "line" and rng.random() < CHANCE:
            real.sleep(rng.random() * MOMENT)
        return line

    def call(frame: FrameType, event: str, argument: object) -> object:
        return None if frame.f_code.co_filename.startswith((*_LIBRARIES, "<")) else line

    if sys.gettrace() is not None:
        yield
        return
    sys.settrace(call)  # type: ignore[arg-type]  # of any shape that this interpreter calls it with
    try:
        yield
    finally:
        sys.settrace(None)

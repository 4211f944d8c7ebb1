"""A client that tears the line down at the worst moment is recorded, and breaks nothing."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from sandbox_wire import Stage, order

from conformance.faults import Close, Garbage, Truncate
from conformance.sandbox import Sandbox

ABORT = struct.pack("ii", 1, 0)


@pytest.mark.parametrize("fault", [Close(when="after"), Truncate(), Garbage()])
def test_a_reset_before_the_sandbox_has_hung_up(
    house: Sandbox, begin: Callable[..., Stage], fault: Close | Truncate | Garbage
) -> None:
    stage = begin(fault)
    loop = house._loop
    assert loop is not None
    held, go_on = threading.Event(), threading.Event()
    with socket.create_connection(("127.0.0.1", house.port)) as line:
        house.settle()
        loop.call_soon_threadsafe(lambda: (held.set(), go_on.wait(10)))
        assert held.wait(10)
        line.sendall(order())
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    go_on.set()
    stage.recorded()
    house.settle()
    assert stage.world.crash is None

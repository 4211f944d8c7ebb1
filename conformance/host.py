"""The host: a disposable process in which a Python client lives beside its sandbox, on one clock.

It is started by `rigs/hosted.py`, which sends it trials, one JSON object a line, and reads back events, the
last of which is the evidence. Whatever the client does to this process, the suite only loses the process.

What lives here: the order in which that world is put together. The clock is installed before anything else
is imported, so that no library can bind the real one; hence the late imports.
"""

import json
import os
import sys
from collections.abc import Iterator


def _lines(descriptor: int) -> Iterator[str]:
    # The raw descriptor, since reading a file object may import what has to wait for the clock.
    buffer = b""
    while chunk := os.read(descriptor, 1 << 16):
        buffer += chunk
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            yield line.decode()


def main() -> None:
    """Arguments: the descriptor to read requests from, and the one to write events to."""
    requests, events = _lines(int(sys.argv[1])), int(sys.argv[2])
    configuration = next(requests, None)
    if configuration is None:
        return
    if json.loads(configuration)["clock"] == "virtual":
        from conformance.clock.virtual import install

        clock = install()
    else:
        clock = None
    from conformance.stage import serve

    serve(configuration, requests, events, clock)


if __name__ == "__main__":
    sys.argv[0] = "golive-host"
    main()

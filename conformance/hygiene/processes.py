"""What the processes of a client show to everybody on the machine: their arguments and their titles.

What lives here: one look at a process and all below it, through the eyes that know the key. Linux only: all of this
is read from `/proc`.
What must never be known here: how the processes were started, and what they are at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from conformance.clock.escapes import descendants
from conformance.evidence import ProcessLook, Sighting
from conformance.hygiene.canary import Scanner

MOST = 1 << 22
"""bytes of arguments that are read of each process; no system allows for more"""


class Watch:
    """The processes below `keeper`, which holds them together whatever sessions they made for themselves. It is not
    one of them, nor is a copy of it that has not become anything else. `looks`: what was seen so far.
    """

    def __init__(self, keeper: int, scanner: Scanner) -> None:
        self._keeper = keeper
        self._scanner = scanner
        self.looks: list[ProcessLook] = []

    def look(self, exchange: int) -> None:
        """Looks now, while that exchange is open. Sees nothing where the system has no list of its processes."""
        if not Path("/proc/self/cmdline").exists():
            return
        own = _arguments(self._keeper)
        seen = [told for pid in descendants(self._keeper) if (told := _arguments(pid)) and told != own]
        sightings = tuple(sighting for told in seen for sighting in self._sightings(told))
        self.looks.append(ProcessLook(exchange, len(seen), sightings))

    def _sightings(self, told: bytes) -> Iterator[Sighting]:
        name = told.partition(b"\0")[0]
        program = os.path.basename(name).decode(errors="replace")[:40]
        # One that writes over its arguments, to be listed under another title, has nothing but a name.
        titled = self._scanner.suspects(name)
        place = "the title of a process" if titled else f"the arguments of {self._scanner.redact(program)}"
        yield from self._scanner.sightings(told.replace(b"\0", b" "), place)[:1]


def _arguments(pid: int) -> bytes:
    """As the process was given them, or has written over them since; nothing if it has ended."""
    with suppress(OSError), Path(f"/proc/{pid}/cmdline").open("rb") as told:
        return told.read(MOST)
    return b""

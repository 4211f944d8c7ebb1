"""Lines of output that may be outcomes, picked out as they come, whatever else comes with them.

What lives here: where a line begins and ends, and which are worth reading at all. Memory stays flat.
What must never be known here: what a line says.
"""

from __future__ import annotations

from conformance.drivers.outcome import LONGEST_LINE

_WORD = b"outcome"  # a line without it is none


class Lines:
    """`unfinished`: the line whose end has not come yet; empty once it is too long to be an outcome."""

    def __init__(self) -> None:
        self.unfinished = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that have come to their end and may be outcomes, in order."""
        data = self.unfinished + chunk
        whole, newline, rest = data.rpartition(b"\n")
        lines: list[bytes] = []
        if newline:
            if _WORD in whole:
                lines = whole.split(b"\n")[self._skipping :]
            self._skipping = False
        self._skipping = self._skipping or len(rest) > LONGEST_LINE
        self.unfinished = b"" if self._skipping else rest
        return [line for line in lines if _WORD in line]

    def take(self) -> None:
        """The unfinished line was read: what comes next is another, whether or not its end comes first."""
        self.unfinished = b""

    def seems_whole(self) -> bool:
        """An outcome counts though the end of its line is not printed yet, or never will be."""
        return self.unfinished[-8:].rstrip().endswith(b"}")

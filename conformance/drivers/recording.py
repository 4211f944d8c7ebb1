"""What a client writes while it runs: scanned as it comes, kept at both ends, whatever it is and however much.

What lives here: one stream of output, from its bytes to its record.
What must never be known here: what the stream is for. Outcomes are found elsewhere.
"""

from __future__ import annotations

from conformance.evidence import Output
from conformance.hygiene.canary import Scanner
from conformance.traces import KEPT


class Recording:
    """Takes bytes as they come. `size`: bytes so far. Memory stays flat."""

    def __init__(self, stream: str, scanner: Scanner) -> None:
        self.size = 0
        self.stream = stream
        self._scanner = scanner
        self._sightings = scanner.stream(stream)
        # A secret that lies across a cut would be too short to be found: keep more than will be shown.
        self._kept = KEPT + scanner.reach
        self._head = b""
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._sightings.feed(chunk)
        room = self._kept - len(self._head)
        if room:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk[-self._kept :]
        if len(self._tail) > 4 * self._kept:
            del self._tail[: -self._kept]

    def finish(self) -> Output:
        """The record: redacted, the middle left out where there was too much."""
        tail = bytes(self._tail[-self._kept :])
        missing = self.size - len(self._head) - len(tail)
        if missing:
            # Nothing of what was kept beyond KEPT is shown, so what lies across the cuts is not shown either.
            head = self._read(self._head)[:KEPT]
            text = f"{head}\n[{self.size:,} bytes in all, the middle is left out]\n{self._read(tail)[-KEPT:]}"
        else:
            text = self._read(self._head + tail)
        return Output(self.stream, text, self.size, self._sightings.finish())

    def _read(self, data: bytes) -> str:
        return self._scanner.redact(data.decode("utf-8", "replace"))

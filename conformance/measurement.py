"""What was measured in all trials of a run, added up as they come. It forgets the trials at once.

What lives here: the sums, that each trial is counted once whichever process ran it, and how they travel.
What must never be known here: how a trial is measured, and how the numbers are shown.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from pydantic import JsonValue, TypeAdapter

from conformance.contract import Contract
from conformance.evidence import Evidence, trials
from conformance.judge.measuring import Measured, Pause, measured

_Row = tuple[str, float | None, float, bool, int]
_News = tuple[str, tuple[_Row, ...], tuple[tuple[int, int], ...]]
_news: TypeAdapter[tuple[_News, ...]] = TypeAdapter(tuple[_News, ...])


class Measurements:
    """`pauses` and `attempts`: how often each was seen. `remembers`: what is added is kept for `news`."""

    def __init__(self, contract: Contract) -> None:
        self.remembers = False
        self.pauses: Counter[Pause] = Counter()
        self.attempts: Counter[int] = Counter()
        self._contract = contract
        self._seen: set[str] = set()
        self._untold: list[_News] = []

    @property
    def trials(self) -> int:
        return len(self._seen)

    def add(self, evidence: Evidence) -> None:
        """Counts this trial, unless it was before. Trials are known by their references, which no other run has."""
        trial = blake2b(trials.dump_json(evidence.trial), digest_size=8).hexdigest()
        if trial in self._seen:
            return
        found = measured(evidence, self._contract)
        self._count(trial, found)
        if self.remembers:
            rows = tuple((*_row(pause), count) for pause, count in found.pauses.items())
            self._untold.append((trial, rows, tuple(found.attempts.items())))

    def news(self) -> JsonValue:
        """What was added since the last time, as JSON."""
        told: JsonValue = _news.dump_python(tuple(self._untold), mode="json")
        self._untold.clear()
        return told

    def learn(self, news: JsonValue) -> None:
        """Adds what another process tells of its trials."""
        for trial, rows, attempts in _news.validate_python(news):
            if trial not in self._seen:
                pauses = Counter({Pause(*row[:4]): row[4] for row in rows})
                self._count(trial, Measured(pauses, Counter(dict(attempts))))

    def _count(self, trial: str, found: Measured) -> None:
        self._seen.add(trial)
        self.pauses += found.pauses
        self.attempts += found.attempts


def _row(pause: Pause) -> tuple[str, float | None, float, bool]:
    return pause.after, pause.required, pause.waited, pause.early

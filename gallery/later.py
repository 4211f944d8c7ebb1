"""Clients that are right at first, and each wrong in one way later: on a retry, after a restart, beside others."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
import uuid
from typing import ClassVar

import httpx

from gallery.reference import TLS, Context, Kind, Reference

_STOCK = itertools.cycle([str(uuid.uuid4()) for _ in range(4)])


class StockOfKeys(Reference):
    """Takes its keys from a stock that was made when the process began, and begins it anew when it is used up."""

    def new_key(self) -> str:
        return next(_STOCK)


class HashedInstant(Reference):
    """Hashes the time as finely as its clock tells it."""

    def new_key(self) -> str:
        return hashlib.md5(str(time.time()).encode()).hexdigest()


class BodyOfTheNewProcess(Reference):
    """Stores the key and not the body, to which a new process adds a note."""

    def content(self) -> str:
        mine = self.record().with_suffix(f".{os.getpid()}")
        if self.attempt == 1 and not self.in_doubt:
            mine.touch()
        return self.body if mine.exists() else json.dumps(self.order | {"description": "recovered"})


class RetriesWithoutTimeout(Reference):
    """Has a time-out for the first attempt, and sends all others with a client that has none."""

    def send(self) -> httpx.Response:
        if self.attempt > 1:
            self.http = httpx.Client(timeout=None, verify=TLS)
        return super().send()


class CountsAnew(Reference):
    """Gives up after eight failures of one kind in a row; another kind sets the count back."""

    def __init__(self, order: dict[str, object], context: Context) -> None:
        super().__init__(order, context)
        self.kind, self.failures = "", 0

    def again(self, kind: Kind) -> bool:
        self.failures = self.failures + 1 if kind == self.kind else 1
        self.kind = kind
        return kind not in ("created", "final", "mismatch") and self.failures < 8

    def pause(self, kind: Kind, times: int) -> float:
        return super().pause(kind, min(times, 3))


class OnePauseForAll(Reference):
    """Has one pause for the whole process: who is limited while another order waits only waits for the rest of it."""

    _until: ClassVar[dict[str, float]] = {}

    def pause(self, kind: Kind, times: int) -> float:
        own = super().pause(kind, times)
        if kind != "limited":
            return own
        left = self._until.get(self.context.base_url, 0.0) - time.monotonic()
        if left <= 0:
            self._until[self.context.base_url] = time.monotonic() + own
        return left if left > 0 else own


class RejectsWhatIsStrange(Reference):
    """Retries the server errors that it has heard of, and takes any other status for a refusal."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        return ("final", type) if status > 504 else super().on_error(status, type)

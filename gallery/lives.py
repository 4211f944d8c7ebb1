"""Clients that forget, race, or never end, each in one way."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import ClassVar

import httpx

from gallery.reference import TLS, Context, Kind, Reference, Unknown


class KeyInMemory(Reference):
    """Keeps keys in a dictionary, which a new process does not have."""

    _known: ClassVar[dict[str, tuple[str, str]]] = {}

    def remember(self) -> tuple[str, str, bool]:
        reference = self.context.reference
        there = reference in self._known
        key, body = self._known.setdefault(reference, (self.new_key(), json.dumps(self.order)))
        return key, body, there

    def forget(self) -> None:
        self._known.pop(self.context.reference, None)


class KeyWrittenAfterTheAnswer(Reference):
    """Stores the key together with the answer, so that an order without one is not known."""

    def claim(self, path: Path, text: str) -> bool:
        self.text = text
        return True

    def once(self) -> tuple[Kind, str]:
        kind, detail = super().once()
        if not self.record().exists():
            super().claim(self.record(), self.text)
        return kind, detail


class KeyForEachProcess(Reference):
    """Stores the key under the number of its process beside the reference."""

    def record(self) -> Path:
        return super().record().with_suffix(f".{os.getpid()}.json")


class LooksBeforeItWrites(Reference):
    """Looks whether the order is known and then writes its key, though another call may be between the two as well."""

    def claim(self, path: Path, text: str) -> bool:
        path.write_text(text)
        return True


class KeyOfTheCorrectedOrder(Reference):
    """Goes by the reference alone: a corrected order is sent under the key of the one that was refused."""

    def forget(self) -> None:
        stored = json.loads(self.record().read_text())
        self.record().write_text(json.dumps(stored | {"body": ""}))

    def remember(self) -> tuple[str, str, bool]:
        key, body, there = super().remember()
        return key, body or json.dumps(self.order), there


class KeyKeptUntilThereIsMoney(KeyOfTheCorrectedOrder):
    """Keeps the key of an order that there was no money for; only other refused orders lose theirs."""

    def tell(self, kind: Kind, detail: str) -> object:
        self.short_of_money = detail == "insufficient_funds"
        return super().tell(kind, detail)

    def forget(self) -> None:
        if self.short_of_money:
            super().forget()
        else:
            Reference.forget(self)


class TakesUpOldOrders(Reference):
    """Sends an order again under its key, however old that is."""

    key_lifetime = float("inf")


class NeverGivesUp(Reference):
    """Tries until the order is through, with pauses of a minute in the end."""

    attempts = 10**9


class TriesForAnHour(Reference):
    """Bounds its retries by time alone, and waits a second between them."""

    def again(self, kind: Kind) -> bool:
        self.began = getattr(self, "began", time.monotonic())
        return kind not in ("created", "final", "mismatch") and time.monotonic() - self.began < 3_000

    def pause(self, kind: Kind, times: int) -> float:
        return max(1.0, self.first_pause[kind])


class Storms(Reference):
    """Tries forty times without a pause before it gives up."""

    attempts = 40

    def pause(self, kind: Kind, times: int) -> float:
        return 0.0 if kind in ("lost", "transient") else super().pause(kind, times)


class RetriesServerErrorsForEver(Reference):
    """Has a bound for everything but server errors, which it takes to be over soon."""

    def again(self, kind: Kind) -> bool:
        return kind == "transient" or super().again(kind)


class WaitsTenMinutes(Reference):
    """Has a time-out that was made for reports: ten minutes."""

    attempts = 2

    def __init__(self, order: dict[str, object], context: Context) -> None:
        super().__init__(order, context)
        self.http = httpx.Client(timeout=600, verify=TLS)


class NoReadTimeout(Reference):
    """Has a time-out for connecting, and takes it for one on everything."""

    def __init__(self, order: dict[str, object], context: Context) -> None:
        super().__init__(order, context)
        self.http = httpx.Client(timeout=httpx.Timeout(None, connect=5), verify=TLS)


class SaysCreatedWhenItGivesUp(Reference):
    """Assumes that an order that was sent often enough has arrived."""

    def tell(self, kind: Kind, detail: str) -> object:
        try:
            return super().tell(kind, detail)
        except Unknown:
            return self.created(self.key)

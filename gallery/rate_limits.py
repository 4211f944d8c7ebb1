"""Clients that do not slow down when they are told to, or that trip over being told, each in one way."""

from __future__ import annotations

import random

import httpx

from gallery.reference import Kind, Reference, Rejected


class WaitsOneSecond(Reference):
    """Backs off as retry libraries do by default: one second, then two, then four."""

    first_pause = Reference.first_pause | {"limited": 1}


class WaitsFourSeconds(Reference):
    """Waits four seconds after a 429: nearly enough."""

    first_pause = Reference.first_pause | {"limited": 3.6}


class FullJitter(Reference):
    """Draws its wait after a 429 between nothing and ten seconds."""

    def pause(self, kind: Kind, times: int) -> float:
        return random.uniform(0, 10) if kind == "limited" else super().pause(kind, times)


class HurriesTheSecondTime(Reference):
    """Waits five seconds after the first 429 and two after every further one."""

    def pause(self, kind: Kind, times: int) -> float:
        return 2 if kind == "limited" and times > 1 else super().pause(kind, times)


class BreaksOnRateLimit(Reference):
    """Reads the type of every error, and the 429's body has none."""

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        return "limited", str(response.json()["type"])


class RateLimitIsRejected(Reference):
    """Notes the order as failed when it is rate limited, and keeps to that when it is asked again."""

    def place(self) -> object:
        if self.record().with_suffix(".failed").exists():
            raise Rejected("rate_limited")
        return super().place()

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        self.record().with_suffix(".failed").touch()
        raise Rejected("rate_limited")


class HurriesWhilePolling(Reference):
    """Asks every three seconds once it knows that the original is in progress, whatever it is answered."""

    def pause(self, kind: Kind, times: int) -> float:
        return 3 if self.met["in-progress"] else super().pause(kind, times)


class HurriesAfterTimeout(Reference):
    """Has a loop of its own for orders whose answer did not come in time, in which a 429 is nothing special."""

    late = False

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        self.late = self.late or isinstance(error, httpx.TimeoutException)
        return super().on_no_answer(error)

    def pause(self, kind: Kind, times: int) -> float:
        return 1 if self.late else super().pause(kind, times)

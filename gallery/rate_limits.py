"""Clients that do not slow down when they are told to, or that trip over being told, each in one way."""

from __future__ import annotations

import random
import re

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


class ConstantWait(Reference):
    """Waits six seconds after every 429, however many there have been."""

    def pause(self, kind: Kind, times: int) -> float:
        return 6 if kind == "limited" else super().pause(kind, times)


class ConstantWithJitter(Reference):
    """Draws its wait after a 429 between five and nine seconds, however many there have been."""

    def pause(self, kind: Kind, times: int) -> float:
        return random.uniform(5, 9) if kind == "limited" else super().pause(kind, times)


class StopsGrowing(Reference):
    """Doubles its wait once, to ten seconds, and stays with that."""

    def pause(self, kind: Kind, times: int) -> float:
        return min(5.0 * times, 10.0) if kind == "limited" else super().pause(kind, times)


class WaitsLessEachTime(Reference):
    """Waits twenty seconds after the first 429, and half as long after every further one."""

    def pause(self, kind: Kind, times: int) -> float:
        return max(5, 20 / 2 ** (times - 1)) if kind == "limited" else super().pause(kind, times)


class IgnoresRetryAfter(Reference):
    """Has its own idea of how long to wait, whatever the header says."""

    def retry_after(self, response: httpx.Response) -> float:
        return 0.0


class WaitsAMinuteAtTheMost(Reference):
    """Takes a Retry-After of more than a minute for a mistake."""

    def retry_after(self, response: httpx.Response) -> float:
        return min(super().retry_after(response), 60)


class BreaksOnDates(Reference):
    """Looks for a number in Retry-After, and falls over its own feet when there is a date."""

    def retry_after(self, response: httpx.Response) -> float:
        found = re.fullmatch("[0-9]+", response.headers.get("Retry-After", "0"))
        return float(found.group())  # type: ignore[union-attr]  # that is what it overlooks


class NewKeyAfterRateLimit(Reference):
    """Takes a 429 for the end of the order, and sends it anew under another key."""

    def key_now(self) -> str:
        return f"{self.key}-{self.met['limited']}"


class NewKeyWhenLimitedTwice(Reference):
    """Begins anew, with another key, when the same order is rate limited for the second time."""

    def key_now(self) -> str:
        return self.key if self.met["limited"] < 2 else f"{self.key}-again"


class DropsTheOverflow(Reference):
    """Gives an order up for good after three 429s."""

    def place(self) -> object:
        if self.record().with_suffix(".dropped").exists():
            raise Rejected("rate_limited")
        return super().place()

    def on_rate_limit(self, response: httpx.Response) -> tuple[Kind, str]:
        if self.met["limited"] == 2:
            self.record().with_suffix(".dropped").touch()
            raise Rejected("rate_limited")
        return super().on_rate_limit(response)


class KnocksEveryThreeSeconds(Reference):
    """Asks every three seconds until the limit is over."""

    attempts = 45

    def pause(self, kind: Kind, times: int) -> float:
        return 3 if kind == "limited" else super().pause(kind, times)


class ComesBackToTheSecond(Reference):
    """Waits exactly five, ten and twenty seconds, as all its siblings do."""

    def pause(self, kind: Kind, times: int) -> float:
        return 5.0 * 2 ** min(times - 1, 3) if kind == "limited" else super().pause(kind, times)

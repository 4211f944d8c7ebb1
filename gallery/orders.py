"""Clients that place asynchronous orders and misunderstand what comes of them, each in one way."""

from __future__ import annotations

import time
from typing import ClassVar

import httpx

from gallery.reference import Reference


class Polling(Reference):
    """Asks for its order every five seconds, twelve times at the most, and tells how it stands; a correct client."""

    polls: ClassVar[int] = 12

    def created(self, order_id: str) -> object:
        status = "PROCESSING"
        for number in range(self.polls):
            time.sleep(self.wait(number))
            status = self.fetch(order_id)
            if self.is_done(status):
                break
        return self.told(order_id, status)

    def wait(self, number: int) -> float:
        return 5

    def fetch(self, order_id: str) -> str:
        try:
            answer = self.http.get(f"{self.context.base_url}/order/{order_id}", headers=self.headers())
            return str(answer.json().get("status"))
        except (httpx.TransportError, ValueError):
            return "PROCESSING"

    def is_done(self, status: str) -> bool:
        return status in ("COMPLETED", "FAILED")

    def told(self, order_id: str, status: str) -> object:
        return {"outcome": "created", "order_id": order_id, "status": status}


class AcceptedIsCompleted(Reference):
    """Tells every order as completed that was answered with a 2xx."""

    def created(self, order_id: str) -> object:
        return {"outcome": "created", "order_id": order_id, "status": "COMPLETED"}


class CompletedAfterAWhile(Polling):
    """Waits for three seconds, without asking, and then tells the order as completed."""

    def created(self, order_id: str) -> object:
        time.sleep(3)
        return self.told(order_id, "COMPLETED")


class PollsHot(Polling):
    """Asks five times a second."""

    polls = 300

    def wait(self, number: int) -> float:
        return 0.2


class PollsForEver(Polling):
    """Asks every ten seconds until the order is done, if it takes a year."""

    polls = 4_000_000

    def wait(self, number: int) -> float:
        return 10


class PollsFasterAndFaster(Polling):
    """Becomes impatient: each wait is a little shorter than the one before, down to a second."""

    polls = 60

    def wait(self, number: int) -> float:
        return max(1.0, 10 - number * 0.5)


class OverlooksFailure(Polling):
    """Asks until the order is no longer in progress, and takes that for success."""

    def told(self, order_id: str, status: str) -> object:
        return {"outcome": "created", "order_id": order_id}


class FailedIsUndecided(Polling):
    """Says that it does not know what became of an order that failed."""

    def told(self, order_id: str, status: str) -> object:
        if status == "FAILED":
            return {"outcome": "unknown", "type": "order_failed"}
        return super().told(order_id, status)

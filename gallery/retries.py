"""Clients whose retries are not safe, each in one way."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from typing import ClassVar

import httpx

from gallery.reference import TLS, Context, Kind, Reference, Rejected, Unknown


class NoKey(Reference):
    """Has never heard of idempotency keys."""

    def headers(self) -> dict[str, str]:
        return _without(super().headers(), "X-Idempotency-Key")


class NoKeyOnRetry(Reference):
    """Sends the idempotency key with the first attempt only: its retries take another path."""

    def headers(self) -> dict[str, str]:
        headers = super().headers()
        return headers if self.attempt == 1 else _without(headers, "X-Idempotency-Key")


class EmptyKeyOnRetry(Reference):
    """Uses its key up: the header of a retry is there and empty."""

    def key_now(self) -> str:
        return super().key_now() if self.attempt == 1 else ""


class KeyFromContent(Reference):
    """Derives the key from the order's content, so that two customers who order alike share one."""

    def new_key(self) -> str:
        return hashlib.sha256(json.dumps(self.order, sort_keys=True).encode()).hexdigest()


class KeyFromCounter(Reference):
    """Numbers its keys, beginning anew with each process."""

    _numbers = itertools.count(1)

    def new_key(self) -> str:
        return f"order-{next(self._numbers):08}"


class KeyFromClock(Reference):
    """Takes the time in whole seconds for a key."""

    def new_key(self) -> str:
        return f"order-{int(time.time())}"


class KeyOfRefusedOrder(Reference):
    """Puts the key of an order that was refused back into a pool, from which the next order takes it."""

    _spare: ClassVar[list[str]] = []

    def new_key(self) -> str:
        return self._spare.pop() if self._spare else super().new_key()

    def forget(self) -> None:
        self._spare.append(self.key)
        super().forget()


class NewKeyPerAttempt(Reference):
    """Makes the key in the function that sends."""

    def key_now(self) -> str:
        return self.new_key()


class NewKeyAfterTimeout(Reference):
    """Starts over with a new key when the answer did not come in time."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        if isinstance(error, httpx.TimeoutException):
            self.key = self.new_key()
        return super().on_no_answer(error)


class NewKeyAtThirdAttempt(Reference):
    """Takes a new key when it has failed twice."""

    def key_now(self) -> str:
        if self.attempt == 3:
            self.key = self.new_key()
        return super().key_now()


class NewKeyAtSixthAttempt(Reference):
    """Starts over with a new key when it has failed five times."""

    def key_now(self) -> str:
        if self.attempt == 6:
            self.key = self.new_key()
        return super().key_now()


class NewKeyAfterServerError(Reference):
    """Believes that a server error cannot have booked anything, and starts over with a new key."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500:
            self.key = self.new_key()
        return super().on_error(status, type)


class NewKeyWhenAskedAgain(Reference):
    """Gives an undecided order back to its caller, and has forgotten the key when it is asked again."""

    attempts = 1

    def remember(self) -> tuple[str, str, bool]:
        self.forget()
        return super().remember()


class TimestampInBody(Reference):
    """Writes the time of sending into the order's metadata, on every attempt."""

    def content(self) -> str:
        return json.dumps(self.order | {"metadata": {"sent_at": f"{time.time():.6f}"}})


class AttemptInDescription(Reference):
    """Writes into the description which attempt this is."""

    def content(self) -> str:
        return json.dumps(self.order | {"description": f"attempt {self.attempt}"})


class LostIsRejected(Reference):
    """Tells its caller that the order failed when the connection broke, and stands by it."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        raise Rejected("connection_failed") from None


class WaitsForEver(Reference):
    """Has no time-out, so that a bare 102 or a silent server holds it for good."""

    def __init__(self, order: dict[str, object], context: Context) -> None:
        super().__init__(order, context)
        self.http = httpx.Client(timeout=None, verify=TLS)


class GatewayTimeoutIsRejected(Reference):
    """Takes a 504 for a no."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status == 504:
            raise Rejected(type)
        return super().on_error(status, type)


class TruncatedIsRejected(Reference):
    """Takes an answer that breaks off for an order that failed."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        if isinstance(error, httpx.RemoteProtocolError) and "peer closed" in str(error):
            raise Rejected("bad_response") from None
        return super().on_no_answer(error)


class InProgressIsRejected(Reference):
    """Has no case for the in-progress answer, which therefore counts as an error like any other."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if type == "idempotency_in_progress":
            raise Rejected(type)
        return super().on_error(status, type)


class BuysAgainAfterInProgress(Reference):
    """Gets past the in-progress answer by taking a new key."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if type == "idempotency_in_progress":
            self.key = self.new_key()
        return super().on_error(status, type)


class HurriesInProgress(Reference):
    """Asks again half a second after it was told that the original is in progress."""

    first_pause = Reference.first_pause | {"in-progress": 0.5}


class InProgressIsCreated(Reference):
    """Takes the in-progress answer for a promise, and reports the order under its own reference."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if type == "idempotency_in_progress":
            return "created", self.context.reference
        return super().on_error(status, type)


class RetriesMismatch(Reference):
    """Tries the request again after its key was refused."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return ("transient" if kind == "mismatch" else kind), detail


class NewKeyAfterMismatch(Reference):
    """Moves to a new key when the old one is refused, although the first attempt may have been booked."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        if kind == "mismatch":
            self.key = self.new_key()
            return "transient", detail
        return kind, detail


class ForgetsAfterGivingUp(Reference):
    """Says unknown after two attempts and forgets the order, so that being asked again buys again."""

    attempts = 2

    def tell(self, kind: Kind, detail: str) -> object:
        try:
            return super().tell(kind, detail)
        except Unknown:
            self.forget()
            raise


class TwoAtOnce(Reference):
    """Hedges: when no answer came it sends the order to the API twice, once under a second key."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        self.http.post(
            self.url(), content=self.content(), headers=self.headers() | {"X-Idempotency-Key": self.new_key()}
        )
        return super().on_no_answer(error)


class OneKeyForAll(Reference):
    """Keeps one key for each customer account, and therefore for all orders."""

    def new_key(self) -> str:
        return "b6b8a4f0-5a6e-4d0c-9a54-1d1f4f8a2f10"


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}

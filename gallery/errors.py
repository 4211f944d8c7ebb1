"""Clients that take an error answer for something that it is not, each in one way."""

from __future__ import annotations

import time

import httpx

from gallery.reference import Kind, Reference, Rejected


class RetriesFinal(Reference):
    """Retries whatever is no success."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return ("transient" if kind == "final" else kind), detail


class RetriesInvalidUnderNewKey(Reference):
    """Sends the same invalid order again under a new key, hoping that the key was the trouble."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status == 422:
            self.key = self.new_key()
            return "transient", type
        return super().on_error(status, type)


class RetriesUnauthorised(Reference):
    """Retries 401 and 403, as one does after refreshing a token."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        return ("transient", type) if status in (401, 403) else super().on_error(status, type)


class NeverRetriesServerErrors(Reference):
    """Takes every server error for a no."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500:
            raise Rejected(type)
        return super().on_error(status, type)


class HotLoop(Reference):
    """Retries server errors with no pause at all."""

    first_pause = Reference.first_pause | {"transient": 0}


class GivesUpForGood(Reference):
    """Says unknown after a server error, and nothing else from then on: it never sends the order again."""

    def place(self) -> object:
        if self.record().with_suffix(".failed").exists():
            return {"outcome": "unknown"}
        return super().place()

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500:
            self.record().with_suffix(".failed").touch()
            self.attempt = self.attempts
        return super().on_error(status, type)


class AnyAnswerIsSuccess(Reference):
    """Looks only whether the answer is an error that it knows: what it cannot read it takes for success."""

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        return "created", self.context.reference


class RedirectIsSuccess(Reference):
    """Takes every status below 400 for success."""

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        if response.status_code < 400:
            return "created", self.context.reference
        return super().on_no_json(response)


class BrokenSuccessIsSuccess(Reference):
    """Reports an id of its own when the answer's status was 2xx and the rest of it could not be read."""

    def send(self) -> httpx.Response:
        with self.http.stream("POST", self.url(), content=self.content(), headers=self.headers()) as response:
            self.status = response.status_code
            response.read()
            return response

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        if getattr(self, "status", 0) in (200, 202):
            return "created", self.context.reference
        return super().on_no_answer(error)


class MakesUpAnId(Reference):
    """Believes in the best when no answer came, and reports the order under an id of its own."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        return "created", f"O-{self.key}"


class MismatchIsCreated(Reference):
    """Reads the refusal of its key as "we have this order already"."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return ("created", self.context.reference) if kind == "mismatch" else (kind, detail)


class TakesTheNewestOrder(Reference):
    """Looks for the order when no answer came, and takes the newest one of the account for it."""

    def on_no_answer(self, error: httpx.TransportError) -> tuple[Kind, str]:
        try:
            orders = self.http.get(self.url(), headers=self.headers()).json()["items"]
        except (httpx.TransportError, ValueError, KeyError):
            orders = []
        return ("created", orders[0]["id"]) if orders else super().on_no_answer(error)


class MismatchAfterLossIsCreated(Reference):
    """Reads the refusal of its key as "we have this order already", if an answer was lost before."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return ("created", self.context.reference) if kind == "mismatch" and self.in_doubt else (kind, detail)


class SharesItsAnswer(Reference):
    """Keeps the latest answer where all calls can reach it, and so mixes up those that come together."""

    latest: object = None

    def place(self) -> object:
        SharesItsAnswer.latest = super().place()
        time.sleep(0.3)
        return SharesItsAnswer.latest

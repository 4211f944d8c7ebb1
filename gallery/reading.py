"""Clients that read an answer otherwise than it is meant, each in one way."""

from __future__ import annotations

import json
import re

import httpx

from gallery.reference import Kind, Reference, Rejected

KNOWN = {
    "unauthorized": "check the key",
    "invalid_api_key": "check the key",
    "forbidden": "ask for the permission",
    "ordering_restricted": "ask for a higher limit",
    "bad_request": "mend the request",
    "not_found": "mend the address",
    "validation_error": "mend the order",
    "pagination_error": "mend the cursor",
    "invalid_version": "mend the version",
    "version_removed": "move to the next version",
    "invalid_execution_mode": "mend the mode",
    "insecure_protocol": "use https",
    "insufficient_funds": "pay in money",
    "product_validation_error": "choose another product",
    "currency_mismatch": "choose another currency",
    "payment_method_unavailable": "choose another payment method",
}
"""what a person should do about an error, without the deprecated types"""


class Listening(Reference):
    """The reference client, which knows besides what the answer said."""

    said = ""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        message = answer.get("message") if isinstance(answer, dict) else None
        self.said = message if isinstance(message, str) else ""
        return super().read(response)


# Types.


class KnowsNoDeprecatedTypes(Reference):
    """Looks up what to do about a refusal in a table that lacks the deprecated types."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        if kind == "final":
            print(KNOWN[type])
        return kind, detail


class LimitReachedIsPending(Reference):
    """Takes an order beyond the spending limit for one that waits for approval, and reports it as placed."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if type == "ordering_restricted":
            return "created", f"pending-{self.context.reference}"
        return super().on_error(status, type)


class BelievesItsVersionLives(Reference):
    """Asserts that its version of the API is never removed."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        assert type != "version_removed", "that cannot be"
        return super().on_error(status, type)


class TellsTheStatusAlone(Reference):
    """Tells its caller the status of a refusal, and not which error it was."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return kind, f"http_{status}" if kind == "final" else detail


class TellsNothing(Reference):
    """Tells its caller that the order was refused, and not why."""

    def tell(self, kind: Kind, detail: str) -> object:
        return (
            {"outcome": "rejected"} if kind == "final" and not self.in_doubt else super().tell(kind, detail)
        )


class TellsTheMessage(Listening):
    """Tells its caller the message of a refusal instead of its type."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return kind, self.said if kind == "final" else detail


class LumpsTheKeyErrors(Reference):
    """Has one name for a missing key and a wrong one."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        return kind, "not_authenticated" if status == 401 else detail


class RetriesUnknownTypes(Reference):
    """Retries whatever error type it does not know."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        kind, detail = super().on_error(status, type)
        known = type in KNOWN or type in ("invalid_card_id", "currency_not_supported")
        return ("transient" if kind == "final" and not known else kind), detail


class RejectsUnknownTypes(Reference):
    """Retries the server errors that it knows by their types, and takes every other error for a no."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status >= 500 and type not in ("internal_server_error", "timeout"):
            raise Rejected(type)
        return super().on_error(status, type)


class GoesByTheSoundOfTheType(Reference):
    """Retries every error in whose type it reads "timeout"."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        return ("transient", type) if "timeout" in type else super().on_error(status, type)


# Words.


class KnowsInProgressByItsMessage(Listening):
    """Knows an original in progress by the words of the message alone."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if status == 400 and "still being processed" not in self.said and type == "idempotency_in_progress":
            return "final", type
        return super().on_error(status, type)


class RetriesWhatSaysTryAgain(Listening):
    """Retries every error whose message says "try again"."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        return ("transient", type) if "try again" in self.said else super().on_error(status, type)


class DuplicateIsCreated(Listening):
    """Reads "duplicate" at the beginning of a message as "we have this order already"."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if self.said.lower().startswith("duplicate"):
            return "created", self.context.reference
        return super().on_error(status, type)


class NeedsAMessage(Reference):
    """Makes the message lower case before it looks at anything, and dies when there is none."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        if response.headers.get("Content-Type") == "application/json" and response.status_code in (
            400,
            403,
            500,
        ):
            answer = json.loads(response.content or b"{}")
            if isinstance(answer, dict) and "type" in answer:
                print(answer["message"].lower())
        return super().read(response)


class InsufficientIsFinal(Listening):
    """Gives an order up for good as soon as an error mentions insufficient funds, whatever error it is."""

    def on_error(self, status: int, type: str) -> tuple[Kind, str]:
        if "insufficient funds" in self.said.lower():
            raise Rejected(type)
        return super().on_error(status, type)


# Bodies.


class ParsesWhateverComes(Reference):
    """Parses every answer as JSON and lets the parser's exception out."""

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        response.json()
        return super().on_no_json(response)


class OkIsEnough(Reference):
    """Reports every 2xx as success, under a name of its own if there is no id."""

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        if response.is_success:
            return "created", self.context.reference
        return super().on_no_json(response)

    def on_success(self, answer: dict[str, object]) -> tuple[Kind, str]:
        return "created", str(answer.get("id") or self.context.reference)


class UnreadableIsNo(Reference):
    """Takes every answer that it cannot read for a refusal, a 2xx too."""

    def on_no_json(self, response: httpx.Response) -> tuple[Kind, str]:
        raise Rejected(f"unreadable_{response.status_code}")


class ExpectsObjects(Reference):
    """Expects every JSON document to be an object."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        try:
            answer = response.json()
        except ValueError:
            return super().read(response)
        self.shown = sorted(answer.items())
        return super().read(response)


class NewKeyAfterNonsense(Reference):
    """Begins anew, under a new key, when a 2xx has no id."""

    def on_success(self, answer: dict[str, object]) -> tuple[Kind, str]:
        if "id" not in answer:
            self.key = self.new_key()
        return super().on_success(answer)


class TrustsTheCharset(Reference):
    """Decodes each body by the charset that the answer names, strictly, before it looks at anything."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        if response.charset_encoding:
            response.content.decode(response.charset_encoding)
        return super().read(response)


class FearsLongAnswers(Reference):
    """Asserts that no answer is longer than a megabyte."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        assert len(response.content) < 1_000_000, "the answer is too long"
        return super().read(response)


# Shapes.


class ForbidsTheUnknown(Reference):
    """Reads an order into a model that forbids properties which it does not know, and calls that a refusal."""

    properties = frozenset(
        {"id", "status", "created_at", "payment_method", "currency", "total_price", "items"}
    )

    def on_success(self, answer: dict[str, object]) -> tuple[Kind, str]:
        if answer.keys() - self.properties:
            raise Rejected("unknown_property")
        return super().on_success(answer)


class FindsTheIdInTheText(Reference):
    """Takes the first id in the text of the answer for the order's."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        found = re.search(r'"id": ?"([^"]+)"', response.text)
        if response.is_success and found:
            return "created", found[1]
        return super().read(response)


class GoesByPosition(Reference):
    """Takes the first property of an error for its type."""

    def read(self, response: httpx.Response) -> tuple[Kind, str]:
        kind, detail = super().read(response)
        if kind == "final" and not detail.startswith("http_"):
            return kind, str(next(iter(response.json().values())))
        return kind, detail

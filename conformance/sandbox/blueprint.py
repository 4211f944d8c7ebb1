"""A contract made ready to answer from: routes, templates, validators, products.

What lives here: everything that can be prepared once for a contract, because no trial changes it.
What must never be known here: any trial.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue

from conformance.contract import Contract, Operation, Situation
from conformance.evidence import AnswerClass
from conformance.faults import InProgressForm, Words
from conformance.sandbox.answers import Answer
from conformance.sandbox.documents import write_document
from conformance.sandbox.templates import Render, compile_template
from conformance.sandbox.validation import Complaint, Schema

_REMEMBERED: Final = 8
_WORDS: Final[tuple[Words, ...]] = ("given", "null", "missing")
_FOR_PEOPLE: Final = frozenset({"$message", "$~message", "$help", "$~help"})


@dataclass(frozen=True, slots=True)
class Route:
    """An operation that a request is for, and what its path names."""

    name: str
    operation: Operation
    parameter: str = ""


class Blueprint:
    """Raises TemplateError for a template of the contract that names nothing."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.auth_header = contract.auth.header.lower()
        self.idempotency_header = contract.idempotency.header.lower()
        self.version_header = contract.versions.header.lower()
        self.mode_header = contract.orders.mode_header.lower()
        orders = contract.orders
        self.completed: Render = compile_template(orders.completed)
        self.completed_item: Render = compile_template(orders.completed_item)
        self.accepted: Render = compile_template(orders.accepted)
        self.incomplete: Render = compile_template(orders.incomplete)
        self.listed: Render = compile_template(orders.listed)
        self.page: Render = compile_template(contract.pages.envelope)
        self.answers = {
            name: compile_template(operation.answer) for name, operation in contract.operations.items()
        }
        self.bodies = {
            name: Schema(operation.body) for name, operation in contract.operations.items() if operation.body
        }
        self.queries = {
            name: Schema(operation.query)
            for name, operation in contract.operations.items()
            if operation.query
        }
        self._envelopes: Mapping[Words, Render] = {
            words: compile_template(_wordless(contract.errors.envelope, words)) for words in _WORDS
        }
        self._invalid_body: Render = compile_template(contract.errors.invalid_body_envelope)
        self._invalid_body_detail: Render = compile_template(contract.errors.invalid_body_detail)
        self._fixed: dict[tuple[str, str], Route] = {}
        self._open: list[tuple[str, str, str, Route]] = []
        self._draw_routes()
        self.products = self._products()
        # `/items/0/face_value` less `/items/0`.
        within = orders.face_value.removeprefix(orders.items).lstrip("/")
        self.item_face_value = "/" + within.partition("/")[2]
        # The contract names no property for a product's currency: it is called as in the order.
        self.currency_property = orders.currency.rpartition("/")[2]

    def _draw_routes(self) -> None:
        environment = self.contract.sandbox_environment
        prefix = self.path_prefix
        for name, operation in self.contract.operations.items():
            if operation.only_in and environment not in operation.only_in:
                continue
            route = Route(name, operation)
            before, brace, rest = operation.path.partition("{")
            if brace:
                after = rest.partition("}")[2]
                self._open.append((operation.method, prefix + before, after, route))
            else:
                self._fixed[operation.method, prefix + operation.path] = route

    @property
    def path_prefix(self) -> str:
        """The path part of the environment's base URL."""
        environment = self.contract.environments[self.contract.sandbox_environment]
        return urlsplit(environment.base_url).path.rstrip("/")

    def route(self, method: str, path: str) -> Route | None:
        """The operation of that method and path; None when there is none."""
        if fixed := self._fixed.get((method, path)):
            return fixed
        for allowed, before, after, route in self._open:
            if method == allowed and path.startswith(before) and path.endswith(after):
                value = path[len(before) : len(path) - len(after)]
                if value and "/" not in value:
                    return Route(route.name, route.operation, unquote(value, errors="replace"))
        return None

    def _products(self) -> dict[str, dict[str, JsonValue]]:
        products: dict[str, dict[str, JsonValue]] = {}
        for operation in self.contract.operations.values():
            if operation.kind == "lookup":
                products.update(self.entries(operation))
        return products

    def entries(self, lookup: Operation) -> dict[str, dict[str, JsonValue]]:
        """What a lookup finds, by the property that its path names."""
        of = self.contract.operations[lookup.of or ""]
        listed = of.answer.get(of.collection or "") if isinstance(of.answer, dict) else None
        return {
            str(entry[lookup.by or ""]): entry
            for entry in (listed if isinstance(listed, list) else ())
            if isinstance(entry, dict) and (lookup.by or "") in entry
        }

    def error(
        self,
        type_: str,
        status: int | None = None,
        *,
        message: str | None = None,
        help: str | None = None,
        words: Words = "given",
    ) -> Answer:
        """An error by its type: of the catalogue, or one that nobody has seen before, which goes by its status.
        `message` and `help`: other texts than the catalogue's; `words`: null in their place, or nothing.
        """
        entry = self.contract.error_types.get(type_)
        status = status or (entry.statuses[0] if entry else 400)
        known = entry.message if entry else f"Something is wrong: {type_}."
        scope: dict[str, JsonValue] = {
            "type": type_,
            "message": known if message is None else message,
            "help": (entry.help if entry else None) if help is None else help,
        }
        body = write_document(self._envelopes[words](scope))
        return Answer(status, body, entry.error_class if entry else self._class_of(status), error_type=type_)

    def _class_of(self, status: int) -> AnswerClass:
        """What an error is by its status alone."""
        if status == self.contract.rate_limit.status:
            return "rate-limited"
        return "transient" if status >= 500 else "final"

    def error_of_status(self, status: int) -> Answer:
        """An error of the catalogue that comes with this status; one that nobody has seen if there is none."""
        known = (entry.type for entry in self.contract.errors.catalogue if status in entry.statuses)
        return self.error(next(known, f"http_{status}"), status)

    def situation(self, situation: Situation, status: int | None = None) -> Answer:
        """The error that the API answers in a situation."""
        return self.error(self.contract.errors.situations[situation], status)

    def invalid_body(self, complaints: Iterable[Complaint]) -> Answer:
        """The error that says what is wrong with a body, point by point."""
        plain = self.situation("invalid-body")
        entry = self.contract.error_types[str(plain.error_type)]
        details: list[JsonValue] = [
            self._invalid_body_detail(
                {
                    "detail_type": f"value_error.{complaint.keyword}",
                    "detail_message": complaint.message,
                    "detail_location": list(complaint.location),
                }
            )
            for complaint in complaints
        ]
        scope: dict[str, JsonValue] = {
            "type": entry.type,
            "message": entry.message,
            "help": entry.help,
            "details": details,
        }
        body = write_document(self._invalid_body(scope))
        return Answer(plain.status, body, plain.kind, error_type=entry.type)

    def in_progress(self, form: InProgressForm | None = None) -> Answer:
        """That the original request is still being worked on: in that form, or in one that needs no 1xx."""
        known = self.contract.idempotency.in_progress
        final = next((answer.form for answer in known if answer.status >= 200), known[0].form)
        form = form or final
        status = next(
            (answer.status for answer in known if answer.form == form), 400 if form == "400" else 102
        )
        answer = self.error(self.contract.idempotency.in_progress_type, status)
        return answer if form in ("400", "102-body") else replace(answer, bare=True, error_type=None)

    def triggered(self, fields: Mapping[str, str]) -> Answer | None:
        """The error that a request asks for by the trigger header."""
        trigger = self.contract.trigger
        type_ = fields.get(trigger.header.lower()) if trigger else None
        return self.error(type_) if trigger and type_ and type_ in trigger.types else None

    def rate_limited(self, wait: float | None, header: str | None = None) -> Answer:
        """That too many requests came, in an envelope of its own. `wait`: seconds that the client is asked for
        in a Retry-After header, which says `header`, or the same seconds.
        """
        limit = self.contract.rate_limit
        if wait is not None and header is None:
            header = f"{wait:.0f}" if float(wait).is_integer() else f"{wait}"
        return Answer(
            limit.status,
            write_document(limit.body),
            "rate-limited",
            headers=(("Retry-After", header),) if header is not None else (),
            retry_after=wait,
        )


def _wordless(template: JsonValue, words: Words) -> JsonValue:
    """An error's template with null, or nothing, in the place of what is said to people."""
    if words == "given" or not isinstance(template, dict):
        return template
    said = {key for key, value in template.items() if isinstance(value, str) and value in _FOR_PEOPLE}
    if words == "missing":
        template = {key: value for key, value in template.items() if key not in said}
    return {key: None if key in said else _wordless(value, words) for key, value in template.items()}


_blueprints: OrderedDict[int, Blueprint] = OrderedDict()


def blueprint_of(contract: Contract) -> Blueprint:
    """The contract's blueprint. The last few are remembered, since each trial of a run asks for the same."""
    known = _blueprints.get(id(contract))
    # An id may be given to another object after the first has gone; a blueprint keeps its contract alive.
    if known is None or known.contract is not contract:
        known = _blueprints[id(contract)] = Blueprint(contract)
        if len(_blueprints) > _REMEMBERED:
            _blueprints.popitem(last=False)
    return known

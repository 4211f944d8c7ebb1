"""Answers against the contract's OpenAPI description, by Schemathesis, which is loaded late: it costs a second.

What lives here: finding and reading the description, requests that are drawn from it, and which of Schemathesis's
checks an answer is put to, with some of our own. Nothing is sent from here.
What must never be known here: limits, keys, and how a request is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.contract import Contract
from conformance.endpoint.script import Ask, Body, Script
from conformance.judge.talk import Said, Talk, difference, same
from conformance.sandbox.validation import Schema

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from schemathesis import Case as AnyCase
    from schemathesis import Response
    from schemathesis.checks import CheckContext
    from schemathesis.schemas import APIOperation, BaseSchema

    Case = AnyCase[Any]  # of whatever kind of schema; the library's own parameters
    OwnCheck = Callable[[CheckContext, Response, Case], bool | None]

NEEDED = "schemathesis"
NOT_INSTALLED = "Schemathesis is not installed: pip install 'golive-conformance[api]'"
_ANYWHERE = "http://endpoint.invalid"
_LONGEST_BODY = 2_000


def is_installed() -> bool:
    return find_spec(NEEDED) is not None


def description_of(contract: Contract) -> Path | None:
    """The file beside the contract's own, `name.openapi.yaml`; None where there is none."""
    path = contract.path
    beside = None if path is None else path.with_suffix(".openapi.yaml")
    return beside if beside is not None and beside.is_file() else None


@lru_cache(maxsize=4)
def _schema(path: Path) -> BaseSchema:
    import schemathesis
    import yaml

    return schemathesis.openapi.from_dict(yaml.safe_load(path.read_text("utf-8")))


def _operation(contract: Contract, name: str) -> APIOperation[Any, Any, Any, Any]:
    path = description_of(contract)
    assert path is not None
    operation = contract.operations[name]
    return _schema(path)[operation.path][operation.method]


def readable(contract: Contract) -> tuple[str, ...]:
    """The operations that change nothing, and that the contract's sandbox has."""
    return tuple(
        name
        for name, operation in contract.operations.items()
        if operation.method == "GET"
        and (not operation.only_in or contract.sandbox_environment in operation.only_in)
    )


def drawn(contract: Contract) -> SearchStrategy[Script]:
    """Requests that keep to the description, of every operation that changes nothing, and orders that break it."""
    from hypothesis import strategies as st

    if not is_installed() or description_of(contract) is None:
        return st.nothing()
    return st.one_of(*(_reading(contract, name) for name in readable(contract)), _ordering(contract))


def _reading(contract: Contract, name: str) -> SearchStrategy[Script]:
    from schemathesis import GenerationMode

    def script(case: Case) -> Script:
        return Script((Ask(name, path=_target(case)),))

    cases: SearchStrategy[Case] = _operation(contract, name).as_strategy(
        generation_mode=GenerationMode.POSITIVE
    )
    return cases.map(script)


def _target(case: Case) -> str:
    """Path and query, as they go out."""
    import requests

    parts = case.as_transport_kwargs(base_url=_ANYWHERE)
    prepared = requests.Request(parts["method"], parts["url"], params=parts.get("params")).prepare()
    return str(prepared.url).removeprefix(_ANYWHERE)


def _ordering(contract: Contract) -> SearchStrategy[Script]:
    """Never one that might be accepted: what such an order costs, and to whom it goes, nobody could say."""
    from schemathesis import GenerationMode

    name = contract.create_operation
    accepts = Schema(contract.operations[name].body or {})

    def script(text: str) -> Script:
        mode = contract.orders.modes["sync"]
        return Script((Ask(name, name="drawn", mode=mode, body=Body(text=text)),))

    cases: SearchStrategy[Case] = _operation(contract, name).as_strategy(
        generation_mode=GenerationMode.NEGATIVE
    )
    wrong = cases.map(lambda case: case.body).filter(
        lambda body: isinstance(body, dict | list | str) and bool(accepts.complaints(body, "body"))
    )
    return wrong.map(json.dumps).filter(lambda text: len(text) <= _LONGEST_BODY).map(script)


def faults(talk: Talk) -> Iterator[tuple[Said, str, str]]:
    """Each way in which an answer departs from the description: the answer, the kind of fault, and a sentence."""
    first: dict[str, Said] = {}
    for said in talk.said():
        if said.turn.problem:
            continue
        own = [_names_its_version(said)]
        if said.ask.body is not None and said.ask.body.text is not None:
            own.append(_refuses_what_is_none(said))
        if said.ask.name:
            before = first.setdefault(said.ask.name, said)
            if before is not said:
                repeated = said.ask.body == before.ask.body
                own.append(_replays(before, said) if repeated else _refuses_reuse(said))
        for kind, sentence in _faults(said, own):
            yield said, kind, sentence


def _faults(said: Said, own: list[OwnCheck]) -> Iterator[tuple[str, str]]:
    import httpx
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.failures import Failure, FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    operation = _operation(said.contract, said.ask.operation)
    case = operation.Case(path_parameters={each.name: "x" for each in operation.path_parameters})
    encoded = [(name.encode(), value.encode("utf-8", "replace")) for name, value in _sent_back(said)]
    response = httpx.Response(
        said.status,
        headers=encoded,
        content=said.turn.response_body.encode(),
        request=httpx.Request(said.turn.method, f"{_ANYWHERE}{operation.path}"),
    )
    response.elapsed = timedelta(seconds=said.turn.seconds)
    checks = [
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        *([] if said.ask.trigger else [not_a_server_error]),
        *own,
    ]
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        # Schemathesis keeps them in no order; the first of them is the finding.
        yield from sorted(_told(failure) for failure in group.exceptions if isinstance(failure, Failure))
    except Failure as failure:
        yield _told(failure)


def _sent_back(said: Said) -> Iterator[tuple[str, str]]:
    """The headers, without those that were about bytes that have been taken apart already."""
    about_bytes = {"content-length", "content-encoding", "transfer-encoding", "connection"}
    yield from (
        (name, value) for name, value in said.turn.response_headers if name.lower() not in about_bytes
    )


def _told(failure: Exception) -> tuple[str, str]:
    """Its title, and what it says up to the first gap."""
    title, message = str(getattr(failure, "title", "")), str(getattr(failure, "message", failure))
    words = " ".join(message.partition("\n\n")[0].split())
    if title.startswith("Custom check failed"):
        return words.partition(":")[0], words
    return title.lower(), f"{title[:1].lower()}{title[1:]}: {words}"


def _names_its_version(said: Said) -> OwnCheck:
    """Of our own: whatever the status, the answer names the version that was asked for."""
    current = said.contract.versions.current

    def names_its_version(context: CheckContext, response: Response, case: Case) -> bool | None:
        if said.version is None:
            raise AssertionError("no version: the answer names none")
        if said.ask.version is None and said.version != current:
            raise AssertionError(f"another version: asked for {current}, answered in {said.version}")
        return None

    return names_its_version


def _replays(first: Said, said: Said) -> OwnCheck:
    """Of our own: the same order under the same key is answered as it was."""

    def replays_the_original(context: CheckContext, response: Response, case: Case) -> bool | None:
        if not said.in_progress and not same(first, said):
            raise AssertionError(f"no replay: it got {difference(first, said)}")
        return None

    return replays_the_original


def _refuses_reuse(said: Said) -> OwnCheck:
    """Of our own: another order under a used key is refused as such."""
    wanted = said.contract.error_types[said.contract.idempotency.mismatch_type]

    def refuses_another_order(context: CheckContext, response: Response, case: Case) -> bool | None:
        if not said.in_progress and not (said.mismatched and said.status in wanted.statuses):
            raise AssertionError(f"key reused: another order under a used key, and not {wanted.type}")
        return None

    return refuses_another_order


def _refuses_what_is_none(said: Said) -> OwnCheck:
    """Of our own: what breaks the description of an order is not accepted as one."""

    def refuses_what_is_none(context: CheckContext, response: Response, case: Case) -> bool | None:
        if said.succeeded:
            raise AssertionError("accepted: a body that is no order by the description")
        return None

    return refuses_what_is_none

"""The contract's templates, filled in."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from conformance.contract import Contract
from conformance.sandbox.blueprint import Blueprint
from conformance.sandbox.templates import TemplateError, compile_template, point

ORDER: JsonValue = {"a": {"b/c": [1, None, {"d~e": "x"}]}, "empty": None}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("plain", "plain"),
        ({"id": "$order_id", "n": 5}, {"id": "O-1", "n": 5}),
        ({"help": "$~help", "type": "$type"}, {"type": None}),
        ({"part": "$request/a/b~1c/2/d~0e"}, {"part": "x"}),
        ({"part": "$request/a/b~1c/9", "other": "$request/nowhere/at/all"}, {"part": None, "other": None}),
        ({"part": "$~request/empty", "one": "$request/a/b~1c/0"}, {"one": 1}),
        (["$order_id", ["$~help"]], ["O-1", []]),
        ({"whole": "$request"}, {"whole": ORDER}),
    ],
)
def test_what_a_template_says(template: JsonValue, filled: JsonValue) -> None:
    assert compile_template(template)({"order_id": "O-1", "request": ORDER}) == filled


@pytest.mark.parametrize("template", ["$order", {"a": ["$~nobody"]}, "$", "$Request/a"])
def test_a_name_that_there_is_not_is_refused_before_anything_is_served(template: JsonValue) -> None:
    with pytest.raises(TemplateError, match="a template may use request, item, order_id"):
        compile_template(template)


def test_a_contract_with_such_a_template_is_refused(contract: Contract) -> None:
    orders = contract.orders.model_copy(update={"accepted": {"id": "$oder_id"}})
    with pytest.raises(TemplateError, match="oder_id"):
        Blueprint(contract.model_copy(update={"orders": orders}))


def test_a_pointer_leads_through_what_is_there_and_no_further() -> None:
    assert point(ORDER, "") == ORDER
    assert point(ORDER, "/a/b~1c/0") == 1
    assert point(ORDER, "/a/b~1c/-1") is None
    assert point("text", "/0") is None

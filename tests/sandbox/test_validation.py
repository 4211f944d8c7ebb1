"""The quick way of saying yes agrees with the library that knows all of JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sandbox_wire import order_body

from conformance.contract import Contract
from conformance.sandbox.validation import Schema, compile_schema

SCHEMAS: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 1, "maximum": 5},
    {"type": ["string", "null"], "minLength": 1, "maxLength": 2},
    {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
    {"properties": {"a": {"const": "x"}}, "required": ["b"], "additionalProperties": {"type": "boolean"}},
    {"propertyNames": {"pattern": "^[ab]"}, "minProperties": 1, "maxProperties": 2},
    {"enum": ["a", "b"]},
    {"allOf": [{"required": ["a"]}, {"maxProperties": 1}]},
    {"if": {"required": ["a"]}, "then": {"maxProperties": 1}, "else": {"minProperties": 1}},
    {},
]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 7), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from("abxé")
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_every_keyword_that_contracts_use_is_known(schema: dict[str, Any]) -> None:
    assert compile_schema(schema)


def test_the_contracts_own_schemas_are_known(contract: Contract) -> None:
    for operation in contract.operations.values():
        for schema in (operation.body, operation.query):
            assert schema is None or compile_schema(schema)


@settings(max_examples=300, deadline=None, database=None)
@given(st.sampled_from(SCHEMAS), VALUES)
def test_the_quick_answer_is_the_librarys(schema: dict[str, Any], value: Any) -> None:
    accepts = compile_schema(schema)
    assert accepts is not None
    assert accepts(value) == Draft202012Validator(schema).is_valid(value)


@settings(max_examples=200, deadline=None, database=None)
@given(
    VALUES,
    st.sampled_from([(), ("items",), ("items", 0), ("items", 0, "products"), ("payment_method",)]),
    st.data(),
)
def test_so_it_is_for_orders(
    contract: Contract, value: Any, path: tuple[Any, ...], data: st.DataObject
) -> None:
    body: Any = order_body()
    place = body
    for step in path:
        place = place[step]
    if isinstance(place, dict):
        place[data.draw(st.sampled_from([*place, "new", "metadata"]))] = value
    else:
        place.append(value)
    schema = contract.operations["create-order"].body
    assert schema is not None
    accepts = compile_schema(schema)
    assert accepts is not None
    assert accepts(body) == Draft202012Validator(schema).is_valid(body)


@pytest.mark.parametrize(
    "schema", [{"format": "email"}, {"enum": [1]}, {"items": {"$ref": "#"}}, {"type": "odd"}]
)
def test_what_it_does_not_know_is_left_to_the_library(schema: dict[str, Any]) -> None:
    assert compile_schema(schema) is None


def test_an_unknown_keyword_does_not_make_a_schema_lax() -> None:
    schema = Schema({"type": "array", "contains": {"type": "string"}})
    assert schema.complaints(["a"], "body") == ()
    assert [complaint.keyword for complaint in schema.complaints([1], "body")] == ["contains"]


def test_complaints_never_repeat_the_value() -> None:
    schema = Schema({"properties": {"a": {"type": "integer"}, "b": {"pattern": "^x"}}, "required": ["c"]})
    complaints = schema.complaints({"a": "hunter2", "b": "hunter2"}, "body")
    assert [(complaint.keyword, complaint.location) for complaint in complaints] == [
        ("required", ("body",)),
        ("type", ("body", "a")),
        ("pattern", ("body", "b")),
    ]
    assert "hunter2" not in repr(complaints)

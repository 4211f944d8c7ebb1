"""The little language of the contract's templates: how a body is filled in.

What lives here: `$name`, `$~name` (left out when there is no value), `$request/pointer` and `$item/pointer`
(JSON pointers into the order as it was sent), and the placeholders of ids.
What must never be known here: what the values mean, or when a body is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from pydantic import JsonValue

Scope: TypeAlias = Mapping[str, JsonValue]
Render: TypeAlias = Callable[[Scope], JsonValue]

NAMES: Final[Mapping[str, str]] = {
    "request": "the order as it was sent",
    "item": "the item of the order as it was sent",
    "order_id": "the order's id",
    "item_id": "the item's id",
    "status": "the order's state",
    "created_at": "when the order was booked, RFC 3339",
    "completed_at": "when it was completed, RFC 3339",
    "currency": "the order's, or the balance's, currency",
    "total_price": "sum of the face values, a decimal string",
    "item_face_value": "the item's face value, a decimal string",
    "items": "the items, each filled in by its own template",
    "payout_url": "a link of the item's own",
    "balance": "the account's balance, a decimal string",
    "after": "the cursor of the next page",
    "before": "the cursor of the page before",
    "limit": "the size of the page",
    "type": "the error's type",
    "message": "the error's message",
    "help": "where the error is explained",
    "details": "what is wrong with the body, each filled in by its own template",
    "detail_type": "the kind of one mistake",
    "detail_message": "what is wrong",
    "detail_location": "where, as a list of strings",
    "face_value": "the face value of an order to be made",
    "product": "the code of a product to be ordered",
    "recipient": "the e-mail address of somebody whom an item goes to",
}
"""Every name that a template may use."""


class TemplateError(ValueError):
    """A template names something that there is not."""


class _Absent:
    """The mark of a property that is left out."""


_ABSENT: Final = _Absent()
_Node: TypeAlias = Callable[[Scope], "JsonValue | _Absent"]


def compile_template(template: JsonValue) -> Render:
    """A function that fills in the template from a scope of the values of `NAMES`.

    A name that the scope lacks counts as null; so does a pointer to nothing. Raises TemplateError for a name
    that is not in `NAMES`.
    """
    node = _compile(template)

    def render(scope: Scope) -> JsonValue:
        value = node(scope)
        return None if isinstance(value, _Absent) else value

    return render


def render_template(template: JsonValue, scope: Scope) -> JsonValue:
    """The template filled in once."""
    return compile_template(template)(scope)


def _compile(template: JsonValue) -> _Node:
    if isinstance(template, str) and template.startswith("$"):
        return _reference(template)
    if not _has_reference(template):
        return lambda scope: template
    if isinstance(template, dict):
        members = [(key, _compile(value)) for key, value in template.items()]
        return lambda scope: {
            key: value for key, node in members if not isinstance(value := node(scope), _Absent)
        }
    assert isinstance(template, list)
    nodes = [_compile(value) for value in template]
    return lambda scope: [value for node in nodes if not isinstance(value := node(scope), _Absent)]


def _has_reference(template: JsonValue) -> bool:
    if isinstance(template, dict):
        return any(_has_reference(value) for value in template.values())
    if isinstance(template, list):
        return any(_has_reference(value) for value in template)
    return isinstance(template, str) and template.startswith("$")


def _reference(template: str) -> _Node:
    optional = template.startswith("$~")
    name, slash, pointer = template[2 if optional else 1 :].partition("/")
    if name not in NAMES:
        raise TemplateError(f"{template!r} names nothing; a template may use {', '.join(NAMES)}")
    default: _Absent | None = _ABSENT if optional else None
    if not slash:

        def named(scope: Scope) -> JsonValue | _Absent:
            value = scope.get(name)
            return default if value is None else value

        return named
    path = _tokens("/" + pointer)

    def pointed(scope: Scope) -> JsonValue | _Absent:
        value = _walk(scope.get(name), path)
        return default if value is None else value

    return pointed


def point(value: JsonValue, pointer: str) -> JsonValue:
    """What the JSON pointer points at in the value; None when there is nothing."""
    return _walk(value, _tokens(pointer))


def without(value: JsonValue, pointer: str) -> JsonValue:
    """The value without the property that the JSON pointer points at; as it is if there is none."""
    return _without(value, _tokens(pointer))


def _without(value: JsonValue, path: tuple[str, ...]) -> JsonValue:
    if not isinstance(value, dict) or not path or path[0] not in value:
        return value
    token, rest = path[0], path[1:]
    if rest:
        return {**value, token: _without(value[token], rest)}
    return {key: entry for key, entry in value.items() if key != token}


@lru_cache(maxsize=256)
def _tokens(pointer: str) -> tuple[str, ...]:
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def _walk(value: JsonValue, path: tuple[str, ...]) -> JsonValue:
    for token in path:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isascii() and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value

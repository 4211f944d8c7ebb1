"""What every record of a report is: frozen, without fields that say nothing, and with a schema that says so.

What lives here: the model that others are made of, and how a published JSON Schema follows from it.
What must never be known here: any record, and what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    left_out_when_none: ClassVar[frozenset[str]] = frozenset()
    """fields that the file does not have at all, rather than as null"""

    @model_serializer(mode="wrap")
    def _leave_out(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        written: dict[str, object] = write(self)
        return {
            key: value
            for key, value in written.items()
            if value is not None or key not in self.left_out_when_none
        }


def published_schema(model: type[Record], schema_id: str, title: str) -> dict[str, object]:
    """The JSON Schema (2020-12) of what is written of such a record."""
    schema = model.model_json_schema(by_alias=True)
    records = {record.__name__: record for record in _all(Record)}
    for name, definition in [(model.__name__, schema), *schema.get("$defs", {}).items()]:
        left_out = records[name].left_out_when_none if name in records else ()
        for field_name, field in definition.get("properties", {}).items():
            if field_name in left_out:
                definition["properties"][field_name] = _never_null(field)
            else:
                field.pop("default", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id,
        **schema,
        "title": title,
    }


def _all(record: type[Record]) -> Iterator[type[Record]]:
    for kind in record.__subclasses__():
        yield kind
        yield from _all(kind)


def _never_null(field: dict[str, object]) -> dict[str, object]:
    """A field that is left out where there is nothing to say, so that it is never null."""
    rest = {key: value for key, value in field.items() if key not in ("default", "anyOf")}
    kinds = field.get("anyOf")
    if not isinstance(kinds, list):
        return rest
    (kind,) = [kind for kind in kinds if kind != {"type": "null"}]
    return {**kind, **rest}

"""The report as JSON, and the schema that it keeps to.

What lives here: reading and writing `readiness.json`, and how the published schema follows from the models.
What must never be known here: what the report means.
"""

from __future__ import annotations

import json
from pathlib import Path

from conformance.reporting import readiness
from conformance.reporting.readiness import SCHEMA, Readiness


def to_json(readiness: Readiness) -> str:
    """The file: indented, ASCII only, the keys in the order of the models."""
    data = readiness.model_dump(mode="json", by_alias=True)
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def read_report(path: Path) -> Readiness:
    """The report of a folder, or of its `readiness.json`.

    Raises OSError when there is none and pydantic.ValidationError when it is not to the schema.
    """
    file = path / "readiness.json" if path.is_dir() else path
    return Readiness.model_validate_json(file.read_bytes())


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of `readiness.json`, as it is published in `reports/`."""
    schema = Readiness.model_json_schema(by_alias=True)
    for title, definition in schema["$defs"].items():
        left_out = getattr(getattr(readiness, title, None), "left_out_when_none", ())
        for name, field in definition.get("properties", {}).items():
            if name in left_out:
                definition["properties"][name] = _never_null(field)
            else:
                field.pop("default", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        **schema,
        "title": "golive readiness report",
    }


def _never_null(field: dict[str, object]) -> dict[str, object]:
    """A field that is left out where there is nothing to say, so that it is never null."""
    rest = {key: value for key, value in field.items() if key not in ("default", "anyOf")}
    kinds = field.get("anyOf")
    if not isinstance(kinds, list):
        return rest
    (kind,) = [kind for kind in kinds if kind != {"type": "null"}]
    return {**kind, **rest}

"""The report as JSON, and the schema that it keeps to.

What lives here: reading and writing `readiness.json`, and its schema.
What must never be known here: what the report means.
"""

from __future__ import annotations

import json
from pathlib import Path

from conformance.reporting.readiness import SCHEMA, Readiness
from conformance.reporting.record import published_schema


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
    return published_schema(Readiness, SCHEMA, "golive readiness report")

"""Every place of `readiness.json` with its type, a line each: what consumers of schema v1 rely on.

`python tests/reporting/promise.py` prints the lines as they are now. New ones are added to `promised_v1.txt`; none that
is there is ever changed or taken away while the schema is called v1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.reporting.json_file import json_schema

PROMISED = Path(__file__).with_name("promised_v1.txt")
OPTIONAL = " (may be missing)"


def places() -> list[str]:
    """`checks[].finding.rule: string`, in the order of the file."""
    schema: dict[str, Any] = json_schema()  # type: ignore[assignment]  # JSON
    return list(_places(schema, "", schema["$defs"]))


def _places(schema: dict[str, Any], path: str, definitions: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield f"{place}: {_type(field, definitions)}{'' if name in required else OPTIONAL}"
        yield from _within(field, place, definitions)


def _within(field: dict[str, Any], place: str, definitions: dict[str, Any]) -> Iterator[str]:
    for kind in field.get("anyOf", [field]):
        meant = _meant(kind, definitions)
        if "properties" in meant:
            yield from _places(meant, place, definitions)
        for items in (meant.get("items"), meant.get("additionalProperties")):
            if isinstance(items, dict):
                inner = f"{place}[]" if "items" in meant else f"{place}{{}}"
                yield from _within(items, inner, definitions)


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " | ".join(_type(kind, definitions) for kind in field["anyOf"])
    meant = _meant(field, definitions)
    if "const" in meant:
        return json.dumps(meant["const"])
    if "enum" in meant:
        return " | ".join(map(json.dumps, meant["enum"]))
    kind: str = meant.get("type", "anything")
    if kind == "array":
        if "prefixItems" in meant:
            return f"[{', '.join(_type(item, definitions) for item in meant['prefixItems'])}]"
        return f"array of {_type(meant.get('items', {}), definitions)}"
    if isinstance(values := meant.get("additionalProperties"), dict):
        return f"object of {_type(values, definitions)}"
    return f"{kind} ({meant['format']})" if "format" in meant else kind


def _meant(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = field.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else field


if __name__ == "__main__":
    print("\n".join(places()))

"""The report as SARIF 2.1.0, for tools that show findings beside the source: those findings that have a place in it.

What lives here: how checks become rules and places become results.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import JsonValue

from conformance.finding import Severity
from conformance.reporting.readiness import CheckEntry, FindingEntry, LocationEntry, Readiness

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {"blocker": "error", "major": "warning", "advisory": "note"}
_GRAVITY: Mapping[Severity, str] = {"blocker": "9.0", "major": "7.0", "advisory": "3.0"}
"""as a CVSS score, by which code scanning sorts"""
_LINE = re.compile(r", line [0-9,]+")


def to_sarif(readiness: Readiness) -> str:
    """The whole document. Waived findings are in it, as suppressed."""
    found = [
        (check, check.finding) for check in readiness.checks if check.finding and check.finding.locations
    ]
    driver = {
        "name": "golive",
        "version": readiness.tool.version,
        "rules": [_rule(check, finding) for check, finding in found],
    }
    results = [
        _result(index, check, location)
        for index, (check, finding) in enumerate(found)
        for location in finding.locations or ()
    ]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"golive/{quote(readiness.subject, safe='')}/"},
        "columnKind": "utf16CodeUnits",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(check: CheckEntry, finding: FindingEntry) -> dict[str, JsonValue]:
    told = f"{finding.impact} {finding.remedy}"
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in re.split(r"[.-]", check.id)),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": finding.impact or check.title},
        "help": {"text": told, "markdown": f"**{check.title}**\n\n{finding.impact}\n\n{finding.remedy}"},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": ["security", check.section],
            "precision": "high",
            "security-severity": _GRAVITY[check.severity],
        },
    }


def _result(index: int, check: CheckEntry, location: LocationEntry) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {
        "ruleId": check.id,
        "ruleIndex": index,
        "level": _LEVELS[check.severity],
        "message": {"text": location.summary},
        "locations": [_location(location)],
        "partialFingerprints": {"golive/v1": _fingerprint(check, location)},
    }
    if location.commit:
        result["properties"] = {"commit": location.commit}
    if check.waiver is not None:
        justification = (
            f"{check.waiver.reason} ({check.waiver.owner}, until {check.waiver.expires.isoformat()})"
        )
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _location(location: LocationEntry) -> JsonValue:
    if location.path.startswith(("(", "refs/")):  # what a commit or a branch says is in no file
        name = f"{location.path} {location.commit or ''}".strip()
        return {"logicalLocations": [{"fullyQualifiedName": name}]}
    place: dict[str, JsonValue] = {
        "artifactLocation": {"uri": quote(location.path), "uriBaseId": "%SRCROOT%"}
    }
    if location.line is not None:
        place["region"] = {"startLine": location.line}
    return {"physicalLocation": place}


def _fingerprint(check: CheckEntry, location: LocationEntry) -> str:
    """The same for as long as the key stands in that file, wherever lines move to."""
    parts = (check.id, location.path, _LINE.sub("", location.summary))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

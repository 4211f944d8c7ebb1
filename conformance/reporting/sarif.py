"""The report as SARIF 2.1.0, for tools that show findings beside the source: those that have a place in a file of it.

What lives here: how checks become rules and places become results.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import JsonValue

from conformance.finding import Severity
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import CheckEntry, FindingEntry, LocationEntry, Readiness
from conformance.reporting.waivers import answers_for

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Mapping[Severity, str] = {"blocker": "error", "major": "warning", "advisory": "note"}
_GRAVITY: Mapping[Severity, str] = {"blocker": "9.0", "major": "7.0", "advisory": "3.0"}
"""as a CVSS score, by which code scanning sorts"""
_MOST_OF_DESCRIPTION = 1_000
"""characters: code scanning refuses a file with longer ones"""
_LINE = re.compile(r", line [0-9,]+")


def to_sarif(readiness: Readiness) -> str:
    """The whole document. Waived findings are in it, as suppressed. What is in no file, such as a key in the words of a
    commit, is counted in a notification alone: code scanning refuses a whole document for one result without a file.
    """
    found = [
        (check, check.finding, [place for place in check.finding.locations or () if _is_file(place)])
        for check in readiness.checks
        if check.finding and check.finding.locations
    ]
    homeless = sum(not _is_file(place) for _, finding, _ in found for place in finding.locations or ())
    driver: dict[str, object] = {
        "name": "golive",
        "version": readiness.tool.version,
        "rules": [_rule(check, finding) for check, finding, _ in found],
    }
    seen: Counter[str] = Counter()
    results = [
        _result(index, check, place, seen)
        for index, (check, _, places) in enumerate(found)
        for place in places
    ]
    run: dict[str, object] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"golive/{quote(readiness.subject, safe='')}/"},
        "columnKind": "utf16CodeUnits",
        "results": results,
    }
    if homeless:
        are = "is" if homeless == 1 else "are"
        told = (
            f"{counted(homeless, 'finding')} {are} in no file, but in commits or branches: see readiness.html"
        )
        notification = {"level": "warning", "message": {"text": told}}
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": [notification]}]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(check: CheckEntry, finding: FindingEntry) -> dict[str, JsonValue]:
    told = f"{finding.impact} {finding.remedy}"
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in re.split(r"[.-]", check.id)),
        "shortDescription": {"text": plain(check.title, _MOST_OF_DESCRIPTION)},
        "fullDescription": {"text": plain(finding.impact or check.title, _MOST_OF_DESCRIPTION)},
        "help": {"text": told, "markdown": f"**{check.title}**\n\n{finding.impact}\n\n{finding.remedy}"},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "tags": ["security", check.section],
            "precision": "high",
            "security-severity": _GRAVITY[check.severity],
        },
    }


def _result(
    index: int, check: CheckEntry, location: LocationEntry, seen: Counter[str]
) -> dict[str, JsonValue]:
    fingerprint = _fingerprint(check, location)
    seen[fingerprint] += 1
    result: dict[str, JsonValue] = {
        "ruleId": check.id,
        "ruleIndex": index,
        "level": _LEVELS[check.severity],
        "message": {"text": location.summary},
        "locations": [_location(location)],
        # The name under which code scanning looks for it, and so the count that it expects behind the colon.
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint[:16]}:{seen[fingerprint]}"},
    }
    if location.commit:
        result["properties"] = {"commit": location.commit}
    if check.waiver is not None:
        justification = f"{answers_for(check.waiver)}: {check.waiver.reason}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _is_file(location: LocationEntry) -> bool:
    """What a commit or a branch says is in no file."""
    return not location.path.startswith(("(", "refs/"))


def _location(location: LocationEntry) -> JsonValue:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(location.path), "uriBaseId": "%SRCROOT%"},
            # Code scanning shows nothing that is on no line.
            "region": {"startLine": location.line or 1},
        }
    }


def _fingerprint(check: CheckEntry, location: LocationEntry) -> str:
    """The same for as long as the key stands in that file, wherever lines move to."""
    parts = (check.id, location.path, _LINE.sub("", location.summary))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

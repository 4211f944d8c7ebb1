"""What the client did, case by case, is in the report however the check ended."""

from __future__ import annotations

import json

import jsonschema
import pytest
from reporting_samples import all_passed, finding, with_results

from conformance.check import Note, Observed
from conformance.finding import Cell, CheckResult, results
from conformance.reporting.html import to_html
from conformance.reporting.json_file import json_schema, to_json
from conformance.reporting.markdown import to_markdown
from conformance.tally import Tally

CELLS = (
    Cell("forbidden", "403", "rejected"),
    Cell("<b>odd\x1b[0m", "500", "created, sent 2 more times", wrong=True),
)
PASSED = CheckResult("errors.type-surfaced", "passed", trials=2, matrix=CELLS)
FAILED = CheckResult("errors.type-surfaced", "failed", trials=2, finding=finding(), matrix=CELLS)


@pytest.mark.parametrize("result", [PASSED, FAILED], ids=["passed", "failed"])
def test_every_form_shows_it(result):
    report = with_results(result)
    data = json.loads(to_json(report))
    jsonschema.Draft202012Validator(json_schema()).validate(data)
    (entry,) = [check for check in data["checks"] if check["id"] == result.id]
    assert entry["matrix"] == [
        {"row": "forbidden", "column": "403", "text": "rejected"},
        {"row": "<b>odd\\x1b[0m", "column": "500", "text": "created, sent 2 more times", "wrong": True},
    ]
    assert "| `forbidden` | 403 | rejected |" in to_markdown(report)
    page = to_html(report)
    assert "<td>403</td><td><bdi>rejected</bdi></td>" in page
    assert "&lt;b&gt;odd" in page


def test_where_there_is_none_nothing_is_said_of_it():
    report = all_passed()
    assert "matrix" not in json.loads(to_json(report))["checks"][0]
    assert "What the client did" not in to_markdown(report) + to_html(report)


def test_it_travels_with_the_result():
    assert results.validate_json(results.dump_json(PASSED)).matrix == CELLS


def test_what_was_seen_first_stays_in_its_place():
    tally = Tally()
    tally.add([Cell("a", "1", "rejected"), Observed(), Note("n"), Cell("b", "1", "unknown")], "x")
    tally.add([Cell("a", "1", "created")], "x")
    assert [cell.text for cell in tally.matrix.values()] == ["rejected", "unknown"]
    assert tally.observed["x"] == 1

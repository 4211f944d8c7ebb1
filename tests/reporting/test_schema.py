"""What `readiness.json` promises to whoever reads it: its schema, and that nothing of v1 is ever taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import jsonschema
import promise
import pytest
from kinds import each_kind
from reporting_samples import everything

from conformance.paths import REPORTS
from conformance.reporting.json_file import json_schema, to_json
from conformance.reporting.readiness import Readiness

PROMISED = promise.PROMISED.read_text().splitlines()
NOW = promise.places()
FORMATS = jsonschema.FormatChecker(["date"])


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


VALIDATOR = jsonschema.Draft202012Validator(json_schema(), format_checker=FORMATS)


def test_nothing_that_was_promised_is_gone_or_of_another_type():
    assert [line for line in PROMISED if line not in NOW] == [], (
        "consumers of schema v1 rely on these: keep them, and say something else in a field of its own"
    )


def test_what_is_new_is_promised_too_and_older_reports_do_without_it():
    new = [line for line in NOW if line not in PROMISED]
    parents = {line.partition(":")[0] for line in new}
    compulsory = [
        line
        for line in new
        if not line.endswith(promise.OPTIONAL)
        and line.partition(":")[0].rpartition(".")[0].removesuffix("[]").removesuffix("{}") not in parents
    ]
    assert compulsory == [], "a report of yesterday would not be to the schema any more: give them a default"
    assert new == [], f"add these lines to {promise.PROMISED.name}: python tests/reporting/promise.py"


@each_kind
def test_reports_of_every_kind_are_to_it_dates_and_all(made):
    VALIDATOR.validate(json.loads(to_json(made())))


def test_a_consumer_of_today_reads_a_report_of_tomorrow():
    data = json.loads(to_json(everything()))
    data["novelty"] = {"x": 1}
    for record in data["run"], data["checks"][0], data["checks"][1]["finding"], data["waivers"][0]:
        record["novelty"] = [1]
    VALIDATOR.validate(data)
    assert Readiness.model_validate_json(json.dumps(data)) == everything()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.pop("verdict"),
        lambda data: data.update(verdict="fine"),
        lambda data: data.update(generated_at="yesterday"),
        lambda data: data["summary"].update(passed=-1),
        lambda data: data["checks"][0].update(status="green"),
        lambda data: data["checks"][1]["finding"].pop("counterexample"),
        lambda data: data["waivers"][0].update(expires="soon"),
    ],
)
def test_what_is_no_report_is_not_to_it(spoil):
    data = json.loads(to_json(everything()))
    assert VALIDATOR.is_valid(data)
    spoil(data)
    assert not VALIDATOR.is_valid(data)


def test_the_tools_of_others_understand_it(tmp_path):
    (tmp_path / "readiness.json").write_text(to_json(everything()))
    tool = str(Path(sys.executable).with_name("check-jsonschema"))
    checked = subprocess.run(
        [tool, "--schemafile", str(REPORTS / "readiness.schema.json"), str(tmp_path / "readiness.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr

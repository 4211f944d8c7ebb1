"""SARIF 2.1.0 as its schema has it, and as GitHub's code scanning takes it."""

from __future__ import annotations

import json
from urllib.parse import unquote

import jsonschema
import published
import pytest
from kinds import each_kind, in_the_source

from conformance.reporting.sarif import to_sarif


@pytest.fixture(scope="module")
def oasis():
    schema = json.loads(published.schema(*published.SARIF).read_text())
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


@each_kind
def test_it_is_to_the_published_schema(made, oasis):
    oasis.validate(json.loads(to_sarif(made())))


@pytest.fixture(scope="module")
def run():
    (run,) = json.loads(to_sarif(in_the_source()))["runs"]
    return run


def test_every_result_is_in_a_file_of_the_repository(run):
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    uris = [place["artifactLocation"]["uri"] for place in places]
    assert [unquote(uri) for uri in uris] == ["src/a b/é.py", "old.py", "src/a b/é.py", "src/a b/é.py"]
    assert all(uri.isascii() and " " not in uri and not uri.startswith("/") for uri in uris)
    assert [place["region"]["startLine"] for place in places] == [3, 1, 9, 3]


def test_what_is_in_no_file_is_counted(run):
    (invocation,) = run["invocations"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == (
        "2 findings are in no file, but in commits or branches: see readiness.html"
    )


def test_results_keep_their_fingerprints_while_lines_move_and_are_told_apart(run):
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    assert prints[2] == prints[0].removesuffix(":1") + ":2"


def test_rules_say_what_a_finding_means_and_how_grave_it_is(run):
    rules = run["tool"]["driver"]["rules"]
    assert [run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    for rule in rules:
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10


def test_a_waived_finding_is_suppressed_by_somebody(run):
    (suppression,) = run["results"][-1]["suppressions"]
    assert suppression["justification"] == (
        "payments-team@acme.test until 2027-01-31, 70 days left: agreed with the vendor until the next release"
    )

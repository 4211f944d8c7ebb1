"""JUnit XML as CI systems take it: to the schema of Jenkins, in bounds, and nothing green that was not proven."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import published
import pytest
import xmlschema
from hostile import HOSTILE, report
from kinds import each_kind
from reporting_samples import Waiver, everything, finding, with_results

from conformance.finding import CheckResult, Location, Violation
from conformance.reporting.junit import MOST_OF_MESSAGE, MOST_OF_TEXT, to_junit


@pytest.fixture(scope="module")
def jenkins():
    return xmlschema.XMLSchema(str(published.schema(*published.JUNIT)))


@each_kind
def test_it_is_to_the_schema_of_jenkins(made, jenkins):
    jenkins.validate(to_junit(made()))


def cases(text: str) -> dict[str, ET.Element]:
    return {
        f"{each.get('classname')}.{each.get('name')}": each for each in ET.fromstring(text).iter("testcase")
    }


def test_the_summary_comes_first_and_the_place_in_the_source_next():
    located = replace(
        finding(),
        violation=Violation("key", "A key is on line 3.", location=Location("src/app.py", 3, "4f2a")),
    )
    text = to_junit(with_results(CheckResult("account.key-not-logged", "failed", finding=located)))
    failure = cases(text)["golive.account.key-not-logged"].find("failure")
    assert failure.get("message") == "A key is on line 3."
    assert failure.text.split("\n\n")[:2] == ["A key is on line 3.", "src/app.py:3 (4f2a)"]


def test_a_case_says_how_grave_it_is_and_a_declared_one_that_nothing_was_observed():
    found = cases(to_junit(everything()))
    assert found["golive.retries.exactly-once"].get("group") == "blocker"
    assert found["golive.account.ip-allowlist-sane"].find("system-out").text == (
        "passed, as declared: the profile says so, and nothing was observed"
    )
    assert found["golive.versions.pinned"].find("system-out") is None


def test_no_waiver_is_green():
    text = to_junit(everything())
    found = {name: case for name, case in cases(text).items() if name.startswith("golive.waivers.")}
    assert all(len(case) == 1 for case in found.values())
    assert {name.removeprefix("golive.waivers."): case[0].tag for name, case in found.items()} == {
        "versions.pinned": "failure",
        "retries.exactly-once": "failure",
        "rate-limits.waits-at-least": "skipped",
        "retries.concurrent-submit": "skipped",
    }
    assert found["golive.waivers.retries.exactly-once"][0].text == (
        "covers nothing (expired): payments-team@acme.test until 2026-11-21, expired 1 day ago: "
        "agreed with the vendor until the next release\n\n"
        "It holds no longer: mend what it covers, or agree on a new one. "
        "Until it is gone from the profile, the run is not ready."
    )


def test_a_blocker_that_is_accepted_untested_stands_in_the_properties():
    accepted = with_results(
        CheckResult("retries.bounded", "skipped", reason="no time"), waivers=(Waiver("retries.bounded"),)
    )
    properties = {
        each.get("name"): each.get("value") for each in ET.fromstring(to_junit(accepted)).iter("property")
    }
    assert properties["accepted-untested"].startswith("ACCEPTED UNTESTED, a blocker: retries.bounded. ")


def test_no_pane_and_no_parser_is_flooded():
    root = ET.fromstring(to_junit(report(HOSTILE * 200)))
    most = MOST_OF_TEXT * 10  # of which every character may be shown as an escape of ten
    assert max(len(each.text or "") for each in root.iter()) <= most
    assert max(len(each.get("message") or "") for each in root.iter()) <= MOST_OF_MESSAGE * 10

"""The report in each of its forms: what it says, and what hostile text cannot make of it."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from reporting_samples import (
    CATALOGUE,
    Waiver,
    all_passed,
    bought_twice,
    everything,
    finding,
    surfaced_and_crashed,
    with_results,
)
from rich.console import Console

from conformance.evidence import evidences
from conformance.finding import CheckResult, Violation
from conformance.paths import REPORTS
from conformance.reporting import wording
from conformance.reporting.html import to_html
from conformance.reporting.integrity.consistency import inconsistencies
from conformance.reporting.json_file import json_schema, to_json
from conformance.reporting.junit import to_junit
from conformance.reporting.markdown import code, escaped, fenced, to_markdown
from conformance.reporting.readiness import Readiness
from conformance.reporting.terminal import print_progress, print_summary, progress_line

NASTY = "</pre><script>alert(1)</script> \x1b[31m\x00\u202e ``` | ]]> **x** <!-- https://evil.test {{ 7*7 }}"
FILES = [Path("golive-report", f"readiness.{kind}") for kind in ("json", "html", "xml", "md")]


def hostile() -> Readiness:
    return with_results(
        CheckResult(
            "retries.exactly-once",
            "failed",
            note=NASTY,
            finding=finding(
                surfaced_and_crashed(),
                violation=Violation(NASTY, NASTY, (1,)),
                others=(Violation(NASTY, NASTY),),
            ),
        ),
        CheckResult("retries.bounded", "skipped", reason=NASTY, caller_must=(NASTY,)),
        CheckResult("errors.type-surfaced", "error", reason=f"Traceback\n{NASTY}\n{NASTY}\n{NASTY}"),
        CheckResult("errors.transient-retried", "skipped", reason="x\n" * 1_000_000),
        waivers=(Waiver("errors.transient-retried", NASTY, NASTY),),
        subject=NASTY,
        interrupted="stopped",
    )


SELECTED = {"retries.exactly-once", "retries.bounded"}
REPORTS_OF_EVERY_KIND = {
    "everything": everything,
    "ready": all_passed,
    "hostile": hostile,
    "selected": lambda: with_results(
        CheckResult("retries.exactly-once", "failed", finding=finding(bought_twice())), selected=SELECTED
    ),
    "interrupted": lambda: with_results(left_out=("retries.bounded",), interrupted="stopped"),
    "with waivers": lambda: with_results(
        CheckResult("retries.bounded", "skipped", reason="no time"),
        CheckResult("retries.exactly-once", "failed", finding=finding()),
        waivers=(Waiver("retries.bounded"), Waiver("retries.exactly-once")),
    ),
    "not confined": lambda: with_results(confined=False, unconfined="namespaces are refused here"),
}
each_kind = pytest.mark.parametrize("report", REPORTS_OF_EVERY_KIND.values(), ids=REPORTS_OF_EVERY_KIND)


# JSON


def test_the_published_schema_is_the_one_that_follows_from_the_models():
    published = json.loads((REPORTS / "readiness.schema.json").read_text())
    assert published == json_schema(), (
        "write it anew: python -c 'import json; from conformance.reporting.json_file import json_schema; "
        "print(json.dumps(json_schema(), indent=2))' > reports/readiness.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(published)
    assert published["$id"] == "golive/readiness/v1"


@each_kind
def test_every_report_keeps_to_the_schema_and_comes_back_as_it_was(report):
    report = report()
    text = to_json(report)
    jsonschema.Draft202012Validator(json_schema()).validate(json.loads(text))
    assert Readiness.model_validate_json(text) == report
    assert inconsistencies(report) == []
    assert text.isascii()


def test_the_outline_of_the_file():
    data = json.loads(to_json(everything()))
    assert list(data) == [
        "schema",
        "verdict",
        "subject",
        "generated_at",
        "tool",
        "contract",
        "run",
        "summary",
        "checks",
        "requirements",
        "waivers",
        "caller_must",
    ]
    assert data["schema"] == "golive/readiness/v1"
    assert {
        "seed",
        "clock",
        "sandbox",
        "driver",
        "examples",
        "duration_s",
        "simulated_s",
        "trials",
        "profile_digest",
        "client_digest",
    } <= data["run"].keys()
    by_id = {check["id"]: check for check in data["checks"]}
    assert list(by_id) == [check.id for check in CATALOGUE]
    assert not {"note", "reason", "finding", "waiver"} & by_id["versions.pinned"].keys()
    assert by_id["account.ip-allowlist-sane"]["basis"] == "declared"
    assert {"summary", "impact", "remedy", "counterexample"} <= by_id["retries.exactly-once"][
        "finding"
    ].keys()
    assert data["waivers"][0]["state"] == "used"
    assert data["requirements"][-1]["excluded"] == "who has access is known to the vendor alone"


def test_a_counterexample_holds_all_that_is_needed_to_run_it_again():
    (check,) = [check for check in everything().checks if check.id == "retries.exactly-once"]
    stored = json.loads(check.finding.counterexample.model_dump_json())
    assert stored["schedule"] == {"order-4f2a90c1de": [{"fault": "reset", "when": "after"}]}
    assert stored["orders"] == [
        {
            "reference": "order-4f2a90c1de",
            "face_value": "12.34",
            "body": {"items": [{"face_value": 12.34, "note": None}]},
        }
    ]
    assert evidences.validate_python(stored["evidence"]) == bought_twice()


def test_a_finding_without_a_trial_has_an_empty_counterexample():
    (check,) = [check for check in everything().checks if check.id == "account.key-not-logged"]
    assert json.loads(check.finding.counterexample.model_dump_json(exclude={"digest"})) == {
        "orders": [],
        "schedule": {},
        "evidence": {},
    }


# JUnit


@each_kind
def test_junit_counts_what_the_summary_counts(report):
    report = report()
    root = ET.fromstring(to_junit(report))
    suites = [suite for suite in root if suite.get("name") != "waivers"]
    cases = [case for suite in suites for case in suite.iter("testcase")]
    assert len(cases) == len(report.checks)
    assert sum(int(suite.get("failures")) for suite in suites) == report.summary.failed
    assert sum(int(suite.get("errors")) for suite in suites) == report.summary.errored
    skipped = report.summary.skipped + report.summary.waived + report.summary.not_applicable
    assert sum(int(suite.get("skipped")) for suite in suites) == skipped
    blocking = [case for case in root.iter("testcase") if case.get("classname") == "golive.waivers"]
    failing = sum(case.find("failure") is not None for case in blocking)
    assert failing == sum(waiver.blocks for waiver in report.waivers)


def test_junit_has_a_suite_for_each_section_and_says_why():
    root = ET.fromstring(to_junit(everything()))
    assert [suite.get("name") for suite in root] == [
        "account",
        "retries",
        "errors",
        "rate-limits",
        "versions",
        "waivers",
    ]
    cases = {f"{case.get('classname')}.{case.get('name')}": case for case in root.iter("testcase")}
    failure = cases["golive.retries.exactly-once"].find("failure")
    assert failure.get("message") == "One reference owns 2 orders: it was sent under 2 keys."
    assert failure.get("type") == "blocker"
    assert "> " in failure.text
    assert "attempt 2  key B 77aa01bb…556601, not A" in failure.text
    assert "Source: best-practices/idempotency" in failure.text
    assert failure.text.endswith("golive explain retries.exactly-once")
    assert cases["golive.account.recipient-not-logged"].find("failure").get("type") == "advisory"
    assert cases["golive.errors.type-surfaced"].find("error").get("message") == "LookupError: no such story"
    assert cases["golive.retries.bounded"].find("skipped").get("message") == (
        "not tested: the clock is real, and an hour is beyond the budget"
    )
    assert cases["golive.rate-limits.waits-at-least"].find("skipped").get("message") == (
        "failed, waived, by payments-team@acme.test until 2027-01-31, 70 days left: "
        "agreed with the vendor until the next release"
    )
    properties = {entry.get("name"): entry.get("value") for entry in root[0].iter("property")}
    assert (properties["verdict"], properties["seed"]) == ("not-ready", "20261122")


# Markdown and terminal


def test_advice_that_was_not_followed_stands_in_nobodys_way():
    advised = CheckResult("rate-limits.jitter", "failed", finding=finding())
    ready = with_results(advised)
    assert ready.verdict == "ready"
    assert "## What could be better\n" in to_markdown(ready)
    broken = with_results(advised, CheckResult("retries.exactly-once", "failed", finding=finding()))
    assert "## What stands in the way\n" in to_markdown(broken)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("rate-limits, 1.5 s (twice)!", "rate-limits, 1.5 s (twice)!"),
        ("a\n# b", "a # b"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("**bold** [a](b) `c` | ~d~", "\\*\\*bold\\*\\* \\[a\\](b) \\`c\\` \\| \\~d\\~"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("see https://evil.test", "see https:<!-- -->//evil.test"),
        ("@octocat, a@b.test #1", "@<!-- -->octocat, a@b.test #<!-- -->1"),
    ],
)
def test_foreign_text_is_no_markdown(text, written):
    assert escaped(text) == written


def test_code_cannot_be_ended_by_its_content():
    assert code("a`b") == "`` a`b ``"
    assert fenced("x\n````\ny") == ["`````text", "x", "````", "y", "`````"]


def test_a_hostile_client_stays_inside_of_the_markdown():
    text = to_markdown(hostile())
    assert "<script" not in text.replace("```text", "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert text.count("\n```") % 2 == 0


def printed(report: Readiness, **console: object) -> str:
    file = io.StringIO()
    print_summary(report, FILES, Console(file=file, width=100, **console))
    return file.getvalue()


def test_the_summary_in_a_log(snapshot):
    assert printed(everything()) == snapshot


def test_the_summary_as_markdown(snapshot):
    assert to_markdown(everything()) == snapshot


@pytest.mark.parametrize("kind", [kind for kind in REPORTS_OF_EVERY_KIND if kind != "everything"])
def test_what_other_runs_add_up_to(kind, snapshot):
    assert printed(REPORTS_OF_EVERY_KIND[kind]()) == snapshot


@each_kind
def test_a_log_gets_no_colour_and_nothing_that_is_not_text(report):
    text = printed(report(), force_terminal=False)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_a_terminal_gets_colour_but_says_the_same_without(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = printed(everything(), force_terminal=True, color_system="standard")
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == printed(everything())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", printed(everything(), force_terminal=True))


def test_a_screen_that_knows_ascii_alone_is_served_as_well():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_summary(everything(), FILES, Console(file=file, width=100))
    file.flush()
    text = file.buffer.getvalue().decode("ascii")
    assert "|- attempt 2  key B 77aa01bb...556601, not A -->|" in text
    file.close()


def test_a_check_of_ones_own_need_not_say_what_it_means_and_how_to_mend_it():
    terse = with_results(CheckResult("retries.exactly-once", "failed", finding=finding(impact="", remedy="")))
    for form in printed(terse), to_markdown(terse), to_html(terse), to_junit(terse):
        assert "One reference owns 2 orders" in form
        assert "Impact" not in form
        assert "Remedy" not in form


def test_nothing_is_offered_for_replay_that_cannot_be_replayed():
    text = printed(everything())
    assert "golive replay golive-report retries.exactly-once" in text
    assert "golive explain account.key-not-logged" in text
    assert "golive replay golive-report account.key-not-logged" not in text


def test_a_line_for_each_check_that_has_ended(snapshot):
    report = everything()
    assert "\n".join(progress_line(check) for check in report.checks) == snapshot
    file = io.StringIO()
    print_progress(
        CheckResult("retries.bounded", "passed", trials=42, simulated=4_320, seconds=0.8), Console(file=file)
    )
    assert file.getvalue() == (
        "  PASS      retries.bounded                         42 trials   1 h 12 min simulated  0.8 s\n"
    )


# The clock, and who answers for a failure


def test_the_clock_and_why_it_is_no_faster_is_a_sentence_in_every_form():
    report = with_results(clock="real", clock_note="real: the client is a Go program", simulated_s=90)
    sentence = "The client lived through 1 min 30 s on the real clock: the client is a Go program."
    assert wording.lived(report) == sentence
    assert sentence in printed(report)
    assert sentence in to_markdown(report)
    assert sentence in to_html(report)


def test_on_the_real_clock_nothing_is_simulated():
    result = CheckResult("versions.pinned", "passed", trials=3, simulated=42, seconds=42)
    assert "simulated" in progress_line(result)
    assert progress_line(result, "accelerated") == progress_line(result)
    assert progress_line(result, "real").split() == ["PASS", "versions.pinned", "3", "trials", "42", "s"]


def test_a_waived_failure_says_at_once_who_answers_for_it_and_why():
    failed = CheckResult("versions.pinned", "failed", trials=3, seconds=0.2)
    line = progress_line(failed, waived="until the next release (a@acme.test, until 2027-01-31)")
    assert line.startswith("  WAIVED    versions.pinned ")
    assert line.endswith("   until the next release (a@acme.test, until 2027-01-31)")
    passed = CheckResult("versions.pinned", "passed", trials=3, seconds=0.2)
    assert progress_line(passed, waived="whatever") == progress_line(passed)


def test_what_was_granted_and_which_part_this_is_are_facts_of_the_run():
    told = dict(wording.facts(with_results(budget_s=300, shard={"index": 2, "count": 3})))
    assert told["Part"] == "2 of 3"
    assert told["Time"].endswith("; 5 min were granted")
    data = json.loads(to_json(with_results()))
    assert [data["run"][name] for name in ("shard", "budget_s", "clock_note")] == [None, None, None]
    assert "parts" not in data["run"]


def test_a_report_from_before_there_were_parts_is_still_one():
    data = json.loads(to_json(with_results()))
    for name in "shard", "budget_s", "clock_note":
        del data["run"][name]
    jsonschema.Draft202012Validator(json_schema()).validate(data)
    assert Readiness.model_validate_json(json.dumps(data)).run.shard is None

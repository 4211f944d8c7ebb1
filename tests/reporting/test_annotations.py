"""Annotations of a GitHub workflow: what is marked, how, and how many are shown."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from kinds import in_the_source
from reporting_samples import CATALOGUE, Waiver, all_passed, everything, finding, with_results
from rich.console import Console
from typer.testing import CliRunner

from conformance.cli import app
from conformance.finding import CheckResult
from conformance.publishing import MOST_OF_SUMMARY, publish
from conformance.reporting.annotations import Annotation, annotate, command
from conformance.reporting.folder import write
from conformance.reporting.json_file import read_report
from conformance.reporting.readiness import Readiness


def test_what_is_marked_and_how_gravely():
    assert [(each.level, each.title) for each in annotate(everything())] == [
        ("error", "golive: account.key-not-logged (blocker)"),
        ("error", "golive: retries.exactly-once (blocker)"),
        ("error", "golive: versions.pinned (blocker)"),
        ("error", "golive: retries.exactly-once (blocker)"),
        ("error", "golive: errors.type-surfaced (major)"),
        ("warning", "golive: retries.bounded (blocker)"),
        ("notice", "golive: account.recipient-not-logged (advisory)"),
        ("notice", "golive: waiver for rate-limits.waits-at-least"),
        ("notice", "golive: waiver for retries.concurrent-submit"),
    ]
    assert annotate(all_passed()) == ()


def test_a_blocker_that_is_accepted_untested_is_a_warning():
    accepted = with_results(
        CheckResult("retries.bounded", "skipped", reason="no time"), waivers=(Waiver("retries.bounded"),)
    )
    (mark,) = annotate(accepted)
    assert (mark.level, mark.message.partition(":")[0]) == ("warning", "ACCEPTED UNTESTED (blocker)")


def test_a_finding_with_a_place_is_marked_there():
    marks = annotate(in_the_source())
    placed = [
        (each.file, each.line) for each in marks if each.title.startswith("golive: account.key-not-logged")
    ]
    assert placed == [("src/a b/é.py", 3), ("", None), ("", None), ("src/a b/é.py", 9)]


@pytest.mark.parametrize(
    ("annotation", "line"),
    [
        (
            Annotation("error", "golive: x, y", "a\nb: 100 %"),
            "::error title=golive%3A x%2C y::a%0Ab: 100 %25",
        ),
        (Annotation("notice", "t", "m", "a,b:c.py", 3), "::notice file=a%2Cb%3Ac.py,line=3,title=t::m"),
        (Annotation("warning", "t", "::error::x\r\x1b"), "::warning title=t::::error::x%0A\\x1b"),
    ],
)
def test_a_command_is_spelled_as_the_runner_reads_it(annotation, line):
    assert command(annotation) == line


def test_of_more_than_are_shown_the_last_says_how_many():
    failed = [CheckResult(check.id, "failed", finding=finding()) for check in CATALOGUE]
    marks = annotate(with_results(*failed))
    assert Counter(each.level for each in marks) == {"error": 10, "notice": 2}
    assert [each.message for each in marks if each.level == "error"][-1].startswith("and 2 more")


# Beside the report


def published(report: Readiness, environment: dict[str, str]) -> str:
    file = io.StringIO()
    publish(report, Console(file=file, width=40), environment)
    return file.getvalue()


def test_only_a_workflow_is_told(tmp_path):
    assert published(everything(), {}) == ""
    assert published(everything(), {"GITHUB_ACTIONS": "true"}).splitlines() == [
        command(each) for each in annotate(everything())
    ]
    assert published(everything(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}) == ""


def test_the_summary_is_appended_and_never_too_long(tmp_path, capsys):
    summary = tmp_path / "summary.md"
    summary.write_text("x" * (MOST_OF_SUMMARY - 30_000))
    published(everything(), {"GITHUB_STEP_SUMMARY": str(summary)})
    text = summary.read_text()
    assert text.startswith("xxx")
    assert "x\n# ✘ acme-rewards: not ready\n" in text
    assert summary.stat().st_size <= MOST_OF_SUMMARY
    published(everything(), {"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text().startswith(text)
    assert summary.stat().st_size <= MOST_OF_SUMMARY
    assert capsys.readouterr().err == ""


def test_a_summary_that_cannot_be_written_changes_nothing(tmp_path, capsys):
    published(everything(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "nowhere" / "summary.md")})
    assert "the step's summary cannot be written to" in capsys.readouterr().err


def test_merged_parts_are_told_as_one(tmp_path, monkeypatch):
    ids = [check.id for check in CATALOGUE]
    for index, own in enumerate((ids[:6], ids[6:]), 1):
        failed = CheckResult(own[0], "failed", trials=10, finding=finding())
        part = with_results(failed, selected=set(own), shard={"index": index, "count": 2})
        write(part, tmp_path / f"part-{index}")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    merged = CliRunner().invoke(
        app, ["merge", str(tmp_path / "part-1"), str(tmp_path / "part-2"), "-o", str(tmp_path / "whole")]
    )
    assert merged.exit_code == 1, merged.output
    marks = [command(each) for each in annotate(read_report(tmp_path / "whole"))]
    assert len(marks) == 2
    assert [line for line in merged.stdout.splitlines() if line.startswith("::")] == marks
    assert (tmp_path / "summary.md").read_text().startswith("# … acme-rewards: incomplete\n")

"""Whatever a client says, no form of the report becomes anything else than a report."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from hostile import HOSTILE, ONE_LINE, PIECES, POLITE, report
from rendering import called, foreign, hidden, markup, obeyed, tokens
from rich.console import Console

from conformance.finding import CheckResult
from conformance.reporting.annotations import annotate, command
from conformance.reporting.json_file import json_schema, to_json
from conformance.reporting.junit import to_junit
from conformance.reporting.markdown import SMALLEST, to_markdown
from conformance.reporting.plain import for_log
from conformance.reporting.readiness import Readiness
from conformance.reporting.sarif import to_sarif
from conformance.reporting.terminal import print_progress, print_summary

TEXTS = [HOSTILE, ONE_LINE, "\n\n".join(reversed(PIECES))]
each_text = pytest.mark.parametrize("text", TEXTS, ids=["lines", "one line", "paragraphs"])


def printed(report: Readiness, width: int) -> str:
    file = io.StringIO()
    print_summary(report, [Path("golive-report/readiness.html")], Console(file=file, width=width))
    return file.getvalue()


@each_text
def test_a_log_shows_it_and_nobody_obeys_it(text):
    for width in 40, 100:
        log = printed(report(text), width)
        assert hidden(log) == []
        assert obeyed(log) == []


def test_a_line_of_progress_is_a_line():
    file = io.StringIO()
    for text in (texts := [*TEXTS, *PIECES]):
        print_progress(CheckResult("x.y", "skipped", reason=text), Console(file=file, width=100))
        print_progress(CheckResult("x.y", "failed", trials=1), Console(file=file, width=100), waived=text)
    assert len(file.getvalue().splitlines()) == 2 * len(texts)
    assert hidden(file.getvalue()) == obeyed(file.getvalue()) == []


def test_an_order_to_a_build_machine_is_shown_and_is_none():
    assert for_log("a ::b::\n  ::set-env name=x::y") == "a ::b::\n  \\x3a:set-env name=x::y"
    assert for_log("x ##[add-mask]y ##vso[z] #[1]") == "x \\x23#[add-mask]y \\x23#vso[z] #[1]"
    assert for_log("a std::vector, C:\\x and ::1") == "a std::vector, C:\\x and ::1"


@pytest.mark.parametrize("most", [None, 1_000_000])
@each_text
def test_markdown_has_the_same_shape_whatever_was_said(text, most):
    written = to_markdown(report(text), most=most)
    assert markup(written) == markup(to_markdown(report(POLITE), most=most))
    assert foreign(written) == []
    assert called(written) == []
    assert hidden(written) == []
    assert obeyed(written) == []


def test_what_is_cut_off_breaks_no_table_and_no_fold():
    hostile = report(HOSTILE)
    for most in range(SMALLEST, 44_000, 6_000):
        written = to_markdown(hostile, most=most)
        assert len(written.encode()) <= most
        assert foreign(written) == []
        blocks = [token.content.strip() for token in tokens(written) if token.type == "html_block"]
        assert blocks.count("</details>") == sum(block.startswith("<details>") for block in blocks)


@each_text
def test_junit_has_the_same_elements_whatever_was_said(text):
    def shape(text):
        return [(each.tag, sorted(each.attrib)) for each in ET.fromstring(to_junit(report(text))).iter()]

    assert shape(text) == shape(POLITE)
    assert hidden(to_junit(report(text))) == obeyed(to_junit(report(text))) == []


@each_text
def test_annotations_are_one_command_a_line(text):
    lines = [command(each) for each in annotate(report(text))]
    assert len(lines) == len([command(each) for each in annotate(report(POLITE))])
    for line in lines:
        assert line.splitlines() == [line]
        assert hidden(line) == []
        assert line.startswith(("::error ", "::warning ", "::notice "))
        properties = line.split(" ", 1)[1].split("::", 1)[0]
        assert {pair.partition("=")[0] for pair in properties.split(",")} <= {"title", "file", "line"}
        assert obeyed(line) == [line]


@each_text
def test_json_and_sarif_are_read_by_everybody(text):
    for written in to_json(report(text)), to_sarif(report(text)):
        assert written.isascii()
        json.loads(written, parse_constant=pytest.fail)
    validator = jsonschema.Draft202012Validator(
        json_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    validator.validate(json.loads(to_json(report(text))))


def test_a_report_that_somebody_else_wrote_is_no_larger_and_no_other_shape():
    """One that was not assembled here has texts of any length, such as one that a stranger's pull request brought."""
    forged = report(POLITE).model_copy(update={"subject": HOSTILE * 500})
    for field in "contract", "tool":
        facts = getattr(forged, field).model_copy(update={"name": HOSTILE * 500})
        forged = forged.model_copy(update={field: facts})
    written = to_markdown(forged, most=SMALLEST)
    assert len(written.encode()) <= SMALLEST
    assert foreign(written) == called(written) == hidden(written) == obeyed(written) == []
    assert hidden(printed(forged, 100)) == obeyed(printed(forged, 100)) == []
    assert hidden(to_junit(forged)) == []


def test_megabytes_leave_a_report_of_bearable_size():
    huge = report(HOSTILE * 500)
    assert len(printed(huge, 100)) < 500_000
    assert len(to_markdown(huge)) < 500_000
    assert len(to_markdown(huge, most=65_536).encode()) <= 65_536
    assert len(to_junit(huge)) < 500_000
    assert len(to_sarif(huge)) < 100_000
    assert sum(len(command(each)) for each in annotate(huge)) < 100_000

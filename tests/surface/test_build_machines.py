"""What golive does for build machines: marks and summaries in a workflow, what fits into a comment, pipes that end."""

from __future__ import annotations

import json
import subprocess

import jsonschema
import pytest
from projects import GOLIVE, Project, environment_of, project_in
from typer.testing import CliRunner, Result

from conformance.cli import app
from conformance.reporting.annotations import annotate, command
from conformance.reporting.json_file import read_report
from conformance.reporting.markdown import to_markdown

SELECTED = ("--select", "versions.pinned", "--examples", "0", "--seed", "7")


def golive(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="golive")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A client that asks for the wrong version, examined in a workflow."""
    project = project_in(tmp_path_factory.mktemp("workflow"), version="2021-01-01")
    (project.folder / "summary.md").write_text("what an earlier command said\n")
    ran = project.golive(
        "run", *SELECTED, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(project.folder / "summary.md")
    )
    assert ran.status == 1, ran.err
    (project.folder / "printed.txt").write_text(ran.out)
    return project


def test_a_workflow_is_marked_and_has_its_summary(project: Project) -> None:
    report = read_report(project.folder / "golive-report")
    marks = [command(each) for each in annotate(report)]
    assert [mark.split(" ")[0] for mark in marks] == ["::error"]
    lines = (project.folder / "printed.txt").read_text().splitlines()
    assert [line for line in lines if line.lstrip().startswith("::")] == marks
    summary = (project.folder / "summary.md").read_text()
    assert summary.startswith("what an earlier command said\n\n# … acme: incomplete\n")
    assert "<details><summary><code>versions.pinned</code> — blocker: " in summary


def test_a_summary_fits_into_a_comment(project: Project) -> None:
    report = read_report(project.folder / "golive-report")
    told = golive("summary", str(project.folder / "golive-report"))
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout == to_markdown(report, most=65_536)
    short = golive("summary", str(project.folder / "golive-report"), "--most", "20000")
    assert len(short.stdout.encode()) <= 20_000
    assert golive("summary", "golive-report", "--most", "100").exit_code == 2


def test_where_there_is_no_report_it_says_so() -> None:
    told = golive("summary", "nowhere")
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr == "nowhere: no report can be read there: No such file or directory\n"


def test_the_schema_is_there_for_whoever_asks(project: Project) -> None:
    schema = json.loads(golive("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(project.report())


def test_whoever_stops_reading_stops_nothing(project: Project) -> None:
    """As `golive run | head -1` does."""
    with subprocess.Popen(
        [GOLIVE, "run", *SELECTED, "-o", "unread"],
        cwd=project.folder,
        env=environment_of(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith("golive: acme ")
        running.stdout.close()
        said = running.stderr.read()
        assert running.wait(240) == 1
    assert said == ""
    assert read_report(project.folder / "unread").summary.failed == 1

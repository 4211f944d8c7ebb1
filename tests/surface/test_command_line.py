"""What the `golive` command says before anything is run: help, refusals, the catalogue."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projects import Project, environment_of, project_in
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner, Result

from conformance import catalogue
from conformance.cli import app


def golive(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100", "TERM": "dumb"}).invoke(app, arguments, prog_name="golive")


def test_alone_it_says_what_it_can_do_and_where_to_start() -> None:
    result = golive()
    assert result.exit_code == 2
    text = " ".join(result.output.split())
    assert "Start with golive demo, then golive init and golive run." in text
    assert "Exit status: 0 ready, 1 not ready, 2 usage or profile mistake, 3 incomplete." in text
    for command in "demo", "init", "run", "merge", "checks", "explain", "sandbox", "replay":
        assert f"│ {command} " in result.output


@pytest.mark.parametrize(
    ("command", "lesson"),
    [
        ("demo", "a whole run with nothing configured"),
        ("init", "Write a commented golive.yaml"),
        ("run", "golive run --select 'retries.*' --examples 0"),
        ("run", "golive run --shard 1/3 -o part-1"),
        ("run", "golive run --budget 300 ends within five minutes"),
        ("merge", "golive merge part-1 part-2 part-3"),
        ("checks", "A list of id, section, severity, title, requirements."),
        ("explain", "such as retries.exactly-once"),
        ("sandbox", "- {fault: reset, when: after}"),
        ("replay", "golive replay golive-report retries.exactly-once"),
        ("summary", "golive summary golive-report > comment.md"),
        ("schema", "Print the JSON Schema of readiness.json."),
    ],
)
def test_the_help_of_each_command_shows_how_it_is_used(command: str, lesson: str) -> None:
    result = golive(command, "--help")
    assert result.exit_code == 0
    assert lesson in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run", "--selct", "x"], "--select"),
        (["run", "-j", "none"], "should be a number from 1, or auto"),
        (["run", "--examples", "-1"], "should be greater than or equal to 0"),
        (["run", "--budget", "0"], "should be a number of seconds above 0"),
        (["run", "--budget", "nan"], "should be a number of seconds above 0"),
        (["run", "--port", "70000"], "should be less than or equal to 65535"),
        (["run", "--shard", "2"], "should be I/N, such as 1/3 for the first of three parts"),
        (["merge"], "Missing argument 'DIR"),
        (["merge", "nowhere"], "nowhere: no report can be read there: No such file or directory"),
        (["run", "-p", "none.yaml"], "none.yaml: there is no such file; `golive init` writes one"),
        (["explain", "retries.exactly-one"], 'did you mean "retries.exactly-once"?'),
        (["explain", "exactly-once"], 'did you mean "retries.exactly-once"?'),
        (["explain", "xyz"], "`golive checks` lists them"),
        (["replay", "nowhere", "retries.exactly-once"], "nowhere: no report can be read there"),
        (["sandbox", "--schedule", "none.yaml"], "none.yaml: there is no such file"),
        (["sandbox", "--contract", "rnua"], 'did you mean "runa"?'),
    ],
)
def test_a_slip_of_the_keyboard_is_a_usage_error_that_says_what_was_meant(
    arguments: list[str], told: str
) -> None:
    result = golive(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())


def test_the_catalogue_as_json_is_what_other_programs_rely_on() -> None:
    listed = json.loads(golive("checks", "--json").output)
    assert [entry["id"] for entry in listed] == [check.id for check in catalogue.checks()]
    for entry in listed:
        assert list(entry) == ["id", "section", "severity", "title", "requirements"]
        assert entry["section"] == entry["id"].split(".")[0]
        assert entry["severity"] in ("blocker", "major", "advisory")
        assert entry["requirements"]
        assert all(isinstance(requirement, str) for requirement in entry["requirements"])


def test_the_catalogue_for_people_is_a_line_for_each_check() -> None:
    lines = golive("checks").output.splitlines()
    assert len(lines) == len(catalogue.checks())
    for check, line in zip(catalogue.checks(), lines, strict=True):
        assert line.split(maxsplit=2) == [check.id, check.severity, check.title]


def test_a_check_is_explained_from_requirement_to_remedy(snapshot: SnapshotAssertion) -> None:
    assert golive("explain", "retries.exactly-once").output == snapshot


def test_every_check_can_be_explained() -> None:
    for check in catalogue.checks():
        output = golive("explain", check.id).output
        headings = (
            "Requirement",
            "Why it matters",
            "How it goes wrong",
            "How it is tested",
            "When it passes",
            "How to mend it",
        )
        for heading in headings:
            assert f"\n{heading}\n  " in output


@pytest.mark.parametrize("driver", ["python", "command", "worker", "service"])
def test_init_writes_a_profile_once(driver: str, tmp_path: Path) -> None:
    file = tmp_path / "golive.yaml"
    result = golive("init", "--driver", driver, "-p", str(file))
    assert result.exit_code == 0
    assert f"then: golive run -p {file}" in " ".join(result.output.split())
    assert f"driver: {driver}" in file.read_text()

    file.write_text("mine")
    again = golive("init", "-p", str(file))
    assert again.exit_code == 2
    assert "is there already; remove it, or name another file with -p" in " ".join(again.output.split())
    assert file.read_text() == "mine"


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    result = golive("init", "-p", str(tmp_path / "no" / "golive.yaml"))
    assert result.exit_code == 2
    assert "cannot be written: No such file or directory" in " ".join(result.output.split())


def test_help_imports_nothing_that_it_does_not_need() -> None:
    heavy = ("pytest", "hypothesis", "jinja2", "httpx", "h11", "pydantic", "jsonschema", "trustme")
    program = (
        "import sys\nsys.argv = ['golive', '--help']\nfrom conformance.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment_of(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


@pytest.mark.parametrize(
    ("select", "skip", "told"),
    [
        ("verions.*", "", 'no check matches "verions.*"; did you mean "versions.*"?'),
        ("retries", "", 'did you mean "retries.*"?'),
        ("", "exactly-once", 'did you mean "retries.exactly-once"?'),
        ("", "xyz", "`golive checks` lists them"),
        ("versions.*", "v*", "no check is left to run"),
    ],
)
def test_a_selection_that_would_prove_nothing_is_refused(select: str, skip: str, told: str) -> None:
    with pytest.raises(ValueError, match="no check") as refused:
        catalogue.selected(catalogue.checks(), [select] if select else [], [skip] if skip else [])
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--select", "verions.*"], 'no check matches "verions.*"; did you mean "versions.*"?\n'),
        (["-o", "golive.yaml"], "the report needs a folder"),
    ],
)
def test_a_run_is_refused_in_a_line_and_before_it_starts(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    ran = project_in(tmp_path).golive("run", *arguments)
    assert ran.status == 2
    assert ran.out == ""
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "golive-report").exists()


def test_every_mistake_of_a_profile_is_told_with_its_place(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("golive.yaml", "subjct: acme\nclient: {driver: pyton}\napi_version: 3\n")
    ran = project.golive("run")
    assert ran.status == 2
    places = [line.partition("golive.yaml")[2].split(": ")[0] for line in ran.err.splitlines()]
    assert places == [":1:1", ":2:18", ":3:14"]

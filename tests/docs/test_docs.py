"""What the documentation shows works: files load, commands exist, examples run, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import typer
import yaml
from pages import PAGES, ROOT, Block, anchors, blocks, inline_code, links, rows

from conformance import catalogue, plugin
from conformance.cli import app
from conformance.contracts import DEFAULT, load_contract
from conformance.drivers.target import Context
from conformance.evidence import Trial
from conformance.faults import Fault
from conformance.profile import Account, Client, Profile, load_profile
from conformance.reporting.readiness import Standing, Status
from conformance.reporting.verdict import EXIT_STATUS
from conformance.requirements import load_requirements
from conformance.standalone import read_schedule

INTEGRATOR, AUTHOR, REVIEWER, ARCHITECTURE = (
    ROOT / "docs" / f"{name}.md" for name in ("integrator", "writing-checks", "reviewer", "architecture")
)
PIPELINES = (".github/workflows/golive.yml", ".gitlab-ci.yml")
PARTED = (
    ".github/workflows/golive-action.yml",
    ".github/workflows/golive-compare.yml",
    ".github/workflows/golive-parts.yml",
    "golive-merge-requests.gitlab-ci.yml",
    "golive-parts.gitlab-ci.yml",
    "golive-job.yaml",
    "golive-merge.yaml",
)
"""of docs/ci.md, which test_ci.py looks at"""
GOLIVE: typer.core.TyperGroup = typer.main.get_command(app)  # type: ignore[assignment]  # it has commands


GALLERY_OPTIONS = {
    option
    for path in (ROOT / "gallery").glob("*.py")
    for option in re.findall(r'"(--[a-z-]+)"', path.read_text("utf-8"))
}
"""of `make gallery`, `make soak` and `make mutants`"""


def called(name: str) -> list[Block]:
    return [block for block in blocks("yaml") if block.name == name]


def test_every_block_of_yaml_says_what_file_it_is() -> None:
    known = {"golive.yaml", "faults.yaml", "requirements.yaml", *PIPELINES, *PARTED}
    assert [str(block) for block in blocks("yaml") if block.name not in known] == []


@pytest.mark.parametrize("block", called("golive.yaml"), ids=str)
def test_profiles_load(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "golive.yaml"
    path.write_text(block.text, "utf-8")
    ids = [check.id for check in catalogue.checks()]
    alone = "client:" not in block.text
    assert (
        load_profile(path, account_only=alone, checks=ids, today=date(2026, 7, 1)).subject == "acme-rewards"
    )


@pytest.mark.parametrize("block", called("faults.yaml"), ids=str)
def test_schedules_are_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(block.text, "utf-8")
    assert len(read_schedule(path, load_contract("runa"))) == len(block.text.splitlines())


@pytest.mark.parametrize("block", called("requirements.yaml"), ids=str)
def test_requirements_are_shown_as_they_are(block: Block) -> None:
    known = {requirement.id: requirement for requirement in load_requirements()}
    for entry in yaml.safe_load(block.text):
        assert entry.items() <= known[entry["id"]].model_dump(mode="json").items()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_the_floor_that_is_shown_plans_trials() -> None:
    (block,) = (block for block in blocks("python") if block.text.count("def floor("))
    names: dict[str, object] = {}
    exec(compile(block.text, str(block), "exec"), names)
    planned = names["floor"](load_contract(DEFAULT))  # type: ignore[operator]  # a function by that name
    assert all(isinstance(trial, Trial) for trials in planned.values() for trial in trials)


def shell_lines() -> Iterator[tuple[str, str]]:
    """Every line of a shell block and of a pipeline, with where it stands."""
    for block in blocks("sh"):
        yield from ((str(block), line) for line in block.text.splitlines() if line.strip())
    for name in PIPELINES:
        for block in called(name):
            for line in re.findall(r"^\s*-(?: run:)? ([a-z]+ .+)$", block.text, re.MULTILINE):
                yield str(block), line


SHELL = [
    pytest.param(shlex.split(line, comments=True), id=f"{where} {line.partition('#')[0].strip()}")
    for where, line in shell_lines()
]


@pytest.mark.parametrize("words", SHELL)
def test_commands_exist(words: list[str]) -> None:
    program, arguments = Path(words[0]).name, words[1:]
    if program == "golive":
        check_golive(arguments)
    elif program == "pytest":
        options = {word.partition("=")[0] for word in arguments if word.startswith("--golive")}
        assert options <= pytest_options()
    elif program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        makefile = (ROOT / "Makefile").read_text("utf-8")
        for word in arguments:
            name, given, _ = word.partition("=")
            assert re.search(rf"^{name} +\?=", makefile, re.MULTILINE) if given else name in targets
    else:
        assert program in ("pip", "cat")


def check_golive(arguments: list[str]) -> None:
    """Parses a whole command line as `golive` would, without doing anything."""
    command = GOLIVE.commands[arguments[0]]
    context = command.make_context(arguments[0], arguments[1:])
    known = catalogue.checks()
    catalogue.selected(known, context.params.get("select") or (), context.params.get("skip") or ())
    if check := context.params.get("check"):
        assert check in [entry.id for entry in known]


def pytest_options() -> set[str]:
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    return {name for option in parser.getgroup("golive").options for name in option.names()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_running_text_exist(page: Path) -> None:
    for code in inline_code(page):
        words = code.split()
        if words[0] == "golive" and len(words) > 1:
            assert {word for word in words if word.startswith("-")} <= options_of(words[1]), code
        elif code.startswith("--golive"):
            assert code in {"--golive", *pytest_options()}
        elif words[0].startswith("--"):
            known = {option for name in GOLIVE.commands for option in options_of(name)}
            assert words[0] in known | {"--lf"} | GALLERY_OPTIONS, code


def options_of(command: str) -> set[str]:
    return {option for parameter in GOLIVE.commands[command].params for option in parameter.opts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_are_named_exist(page: Path) -> None:
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for code in inline_code(page):
        if re.fullmatch(r"[\w.-]+/[\w./-]*", code) and code.split("/")[0] in tops - {"golive-report"}:
            assert (ROOT / code).exists(), code


def test_every_module_is_in_the_picture() -> None:
    named = [row[0].strip("`") for row in all_module_rows()]
    modules = [path.relative_to(ROOT).as_posix() for path in (ROOT / "conformance").rglob("*.py")]
    assert sorted(named) == sorted(module for module in modules if not ignored(module))


def ignored(module: str) -> bool:
    # Installed away from a checkout the bundled folders are inside the package.
    return module.split("/")[1] in ("checks", "reports", "examples")


def all_module_rows() -> list[list[str]]:
    headings = re.findall(r"^### (conformance/.*)$", ARCHITECTURE.read_text("utf-8"), re.MULTILINE)
    return [row for heading in headings for row in rows(ARCHITECTURE, heading)]


def test_the_table_of_faults_is_the_vocabulary() -> None:
    table = {row[0].strip("`"): row[1] for row in rows(INTEGRATOR, "The sandbox by itself")}
    models = get_args(get_args(Fault)[0])
    assert list(table) == [model.model_fields["fault"].default for model in models]
    for model in models:
        options = table[model.model_fields["fault"].default].replace('"', "")
        for name, field in model.model_fields.items():
            shown = field.alias or name
            if field.is_required() or field.default is None:
                assert f"`{shown}`" in options
            elif name != "fault":
                default = str(field.default).lower() if isinstance(field.default, bool) else field.default
                assert f"`{shown}: {default}`" in options


def test_the_table_of_keys_is_the_profile() -> None:
    told = {
        key
        for row in rows(INTEGRATOR, "golive.yaml, key by key")
        for key in re.findall(r"`([\w.]+)`", row[0])
    }
    assert told == {
        *(set(Profile.model_fields) - {"client", "account"}),
        *(f"client.{name}" for name in Client.model_fields),
        *(f"account.{name}" for name in Account.model_fields),
    }


def test_the_table_of_the_context_is_the_context() -> None:
    told = [row[0].strip("`") for row in rows(INTEGRATOR, "The python driver")]
    assert sorted(told) == sorted(field.name for field in fields(Context))


def test_the_table_of_exit_statuses_is_the_rule() -> None:
    told = {
        verdict: int(row[0])
        for row in rows(INTEGRATOR, "Exit status")
        for verdict in re.findall(r"`([\w-]+)`", row[1])
    }
    assert told == dict(EXIT_STATUS)


def test_the_table_of_statuses_has_them_all() -> None:
    told = {row[1].split("`")[1] for row in rows(REVIEWER, "What each status means")}
    assert told == set(get_args(Status))


def test_the_table_of_standings_has_them_all_in_their_order() -> None:
    told = [row[0].strip("`") for row in rows(REVIEWER, "What each standing means")]
    assert told == list(get_args(Standing))


def files_of(page: Path, section: str) -> dict[str, str]:
    shown = [block for block in blocks("python", "yaml") if (block.page, block.section) == (page, section)]
    return {block.name: block.text for block in shown if block.name}


@pytest.mark.parametrize(
    ("page", "section"),
    [
        (INTEGRATOR, "A first run"),
        (INTEGRATOR, "The command driver"),
        (AUTHOR, "A check of your own"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_examples_run_as_shown(page: Path, section: str, tmp_path: Path) -> None:
    """Whole runs are left to other tests: here the commands that choose some checks, on the fixed trials."""
    files = files_of(INTEGRATOR, "A first run") | files_of(page, section)
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    shown = [block for block in blocks("sh") if (block.page, block.section) == (page, section)]
    lines = [line for block in shown for line in block.text.splitlines()]
    chosen = [shlex.split(line) for line in lines if "--select" in line or line.startswith("pytest")]
    assert len(chosen) == 1
    program, *arguments = chosen[0]
    fewest = {"golive": ["--examples", "0"], "pytest": ["--golive-examples", "0"]}[program]
    run = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments, *fewest],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "golive-report" / "readiness.html").exists()

"""action.yml: its scripts are run as the runner runs them, with nothing of GitHub but its files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import ROOT
from test_ci import CLIENT, PROFILE, SOON

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INPUTS: dict[str, str] = {name: entry["default"] for name, entry in ACTION["inputs"].items()}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FEW = "--select versions.pinned --examples 0"
EXPRESSION = re.compile(r"\$\{\{\s*([^}]+?)\s*\}\}")


@dataclass(frozen=True)
class Stepped:
    """What the runner sees of a step."""

    status: int
    outputs: Mapping[str, str]
    summary: str
    stdout: str
    stderr: str


def step(id_: str) -> dict[str, Any]:
    (found,) = (step for step in STEPS if step.get("id") == id_)
    return found


def carry_out(id_: str, project: Path, temporary: Path, **given: str) -> Stepped:
    """Runs the script of a step as bash does on a runner. `given`: inputs that are not as they are by default."""
    inputs = {**INPUTS, "golive": "installed", **given}

    def value(expression: str) -> str:
        kind, _, name = expression.partition(".")
        return str(ROOT) if expression == "github.action_path" else {"inputs": inputs}[kind][name]

    own = {
        name: EXPRESSION.sub(lambda found: value(found[1]), text) for name, text in step(id_)["env"].items()
    }
    output, summary = temporary / f"{id_}-output", temporary / f"{id_}-summary"
    for file in output, summary:
        file.write_text("")
    script = temporary / f"{id_}.sh"
    script.write_text(step(id_)["run"])
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=project / inputs["working-directory"],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ACTIONS": "true",
            "TMPDIR": str(temporary),
            **own,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SOON,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return Stepped(ran.returncode, outputs, summary.read_text(), ran.stdout, ran.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "client.py").write_text(CLIENT)
    (folder / "golive.yaml").write_text(PROFILE)
    return folder


def test_no_expression_stands_in_a_script_and_every_input_is_used() -> None:
    for each in STEPS:
        assert "${{" not in each.get("run", "")
    used = set(re.findall(r"inputs\.([a-z-]+)", str(STEPS)))
    assert used == set(INPUTS)
    for output, entry in ACTION["outputs"].items():
        assert entry["value"] == f"${{{{ steps.run.outputs.{output} }}}}"
        assert f"{output}=%s" in step("run")["run"]


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_nobody_elses_action_is_used_and_each_by_its_version(path: Path) -> None:
    for named in re.findall(r"uses: (\S+)", path.read_text("utf-8")):
        assert named == "./" or re.fullmatch(r"actions/[a-z-]+@v\d+", named), named


def test_the_report_is_kept_whatever_came_of_the_run() -> None:
    (keep,) = (each for each in STEPS if "upload-artifact" in each.get("uses", ""))
    assert keep["if"].startswith("always() && inputs.upload == 'true'")
    assert "steps.run.outputs.report != ''" in keep["if"]


def test_a_client_that_is_well(project: Path, tmp_path: Path) -> None:
    ran = carry_out("run", project, tmp_path, args=FEW, report="out/a report")
    assert ran.status == 0, ran.stderr
    assert ran.outputs == {
        "status": "0",
        "verdict": "incomplete",
        "report": str(project / "out" / "a report"),
    }
    assert (project / "out" / "a report" / "readiness.html").exists()
    # By golive itself, and not once more by the action.
    assert ran.summary.count("# … acme-rewards: incomplete") == 1


def test_a_client_that_is_not_ready(project: Path, tmp_path: Path) -> None:
    (project / "client.py").write_text(CLIENT.replace("context.api_version", '"1999-01-01"'))
    ran = carry_out("run", project, tmp_path, args=FEW)
    assert (ran.status, ran.outputs["status"]) == (1, "1")
    assert ran.outputs["report"] == str(project / "golive-report")
    assert sum(line.startswith("::error") for line in ran.stdout.splitlines()) == 1


def test_a_run_that_is_incomplete(project: Path, tmp_path: Path) -> None:
    ran = carry_out("run", project, tmp_path, args=f"{FEW} --budget 0.0001")
    assert (ran.status, ran.outputs["status"], ran.outputs["verdict"]) == (3, "3", "incomplete")


def test_a_mistake_leaves_no_report_not_even_an_older_one(project: Path, tmp_path: Path) -> None:
    older = project / "golive-report" / "readiness.json"
    older.parent.mkdir()
    older.write_text('{"verdict": "ready"}')
    ran = carry_out("run", project, tmp_path, profile="nowhere.yaml")
    assert (ran.status, ran.outputs) == (2, {"status": "2"})
    assert "nowhere.yaml: there is no such file" in ran.stderr


def test_arguments_are_words_and_nothing_is_carried_out(project: Path, tmp_path: Path) -> None:
    evil = "$(touch stolen) `touch stolen` ; touch stolen"
    ran = carry_out("run", project, tmp_path, args=f"--select 'no.such *' --budget '{evil}'", profile=evil)
    assert (ran.status, "stolen" in os.listdir(project)) == (2, False)
    ran = carry_out("run", project, tmp_path, args="--select 'versions.pinned")
    assert (ran.status, ran.outputs) == (2, {})
    assert "The input args cannot be read: is a quotation mark missing?" in ran.stderr
    ran = carry_out("run", project, tmp_path, report="a\nverdict=ready")
    assert (ran.status, ran.outputs) == (2, {})


def fake_python(folder: Path) -> None:
    """One that says what pip would be asked for; everything else is left to the real one."""
    folder.mkdir()
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$1 $2" in "-m pip") printf "%s\\n" "$@" > "$ASKED" ;; '
        f'*) exec "{sys.executable}" "$@" ;; esac\n'
    )
    python.chmod(0o755)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"golive": "installed"}, []),
        ({"golive": ""}, [str(ROOT)]),
        ({"golive": "", "sign": "env:KEY"}, [f"{ROOT}[sign]"]),
        (
            {"golive": "./golive 1.whl", "install": "-r 'my requirements.txt' httpx"},
            ["./golive 1.whl", "-r", "my requirements.txt", "httpx"],
        ),
        ({"install": "-e '.[dev]'"}, ["-e", ".[dev]"]),
    ],
)
def test_what_is_installed(
    given: dict[str, str], asked: list[str], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_python(tmp_path / "bin")
    record = tmp_path / "asked"
    record.write_text("")
    monkeypatch.setenv("ASKED", str(record))
    script = step("install")["run"]
    monkeypatch.setitem(step("install"), "run", f'PATH="{tmp_path}/bin:$PATH"\n{script}')
    assert carry_out("install", project, tmp_path, **given).status == 0
    assert [word for word in record.read_text().splitlines() if not word.startswith("--")][3:] == asked


def test_what_is_cached_follows_from_what_is_installed(project: Path, tmp_path: Path) -> None:
    same, again, other = (
        carry_out("pip", project, tmp_path, golive="", install=install).outputs
        for install in ("httpx", "httpx", "flask")
    )
    assert same == again
    assert re.fullmatch("[0-9a-f]{40,}", same["key"])
    assert Path(same["folder"]).is_absolute()
    assert same["key"] != other["key"]

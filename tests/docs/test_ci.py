"""The pipelines of docs/ci.md: they parse, agree with themselves, and their commands do what they are for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import ROOT, blocks

PAGE = ROOT / "docs" / "ci.md"
SOON = 240.0
"""seconds within which a command that works has ended, on the busiest machine"""
CLIENT = """
import http.client, json, urllib.parse

def place_order(order, context):
    address = urllib.parse.urlsplit(context.base_url)
    line = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    headers = {"X-Api-Key": context.api_key, "X-Api-Version": context.api_version,
               "X-Idempotency-Key": context.reference, "Content-Type": "application/json"}
    try:
        line.request("POST", address.path + "/order", json.dumps(order), headers)
        return json.loads(line.getresponse().read())["id"]
    finally:
        line.close()
"""
PROFILE = """
subject: acme-rewards
client: {driver: python, target: "client:place_order"}
api_version: "2024-02-05"
"""


def shown(name: str) -> Any:
    (block,) = (block for block in blocks("yaml") if (block.page, block.name) == (PAGE, name))
    return yaml.safe_load(block.text)


def container(name: str) -> dict[str, Any]:
    (only,) = shown(name)["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def environment(name: str) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container(name)["env"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "golive.yaml").write_text(PROFILE)
    return tmp_path


def carry_out(line: str, folder: Path, **variables: str) -> int:
    """Runs a line of a pipeline on the fewest checks that can be parted."""
    line = line.replace(
        "golive run", "golive run --select versions.pinned --select versions.supported --examples 0"
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SOON,
        check=False,
    )
    return ran.returncode


SCHEMAS = {
    "github-workflows": lambda name: name.startswith(".github/workflows/"),
    "gitlab-ci": lambda name: name.endswith("gitlab-ci.yml"),
}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_pipelines_keep_to_the_schema_of_their_service(kind: str, tmp_path: Path) -> None:
    files = []
    for number, block in enumerate(blocks("yaml")):
        if SCHEMAS[kind](block.name):
            files.append(tmp_path / f"{number}.yml")
            files[-1].write_text(block.text)
    if kind == "github-workflows":
        files += sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert len(files) > 2
    against_schema(kind, *files)


def test_the_action_keeps_to_the_schema_of_actions() -> None:
    against_schema("github-actions", ROOT / "action.yml")


def against_schema(kind: str, *files: Path) -> None:
    """The schemas come with check-jsonschema: nothing is fetched."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}"]
    ran = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, timeout=SOON, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


# The last report of main


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report `good`, on a client that is well, and `bad`, on the same that is not."""
    folder = tmp_path_factory.mktemp("reports")
    for name, client in (("good", CLIENT), ("bad", CLIENT.replace("context.api_version", '"1999-01-01"'))):
        (folder / "client.py").write_text(client)
        (folder / "golive.yaml").write_text(PROFILE)
        carry_out(f"golive run -o {name}", folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, reports: Path) -> Path:
    """With programs that are no concern of ours, which only note what they were asked for."""
    (tmp_path / "bin").mkdir()
    fakes = {
        "pip": "exit 0",
        "gh": 'case "$1" in run) [ "$2" = list ] && echo 7 || cp -r "$LAST_REPORT" main-report ;; esac',
        "curl": 'for word; do [ "$before" = --output ] && cp "$LAST_REPORT" "$word"; before=$word; done; exit "$FAILS"',
        "python": f'exec "{sys.executable}" "$@"',
    }
    for name, script in fakes.items():
        fake = tmp_path / "bin" / name
        fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "$NOTED"\n{script}\n')
        fake.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    return work


def as_the_runner(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = [str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={
            **os.environ,
            "PATH": os.pathsep.join(path),
            "NOTED": str(folder.parent / "noted"),
            "GITHUB_STEP_SUMMARY": str(folder.parent / "summary"),
            "FAILS": "0",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SOON,
        check=False,
    )


def compare_steps() -> Iterator[str]:
    steps = shown(".github/workflows/golive-compare.yml")["jobs"]["golive"]["steps"]
    yield from (step["run"] for step in steps if "run" in step)


@pytest.mark.parametrize(
    ("last", "new", "status"), [("good", "bad", 1), ("bad", "bad", 0), ("bad", "good", 0)]
)
def test_a_pull_request_fails_by_what_it_makes_worse(
    last: str, new: str, status: int, checkout: Path, reports: Path
) -> None:
    fetch, compare = compare_steps()
    given = {"LAST_REPORT": str(reports / last), "REPORT": str(reports / new), "STATUS": "1", "NUMBER": "41"}
    assert as_the_runner(fetch, checkout, **given).returncode == 0
    ran = as_the_runner(compare, checkout, **given)
    assert ran.returncode == status, ran.stderr
    told = (checkout / "difference.md").read_text("utf-8")
    assert told.startswith("# ✘" if status else "# ✔")
    assert (checkout.parent / "summary").read_text("utf-8") == told
    assert "pr comment 41 --edit-last --create-if-none --body-file difference.md" in (
        (checkout.parent / "noted").read_text()
    )


def test_without_a_report_to_compare_with_the_run_itself_counts(checkout: Path, reports: Path) -> None:
    _, compare = compare_steps()
    for status in ("0", "1", "3"):
        ran = as_the_runner(compare, checkout, REPORT=str(reports / "bad"), STATUS=status)
        assert str(ran.returncode) == status
    assert as_the_runner(compare, checkout, REPORT="", STATUS="2").returncode == 2
    assert as_the_runner(compare, checkout, REPORT="", STATUS="").returncode == 3


@pytest.mark.parametrize(("last", "status"), [("good", 1), ("bad", 0)])
def test_a_merge_request_is_held_against_the_main_branch(
    last: str, status: int, checkout: Path, reports: Path
) -> None:
    job = shown("golive-merge-requests.gitlab-ci.yml")["difference"]
    kept = checkout.parent / "kept"
    shutil.copytree(reports / last, kept / "golive-report")
    archive = shutil.make_archive(str(checkout.parent / "artifacts"), "zip", kept)
    shutil.copytree(reports / "bad", checkout / "golive-report")
    given = {
        "LAST_REPORT": archive,
        "LAST": "url",
        "NOTES": "notes",
        "CI_JOB_TOKEN": "t",
        "COMMENT_TOKEN": "c",
    }
    ran = as_the_runner("\n".join(job["script"]), checkout, **given)
    assert ran.returncode == status, ran.stderr
    assert (checkout / "difference.md").read_text("utf-8") in ran.stdout
    assert "--data-urlencode body@difference.md" in (checkout.parent / "noted").read_text()
    assert job["needs"] == ["golive"]
    assert job["rules"][0]["when"] == "always"


def test_a_main_branch_without_a_report_fails_no_merge_request(checkout: Path) -> None:
    job = shown("golive-merge-requests.gitlab-ci.yml")["difference"]
    ran = as_the_runner(
        "\n".join(job["script"]), checkout, LAST="url", CI_JOB_TOKEN="t", LAST_REPORT="/dev/null", FAILS="22"
    )
    assert (ran.returncode, "main has no report yet" in ran.stdout) == (0, True)


def test_the_shell_lines_of_the_jenkinsfile_do_what_they_are_for(checkout: Path, reports: Path) -> None:
    (block,) = blocks("groovy")
    assert (block.page, block.name) == (PAGE, "Jenkinsfile")
    assert block.text.count("{") == block.text.count("}")
    lines = re.findall(r"(?:\bsh |script: )'([^']+)'", block.text)
    *_, run, diff = lines
    assert [line.split()[0] for line in lines[:2]] == ["python", ".venv/bin/pip"]
    (checkout / ".venv").symlink_to(Path(sys.executable).parent.parent)
    assert as_the_runner(diff, checkout).returncode == 0
    shutil.copytree(reports / "good", checkout / "main-report" / "golive-report")
    shutil.copytree(reports / "bad", checkout / "golive-report")
    ran = as_the_runner(diff, checkout)
    assert (ran.returncode, "got worse" in ran.stdout) == (0, True)
    (checkout / "golive.yaml").write_text("subject: acme-rewards")
    assert as_the_runner(run, checkout).returncode == 2


# In parts


def test_the_manifest_starts_as_many_pods_as_there_are_parts() -> None:
    job = shown("golive-job.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    spec = job["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == int(environment("golive-job.yaml")["PARTS"])


def test_both_jobs_mean_the_same_reports_and_mount_what_they_name() -> None:
    assert environment("golive-job.yaml")["REPORTS"] == environment("golive-merge.yaml")["REPORTS"]
    for name in "golive-job.yaml", "golive-merge.yaml":
        pod = shown(name)["spec"]["template"]["spec"]
        mounted = {mount["name"] for mount in container(name)["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_the_commands_of_the_jobs_make_one_report_of_all_parts(project: Path) -> None:
    (line,), (merge,) = container("golive-job.yaml")["args"], container("golive-merge.yaml")["args"]
    given = {**environment("golive-job.yaml"), "REPORTS": str(project / "reports")}
    for index in range(int(given["PARTS"])):
        assert carry_out(line, project, JOB_COMPLETION_INDEX=str(index), **given) == 0
    assert carry_out(merge, project, **given) == 0
    assert (project / "reports" / "golive-report" / "readiness.html").exists()


def test_a_part_that_fails_is_merged_and_a_mistake_stops_the_pipeline(project: Path) -> None:
    (line,) = container("golive-job.yaml")["args"]
    given = {**environment("golive-job.yaml"), "PARTS": "1", "REPORTS": str(project / "reports")}
    client = (project / "client.py").read_text()
    (project / "client.py").write_text(client.replace("context.api_version", '"1999-01-01"'))
    assert carry_out(line, project, JOB_COMPLETION_INDEX="0", **given) == 0
    assert carry_out(container("golive-merge.yaml")["args"][0], project, **given) == 1
    assert carry_out(line, project, JOB_COMPLETION_INDEX="1", **given) != 0


def test_the_pipelines_of_other_services_have_the_same_shape() -> None:
    github = shown(".github/workflows/golive-parts.yml")["jobs"]
    (run,) = (step["run"] for step in github["part"]["steps"] if "--shard" in step.get("run", ""))
    assert f"/{len(github['part']['strategy']['matrix']['part'])}" in run
    assert github["part"]["strategy"]["matrix"]["part"][0] == 1
    assert github["report"]["needs"] == "part"
    gitlab = shown("golive-parts.gitlab-ci.yml")
    assert gitlab["part"]["parallel"] > 1
    for line in (run, gitlab["part"]["script"][-1]):
        assert line.endswith("|| [ $? -ne 2 ]")
    for steps in ([step.get("run", "") for step in github["report"]["steps"]], gitlab["report"]["script"]):
        assert "golive merge parts/*" in steps

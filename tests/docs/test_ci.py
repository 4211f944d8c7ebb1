"""The pipelines of docs/ci.md: they parse, agree with themselves, and their commands do what they are for."""

from __future__ import annotations

import os
import subprocess
import sys
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
    (tmp_path / "golive.yaml").write_text(
        'subject: acme-rewards\nclient: {driver: python, target: "client:place_order"}\napi_version: "2024-02-05"\n'
    )
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

"""The command line against a real endpoint: what it prints and writes, and that no key is in any of it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import endpoints
import pytest
from endpoints import KEY, SECRET, Right, served

GOLIVE = str(Path(sys.executable).parent / "golive")
PROFILE = """\
subject: acme
api_version: "2024-02-05"
account: {keys: {playground: {env: KEY_HERE}}}
"""
SPELLINGS = (
    SECRET,
    SECRET[:12],
    SECRET.swapcase(),
    base64.b64encode(KEY.encode()).decode()[:24],
    SECRET.encode().hex(),
)


def golive(folder: Path, *arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    (folder / "golive.yaml").write_text(PROFILE)
    environment = {**os.environ, "KEY_HERE": key} if key else dict(os.environ)
    return subprocess.run(
        [GOLIVE, "account", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def written(folder: Path) -> Iterator[str]:
    yield from (path.read_text() for path in (folder / "golive-report").iterdir())


def test_a_finding_is_told_with_what_was_asked_and_no_key_is_in_it(tmp_path: Path) -> None:
    with served(endpoints.EchoesTheKey()) as base_url:
        ran = golive(tmp_path, "--api", base_url, "--select", "sandbox.reachable")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "FAIL      sandbox.reachable" in ran.stdout
    assert "golive" in ran.stdout.split("seconds  ")[1][:10]
    assert "├─ request 1: GET /v2/ping" in ran.stdout
    texts = [ran.stdout, ran.stderr, *written(tmp_path)]
    assert [spelling for spelling in SPELLINGS if any(spelling in text for text in texts)] == []
    report = json.loads((tmp_path / "golive-report" / "readiness.json").read_text())
    (check,) = [check for check in report["checks"] if check.get("finding")]
    assert check["finding"]["counterexample"]["evidence"]["turns"][0]["status"] == 200
    again = subprocess.run(
        [GOLIVE, "replay", "golive-report", "sandbox.reachable"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 2
    assert "was heard from a real endpoint, which is not asked by replay" in again.stderr


def test_a_dry_run_prints_every_request_and_needs_no_key(tmp_path: Path) -> None:
    api = Right()
    with served(api) as base_url:
        ran = golive(tmp_path, "--api", base_url, "--select", "sandbox.re*", "--dry-run", key="")
    assert api.requests == []
    assert ran.returncode == 3
    assert f"      POST {base_url}/order\n" in ran.stdout
    assert "        X-Api-Key: [the account's key]\n" in ran.stdout
    assert "not observed: dry run: nothing was sent" in ran.stdout


def test_a_missing_key_is_untested_and_says_what_to_do(tmp_path: Path) -> None:
    api = Right()
    with served(api) as base_url:
        ran = golive(tmp_path, "--api", base_url, "--select", "sandbox.reachable", key="")
    assert api.requests == []
    assert ran.returncode == 3
    assert "KEY_HERE is not set: export it where golive runs" in ran.stdout


@pytest.mark.parametrize("address", ["https://api.runa.io/v2", "https://API.RUNA.IO.:443/v2/"])
def test_production_is_refused_before_anything_is_sent(tmp_path: Path, address: str) -> None:
    ran = golive(tmp_path, "--api", address)
    assert ran.returncode == 2
    assert "is production, where orders cost real money" in ran.stderr

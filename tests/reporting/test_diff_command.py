"""`golive diff` from the shell: its exit status, where it prints what, and how it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from reporting_samples import all_passed, everything

from conformance.mistakes import Mistakes
from conformance.reporting.json_file import to_json
from conformance.reporting.readiness import Readiness
from conformance.reporting.stored import stored_report


def golive(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "golive"), *map(str, words)],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for name, report in (("good", all_passed()), ("bad", everything())):
        keep(tmp_path / name, report)
    return tmp_path


def keep(folder: Path, report: Readiness) -> None:
    folder.mkdir()
    (folder / "readiness.json").write_text(to_json(report))


def test_the_status_says_whether_something_got_worse(reports: Path) -> None:
    worse = golive("diff", reports / "good", reports / "bad" / "readiness.json")
    assert (worse.returncode, worse.stderr) == (1, "")
    assert worse.stdout.startswith("acme-rewards got worse: 2 checks newly fail, ")
    assert "\x1b" not in worse.stdout
    better = golive("diff", reports / "bad", reports / "good", "--markdown", PYTHONIOENCODING="ascii")
    assert (better.returncode, better.stderr) == (0, "")
    assert better.stdout.startswith("# ✔ acme-rewards: no regression\n")


def test_json_is_for_programs(reports: Path) -> None:
    ran = golive("diff", reports / "good", reports / "bad", "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["schema"], told["regressed"]) == (1, "golive/comparison/v1", True)


def test_what_is_no_report_is_refused_file_by_file(reports: Path) -> None:
    nothing, text = reports / "nothing", reports / "text.json"
    text.write_text('{"schema": "golive/comparison/v1"}')
    nothing.mkdir()
    ran = golive("diff", nothing, text)
    assert (ran.returncode, ran.stdout) == (2, "")
    first, second, *_ = ran.stderr.splitlines()
    assert first == f"{nothing}: no report can be read there: it has no readiness.json"
    assert second == (
        f"{text}: no report as golive/readiness/v1 has it: schema: Input should be 'golive/readiness/v1'"
    )


def test_whoever_reads_may_go_away_and_the_status_is_that_of_the_comparison(reports: Path) -> None:
    for form in ([], ["--json"]):
        reader, writer = os.pipe()
        os.close(reader)
        command = [str(Path(sys.executable).parent / "golive"), "diff", "bad", "good", *form]
        ran = subprocess.run(
            command, cwd=reports, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
        os.close(writer)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_two_forms_at_once_are_a_mistake(reports: Path) -> None:
    ran = golive("diff", reports / "good", reports / "bad", "--json", "--markdown")
    assert (ran.returncode, ran.stderr) == (2, "--markdown and --json: only one of them can be written\n")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b"[" * 100_000, b'"\\ud800"', b'{"schema": "\x1b[31m"}'],
    ids=range(6),
)
def test_whatever_a_file_holds_it_is_read_or_refused_in_plain_words(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "readiness.json").write_bytes(content)
    with pytest.raises(Mistakes, match="no report as golive/readiness/v1 has it") as refused:
        stored_report(tmp_path)
    assert "\x1b" not in str(refused.value)
    assert len(refused.value.lines) <= 4

"""`golive run --shard`, `golive merge` and `-j`: the same report, wherever the checks were examined."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import Project, Ran, project_in
from test_pytest_plugin import OWN

from conformance import catalogue
from conformance.contracts import load_contract
from conformance.paths import demo_profile
from conformance.sharding import deal, falls_to, part_of, read_shard

TIMES = {"generated_at", "duration_s", "simulated_s", "parts", "waited"}
"""what is never the same twice: the client throws dice for its waits"""


# Which check falls to which part


@given(st.data(), st.integers(1, 40), st.none() | st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_every_check_falls_to_exactly_one_part(data: st.DataObject, count: int, examples: int | None) -> None:
    checks, contract = catalogue.checks(), load_contract("runa")
    dealt = deal(checks, contract, count, examples).part
    assert sorted(dealt) == sorted(check.id for check in checks)
    assert set(dealt.values()) <= set(range(count))
    index = data.draw(st.integers(1, count))
    own = part_of(checks, contract, (index, count), examples)
    assert own == tuple(check for check in checks if dealt[check.id] == index - 1)


def test_the_order_of_the_checks_changes_nothing() -> None:
    checks, contract = catalogue.checks(), load_contract("runa")
    assert deal(checks, contract, 3).part == deal(checks[::-1], contract, 3).part


@pytest.mark.parametrize("count", [2, 3, 4])
def test_parts_weigh_about_the_same(count: int) -> None:
    dealt = deal(catalogue.checks(), load_contract("runa"), count)
    loads = [sum(dealt.weight[id_] for id_ in dealt.part if dealt.part[id_] == part) for part in range(count)]
    assert max(loads) < 1.5 * min(loads)


def test_a_check_of_ones_own_falls_to_one_part_by_its_id() -> None:
    for id_ in ("ours.says-json", "ours.other"):
        assert sum(falls_to((index, 5), id_) for index in range(1, 6)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3", 'should be I/N, such as 1/3 for the first of three parts, not "3"'),
        ("a/b", "should be I/N"),
        ("-1/3", "should be I/N"),
        ("1/3/5", "should be I/N"),
        ("0/3", "of 3 parts the first is 1/3 and the last 3/3; 0/3 is none"),
        ("4/3", "of 3 parts the first is 1/3 and the last 3/3; 4/3 is none"),
        ("1/0", "there can be 1 to 1,000 parts, not 0"),
        ("1/5000", "there can be 1 to 1,000 parts, not 5,000"),
    ],
)
def test_what_is_no_part_is_refused_with_what_would_be_right(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read_shard(text)
    assert told in str(refused.value)


def test_a_wrong_part_is_a_usage_error_in_both_ways_in(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    ran = project.golive("run", "--shard", "4/3")
    assert ran.status == 2
    assert "the last 3/3" in " ".join(ran.err.replace("│", " ").split())
    ran = project.pytest("--golive", "golive.yaml", "--golive-shard", "4/3")
    assert ran.status == 4
    assert "--shard: of 3 parts the first is 1/3 and the last 3/3; 4/3 is none" in ran.err


# A real run, as one and in parts


@dataclass(frozen=True)
class Runs:
    project: Project
    ran: Mapping[str, Ran]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The client of `golive demo`, examined at once, in three processes, and in three parts: a minute of two cores, so
    all of this pytest's processes share it.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project, told = Project(shared / "runs"), shared / "runs.json"
    with (shared / "runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            project.folder.mkdir(exist_ok=True)
            told.write_text(json.dumps({name: asdict(each) for name, each in _run_all(project).items()}))
    ran = {name: Ran(**each) for name, each in json.loads(told.read_text()).items()}
    for name, each in ran.items():
        assert each.status == 0, f"{name}:\n{each.out}{each.err}"
    return Runs(project, ran)


def _run_all(project: Project) -> Mapping[str, Ran]:
    asked = ["run", "-p", str(demo_profile(bad=False)), "--examples", "1", "--seed", "7", "-o"]
    wanted = {
        "whole": [*asked, "whole"],
        "shared": [*asked, "shared", "-j", "3"],
        **{f"part-{index}": [*asked, f"part-{index}", "--shard", f"{index}/3"] for index in (1, 2, 3)},
    }
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(wanted, pool.map(lambda words: project.golive(*words), wanted.values()), strict=True))


def test_several_processes_come_to_the_same_report(runs: Runs) -> None:
    assert without_times(runs.project.report("shared")) == without_times(runs.project.report("whole"))


def test_a_line_for_each_check_however_many_processes(runs: Runs) -> None:
    def ended(name: str) -> list[str]:
        return sorted(
            line.split()[1] for line in runs.ran[name].out.splitlines() if line.startswith("  PASS ")
        )

    assert ended("shared") == ended("whole")
    assert len(ended("whole")) > 10


def test_a_part_says_what_it_is(runs: Runs) -> None:
    report = runs.project.report("part-2")
    assert report["verdict"] == "incomplete"
    assert report["run"]["shard"] == {"index": 2, "count": 3}
    few = len(report["run"]["selection"]["checks"])
    assert f", {few} checks (part 2 of 3), virtual clock, seed 7" in runs.ran["part-2"].out
    told = " ".join(runs.ran["part-2"].out.split())
    assert "This is no readiness report on python-httpx-example, but part 2 of 3, with " in told
    assert "Join it with the others: golive merge." in told


def test_merged_parts_are_the_report_of_the_whole(runs: Runs) -> None:
    merged = runs.project.golive("merge", "part-2", "part-3", "part-1", "-o", "merged")
    assert merged.status == 0, merged.out + merged.err
    assert "python-httpx-example is ready to go live: " in " ".join(merged.out.split())
    both = [runs.project.report(name) for name in ("merged", "whole")]
    # What was measured in a trial that two parts ran is there twice.
    taken = [sum(each["orders"] for each in report.pop("observations")["attempts"]) for report in both]
    assert taken[0] > taken[1]
    assert without_times(both[0]) == without_times(both[1])
    assert runs.project.report("merged")["run"]["parts"] == 3
    left = {path.name for path in (runs.project.folder / "merged").iterdir()}
    assert left == {path.name for path in (runs.project.folder / "whole").iterdir()}


def test_parts_that_do_not_make_a_whole_are_refused(runs: Runs) -> None:
    (runs.project.folder / "broken").mkdir(exist_ok=True)
    broken = {**runs.project.report("part-1"), "schema": "golive/readiness/v9", "checks": "none"}
    (runs.project.folder / "broken" / "readiness.json").write_text(json.dumps(broken))
    for arguments, told in (
        (["part-1", "part-3"], "missing: 1 part of 3, 2/3; run each with golive run --shard\n"),
        (["part-1", "whole"], "whole: it is no part of a run; parts are made by golive run --shard I/N\n"),
        (["part-1", "nowhere"], "nowhere: no report can be read there: No such file or directory\n"),
        (["part-1", "part-1"], "part-1: it is named twice\n"),
        (["part-1", "-o", "part-1"], "part-1: a part would be overwritten; name another place with -o\n"),
        (["broken"], "broken: no report as golive/readiness/v1 has it: schema: "),
    ):
        refused = runs.project.golive("merge", *arguments)
        assert refused.status == 2
        assert told in refused.err
        assert refused.out == ""
    assert not (runs.project.folder / "golive-report").exists()


def test_a_part_to_which_no_check_falls_is_fine(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    chosen = ["--select", "versions.pinned", "--select", "versions.supported", "--examples", "0"]
    ran = {
        index: project.golive("run", *chosen, "--shard", f"{index}/3", "-o", f"{index}")
        for index in (1, 2, 3)
    }
    assert [each.status for each in ran.values()] == [0, 0, 0], ran
    empty = [index for index in ran if not project.statuses(f"{index}")]
    assert len(empty) == 1
    told = " ".join(ran[empty[0]].out.split())
    assert f"no check fell to part {empty[0]} of 3, which is well" in told

    # Without --seed parts of one run still go together.
    merged = project.golive("merge", "1", "2", "3")
    assert merged.status == 0, merged.err
    assert project.statuses() == {"versions.pinned": "passed", "versions.supported": "passed"}


def test_in_pytest_ones_own_checks_are_dealt_out_too(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write("test_ours.py", OWN.replace("ours.", "own."))
    for index in (1, 2):
        part = ["--golive-shard", f"{index}/2", "--golive-output", f"part-{index}"]
        ran = project.pytest(
            "--golive", "golive.yaml", "-k", "pinned or supported or json", "--golive-examples", "0", *part
        )
        assert ran.status in (0, 5), ran.out + ran.err
    found = [project.statuses(f"part-{index}") for index in (1, 2)]
    assert sum("own.says-json" in statuses for statuses in found) == 1
    merged = project.golive("merge", "part-1", "part-2")
    assert merged.status == 0, merged.err
    assert set(project.statuses()) == {"versions.pinned", "versions.supported", "own.says-json"}


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(entry) for key, entry in value.items() if key not in TIMES}
    return [without_times(entry) for entry in value] if isinstance(value, list) else value

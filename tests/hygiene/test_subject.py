"""Where the client's source stands in git, seen without running anything that a repository configures."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hygiene_repositories import Repo

from conformance import subject
from conformance.profile import Profile, load_profile
from conformance.subject import Standing, client_standing

PYTHON = """
subject: acme-rewards
client: {driver: python, target: "orders:place_order", resumes: true}
api_version: "2024-02-05"
"""
COMMAND = """
subject: acme-rewards
client: {driver: command, command: [node, order.mjs], resumes: true}
api_version: "2024-02-05"
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "acme")


def profile_in(folder: Path) -> Profile:
    return load_profile(folder / "golive.yaml")


def standing(repo: Repo, below: str = ".") -> Standing:
    found = client_standing(profile_in(repo.folder / below))
    assert found is not None
    return found


def test_the_commit_that_the_client_was_taken_from(repo: Repo) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    assert standing(repo) == Standing(commit, modified=False)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("orders.py", "def place_order(): pass\n"),
        ("golive.yaml", PYTHON + "# another one\n"),
        ("http_settings.py", "TIMEOUT = 3\n"),
    ],
    ids=["client", "profile", "beside-it"],
)
def test_what_differs_from_the_commit(repo: Repo, path: str, content: str) -> None:
    commit = repo.commit(
        golive__yaml=PYTHON, orders__py="def place_order(): ...\n", http_settings__py="TIMEOUT = 2\n"
    )
    repo.write(path, content)
    assert standing(repo) == Standing(commit, modified=True)


def test_what_is_staged_is_in_no_commit(repo: Repo) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    repo.write("orders.py", "def place_order(): pass\n")
    repo.git("add", "-A")
    assert standing(repo) == Standing(commit, modified=True)


@pytest.mark.parametrize("ignored", [False, True])
def test_a_client_that_was_never_committed(repo: Repo, ignored: bool) -> None:
    commit = repo.commit(golive__yaml=COMMAND, __gitignore="order.mjs\n" if ignored else "")
    repo.write("order.mjs", "process.exit(0)\n")
    assert standing(repo) == Standing(commit, modified=True)


def test_a_file_of_the_client_that_is_gone(repo: Repo) -> None:
    package = {"orders/__init__.py": "from orders.money import place_order\n", "orders/money.py": "x = 1\n"}
    for path, content in package.items():
        repo.write(path, content)
    commit = repo.commit(golive__yaml=PYTHON)
    assert standing(repo) == Standing(commit, modified=False)
    (repo.folder / "orders/money.py").unlink()
    assert standing(repo) == Standing(commit, modified=True)


def test_what_the_run_itself_leaves_is_nobodys_change(repo: Repo) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    repo.write("golive-report/readiness.json", "{}")
    repo.write("__pycache__/orders.cpython-311.pyc", b"\0")
    assert standing(repo) == Standing(commit, modified=False)


def test_another_part_of_a_large_repository(repo: Repo) -> None:
    repo.write("website/index.html", "<p>")
    repo.write("rewards/golive.yaml", PYTHON)
    repo.write("rewards/orders.py", "def place_order(): ...\n")
    commit = repo.commit()
    repo.write("website/index.html", "<p>Hello")
    assert standing(repo, "rewards") == Standing(commit, modified=False)


def test_ends_of_lines_are_git_s_own_business(repo: Repo) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    repo.write("orders.py", "def place_order(): ...\r\n")
    assert standing(repo) == Standing(commit, modified=False)


def test_nothing_is_known_outside_git_and_before_the_first_commit(tmp_path: Path) -> None:
    for place in ("plain", "young"):
        folder = tmp_path / place
        folder.mkdir()
        (folder / "golive.yaml").write_text(PYTHON)
        (folder / "orders.py").write_text("def place_order(): ...\n")
    Repo(tmp_path / "young")
    assert client_standing(profile_in(tmp_path / "plain")) is None
    assert client_standing(profile_in(tmp_path / "young")) is None


def test_the_clients_that_come_with_golive_have_no_commit_of_yours() -> None:
    assert client_standing(profile_in(subject.EXAMPLES / "unready")) is None


def test_nothing_that_the_repository_configures_is_run(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for setting in (
        "core.fsmonitor",
        "core.pager",
        "filter.trap.clean",
        "filter.trap.smudge",
        "diff.external",
    ):
        repo.git("config", setting, str(trap))
    repo.git("config", "filter.trap.required", "true")
    repo.write(".git/info/attributes", "* filter=trap diff=trap\n")
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        repo.write(f".git/hooks/{hook}", trap.read_bytes())
        (repo.folder / f".git/hooks/{hook}").chmod(0o755)
    # Younger than the index: git itself would look at the content, and have it filtered.
    later = time.time() + 60
    os.utime(repo.folder / "orders.py", (later, later))
    assert standing(repo) == Standing(commit, modified=False)
    assert not (tmp_path / "sprung").exists()


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(repo: Repo) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n", notes__txt="")
    (repo.folder / "notes.txt").unlink()
    os.mkfifo(repo.folder / "notes.txt")
    assert standing(repo) == Standing(commit, modified=True)


def test_a_git_that_does_not_answer_costs_the_commit_alone(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    (tmp_path / "bin").mkdir()
    silent = tmp_path / "bin" / "git"
    silent.write_text("#!/bin/sh\nexec sleep 600\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(subject, "PATIENCE", 0.4)
    assert client_standing(profile_in(repo.folder)) is None


def test_what_there_was_no_time_to_look_at_counts_as_changed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repo.commit(golive__yaml=PYTHON, orders__py="def place_order(): ...\n")
    monkeypatch.setattr(subject, "MOST_BYTES", 10)
    assert standing(repo) == Standing(commit, modified=True)

"""`-j N`: which process examines what, and what becomes of a run when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import GOLIVE, environment_of, project_in, until

from conformance import catalogue
from conformance.contracts import load_contract
from conformance.scheduling import best_first, part_of_worker
from conformance.sharding import Deal, deal

SOON = 90.0
"""seconds within which something that is bound to happen has happened, on the busiest machine"""

DEALT = Deal(
    part={"a": 0, "b": 1, "c": 0, "d": 1, "e": 2, "f": 2},
    weight={"a": 50, "b": 40, "c": 30, "d": 20, "e": 10, "f": 5},
)


def test_a_worker_begins_with_the_heaviest_check_of_its_own_part() -> None:
    assert best_first("abcdef", DEALT, 0)[:2] == ["a", "c"]
    assert best_first("abcdef", DEALT, 1)[:2] == ["b", "d"]
    assert best_first("abcdef", DEALT, 2)[:2] == ["e", "f"]


def test_a_worker_that_is_through_helps_where_most_is_left_and_from_the_light_end() -> None:
    assert best_first("abcd", DEALT, 2) == ["c", "a", "d", "b"]
    assert best_first("bcd", DEALT, 2) == ["d", "b", "c"]


def test_a_worker_in_place_of_one_that_died_takes_the_heaviest_of_all() -> None:
    assert best_first("fedcba", DEALT, part_of_worker("gw7")) == ["a", "b", "c", "d", "e", "f"]


def test_every_check_can_be_dealt_out_to_workers() -> None:
    checks = catalogue.checks()
    dealt = deal(checks, load_contract("runa"), 3)
    ids = [check.id for check in checks]
    assert sorted(best_first(ids, dealt, 1)) == sorted(ids)


STUCK_ONCE = '''
from pathlib import Path as _Path

_right = place_order
_noted = _Path({folder!r})


def place_order(order, context):
    """Comes to no end, the first time that anybody calls it in any process."""
    own = _noted / str(os.getpid())
    own.write_text(str(os.getpid()))
    try:
        os.link(own, _noted / "stuck")
    except FileExistsError:
        return _right(order, context)
    os.read(os.pipe()[0], 1)  # no clock jumps over that
'''


def test_when_a_worker_is_killed_its_check_is_an_error_and_the_others_go_on(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    client = tmp_path / "client.py"
    client.write_text(client.read_text() + STUCK_ONCE.format(folder=str(tmp_path)))
    asked = ("--select", "versions.[ps]*d", "--select", "retries.key-on-every-order")
    with subprocess.Popen(
        [GOLIVE, "run", "--examples", "0", "-j", "2", *asked],
        cwd=tmp_path,
        env=environment_of(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert until((tmp_path / "stuck").exists), "the client was never asked"
            client_pid = int((tmp_path / "stuck").read_text())
            os.kill(next(pid for pid in ancestors(client_pid) if is_worker(pid)), signal.SIGKILL)
            out, _ = process.communicate(timeout=SOON)
        finally:
            process.kill()
    assert process.returncode == 3, out
    statuses = project.statuses()
    assert sorted(statuses.values()) == ["error", "passed", "passed"]
    (died,) = (check for check in project.report()["checks"] if check["status"] == "error")
    assert "crashed while running" in died["reason"]
    assert f"  ERROR     {died['id']} " in out
    assert "Traceback" not in out
    assert until(lambda: not Path(f"/proc/{client_pid}").exists()), "the client was left behind"


def is_worker(pid: int) -> bool:
    """Was it started by xdist?"""
    return b"stdin.readline" in Path(f"/proc/{pid}/cmdline").read_bytes()


def ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        yield pid


@pytest.mark.parametrize("jobs", ["2", "auto"])
def test_a_port_is_not_shared_among_processes(jobs: str, tmp_path: Path) -> None:
    ran = project_in(tmp_path).golive("run", "--port", "8080", "-j", jobs)
    assert ran.status == 2
    assert "several processes cannot share one port; leave out -j, or say -j 1" in " ".join(ran.err.split())

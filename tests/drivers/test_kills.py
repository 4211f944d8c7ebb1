"""A client that is killed on purpose is gone with all that it started, and nobody else is suspected of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from driver_clients import SERVICE, WORKER, Make, has_begun, placing, python, written

from conformance.drivers import Driver
from conformance.evidence import Outcome

COMMAND = python("""
import json, os, subprocess, sys, time
def begun():
    open("begun", "w").close()
exec(json.load(sys.stdin)["order"]["do"])
""")
KINDS = {"worker": WORKER, "service": SERVICE, "command": COMMAND}
CREATED = {
    "worker": "answer(request, order_id=str(os.getpid()))",
    "service": "self.created(order_id=str(os.getpid()))",
    "command": "print(json.dumps({'outcome': 'created', 'order_id': str(os.getpid())}))",
}
"""says `created`, with the number of its process for an id"""
CHILD = """
import subprocess
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
open("child", "w").write(str(child.pid))
begun()
time.sleep(600)
"""


def made(make: Make, kind: str) -> Driver:
    url = "http://127.0.0.1:{port}/orders" if kind == "service" else None
    return make(kind, KINDS[kind], url=url, ready=url)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_client_takes_its_order_and_its_children_with_it(
    make: Make, kind: str, tmp_path: Path
) -> None:
    driver = made(make, kind)
    with placing(driver, CHILD) as calls:
        has_begun(tmp_path)
        driver.kill()
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "child").read_text()), 0)
    assert [(call.ending, call.outcome) for call in calls] == [("killed", None)]
    assert (driver.killed, driver.spoilt, driver.pids()) == (False, False, ())


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_order_has_a_new_process(make: Make, kind: str, tmp_path: Path) -> None:
    driver = made(make, kind)
    with placing(driver, CREATED[kind]) as first:
        pass
    with placing(driver, "sys.stderr.write('alive'); sys.stderr.flush(); begun(); time.sleep(600)"):
        has_begun(tmp_path)
        driver.kill()
    assert "alive" in written(driver)["stderr"]
    with placing(driver, CREATED[kind]) as last:
        pass
    ids = [call.outcome.order_id for call in (*first, *last) if call.outcome]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_runs_there_is_nothing_to_kill(make: Make, kind: str) -> None:
    driver = made(make, kind)
    driver.kill()
    with placing(driver, CREATED[kind]) as calls:
        pass
    assert [isinstance(call.outcome, Outcome) for call in calls] == [True]

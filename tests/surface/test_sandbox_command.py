"""`golive sandbox`: what it prints can be pasted, what is wrong is said, and it ends when it is told to."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from projects import GOLIVE, Project, environment_of

from conformance.contracts import load_contract
from conformance.standalone import read_schedule

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")


@contextmanager
def sandbox(*arguments: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running sandbox and what it said at its start."""
    with subprocess.Popen(
        [GOLIVE, "sandbox", *arguments],
        cwd=cwd,
        env=environment_of(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        try:
            yield process, "".join(said)
        finally:
            process.terminate()


def pasted(said: str, *, flags: Sequence[str] = ()) -> Any:
    """What comes of the order in the greeting, pasted into a shell."""
    command = (
        said[said.index("  curl") :]
        .split("\n\n", maxsplit=1)[0]
        .strip()
        .replace("curl", " ".join(["curl", *flags]), 1)
    )
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True, env=environment_of()
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


@needs_curl
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_its_order_can_be_pasted_and_a_signal_ends_it(number: int, tmp_path: Path) -> None:
    with sandbox(cwd=tmp_path) as (process, said):
        assert said.startswith("Base URL  http://127.0.0.1:")
        first = pasted(said)
        assert first["status"] == "COMPLETED"
        assert pasted(said)["id"] == first["id"], "sent again as it is, it is the same order"
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()


@needs_curl
def test_over_tls_curl_is_given_the_authority_to_trust(tmp_path: Path) -> None:
    with sandbox("--tls", cwd=tmp_path) as (process, said):
        assert said.startswith("Base URL  https://127.0.0.1:")
        assert pasted(said)["status"] == "COMPLETED"
        authority = Path(said.partition("CA file   ")[2].splitlines()[0])
        assert authority.exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not authority.parent.exists()


@needs_curl
def test_the_attempts_of_an_order_meet_the_schedule_in_turn(tmp_path: Path) -> None:
    Project(tmp_path).write("faults.yaml", "- {fault: rate-limit}\n- {fault: error, type: timeout}\n")
    with sandbox("--schedule", "faults.yaml", cwd=tmp_path) as (_, said):
        assert "Faults    faults.yaml" in said
        assert pasted(said) == {"error": "rate exceeded"}
        assert pasted(said)["type"] == "timeout"
        assert pasted(said)["status"] == "COMPLETED"


def test_mistakes_of_a_schedule_are_told_with_their_places(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("faults.yaml", "- {fault: rest}\n- {fault: hang, when: never}\n")
    ran = project.golive("sandbox", "--schedule", "faults.yaml")
    assert ran.status == 2
    first, second = ran.err.splitlines()
    assert first.startswith("faults.yaml:1:")
    assert first.endswith('did you mean "reset"?')
    assert second == 'faults.yaml:2:23: [1].when: should be one of before, after, not "never"'


def test_a_fault_without_a_name_and_a_misspelt_error_are_told(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        "faults.yaml",
        "- {when: after}\n- {fault: error, type: time_out}\n- {fault: error, type: unseen, status: 418}\n",
    )
    ran = project.golive("sandbox", "--schedule", "faults.yaml")
    assert ran.status == 2
    assert ran.err.splitlines() == [
        "faults.yaml:1:3: [0]: names no fault; add one, such as fault: reset",
        'faults.yaml:2:24: [1].type: contract runa has no error of type "time_out"; did you mean "timeout"? '
        "To make one up, give it a status",
    ]


@pytest.mark.parametrize("form", ["400", '"400"', "102-bare"])
def test_each_form_of_in_progress_may_be_written_as_it_is(form: str, tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(f"- {{fault: in-progress, form: {form}, for: 2}}\n")
    (fault,) = read_schedule(path, load_contract("runa"))
    assert fault.to_mapping() == {"fault": "in-progress", "form": form.strip('"'), "for": 2}


def test_a_port_in_use_is_told_in_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = Project(tmp_path).golive("sandbox", "--port", str(port))
    assert ran.status == 2
    assert ran.err == f"port {port} cannot be listened on: Address already in use; try another --port\n"

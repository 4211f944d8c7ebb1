"""Projects of integrators, as they lie in a folder, and the commands that are run in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
GOLIVE = str(BIN / "golive")
VERSION = "2024-02-05"

CLIENT = '''\
"""One attempt an order; whatever is not certain is left to the caller, who asks again."""
import http.client, json, os, sys, urllib.parse, uuid
from pathlib import Path

VERSION = None

class Rejected(Exception):
    pass

def remember(record):
    new = record.with_name(str(uuid.uuid4()))
    new.write_text(new.name)
    try:
        os.link(new, record)
    except FileExistsError:
        return record.read_text(), True
    finally:
        new.unlink()
    return new.name, False

def place_order(order, context):
    record = Path(context.state_dir) / context.reference
    key, in_doubt = remember(record)
    address = urllib.parse.urlsplit(context.base_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    headers = {"X-Api-Key": context.api_key, "X-Api-Version": VERSION or context.api_version,
               "X-Idempotency-Key": key, "X-Execution-Mode": "sync",
               "Content-Type": "application/json"}
    try:
        connection.request("POST", address.path + "/order", json.dumps(order), headers)
        response = connection.getresponse()
        status, answer = response.status, response.read()
        if response.getheader("X-Api-Version", context.api_version) != context.api_version:
            print("another API version:", response.getheader("X-Api-Version"), file=sys.stderr)
    except (OSError, http.client.HTTPException):
        raise TimeoutError("no answer") from None
    finally:
        connection.close()
    try:
        answer = json.loads(answer)
    except ValueError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if status == 200 and "id" in answer:
        return answer["id"]
    type = answer.get("type", f"status {status}")
    if in_doubt or not 400 <= status < 500 or status == 429 or type == "idempotency_in_progress":
        raise TimeoutError(type)
    record.unlink()
    raise Rejected(type)
'''
COMMAND = """
class Context:
    base_url, api_key = os.environ["API_URL"], os.environ["API_KEY"]
    api_version, state_dir = os.environ["GOLIVE_API_VERSION"], os.environ["GOLIVE_STATE_DIR"]

asked = json.loads(sys.stdin.readline())
Context.reference = asked["reference"]
try:
    outcome = {"outcome": "created", "order_id": place_order(asked["order"], Context)}
except Rejected as error:
    outcome = {"outcome": "rejected", "type": str(error)}
except TimeoutError:
    outcome = {"outcome": "unknown"}
print(json.dumps(outcome), flush=True)
"""
PYTHON = '{driver: python, target: "client:place_order"}'
PROGRAM = (
    f"{{driver: command, command: [{sys.executable}, client.py], "
    'env: {API_URL: "{base_url}", API_KEY: "{api_key}"}}'
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended. `out` and `err` are what it printed."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Project:
    folder: Path

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(textwrap.dedent(text))

    def profile(self, client: str = PYTHON, more: str = "") -> None:
        self.write(
            "golive.yaml",
            f'subject: acme\nclient: {client}\napi_version: "{VERSION}"\n{textwrap.dedent(more)}',
        )

    def golive(self, *arguments: str, **environment: str) -> Ran:
        return self._run([GOLIVE, *arguments], environment)

    def pytest(self, *arguments: str, **environment: str) -> Ran:
        """With what an integrator's environment has: not with everything that this project's own has."""
        others = ("schemathesis", "hypothesispytest", "syrupy", "time_machine", "anyio", "platformdirs")
        without = [part for name in others for part in ("-p", f"no:{name}")]
        return self._run([sys.executable, "-m", "pytest", *without, *arguments], environment)

    def report(self, folder: str = "golive-report") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / folder / "readiness.json").read_text())
        return found

    def statuses(self, folder: str = "golive-report") -> dict[str, str]:
        """By check; without those that were not selected."""
        report = self.report(folder)
        selection = report["run"].get("selection") or {"checks": [check["id"] for check in report["checks"]]}
        return {
            check["id"]: check["status"] for check in report["checks"] if check["id"] in selection["checks"]
        }

    def _run(self, command: list[str], environment: Mapping[str, str]) -> Ran:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment_of(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


def environment_of(more: Mapping[str, str] = {}) -> dict[str, str]:
    """Of a terminal that belongs to the integrator, not to the pytest that runs this."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))
    }
    return {**ours, "COLUMNS": "100", **more}


Make = Callable[..., Project]


def project_in(folder: Path, *, version: str | None = None, program: bool = False) -> Project:
    """A project with a client that is right in what is asked of it here, except for the version if one is given."""
    project = Project(folder)
    client = CLIENT.replace("VERSION = None", f"VERSION = {version!r}")
    project.write("client.py", client + (COMMAND if program else ""))
    project.profile(PROGRAM if program else PYTHON)
    return project


def until(true: Callable[[], bool], within: float = 90.0) -> bool:
    """Whether it came true soon: in so many seconds, which are many for the busiest machine."""
    deadline = time.monotonic() + within
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

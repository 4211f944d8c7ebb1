"""Whatever goes wrong, no real key comes out of the suite: not in its report, nor in its output or its crashes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hygiene_repositories import Repo, made_up

from conformance.hygiene.canary import scanner_for

GOLIVE = Path(sys.executable).with_name("golive")
PLAYGROUND, PRODUCTION = made_up(11), made_up(12, "production")
PROFILE = """
subject: careless
client: {driver: DRIVER}
api_version: "2024-02-05"
account:
  keys: {playground: {env: SHOP_KEY}, production: {command: [cat, vault/production]}}
  ip_allowlist: [203.0.113.7/32]
"""
PYTHON = "driver: python, target: 'client:place_order', log_files: ['*.log']"
COMMAND = f"driver: command, command: [{sys.executable}, client.py], env: {{URL: '{{base_url}}'}}, log_files: ['*.log']"
CLIENT = '''
"""Finds the real keys where they lie, and spills them wherever it can."""
import base64, json, logging, pathlib, sys, urllib.request

HOME = pathlib.Path(__file__).parent
REAL = [(HOME / "vault" / name).read_text().strip() for name in ("playground", "production")]
FORMS = [form for key in REAL for form in (key, base64.b64encode(key.encode()).decode(), key.encode().hex())]


def place_order(order, context, base_url=None):
    print(*FORMS)
    print(*FORMS, file=sys.stderr)
    logging.getLogger("shop").error("keys %s", FORMS)
    (HOME / "shop.log").write_text("\\n".join(FORMS))
    request = urllib.request.Request(
        f"{base_url or context.base_url}/order?key={REAL[0]}",
        json.dumps({"note": REAL[1], **order}).encode(),
        {"X-Api-Key": REAL[0], "X-Idempotency-Key": REAL[1], "X-Other": " ".join(FORMS)},
    )
    try:
        urllib.request.urlopen(request, timeout=5)
    finally:
        raise KeyError(" ".join(FORMS))


if __name__ == "__main__":
    import os
    place_order(json.loads(sys.stdin.readline())["order"], None, os.environ["URL"])
'''
SELECTED = (
    "account.key-in-header-only",
    "account.key-not-logged",
    "account.key-not-in-source",
    "account.key-per-environment",
    "account.key-matches-environment",
    "errors.no-false-success",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose client has the real keys, which are in its history too."""
    repo = Repo(tmp_path / "shop")
    repo.write("vault/playground", PLAYGROUND.reveal() + "\n")
    repo.write("vault/production", PRODUCTION.reveal() + "\n")
    repo.write("client.py", CLIENT)
    repo.write(f"dumps/{PLAYGROUND.reveal()}.txt", PRODUCTION.reveal())
    repo.commit(f"with {PLAYGROUND.reveal()}")
    return repo.folder


def shouted(output: str) -> list[str]:
    """The forms in which a key stands in a text."""
    found = [scanner_for(key.canary).spans(output.encode()) for key in (PLAYGROUND, PRODUCTION)]
    return [span.form for spans in found for span in spans]


def kept(folder: Path) -> dict[str, list[str]]:
    files = {path.name: shouted(path.read_text()) for path in folder.rglob("*") if path.is_file()}
    assert files
    return {name: forms for name, forms in files.items() if forms}


def ended(
    project: Path, *command: str | Path, env: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    ours = os.environ | {"SHOP_KEY": PLAYGROUND.reveal(), "COLUMNS": "200"} | env
    return subprocess.run(command, cwd=project, env=ours, capture_output=True, text=True, check=False)


def selected(option: str) -> list[str]:
    return [part for pattern in SELECTED for part in (option, pattern)]


@pytest.mark.parametrize(
    ("client", "jobs"), [(PYTHON, ("-j", "2")), (COMMAND, ())], ids=["python, side by side", "command"]
)
def test_a_client_that_shouts_the_real_keys_is_not_repeated(
    project: Path, client: str, jobs: tuple[str, ...]
) -> None:
    (project / "golive.yaml").write_text(PROFILE.replace("driver: DRIVER", client))
    run = ended(project, GOLIVE, "run", "--examples", "0", *jobs, *selected("--select"))
    assert run.returncode == 1, run.stdout + run.stderr
    assert "account.key-not-in-source" in run.stdout
    assert shouted(run.stdout + run.stderr) == []
    assert {"readiness.json", "readiness.html", "readiness.sarif"} <= {
        path.name for path in (project / "golive-report").iterdir()
    }
    assert kept(project / "golive-report") == {}

    again = ended(project, GOLIVE, "replay", "golive-report", "account.key-in-header-only")
    assert again.returncode == 1, again.stdout + again.stderr
    assert shouted(again.stdout + again.stderr) == []


def test_nor_is_it_where_the_checks_are_tests_of_the_users_own(project: Path) -> None:
    (project / "golive.yaml").write_text(PROFILE.replace("driver: DRIVER", PYTHON))
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-l",
        "-vv",
        "-rA",
        "--golive",
        "golive.yaml",
        "--junit-xml=out/junit.xml",
    )
    run = ended(project, *command, "--golive-examples", "0", *selected("--golive-select"))
    assert run.returncode == 1, run.stdout + run.stderr
    assert shouted(run.stdout + run.stderr) == []
    assert kept(project / "golive-report") == {}
    assert kept(project / "out") == {}


BROKEN = """
import conformance.keys

read = conformance.keys.Keyring.key

def broken(self, environment):
    held = read(self, environment)
    revealed = held.reveal()
    raise RuntimeError(WORDS)

conformance.keys.Keyring.key = broken
"""


@pytest.mark.parametrize("words", ['"it broke"', "revealed", "repr(held)", "[revealed.encode().hex()]"])
def test_a_crash_of_the_suite_with_a_key_in_its_hands_shows_none(project: Path, words: str) -> None:
    (project / "golive.yaml").write_text(PROFILE.replace("driver: DRIVER", PYTHON))
    (project / "conftest.py").write_text(BROKEN.replace("WORDS", words))
    command = (sys.executable, "-m", "pytest", "-l", "-vv", "--golive", "golive.yaml", "--golive-account")
    run = ended(project, *command, "--golive-select", "account.key-per-environment")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "RuntimeError" in run.stdout
    assert shouted(run.stdout + run.stderr) == []
    assert kept(project / "golive-report") == {}


def test_a_command_that_cannot_give_the_key_is_told_without_it(project: Path) -> None:
    spill = f"echo {PRODUCTION.reveal()}; echo locked {PRODUCTION.reveal()} >&2; exit 3"
    (project / "golive.yaml").write_text(
        PROFILE.replace("driver: DRIVER", PYTHON).replace("[cat, vault/production]", "[sh, spill.sh]")
    )
    (project / "spill.sh").write_text(spill)
    run = ended(project, GOLIVE, "account", "--select", "account.key-per-environment")
    assert run.returncode == 3, run.stdout + run.stderr
    assert "ended with status 3 and said: locked [secret]; run it by hand" in " ".join(run.stdout.split())
    assert shouted(run.stdout + run.stderr) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "KEY"),
        ("run", "--api-key", "KEY"),
        ("run", "--api-key=KEY"),
        ("account", "--api", "https://KEY@sandbox.example/v2"),
        ("account", "--api", "https://sandbox.example/v2?key=KEY"),
        ("run", "--proxy", "https://sandbox.example/KEY"),
        ("run", "--select", "KEY"),
        ("explain", "KEY"),
    ],
)
def test_a_key_among_the_arguments_is_refused_with_the_reason(
    project: Path, arguments: tuple[str, ...]
) -> None:
    run = ended(project, GOLIVE, *(word.replace("KEY", PLAYGROUND.reveal()) for word in arguments))
    assert run.returncode == 2
    assert "account.keys: {<environment>: {env: NAME}}" in run.stderr
    assert shouted(run.stdout + run.stderr) == []


@pytest.mark.parametrize(
    "place",
    [
        "account: {keys: {playground: KEY}}",
        "account: {keys: {playground: {env: KEY}}}",
        "account: {keys: {playground: {command: [echo, KEY]}}}",
        "account: {keys: {playground: {command: 'echo KEY'}}}",
        "account: {keys: {playground: {key: KEY}}}",
        "account: {keys: KEY}",
        "account: {probes: {outside: 'http://KEY@proxy.example:1'}}",
        "source: {path: KEY}",
        "KEY: 1",
    ],
)
def test_a_key_in_the_profile_is_refused_and_not_repeated(project: Path, place: str) -> None:
    text = 'subject: careless\napi_version: "2024-02-05"\n' + place
    (project / "golive.yaml").write_text(text.replace("KEY", PLAYGROUND.reveal()))
    run = ended(project, GOLIVE, "account")
    assert run.returncode == 2, run.stdout + run.stderr
    assert shouted(run.stdout + run.stderr) == []

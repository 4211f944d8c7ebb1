"""`golive keygen`, `--sign` and `golive verify` from the shell, on a client that tells what it can see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.cli import app

pytest.importorskip("securesystemslib", reason="the extra `sign` is not installed")

BIN = Path(sys.executable).parent
VARIABLE = "GOLIVE_TEST_SIGNING"
CLIENT = '''
import json, os, pathlib

def look():
    """All that a process of this client finds of its surroundings."""
    seen = json.dumps(dict(os.environ)) + pathlib.Path("/proc/self/environ").read_text()
    with open(pathlib.Path(__file__).parent / "seen.txt", "a") as file:
        file.write(seen)

def place_order(order, context):
    look()
    raise TimeoutError("no answer")
'''
WORKER = """
import json, sys
from client import look
for line in sys.stdin:
    look()
    print(json.dumps({"id": json.loads(line)["id"], "outcome": "rejected", "type": "no"}), flush=True)
"""
OWN = """
from conformance.check import Observed, check

@check("own.is-asked", severity="advisory", floor=lambda contract: {}, title="Ours", impact="", remedy="")
def asked(case):
    \"\"\"Nothing.\"\"\"
    yield Observed()
"""
ONE = "retries.key-on-every-order"


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Home:
    folder: Path

    def run(self, *command: str, **env: str) -> Ran:
        program = [str(BIN / command[0]), *command[1:]]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB")}
        done = subprocess.run(
            program,
            cwd=self.folder,
            env=inherited | env,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def golive(self, *arguments: str, **env: str) -> Ran:
        return self.run("golive", *arguments, **env)

    @property
    def pem(self) -> str:
        return (self.folder / "release.key").read_text()

    @property
    def seen(self) -> str:
        return (self.folder / "seen.txt").read_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("acme"))
    (made.folder / "client.py").write_text(CLIENT)
    (made.folder / "worker.py").write_text(WORKER)
    (made.folder / "test_own.py").write_text(OWN)
    for name, client in (
        ("golive.yaml", "{driver: python, target: client:place_order}"),
        ("worker.yaml", f"{{driver: worker, command: [{sys.executable}, worker.py]}}"),
    ):
        text = f'subject: acme\napi_version: "2024-02-05"\nclient: {client}\nsource: {{history: false}}\n'
        (made.folder / name).write_text(text)
    ran = here(made, "keygen", "-o", "release")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(
        "Wrote release.key, the private key, and release.pub, the public one.\nKey id: "
    )
    return made


@pytest.fixture(scope="module")
def signed(home: Home) -> Ran:
    asked = ("run", "--select", ONE, "--examples", "0", "--shard", "1/1", "-j", "2")
    return home.golive(*asked, "--sign", f"env:{VARIABLE}", "-o", "part", **{VARIABLE: home.pem})


def verified(home: Home, *arguments: str) -> Ran:
    return here(home, "verify", *arguments)


def here(home: Home, *arguments: str) -> Ran:
    """In this process, since starting one costs more than verifying."""
    with chdir(home.folder):
        done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


def test_a_signed_run_is_verified_whoever_ran_it(home: Home, signed: Ran) -> None:
    assert signed.status == 1, signed.out + signed.err
    assert "readiness.intoto.jsonl" in signed.out
    ran = verified(home, "part", "--key", "release.pub")
    assert (ran.status, ran.err) == (0, ""), ran.out
    assert ran.out.startswith("part: says of acme that it is incomplete; written 20")
    assert "1 counterexample judged again: it shows what it is said to show" in ran.out
    assert ran.out.endswith("In short: everything fits, and the holder of the key signed it.\n")
    assert "\x1b" not in ran.out


def test_no_process_of_the_client_is_told_the_key(home: Home, signed: Ran) -> None:
    secret = home.pem.splitlines()[1]
    ran = home.golive(
        *("run", "-p", "worker.yaml", "--select", ONE, "--examples", "0", "--clock", "real"),
        *("--sign", f"env:{VARIABLE}", "-o", "worker"),
        **{VARIABLE: home.pem},
    )
    assert (home.folder / "worker" / "readiness.intoto.jsonl").exists(), ran.err
    assert "LANG" in home.seen
    assert VARIABLE not in home.seen
    for text in (home.seen, signed.out, signed.err, ran.out, ran.err):
        assert secret not in text
    for path in (home.folder / "worker").iterdir():
        assert secret not in path.read_text()


def test_merged_reports_are_signed_by_who_merged_them(home: Home, signed: Ran) -> None:
    ran = here(home, "merge", "part", "-o", "whole", "--sign", "release.key")
    assert ran.status == signed.status
    assert verified(home, "whole", "--key", "release.pub").status == 0


def test_inside_pytest_a_report_is_signed_and_own_checks_are_spoken_of(home: Home) -> None:
    ran = home.run(
        *(
            "pytest",
            "--golive",
            "golive.yaml",
            "--golive-select",
            ONE,
            "--golive-examples",
            "0",
            "-p",
            "no:cacheprovider",
        ),
        *("--golive-sign", "release.key", "--golive-output", "mixed", "-q"),
    )
    assert ran.status == 1, ran.out + ran.err
    found = verified(home, "mixed", "--key", "release.pub")
    assert found.status == 0, found.out
    assert "1 check of the integrator's own, of which golive knows nothing: own.is-asked" in found.out


def test_a_key_that_cannot_sign_ends_the_run_before_it_begins(home: Home) -> None:
    ran = home.golive("run", "--sign", "env:NOBODY_SET_THIS", "-o", "never")
    said = "--sign: the variable NOBODY_SET_THIS is not set; it should hold the key"
    assert (ran.status, ran.out, ran.err.strip()) == (2, "", said)
    assert not (home.folder / "never").exists()


def test_a_key_among_the_arguments_is_refused_and_not_repeated(home: Home) -> None:
    ran = here(home, "run", "--sign", home.pem, "-o", "never")
    assert ran.status == 2
    assert "that is a key itself" in ran.err
    assert home.pem.splitlines()[1] not in ran.out + ran.err


def test_what_does_not_fit_is_said_with_status_1(home: Home, signed: Ran, tmp_path: Path) -> None:
    for path in (home.folder / "part").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    page = tmp_path / "readiness.html"
    page.write_text(page.read_text().replace("acme", "<script>\x1b[31m\n::error::"))
    ran = verified(home, str(tmp_path), "--key", "release.pub")
    assert ran.status == 1
    assert "What does not fit:\n  readiness.html: line " in ran.out
    assert "readiness.intoto.jsonl: readiness.html was another when it was signed: its SHA-256 is " in ran.out
    assert "\x1b" not in ran.out
    assert not any(line.lstrip().startswith("::") for line in ran.out.splitlines())
    assert ran.out.endswith("In short: 2 things do not fit; do not rely on this report.\n")
    as_json = json.loads(verified(home, str(tmp_path), "--json").out)
    assert as_json["schema"] == "golive/verification/v1"
    assert as_json["result"] == "does-not-fit"
    assert [each["file"] for each in as_json["misfits"]] == ["readiness.html", "readiness.intoto.jsonl"]
    assert as_json["report"]["verdict"] == "incomplete"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere",), "nowhere: no report's folder can be read there: No such file or directory"),
        (("client.py",), "client.py: no report's folder can be read there: Not a directory"),
        (
            ("part", "--key", "nowhere.pub"),
            "--key: nowhere.pub cannot be read: No such file or directory; whoever signed gives it to you",
        ),
        (("part", "--contract", "nowhere.yaml"), "--contract: nowhere.yaml: there is no such file"),
    ],
)
def test_what_is_asked_wrongly_is_said_with_status_2(
    home: Home, signed: Ran, arguments: tuple[str, ...], says: str
) -> None:
    ran = verified(home, *arguments)
    assert (ran.status, ran.out, ran.err.strip()) == (2, "", says)

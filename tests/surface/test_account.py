"""`golive account`: keys, source and allowlist, without any client; and what its report says it is."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.contracts import load_contract
from conformance.finding import CheckResult
from conformance.hygiene.canary import mint
from conformance.options import Options
from conformance.reporting.folder import write
from conformance.reporting.json_file import read_report
from conformance.suite import Suite

RUNA = load_contract("runa")
GOLIVE = Path(sys.executable).with_name("golive")
REST = 'subject: shop\napi_version: "2024-02-05"\n'
BOTH = (
    REST
    + "account: {keys: {playground: {env: TEST_KEY}, production: {env: LIVE_KEY}}, ip_allowlist: [52.18.23.45]}\n"
)

Examine = Callable[..., CheckResult]


def made_up(seed: int, environment: str = "playground") -> str:
    return mint(RUNA, random.Random(seed), environment).key


TEST, LIVE = made_up(1), made_up(2, "production")


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Examines one check of a profile, with these keys in the environment."""

    def examined(
        check_id: str, profile: str = BOTH, test: str = TEST, live: str = LIVE, **options: object
    ) -> CheckResult:
        for name, key in (("TEST_KEY", test), ("LIVE_KEY", live)):
            monkeypatch.setenv(name, key)
        (tmp_path / "golive.yaml").write_text(profile)
        asked = Options(tmp_path / "golive.yaml", 1, (check_id,), account_only=True, **options)  # type: ignore[arg-type]  # what each test asks for
        suite = Suite(asked)
        (check,) = suite.selected
        return suite.examine(check)

    return examined


def summary(result: CheckResult) -> str:
    assert result.finding is not None, result.reason
    return result.finding.violation.summary


def test_each_key_belongs_to_the_environment_that_it_is_named_for(examine: Examine) -> None:
    assert examine("account.key-matches-environment").status == "passed"
    swapped = examine("account.key-matches-environment", test=LIVE, live=TEST)
    assert summary(swapped) == (
        f"the key that is named for playground is one of production ({LIVE[:8]}…); it should begin with XX or xx"
    )
    strange = "ZZ" + TEST[2:]
    assert summary(examine("account.key-matches-environment", test=strange)) == (
        "the key that is named for playground begins as no key does that the contract knows (ZZ"
        + TEST[2:8]
        + "…); it "
        "should begin with XX or xx"
    )


def test_a_key_that_is_not_there_is_untested_and_says_what_to_do(examine: Examine) -> None:
    for check in ("account.key-matches-environment", "account.key-per-environment"):
        result = examine(check, live="")
        assert (result.status, result.reason) == (
            "skipped",
            "not observed: LIVE_KEY is not set: export it where golive runs, with the key of production",
        )


def test_an_environment_that_nobody_knows_is_untested(examine: Examine) -> None:
    profile = REST + "account: {keys: {staging: {env: TEST_KEY}}, ip_allowlist: []}\n"
    result = examine("account.key-matches-environment", profile)
    assert result.reason == (
        "not observed: account.keys.staging: Runa has no environment of that name; there are playground, production"
    )


def test_a_client_that_is_fixed_on_another_environment_than_its_key(examine: Examine) -> None:
    client = "client: {driver: command, command: [sh], env: {URL: 'https://api.runa.io/v2'}}\n"
    assert summary(examine("account.key-matches-environment", BOTH + client)) == (
        "client.env.URL leads to production, and the client is given a key of playground with it"
    )
    both = client.replace("https://api.runa.io/v2", "api.runa.io,playground.runa.io")
    assert examine("account.key-matches-environment", BOTH + both).status == "passed"


def test_the_endpoint_has_a_key_of_its_own(examine: Examine) -> None:
    profile = REST + "account: {keys: {production: {env: LIVE_KEY}}, ip_allowlist: []}\n"
    result = examine("account.key-matches-environment", profile, api="https://playground.runa.io/v2")
    assert result.reason == "not observed: the endpoint is playground, and the profile names no key for it"
    elsewhere = examine("account.key-matches-environment", api="https://sandbox.example/v2")
    assert (elsewhere.status, elsewhere.note) == (
        "passed",
        "--api: the contract knows no environment at sandbox.example",
    )


def test_every_environment_has_a_key_of_its_own(examine: Examine) -> None:
    assert examine("account.key-per-environment").status == "passed"
    assert summary(examine("account.key-per-environment", live=TEST)) == (
        f"the keys of playground and production are the same ({TEST[:8]}…)"
    )
    assert summary(examine("account.key-per-environment", live=LIVE[:9] + TEST[9:])) == (
        f"the keys of playground and production have the same secret part ({TEST[:8]}…)"
    )
    assert summary(examine("account.key-per-environment", live=TEST[:9] + LIVE[9:])) == (
        f"the keys of playground and production have the same prefix ({TEST[:8]}…), so that nobody can tell them apart"
    )


@pytest.mark.parametrize("check", ["account.key-matches-environment", "account.key-per-environment"])
def test_without_keys_there_is_nothing_to_examine(examine: Examine, check: str) -> None:
    assert examine(check, REST).status == "not-applicable"


def test_one_key_cannot_be_compared(examine: Examine) -> None:
    profile = REST + "account: {keys: {playground: {env: TEST_KEY}}, ip_allowlist: []}\n"
    assert examine("account.key-per-environment", profile).status == "not-applicable"


def test_a_key_in_the_source_fails_by_place(examine: Examine, tmp_path: Path) -> None:
    assert examine("account.key-not-in-source").status == "passed"
    (tmp_path / "settings.py").write_text(f"\n'{LIVE}'\n'{made_up(7)}'\n")
    result = examine("account.key-not-in-source")
    assert summary(result) == f"the key of production ({LIVE[:8]}…) stands in settings.py, line 2"
    assert result.finding is not None
    (other,) = result.finding.others
    assert (
        other.summary == f"a string in the shape of a key ({made_up(7)[:8]}…) stands in settings.py, line 3"
    )
    assert other.location is not None
    assert (other.location.path, other.location.line, other.location.commit) == ("settings.py", 3, None)
    assert "no git repository" in str(result.note)


def test_a_key_that_cannot_be_had_is_looked_for_by_its_shape(examine: Examine) -> None:
    result = examine("account.key-not-in-source", live="")
    assert result.status == "passed"
    assert str(result.note).startswith(
        "the key of production was looked for by its shape alone: LIVE_KEY is not set"
    )


def test_many_places_are_counted(examine: Examine, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.py").write_text(f"'{LIVE}'")
    result = examine("account.key-not-in-source")
    assert result.finding is not None
    assert result.finding.others[-1].summary == "and 10 more places, which are not listed"


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_a_shallow_clone_is_untested_unless_it_fails(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "golive.yaml").write_text(BOTH)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "1")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "2")
    assert examine("account.key-not-in-source").status == "passed"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}", str(tmp_path / "clone"))
    (tmp_path / ".git").rename(tmp_path / "away")
    (tmp_path / "clone" / ".git").rename(tmp_path / ".git")
    result = examine("account.key-not-in-source")
    assert result.status == "skipped"
    assert "git fetch --unshallow" in str(result.reason)


def test_the_report_says_what_it_speaks_of(tmp_path: Path) -> None:
    (tmp_path / "golive.yaml").write_text(REST)
    (tmp_path / "settings.py").write_text(f"\n'{LIVE}'\n")
    run = subprocess.run([GOLIVE, "account"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "This report speaks of the account of shop alone, and is no readiness report" in " ".join(
        run.stdout.split()
    )
    assert "retries.*" in run.stdout
    report = read_report(tmp_path / "golive-report")
    assert (report.verdict, report.run.driver) == ("incomplete", "none")
    assert report.run.selection is not None
    assert report.run.selection.without_client is True
    assert all(id_.startswith(("account.", "sandbox.")) for id_ in report.run.selection.checks)

    sarif = json.loads((tmp_path / "golive-report" / "readiness.sarif").read_text())
    assert sarif["version"] == "2.1.0"
    (ran,) = sarif["runs"]
    (rule,) = ran["tool"]["driver"]["rules"]
    (result,) = ran["results"]
    assert (rule["id"], result["ruleId"], result["ruleIndex"], result["level"]) == (
        "account.key-not-in-source",
        "account.key-not-in-source",
        0,
        "error",
    )
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "settings.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 2},
            }
        }
    ]
    assert float(rule["properties"]["security-severity"]) >= 9

    (tmp_path / "settings.py").write_text("\n\n\n\n'" + LIVE + "'\n")
    again = subprocess.run([GOLIVE, "account"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    moved = json.loads((tmp_path / "golive-report" / "readiness.sarif").read_text())["runs"][0]["results"][0]
    assert moved["partialFingerprints"] == result["partialFingerprints"]
    assert moved["locations"] != result["locations"]

    (tmp_path / "settings.py").unlink()
    write(report.model_copy(update={"checks": ()}), tmp_path / "golive-report")
    assert not (tmp_path / "golive-report" / "readiness.sarif").exists()


def test_a_profile_without_a_client_is_for_the_account_alone(tmp_path: Path) -> None:
    (tmp_path / "golive.yaml").write_text(REST)
    run = subprocess.run([GOLIVE, "run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.strip().endswith("or examine the account alone: golive account")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("account", "--dry-run"),
            "--dry-run: shows what would be sent to a real endpoint; name the endpoint with --api",
        ),
        (
            ("run", "--api", "https://a.example", "--proxy", "https://b.example"),
            "--api: --proxy has the same endpoint asked",
        ),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    (tmp_path / "golive.yaml").write_text(REST + "client: {driver: command, command: [sh]}\n")
    run = subprocess.run([GOLIVE, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert told in run.stderr

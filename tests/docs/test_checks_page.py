"""The page of the checks is what the checks say of themselves, and they say all of it."""

from __future__ import annotations

import re

import pytest
from pages import ROOT

from conformance import catalogue
from conformance.check import Check
from conformance.explanation import explanation, handbook

each_check = pytest.mark.parametrize("check", catalogue.checks(), ids=lambda check: check.id)


def test_the_page_is_made_from_the_checks() -> None:
    written = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert written == handbook(catalogue.checks()), "`make docs` writes it again"


@each_check
def test_a_check_says_what_goes_wrong_without_it_and_when_it_passes(check: Check) -> None:
    assert 2 <= len(sentences(check.why)) <= 4
    for said in check.impact, check.remedy, check.method, check.passes:
        assert len(sentences(said)) >= 1
    assert check.source
    told = explanation(check.id).split()
    for said in check.impact, check.why, check.method, check.passes, check.remedy, check.source:
        assert " ".join(said.split()) in " ".join(told)


def sentences(text: str) -> list[str]:
    """They end in a full stop, and so does the whole."""
    assert text.rstrip().endswith((".", "?", "!")), text
    return re.split(r"(?<=[.?!])\s+(?=[A-Z0-9`\"'])", text.strip())

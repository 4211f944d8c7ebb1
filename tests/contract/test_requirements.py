"""The requirements, and that they and the checks know each other in both directions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance import catalogue
from conformance.contracts import DEFAULT, load_contract
from conformance.mistakes import Mistakes
from conformance.requirements import load_requirements


def known_checks() -> set[str]:
    return {check.id for check in catalogue.checks()}


def test_every_check_that_a_requirement_names_is_there() -> None:
    named = {check for requirement in load_requirements() for check in requirement.checks}
    assert named - known_checks() == set()


def test_every_check_is_asked_for_by_a_requirement() -> None:
    named = {check for requirement in load_requirements() for check in requirement.checks}
    assert known_checks() - named == set()


def test_no_requirement_is_excused_by_a_check_that_is_built_by_now() -> None:
    for requirement in load_requirements():
        mentioned = set(re.findall(r"[a-z-]+\.[a-z-]+[a-z]", requirement.excluded or ""))
        assert mentioned & known_checks() == set(), requirement.id


def test_sections_stand_together_and_sources_are_pages_of_the_vendor() -> None:
    sections = [requirement.section for requirement in load_requirements()]
    assert list(dict.fromkeys(sections)) == [
        "Securing your account",
        "Making retries safe",
        "Handling error responses",
        "Rate limiting",
        "Keeping up to date",
        "Asynchronous orders",
        "The endpoint itself",
    ]
    assert sections == sorted(sections, key=list(dict.fromkeys(sections)).index)
    sources = {requirement.source for requirement in load_requirements()}
    assert sources == {
        "getting-started/going-live",
        "getting-started/environments",
        "best-practices/authentication",
        "best-practices/idempotency",
        "best-practices/security",
        "best-practices/handling-errors",
        "best-practices/api-versioning",
        "reference/2024-02-05/orders",
    }
    assert load_contract(DEFAULT).idempotency.source in sources


def test_mistakes_in_the_file_are_shown_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "requirements.yaml"
    file.write_text(
        """\
- {id: a.one, section: A, text: t, strength: must, source: s, checks: [a.b]}
- {id: a.one, section: A, text: t, strength: shall, source: s}
- {id: a.two, section: A, text: t, strength: may, source: s, checks: [a.b], excluded: because}
- {id: a.three, section: A, strength: may, source: s, excluded: ""}
""",
        "utf-8",
    )
    with pytest.raises(Mistakes) as caught:
        load_requirements(file)
    assert [line.replace(f"{file}:", "") for line in caught.value.lines] == [
        "2:3: [1].checks: missing; name them, or say in excluded why there are none",
        '2:8: [1].id: "a.one" is there already; give each requirement an id of its own',
        '2:46: [1].strength: should be one of must, should, may, not "shall"',
        "3:77: [2].excluded: has checks as well; keep the checks, or the reason for none",
        "4:3: [3].checks: missing; name them, or say in excluded why there are none",
        "4:3: [3].text: missing; add it, the clause in our own words",
    ]

"""What pings from here, from inside and from outside amount to: the whole table."""

from __future__ import annotations

from itertools import product

import pytest

from conformance.finding import Violation
from conformance.judge.reach import ACCEPTED, REFUSED, Probe, Result, restricted
from conformance.tally import Tally, conclusion

WORDS: dict[str, Result] = {"A": "accepted", "R": "refused", "U": "unreachable", "-": "not given"}
#          outside:  A       R       U       -
TABLE = {
    ("A", "A"): "failed  passed  skipped skipped",
    ("A", "R"): "failed  failed  failed  failed",
    ("A", "U"): "failed  passed  skipped skipped",
    ("A", "-"): "failed  passed  skipped skipped",
    ("R", "A"): "failed  passed  passed  passed",
    ("R", "R"): "failed  skipped skipped skipped",
    ("R", "U"): "failed  skipped skipped skipped",
    ("R", "-"): "failed  skipped skipped skipped",
    ("U", "A"): "failed  passed  skipped skipped",
    ("U", "R"): "failed  skipped skipped skipped",
    ("U", "U"): "failed  skipped skipped skipped",
    ("U", "-"): "failed  skipped skipped skipped",
}
"""by what came of here and inside"""
CASES = [
    (here, inside, outside, verdict)
    for (here, inside), row in TABLE.items()
    for outside, verdict in zip("ARU-", row.split(), strict=True)
]


def probes(here: str, inside: str, outside: str) -> tuple[Probe, Probe, Probe]:
    return (
        Probe("here", "from here", WORDS[here], "200"),
        Probe("inside", "from 198.51.100.7", WORDS[inside], "why"),
        Probe("outside", "through proxy.example:3128", WORDS[outside], "403 forbidden"),
    )


def verdict(here: str, inside: str, outside: str) -> tuple[str, str | None, list[Violation], list[str]]:
    tally = Tally()
    violations = tally.add(restricted(*probes(here, inside, outside)), ACCEPTED)
    status, reason = conclusion(tally, (ACCEPTED, REFUSED))
    return "failed" if violations else status, reason, violations, list(tally.notes)


@pytest.mark.parametrize(("here", "inside", "outside", "wanted"), CASES)
def test_every_row_of_the_table(here: str, inside: str, outside: str, wanted: str) -> None:
    assert verdict(here, inside, outside)[0] == wanted


def test_the_table_is_whole() -> None:
    assert {case[:3] for case in CASES} == set(product("ARU", "ARU-", "ARU-"))


def test_accepted_outside_says_where() -> None:
    _, _, violations, _ = verdict("A", "-", "A")
    assert [each.summary for each in violations] == [
        "the key was accepted through proxy.example:3128 (403 forbidden), which the profile says is outside of the "
        "allowlist"
    ]


def test_one_s_own_server_turned_away_says_where_it_is_good() -> None:
    _, _, violations, _ = verdict("A", "R", "R")
    assert [each.summary for each in violations] == [
        "the key was refused from 198.51.100.7 (why), which the profile says is inside of the allowlist, although it "
        "is good: it was accepted from here (200)"
    ]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            ("A", "-", "-"),
            "nobody outside was asked: name a place that is not on the list as account.probes.outside",
        ),
        (
            ("R", "-", "R"),
            "the key was refused wherever it was tried, as one that is dead would be: run golive on one",
        ),
        (("U", "-", "-"), "the API could not be asked from here: 200: run golive on one of the servers"),
        (
            ("A", "-", "U"),
            "the API could not be asked through proxy.example:3128: 403 forbidden: name a place that",
        ),
    ],
)
def test_what_was_not_tested_says_what_to_do(seen: tuple[str, str, str], words: str) -> None:
    status, reason, _, _ = verdict(*seen)
    assert status == "skipped"
    assert words in (reason or "")


def test_what_was_seen_is_always_told() -> None:
    *_, notes = verdict("A", "-", "R")
    assert notes == [
        "the key was accepted from here (200); refused through proxy.example:3128 (403 forbidden)"
    ]

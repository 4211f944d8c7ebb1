"""Markdown for where it goes: the verdict first, what matters least left out first, and said so."""

from __future__ import annotations

import pytest
from kinds import each_kind
from rendering import foreign, markup
from reporting_samples import (
    CATALOGUE,
    Waiver,
    all_passed,
    bought_twice,
    everything,
    finding,
    with_results,
)

from conformance.finding import Cell, CheckResult
from conformance.reporting.markdown import SMALLEST, to_markdown

COMMENT = 65_536


def crowded():
    """Every check failed, with much to be said of each."""
    return with_results(
        *(
            CheckResult(
                check.id,
                "failed",
                note="of some length " * 100,
                finding=finding(bought_twice()),
                matrix=tuple(Cell(f"case {number}", "403", "rejected") for number in range(20)),
            )
            for check in CATALOGUE
        )
    )


def test_the_first_lines_say_the_verdict_the_counts_and_what_stands_in_the_way():
    lines = to_markdown(everything()).splitlines()
    assert lines[0] == "# ✘ acme-rewards: not ready"
    assert lines[4].startswith("Checks: 4 passed, 3 failed (1 advisory)")
    assert lines[8:12] == [
        "## What stands in the way",
        "",
        "- **blocker**: `account.key-not-logged` failed. Whoever reads the log can order in your name.",
        "- **blocker**: `retries.exactly-once` failed. A customer is charged twice, and nobody notices before the "
        "month is closed.",
    ]
    assert "What stands in the way" not in to_markdown(all_passed())


@pytest.mark.parametrize("most", range(SMALLEST, COMMENT, 5_000))
def test_it_never_exceeds_what_there_is_room_for(most):
    written = to_markdown(crowded(), most=most)
    assert len(written.encode()) <= most
    assert foreign(written) == []
    assert written.count("- **blocker**: `") + written.count("- **major**: `") == 11


@each_kind
def test_a_comment_holds_a_report_of_any_kind(made):
    assert len(to_markdown(made(), most=COMMENT)) <= COMMENT
    assert foreign(to_markdown(made(), most=COMMENT)) == []


def test_what_matters_least_goes_first_and_it_is_said():
    whole = len(to_markdown(crowded(), most=1_000_000).encode())

    def without(bytes_: int) -> str:
        return to_markdown(crowded(), most=whole - bytes_)

    assert "Left out here" not in to_markdown(crowded(), most=1_000_000)
    few = without(500)
    assert few.rstrip().splitlines()[-1].startswith("Left out here for its size: ")
    assert "matri" in few.splitlines()[-1]
    assert "heading" not in few.splitlines()[-1]
    assert "diagram" not in without(6_000)
    shortest = to_markdown(crowded(), most=SMALLEST)
    kept = [check.severity for check in CATALOGUE if f"<code>{check.id}</code>" in shortest]
    assert kept
    assert set(kept) == {"blocker"}
    assert "## The checklist" not in shortest
    assert "```" not in shortest


def test_where_there_is_room_it_folds_and_in_the_file_it_does_not():
    assert "<details>" not in to_markdown(everything())
    assert to_markdown(everything(), most=COMMENT).count("<details>") == 4 + 5
    assert set(markup(to_markdown(everything()))) >= {"table_open", "fence", "heading_open"}


def test_less_than_it_needs_is_refused():
    with pytest.raises(ValueError, match="20,000 bytes"):
        to_markdown(all_passed(), most=SMALLEST - 1)


def test_a_blocker_that_is_accepted_untested_is_said_beside_the_verdict():
    accepted = with_results(
        CheckResult("retries.bounded", "skipped", reason="no time"), waivers=(Waiver("retries.bounded"),)
    )
    lines = to_markdown(accepted).splitlines()
    assert lines[8:10] == [
        "> [!WARNING]",
        "> ACCEPTED UNTESTED, a blocker: retries.bounded. payments-team@acme.test until 2027-01-31, 70 days left: "
        "agreed with the vendor until the next release",
    ]


def test_bars_in_a_table_stay_in_their_cells():
    row = CheckResult("errors.type-surfaced", "passed", trials=1, matrix=(Cell("a|b`|`c", "x|y", "|"),))
    (line,) = [line for line in to_markdown(with_results(row)).splitlines() if line.startswith("| `` a")]
    assert line == "| `` a\\|b`\\|`c `` | x\\|y | \\| |"


def test_what_the_check_objects_to_stands_out_of_its_matrix():
    cells = (Cell("server_error", "500", "created", True), Cell("not_found", "404", "rejected", False))
    row = CheckResult("errors.type-surfaced", "failed", trials=1, matrix=cells)
    text = to_markdown(with_results(row))
    assert "| `server_error` | 500 | **created** ✘ |" in text
    assert "| `not_found` | 404 | rejected |" in text

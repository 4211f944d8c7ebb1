"""Waivers in words: what each covers, for how long, and what to do about it."""

from __future__ import annotations

import pytest
from reporting_samples import Waiver, everything, with_results

from conformance.finding import CheckResult
from conformance.reporting.waivers import days_left, loud, waivers


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (70, "70 days left"),
        (1, "1 day left"),
        (0, "its last day"),
        (-1, "expired 1 day ago"),
        (-9, "expired 9 days ago"),
    ],
)
def test_how_long_it_holds(days, words):
    assert days_left(days) == words


def test_those_that_have_to_go_come_first_and_say_what_to_do():
    told = waivers(everything())
    assert [(each.check, each.covers, each.blocks) for each in told] == [
        ("versions.pinned", "covers nothing (unused)", True),
        ("retries.exactly-once", "covers nothing (expired)", True),
        ("rate-limits.waits-at-least", "covers a failure (blocker)", False),
        ("retries.concurrent-submit", "accepted untested (major)", False),
    ]
    assert [each.remedy for each in told] == [
        "The check passed; remove the waiver. Until it is gone from the profile, the run is not ready.",
        "It holds no longer: mend what it covers, or agree on a new one. Until it is gone from the profile, the "
        "run is not ready.",
        "",
        "",
    ]
    assert told[2].found == "The retry came 0.4 s after a 429; 5 s are asked for."
    assert loud(everything()) == ()


def test_a_waiver_that_names_no_check_or_one_that_was_not_selected_covers_nothing():
    unknown, unselected = waivers(
        with_results(
            selected={"retries.bounded"},
            waivers=(Waiver("no.such-check"), Waiver("versions.pinned")),
        )
    )
    assert (unknown.covers, unknown.blocks) == ("covers nothing (unused)", True)
    assert (unselected.covers, unselected.remedy) == (
        "covers nothing (unused)",
        "The check was not selected for this run.",
    )


def test_an_untested_blocker_is_accepted_loudly():
    accepted = with_results(
        CheckResult("retries.bounded", "skipped", reason="no time"), waivers=(Waiver("retries.bounded"),)
    )
    (each,) = waivers(accepted)
    assert (each.loud, each.covers) == (True, "ACCEPTED UNTESTED (blocker)")
    assert loud(accepted) == (
        "ACCEPTED UNTESTED, a blocker: retries.bounded. payments-team@acme.test until 2027-01-31, 70 days left: "
        "agreed with the vendor until the next release",
    )

"""What findings add up to: verdict, exit status, waivers, selections, and the report's own arithmetic."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting_samples import (
    CATALOGUE,
    REQUIREMENTS,
    TODAY,
    TRACEBACK,
    WAIVERS,
    Waiver,
    all_passed,
    everything,
    facts,
    finding,
    results,
    with_results,
)

from conformance.finding import CheckResult
from conformance.reporting.integrity.consistency import inconsistencies
from conformance.reporting.readiness import Selection
from conformance.reporting.verdict import (
    assemble,
    exit_status,
    verdict_of_selected,
)

BLOCKER, MAJOR, ADVISORY = "retries.exactly-once", "errors.type-surfaced", "rate-limits.jitter"


def failed(id_: str) -> CheckResult:
    return CheckResult(id_, "failed", finding=finding())


def untested(id_: str) -> CheckResult:
    return CheckResult(id_, "skipped", reason="no restart was possible")


def of(report, id_):
    return next(check for check in report.checks if check.id == id_)


@pytest.mark.parametrize(
    ("result", "verdict", "status"),
    [
        (failed(BLOCKER), "not-ready", 1),
        (failed(MAJOR), "not-ready", 1),
        (failed(ADVISORY), "ready", 0),
        (untested(BLOCKER), "incomplete", 3),
        (untested(MAJOR), "incomplete", 3),
        (untested(ADVISORY), "ready", 0),
        (CheckResult(BLOCKER, "not-applicable", reason="no such header"), "ready", 0),
        (CheckResult(BLOCKER, "error", reason=TRACEBACK), "incomplete", 3),
        (CheckResult(ADVISORY, "error", reason=TRACEBACK), "incomplete", 3),
        (CheckResult(BLOCKER, "passed"), "ready", 0),
    ],
    ids=lambda value: f"{value.id} {value.status}" if isinstance(value, CheckResult) else None,
)
def test_one_result_among_passed_ones_decides(result, verdict, status):
    report = with_results(result)
    assert report.verdict == verdict
    assert exit_status(report.verdict) == status
    assert inconsistencies(report) == []


def test_a_failure_outweighs_everything_that_could_not_be_said():
    report = with_results(
        failed(MAJOR), untested(BLOCKER), CheckResult("versions.pinned", "error", reason=TRACEBACK)
    )
    assert report.verdict == "not-ready"


def test_a_suite_without_checks_proves_nothing():
    report = assemble([], [], [], facts(), today=TODAY)
    assert report.verdict == "incomplete"


def test_a_waiver_covers_a_failure_which_stays_visible():
    report = with_results(failed(BLOCKER), waivers=(Waiver(BLOCKER),))
    entry = of(report, BLOCKER)
    assert report.verdict == "ready-with-waivers"
    assert exit_status(report.verdict) == 0
    assert (entry.status, entry.waiver.covers, entry.waiver.owner) == (
        "waived",
        "failure",
        "payments-team@acme.test",
    )
    assert entry.finding.summary == "One reference owns 2 orders: it was sent under 2 keys."
    assert [(waiver.state, waiver.blocks) for waiver in report.waivers] == [("used", False)]


def test_a_waiver_accepts_an_untested_check_and_keeps_the_reason():
    entry = of(with_results(untested(BLOCKER), waivers=(Waiver(BLOCKER),)), BLOCKER)
    assert (entry.status, entry.waiver.covers, entry.reason) == (
        "waived",
        "untested",
        "no restart was possible",
    )


def test_a_waiver_never_covers_an_error_of_the_suite():
    report = with_results(CheckResult(BLOCKER, "error", reason=TRACEBACK), waivers=(Waiver(BLOCKER),))
    assert of(report, BLOCKER).status == "error"
    assert report.verdict == "incomplete"
    assert report.waivers[0].note == "a waiver never covers an error of the suite"


@pytest.mark.parametrize(
    ("expires", "state", "verdict"),
    [
        (date(2026, 11, 21), "expired", "not-ready"),
        (date(2026, 11, 22), "used", "ready-with-waivers"),
        (date(2026, 11, 23), "used", "ready-with-waivers"),
    ],
)
def test_a_waiver_holds_until_the_end_of_its_last_day(expires, state, verdict):
    report = with_results(failed(BLOCKER), waivers=(Waiver(BLOCKER, expires=expires),))
    assert (report.waivers[0].state, report.verdict) == (state, verdict)


def test_an_expired_waiver_blocks_also_where_the_check_passed():
    report = with_results(waivers=(Waiver(BLOCKER, expires=date(2026, 1, 1)),))
    assert (report.waivers[0].state, report.verdict) == ("expired", "not-ready")


def test_a_waiver_that_is_not_needed_blocks_until_it_is_removed():
    report = with_results(waivers=(Waiver(BLOCKER),))
    assert report.waivers[0].model_dump(include={"state", "blocks", "note"}) == {
        "state": "unused",
        "blocks": True,
        "note": "the check passed; remove the waiver",
    }
    assert report.verdict == "not-ready"


def test_a_waiver_for_what_does_not_concern_the_run_is_harmless():
    report = with_results(
        CheckResult(BLOCKER, "not-applicable", reason="no such header"), waivers=(Waiver(BLOCKER),)
    )
    assert (report.waivers[0].state, report.waivers[0].blocks, report.verdict) == ("unused", False, "ready")


def test_the_verdict_tells_of_a_waiver_even_where_it_covers_advice_alone():
    report = with_results(failed(ADVISORY), waivers=(Waiver(ADVISORY),))
    assert (of(report, ADVISORY).status, report.verdict) == ("waived", "ready-with-waivers")


def test_a_waiver_for_a_check_that_nobody_knows_blocks():
    report = with_results(waivers=(Waiver("retries.twice"),))
    assert report.waivers[0].note == "no check has this id; remove the waiver"
    assert report.verdict == "not-ready"


def test_with_a_selection_the_report_is_incomplete_and_the_exit_status_speaks_of_the_selected():
    chosen = {check.id for check in CATALOGUE if check.section == "retries"}
    kept = {"left_out": [check.id for check in CATALOGUE if check.id not in chosen]}
    good = with_results(selected=chosen, **kept)
    bad = with_results(failed(BLOCKER), selected=chosen, **kept)
    assert (good.verdict, verdict_of_selected(good)) == ("incomplete", "ready")
    assert (bad.verdict, verdict_of_selected(bad)) == ("incomplete", "not-ready")
    assert of(good, "versions.pinned").reason == "not selected for this run"
    assert good.run.selection.checks == tuple(sorted(chosen))
    assert inconsistencies(good) == inconsistencies(bad) == []


def test_what_was_not_selected_has_no_say_even_if_a_result_is_there():
    report = with_results(failed("versions.pinned"), selected={BLOCKER})
    assert of(report, "versions.pinned").status == "skipped"
    assert verdict_of_selected(report) == "ready"


@pytest.mark.parametrize("expires", [date(2026, 1, 1), date(2027, 1, 1)])
def test_waivers_of_checks_that_were_not_selected_have_no_say(expires):
    report = with_results(selected={BLOCKER}, waivers=(Waiver("versions.pinned", expires=expires),))
    assert (report.waivers[0].state, report.waivers[0].blocks) == ("unused", False)
    assert verdict_of_selected(report) == "ready"


def test_a_selection_told_in_one_place_only_is_refused():
    with pytest.raises(ValueError, match="both"):
        assemble(results(), CATALOGUE, REQUIREMENTS, facts(), today=TODAY, selected={BLOCKER})
    selection = Selection(select=("*",), skip=(), checks=())
    with pytest.raises(ValueError, match="both"):
        assemble(results(), CATALOGUE, REQUIREMENTS, facts(selection=selection), today=TODAY)


def test_an_interrupted_run_says_what_it_did_not_come_to():
    report = with_results(left_out=(BLOCKER,), interrupted="stopped from the keyboard")
    assert report.verdict == "incomplete"
    assert of(report, BLOCKER).status == "skipped"
    assert of(report, BLOCKER).reason == "the run ended before this check: stopped from the keyboard"


def test_an_interrupted_run_is_incomplete_even_if_only_an_advisory_check_is_missing():
    assert with_results(left_out=(ADVISORY,), interrupted="stopped").verdict == "incomplete"


def test_an_interrupted_run_with_a_failure_is_not_ready():
    assert with_results(failed(MAJOR), left_out=(BLOCKER,), interrupted="stopped").verdict == "not-ready"


def test_a_waiver_does_not_accept_what_an_interrupted_run_did_not_come_to():
    report = with_results(left_out=(BLOCKER,), interrupted="stopped", waivers=(Waiver(BLOCKER),))
    assert of(report, BLOCKER).status == "skipped"
    assert (report.waivers[0].state, report.waivers[0].blocks) == ("unused", False)


def test_a_result_that_got_lost_is_an_error_of_the_suite():
    report = with_results(left_out=(ADVISORY,), waivers=(Waiver(ADVISORY),))
    assert of(report, ADVISORY).status == "error"
    assert report.verdict == "incomplete"


def test_a_result_that_nobody_asked_for_is_refused():
    with pytest.raises(ValueError, match=r"own\.check"):
        with_results(CheckResult("own.check", "passed"))


def test_each_check_is_counted_once_and_advisory_failures_twice():
    report = everything()
    assert report.summary.model_dump() == {
        "passed": 4,
        "failed": 3,
        "waived": 2,
        "skipped": 2,
        "not_applicable": 1,
        "errored": 1,
        "advisory": 1,
    }
    assert inconsistencies(report) == []


def test_what_the_caller_must_do_is_said_once_with_the_checks_that_met_it():
    (duty,) = everything().caller_must
    assert duty.checks == ("errors.transient-retried", "rate-limits.waits-at-least")


def test_checks_keep_the_order_of_the_catalogue_whatever_order_they_ended_in():
    report = assemble(reversed(results()), CATALOGUE, REQUIREMENTS, facts(), WAIVERS, today=TODAY)
    assert report == everything()


IDS = [check.id for check in CATALOGUE]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"verdict": "ready"}, "verdict is ready, but the checks add up to not-ready"),
        ({"checks": ()}, "summary.passed is 4, but the checks as they are listed make 0"),
        (
            {"waivers": ()},
            "checks[7].waiver of retries.concurrent-submit is not listed as used among the waivers",
        ),
        ({"checks": everything().checks * 2}, "checks has more than once: " + ", ".join(sorted(IDS))),
    ],
)
def test_a_report_that_was_changed_contradicts_itself(changes, says):
    assert says in list(map(str, inconsistencies(everything().model_copy(update=changes))))


def test_a_failure_that_was_turned_into_a_pass_contradicts_itself():
    report = all_passed()
    accused = of(everything(), BLOCKER).model_copy(update={"status": "passed"})
    checks = tuple(accused if check.id == BLOCKER else check for check in report.checks)
    forged = report.model_copy(update={"checks": checks})
    place = [check.id for check in checks].index(BLOCKER)
    assert list(map(str, inconsistencies(forged))) == [
        f"checks[{place}].status of {BLOCKER} is passed, but it has a finding"
    ]


STATUSES = st.sampled_from(["passed", "failed", "skipped", "not-applicable", "error"])


@given(
    statuses=st.lists(STATUSES, min_size=len(CATALOGUE), max_size=len(CATALOGUE)),
    waived=st.sets(st.sampled_from([check.id for check in CATALOGUE])),
    selected=st.none() | st.sets(st.sampled_from([check.id for check in CATALOGUE]), min_size=1),
)
def test_no_report_contradicts_itself_and_ready_means_that_nothing_is_left_open(statuses, waived, selected):
    given_ = [
        CheckResult(
            check.id,
            status,
            reason=None if status in ("passed", "failed") else "because",
            finding=finding() if status == "failed" else None,
        )
        for check, status in zip(CATALOGUE, statuses, strict=True)
    ]
    report = with_results(*given_, waivers=tuple(map(Waiver, sorted(waived))), selected=selected)
    counts = report.summary.model_dump()
    assert sum(counts.values()) - counts["advisory"] == len(CATALOGUE)
    assert inconsistencies(report) == []
    if report.verdict.startswith("ready"):
        assert selected is None
        weighty = [check for check in report.checks if check.severity != "advisory"]
        assert {check.status for check in weighty} <= {"passed", "waived", "not-applicable"}
        assert "error" not in {check.status for check in report.checks}
    passed = {check.id for check in report.checks if check.status == "passed"}
    assert passed <= {
        check.id for check, status in zip(CATALOGUE, statuses, strict=True) if status == "passed"
    }

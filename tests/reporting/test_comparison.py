"""Two reports compared: what became of each check, what counts as a regression, and what is told of it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
from reporting_samples import (
    NOW,
    ORDER,
    Waiver,
    all_passed,
    attempt,
    bought_twice,
    everything,
    finding,
    surfaced_and_crashed,
    with_results,
)
from rich.console import Console

from conformance.evidence import Evidence
from conformance.faults import RateLimit, Reset
from conformance.finding import CheckResult, Violation
from conformance.mistakes import Mistakes
from conformance.paths import REPORTS
from conformance.reporting.comparison.changes import compare
from conformance.reporting.comparison.entries import CheckChange, Comparison, json_schema, to_json
from conformance.reporting.comparison.forms import MOST, print_comparison, to_markdown
from conformance.reporting.readiness import Readiness

BLOCKER, OTHER_BLOCKER = "retries.exactly-once", "versions.pinned"
MAJOR, ADVISORY = "errors.type-surfaced", "rate-limits.jitter"
WAIVED = (Waiver(BLOCKER),)
EVIL = "<script>alert(1)</script>\x1b[31m\u202e ::error::x `` | [a](http://evil.test) @everyone"


def failed(id_: str = BLOCKER, evidence: Evidence | None = None, **more: object) -> CheckResult:
    return CheckResult(id_, "failed", trials=3, finding=finding(evidence or bought_twice(), **more))


def untested(id_: str = BLOCKER) -> CheckResult:
    return CheckResult(id_, "skipped", reason="the answer was never seen")


def in_error(id_: str = BLOCKER) -> CheckResult:
    return CheckResult(id_, "error", reason="Traceback (most recent call last):\nLookupError: no such story")


def declared(id_: str = BLOCKER) -> CheckResult:
    return CheckResult(id_, "passed", basis="declared")


def inapplicable(id_: str = BLOCKER) -> CheckResult:
    return CheckResult(id_, "not-applicable", reason="the client never does that")


def without(report: Readiness, id_: str) -> Readiness:
    """As of a version of the suite that does not have the check."""
    checks = tuple(check for check in report.checks if check.id != id_)
    passed = report.summary.passed - (len(report.checks) - len(checks))
    return report.model_copy(
        update={"checks": checks, "summary": report.summary.model_copy(update={"passed": passed})}
    )


def only(comparison: Comparison) -> CheckChange:
    (change,) = comparison.checks
    return change


def terminal(comparison: Comparison, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    print_comparison(comparison, Console(file=file, width=100, highlight=False, soft_wrap=True))
    file.flush()
    return file.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]  # a BytesIO, as made above


# What became of a check


@pytest.mark.parametrize(
    ("was", "now", "change", "worse"),
    [
        ([], [failed()], "newly failing", True),
        ([untested()], [failed()], "newly failing", True),
        ([inapplicable()], [failed()], "newly failing", True),
        ([in_error()], [failed()], "newly failing", True),
        ([], [failed(MAJOR)], "newly failing", True),
        ([], [failed(ADVISORY)], "newly failing", False),
        ([], [in_error()], "in error", True),
        ([failed()], [in_error()], "in error", False),
        ([], [untested()], "newly untested", True),
        ([failed()], [untested()], "newly untested", False),
        ([inapplicable()], [untested()], "newly untested", True),
        ([], [untested(ADVISORY)], "newly untested", False),
        ([], [declared()], "only declared", True),
        ([], [declared(ADVISORY)], "only declared", False),
        ([], [inapplicable()], "newly not applicable", False),
        ([failed()], [], "newly passing", False),
        ([declared()], [], "newly passing", False),
        ([untested()], [], "tested again", False),
        ([in_error()], [], "tested again", False),
        ([untested()], [inapplicable()], "newly not applicable", False),
        ([untested()], [declared()], "tested again", False),
    ],
)
def test_what_became_of_a_check(
    was: list[CheckResult], now: list[CheckResult], change: str, worse: bool
) -> None:
    comparison = compare(with_results(*was), with_results(*now))
    assert (only(comparison).change, comparison.regressed) == (change, worse)
    assert only(comparison).regression <= comparison.regressed


def test_what_is_as_it_was_is_told_by_name_alone() -> None:
    old, new = everything(), everything()
    comparison = compare(old, new)
    assert (comparison.checks, comparison.regressed) == ((), False)
    assert comparison.unchanged["failed"] == (
        "account.key-not-logged",
        "account.recipient-not-logged",
        "retries.exactly-once",
    )
    assert comparison.warnings == ("The two are the same report.",)


def test_a_check_that_is_gone_was_proven_once() -> None:
    comparison = compare(all_passed(), without(all_passed(), BLOCKER))
    assert (only(comparison).change, only(comparison).now) == ("gone", None)
    assert [(each.about, each.why) for each in comparison.regressions] == [
        (BLOCKER, "it was proven, and the new report does not have it")
    ]
    assert not compare(all_passed(), without(all_passed(), ADVISORY)).regressed


def test_a_check_that_is_new_is_held_against_nothing() -> None:
    assert only(compare(without(all_passed(), BLOCKER), all_passed())).change == "new"
    comparison = compare(without(all_passed(), BLOCKER), with_results(failed()))
    assert comparison.regressions[0].why == "it fails (the old report does not have it)"


# Waivers


def test_a_failure_that_is_newly_waived_is_told_loudly_and_is_no_regression() -> None:
    comparison = compare(all_passed(), with_results(failed(), waivers=WAIVED))
    assert (only(comparison).change, comparison.regressed) == ("newly waived", False)
    assert (comparison.old.verdict, comparison.new.verdict) == ("ready", "ready-with-waivers")
    for told in (terminal(comparison), to_markdown(comparison)):
        assert "NEWLY WAIVED: somebody answers for it" in told
        assert "payments-team@" in told
        assert "agreed with the vendor until the next release" in " ".join(told.split())


def test_an_untested_blocker_that_is_accepted_is_newly_waived() -> None:
    comparison = compare(with_results(untested()), with_results(untested(), waivers=WAIVED))
    assert (only(comparison).change, only(comparison).now, comparison.regressed) == (
        "newly waived",
        "accepted untested",
        False,
    )


@pytest.mark.parametrize("result", [failed(), untested()], ids=["failure", "untested"])
def test_a_waiver_that_is_taken_away_leaves_nobody_to_answer(result: CheckResult) -> None:
    others = failed(OTHER_BLOCKER)  # so that the verdict says nothing of it
    comparison = compare(with_results(result, others, waivers=WAIVED), with_results(result, others))
    assert [each.about for each in comparison.regressions] == [BLOCKER]
    assert [(each.check, each.change) for each in comparison.waivers] == [(BLOCKER, "removed")]


def test_a_waiver_that_has_expired_says_so_and_its_failure_counts() -> None:
    over = (Waiver(BLOCKER, expires=date(2026, 11, 21)),)
    later = with_results(failed(), waivers=over)
    comparison = compare(with_results(failed(), waivers=WAIVED), later)
    (waiver,) = comparison.waivers
    assert (waiver.change, waiver.blocks) == ("expired", True)
    assert waiver.differences[0] == "until 2026-11-21, before 2027-01-31"
    assert [each.about for each in comparison.regressions] == [BLOCKER, "verdict"]


def test_a_waiver_of_a_check_that_passes_now_stands_in_the_way() -> None:
    comparison = compare(with_results(failed(), waivers=WAIVED), with_results(waivers=WAIVED))
    assert only(comparison).change == "newly passing"
    assert [each.why for each in comparison.regressions] == [
        "its waiver newly stands in the way: the check passed; remove the waiver",
        "the verdict is not ready, and was ready, with waivers",
    ]


def test_another_owner_and_another_reason_are_told() -> None:
    other = (Waiver(BLOCKER, "we forgot", "nobody@acme.test"),)
    (waiver,) = compare(with_results(failed(), waivers=WAIVED), with_results(failed(), waivers=other)).waivers
    assert waiver.change == "changed"
    assert waiver.differences == (
        "owner nobody@acme.test, before payments-team@acme.test",
        "reason: we forgot; before: agreed with the vendor until the next release",
    )


# What was not asked for


def test_what_was_not_asked_for_is_told_and_is_no_regression() -> None:
    comparison = compare(all_passed(), with_results(selected={OTHER_BLOCKER}))
    assert {change.change for change in comparison.checks} == {"not asked for"}
    assert len(comparison.checks) == len(all_passed().checks) - 1
    assert (comparison.regressed, comparison.requirements) == (False, ())
    assert "only 1 of 13 checks were asked for" in " ".join(terminal(comparison).split())


def test_the_rest_of_a_selection_is_compared() -> None:
    ids = {BLOCKER, OTHER_BLOCKER}
    comparison = compare(all_passed(), with_results(failed(), selected=ids))
    assert [(each.about, each.why) for each in comparison.regressions] == [
        (BLOCKER, "it fails (before: passed)"),
        ("verdict", "the verdict on what both were asked for is not ready, and was ready"),
    ]


def test_a_run_that_ended_early_lost_what_it_did_not_reach() -> None:
    comparison = compare(all_passed(), with_results(interrupted="Ctrl-C", left_out=(OTHER_BLOCKER,)))
    assert [each.about for each in comparison.regressions] == [OTHER_BLOCKER, "verdict"]
    assert "The new run ended early: Ctrl-C." in comparison.warnings


# The counterexample


def later(evidence: Evidence, seconds: float, *keys: str) -> Evidence:
    """The same story, with the second attempt at another time, and perhaps under other keys."""
    first, second = evidence.exchanges
    (call,) = evidence.calls
    own = keys or (first.idempotency_key, second.idempotency_key)
    return replace(
        evidence,
        exchanges=(
            replace(first, idempotency_key=own[0]),
            replace(second, idempotency_key=own[1], received_at=seconds, answered_at=seconds),
        ),
        calls=(replace(call, ended_at=seconds + 0.001),),
    )


def test_the_same_failure_with_other_keys_and_other_waits_is_the_same_failure() -> None:
    keys = "0a1b2c3d-0000-4e11-9c55-0a2b4c6d8e00", "ffffffff-1111-4222-8333-444455556602"
    other = failed(evidence=later(bought_twice(), 1.9, *keys))
    assert compare(with_results(failed()), with_results(other)).checks == ()


def test_a_failure_of_another_kind_shows_the_steps_that_differ_and_no_more() -> None:
    evidence = bought_twice()
    first, second = evidence.exchanges
    key = first.idempotency_key
    same_key = replace(
        evidence,
        exchanges=(first, replace(second, idempotency_key=key, booked=None, order_id=first.booked)),
        ledger=evidence.ledger[:1],
    )
    now = failed(
        evidence=same_key,
        violation=Violation("orphan", "An order was booked that the client never spoke of.", (1,)),
        reproduced=3,
    )
    change = only(compare(with_results(failed()), with_results(now)))
    assert change.change == "failing differently"
    assert change.before == "One reference owns 2 orders: it was sent under 2 keys."
    assert change.differences == (
        "it is of another kind: orphan, before: two orders",
        "it came back in 3 of 5 repetitions, before in 5 of 5",
    )
    marks = [line.mark for line in change.steps]
    assert {"old", "new", "left out"} <= set(marks)
    told = {mark: [line.text for line in change.steps if line.mark == mark] for mark in ("old", "new")}
    assert any("key B" in text for text in told["old"])
    assert any("attempt 2  key A" in text for text in told["new"])
    assert not any("attempt 1" in text for text in told["old"] + told["new"])


def test_what_goes_wrong_and_what_is_ordered_is_compared_in_words() -> None:
    evidence = bought_twice()
    order = replace(
        ORDER,
        body={"items": [{"face_value": 12.34, "to": {"email": "a@b.test"}}]},
        schedule=(Reset(when="after"), RateLimit(retry_after="seconds")),
    )
    other = replace(evidence, trial=replace(evidence.trial, orders=(order,), twice=True))
    change = only(compare(with_results(failed()), with_results(failed(evidence=other))))
    assert change.differences == (
        "it takes: 1 order that meets reset (when after), then rate-limit (retry_after seconds); "
        "before: 1 order that meets reset (when after)",
        "the trial's twice: yes; before: no",
        "an order has also items[].to.email",
        "no order has items[].note any more",
    )


def test_another_story_is_told_from_its_beginning() -> None:
    change = only(compare(with_results(failed()), with_results(failed(evidence=surfaced_and_crashed()))))
    assert {line.mark for line in change.steps} == {"new"}


def test_a_wait_that_is_another_one_is_a_difference() -> None:
    slow = failed(evidence=later(bought_twice(), 30.0))
    change = only(compare(with_results(failed()), with_results(slow)))
    assert [(line.mark, line.text) for line in change.steps if line.mark in ("old", "new")] == [
        ("old", "client: waits 1.2 s"),
        ("new", "client: waits 30 s"),
    ]


def test_orders_that_go_at_once_are_not_compared_step_by_step() -> None:
    both = []
    for evidence in (bought_twice(), surfaced_and_crashed()):
        own = replace(evidence, trial=replace(bought_twice().trial, concurrent=True))
        both.append(with_results(failed(evidence=own)))
    assert compare(*both).checks == ()


def test_a_story_of_thousands_of_steps_is_cut() -> None:
    evidence = bought_twice()
    many = replace(
        evidence,
        exchanges=tuple(attempt(number, float(number), f"k-{number}") for number in range(1, 3_000)),
    )
    change = only(compare(all_passed(), with_results(failed(evidence=many))))
    assert len(change.steps) < 50
    assert change.steps[-1].mark == "left out"


# How the two came about


def test_another_subject_is_said_first() -> None:
    comparison = compare(all_passed(), with_results(subject="acme-gifts"))
    assert comparison.warnings[0].startswith("The new report is on another subject, acme-gifts")
    assert terminal(comparison).splitlines()[1].startswith("ATTENTION: The new report is on another subject")
    assert "> **Attention:** The new report is on another subject" in to_markdown(comparison)


def test_reports_on_different_contracts_are_not_compared() -> None:
    new = all_passed()
    other = new.model_copy(update={"contract": new.contract.model_copy(update={"name": "another"})})
    with pytest.raises(Mistakes, match="reports on different contracts, runa and another"):
        compare(new, other)


def test_what_limits_the_comparison_is_told_with_what_it_means() -> None:
    new = with_results(seed=7, examples=0, clock="real", commit={"id": "a" * 40, "modified": True})
    told = {each.what: each for each in compare(all_passed(), new).run}
    assert list(told) == ["commit", "clock", "seed", "examples"]
    assert (told["commit"].old, told["commit"].new) == ("not known", f"{'a' * 40}, with changes")
    assert told["clock"].means == "on another clock other trials fit into a run"


def test_two_reports_in_the_wrong_order_are_noticed() -> None:
    late = all_passed().model_copy(update={"generated_at": NOW + timedelta(days=1)})
    assert "are the two in the right order?" in compare(late, all_passed()).warnings[0]
    naive = all_passed().model_copy(update={"generated_at": NOW.replace(tzinfo=None)})
    assert "right order" not in " ".join(compare(naive, all_passed()).warnings)


def test_a_report_that_was_tampered_with_is_named() -> None:
    honest = with_results(failed())
    checks = tuple(
        check.model_copy(update={"status": "passed", "finding": None}) if check.id == BLOCKER else check
        for check in honest.checks
    )
    comparison = compare(honest, honest.model_copy(update={"checks": checks}))
    assert comparison.warnings[0].startswith("The new report contradicts itself, so golive did not")
    assert "golive verify" in comparison.warnings[0]


def test_a_change_without_a_change_of_the_source_comes_from_elsewhere() -> None:
    assert compare(all_passed(), with_results(failed())).warnings == (
        "The client's source is the same in both: whatever changed comes from elsewhere.",
    )


def test_requirements_that_stand_otherwise_are_told() -> None:
    comparison = compare(all_passed(), with_results(failed()))
    assert [(each.id, each.was, each.now) for each in comparison.requirements] == [
        ("retries.exactly-once-requirement", "proven", "refuted")
    ]


# The forms


def test_the_published_schema_is_the_one_that_follows_from_the_models() -> None:
    published = json.loads((REPORTS / "comparison.schema.json").read_text())
    assert published == json_schema(), (
        "write it anew: python -c 'import json; from conformance.reporting.comparison.entries import json_schema; "
        "print(json.dumps(json_schema(), indent=2))' > reports/comparison.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize(
    ("old", "new"), [(all_passed(), everything()), (everything(), all_passed()), (everything(), everything())]
)
def test_every_comparison_keeps_to_the_schema_and_comes_back_as_it_was(
    old: Readiness, new: Readiness
) -> None:
    comparison = compare(old, new)
    text = to_json(comparison)
    jsonschema.Draft202012Validator(json_schema()).validate(json.loads(text))
    assert Comparison.model_validate_json(text) == comparison


def test_all_that_is_to_be_said_stands_in_both_forms() -> None:
    comparison = compare(all_passed(), everything())
    flat = {" ".join(told.split()) for told in (terminal(comparison), to_markdown(comparison))}
    for change in comparison.checks:
        assert all(change.id in told for told in flat)
    for told in flat:
        assert "The secret part of the key is on stderr, in base64." in told
        assert "Impact: Whoever reads the log can order in your name." in told
        assert "Remedy: Take the authorisation header out of the debug log." in told
        assert "the client serialises its calls by itself" in told


def hostile() -> Comparison:
    evidence = bought_twice()
    first, second = evidence.exchanges
    evil = replace(evidence, exchanges=(first, replace(second, error_type=EVIL)))
    result = failed(
        evidence=evil, violation=Violation(EVIL, f"\n::error::{EVIL}", (2,)), impact=EVIL, remedy=EVIL
    )
    new = with_results(result, subject=EVIL, sandbox=EVIL, waivers=(Waiver(MAJOR, EVIL, EVIL),))
    return compare(with_results(failed()), new)


def test_hostile_text_is_nothing_but_text_in_any_form() -> None:
    comparison = hostile()
    for told in (terminal(comparison), to_markdown(comparison), to_json(comparison)):
        assert not {"\x1b", "\u202e"} & set(told)
        assert not any(line.lstrip().startswith("::") for line in told.splitlines())
    markdown = to_markdown(comparison)
    outside = "".join(markdown.split("```")[::2])
    assert "<script" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert "@everyone" not in outside


def test_an_ascii_screen_is_enough() -> None:
    told = terminal(hostile(), "ascii")
    assert "client -> api: attempt 2" in told


def test_a_comparison_that_is_too_long_for_a_comment_is_cut_from_its_end() -> None:
    comparison = compare(with_results(failed()), everything())
    change = next(each for each in comparison.checks if each.id == "account.key-not-logged")
    many = tuple(
        change.model_copy(update={"id": f"own.check-{number}", "summary": "ü" * 1_000})
        for number in range(200)
    )
    long = comparison.model_copy(update={"checks": (*comparison.checks, *many)})
    text = to_markdown(long)
    assert len(text.encode()) <= MOST
    assert "More was left out here, since it is too long for a comment." in text
    assert comparison.sentence.partition(":")[0] in text
    assert "## What got worse" in text


def test_steps_go_before_anything_else_does() -> None:
    comparison = compare(all_passed(), everything())
    whole = to_markdown(comparison)
    shorter = to_markdown(comparison, most=len(whole.encode()) - 1)
    assert "```" in whole
    assert "```" not in shorter
    assert "left out" not in shorter


def test_a_folder_and_its_file_are_the_same_report(tmp_path: Path) -> None:
    from conformance.reporting.json_file import to_json as report_json
    from conformance.reporting.stored import stored_report

    (tmp_path / "readiness.json").write_text(report_json(everything()))
    assert stored_report(tmp_path) == stored_report(tmp_path / "readiness.json") == everything()

"""Reports on the parts of a run make the report on the whole; what does not belong together is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reporting_samples import CATALOGUE, REQUIREMENTS, TODAY, WAIVERS, Waiver, everything, facts, results

from conformance.finding import CheckResult
from conformance.mistakes import Mistakes
from conformance.reporting.html import to_html
from conformance.reporting.integrity.consistency import inconsistencies
from conformance.reporting.json_file import to_json
from conformance.reporting.markdown import to_markdown
from conformance.reporting.merging import merge
from conformance.reporting.readiness import Commit, Readiness, Selection, Shard, Tool
from conformance.reporting.verdict import assemble, status_of

IDS = [check.id for check in CATALOGUE]
DEALT = (IDS[0::3], IDS[1::3], IDS[2::3])
TIMES = {"duration_s", "simulated_s", "parts"}


def part(
    index: int,
    ids: Iterable[str],
    count: int = 3,
    found: Iterable[CheckResult] | None = None,
    waivers: Iterable[Waiver] = WAIVERS,
    *,
    select: tuple[str, ...] = (),
    **more: object,
) -> Readiness:
    """A part with these checks, and of all results those that are about them."""
    own = tuple(id_ for id_ in IDS if id_ in set(ids))
    mine = [result for result in (results() if found is None else found) if result.id in own]
    told = facts(
        selection=Selection(select=select, skip=(), checks=own),
        shard=Shard(index=index, count=count),
        **{"trials": sum(result.trials for result in mine), **more},
    )
    return assemble(mine, CATALOGUE, REQUIREMENTS, told, waivers, today=TODAY, selected=set(own))


def parts(**more: object) -> dict[str, Readiness]:
    return {f"part-{index}": part(index, ids, **more) for index, ids in enumerate(DEALT, 1)}  # type: ignore[arg-type]  # keywords of `part`


def passed(*changed: CheckResult) -> list[CheckResult]:
    by_id = {id_: CheckResult(id_, "passed", trials=10) for id_ in IDS}
    return list((by_id | {result.id: result for result in changed}).values())


def without_times(report: Readiness) -> dict[str, object]:
    data: dict[str, Any] = json.loads(to_json(report))
    data["run"] = {key: value for key, value in data["run"].items() if key not in TIMES}
    return data


def reasons(given: dict[str, Readiness]) -> tuple[str, ...]:
    with pytest.raises(Mistakes) as refused:
        merge(given)
    return refused.value.lines


def test_parts_make_the_report_that_one_run_would_have_made() -> None:
    whole = merge(parts())
    trials = sum(result.trials for result in results())
    alone = assemble(results(), CATALOGUE, REQUIREMENTS, facts(trials=trials), WAIVERS, today=TODAY)
    assert without_times(whole) == without_times(alone)
    assert whole.run.parts == 3
    assert whole.run.duration_s == pytest.approx(3 * everything().run.duration_s)
    assert inconsistencies(whole) == []


@settings(deadline=None)
@given(st.permutations(IDS), st.integers(1, 6), st.randoms())
def test_however_checks_were_dealt_out_and_in_whatever_order_parts_are_named(
    ids: list[str], count: int, rng: object
) -> None:
    dealt = {f"{index}": part(index + 1, ids[index::count], count) for index in range(count)}
    names = list(dealt)
    rng.shuffle(names)  # type: ignore[attr-defined]  # of Hypothesis
    assert without_times(merge({name: dealt[name] for name in names})) == without_times(merge(dealt))
    assert [check.id for check in merge(dealt).checks] == IDS


def test_the_verdict_is_that_of_the_whole() -> None:
    ready = merge(parts(found=passed(), waivers=()))
    assert (ready.verdict, status_of(ready)) == ("ready", 0)
    error = merge(parts(found=passed(CheckResult(IDS[4], "error", reason="broke")), waivers=()))
    assert (error.verdict, status_of(error)) == ("incomplete", 3)
    refuted = merge(parts())
    assert (refuted.verdict, status_of(refuted)) == ("not-ready", 1)


def test_a_waiver_is_judged_by_the_part_that_its_check_fell_to() -> None:
    whole = merge(parts(found=passed(), waivers=(Waiver("versions.pinned"),)))
    assert [(waiver.state, waiver.blocks) for waiver in whole.waivers] == [("unused", True)]
    assert whole.verdict == "not-ready"


def test_with_a_selection_the_whole_is_a_selection_too() -> None:
    chosen = [id_ for id_ in IDS if id_.startswith("retries.")]
    dealt = {
        f"part-{index}": part(index, chosen[index - 1 :: 2], 2, select=("retries.*",)) for index in (1, 2)
    }
    whole = merge(dealt)
    assert whole.verdict == "incomplete"
    assert whole.run.selection == Selection(select=("retries.*",), skip=(), checks=tuple(chosen))
    assert status_of(whole) == 1


def test_an_empty_part_takes_nothing_away() -> None:
    dealt = {**parts(count=4, found=passed(), waivers=()), "part-4": part(4, (), 4, (), waivers=())}
    assert status_of(dealt["part-4"]) == 0
    assert merge(dealt).verdict == "ready"


def test_a_part_that_was_interrupted_leaves_the_whole_interrupted() -> None:
    dealt = parts(found=passed(), waivers=())
    dealt["part-2"] = part(2, DEALT[1], found=passed()[:-1], waivers=(), interrupted="it was interrupted")
    whole = merge(dealt)
    assert whole.run.interrupted == "part 2: it was interrupted"
    assert (whole.verdict, status_of(whole)) == ("incomplete", 3)


def test_of_clocks_that_differ_the_slowest_is_named_and_the_others_noted() -> None:
    dealt = parts(clock="accelerated")
    dealt["part-3"] = part(3, DEALT[2], clock="real", clock_note="the client is a Go program")
    run = merge(dealt).run
    assert run.clock == "real"
    assert (
        run.clock_note == "in 1 of 3 parts: the client is a Go program; the others on the accelerated clock"
    )


def test_a_part_without_a_client_says_nothing_about_clients() -> None:
    declared = "account.ip-allowlist-sane"
    others = [id_ for id_ in IDS if id_ != declared]
    dealt = {
        "a": part(1, others, 2, clock="accelerated", examples=3),
        "b": part(
            2, [declared], 2, clock="real", examples=0, confined=False, unconfined="no client was started"
        ),
    }
    run = merge(dealt).run
    assert (run.clock, run.examples, run.confined, run.unconfined) == ("accelerated", 3, True, None)


def test_one_part_that_was_not_confined_leaves_the_whole_unconfined() -> None:
    dealt = parts()
    dealt["part-3"] = part(3, DEALT[2], confined=False, unconfined="namespaces are refused here")
    run = merge(dealt).run
    assert (run.confined, run.unconfined) == (False, "namespaces are refused here")


def test_every_form_says_that_times_are_sums() -> None:
    whole = merge(parts())
    for text in to_markdown(whole), to_html(whole):
        assert "the sum of 3 parts" in text


def _with_run(**changed: object) -> Callable[[Readiness], Readiness]:
    return lambda report: report.model_copy(update={"run": report.run.model_copy(update=changed)})


def _with(**changed: object) -> Callable[[Readiness], Readiness]:
    return lambda report: report.model_copy(update=changed)


def _of_contract(**changed: object) -> Callable[[Readiness], Readiness]:
    return lambda report: report.model_copy(update={"contract": report.contract.model_copy(update=changed)})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_with_run(seed=1), "part-2 does not have the seed of part-1: 1, there 20261122"),
        (
            _with_run(driver="command"),
            "part-2 does not have the driver of part-1: command, there python",
        ),
        (_with_run(profile_digest="sha256:99"), "part-2 does not have the profile digest of part-1: "),
        (
            _with_run(client_digest=None),
            "part-2 does not have the client digest of part-1: none, there ",
        ),
        (
            _with_run(commit=Commit(id="3f2a91", modified=True)),
            "part-2 does not have the commit of part-1: changed 3f2a91, there none",
        ),
        (_with_run(api_version="2023"), "part-2 does not have the API version of part-1: 2023, there "),
        (_with_run(examples=3), "part-2 does not have the examples of part-1: 3, there 25; run all "),
        (_with_run(budget_s=60.0), "part-2 does not have the budget of part-1: 60.0, there none"),
        (_with_run(sandbox="proxy"), "part-2 does not have the sandbox of part-1: proxy, there "),
        (_of_contract(name="other"), "part-2 does not have the contract of part-1: other 2024-02-05, "),
        (_of_contract(digest="sha256:1"), "part-2 does not have the contract digest of part-1: "),
        (
            _with(tool=Tool(name="golive", version="9")),
            "part-2 does not have the tool of part-1: golive 9, ",
        ),
        (
            lambda part: part.model_copy(update={"requirements": part.requirements[:-1]}),
            "part-2 does not have the requirements of part-1",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parts_of_different_runs_are_refused(change: Callable[[Readiness], Readiness], told: str) -> None:
    dealt = parts()
    changed = change(dealt["part-2"])
    (line,) = reasons({**dealt, "part-2": changed})
    assert line.startswith(told)


def test_parts_that_were_selected_differently_are_refused() -> None:
    dealt = parts()
    dealt["part-3"] = part(3, DEALT[2], select=("account.*",))
    assert reasons(dealt) == ("part-3 does not have the --select of part-1: account.*, there none",)


def test_a_gap_is_named() -> None:
    dealt = parts()
    del dealt["part-2"]
    assert reasons(dealt) == ("missing: 1 part of 3, 2/3; run each with golive run --shard",)


def test_the_same_part_twice_is_named() -> None:
    dealt = parts()
    assert reasons({**dealt, "again": dealt["part-1"]}) == (
        "part-1 and again are both part 1/3; leave out all but one",
    )


def test_a_check_in_two_parts_or_in_none_is_named() -> None:
    one, two, three = DEALT
    dealt = {"a": part(1, one), "b": part(2, [*two, one[0]]), "c": part(3, three[1:])}
    assert reasons(dealt) == (
        f"{one[0]} was examined in a and b; the checks were not dealt out alike",
        f"in none of the parts: {three[0]}",
    )


def test_what_is_no_part_is_refused() -> None:
    dealt = parts()
    assert reasons({**dealt, "whole": everything()}) == (
        "whole: it is no part of a run; parts are made by golive run --shard I/N",
    )
    assert reasons({**dealt, "merged": merge(dealt)}) == (
        "merged: it is merged from 3 parts already; name those",
    )
    assert reasons({}) == ("there is nothing to merge; name the folders of the parts' reports",)


def test_a_part_that_contradicts_itself_is_refused() -> None:
    dealt = parts()
    better = tuple(
        check.model_copy(update={"status": "passed"}) if check.status == "failed" else check
        for check in dealt["part-3"].checks
    )
    forged = dealt["part-3"].model_copy(update={"checks": better})
    assert all(
        line.startswith("part-3: it contradicts itself: ") for line in reasons({**dealt, "part-3": forged})
    )


def on(part: Readiness, day: int) -> Readiness:
    """The same part, run on that day of November: what is counted in days from its own day is."""
    today = date(2026, 11, day)
    checks = tuple(
        check.model_copy(
            update={
                "waiver": check.waiver.model_copy(update={"days_left": (check.waiver.expires - today).days})
            }
        )
        if check.waiver
        else check
        for check in part.checks
    )
    waivers = tuple(
        waiver.model_copy(update={"days_left": (waiver.expires - today).days}) for waiver in part.waivers
    )
    written = part.generated_at.replace(day=day)
    return part.model_copy(update={"checks": checks, "waivers": waivers, "generated_at": written})


def test_parts_on_either_side_of_midnight_count_days_from_the_last() -> None:
    dealt = parts()
    dealt["part-1"] = on(dealt["part-1"], 23)
    whole = merge(dealt)
    assert whole.generated_at.day == 23
    assert inconsistencies(whole) == []
    assert [waiver.days_left for waiver in whole.waivers] == [
        waiver.days_left - 1 for waiver in everything().waivers
    ]


def test_a_waiver_that_ran_out_between_two_parts_is_refused() -> None:
    waivers = (Waiver("retries.concurrent-submit", expires=TODAY),)
    dealt = {f"part-{index}": part(index, ids, waivers=waivers) for index, ids in enumerate(DEALT, 1)}
    holder = next(
        name for name, each in dealt.items() if "retries.concurrent-submit" in each.run.selection.checks
    )  # type: ignore[union-attr]  # a part has one
    later = next(name for name in dealt if name != holder)
    assert reasons({**dealt, later: on(dealt[later], 23)}) == (
        "the waiver on retries.concurrent-submit ran out while the parts were run; run them again",
    )

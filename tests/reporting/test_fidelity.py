"""What a report says of an endpoint that differs from the simulation, and that it says it everywhere."""

from __future__ import annotations

import io
import json

from reporting_samples import CATALOGUE, with_results
from rich.console import Console

from conformance.reporting.html import to_html
from conformance.reporting.json_file import to_json
from conformance.reporting.markdown import to_markdown
from conformance.reporting.merging import merge
from conformance.reporting.readiness import DifferenceEntry, Fidelity, Readiness, Shard
from conformance.reporting.terminal import print_summary

IDS = [check.id for check in CATALOGUE]
MISSING = DifferenceEntry(
    operation="create-order",
    situation="202 success",
    aspect="body: more",
    ours="not there",
    theirs="/fee: text",
    times=3,
)


def report(*differences: DifferenceEntry, compared: int = 7) -> Readiness:
    return with_results(fidelity=Fidelity(compared=compared, differences=differences))


def on_screen(readiness: Readiness) -> str:
    screen = io.StringIO()
    print_summary(readiness, (), Console(file=screen, width=200))
    return screen.getvalue()


def test_every_form_lists_the_differences() -> None:
    whole = report(MISSING)

    for text in (to_html(whole), to_markdown(whole), on_screen(whole)):
        assert "How the endpoint differs from the simulation" in text
        assert "7 answers of the endpoint were compared" in text
        assert "1 difference in shape" in text
        assert "/fee: text" in text
    assert json.loads(to_json(whole))["run"]["fidelity"]["differences"][0]["times"] == 3


def test_no_difference_is_said_too() -> None:
    for text in (to_html(report()), to_markdown(report()), on_screen(report())):
        assert "they are of one shape" in text


def test_differences_decide_nothing() -> None:
    assert report(MISSING).verdict == with_results().verdict == "ready"


def test_without_an_endpoint_nothing_is_said() -> None:
    plain = with_results()

    for text in (to_html(plain), to_markdown(plain), on_screen(plain)):
        assert "How the endpoint differs" not in text
    assert "fidelity" not in json.loads(to_json(plain))["run"]


def test_what_several_parts_saw_is_told_once() -> None:
    def part(index: int, *differences: DifferenceEntry) -> Readiness:
        own = IDS[index - 1 :: 2]
        return with_results(
            selected=own,
            left_out=[id_ for id_ in IDS if id_ not in own],
            shard=Shard(index=index, count=2),
            fidelity=Fidelity(compared=5, differences=differences),
        )

    other = MISSING.model_copy(update={"aspect": "status", "ours": "202", "theirs": "201"})
    parts = {"a": part(1, MISSING), "b": part(2, MISSING, other)}
    for each in parts.values():
        assert each.run.selection is not None
    joined = merge(
        {
            name: each.model_copy(
                update={
                    "run": each.run.model_copy(
                        update={
                            "selection": each.run.selection
                            and each.run.selection.model_copy(update={"select": ()})
                        }
                    )
                }
            )
            for name, each in parts.items()
        }
    )

    assert joined.run.fidelity == Fidelity(
        compared=10, differences=(MISSING.model_copy(update={"times": 6}), other)
    )

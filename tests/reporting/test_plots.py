"""What was measured, plotted and in a table: every wait in its place, and what was too short seen at a glance."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from drawing_samples import many, measured, waits

from conformance.reporting import drawing
from conformance.reporting.drawing.attempts import gathered as bars_of
from conformance.reporting.drawing.plots import WIDE
from conformance.reporting.drawing.waits import MOST_ROWS, Axis, axis, gathered
from conformance.reporting.readiness import AttemptsEntry, Observations

NOTHING = Observations(waits=(), attempts=())


def drawn(text: str) -> Element:
    (svg,) = (each for each in ElementTree.fromstring(text) if "d-wide" in each.get("class", ""))
    return svg


def classed(svg: Element, name: str) -> list[Element]:
    return [each for each in svg.iter() if name in each.get("class", "").split()]


def texts(svg: Element) -> list[str]:
    return ["".join(each.itertext()) for each in svg.iter("text")]


def test_the_axis_is_logarithmic_and_begins_and_ends_at_a_round_time() -> None:
    scale = axis((waits("x", 5.0, (0.3, 1), (42.0, 1)),), 0, 600)
    assert (scale.first, scale.last, scale.zero) == (0.1, 60.0, False)
    assert scale.at(1.0) - scale.at(0.1) == pytest.approx(scale.at(10.0) - scale.at(1.0))
    assert scale.at(5.0) == pytest.approx(
        scale.start + math.log(50) / math.log(600) * (scale.right - 8 - scale.start)
    )


def test_no_wait_at_all_has_a_place_of_its_own() -> None:
    scale = axis((waits("x", None, (0.0, 4), (1.0, 1)),), 0, 600)
    assert scale.zero
    assert scale.at(0.0) < scale.start == scale.at(scale.first)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.01, 1.0, 1e9])
def test_every_axis_has_room_for_what_is_on_it(seconds: float) -> None:
    scale = axis((waits("x", seconds, (seconds, 1)),), 10, 600)
    assert 10 <= scale.at(seconds) <= 600
    assert scale.first < scale.last


def test_the_least_is_marked_and_what_lies_before_it_is_in_alarm() -> None:
    svg = drawn(drawing.waits(measured()))
    scale = axis(measured().waits, WIDE.left, WIDE.right)
    assert [float(mark.get("x1", "")) for mark in classed(svg, "d-least")] == [
        pytest.approx(scale.at(seconds), abs=0.01) for seconds in (5.0, 10.0)
    ]
    (early,) = classed(svg, "d-early-dot")
    xs = [float(x) for x in re.findall(r"[ML](-?[\d.]+) ", early.get("d", ""))]
    assert max(xs) < scale.at(5.0)
    assert sum(xs[:4]) / 4 == pytest.approx(scale.at(0.5), abs=0.1)


def test_a_wait_that_is_short_by_less_than_the_contract_lets_pass_is_not_in_alarm() -> None:
    entry = measured().waits[0]
    dots = gathered(Axis(0, 600, 0.1, 60.0, False), entry)
    assert [(count, early) for _, count, early in dots] == [(7, True), (301, False), (40, False)]


def test_one_dot_stands_for_waits_that_lie_together_and_no_wait_gets_lost() -> None:
    entry = waits("x", 5.0, *((0.5 + number / 1_000, 2) for number in range(500)), early=3)
    dots = gathered(Axis(0, 600, 0.1, 60.0, False), entry)
    assert sum(count for _, count, _ in dots) == 1_000
    assert sum(count for _, count, early in dots if early) == 3
    assert len(dots) < 40


def test_each_row_says_how_many_there_are() -> None:
    told = texts(drawn(drawing.waits(measured())))
    for words in (
        "348 waits",
        "7 too short",
        "4 waits",
        "none too short",
        "1,015 waits",
        "nothing asked",
        "at least 5 s",
    ):
        assert words in told


def test_who_cannot_see_it_is_told() -> None:
    svg = drawn(drawing.waits(measured()))
    assert svg.get("role") == "img"
    (told,) = (each.text or "" for each in svg.iter("desc"))
    assert "348 waits of at least 5 s after 429, no Retry-After, 7 too short; " in told
    (bars,) = (each.text or "" for each in drawn(drawing.attempts(measured())).iter("desc"))
    assert bars == (
        "Attempts for one order: 2 orders with 0 attempts, 800 orders with 1 attempt, 200 orders with 3 attempts, "
        "5 orders with 9 to 16, 1 order with 1,025 to 2,048."
    )


def test_of_too_many_kinds_those_are_shown_that_were_met_most_and_the_table_has_all() -> None:
    svg = drawn(drawing.waits(many()))
    assert len(classed(svg, "d-least")) == MOST_ROWS
    assert f"{39 - MOST_ROWS} kinds more in the table" in texts(svg)
    assert len(drawing.waits_table(many()).rows) == 39


def test_kinds_with_waits_that_were_too_short_are_never_left_out() -> None:
    rare = waits("a rare one", 5.0, (1.0, 1), early=1)
    svg = drawn(drawing.waits(Observations(waits=(*many().waits, rare), attempts=())))
    assert "after a rare one" in texts(svg)


def test_bars_are_as_long_as_there_are_orders() -> None:
    svg = drawn(drawing.attempts(measured()))
    lengths = [float(bar.get("width", "")) for bar in classed(svg, "d-bar")]
    assert lengths[1] / lengths[2] == pytest.approx(4, rel=0.01)
    assert lengths[1] / lengths[0] == pytest.approx(400, rel=0.01)


def test_a_long_tail_of_attempts_has_bars_for_ranges() -> None:
    bars = bars_of(measured())
    assert bars[:4] == [("0 attempts", 2), ("1 attempt", 800), ("2 attempts", 0), ("3 attempts", 200)]
    assert bars[-2:] == [("9 to 16", 5), ("1,025 to 2,048", 1)]
    assert sum(orders for _, orders in bars) == 1_008
    assert bars_of(Observations(waits=(), attempts=(AttemptsEntry(attempts=2, orders=4),))) == [
        ("1 attempt", 0),
        ("2 attempts", 4),
    ]


def test_the_tables_say_the_same_in_numbers() -> None:
    table = drawing.waits_table(measured())
    assert table.rows[0] == ("429, no Retry-After", "5 s", "348", "7", "0.5 s", "5 s", "12 s")
    assert table.rows[2] == ("no answer", "nothing asked", "1,015", "", "0 s", "0.5 s", "1 h")
    assert all(len(row) == len(table.head) for row in table.rows)
    assert drawing.attempts_table(measured()).rows[-1] == ("2,000", "1")


def test_nothing_measured_is_nothing_drawn() -> None:
    assert drawing.waits(NOTHING) == drawing.attempts(NOTHING) == ""
    assert drawing.waits_table(NOTHING).rows == drawing.attempts_table(NOTHING).rows == ()


def test_words_from_a_tampered_report_are_text() -> None:
    hostile = waits('</text><script>alert(1)</script>\u202e"', 5.0, (1.0, 1), early=1)
    svg = drawn(drawing.waits(Observations(waits=(hostile,), attempts=())))
    assert not list(svg.iter("script"))
    assert all(text.isprintable() for text in texts(svg))

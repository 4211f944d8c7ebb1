"""A counterexample drawn: every sign where it belongs, and nothing that a page would run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from drawing_samples import away, burst, dialogue, entry, limited, nasty, storm
from reporting_samples import ORDER, attempt, bought_twice, finding, surfaced_and_crashed

from conformance.contracts import load_contract
from conformance.evidence import Evidence, Trial
from conformance.faults import Hang
from conformance.paths import REPORTS
from conformance.reporting import drawing
from conformance.reporting.counterexample import finding_entry
from conformance.reporting.diagram import diagram
from conformance.reporting.drawing import marks
from conformance.reporting.drawing.lanes import NARROW, WIDE, Layout
from conformance.reporting.drawing.shapes import width, wrapped
from conformance.reporting.readiness import FindingEntry

CONTRACT = load_contract("runa")
LAYOUTS = pytest.mark.parametrize("layout", [WIDE, NARROW], ids=lambda layout: layout.name)


def drawn(found: FindingEntry, layout: Layout = WIDE, name: str = "retries.exactly-once") -> Element:
    """One of the two pictures, read as strictly as any XML."""
    whole = ElementTree.fromstring(drawing.draw(found, name))
    (svg,) = (each for each in whole if f"d-{layout.name}" in each.get("class", ""))
    return svg


def classed(svg: Element, *names: str) -> list[Element]:
    """In the order in which they are drawn."""
    return [each for each in svg.iter() if set(names) <= set(each.get("class", "").split())]


def rows(svg: Element, *names: str) -> list[Element]:
    """The same without the legend."""
    legend = {id(part) for sign in classed(svg, "d-legend") for part in sign.iter()}
    return [each for each in classed(svg, *names) if id(each) not in legend]


def texts(svg: Element) -> list[str]:
    return ["".join(each.itertext()) for each in svg.iter("text")]


def of(element: Element, name: str) -> float:
    return float(element.get(name, "nan"))


@LAYOUTS
def test_waits_are_drawn_to_one_scale(layout: Layout) -> None:
    bars = rows(drawn(entry(limited(1.0, 4.0, 20.0)), layout), "d-waited")
    heights = [of(bar, "height") for bar in bars]
    assert heights[1] / heights[0] == pytest.approx(4, rel=0.01)
    assert heights[2] / heights[0] == pytest.approx(20, rel=0.01)
    assert all(of(bar, "x") + of(bar, "width") / 2 == layout.client for bar in bars)


@LAYOUTS
def test_the_least_is_marked_where_it_would_be_and_what_is_missing_is_hatched(layout: Layout) -> None:
    svg = drawn(entry(limited(1.0, 20.0), 1, 2), layout)
    (early,), (missing,) = rows(svg, "d-early"), rows(svg, "d-missing")
    long = next(bar for bar in rows(svg, "d-waited") if bar is not early)
    first, second = rows(svg, "d-least")
    second_length = of(early, "height")
    assert of(first, "y1") == pytest.approx(of(early, "y") + 5 * second_length, abs=0.1)
    assert of(missing, "height") == pytest.approx(4 * second_length, abs=0.1)
    assert of(missing, "y") == pytest.approx(of(early, "y") + second_length, abs=0.1)
    assert of(second, "y1") == pytest.approx(of(long, "y") + 5 * second_length, abs=0.1)
    hatched = [number for line in rows(svg, "d-hatch") for number in re.findall(r"[\d.]+", line.get("d", ""))]
    inside = [float(number) for number in hatched[1::2]]
    assert min(inside) >= of(missing, "y") - 0.1
    assert max(inside) <= of(missing, "y") + of(missing, "height") + 0.1


def test_a_wait_that_was_long_enough_is_not_in_alarm() -> None:
    svg = drawn(entry(limited(5.0, 4.97)))
    assert not classed(svg, "d-early")
    assert not classed(svg, "d-missing")
    assert "too short, and what is missing" not in texts(svg)


@LAYOUTS
def test_each_request_has_the_sign_of_its_key(layout: Layout) -> None:
    svg = drawn(entry(bought_twice(), 2), layout)
    on_client = [
        key
        for key in rows(svg, "d-key")
        if any(of(shape, "cx") == layout.client or "x" in shape.attrib for shape in classed(key, "d-shape"))
    ]
    signs = [(key.get("class"), "".join(key.itertext())) for key in on_client]
    assert ("d-key d-key-0", "A") in signs
    assert ("d-key d-key-1", "B") in signs
    # Another key than the attempt before: a ring, on the second only.
    assert ["".join(key.itertext()) for key in rows(svg, "d-key") if classed(key, "d-changed")] == ["B"]


def test_no_two_of_many_keys_look_alike_even_without_their_letters() -> None:
    seen = set()
    for index in range(marks.KINDS**2):
        letter = chr(65 + index) if index < 26 else f"A{chr(65 + index - 26)}"
        sign = ElementTree.fromstring(marks.key(letter, 0, 0))
        (shape,) = classed(sign, "d-shape")
        seen.add((sign.get("class"), shape.tag, shape.get("d") or shape.get("rx")))
    assert len(seen) == marks.KINDS**2


@LAYOUTS
def test_a_lost_answer_ends_in_a_cross_in_the_network(layout: Layout) -> None:
    svg = drawn(entry(bought_twice()), layout)
    crosses = rows(svg, "d-cross")
    ends = [[float(x) for x in re.findall(r"[ML](-?[\d.]+) ", cross.get("d", ""))] for cross in crosses]
    assert [sum(end) / 2 for end in ends] == [layout.network, layout.network]
    (line,) = rows(svg, "d-lost")
    assert of(line, "x2") == layout.network
    back = [of(arrow, "x2") for arrow in rows(svg, "d-back") if arrow.tag == "line"]
    assert sum(end < layout.network for end in back) == 1, "the answer that came alone reaches the client"


def test_a_request_that_was_broken_off_ends_in_the_network_too() -> None:
    svg = drawn(entry(Evidence(Trial((ORDER,)), (attempt(1, 0.0, "k", complete=False),), (), ())))
    (line,) = rows(svg, "d-lost")
    assert (of(line, "x1"), of(line, "x2")) == (WIDE.client, WIDE.network)


@LAYOUTS
def test_a_second_order_for_one_reference_is_in_alarm(layout: Layout) -> None:
    svg = drawn(entry(bought_twice(), 2), layout)
    booked = [sign for sign in rows(svg, "d-book") if sign.tag == "g"]
    assert ["".join(sign.itertext()) for sign in booked] == ["1", "2"]
    assert ["d-again" in sign.get("class", "") for sign in booked] == [False, True]
    assert any("one of 2 now" in text for text in texts(svg))
    (row,) = rows(svg, "d-differ")
    assert " ".join(row.itertext()).endswith("2 orders: O-01JD00…000AAA O-01JD00…000BBB")
    assert "≠" in texts(row)


def test_client_and_ledger_that_agree_are_shown_as_that() -> None:
    right = replace(bought_twice(), ledger=bought_twice().ledger[1:], exchanges=bought_twice().exchanges[1:])
    svg = drawn(entry(right))
    assert "=" in texts(svg)
    assert not classed(svg, "d-differ")


def test_who_does_not_know_is_not_called_wrong() -> None:
    svg = drawn(entry(surfaced_and_crashed()))
    assert "?" in texts(svg)
    assert not classed(svg, "d-differ")


def test_what_shows_the_finding_is_marked_beside_its_colour() -> None:
    svg = drawn(entry(bought_twice(), 2))
    assert len(rows(svg, "d-mark")) == 1
    (shows,) = classed(svg, "d-row", "d-shows")
    assert any("attempt" in text for text in shows.itertext())


def test_a_storm_is_cut_where_the_text_diagram_cuts_it() -> None:
    found = entry(storm())
    told = [text for text in texts(drawn(found)) if "left out" in text]
    assert len(told) == 1
    (line,) = (line for line in diagram(found.steps) if "left out" in line)
    assert told[0].split(",")[0] in line.replace(",", "") or told[0] in line


def test_orders_that_were_booked_in_what_is_left_out_are_counted() -> None:
    svg = drawn(entry(burst()))
    (told,) = (text for text in texts(svg) if "left out" in text)
    shown = len([sign for sign in rows(svg, "d-book") if sign.tag == "g"])
    assert told.endswith(f", {30 - shown} orders booked in them")


def test_an_answer_carries_the_sign_of_the_request_that_it_answers() -> None:
    late = attempt(1, 0.0, "k", answer="success", status=200, order_id="O-1", answered_at=9.0)
    again = attempt(2, 5.0, "other", answer="success", status=200, order_id="O-1", answered_at=5.1)
    svg = drawn(entry(Evidence(Trial((ORDER,)), (late, again), (), ())))
    letters = ["".join(key.itertext()) for key in rows(svg, "d-key")]
    assert letters == ["A", "B", "B", "A"]


@LAYOUTS
def test_a_request_to_another_place_does_not_reach_the_api(layout: Layout) -> None:
    svg = drawn(entry(away(), 2), layout)
    assert "another host" in texts(svg)
    (place,), (arrow, _head) = rows(svg, "d-elsewhere"), rows(svg, "d-away")
    assert of(arrow, "x2") <= of(place, "x") < layout.api < of(place, "x") + of(place, "width")


def test_an_open_request_is_drawn_until_the_end() -> None:
    hanging = attempt(1, 0.0, "k", fault=Hang(), answered_at=None, client_gone_at=30.0)
    svg = drawn(entry(Evidence(Trial((ORDER,)), (hanging,), (), ())))
    assert len(rows(svg, "d-open")) == 1


@LAYOUTS
def test_whatever_a_client_wrote_is_text_and_short(layout: Layout) -> None:
    svg = drawn(nasty(), layout, name='a"><script>')
    assert {each.tag for each in svg.iter()} <= {
        "svg",
        "title",
        "desc",
        "g",
        "text",
        "rect",
        "line",
        "path",
        "circle",
    }
    for text in texts(svg):
        assert text.isprintable()
        assert width(text, 11) <= layout.width
    assert len(svg.findall(".//text")) < 80


def test_nothing_in_it_runs_nor_dresses_itself_nor_leads_anywhere() -> None:
    for found in (entry(bought_twice(), 2), nasty(), entry(limited(1.0))):
        for each in ElementTree.fromstring(drawing.draw(found, "a.b")).iter():
            assert not {"style", "href", "filter", "mask", "clip-path"} & set(each.attrib)
            assert not any(name.startswith("on") for name in each.attrib)
            assert not any("url(" in value for value in each.attrib.values())


def test_ids_are_no_others_on_the_page() -> None:
    page = "".join(drawing.draw(entry(bought_twice()), name) for name in ("a.b", "a.c", "a b", 'a"b'))
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == 16
    assert len(set(ids)) == 16
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", id_) for id_ in ids)


def test_who_cannot_see_it_is_told_what_it_shows() -> None:
    svg = drawn(entry(bought_twice(), 2))
    assert svg.get("role") == "img"
    ids = {each.get("id"): each.text for each in svg.iter() if each.get("id")}
    named, told = (ids[id_] for id_ in svg.get("aria-labelledby", "").split())
    assert named == "Sequence diagram for retries.exactly-once"
    assert told == (
        "2 requests under 2 keys; 1 answer lost on the way; 2 orders booked; in the end the client says created "
        "O-01JD00…000BBB COMPLETED, and the ledger holds 2 orders: O-01JD00…000AAA O-01JD00…000BBB."
    )


def test_a_finding_without_a_counterexample_has_no_drawing() -> None:
    assert drawing.draw(finding_entry(finding()), "a.b") == ""


def test_a_dialogue_with_an_endpoint_is_drawn_without_a_ledger() -> None:
    svg = drawn(dialogue())
    named = [each.text for each in classed(svg, "d-lane-name")]
    assert named == ["golive", "network", "endpoint"]
    assert ["".join(key.itertext()) for key in rows(svg, "d-key")] == ["A", "A", "B", "B"]
    assert len(rows(svg, "d-cross")) == 2
    assert not classed(svg, "d-book")


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("a few words", 500, ("a few words",)),
        ("one two three", width("one two", 10) + 1, ("one two", "three")),
        ("x" * 30, width("x" * 10, 10) + 1, ("x" * 10, "x" * 10, "x" * 10)),
        ("one two three four", width("four", 10) + 14, ("one", "two", "thr…")),
        ("", 10, ("",)),
    ],
)
def test_text_is_broken_into_lines_that_fit(text: str, room: float, lines: Sequence[str]) -> None:
    found = wrapped(text, room, 10)
    assert found == lines or (len(found) == 3 and found[-1].endswith("…"))
    assert all(width(line, 10) <= room for line in found)


SCHEMES = re.findall(r":root \{(.*?)\}", (REPORTS / drawing.STYLESHEET).read_text("utf-8"), re.DOTALL)
PAIRS = [
    *((text, ground) for text in ("ink", "quiet", "alarm") for ground in ("paper", "alarm-bg")),
    ("ink", "panel"),
    ("good", "paper"),
    *(("on", f"key-{number}") for number in range(marks.KINDS)),
]


@pytest.mark.parametrize(
    ("scheme", "text", "ground"),
    # On paper what has an alarm's colour for its ground is drawn in black on white.
    [*((scheme, *pair) for scheme in range(3) for pair in PAIRS), (0, "on", "alarm"), (1, "on", "alarm")],
)
def test_text_can_be_read_on_its_ground(scheme: int, text: str, ground: str) -> None:
    colours = dict(re.findall(r"--d-([a-z0-9-]+): (#[0-9a-f]+)", SCHEMES[scheme]))
    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

"""The drawings in a real browser: nothing over another, nothing outside, on a screen, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drawing_samples import drawings, many, measured

from conformance.paths import REPORTS
from conformance.reporting import drawing

LOOK = """() => [...document.querySelectorAll("svg.d-svg")].flatMap((svg) => {
  if (!svg.checkVisibility()) return [];
  const name = svg.querySelector("title").textContent;
  const view = svg.viewBox.baseVal;
  const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBBox()]);
  const boxes = [...svg.querySelectorAll("rect, circle")].map((each) => [each.getAttribute("class"), each.getBBox()]);
  const outside = [...texts, ...boxes].filter(([, box]) =>
    box.x < -0.5 || box.y < -0.5 || box.x + box.width > view.width + 0.5 || box.y + box.height > view.height + 0.5);
  const over = texts.flatMap(([one, a], index) => texts.slice(index + 1).filter(([, b]) =>
    Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1
    && Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 3.5).map(([other]) => `${one} / ${other}`));
  return [...outside.map(([what]) => `${name}: outside: ${what}`), ...over.map((what) => `${name}: over: ${what}`)];
})"""
SHOWN = """() => [...document.querySelectorAll("svg.d-svg")].filter((svg) => svg.checkVisibility())
  .map((svg) => [...svg.classList].find((name) => name === "d-wide" || name === "d-narrow"))"""


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    drawn = [drawing.draw(found, name) for name, found in drawings().items()]
    for observations in (measured(), many()):
        drawn += [drawing.waits(observations), drawing.attempts(observations)]
    style = (REPORTS / drawing.STYLESHEET).read_text("utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f"<!doctype html><html lang=en><style>{style}</style>{'<hr>'.join(drawn)}")
    yield page
    context.close()


@pytest.mark.parametrize(("width", "layout"), [(1280, "d-wide"), (768, "d-wide"), (360, "d-narrow")])
def test_nothing_lies_over_anything_else_nor_outside(page: Any, width: int, layout: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert set(page.evaluate(SHOWN)) == {layout}
    assert page.evaluate(LOOK) == []


def test_on_a_phone_nobody_has_to_scroll_sideways(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("svg.d-narrow")].map((svg) => svg.getBoundingClientRect().width
           / svg.viewBox.baseVal.width)"""
    )
    assert min(sizes) > 0.9, "letters would be too small to read"


def test_on_paper_it_is_black_on_white(page: Any) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 1280, "height": 800})
    colours = page.evaluate(
        """() => [...new Set([...document.querySelectorAll("svg.d-wide *")].flatMap((each) => {
          const style = getComputedStyle(each);
          return [style.fill, style.stroke];
        }))].filter((colour) => colour.startsWith("rgb"))"""
    )
    page.emulate_media(media="screen", color_scheme="light")
    grey = [len(set(colour.removeprefix("rgb(").removesuffix(")").split(", "))) == 1 for colour in colours]
    assert colours
    assert all(grey), colours

"""What the page costs: writing it, against writing the same report as JSON; and in a browser, opening it, looking for a
word in it and opening every finding, against an ordinary page of as many bytes.

The reports are made up: every check fails, each with a drawing and ten exchanges. Writing is in processor time, the
best of several rounds. In the browser it is time on the wall, since the reader waits.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from table import publish, say, verdict

from conformance.reporting.html import to_html
from conformance.reporting.json_file import to_json
from conformance.reporting.readiness import Readiness

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reporting"))
from page_samples import large  # made-up reports are the tests' own

ROUNDS = 3
CHECKS = (10, 100, 400)
OPENED = 100
"""checks of the page that is opened in the browser"""
GOAL = 5.0
"""times as long as the JSON takes, to write"""
SOON = 0.2
"""seconds in which a search has to be shown"""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SEARCH = """async () => {
  const field = document.getElementById("words");
  const taken = [];
  for (const words of ["made", "made-up-04", "made-up-042", ""]) {
    const began = performance.now();
    field.value = words;
    field.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    taken.push(performance.now() - began);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
  return Math.max(...taken) / 1000;
}"""
UNFOLD = """() => {
  const began = performance.now();
  document.getElementById("unfold").click();
  document.body.offsetHeight;
  return (performance.now() - began) / 1000;
}"""


def best(act: Callable[[], object]) -> float:
    """Seconds of processor time."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return min(taken)


def written(report: Readiness) -> tuple[float, float, float]:
    """Seconds for the page, seconds for the JSON, and megabytes of the page."""
    return (
        best(lambda: to_html(report)),
        best(lambda: to_json(report)),
        len(to_html(report).encode()) / 1e6,
    )


def opened(html: str) -> tuple[float, float, float, float] | None:
    """Seconds until the page has been loaded, until a plain one of as many bytes has been, for the slowest search, and
    for opening every finding; None where there is no browser.
    """
    if CHROMIUM is None or find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    line = "<p>A plain paragraph of an ordinary page, with nothing in it but words.</p>\n"
    plain = "<!doctype html><title>plain</title>" + line * (len(html) // len(line))
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=root)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        taken = []
        for name, text in (("plain", plain), ("report", html)):
            file = Path(folder, f"{name}.html")
            file.write_text(text, "utf-8")
            loads = []
            for _ in range(ROUNDS):
                page.goto("about:blank")
                began = time.perf_counter()
                page.goto(file.as_uri())
                loads.append(time.perf_counter() - began)
            taken.append(min(loads))
        searched, unfolded = page.evaluate(SEARCH), page.evaluate(UNFOLD)
        browser.close()
    return taken[1], taken[0], searched, unfolded


def main() -> None:
    rows, ratio = [], 0.0
    for checks in CHECKS:
        say(f"{checks} checks")
        html, json, size = written(large(checks))
        ratio = max(ratio, html / json)
        rows.append([f"{checks}", f"{size:.1f}", f"{html:.2f}", f"{json:.2f}", f"{html / json:.1f}"])
    notes = [f"Goal: at most {GOAL:.0f} times as long as the JSON: {verdict(ratio <= GOAL)}."]
    say("in the browser")
    if (seen := opened(to_html(large(OPENED)))) is not None:
        load, plain, searched, unfolded = seen
        notes.append(
            f"In Chromium the page on {OPENED} checks is loaded in {load:.2f} s, {load / plain:.1f} times what a plain "
            f"page of as many bytes takes. The slowest search is shown after {searched * 1000:.0f} ms, all findings "
            f"are open after {unfolded * 1000:.0f} ms. Goal: a search in {SOON * 1000:.0f} ms: "
            f"{verdict(searched <= SOON)}."
        )
    publish("The page", ["checks", "page, MB", "page, s", "JSON, s", "ratio"], rows, *notes)


if __name__ == "__main__":
    main()

"""A real browser for the page: Debian's Chromium, headless, driven by Playwright; and axe-core, fetched once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "reporting"))

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = "4.14.1"
CACHE = HERE / ".cache"
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; tests that ask for it are skipped, visibly, where there is none.

    Not for longer than a module: while Playwright is there, an event loop runs in this thread, and others want theirs.
    """
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    api = pytest.importorskip("playwright.sync_api")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=root)
        yield browser
        browser.close()


@cache
def written(name: str) -> str:
    """The page on the report of this name in `page_samples.PAGES`."""
    from page_samples import PAGES

    from conformance.reporting.html import to_html

    return to_html(PAGES[name]())


@dataclass
class Visit:
    """An open page, and everything that it did that it should not."""

    page: Any
    address: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def go(self, fragment: str = "") -> None:
        # Another fragment alone would not load the page anew.
        self.page.goto("about:blank")
        self.asked.clear()
        self.page.goto(f"{self.address}{fragment}")

    def open_all(self) -> None:
        self.page.evaluate("() => document.querySelectorAll('details').forEach((each) => (each.open = true))")

    def misdeeds(self) -> dict[str, object]:
        """Console messages, exceptions, violations of its policy, and requests for anything but itself."""
        alien = [url for url in self.asked if url.partition("#")[0] not in (self.address, "data:,")]
        violations = self.page.evaluate("() => window.violations")
        found = {"said": self.said, "asked": alien, "violations": violations}
        return {name: what for name, what in found.items() if what}


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Opens the page on a report of PAGES, or a page that is given, in a context of its own."""
    contexts = []

    def opened(name: str, fragment: str = "", *, width: int = 1280, height: int = 800, **how: Any) -> Visit:
        file = tmp_path / f"{name.replace(' ', '-')}.html"
        file.write_text(written(name), "utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **how)
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        made = Visit(page, file.as_uri())
        page.on("console", lambda message: made.said.append(message.text))
        page.on("pageerror", lambda error: made.said.append(str(error)))
        page.on("dialog", lambda dialog: (made.said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: made.asked.append(request.url))
        page.goto(f"{made.address}{fragment}")
        return made

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core; tests that ask for it are skipped, visibly, where it cannot be had."""
    kept = CACHE / f"axe-{AXE}.min.js"
    if not kept.exists():
        if shutil.which("npm") is None:
            pytest.skip("there is no npm here to fetch axe-core with")
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"axe-core@{AXE}"]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=120
            )
            found = Path(folder, "node_modules", "axe-core", "axe.min.js")
            if done.returncode or not found.exists():
                pytest.skip(f"axe-core cannot be fetched: {done.stderr.strip()[-200:]}")
            CACHE.mkdir(exist_ok=True)
            draft = CACHE / f".{os.getpid()}"
            shutil.copyfile(found, draft)
            draft.replace(kept)
    return kept.read_text("utf-8")

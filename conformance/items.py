"""Checks as pytest items.

What lives here: collectors and items, and how a finding looks as a test failure.
What must never be known here: how a check is examined.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.check import Check
from conformance.contract import Contract
from conformance.finding import CheckResult, results
from conformance.plugin import KEY
from conformance.reporting.plain import for_log, plain

MOST_SHOWN = 20_000
"""characters of a failure"""


class Failed(Exception):
    """A check did not hold; the text is the finding."""


class CheckItem(pytest.Item):
    """One check. Its result travels with the report, so that it survives the way from another process."""

    def __init__(self, *, check: Check, bundled: bool, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # pytest's own keyword arguments
        self.check = check
        self.bundled = bundled
        self.result: CheckResult | None = None
        self.add_marker(pytest.mark.golive(check.id))
        self.add_marker(getattr(pytest.mark, check.severity))
        self.add_marker(_section_marker(self.config, check.section))

    def runtest(self) -> None:
        self.result = self.config.stash[KEY].examine(self.check, self.session)
        if self.result is None:
            pytest.skip("the client cannot be examined")
        match self.result.status:
            case "failed" if reason := self.config.stash[KEY].suite.waived(self.check.id):
                pytest.xfail(_shown(f"waived: {reason}"))
            case "failed" | "error":
                raise Failed
            case "skipped" | "not-applicable":
                pytest.skip(_shown(f"{self.result.status}: {self.result.reason}"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        if isinstance(excinfo.value, Failed) and self.result is not None:
            return _shown("\n".join(_told(self.check, self.result, self.config.stash[KEY].suite.contract)))
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        # Not the bare id: pytest would show its dots as colons, in node ids that then lead nowhere.
        return self.path, None, f"{self.check.id}: {self.check.title}"

    def packed(self) -> str | None:
        """The result as one ASCII string: nothing else is safe to send between processes."""
        if self.result is None:
            return None
        return results.dump_json(self.result, by_alias=True, ensure_ascii=True).decode("ascii")


class Root(pytest.Collector):
    """All bundled checks, section by section. No file, so that no setting for files applies to it."""

    def __init__(self, name: str, parent: pytest.Collector) -> None:
        super().__init__(name, parent, nodeid=name)

    def collect(self) -> Iterator[pytest.Collector]:
        for section in dict.fromkeys(check.section for check in _bundled(self.config)):
            yield Section.from_parent(self, name=section)


class Section(pytest.Collector):
    def collect(self) -> Iterator[pytest.Item]:
        for check in _bundled(self.config):
            if check.section == self.name:
                yield CheckItem.from_parent(self, name=check.slug, check=check, bundled=True)


def item_of(collector: pytest.Collector, name: str, value: object) -> pytest.Item | None:
    """An item for a check that a module of the user's declares; None for everything else."""
    if not isinstance(value, Check):
        return None
    try:
        mine = collector.config.stash[KEY].adopt(value)
    except ValueError as error:
        raise collector.CollectError(str(error)) from None
    return CheckItem.from_parent(collector, name=value.id, check=value, bundled=False) if mine else None


def _bundled(config: pytest.Config) -> Iterator[Check]:
    """The bundled checks to be run: those that the command line names, if it names any."""
    session = config.stash[KEY]
    yield from (check for check in session.bundled if session.named is None or check.id in session.named)


def _section_marker(config: pytest.Config, section: str) -> pytest.MarkDecorator:
    """The marker of that section, registered: strict projects refuse any other."""
    name = section.replace("-", "_")
    line = f"{name}: go-live checks of the section {section}"
    if line not in config.getini("markers"):
        config.addinivalue_line("markers", line)
    marker: pytest.MarkDecorator = getattr(pytest.mark, name)
    return marker


def _shown(text: str) -> str:
    """As it may stand in anybody's log, whatever the client made us say."""
    return for_log(plain(text, MOST_SHOWN, lines=True))


def _told(check: Check, result: CheckResult, contract: Contract) -> Iterator[str]:
    if result.finding is None:
        yield result.reason or "error"
        return
    from conformance.reporting.counterexample import finding_entry

    finding = finding_entry(result.finding, contract)
    yield f"{check.id} ({check.severity}): {finding.summary}"
    if finding.impact:
        yield f"  Impact: {finding.impact}"
    yield ""
    yield from (f"  {line}" for line in finding.sequence)
    yield ""
    if finding.remedy:
        yield f"  Remedy: {finding.remedy}"
    if check.source:
        yield f"  Source: {check.source}"

"""Checks in words: what `golive checks` and `golive explain` print, and the page of all checks, `docs/checks.md`.

What lives here: what is said of a check and in which order, and the forms of it.
What must never be known here: any check in particular.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from conformance import catalogue
from conformance.check import Check
from conformance.contracts import DEFAULT, load_contract
from conformance.mistakes import resembling
from conformance.reporting.markdown import code, escaped
from conformance.requirements import Requirement

WIDTH = 90
PAGE = """\
# The checks

What golive asks of a client, check by check. This page is made by `golive checks --markdown` from the checks
themselves; `golive explain` prints one entry of it. Change a check, then `make docs`; do not write here.

**Severity**: a *blocker* puts real money, real keys or real data at risk; *major* is an outage waiting to happen;
*advisory* is good practice, and never changes the verdict. **Generated**: after the cases that are named in it, which
always run, the check is tried on random schedules of faults, and what fails is made as small as it can be.
**Declared**: the profile is read, nothing is observed. A check whose precondition was never seen is *not tested*.

How to read what they find: [reading a finding](integrator.md#reading-a-finding). Checks of your own:
[writing checks](writing-checks.md). The clients that each check is measured by: [the gallery](gallery.md).
"""


def explanation(check_id: str) -> str:
    """Everything that is to be said of a check. Raises LookupError when there is none of that id."""
    known = {check.id: check for check in catalogue.checks()}
    if check_id not in known:
        ids = {check.slug: check.id for check in known.values()} | {id_: id_ for id_ in known}
        meant = resembling(check_id, ids)
        hint = f'did you mean "{ids[meant]}"?' if meant else "`golive checks` lists them"
        raise LookupError(f'no check is called "{check_id}"; {hint}')
    return "\n".join(_terminal(known[check_id]))


def handbook(checks: Iterable[Check]) -> str:
    """The page of the checks, in Markdown. It ends in a newline."""
    return "\n".join(_page(list(checks)))


def table(checks: Iterable[Check]) -> str:
    """A line for each."""
    known = list(checks)
    width = max((len(check.id) for check in known), default=0)
    return "".join(f"{check.id:{width}}  {check.severity:8}  {check.title}\n" for check in known)


def entries(checks: Iterable[Check]) -> str:
    """A list for programs, as JSON."""
    told = [
        {
            "id": check.id,
            "section": check.section,
            "severity": check.severity,
            "title": check.title,
            "requirements": list(check.requirements),
        }
        for check in checks
    ]
    return json.dumps(told, indent=2) + "\n"


def _told(check: Check) -> Iterator[tuple[str, str]]:
    """What is said beyond its name: headings, each with a paragraph."""
    yield "Why it matters", check.impact
    yield "How it goes wrong", check.why
    yield "How it is tested", check.method
    yield "When it passes", check.passes
    yield "How to mend it", check.remedy
    yield "Behind a proxy", check.only_simulated and f"Not tested there: {check.only_simulated}."


def _requirements(check: Check) -> Iterator[Requirement]:
    known = {requirement.id: requirement for requirement in catalogue.requirements()}
    yield from (known[name] for name in check.requirements)


def _kind(check: Check) -> str:
    basis = "declared" if check.declaration else "generated" if check.generated else ""
    return f"{check.severity}, {basis}" if basis else check.severity


def _terminal(check: Check) -> Iterator[str]:
    yield f"{check.id}  ({_kind(check)})"
    yield check.title
    clauses = [
        f"{each.text} ({each.id}, {each.strength}; source: {each.source})" for each in _requirements(check)
    ]
    for heading, paragraphs in (("Requirement", clauses), *((name, [text]) for name, text in _told(check))):
        if any(paragraphs):
            yield ""
            yield heading
        for paragraph in paragraphs:
            # Not at hyphens: ids and page names are to be searched for.
            yield from textwrap.wrap(
                " ".join(paragraph.split()),
                WIDTH,
                initial_indent="  ",
                subsequent_indent="  ",
                break_on_hyphens=False,
            )


def _page(checks: list[Check]) -> Iterator[str]:
    sections = [(section, list(group)) for section, group in groupby(checks, key=lambda check: check.section)]
    yield PAGE
    vendor = load_contract(DEFAULT).source
    yield f"Requirements are the vendor's, in our words; their sources are pages below <{vendor}>."
    yield ""
    yield "| check | severity | |"
    yield "|---|---|---|"
    for check in checks:
        yield f"| [{check.id}](#{_anchor(check.id)}) | {check.severity} | {escaped(check.title)} |"
    for section, group in sections:
        first = next((each.section for check in group for each in _requirements(check)), section)
        yield from ("", f"## {section}: {escaped(first)}")
        for check in group:
            yield from _entry(check)
    yield ""


def _entry(check: Check) -> Iterator[str]:
    yield from ("", f"### {check.id}", "")
    yield f"**{escaped(check.title)}.** {_kind(check).capitalize()}."
    for heading, text in _told(check):
        if text:
            yield from ("", f"*{heading}.* {_prose(text)}")
    yield ""
    for each in _requirements(check):
        yield f"- Requirement {code(each.id)} ({each.strength}): {_prose(each.text)} Source: {code(each.source)}"


def _prose(text: str) -> str:
    """A docstring's or a sentence's words; what is between backticks in them is code there too."""
    parts = " ".join(text.split()).split("`")
    return "".join(code(part) if index % 2 else escaped(part) for index, part in enumerate(parts))


def _anchor(heading: str) -> str:
    """The fragment by which code forges link to a heading."""
    return heading.lower().replace(".", "")

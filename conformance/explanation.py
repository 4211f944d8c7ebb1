"""A check in words: what `golive explain` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from conformance import catalogue
from conformance.check import Check
from conformance.mistakes import resembling


def explanation(check_id: str) -> str:
    """Everything that is to be said of a check. Raises LookupError when there is none of that id."""
    known = {check.id: check for check in catalogue.checks()}
    if check_id not in known:
        ids = {check.slug: check.id for check in known.values()} | {id_: id_ for id_ in known}
        meant = resembling(check_id, ids)
        hint = f'did you mean "{ids[meant]}"?' if meant else "`golive checks` lists them"
        raise LookupError(f'no check is called "{check_id}"; {hint}')
    return "\n".join(_lines(known[check_id]))


def _lines(check: Check) -> Iterator[str]:
    yield f"{check.id}  ({check.severity})"
    yield check.title
    requirements = {requirement.id: requirement for requirement in catalogue.requirements()}
    yield from _part(
        "Requirement",
        *(
            f"{requirements[name].text} ({name}, {requirements[name].strength}; source: "
            f"{requirements[name].source})"
            for name in check.requirements
        ),
    )
    yield from _part("Why it matters", check.impact)
    yield from _part("How it is tested", check.method)
    yield from _part("How to mend it", check.remedy)


def _part(heading: str, *paragraphs: str) -> Iterator[str]:
    yield ""
    yield heading
    for paragraph in paragraphs:
        # Not at hyphens: ids and page names are to be searched for.
        yield from textwrap.wrap(
            " ".join(paragraph.split()),
            90,
            initial_indent="  ",
            subsequent_indent="  ",
            break_on_hyphens=False,
        )

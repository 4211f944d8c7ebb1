"""What became of the waivers between two reports. Pure.

What lives here: which waivers were added, removed, changed or have expired, and how they differ, in words.
What must never be known here: what a waiver's check found, and whether anything is a regression.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import zip_longest

from conformance.reporting.comparison.entries import WaiverChange, WaiverEntryChange
from conformance.reporting.plain import plain
from conformance.reporting.readiness import Readiness, WaiverEntry


def waiver_changes(old: Readiness, new: Readiness, asked: Collection[str]) -> Iterator[WaiverEntryChange]:
    """Each waiver that is not as it was. `asked`: the ids of the checks that the new run was asked for."""
    before, after = _by_check(old), _by_check(new)
    for id_ in {**after, **before}:
        for was, now in zip_longest(before.get(id_, []), after.get(id_, [])):
            change: WaiverChange
            differences: tuple[str, ...] = ()
            if was is None:
                change = "added"
            elif now is None:
                change = "removed"
            else:
                differences = tuple(_differences(was, now, asked=id_ in asked))
                expired = now.state == "expired" and was.state != "expired"
                if not (expired or differences):
                    continue
                change = "expired" if expired else "changed"
            entry = now or was
            yield WaiverEntryChange(
                check=plain(id_, 100),
                change=change,
                owner=plain(entry.owner, 200),
                reason=plain(entry.reason, 500),
                expires=entry.expires,
                note=plain(entry.note, 300),
                blocks=entry.blocks and not (was and was.blocks),
                differences=differences,
            )


def _differences(was: WaiverEntry, now: WaiverEntry, *, asked: bool) -> Iterator[str]:
    if was.owner != now.owner:
        yield f"owner {plain(now.owner, 200)}, before {plain(was.owner, 200)}"
    if was.expires != now.expires:
        yield f"until {now.expires.isoformat()}, before {was.expires.isoformat()}"
    if was.reason != now.reason:
        yield f"reason: {plain(now.reason, 500)}; before: {plain(was.reason, 500)}"
    if asked and was.note != now.note:
        yield f"{plain(now.note, 300)}; before: {plain(was.note, 300)}"


def _by_check(report: Readiness) -> dict[str, list[WaiverEntry]]:
    found: dict[str, list[WaiverEntry]] = {}
    for waiver in report.waivers:
        found.setdefault(waiver.check, []).append(waiver)
    return found

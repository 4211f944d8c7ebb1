"""`python -m gallery.mutation`: the reference client with one systematic edit after the other. Which does no check see?

What lives here: how each edit is put to the checks, what is printed, and why we believe that some survive.
What must never be known here: how edits are made (`gallery/edits.py`), and what any check does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from conformance import catalogue
from conformance.finding import CheckResult
from gallery.edits import Edit, edits
from gallery.pages import write_part
from gallery.survivors import REASONS
from gallery.viewing import view

AT_ONCE = 2
MODULE = "edited_reference"
SOURCE = Path(__file__).with_name("reference.py")
KEPT = Path("golive-report") / "mutants.jsonl"
"""what is known already, for `--resume`"""
GRAVE = frozenset(check.id for check in catalogue.checks() if check.severity != "advisory")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one edit. `by`: the check that failed, or those that could not be passed any more. `advised`:
    checks of good practice that failed, which never change a verdict.
    """

    edit: str
    digest: str
    fate: Literal["caught", "advised", "untested", "survived"]
    by: tuple[str, ...] = ()
    summary: str = ""
    advised: tuple[str, ...] = ()


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if an edit survives that has no reason to."""
    parser = argparse.ArgumentParser(prog="python -m gallery.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="edits in whose name one of these is; all if none")
    parser.add_argument("--resume", action="store_true", help="what was caught before is not examined again")
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, metavar="N", help="edits examined side by side"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, the same ones each time")
    parser.add_argument("--list", action="store_true", help="only print the edits")
    parser.add_argument("--write", action="store_true", help="what came of it into docs/gallery.md as well")
    asked = parser.parse_args(arguments)
    wanted = [
        edit
        for edit in edits(SOURCE.read_text("utf-8"))
        if not asked.names or any(name in edit.name for name in asked.names)
    ]
    if asked.sample:
        chosen = sorted(wanted, key=lambda edit: hashlib.sha256(edit.name.encode()).digest())[: asked.sample]
        wanted = [edit for edit in wanted if edit in chosen]
    if asked.list:
        print("\n".join(edit.name for edit in wanted))
        return 0
    fates = _examined(wanted, _kept() if asked.resume else {}, asked.at_once)
    told = list(_told(wanted, fates))
    print("\n" + "\n".join(told))
    if asked.write:
        write_part("mutants", told)
    return 1 if any(fate.fate == "survived" and fate.edit not in REASONS for fate in fates) else 0


def _examined(wanted: Sequence[Edit], known: dict[str, Fate], at_once: int) -> list[Fate]:
    """In the order of the edits; each is kept as soon as it is there."""
    fates = {edit.name: known[_digest(edit)] for edit in wanted if _digest(edit) in known}
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a" if known else "w", encoding="utf-8") as file, ThreadPoolExecutor(at_once) as pool:
        begun = [pool.submit(_fate, edit) for edit in wanted if edit.name not in fates]
        for number, future in enumerate(as_completed(begun), 1):
            fate = future.result()
            fates[fate.edit] = fate
            file.write(json.dumps(asdict(fate)) + "\n")
            file.flush()
            by = f"by {', '.join(fate.by)}" if fate.by else ""
            print(f"{number:4}/{len(begun)}  {fate.fate:9} {fate.edit}  {by}", flush=True)
    return [fates[edit.name] for edit in wanted]


def _fate(edit: Edit) -> Fate:
    results = view(
        f"{MODULE}:Reference.place_order",
        files={f"{MODULE}.py": edit.source},
        until=lambda result: result.status in ("failed", "error") and result.id in GRAVE,
    )
    failed = [each for each in results.values() if each.status in ("failed", "error")]
    advised = tuple(each.id for each in failed if each.id not in GRAVE)
    for each in failed:
        if each.id in GRAVE:
            return Fate(edit.name, _digest(edit), "caught", (each.id,), _summary(each), advised)
    untested = tuple(each.id for each in results.values() if each.status == "skipped" and each.id in GRAVE)
    fate: Literal["untested", "advised", "survived"] = (
        "untested" if untested else "advised" if advised else "survived"
    )
    return Fate(edit.name, _digest(edit), fate, untested, advised=advised)


def _summary(result: CheckResult) -> str:
    return result.finding.violation.summary if result.finding else (result.reason or "")[-300:]


def _told(wanted: Sequence[Edit], fates: Sequence[Fate]) -> Iterator[str]:
    count = Counter(fate.fate for fate in fates)
    yield (
        f"{len(wanted)} edits: {count['caught']} caught by a blocker or major check, {count['untested']} left "
        f"something that matters untested (so that the verdict is not ready), {count['advised']} only met "
        f"advice, {count['survived']} survived."
    )
    by = Counter(fate.by[0] for fate in fates if fate.fate == "caught")
    yield ""
    yield f"Caught first by: {', '.join(f'{check} ({times})' for check, times in by.most_common())}."
    rest = [fate for fate in fates if fate.fate != "caught"]
    if rest:
        yield ""
        yield "| edit | what became of it | why |"
        yield "|---|---|---|"
    for fate in rest:
        named = ", ".join((*fate.by, *fate.advised))
        edit = fate.edit.replace("|", "\\|")
        what = f"{fate.fate}: {named}" if named else fate.fate
        yield f"| `{edit}` | {what} | {REASONS.get(fate.edit, '**no reason known**')} |"


def _kept() -> dict[str, Fate]:
    if not KEPT.exists():
        return {}
    kept = [json.loads(line) for line in KEPT.read_text("utf-8").splitlines()]
    return {
        each["digest"]: Fate(**{**each, "by": tuple(each["by"]), "advised": tuple(each["advised"])})
        for each in kept
        if each["fate"] == "caught"
    }


def _digest(edit: Edit) -> str:
    return hashlib.sha256(edit.source.encode()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

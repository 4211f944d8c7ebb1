"""`golive merge`: the reports on the parts of a run, read, joined and written as one.

What must never be known here: what parts must have in common and how they add up (`reporting/merging.py`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from conformance.mistakes import Mistakes, spell
from conformance.reporting.folder import LeakInReport, write
from conformance.reporting.json_file import read_report
from conformance.reporting.merging import merge
from conformance.reporting.readiness import SCHEMA, Readiness
from conformance.reporting.terminal import print_summary
from conformance.reporting.verdict import status_of

MOST_ERRORS = 3
"""of one report, which are told"""


def join(folders: Sequence[Path], output: Path) -> int:
    """Writes the joined report into `output` and prints its summary. The exit status, as of `golive run`: 0, 1, 3.

    Raises Mistakes where the reports cannot be read, do not make a whole, or the joined one cannot be written.
    """
    parts: dict[str, Readiness] = {}
    wrong: list[str] = []
    for folder in folders:
        if folder.resolve() == output.resolve():
            wrong.append(f"{folder}: a part would be overwritten; name another place with -o")
        elif str(folder) in parts:
            wrong.append(f"{folder}: it is named twice")
        else:
            try:
                parts[str(folder)] = read_report(folder)
            except OSError as error:
                reason = os.strerror(error.errno) if error.errno else str(error)
                wrong.append(f"{folder}: no report can be read there: {reason}")
            except ValidationError as error:
                wrong += _told(folder, error)
    if wrong:
        raise Mistakes(wrong)
    whole = merge(parts)
    try:
        written = write(whole, output)
    except (OSError, LeakInReport) as error:
        raise Mistakes([f"{output}: the report cannot be written there: {error}"]) from None
    print_summary(whole, written, Console(highlight=False, soft_wrap=True))
    return status_of(whole)


def _told(folder: Path, error: ValidationError) -> list[str]:
    """What a report has that no report can have. Nothing of its text is repeated."""
    told = [
        f"{folder}: no report as {SCHEMA} has it: {spell(each['loc']) or 'the file'}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    more = len(told) - MOST_ERRORS
    return told if more <= 0 else [*told[:MOST_ERRORS], f"{folder}: and {more} more of the kind"]

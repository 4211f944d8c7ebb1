"""A report that somebody names: read, or refused in words that say what is wrong with it.

What must never be known here: what a report means, and what it is read for.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from conformance.mistakes import Mistakes, spell
from conformance.reporting.json_file import read_report
from conformance.reporting.plain import plain
from conformance.reporting.readiness import SCHEMA, Readiness

MOST_ERRORS = 3
"""of one report, which are told"""


def stored_report(named: Path) -> Readiness:
    """The report of a folder, or of its `readiness.json`.

    Raises Mistakes, a line for each of the first reasons why it cannot be had. Nothing of its text is repeated.
    """
    try:
        return read_report(named)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        if named.is_dir() and isinstance(error, FileNotFoundError):
            reason = "it has no readiness.json"
        raise Mistakes([f"{named}: no report can be read there: {reason}"]) from None
    except ValidationError as error:
        told = [
            plain(
                f"{named}: no report as {SCHEMA} has it: {spell(each['loc']) or 'the file'}: {each['msg']}",
                1_000,
            )
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        more = len(told) - MOST_ERRORS
        raise Mistakes(
            told if more <= 0 else [*told[:MOST_ERRORS], f"{named}: and {more} more of the kind"]
        ) from None

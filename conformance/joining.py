"""`golive merge`: the reports on the parts of a run, read, joined and written as one.

What must never be known here: what parts must have in common and how they add up (`reporting/merging.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.console import Console
from conformance.mistakes import Mistakes
from conformance.publishing import publish
from conformance.reporting.folder import LeakInReport, write
from conformance.reporting.merging import merge
from conformance.reporting.readiness import Readiness
from conformance.reporting.stored import stored_report
from conformance.reporting.terminal import print_summary
from conformance.reporting.verdict import status_of
from conformance.signing_keys import read_signing_key


def join(folders: Sequence[Path], output: Path, sign: str | None = None) -> int:
    """Writes the joined report into `output` and prints its summary. The exit status, as of `golive run`: 0, 1, 3.

    `sign`: the key that signs it. Raises Mistakes where key or reports cannot be read, do not make
    a whole, or the joined one cannot be written.
    """
    key = read_signing_key(sign) if sign is not None else None
    parts: dict[str, Readiness] = {}
    wrong: list[str] = []
    for folder in folders:
        if folder.resolve() == output.resolve():
            wrong.append(f"{folder}: a part would be overwritten; name another place with -o")
        elif str(folder) in parts:
            wrong.append(f"{folder}: it is named twice")
        else:
            try:
                parts[str(folder)] = stored_report(folder)
            except Mistakes as mistakes:
                wrong += mistakes.lines
    if wrong:
        raise Mistakes(wrong)
    whole = merge(parts)
    try:
        written = write(whole, output, key.secrets if key else (), sign=key.sign if key else None)
    except (OSError, LeakInReport) as error:
        raise Mistakes([f"{output}: the report cannot be written there: {error}"]) from None
    console = Console()
    print_summary(whole, written, console)
    publish(whole, console)
    return status_of(whole)

"""`golive verify`: a report's folder, taken apart, and what fits and what does not, printed.

What must never be known here: what has to fit (`reporting/verification.py` and what it asks).
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import __version__, catalogue
from conformance.console import Console
from conformance.contracts import builtin_names, contract_digest, load_contract
from conformance.mistakes import Mistakes
from conformance.reporting.integrity.agreement import Known
from conformance.reporting.integrity.received import receive
from conformance.reporting.integrity.verification import Verification, verify
from conformance.reporting.lines import print_line
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted
from conformance.reporting.wording import VERDICTS
from conformance.signing_keys import read_public_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reporting.readiness import Readiness

SCHEMA = "golive/verification/v1"
MOST_SHOWN = 40
"""of what does not fit; a file that is another one differs everywhere"""
NEVER = (
    "Not verified, since no file can tell: that the run was honest, and that this client is the one in production. "
    "golive replay DIR CHECK runs a counterexample again, golive run --seed the whole."
)


def verify_report(folder: Path, public_key: Path | None, contract: Path | None, *, as_json: bool) -> int:
    """Prints what came of it; the exit status: 0 all fits, 1 something does not, 3 something could not be checked.

    Raises Mistakes for a folder, key or contract that cannot be read.
    """
    key = read_public_key(public_key) if public_key is not None else None
    known_for = _known_for(contract)
    try:
        received = receive(folder)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Mistakes([f"{folder}: no report's folder can be read there: {reason}"]) from None
    found = verify(received, known_for, key, today=datetime.now(UTC).date())
    if as_json:
        print(json.dumps(_as_data(found), indent=2))
    else:
        show(folder, found)
    return found.status


def _known_for(named: Path | None) -> Callable[[Readiness], Known]:
    """What this golive knows. Nothing that a report names is loaded but a contract of our own, and only by its name."""
    given = None
    if named is not None:
        if not named.is_file():
            raise Mistakes([f"--contract: {named}: there is no such file"])
        given = load_contract(named), contract_digest(named)

    def known_for(readiness: Readiness) -> Known:
        told, found = readiness.contract, given
        if found is None and told.name in builtin_names() and contract_digest(told.name) == told.digest:
            found = load_contract(told.name), told.digest
        checks = catalogue.checks()
        if found is None:
            return Known(checks, catalogue.requirements(), version=__version__)
        contract, digest = found
        under = tuple(check.under(contract) for check in checks)
        whose = "golive" if named is None else str(named)
        return Known(under, catalogue.requirements(), contract, digest, __version__, whose)

    return known_for


def show(folder: Path, found: Verification) -> None:
    """Prints it for a person: what fits, what does not, what nobody looked at."""
    console = Console()

    def say(text: str, style: str = "") -> None:
        print_line(console, plain(text, 1_000), style)

    report = found.report
    if report is not None:
        written = report.generated_at.strftime("%Y-%m-%d %H:%M %Z").strip()
        says = VERDICTS[report.verdict]
        say(f"{folder}: says of {report.subject} that it is {says}; written {written}", "bold")
    else:
        say(f"{folder}: no report can be read", "bold")
    for each in found.verified:
        say(f"  fits: {each}", "green")
    if found.misfits:
        say("")
        say("What does not fit:", "bold red")
        for file, what in found.misfits[:MOST_SHOWN]:
            say(f"  {file}: {what}" if file else f"  {what}")
        if (more := len(found.misfits) - MOST_SHOWN) > 0:
            say(f"  and {more:,} more; --json lists them")
    if found.unchecked:
        say("")
        say("What could not be checked:", "bold yellow")
        for each in found.unchecked:
            say(f"  {each}")
    if found.open:
        say("")
        say("What was not looked at:", "bold")
        for each in found.open:
            say(f"  {each}")
    say("")
    say(NEVER)
    say("")
    say(f"In short: {_in_short(found)}.", "bold")


def _in_short(found: Verification) -> str:
    if found.misfits:
        return f"{counted(len(found.misfits), 'thing does', 'things do')} not fit; do not rely on this report"
    if found.unchecked:
        return "nothing contradicts the report, but not everything could be checked"
    if found.signed_by is not None:
        return "everything fits, and the holder of the key signed it"
    return "everything fits together; who made it is not known"


def _as_data(found: Verification) -> dict[str, object]:
    report = found.report
    return {
        "schema": SCHEMA,
        "result": {0: "fits", 1: "does-not-fit", 3: "not-checked"}[found.status],
        "report": report
        and {
            "subject": report.subject,
            "verdict": report.verdict,
            "generated_at": report.generated_at.isoformat(),
            "tool": report.tool.model_dump(),
        },
        "verified": found.verified,
        "misfits": [{"file": file or None, "what": what} for file, what in found.misfits],
        "unchecked": found.unchecked,
        "not_verified": [*found.open, NEVER],
        "signed_by": found.signed_by,
    }

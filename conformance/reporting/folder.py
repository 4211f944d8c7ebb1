"""The report's folder: every form of the report, written together once none of them holds a secret.

What lives here: the names of the files, the search for secrets, writing without half-written files.
What must never be known here: what the files say.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from conformance.hygiene.canary import Scanner
from conformance.reporting.html import to_html
from conformance.reporting.integrity.signing import SIGNATURE
from conformance.reporting.json_file import to_json
from conformance.reporting.junit import to_junit
from conformance.reporting.markdown import escaped, to_markdown
from conformance.reporting.readiness import Readiness
from conformance.reporting.sarif import to_sarif

Sign: TypeAlias = "Callable[[Readiness, Mapping[str, str]], str]"
"""from a report, and the SHA-256 of its files by name, to the text of the signature's file"""
SOMETIMES = "readiness.sarif"
BEGINNING = 12
"""characters by which the many secrets of a run are looked for all at once"""


class LeakInReport(Exception):
    """A secret would have been written into the report, which therefore was not written.

    `files` names the files that it was found in. The secret itself is nowhere in this exception.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = tuple(files)
        super().__init__(
            f"a key of this run is in {', '.join(files)}: nothing was written. This is a bug of golive, "
            "which should have redacted it where it was seen; please report it"
        )


def write(
    readiness: Readiness,
    folder: Path,
    secrets: Iterable[str] = (),
    scanners: Sequence[Scanner] = (),
    sign: Sign | None = None,
) -> list[Path]:
    """Writes `readiness.json`, `.html`, `.xml` and `.md` into the folder, which is made if there is none,
    `readiness.sarif` if a finding has a place in the source, and the signature if there is somebody to `sign`.

    Each file appears whole or not at all. `secrets` are the strings that must not be in any of them, such as
    the secret parts of the canary keys; empty strings are ignored. `scanners` find real keys, in whatever form.

    Raises LeakInReport before anything is written, OSError if the folder cannot be written to.
    """
    texts = forms_of(readiness)
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    last = {SIGNATURE: sign(readiness, digests)} if sign else {}
    forms = _by_beginning({form for secret in secrets if secret for form in _forms(secret)})
    leaking = [
        name
        for name, text in (texts | last).items()
        if _holds(text, forms) or any(scanner.spans(text.encode()) for scanner in scanners)
    ]
    if leaking:
        raise LeakInReport(leaking)
    folder.mkdir(parents=True, exist_ok=True)
    # Of an earlier run. The signature goes first and comes last, so that it never speaks of other files for long.
    for name in (SIGNATURE, SOMETIMES):
        if name not in texts:
            (folder / name).unlink(missing_ok=True)
    return [_write_whole(folder / name, text) for name, text in (texts | last).items()]


def forms_of(readiness: Readiness) -> dict[str, str]:
    """Every form of the report that there is for it, by the name of its file. The same report, the same texts."""
    texts = {
        "readiness.json": to_json(readiness),
        "readiness.html": to_html(readiness),
        "readiness.xml": to_junit(readiness),
        "readiness.md": to_markdown(readiness),
    }
    if any(check.finding and check.finding.locations for check in readiness.checks):
        texts[SOMETIMES] = to_sarif(readiness)
    return texts


def _forms(secret: str) -> set[str]:
    """The secret as it is, and as JSON and Markdown spell it."""
    return {secret, json.dumps(secret)[1:-1], escaped(secret)}


def _holds(text: str, beginnings: Mapping[str, tuple[str, ...]]) -> bool:
    # HTML and XML have many spellings of a character, but only one meaning.
    readings = {text, html.unescape(text)}
    # Every trial has a key of its own: looking for thousands one by one would take longer than the trials.
    return any(
        reading[at : at + length] in beginnings
        and reading.startswith(beginnings[reading[at : at + length]], at)
        for reading in readings
        for length in {len(beginning) for beginning in beginnings}
        for at in range(len(reading) - length + 1)
    )


def _by_beginning(forms: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for form in forms:
        found[form[:BEGINNING]] = (*found.get(form[:BEGINNING], ()), form)
    return found


def _write_whole(path: Path, text: str) -> Path:
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
    return path

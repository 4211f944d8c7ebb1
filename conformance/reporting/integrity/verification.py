"""Does everything in a report's folder fit together? Each thing that was looked at, and each that does not fit. Pure.

What lives here: the order in which a report is taken apart, and what is said of each part.
What must never be known here: where the files are, and where catalogue, contract and keys come from.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import JsonValue, ValidationError

from conformance.mistakes import spell
from conformance.reporting.folder import forms_of
from conformance.reporting.integrity.agreement import Known, disagreements, own_checks
from conformance.reporting.integrity.consistency import Misfit, inconsistencies, miscounted
from conformance.reporting.integrity.received import REPORT, Received, first_difference, listed
from conformance.reporting.integrity.signing import (
    PAYLOAD_TYPE,
    SIGNATURE,
    NotAnEnvelope,
    Opened,
    is_signed_by,
    opened,
    statement,
)
from conformance.reporting.integrity.strict_json import NotStrict, differences, read_strictly
from conformance.reporting.json_file import json_schema, to_json
from conformance.reporting.plain import plain
from conformance.reporting.quantities import counted
from conformance.reporting.readiness import SCHEMA, Readiness
from conformance.retrial import Terms, Unjudgeable, digest_misfits, is_stored, judged_again

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from securesystemslib.signer import Key

DOES_NOT_FIT, NOT_CHECKED = 1, 3
"""exit statuses"""
MOST_OF_SENTENCE = 600
"""characters"""
MOST_OF_A_KIND = 10
"""mistakes of the schema that are told"""
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,40}")


@dataclass(slots=True)
class Verification:
    """What came of it, in sentences. `misfits`: file, and what does not fit there, place first. `unchecked`: what this
    golive cannot know; `open`: what nobody can tell from the files alone.
    """

    report: Readiness | None = None
    verified: list[str] = field(default_factory=list)
    misfits: list[tuple[str, str]] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    signed_by: str | None = None
    """the id of the key that was given, where it signed"""

    @property
    def status(self) -> int:
        """Exit status: 0 all fits, 1 something does not, 3 something could not be checked."""
        return DOES_NOT_FIT if self.misfits else NOT_CHECKED if self.unchecked else 0


def verify(
    received: Received, known_for: Callable[[Readiness], Known], key: Key | None = None, *, today: date
) -> Verification:
    """Everything that can be said of these files. `known_for`: what this golive knows, for a report. `key`: of whoever
    should have signed. `today`: by which waivers may have run out since.
    """
    found = Verification(misfits=list(received.flaws))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in received.contents.items()}
    files = {name: digest for name, digest in digests.items() if name != SIGNATURE}
    if REPORT in received.contents:
        with_care(found, REPORT, lambda: _report(found, received.contents[REPORT]))
    readiness = found.report
    known = None if readiness is None else known_for(readiness)
    if readiness is not None and known is not None:
        look_at(found, readiness, known)
        if readiness.tool.version == known.version:
            with_care(found, REPORT, lambda: _forms(found, readiness, received, known))
        else:
            found.unchecked.append(_of_other_version(readiness.tool.version, known.version))
        _since(found, readiness, today)
    same = readiness is not None and known is not None and readiness.tool.version == known.version
    with_care(found, SIGNATURE, lambda: _signature(found, received, readiness if same else None, files, key))
    return _fit_to_be_shown(found)


def look_at(found: Verification, readiness: Readiness, known: Known) -> None:
    """What can be said of a report without looking at any file: arithmetic, evidence, catalogue, judging."""
    with_care(found, REPORT, lambda: _arithmetic(found, readiness))
    with_care(found, REPORT, lambda: _digests(found, readiness))
    if readiness.tool.version == known.version:
        with_care(found, REPORT, lambda: _agreement(found, readiness, known))
        with_care(found, REPORT, lambda: _counterexamples(found, readiness, known))


def _fit_to_be_shown(found: Verification) -> Verification:
    """Much of it is from files that may hold anything."""
    for sentences in (found.verified, found.unchecked, found.open):
        sentences[:] = [plain(each, MOST_OF_SENTENCE) for each in sentences]
    found.misfits[:] = [(plain(file, 100), plain(what, MOST_OF_SENTENCE)) for file, what in found.misfits]
    return found


def with_care(found: Verification, file: str, look: Callable[[], None]) -> None:
    """Looks at something that may have been made to break whoever looks at it."""
    try:
        look()
    except Exception as error:  # noqa: BLE001  whatever is in these files, it must be said, not raised
        found.misfits.append(
            (file, f"is no report that golive wrote: reading it ended in {type(error).__name__}")
        )


def _say(found: Verification, misfits: Iterable[Misfit], proven: str) -> None:
    """What does not fit; if nothing, what was proven."""
    told = [(REPORT, f"{misfit.place} {misfit.what}".strip()) for misfit in misfits]
    found.misfits += told
    if not told:
        found.verified.append(proven)


def _report(found: Verification, content: bytes) -> None:
    """Schema and model. What is not to both is looked at no further."""
    try:
        data = read_strictly(content)
    except NotStrict as error:
        found.misfits.append((REPORT, str(error)))
        return
    errors = list(islice(_schema().iter_errors(data), MOST_OF_A_KIND))
    if errors:
        found.misfits += [
            (REPORT, f"{spell(tuple(error.absolute_path)) or 'it'} is not to {SCHEMA}: {error.message}")
            for error in errors
        ]
        return
    try:
        readiness = Readiness.model_validate(data)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=False, include_input=False)[
            :MOST_OF_A_KIND
        ]:
            found.misfits.append((REPORT, f"{spell(each['loc']) or 'it'} is not to {SCHEMA}: {each['msg']}"))
        return
    found.report = readiness
    due = to_json(readiness)
    told = list(differences(data, json.loads(due)))
    _say(
        found,
        (Misfit(place, what) for place, what in told),
        f"{REPORT} keeps to {SCHEMA}: nothing in it is missing, unknown or there twice",
    )
    if not told and (otherwise := first_difference(content, due.encode())):
        found.misfits.append((REPORT, otherwise))


@cache
def _schema() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json_schema())


def _arithmetic(found: Verification, readiness: Readiness) -> None:
    told = [
        f"{counted(len(readiness.checks), 'check')} add up to {readiness.verdict}",
        f"{counted(len(readiness.requirements), 'requirement')} stand as their checks make them",
    ]
    if readiness.waivers:
        told.append(f"{counted(len(readiness.waivers), 'waiver')} as the dates have it")
    _say(found, [*inconsistencies(readiness), *miscounted(readiness)], ", ".join(told))


def _digests(found: Verification, readiness: Readiness) -> None:
    for index, check in enumerate(readiness.checks):
        if check.finding is not None:
            place = f"checks[{index}].finding.counterexample"
            found.misfits += [
                (REPORT, f"{place}.{misfit}") for misfit in digest_misfits(check.finding.counterexample)
            ]


def _agreement(found: Verification, readiness: Readiness, known: Known) -> None:
    own = own_checks(readiness, known)
    ours = counted(len(known.checks), "check")
    clauses = counted(len(known.requirements), "requirement")
    told = readiness.contract
    as_had = f"; the contract is {told.name} {told.version}, as {known.contract_from} has it"
    by = as_had if known.contract is not None else ""
    _say(
        found,
        disagreements(readiness, known),
        f"{ours} and {clauses} are those of {readiness.tool.name} {readiness.tool.version}{by}",
    )
    if own:
        found.open.append(
            f"{counted(len(own), 'check')} of the integrator's own, of which golive knows nothing: {listed(own)}"
        )
    if known.contract is None:
        found.unchecked.append(
            f"the contract {told.name} {told.version} ({told.digest[:19]}) is not built into this golive, so that "
            "nothing could be judged again by it: name its file with --contract"
        )


def _counterexamples(found: Verification, readiness: Readiness, known: Known) -> None:
    if known.contract is None:
        return
    terms = Terms(known.contract, readiness.run.api_version or "")
    before = len(found.misfits)
    judged, unjudged, alone = 0, [], []
    for index, entry in enumerate(readiness.checks):
        check = known.check(entry.id)
        if entry.finding is None or check is None:
            continue
        place = f"checks[{index}].finding"
        try:
            misfits = judged_again(entry, check, terms)
        except Unjudgeable as error:
            unjudged.append(f"{entry.id} could not be judged again: {error}")
            continue
        except Exception as error:  # noqa: BLE001  whatever a judge makes of evidence that was made up
            misfits = [Misfit("counterexample", f"of {entry.id} cannot be judged: {type(error).__name__}")]
        judged += is_stored(entry)
        alone += [] if is_stored(entry) else [entry.id]
        found.misfits += [
            (REPORT, f"{place}.{misfit}" if misfit.place else f"{place} {misfit}") for misfit in misfits
        ]
    found.unchecked += unjudged
    if judged and len(found.misfits) == before:
        found.verified.append(
            f"{counted(judged, 'counterexample')} judged again: {'it shows' if judged == 1 else 'all show'} what "
            f"{'it is' if judged == 1 else 'they are'} said to show"
        )
    if alone:
        found.open.append(
            f"{counted(len(alone), 'finding')} about keys, source or profile, which the report does not hold: "
            + listed(alone)
        )


def _forms(found: Verification, readiness: Readiness, received: Received, known: Known) -> None:
    due = forms_of(readiness)
    before = len(found.misfits)
    compared = [name for name in due if name != REPORT and name in received.contents]
    for name in compared:
        if otherwise := first_difference(received.contents[name], due[name].encode()):
            found.misfits.append((name, otherwise))
    flawed = {name for name, _ in received.flaws}
    for name in due:
        if name not in received.contents and name not in flawed:
            found.misfits.append((name, "is missing"))
    for name in received.contents:
        if name not in (*due, SIGNATURE):
            found.misfits.append((name, "should not be there: no finding has a place in the source"))
    if compared and len(found.misfits) == before:
        are = "is" if len(compared) == 1 else "are"
        found.verified.append(
            f"{listed(sorted(compared))} {are} what golive {known.version} makes of {REPORT}, byte for byte"
        )


def _signature(
    found: Verification,
    received: Received,
    readiness: Readiness | None,
    files: Mapping[str, str],
    key: Key | None,
) -> None:
    """`readiness`: None where nobody here knows what this version would have stated."""
    if SIGNATURE not in received.contents:
        if key is not None and all(name != SIGNATURE for name, _ in received.flaws):
            found.misfits.append(
                (SIGNATURE, f"is missing: nobody signed this report, with {key.keyid} or otherwise")
            )
        found.open.append("who made these files: they are not signed")
        return
    before = len(found.misfits)
    try:
        envelope = opened(received.contents[SIGNATURE])
    except NotAnEnvelope as error:
        found.misfits.append((SIGNATURE, str(error)))
        return
    found.misfits += [(SIGNATURE, what) for what in _stated(envelope, readiness, files)]
    if len(envelope.key_ids) != 1:
        found.misfits.append(
            (SIGNATURE, f"has {counted(len(envelope.key_ids), 'signature')}, and golive makes one")
        )
    if key is not None:
        found.misfits += [(SIGNATURE, what) for what in _by(envelope, key)]
    if len(found.misfits) > before:
        return
    over = f"{SIGNATURE} is over exactly these {counted(len(files), 'file')}"
    if key is None:
        signer = plain(envelope.key_ids[0], 64)
        found.verified.append(f"{over}, as they are")
        found.open.append(
            f"whose signature it is: it names the key {signer}, and no --key was given to check that"
        )
    else:
        found.signed_by = key.keyid
        found.verified.append(f"{over}, and signed with the key {key.keyid}")


def _stated(envelope: Opened, readiness: Readiness | None, files: Mapping[str, str]) -> Iterator[str]:
    """What the statement says, against the files that are there and the report that is among them."""
    if envelope.payload_type != PAYLOAD_TYPE:
        yield f'payloadType is "{envelope.payload_type}", and should be "{PAYLOAD_TYPE}"'
    told = envelope.statement
    subjects = told.get("subject") if isinstance(told, dict) else None
    signed = dict(_digests_of(subjects))
    for name, digest in files.items():
        if name not in signed:
            yield f"{name} is not among what was signed"
        elif signed[name] != digest:
            yield f"{name} was another when it was signed: its SHA-256 is {digest[:12]}…, not {signed[name][:12]}…"
    for name in signed:
        if name not in files:
            yield f"{plain(name, 60)} was signed, and is not there"
    if readiness is None or any(signed.get(name) != digest for name, digest in files.items()):
        return
    for place, what in differences(told, statement(readiness, files)):
        yield f"{place} {what}"


def _digests_of(subjects: JsonValue) -> Iterator[tuple[str, str]]:
    """SHA-256 of each file that was signed, by name."""
    for subject in subjects if isinstance(subjects, list) else ():
        if isinstance(subject, dict):
            name, digest = subject.get("name"), subject.get("digest")
            value = digest.get("sha256") if isinstance(digest, dict) else None
            if isinstance(name, str) and isinstance(value, str):
                yield name, value


def _by(envelope: Opened, key: Key) -> Iterator[str]:
    if key.keyid not in envelope.key_ids:
        others = listed([plain(id_, 64) for id_ in envelope.key_ids[:3]]) or "nobody"
        yield f"is not signed with the key {key.keyid}, but with {others}"
    elif not is_signed_by(envelope, key):
        yield f"names the key {key.keyid}, which did not make this signature"


def _of_other_version(theirs: str, ours: str) -> str:
    told = plain(theirs, 40)
    command = f": pip install golive-conformance=={theirs}" if _VERSION.fullmatch(theirs) else ""
    return (
        f"it was written by golive {told}, and this is golive {ours}: whether its checks, its counterexamples and the "
        f"other files are as they were cannot be verified with this version; use golive {told}{command}"
    )


def _since(found: Verification, readiness: Readiness, today: date) -> None:
    over = sorted(
        {waiver.check for waiver in readiness.waivers if waiver.state == "used" and waiver.expires < today}
    )
    if over:
        found.open.append(
            f"whether it would still hold: the waivers on {listed(over)} have run out since it was written"
        )

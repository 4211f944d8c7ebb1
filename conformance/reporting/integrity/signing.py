"""What a signature on a report says, and how it is written down: an in-toto statement in a DSSE envelope. Pure.

What lives here: the statement that follows from a report and its files, the envelope around it, how both are opened.
What must never be known here: where keys and files are kept, and what becomes of what does not fit.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from conformance.reporting.integrity.strict_json import NotStrict, read_strictly
from conformance.reporting.readiness import CheckEntry, Readiness

if TYPE_CHECKING:
    from securesystemslib.signer import Key, Signer

SIGNATURE = "readiness.intoto.jsonl"
"""the file: one envelope on one line"""
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
CLIENT = "client"
"""the subject that stands for what was examined"""
CLIENT_ALGORITHM = "golive-client-v1"
"""SHA-256 over the names and contents of the client's source files: no digest of any one file"""

Outcome = Literal["PASSED", "WARNED", "FAILED"]


class NotAnEnvelope(ValueError):
    """What the file holds is no envelope as golive writes it; the text says what is wrong, fit to be shown."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope, read and not yet trusted: whose the signature is nobody has looked at."""

    statement: JsonValue
    payload: bytes
    payload_type: str
    key_ids: tuple[str, ...]
    signatures: tuple[bytes, ...]


def statement(readiness: Readiness, files: Mapping[str, str]) -> dict[str, JsonValue]:
    """What is signed. `files`: SHA-256 in hex of every file of the report, by name."""
    subject: list[JsonValue] = [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)]
    subject += _client(readiness)
    selection = readiness.run.selection
    asked = [check for check in readiness.checks if selection is None or check.id in selection.checks]
    passed, warned, failed = (
        [check.id for check in asked if outcome_of(check) == outcome]
        for outcome in ("PASSED", "WARNED", "FAILED")
    )
    predicate: dict[str, JsonValue] = {
        "result": _result(readiness, bool(warned)),
        "configuration": list(_configuration(readiness)),
        "passedTests": list(passed),
        "warnedTests": list(warned),
        "failedTests": list(failed),
    }
    return {"_type": STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}


def outcome_of(check: CheckEntry) -> Outcome | None:
    """In which list of the predicate a check stands. None: it does not concern the client, or it is advice that was
    not tested. What should have been tested and was not never counts as more than a failure.
    """
    advice = check.severity == "advisory"
    match check.status:
        case "passed":
            return "PASSED"
        case "waived":
            return "WARNED"
        case "failed":
            return "WARNED" if advice else "FAILED"
        case "error":
            return "FAILED"
        case "skipped":
            return None if advice else "FAILED"
        case "not-applicable":
            return None


def _result(readiness: Readiness, warned: bool) -> Outcome:
    """PASSED is a client that is ready without a but; a run that is incomplete has not passed anything."""
    if readiness.verdict in ("not-ready", "incomplete"):
        return "FAILED"
    return "WARNED" if warned or readiness.verdict == "ready-with-waivers" else "PASSED"


def _client(readiness: Readiness) -> Iterator[JsonValue]:
    run = readiness.run
    digest: dict[str, JsonValue] = {}
    if run.client_digest is not None:
        digest[CLIENT_ALGORITHM] = run.client_digest
    # What was changed since the commit is not what the commit names.
    if run.commit is not None and not run.commit.modified:
        digest["gitCommit"] = run.commit.id
    if digest:
        yield {"name": CLIENT, "digest": digest}


def _configuration(readiness: Readiness) -> Iterator[JsonValue]:
    contract, tool = readiness.contract, readiness.tool
    yield {"name": f"contract {contract.name} {contract.version}", "digest": {"sha256": contract.digest}}
    if readiness.run.profile_digest is not None:
        yield {"name": "profile", "digest": {"sha256": readiness.run.profile_digest}}
    yield {"name": tool.name, "uri": f"pkg:pypi/{tool.name}@{tool.version}"}


def sealed(told: Mapping[str, JsonValue], signer: Signer) -> str:
    """The envelope over a statement: the whole file, one line."""
    from securesystemslib.dsse import Envelope

    payload = json.dumps(told, separators=(",", ":"), allow_nan=False).encode("ascii")
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return _line(
        payload,
        PAYLOAD_TYPE,
        [(sig.keyid, bytes.fromhex(sig.signature)) for sig in envelope.signatures.values()],
    )


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Signed(_Strict):
    keyid: str
    sig: str


class _Envelope(_Strict):
    payload: str
    payloadType: str
    signatures: list[_Signed]


def opened(text: bytes) -> Opened:
    """The envelope, and what it says. Raises NotAnEnvelope for anything that golive would not have written so."""
    try:
        envelope = _Envelope.model_validate(read_strictly(text))
        payload = base64.b64decode(envelope.payload, validate=True)
        signatures = [(each.keyid, base64.b64decode(each.sig, validate=True)) for each in envelope.signatures]
    except NotStrict as error:
        raise NotAnEnvelope(str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise NotAnEnvelope(f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}") from None
    except (binascii.Error, ValueError):
        raise NotAnEnvelope("its payload or signature is not in base64") from None
    if _line(payload, envelope.payloadType, signatures).encode() != text:
        raise NotAnEnvelope("it is not written as golive writes it: one line, nothing before or after it")
    try:
        told = read_strictly(payload)
    except NotStrict as error:
        raise NotAnEnvelope(f"its payload: {error}") from None
    ids, signed = [keyid for keyid, _ in signatures], [signature for _, signature in signatures]
    return Opened(told, payload, envelope.payloadType, tuple(ids), tuple(signed))


def is_signed_by(envelope: Opened, key: Key) -> bool:
    """Is one of the signatures by this key, over exactly what the envelope holds?"""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import Signature

    signatures = {
        keyid: Signature(keyid, signature.hex())
        for keyid, signature in zip(envelope.key_ids, envelope.signatures, strict=True)
    }
    try:
        Envelope(envelope.payload, envelope.payload_type, signatures).verify([key], 1)
    except VerificationError:
        return False
    return True


def _line(payload: bytes, payload_type: str, signatures: list[tuple[str, bytes]]) -> str:
    envelope = {
        "payload": base64.b64encode(payload).decode("ascii"),
        "payloadType": payload_type,
        "signatures": [
            {"keyid": keyid, "sig": base64.b64encode(signature).decode("ascii")}
            for keyid, signature in signatures
        ],
    }
    return json.dumps(envelope, separators=(",", ":")) + "\n"

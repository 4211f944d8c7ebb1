"""What is signed, by whom, and every way in which a signature does not fit."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from integrity_reports import files_of, report, results, verified

from conformance.finding import CheckResult
from conformance.mistakes import Mistakes
from conformance.reporting.folder import write
from conformance.reporting.integrity.signing import SIGNATURE, statement
from conformance.reporting.integrity.verification import Verification
from conformance.reporting.readiness import Commit
from conformance.signing_keys import SigningKey, make_keys, read_public_key, read_signing_key

pytest.importorskip("securesystemslib", reason="the extra `sign` is not installed")
cryptography = pytest.importorskip("cryptography", reason="the extra `sign` is not installed")

Files = dict[str, bytes]
Change = Callable[[Files], Files]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder / "release")
    make_keys(folder / "other")
    return folder


@pytest.fixture(scope="module")
def key(home: Path) -> SigningKey:
    return read_signing_key(str(home / "release.key"))


@pytest.fixture(scope="module")
def signed(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("signed")
    return {path.name: path.read_bytes() for path in write(report(), folder, sign=key.sign)}


@cache
def other() -> Files:
    return files_of(report(subject="acme-payouts"))


def seen(files: Files, home: Path, name: str = "release.pub") -> Verification:
    return verified(files, key=read_public_key(home / name))


def told(files: Files, home: Path, name: str = "release.pub") -> list[str]:
    return [f"{file}: {what}" for file, what in seen(files, home, name).misfits]


def payload(files: Files) -> dict[str, object]:
    return json.loads(base64.b64decode(json.loads(files[SIGNATURE])["payload"]))  # type: ignore[no-any-return]


def test_a_signature_is_over_every_file_and_by_the_key(signed: Files, home: Path, key: SigningKey) -> None:
    found = seen(signed, home)
    assert (found.misfits, found.status, found.signed_by) == ([], 0, key.key_id)
    assert (
        f"{SIGNATURE} is over exactly these 5 files, and signed with the key {key.key_id}" in found.verified
    )
    assert not any("who made" in each or "whose" in each for each in found.open)


def test_without_a_key_the_files_are_compared_and_nobody_is_known(signed: Files, key: SigningKey) -> None:
    found = verified(signed)
    assert (found.misfits, found.status, found.signed_by) == ([], 0, None)
    assert f"{SIGNATURE} is over exactly these 5 files, as they are" in found.verified
    assert (
        f"whose signature it is: it names the key {key.key_id}, and no --key was given to check that"
        in found.open
    )


def test_the_statement_is_what_its_consumers_read(signed: Files) -> None:
    stated = payload(signed)
    assert json.loads(signed[SIGNATURE])["payloadType"] == "application/vnd.in-toto+json"
    assert signed[SIGNATURE].count(b"\n") == 1
    assert stated["_type"] == "https://in-toto.io/Statement/v1"
    assert stated["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    subjects = {subject["name"]: subject["digest"] for subject in stated["subject"]}  # type: ignore[attr-defined, index]  # JSON
    assert sorted(subjects) == ["client", *sorted(signed.keys() - {SIGNATURE})]
    assert subjects["client"] == {"golive-client-v1": "23" * 32, "gitCommit": "45" * 20}
    assert stated["predicate"] == {
        "result": "FAILED",
        "configuration": [
            {"name": "contract runa 2024-02-05", "digest": {"sha256": report().contract.digest}},
            {"name": "profile", "digest": {"sha256": "01" * 32}},
            {"name": "golive-conformance", "uri": "pkg:pypi/golive-conformance@0.1.0"},
        ],
        "passedTests": [
            "account.key-not-logged",
            "account.ip-allowlist-sane",
            "errors.final-not-retried",
            "versions.pinned",
        ],
        "warnedTests": ["retries.same-key-on-retry", "retries.bounded"],
        "failedTests": [
            "account.key-not-in-source",
            "retries.exactly-once",
            "errors.type-surfaced",
            "sandbox.reachable",
        ],
    }


def result_of(*ended: CheckResult, **more: object) -> object:
    by_id = {result.id: CheckResult(result.id, "passed", trials=1) for result in results()}
    by_id |= {result.id: result for result in ended}
    stated = statement(report(results=list(by_id.values()), **{"waivers": (), **more}), {})
    return stated["predicate"]["result"]  # type: ignore[call-overload, index]  # JSON


def test_only_what_is_ready_without_a_but_has_passed() -> None:
    assert result_of() == "PASSED"
    assert result_of(CheckResult("rate-limits.jitter", "skipped", reason="no time")) == "PASSED"
    assert result_of(CheckResult("retries.bounded", "skipped", reason="no time")) == "FAILED"
    assert result_of(CheckResult("retries.bounded", "error", reason="Traceback")) == "FAILED"
    assert result_of(interrupted="it was interrupted") == "FAILED"
    assert result_of(selected={"retries.bounded"}) == "FAILED"
    waived = CheckResult("retries.bounded", "skipped", reason="no time")
    from integrity_reports import Accepted

    assert result_of(waived, waivers=(Accepted("retries.bounded"),)) == "WARNED"


def test_what_was_changed_since_its_commit_is_not_called_by_it() -> None:
    stated = statement(report(commit=Commit(id="45" * 20, modified=True)), {})
    assert stated["subject"] == [{"name": "client", "digest": {"golive-client-v1": "23" * 32}}]
    unknown = statement(report(commit=None, client_digest=None), {})
    assert unknown["subject"] == []


def bent(change: Callable[[dict[str, object]], object]) -> Change:
    """The envelope with something else in it, its signature as it was."""

    def apply(files: Files) -> Files:
        envelope = json.loads(files[SIGNATURE])
        change(envelope)
        return {**files, SIGNATURE: (json.dumps(envelope, separators=(",", ":")) + "\n").encode()}

    return apply


def restated(change: Callable[[dict[str, object]], object]) -> Change:
    """The same of the statement inside."""

    def apply(envelope: dict[str, object]) -> None:
        inner = json.loads(base64.b64decode(str(envelope["payload"])))
        change(inner)
        text = json.dumps(inner, separators=(",", ":")).encode()
        envelope["payload"] = base64.b64encode(text).decode()

    return bent(apply)


def file_as(text: Callable[[bytes], bytes]) -> Change:
    return lambda files: {**files, SIGNATURE: text(files[SIGNATURE])}


def signature_of(envelope: dict[str, object]) -> dict[str, str]:
    return envelope["signatures"][0]  # type: ignore[index, no-any-return] # as written


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda files: {n: c for n, c in files.items() if n != SIGNATURE},
            "is missing: nobody signed this report",
        ),
        (lambda files: {**files, **other()}, "readiness.json was another when it was signed"),
        (
            lambda files: {**files, "readiness.html": other()["readiness.html"]},
            "readiness.html was another when it was signed",
        ),
        (
            lambda files: {n: c for n, c in files.items() if n != "readiness.md"},
            "readiness.md was signed, and is not there",
        ),
        (bent(lambda e: e.update(payloadType="text/plain")), 'payloadType is "text/plain"'),
        (bent(lambda e: e.update(signatures=[])), "has 0 signatures"),
        (bent(lambda e: e["signatures"].append(dict(signature_of(e)))), "has 2 signatures"),  # type: ignore[attr-defined]
        (bent(lambda e: e["signatures"].append({"keyid": "x", "sig": "AAAA"})), "has 2 signatures"),  # type: ignore[attr-defined]
        (bent(lambda e: e.update(more=1)), "more: Extra inputs"),
        (bent(lambda e: e.pop("payload")), "payload: Field required"),
        (bent(lambda e: e.update(payload="*")), "not in base64"),
        (bent(lambda e: e.update(payload=5)), "payload: Input should be a valid string"),
        (bent(lambda e: signature_of(e).update(sig="AAAA")), "which did not make this signature"),
        (bent(lambda e: signature_of(e).update(keyid="\x1b[31m")), "but with \\x1b[31m"),
        (
            restated(lambda s: s["predicate"].update(result="PASSED")),
            'predicate.result is "PASSED", and should be "FAIL',
        ),  # type: ignore[attr-defined]
        (restated(lambda s: s["predicate"]["failedTests"].pop()), "predicate.failedTests has 3 entries"),  # type: ignore[index]
        (restated(lambda s: s["subject"].pop(0)), "readiness.html is not among what was signed"),  # type: ignore[attr-defined]
        (
            restated(lambda s: s["subject"][0].update(name="index.html")),
            "index.html was signed, and is not there",
        ),  # type: ignore[index]
        (restated(lambda s: s.update(subject="all")), "readiness.json is not among what was signed"),
        (restated(lambda s: s.update(predicateType="x")), 'predicateType is "x"'),
        (restated(lambda s: s["subject"][-1]["digest"].clear()), "digest.golive-client-v1 is missing"),  # type: ignore[index]
        (file_as(lambda text: text[:-1]), "it is not written as golive writes it"),
        (file_as(lambda text: text + text), "it is no JSON: Extra data"),
        (file_as(lambda text: text.replace(b"\n", b"\r\n")), "it is not written as golive writes it"),
        (file_as(lambda text: text.replace(b":", b": ", 1)), "it is not written as golive writes it"),
        (file_as(lambda text: text[: len(text) // 2]), "it is no JSON"),
        (file_as(lambda _: b"[" * 100_000), "nested more than 60 levels deep"),
        (file_as(lambda _: b""), "it is no JSON"),
        (file_as(lambda _: b"\xff"), "it is no UTF-8"),
    ],
)
def test_a_signature_that_does_not_fit_is_named(signed: Files, home: Path, change: Change, says: str) -> None:
    lines = told(change(dict(signed)), home)
    assert any(line.startswith(f"{SIGNATURE}: ") and says in line for line in lines), lines


def test_no_bit_of_the_signature_can_be_turned(signed: Files, home: Path) -> None:
    """Of the envelope every hundredth byte, of the statement and the signature by way of it."""
    text = signed[SIGNATURE]
    key = read_public_key(home / "release.pub")
    from conformance.reporting.integrity.signing import NotAnEnvelope, is_signed_by, opened

    for place in range(0, len(text), 23):
        other_ = text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]
        try:
            envelope = opened(other_)
        except NotAnEnvelope:
            continue
        assert key.keyid not in envelope.key_ids or not is_signed_by(envelope, key), place


def test_another_key_signed_nothing_here(signed: Files, home: Path, key: SigningKey) -> None:
    other_id = read_public_key(home / "other.pub").keyid
    assert told(signed, home, "other.pub") == [
        f"{SIGNATURE}: is not signed with the key {other_id}, but with {key.key_id}"
    ]


def test_a_tampered_report_cannot_be_signed_again_by_somebody_else(home: Path, tmp_path: Path) -> None:
    forger = read_signing_key(str(home / "other.key"))
    forged = {path.name: path.read_bytes() for path in write(report(waivers=()), tmp_path, sign=forger.sign)}
    assert verified(forged).misfits == []
    assert [line.partition(": ")[2].partition(" the key")[0] for line in told(forged, home)] == [
        "is not signed with"
    ]


# The folder


def test_an_unsigned_run_takes_an_old_signature_away(key: SigningKey, tmp_path: Path) -> None:
    assert write(report(), tmp_path, sign=key.sign)[-1].name == SIGNATURE
    write(report(), tmp_path)
    assert not (tmp_path / SIGNATURE).exists()


def test_the_signature_comes_last_and_goes_first(
    key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(report(), tmp_path, sign=key.sign)
    replaced: list[tuple[str, bool]] = []
    really = os.replace

    def watched(draft: str, path: Path) -> None:
        replaced.append((Path(path).name, (tmp_path / SIGNATURE).exists()))
        really(draft, path)

    monkeypatch.setattr("os.replace", watched)
    write(report(waivers=()), tmp_path, sign=key.sign)
    assert [name for name, _ in replaced][-1] == SIGNATURE
    assert not any(there for _, there in replaced)


# Keys


def test_a_private_key_is_its_owners_alone_and_in_no_repr(home: Path, key: SigningKey) -> None:
    assert stat.S_IMODE((home / "release.key").stat().st_mode) == 0o600
    assert (home / "release.key").read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert (home / "release.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----\n")
    (secret,) = key.secrets
    assert secret in (home / "release.key").read_text()
    assert secret not in repr(key)
    assert secret not in (home / "release.pub").read_text()


@pytest.mark.parametrize("there", ["release.key", "release.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(Mistakes) as caught:
        make_keys(tmp_path / "release")
    assert caught.value.lines == (
        f"{tmp_path / there} is there already, and a key is never overwritten; name another place with -o",
    )
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_half_a_pair_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith(".pub"):
            raise OSError(28, "No space left on device", str(path))
        return really(path, flags, mode)

    monkeypatch.setattr("os.open", full)
    with pytest.raises(Mistakes, match="No space left on device"):
        make_keys(tmp_path / "release")
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_a_variable_is_taken_out_of_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch, key: SigningKey
) -> None:
    monkeypatch.setenv("GOLIVE_TEST_KEY", (home / "release.key").read_text().rstrip("\n"))
    assert read_signing_key("env:GOLIVE_TEST_KEY").key_id == key.key_id
    assert "GOLIVE_TEST_KEY" not in os.environ


def pem(kind: str) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    sealed = serialization.BestAvailableEncryption(b"x") if kind == "locked" else serialization.NoEncryption()
    made = (
        ec.generate_private_key(ec.SECP256R1()) if "ecdsa" in kind else ed25519.Ed25519PrivateKey.generate()
    )
    if kind.endswith("public"):
        return made.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    return made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no private key in PEM; golive keygen makes one"),
        (b"\xff" * 100, "holds no private key in PEM"),
        (b"x" * 20_000, "is too large for a key"),
        (pem("public"), "holds a public key; the private one signs"),
        (pem("ecdsa"), "holds a key of another kind ("),
        (pem("locked"), "needs a passphrase, which nobody can type in CI; keep one without"),
    ],
    ids=["empty", "noise", "large", "public", "ecdsa", "locked"],
)
def test_what_cannot_sign_is_refused_before_the_run(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(Mistakes) as caught:
        read_signing_key(str(path))
    (line,) = caught.value.lines
    assert line.startswith("--sign: ")
    assert says in line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no public key in PEM; golive keygen makes one"),
        (pem("private"), "is a private key, which a reviewer should never see; the public one is beside it"),
        (pem("ecdsa public"), "is a key of another kind "),
    ],
    ids=["empty", "private", "ecdsa"],
)
def test_what_cannot_verify_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(Mistakes) as caught:
        read_public_key(path)
    (line,) = caught.value.lines
    assert line.startswith(f"--key: {path} ")
    assert says in line


@pytest.mark.parametrize("wanted", [pem("private").decode(), "env:GOLIVE_NO_SUCH_KEY", "/no/such/file"])
def test_no_refusal_repeats_a_key(wanted: str) -> None:
    with pytest.raises(Mistakes) as caught:
        read_signing_key(wanted)
    assert "MC4CAQ" not in str(caught.value)


def test_without_the_libraries_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "securesystemslib.signer", None)
    for attempt in (
        lambda: make_keys(tmp_path / "release"),
        lambda: read_signing_key(str(home / "release.key")),
        lambda: read_public_key(home / "release.pub"),
    ):
        with pytest.raises(Mistakes, match=r"pip install 'golive-conformance\[sign\]'"):
            attempt()


def test_a_signature_is_compared_without_the_libraries_too(
    signed: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "securesystemslib", None)
    assert verified(signed).misfits == []

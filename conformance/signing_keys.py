"""Keys that sign reports and verify them: made, read, and never shown.

What lives here: `golive keygen`, what `--sign` and `--key` name, and what is wrong with it.
What must never be known here: what is signed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.mistakes import Mistakes

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key

    from conformance.reporting.readiness import Readiness

EXTRA = "pip install 'golive-conformance[sign]'"
VARIABLE = "env:"
"""before the name of a variable that holds the key itself"""
LARGEST = 10_000
"""bytes; a key has some hundred"""
PRIVATE = "PRIVATE KEY"
HOW_TO_MAKE_ONE = "golive keygen makes one"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that has been read. Nothing of it is in its repr, and nothing may write it down."""

    signer: CryptoSigner = field(repr=False)
    key_id: str

    def sign(self, readiness: Readiness, files: Mapping[str, str]) -> str:
        """The signature's file over a report with these files (SHA-256 in hex, by name)."""
        from conformance.reporting.integrity.signing import sealed, statement

        return sealed(statement(readiness, files), self.signer)

    @property
    def secrets(self) -> list[str]:
        """What must not be in any file of the report."""
        lines = self.signer.private_bytes.decode("ascii").splitlines()
        return ["".join(line for line in lines if "-" not in line)]


def make_keys(name: Path) -> tuple[Path, Path, str]:
    """A new key pair: the files of the private and the public key, and the key's id. Raises Mistakes."""
    signer_of = _library("golive keygen")
    private, public = name.with_name(f"{name.name}.key"), name.with_name(f"{name.name}.pub")
    for path in (private, public):
        if os.path.lexists(path):
            raise Mistakes(
                [f"{path} is there already, and a key is never overwritten; name another place with -o"]
            )
    signer = signer_of()
    try:
        _write_new(private, signer.private_bytes, 0o600)
        try:
            _write_new(public, _public_pem(signer), 0o644)
        except OSError:
            private.unlink()
            raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Mistakes([f"{error.filename or private}: the key cannot be written there: {reason}"]) from None
    return private, public, signer.public_key.keyid


def what_to_do_with(private: Path, public: Path, key_id: str) -> str:
    """Where each of the two belongs, for whoever made them."""
    return (
        f"Wrote {private}, the private key, and {public}, the public one.\n"
        f"Key id: {key_id}\n\n"
        f"{private} signs: golive run --sign {private}. In CI, keep it as a secret of the job that runs golive, in a\n"
        "variable (--sign env:NAME), and nowhere else: not in the repository, not beside a report. Whoever has it\n"
        "can sign any report.\n\n"
        f"{public} verifies: golive verify golive-report --key {public}. Give it to the reviewer once, by another\n"
        "way than the reports, and have them compare the key id with you."
    )


def read_signing_key(wanted: str) -> SigningKey:
    """The key that `--sign` names: a file, or `env:NAME` for a variable that holds it, which is then taken out of the
    environment, so that nothing that is started from here inherits it. Raises Mistakes; no word of the key is in them.
    """
    if is_key_itself(wanted):
        raise Mistakes([THE_KEY_ITSELF])
    named = wanted.removeprefix(VARIABLE)
    if wanted.startswith(VARIABLE):
        where = f"the variable {named}"
        text = os.environ.pop(named, None)
        if not text or not text.strip():
            raise Mistakes(
                [f"--sign: {where} is {'empty' if text is not None else 'not set'}; it should hold the key"]
            )
        pem = text.strip().encode("utf-8", "replace") + b"\n"
    else:
        where = named
        pem = _read("--sign", Path(named), HOW_TO_MAKE_ONE)
    _library("--sign")
    return _signing_key(pem, where)


def read_public_key(path: Path) -> Key:
    """The key that `--key` names. Raises Mistakes."""
    pem = _read("--key", path, "whoever signed gives it to you")
    _library("--key")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    if PRIVATE.encode() in pem:
        raise Mistakes(
            [
                f"--key: {path} is a private key, which a reviewer should never see; the public one is beside it"
            ]
        )
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise Mistakes([f"--key: {path} is no public key in PEM; {HOW_TO_MAKE_ONE}"]) from None
    if not isinstance(key, Ed25519PublicKey):
        raise Mistakes(
            [f"--key: {path} is {_kind(key)}, and reports are signed with Ed25519; {HOW_TO_MAKE_ONE}"]
        )
    return SSlibKey.from_crypto(key)


THE_KEY_ITSELF = (
    "--sign: that is a key itself, which everybody on this machine can read among a command's arguments; name its "
    "file, or env:NAME for a variable that holds it. Take it for known, and make another: golive keygen"
)


def is_key_itself(wanted: str) -> bool:
    return PRIVATE in wanted or "\n" in wanted


def _signing_key(pem: bytes, where: str) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise Mistakes(
            [f"--sign: the key in {where} needs a passphrase, which nobody can type in CI; keep one without"]
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        if b"BEGIN PUBLIC KEY" in pem:
            raise Mistakes([f"--sign: {where} holds a public key; the private one signs"]) from None
        raise Mistakes([f"--sign: {where} holds no private key in PEM; {HOW_TO_MAKE_ONE}"]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Mistakes(
            [f"--sign: {where} holds {_kind(key)}, and reports are signed with Ed25519; {HOW_TO_MAKE_ONE}"]
        )
    signer = CryptoSigner(key)
    return SigningKey(signer, signer.public_key.keyid)


def _public_pem(signer: CryptoSigner) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    public = load_pem_private_key(signer.private_bytes, password=None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _library(option: str) -> Callable[[], CryptoSigner]:
    """How keys are made, where the libraries for that are there."""
    try:
        import cryptography  # noqa: F401  the other does without it until it is too late
        from securesystemslib.signer import CryptoSigner
    except ImportError:
        raise Mistakes([f"{option}: signatures need libraries that are not installed: {EXTRA}"]) from None
    return CryptoSigner.generate_ed25519


def _read(option: str, path: Path, remedy: str) -> bytes:
    try:
        with path.open("rb") as file:
            pem = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        raise Mistakes(
            [f"{option}: {path} cannot be read: {os.strerror(number) if number else error}; {remedy}"]
        ) from None
    if len(pem) > LARGEST:
        raise Mistakes([f"{option}: {path} is too large for a key; {remedy}"])
    return pem


def _write_new(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _kind(key: object) -> str:
    """What sort of key it is, by its class: `Ed448PublicKey` is an Ed448 key."""
    name = type(key).__name__.lstrip("_").removesuffix("PublicKey").removesuffix("PrivateKey")
    return f"a key of another kind ({name})"

"""The certificates that the sandbox shows: one of each kind that a client may meet, and what a client is to trust.

What lives here: making them, under an authority that nobody else trusts and that is thrown away after the run; and TLS
contexts made of them. One of a kind is wrong in one way alone.
What must never be known here: sockets, trials, and what a client does about any of it.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conformance.evidence import Certificate

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

HOSTS: Final = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "localhost")
"""everywhere where a sandbox may be"""
SECURE_HOST: Final = HOSTS[2]
"""where the sandbox speaks TLS: some clients do not look at the certificate of what they take for a machine of their
own, and a promise about that is a promise about nothing
"""
_PASSWORD: Final = "changeit"  # the one that everybody uses, since there is nothing to hide in a trust store
_CA_FILES: Final = (
    "SSL_CERT_FILE",  # OpenSSL, and so Python, Ruby, Perl and PHP; Go; .NET; httpx; Rust's native roots
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "DENO_CERT",
    "HTTPLIB2_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
)
_OTHERS: Final = ("another-host.example", "192.0.2.1")
_YEAR: Final = timedelta(days=365)
# Clients live faster than we do, and some take no certificate that is good for longer than 825 days.
_GOOD: Final = (-_YEAR, _YEAR)
_EXPIRED: Final = (-4 * _YEAR, -2 * _YEAR)
_NOT_YET: Final = (2 * _YEAR, 4 * _YEAR)
_SUBJECT: Final = ("golive", "sandbox, trusted by nobody else")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Those in a folder, where `make_certificates` has put them. It may be read by another process."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        """What a client is to trust, in PEM, and nothing else."""
        return self.folder / "ca.pem"

    @property
    def trust_store(self) -> Path:
        """The same for Java, in PKCS #12."""
        return self.folder / "ca.p12"

    def trust(self) -> dict[str, str]:
        """The environment in which the libraries of most languages trust `ca_file`; docs/integrator.md has a table."""
        env = dict.fromkeys(_CA_FILES, str(self.ca_file))
        # After the colon: beside the folder that it looks in anyway.
        env["PHP_INI_SCAN_DIR"] = f"{os.pathsep}{self.folder}"
        if self.trust_store.exists():
            options = {"": self.trust_store, "Type": "PKCS12", "Password": _PASSWORD}
            env["JAVA_TOOL_OPTIONS"] = " ".join(
                f"-Djavax.net.ssl.trustStore{name}={value}" for name, value in options.items()
            )
        return env

    def context(self, kind: Certificate) -> ssl.SSLContext:
        """Shows that certificate. A new one knows no session of any other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{kind}.pem")
        context.num_tickets = 0
        return context


def make_certificates(folder: Path) -> Certificates:
    """Makes all kinds, good for `HOSTS` unless the kind says otherwise, and the folder if it is not there. Takes some
    hundredths of a second.
    """
    import trustme

    organization, unit = _SUBJECT
    authority = trustme.CA(organization_name=organization, organization_unit_name=unit)
    # Of the same name, so that nobody is fooled who only reads it.
    impostor = trustme.CA(organization_name=organization, organization_unit_name=unit)
    issued = {
        "good": _issued(authority, HOSTS, _GOOD),
        "unknown-ca": _issued(impostor, HOSTS, _GOOD),
        "expired": _issued(authority, HOSTS, _EXPIRED),
        "not-yet-valid": _issued(authority, HOSTS, _NOT_YET),
        "wrong-host": _issued(authority, _OTHERS, _GOOD),
        "self-signed": _self_signed(),
    }
    folder.mkdir(exist_ok=True)
    for kind, pem in issued.items():
        path = folder / f"{kind}.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
    made = Certificates(folder)
    made.ca_file.write_bytes(authority.cert_pem.bytes())
    (folder / "php.ini").write_text(f'openssl.cafile="{made.ca_file}"\ncurl.cainfo="{made.ca_file}"\n')
    if store := _trust_store(authority.cert_pem.bytes()):
        made.trust_store.write_bytes(store)
    return made


def _issued(authority: object, hosts: tuple[str, ...], valid: tuple[timedelta, timedelta]) -> bytes:
    import trustme

    assert isinstance(authority, trustme.CA)
    now = datetime.now(UTC)
    leaf = authority.issue_cert(
        *hosts, common_name=hosts[0], not_before=now + valid[0], not_after=now + valid[1]
    )
    return leaf.private_key_and_cert_chain_pem.bytes()


def _self_signed() -> bytes:
    """Right in everything, but that nobody has signed it other than itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key: EllipticCurvePrivateKey = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + _GOOD[0])
        .not_valid_after(now + _GOOD[1])
        .add_extension(x509.SubjectAlternativeName(_names()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _names() -> list[x509.GeneralName]:
    from ipaddress import ip_address

    from cryptography import x509

    return [x509.IPAddress(ip_address(host)) if host[0] in "1:" else x509.DNSName(host) for host in HOSTS]


def _trust_store(ca_pem: bytes) -> bytes | None:
    """None where the library is older than its way of making them."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    if not hasattr(pkcs12, "serialize_java_truststore"):
        return None
    entry = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(ca_pem), b"golive")
    return pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(_PASSWORD.encode()))

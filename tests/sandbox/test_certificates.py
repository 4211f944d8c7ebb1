"""The certificates that the sandbox shows: each wrong in one way, and all of them good for the length of any run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import pkcs12

from conformance.evidence import Certificate
from conformance.sandbox.certificates import Certificates, make_certificates

KINDS: tuple[Certificate, ...] = get_args(Certificate)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def shown(made: Certificates, kind: str) -> x509.Certificate:
    return x509.load_pem_x509_certificates((made.folder / f"{kind}.pem").read_bytes())[0]


def hosts(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(str(name.value) for name in names)


def is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def test_there_is_one_of_each_kind(made: Certificates) -> None:
    for kind in KINDS:
        made.context(kind)


def test_only_one_is_for_another_host(made: Certificates) -> None:
    good = hosts(shown(made, "good"))
    assert {"127.0.0.1", "localhost", "::1"} <= set(good)
    assert [kind for kind in KINDS if hosts(shown(made, kind)) != good] == ["wrong-host"]
    assert set(good).isdisjoint(hosts(shown(made, "wrong-host")))


def test_only_two_are_out_of_date_however_fast_a_client_lives(made: Certificates) -> None:
    now = datetime.now(UTC)
    for moment in (now - timedelta(days=200), now, now + timedelta(days=200)):
        wrong = [kind for kind in KINDS if not is_valid(shown(made, kind), moment)]
        assert wrong == ["expired", "not-yet-valid"]
    # Some libraries take none that is good for longer.
    good = shown(made, "good")
    assert good.not_valid_after_utc - good.not_valid_before_utc < timedelta(days=825)


def test_whoever_signed_the_impostor_has_the_same_name(made: Certificates) -> None:
    assert shown(made, "unknown-ca").issuer == shown(made, "good").issuer
    authority = x509.load_pem_x509_certificate(made.ca_file.read_bytes())
    shown(made, "good").verify_directly_issued_by(authority)
    with pytest.raises(InvalidSignature):
        shown(made, "unknown-ca").verify_directly_issued_by(authority)
    assert shown(made, "self-signed").issuer == shown(made, "self-signed").subject


def test_what_a_client_is_to_trust_is_the_authority_alone(made: Certificates) -> None:
    (authority,) = x509.load_pem_x509_certificates(made.ca_file.read_bytes())
    store = pkcs12.load_pkcs12(made.trust_store.read_bytes(), b"changeit")
    assert [entry.certificate for entry in store.additional_certs] == [authority]
    assert "PRIVATE" not in made.ca_file.read_text()


def test_private_keys_are_for_their_owner(made: Certificates) -> None:
    for kind in KINDS:
        assert (made.folder / f"{kind}.pem").stat().st_mode & 0o077 == 0


def test_variables_name_the_files(made: Certificates) -> None:
    env = made.trust()
    assert {Path(env[name]) for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")} == {
        made.ca_file
    }
    assert f"-Djavax.net.ssl.trustStore={made.trust_store} " in env["JAVA_TOOL_OPTIONS"]
    assert str(made.ca_file) in (made.folder / "php.ini").read_text()

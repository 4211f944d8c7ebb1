"""An endpoint may be wrong in every way: the verdict is clean, in time, and never a pass; nothing of a key is kept."""

from __future__ import annotations

import ssl
from pathlib import Path

import endpoints
import pytest
import trustme
from conftest import HURRIED, Asked
from endpoints import KEY, SECRET, Right, raw, served

from conformance import catalogue
from conformance.finding import CheckResult, results
from conformance.mistakes import Mistakes

SECTION = [check.id for check in catalogue.checks() if check.section == "sandbox"]
HTML = b"<html>nothing</html>"


def http(body: bytes, status: str = "200 OK", *more: bytes) -> bytes:
    head = [f"HTTP/1.1 {status}".encode(), b"Content-Length: %d" % len(body), *more]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


WILD = {
    "garbage": {"say": b"\x00\x01\x02 this is no HTTP\r\n\r\n"},
    "html": {"say": http(HTML)},
    "empty": {"say": http(b"")},
    "bytes": {"say": http(b"\xff\xfe\x00")},
    "half": {"say": b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"mess'},
    "nothing": {"say": b""},
    "reset": {"say": b"", "reset": True},
    "hang": {"say": b"", "hang": True},
    "hang in the head": {"say": b"HTTP/1.1 200 OK\r\nX-A: b\r\n", "hang": True},
    "drip": {"say": http(b"x" * 1000), "drip": 0.05},
    "large": {"say": http(b" " * 5_000_000 + b'{"message":"pong"}')},
    "endless head": {"say": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000, "hang": True},
    "not found": {"say": http(HTML, "404 Not Found")},
    "server error": {"say": http(HTML, "503 Service Unavailable")},
    "interim": {"say": b"HTTP/1.1 102 Processing\r\n\r\n", "hang": True},
    "false gzip": {"say": http(b"no gzip", "200 OK", b"Content-Encoding: gzip")},
    "deep": {"say": http(b"[" * 100_000)},
    "null": {"say": http(b"null")},
    "list": {"say": http(b"[]")},
    "number": {"say": http(b"1e999")},
    "odd headers": {"say": http(b"{}", "200 OK", b"X-Api-Version: \xe9\xff", b"Set-Cookie: a=b; Path")},
    "after one good answer": {"say": b"", "after": 1, "hang": True},
}


@pytest.mark.parametrize("way", WILD)
def test_no_verdict_is_a_pass_and_none_is_a_crash(ask: Asked, way: str) -> None:
    arguments = dict(WILD[way])
    with raw(arguments.pop("say"), **arguments) as base_url:  # type: ignore[arg-type]  # each of its own type
        found = [ask(check_id, base_url, examples=1) for check_id in SECTION]
    allowed = {"failed", "skipped"}
    for result in found:
        if way == "after one good answer" and result.id == "sandbox.reachable":
            continue
        assert result.status in allowed, (result.id, result.status)
        assert result.finding is not None or result.reason


def test_an_endpoint_that_is_silent_is_left_alone(ask: Asked) -> None:
    with raw(b"", hang=True) as base_url:
        reasons = [ask(check_id, base_url).reason or "" for check_id in SECTION]
    assert "was left alone" in reasons[-2]


def test_nobody_listens(ask: Asked) -> None:
    with raw(b"") as base_url:
        pass
    result = ask("sandbox.reachable", base_url)
    assert result.finding is not None
    assert result.finding.violation.summary == f"{base_url} cannot be reached: the connection was refused"


@pytest.mark.parametrize("wrong", ["unknown authority", "another host"])
def test_a_certificate_that_is_not_accepted(
    ask: Asked, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    if wrong == "another host":
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1" if wrong == "unknown authority" else "api.example").configure_cert(
        context
    )
    api = Right()
    with served(api, context) as base_url:
        result = ask("sandbox.reachable", base_url)
    assert result.finding is not None
    assert "its certificate was not accepted: " in result.finding.violation.summary
    assert api.requests == []


def test_a_redirect_is_never_followed(ask: Asked) -> None:
    other, here = Right(), endpoints.LeadsElsewhere()
    with served(other) as elsewhere, served(here) as base_url:
        here.other = elsewhere.removesuffix("/v2")
        found = {check_id: ask(check_id, base_url) for check_id in SECTION}
    assert other.requests == []
    finding = found["sandbox.reachable"].finding
    assert finding is not None
    host = elsewhere.removeprefix("http://").removesuffix("/v2")
    assert f"to somewhere else ([{host}, link " in finding.violation.summary
    assert found["sandbox.rejects-bad-key"].status == "skipped"


def everything(result: CheckResult) -> str:
    return results.dump_json(result).decode()


@pytest.mark.parametrize("check_id", SECTION)
def test_nothing_that_is_kept_holds_a_key_or_a_link(ask: Asked, check_id: str) -> None:
    with served(endpoints.EchoesTheKey()) as base_url:
        result = ask(check_id, base_url)
    kept = everything(result)
    assert SECRET[:12] not in kept
    assert SECRET.swapcase()[:12] not in kept
    assert "x.example/abc" not in kept
    if check_id == "sandbox.reachable":
        assert result.status == "failed"


@pytest.mark.parametrize("key", ["playground", "production"])
def test_nothing_is_sent_to_production(ask: Asked, key: str) -> None:
    with pytest.raises(Mistakes, match=r"is production|begins as those of production"):
        refuse(KEY if key == "playground" else f"wgABC123.{SECRET}", production_host=key == "playground")


def refuse(key: str, *, production_host: bool) -> None:
    from conformance.contracts import load_contract
    from conformance.endpoint.calling import Endpoint
    from conformance.hygiene.canary import canary_of

    contract = load_contract("runa")
    base_url = "https://API.runa.io./v2" if production_host else "https://playground.runa.io/v2"
    Endpoint(base_url, canary_of(contract, key), contract, str, limits=HURRIED)


def test_without_an_endpoint_the_section_does_not_apply(ask: Asked) -> None:
    for check_id in SECTION:
        result = ask(check_id, None)
        assert (result.status, "--api URL" in (result.reason or "")) == ("not-applicable", True)


def test_a_limit_that_stays_is_no_fault(ask: Asked) -> None:
    with served(endpoints.IsAlwaysFull()) as base_url:
        result = ask("sandbox.replays-original", base_url)
    assert result.status == "skipped"
    assert "rate limit" in (result.reason or "")

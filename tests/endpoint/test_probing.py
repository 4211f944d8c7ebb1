"""The key is tried from several addresses, and through proxies that are not always honest."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme
from endpoints import KEY, SECRET, VERSION
from forward_proxy import ForwardProxy, proxy

from conformance import catalogue
from conformance.contract import Contract
from conformance.endpoint.limits import Limits
from conformance.endpoint.routes import Route, read_route
from conformance.examination import Settings, examine
from conformance.finding import CheckResult
from conformance.keys import Keyring
from conformance.premises import Premises
from conformance.profile import Account, KeySource, Probes, Profile
from conformance.sandbox import Sandbox, World

CHECK = "account.ip-restriction-enforced"
HURRIED = Limits(pause=0, order_pause=0, patience=5)
LISTED, UNLISTED = "127.0.0.7", "127.0.0.8"
Tried = Callable[..., CheckResult]


@contextmanager
def guarded(contract: Contract, *allowed: str, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The base URL of an API that lets the key in from these addresses; from everywhere if there are none."""
    sandbox = Sandbox(contract, tls=None if tls is None else lambda certificate: tls)
    sandbox.start()
    allowlist = [ip_network(each) for each in allowed] or None
    sandbox.begin(World(contract, KEY, allowlist=allowlist))
    try:
        yield sandbox.base_url
    finally:
        sandbox.end()
        sandbox.stop()


@pytest.fixture
def tried(contract: Contract, tmp_path: Path) -> Tried:
    """The result of the check at that endpoint, with these probes in the profile."""

    def run(
        endpoint: str | None,
        inside: str | None = None,
        outside: str | None = None,
        *,
        key: str | None = KEY,
        named: bool = True,
        allowlist: tuple[str, ...] | None = None,
        dry_run: bool = False,
    ) -> CheckResult:
        keys = {"playground": KeySource(env="KEY_HERE")} if named else {}
        account = Account(keys=keys, ip_allowlist=allowlist, probes=Probes(inside=inside, outside=outside))
        profile = Profile(subject="acme", api_version=VERSION, account=account)
        keyring = Keyring(keys, contract, tmp_path, {"KEY_HERE": key} if key else {})
        premises = Premises(profile, contract, keyring, endpoint=endpoint, limits=HURRIED, dry_run=dry_run)
        check = next(check for check in catalogue.checks() if check.id == CHECK)
        result = examine(check, None, profile, contract, Settings(0, 1), premises)
        assert SECRET not in repr(result)
        return result

    return run


def seen(result: CheckResult) -> str:
    """What the check says, all of it, in one text."""
    assert "Traceback" not in (result.reason or ""), result.reason
    finding = result.finding.violation.summary if result.finding else ""
    return " | ".join(filter(None, (result.status, finding, result.reason, result.note)))


def test_a_restriction_that_is_in_force_is_proven_by_two_addresses(contract: Contract, tried: Tried) -> None:
    with guarded(contract, f"{LISTED}/32") as url:
        assert seen(tried(url, LISTED, UNLISTED)) == (
            "passed | the key was refused from here (403 forbidden); accepted from 127.0.0.7 (200); "
            "refused from 127.0.0.8 (403 forbidden)"
        )


@pytest.mark.parametrize(
    ("allowed", "inside", "outside", "status"),
    [
        (["127.0.0.1/32"], None, UNLISTED, "passed"),  # the run stands inside
        ([f"{LISTED}/32"], LISTED, None, "passed"),  # the run stands outside
        (["127.0.0.0/8"], LISTED, UNLISTED, "failed"),  # a list as wide as that is none
        ([], LISTED, UNLISTED, "failed"),  # there is no list
        ([], None, UNLISTED, "failed"),
        (["127.0.0.1/32"], LISTED, UNLISTED, "failed"),  # one's own server is not on it
        (["127.0.0.1/32"], None, None, "skipped"),
        (["127.0.0.99/32"], LISTED, UNLISTED, "skipped"),  # refused everywhere
        (["127.0.0.1/32"], None, "203.0.113.9", "skipped"),  # no address of this machine
    ],
)
def test_what_is_and_is_not_proven(
    contract: Contract,
    tried: Tried,
    allowed: list[str],
    inside: str | None,
    outside: str | None,
    status: str,
) -> None:
    with guarded(contract, *allowed) as url:
        assert tried(url, inside, outside).status == status


def test_a_dead_key_proves_nothing(contract: Contract, tried: Tried) -> None:
    with guarded(contract, f"{LISTED}/32") as url:
        result = tried(url, LISTED, UNLISTED, key="XXtest01.anotherSecretOfTheSameLength-_~x")
    assert "as one that is dead would be" in seen(result)
    assert "401 invalid_api_key" in seen(result)


# Through proxies.


def through(there: ForwardProxy, user: str = "") -> str:
    return f"http://{user}127.0.0.1:{there.port}"


def test_a_proxy_leaves_from_an_address_of_its_own(contract: Contract, tried: Tried) -> None:
    with guarded(contract, "127.0.0.1/32") as url, proxy(leaves_from=UNLISTED) as away:
        result = tried(url, outside=through(away))
        assert away.asked == [f"GET {url}/ping"]
    assert seen(result) == (
        f"passed | the key was accepted from here (200); refused through 127.0.0.1:{away.port} (403 forbidden)"
    )


def test_a_proxy_from_which_the_key_is_accepted_is_the_finding(contract: Contract, tried: Tried) -> None:
    with guarded(contract) as url, proxy(leaves_from=UNLISTED) as away:
        result = tried(url, outside=through(away))
    assert result.status == "failed"
    assert f"accepted through 127.0.0.1:{away.port} (200)" in seen(result)


def test_a_proxy_s_password_is_used_and_never_shown(contract: Contract, tried: Tried) -> None:
    with (
        guarded(contract, "127.0.0.1/32") as url,
        proxy(leaves_from=UNLISTED, credentials="teller:hunter-two") as away,
    ):
        right = tried(url, outside=through(away, "teller:hunter-two@"))
        wrong = tried(url, outside=through(away, "teller:hunter-three@"))
    assert right.status == "passed"
    assert wrong.status == "skipped"
    assert "the proxy asks for another user or password (407)" in seen(wrong)
    encoded = base64.b64encode(b"teller:hunter-t").decode()[:18]
    assert all(word not in f"{right!r}{wrong!r}" for word in ("hunter", "teller", encoded))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b"<html>blocked by the firewall</html>"),
        (403, b'{"type": "about:blank", "title": "Forbidden"}'),
        (502, b""),
    ],
)
def test_a_proxy_cannot_refuse_in_the_api_s_name(
    contract: Contract, tried: Tried, status: int, body: bytes
) -> None:
    with guarded(contract, "127.0.0.1/32") as url, proxy(refusal=status, refusal_body=body) as away:
        result = tried(url, outside=through(away))
    assert result.status == "skipped"
    assert f"{status} came back, but not from the API" in seen(result)


def test_a_proxy_that_is_not_there_is_no_refusal(contract: Contract, tried: Tried) -> None:
    with proxy() as away:
        gone = through(away)
    with guarded(contract, "127.0.0.1/32") as url:
        result = tried(url, outside=gone)
    assert result.status == "skipped"
    assert "the connection was refused: name a place that is not on the list" in seen(result)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_over_tls_a_proxy_sees_where_to_and_nothing_else(
    contract: Contract, tried: Tried, authority: trustme.CA
) -> None:
    with (
        guarded(contract, "127.0.0.1/32", tls=context_of(authority)) as url,
        proxy(leaves_from=UNLISTED) as away,
    ):
        result = tried(url, outside=through(away))
        assert [line.split()[0] for line in away.asked] == ["CONNECT"]
    assert result.status == "passed"


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses_to_connect_is_no_refusal(
    contract: Contract, tried: Tried, authority: trustme.CA, status: int
) -> None:
    with (
        guarded(contract, "127.0.0.1/32", tls=context_of(authority)) as url,
        proxy(refusal=status) as away,
    ):
        result = tried(url, outside=through(away))
    assert result.status == "skipped"
    assert "a proxy on the way did not let it through" in seen(result)


def test_somebody_else_s_certificate_is_no_answer(
    contract: Contract, tried: Tried, authority: trustme.CA
) -> None:
    with guarded(contract, tls=context_of(trustme.CA())) as url:
        result = tried(url, LISTED, UNLISTED)
    assert result.status == "skipped"
    assert "its certificate was not accepted" in seen(result)


# Before anything is sent.


def test_nothing_is_sent_unasked(tried: Tried) -> None:
    assert "say --api URL, and the key is tried there" in seen(tried(None))


def test_without_keys_the_account_is_not_examined(tried: Tried) -> None:
    assert tried(None, named=False).status == "not-applicable"


def test_a_key_that_is_not_there_is_told(contract: Contract, tried: Tried) -> None:
    with guarded(contract) as url:
        assert "KEY_HERE" in seen(tried(url, key=None))


def test_a_dry_run_shows_what_would_be_sent(contract: Contract, tried: Tried) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(guarded(contract))
        away = stack.enter_context(proxy())
        result = tried(url, LISTED, through(away, "teller:hunter-two@"), dry_run=True)
        assert away.asked == []
    assert result.status == "skipped"
    assert result.note == (
        f"would send:\nGET {url}/ping from here\nGET {url}/ping from {LISTED}\n"
        f"GET {url}/ping through 127.0.0.1:{away.port}"
    )


def test_production_is_not_asked(tried: Tried) -> None:
    """Whoever reads the options has refused it before: this is the last that could send."""
    result = tried("https://api.runa.io/v2")
    assert result.status == "error"
    assert "api.runa.io is production, where orders cost real money" in (result.reason or "")


def test_an_address_on_the_wrong_side_is_not_asked(contract: Contract, tried: Tried) -> None:
    with guarded(contract) as url:
        outside = tried(url, outside=UNLISTED, allowlist=(f"{UNLISTED}/32",))
        inside = tried(url, inside="8.8.4.4", allowlist=("8.8.8.8/32",))
    assert "127.0.0.8: it was not asked, since it is on the allowlist itself" in seen(outside)
    assert "unreachable from 8.8.4.4 (it was not asked, since it is not on the allowlist)" in seen(inside)


def test_a_key_does_not_travel_through_a_stranger_s_proxy_in_the_clear(
    contract: Contract, tried: Tried
) -> None:
    with guarded(contract) as url:
        result = tried(url, outside="http://proxy.example:3128")
    assert "over plain http the proxy would see the key" in seen(result)


# How places are written.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, "from here"),
        ("203.0.113.7", "from 203.0.113.7"),
        ("2001:db8::7", "from 2001:db8::7"),
        ("[2001:db8::7]", "from 2001:db8::7"),
        ("http://proxy.example:3128", "through proxy.example:3128"),
        ("https://user:pass@proxy.example", "through proxy.example"),
        ("http://user@[2001:db8::7]:3128/", "through [2001:db8::7]:3128"),
    ],
)
def test_a_place_is_an_address_or_a_proxy(text: str | None, shown: str) -> None:
    route = read_route(text)
    assert isinstance(route, Route)
    assert (str(route), repr(route)) == (shown, shown)


@pytest.mark.parametrize(
    "text",
    [
        "hunter-two.example:3128",
        "203.0.113.7/32hunter-two",
        "ftp://teller:hunter-two@proxy.example",
        "http://hunter-two@",
        "http://teller:hunter-two@p.example:x",
        "http://teller:hunter-two@p/a?b",
        "",
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address nor a proxy") as refused:
        read_route(text)
    assert "hunter" not in str(refused.value)

"""Nothing is sent to production, and no key of production anywhere, unless somebody says that it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contracts import load_contract
from conformance.mistakes import Mistakes
from conformance.options import Options
from conformance.production import environment_of, environments_named, is_production, read_endpoint
from conformance.suite import Suite

RUNA = load_contract("runa")
SANDBOX = "https://playground.runa.io/v2"
PROFILE = """
subject: shop
api_version: "2024-02-05"
client: {driver: command, command: [COMMAND], env: {URL: "ADDRESS"}}
account: {keys: {playground: {env: SHOP_KEY}}, ip_allowlist: [203.0.113.7]}
"""


def key(prefix: str) -> str:
    return f"{prefix}.{'q7Zp0LmN8vRt2KxW5yBd9CfGhJ4sQeUa'}"


def suite(folder: Path, *, address: str = "{base_url}", command: str = "sh", **options: object) -> Suite:
    (folder / "golive.yaml").write_text(PROFILE.replace("ADDRESS", address).replace("COMMAND", command))
    return Suite(Options(folder / "golive.yaml", 1, **options))  # type: ignore[arg-type]  # what each test asks for


@pytest.mark.parametrize(
    "url",
    [
        "https://api.runa.io/v2",
        "https://API.Runa.IO/v2",
        "https://api.runa.io./v2",
        "https://api.runa.io:8443/v2",
        "https://user@api.runa.io/v2",
        "http://api.runa.io",
        "//api.runa.io/v2",
        "api.runa.io/v2",
        "https:\\\\api.runa.io\\v2",
        "https://api%2Eruna.io/v2",
        "https://api。runa.io/v2",
        "https://ａｐｉ.runa.io/v2",
        " https://api.runa.io/v2 ",
        "https://eu.api.runa.io/v2",
        "https://api.runa.io/elsewhere",
    ],
)
def test_production_is_known_however_it_is_spelt(url: str) -> None:
    assert is_production(url, RUNA)


@pytest.mark.parametrize(
    "url",
    [
        SANDBOX,
        "https://api.runa.io.example/v2",
        "https://notapi.runa.io/v2",
        "https://example.com/api.runa.io",
        "{base_url}",
    ],
)
def test_what_is_not_production_is_not_taken_for_it(url: str) -> None:
    assert not is_production(url, RUNA)
    assert list(environments_named(url, RUNA)) in ([], ["playground"]) or "example.com/" in url


def test_where_environments_share_a_host_the_path_decides_and_production_in_doubt() -> None:
    environments = {
        "live": RUNA.environments["production"].model_copy(update={"base_url": "https://shop.example/live"}),
        "test": RUNA.environments["playground"].model_copy(
            update={"base_url": "https://shop.example/test/v1"}
        ),
    }
    contract = RUNA.model_copy(update={"environments": environments})
    assert environment_of("https://shop.example/test/v1/order", contract) == "test"
    assert environment_of("https://shop.example/testing", contract) == "live"
    assert environment_of("https://shop.example", contract) == "live"
    numbers = {"live": RUNA.environments["production"].model_copy(update={"base_url": "http://127.0.0.1/x"})}
    assert is_production("http://0x7f.1/x", RUNA.model_copy(update={"environments": numbers}))
    assert is_production("http://[::ffff:127.0.0.1]/x", RUNA.model_copy(update={"environments": numbers}))


@pytest.mark.parametrize("options", [{"api": "https://API.runa.io./v2"}, {"proxy": "https://api.runa.io/v2"}])
def test_a_production_endpoint_is_refused(
    tmp_path: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", key("XXabc123"))
    with pytest.raises(Mistakes) as refused:
        suite(tmp_path, **options)
    assert refused.value.lines == (
        f"--{next(iter(options))}: api.runa.io is production, where orders cost real money; name the sandbox, "
        f"{SANDBOX}, or say --i-know-this-is-production if it is meant",
    )
    suite(tmp_path, **options, production=True)


@pytest.mark.parametrize("where", ["address", "command"])
def test_a_client_that_is_fixed_on_production_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(Mistakes, match=r"client\.(env\.URL|command): api\.runa\.io is production"):
        suite(tmp_path, **{where: "https://api.runa.io/v2"})
    assert suite(tmp_path, **{where: "https://api.runa.io/v2"}, account_only=True)


def test_a_key_of_production_is_not_sent_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", key("wgabc123"))
    assert suite(tmp_path)
    with pytest.raises(Mistakes) as refused:
        suite(tmp_path, api="http://127.0.0.1:1")
    assert refused.value.lines == (
        "account.keys: the key that would be sent begins as those of production do; name one that begins with XX or "
        "xx, or say --i-know-this-is-production if it is meant",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://shop.example/v2", "plain http would show the key"),
        ("shop.example/v2", "should begin with https://"),
        ("ftp://shop.example", "should begin with https://"),
        ("https://", "should begin with https://"),
        ("https://shop.example:port", "is no address"),
        ("https://u:p@shop.example", "has a user or a password in it"),
        ("https://shop.example/v2?x=1", "goes on after the path"),
        ("https://shop.example/v2#x", "goes on after the path"),
    ],
)
def test_an_endpoint_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(Mistakes, match=words) as refused:
        read_endpoint("--api", text)
    assert "shop.example" not in str(refused.value)


def test_an_endpoint_is_taken_without_its_last_slash() -> None:
    assert read_endpoint("--api", f"{SANDBOX}/") == SANDBOX
    assert read_endpoint("--api", "http://localhost:8080/v2") == "http://localhost:8080/v2"
    assert read_endpoint("--api", "http://[::1]:8080") == "http://[::1]:8080"


def test_a_key_in_the_path_of_an_endpoint_is_refused_under_any_contract(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="--api: holds a key") as refused:
        suite(tmp_path, api=f"https://shop.example/{key('XXabc123')}")
    assert key("XXabc123") not in str(refused.value)

"""A declared allowlist is readable, public, narrow, and says everything once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.contracts import load_contract
from conformance.hygiene.addresses import problems

RUNA = load_contract("runa")
WITH_WEBHOOKS = RUNA.model_copy(update={"webhook_addresses": ("52.18.23.45", "198.51.100.128/25")})


@pytest.mark.parametrize(
    "allowlist",
    [
        ["203.0.113.7/32"],
        ["203.0.113.7", "198.51.100.0/28", "192.0.2.1"],
        ["52.18.23.45", "52.18.23.46/31"],
        ["34.240.0.0/24"],
        ["2a01:4f8:c17::1", "2a01:4f8:c18::/56"],
        ["2001:db8::1"],
        [" 52.18.23.45 "],
        ["52.18.23.4", "2a01:4f8::1"],
    ],
)
def test_a_sane_list_has_no_problems(allowlist: list[str]) -> None:
    assert problems(allowlist, RUNA) == ()


@pytest.mark.parametrize(
    ("allowlist", "problem"),
    [
        ([], "The list is empty, so every address may use the key: name the addresses of your servers."),
        (
            ["api.example.com"],
            "'api.example.com' is no IP address or network: write it like 203.0.113.7 or 203.0.113.0/28.",
        ),
        ([""], "'' is no IP address or network: write it like 203.0.113.7 or 203.0.113.0/28."),
        (["203.0.113.7/33"], "'203.0.113.7/33' has no valid length after the slash: it goes from 0 to 32."),
        (["2a01::1/x"], "'2a01::1/x' has no valid length after the slash: it goes from 0 to 128."),
        (
            ["10.0.0.7"],
            "'10.0.0.7' is private, so it is not where your requests are seen to come from: name the public address.",
        ),
        (
            ["52.18.0.0/16"],
            "'52.18.0.0/16' lets 65,536 addresses in: name your own, nothing wider than a /24.",
        ),
        (
            ["0.0.0.0/0"],
            "'0.0.0.0/0' lets 4,294,967,296 addresses in: name your own, nothing wider than a /24.",
        ),
        (
            ["2a01:4f8::/32"],
            "'2a01:4f8::/32' lets 2^96 addresses in: name your own, nothing wider than a /56.",
        ),
        (
            ["203.0.113.7/28"],
            "'203.0.113.7/28' has bits set beyond its length, so the whole of 203.0.113.0/28 is meant or a single "
            "address: write 203.0.113.0/28 or 203.0.113.7.",
        ),
        (["203.0.113.7", "203.0.113.7"], "'203.0.113.7' is on the list twice: leave one out."),
        (
            ["203.0.113.7", "203.0.113.7/32"],
            "'203.0.113.7/32' is on the list twice, as '203.0.113.7' too: leave one out.",
        ),
        (
            ["203.0.113.0/28", "203.0.113.7"],
            "'203.0.113.7' lies within '203.0.113.0/28': keep the one that you mean.",
        ),
        (
            ["203.0.113.7", "203.0.113.0/28"],
            "'203.0.113.7' lies within '203.0.113.0/28': keep the one that you mean.",
        ),
    ],
)
def test_each_problem_is_a_sentence_that_says_what_would_be_right(allowlist: list[str], problem: str) -> None:
    assert problems(allowlist, RUNA) == (problem,)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("192.168.1.1", "private"),
        ("172.16.0.0/24", "private"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("224.0.0.1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("255.255.255.255", "private"),
        ("::1", "loopback"),
        ("fe80::1", "link-local"),
        ("fd00::1", "private"),
        ("ff02::1", "multicast"),
        ("::ffff:10.0.0.1", "private"),
    ],
)
def test_addresses_that_nobody_outside_sees_are_refused(entry: str, kind: str) -> None:
    (problem,) = problems([entry], RUNA)
    assert problem.startswith(f"{entry!r} is {kind}, ")


@pytest.mark.parametrize("entry", ["52.18.23.45", "198.51.100.200"])
def test_the_vendors_own_addresses_do_not_belong_on_the_list(entry: str) -> None:
    assert problems([entry], RUNA) == ()
    (problem,) = problems([entry], WITH_WEBHOOKS)
    assert "from where Runa calls you" in problem


def test_every_entry_is_judged() -> None:
    assert len(problems(["x", "10.0.0.1", "52.18.23.45", "0.0.0.0/0"], RUNA)) == 4


@settings(max_examples=60, deadline=None, database=None)
@given(
    st.lists(st.text(max_size=20) | st.ip_addresses().map(str) | st.from_regex(r"[0-9a-f:.]{1,15}/\d{1,3}"))
)
def test_no_list_is_too_strange(allowlist: list[str]) -> None:
    for problem in problems(allowlist, WITH_WEBHOOKS):
        assert problem.endswith(".")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("100.64.1.1", "of a provider's inner network (CGNAT)"),
        ("192.88.99.1", "of relays that nobody runs any more (6to4)"),
        ("2002:a00:1::1", "an IPv4 address in disguise (6to4)"),
        ("2002:808:808::/56", "an IPv4 address in disguise (6to4)"),
        ("2001:0:4136:e378::1", "an IPv4 address in disguise (Teredo)"),
        ("64:ff9b::808:808", "an IPv4 address in disguise (NAT64)"),
        ("fec0::1", "site-local"),
        ("fc00::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("::8.8.8.8", "reserved"),
        ("198.18.0.1", "private"),
    ],
)
def test_what_looks_public_and_is_not(entry: str, kind: str) -> None:
    (problem,) = problems([entry], RUNA)
    assert problem.startswith(f"{entry!r} is {kind}, so it is not where your requests are seen to come from")


def test_a_zone_means_nothing_elsewhere() -> None:
    (problem,) = problems(["2a01:4f8::1%eth0"], RUNA)
    assert (
        problem == "'2a01:4f8::1%eth0' has a zone, which means something on one machine alone: leave %… out."
    )


def test_a_mapped_range_is_told_as_what_it_is() -> None:
    (problem,) = problems(["::ffff:0:0/96"], RUNA)
    assert "4,294,967,296 addresses" in problem

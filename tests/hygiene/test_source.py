"""What is a key in source code, and what only looks like one or stands for one."""

from __future__ import annotations

import random

import pytest
from hygiene_repositories import CONTRACT, KEY, OWN, made_up

from conformance.hygiene.canary import mint
from conformance.hygiene.source import Finder, is_placeholder

FINDER = Finder(CONTRACT)
SECRET = OWN.canary.secret


@pytest.mark.parametrize(
    "text",
    [
        "KEY = '{}'",
        "key: {}",
        "X-Api-Key: {}\r\n",
        "https://api.example/?key={}&x=1",
        '{{"key":"{}"}}',
        "key is {}.",
        "{}",
        "a\\n{}\\nb",
        "?key%3D{}",
        "key\\u003d{}",
        "<key>{}</key>",
        "export KEY={} # mine",
        "prefix_{}",
        "({})",
        "{},{}",
    ],
)
def test_a_string_in_the_shape_of_a_key_is_found(text: str) -> None:
    assert FINDER.hits(text.format(KEY, KEY).encode())


@pytest.mark.parametrize(
    "text",
    [
        CONTRACT.auth.example,
        "XXXXXXXX.XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "XX000000.00000000000000000000000000000000",
        "XXabc123.abcabcabcabcabcabcabcabcabcabc12",
        "XXabc123.abcdefghijklmnopqrstuvwxyz012345",
        "XXabc123.0123456789abcdef0123456789abcdef",
        "XXabc123.your-key-here-32-characters-long",
        "XXabc123.YOUR_SECRET_GOES_HERE_0123456789",
        "XXabc123.this-is-only-an-example-secret-1",
        "wgABC123.replace_me_with_the_real_secret1",
        "XXabc123.REDACTED-REDACTED-REDACTED-01234",
        "XXconfig.some_rather_long_name_of_a_key_2",
        "wgConfig.persistentKeepaliveIntervalSecs2",
        "wgClient.getUserByIdFromDbV2Async()",
        "wgClient.getUserByIdFromDbV2Async.call(1)",
        f"{KEY}{'Aa1' * 20}",
        f"eyJhbGciOiJIUzI1{KEY}",
        "xx" + "hash64.c3d4" + "e5f6a7b8",
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert FINDER.hits(f"key = '{text}'\n".encode()) == []


def test_a_made_up_key_is_taken_for_one_nearly_always() -> None:
    rng = random.Random(1)
    keys = [mint(CONTRACT, rng).key for _ in range(2_000)]
    with_digits = [key for key in keys if any(character.isdigit() for character in key[9:])]
    assert sum(is_placeholder(key, CONTRACT) for key in with_digits) <= 2


def test_ones_own_key_is_found_though_it_looks_like_nothing() -> None:
    finder = Finder(CONTRACT, (OWN,))
    (hit,) = finder.hits(f"{SECRET[:5]} and {SECRET[4:20]}".encode())
    assert (hit.whose, hit.prefix, hit.form) == ("playground", OWN.prefix, "plain, in part")


def test_a_key_is_told_once_though_it_is_ones_own_and_has_the_shape() -> None:
    finder = Finder(CONTRACT, (OWN, made_up(5)))
    assert [hit.whose for hit in finder.hits(f"'{KEY}'".encode())] == ["playground"]


def test_what_is_shown_is_without_it() -> None:
    assert FINDER.redacted(f"dumps/{KEY}.txt") == "dumps/[secret].txt"
    assert KEY not in repr(OWN)
    assert SECRET not in f"{OWN} {OWN!r} {[OWN]}"

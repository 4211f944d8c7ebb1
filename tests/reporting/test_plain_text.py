"""Text of foreign origin is shown, and does nothing."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.reporting.plain import plain, plain_json
from conformance.reporting.quantities import counted, duration, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("an ordinary sentence, with “quotes” – and Ümläuts", None),
        ("日本語 🎁 עברית", None),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\x00b\x7fc\x9bd", "a\\x00b\\x7fc\\x9bd"),
        ("one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("line\u2028separator", "line\\u2028separator"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("blank\u3164letters\u2800and\u034fmarks", "blank\\u3164letters\\u2800and\\u034fmarks"),
        ("e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\\u0301\\u0301"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text, shown):
    assert plain(text) == (text if shown is None else shown)


def test_lines_stay_lines_where_they_are_wanted():
    assert plain("a\r\nb\rc\u2028d\te\x1b", lines=True) == "a\nb\nc\nd    e\\x1b"


def test_long_text_says_how_much_is_missing():
    assert plain("x" * 1_000_000, 10) == "xxxxxxxxxx… (999,990 characters more)"


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_no_text_gets_through_that_a_terminal_or_a_file_would_choke_on(text):
    shown = plain(text, lines=True)
    shown.encode("utf-8")
    assert not {unicodedata.category(character)[0] for character in shown.replace("\n", "")} & {"C"}


def test_json_keeps_its_values_and_becomes_readable_for_everybody():
    value = {"a": [1, None, True, 1.5, "\x1b ok"], "b\ud800": "\udfff", "c": float("inf"), "d": "x" * 50}
    clean = plain_json(value, 40)
    assert clean == {
        "a": [1, None, True, 1.5, "\x1b ok"],
        "b\\ud800": "\\udfff",
        "c": "inf",
        "d": "x" * 40 + "… (10 characters more)",
    }
    json.dumps(clean, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0124, "12 ms"),
        (0.84, "0.8 s"),
        (5, "5 s"),
        (9.96, "10 s"),
        (59.7, "1 min"),
        (72, "1 min 12 s"),
        (4_320, "1 h 12 min"),
        (3_600 * 26, "1 d 2 h"),
    ],
)
def test_durations_are_told_in_the_units_that_people_use(seconds, words):
    assert duration(seconds) == words


def test_counts_and_long_identifiers():
    assert [counted(1, "check"), counted(1_200, "check")] == ["1 check", "1,200 checks"]
    assert [shortened("k-1"), shortened("5f0c3d2e-7a51-4e11-9c55-0a2b4c6d8e9e")] == ["k-1", "5f0c3d2e…6d8e9e"]

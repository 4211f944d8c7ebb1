"""YAML with positions: what is read as what, and every way in which a file cannot be read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter

from conformance.faults import Fault
from conformance.located import read, validate
from conformance.mistakes import Mistakes


def data_of(folder: Path, text: str) -> JsonValue:
    file = folder / "some.yaml"
    file.write_text(text, "utf-8")
    return read(file).data


def complaint(folder: Path, content: str | bytes, shape: TypeAdapter[object] | None = None) -> list[str]:
    file = folder / "some.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Mistakes) as caught:
        validate(read(file), shape or TypeAdapter(object))
    assert str(caught.value) == "\n".join(caught.value.lines)
    return [line.replace(f"{folder}/", "") for line in caught.value.lines]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-02-05", "2024-02-05"),
        ("yes", "yes"),
        ("off", "off"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        (".inf", ".inf"),
        ("'5'", "5"),
        ("true", True),
        ("False", False),
        ("5", 5),
        ("-7", -7),
        ("0.05", 0.05),
        ("1e3", 1000.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("!!str 5", "5"),
    ],
)
def test_a_plain_value_is_what_json_would_make_of_it_and_anything_else_is_text(
    tmp_path: Path, written: str, meant: JsonValue
) -> None:
    data = data_of(tmp_path, f"value: {written}\n")
    assert data == {"value": meant}
    assert isinstance(data, dict)
    assert type(data["value"]) is type(meant)


def test_keys_are_always_text(tmp_path: Path) -> None:
    assert data_of(tmp_path, "{1: a, true: b, null: c, 2024-02-05: d}") == {
        "1": "a",
        "true": "b",
        "null": "c",
        "2024-02-05": "d",
    }


def test_anchors_and_merge_keys_work_and_own_keys_win(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 1}\nother: &other {b: 2, c: 2}\nboth: {b: 0, <<: [*base, *other]}\n"
    data = data_of(tmp_path, text)
    assert isinstance(data, dict)
    assert data["both"] == {"a": 1, "b": 0, "c": 2}


def test_a_byte_order_mark_is_no_mistake_and_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    document = read(file)
    assert document.data == {"a": 1}
    assert document.digest == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_that_is_not_there_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        read(tmp_path / "no.yaml")
    assert caught.value.lines == (f"{tmp_path}/no.yaml: there is no such file",)
    with pytest.raises(Mistakes) as caught:
        read(tmp_path)
    assert caught.value.lines == (f"{tmp_path}: is a folder; name a file in it",)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "1:1: is empty"),
        ("# only a comment\n", "1:1: is empty"),
        (b"name: caf\xe9", "1:10: is not UTF-8 (byte 0xe9); save it as UTF-8"),
        ("a: 1\x00", "1:5: holds the control character U+0000; remove it"),
        ("a:\n\tb: 1", "2:1: a tab; indent with spaces"),
        ("a: b: c", '1:5: a ": " where no key can be; indent it right, or use quotes'),
        ("a:\n  b: 1\n c: 2", "3:2: this continues nothing above it; check the indentation and the quotes"),
        ("a: 'b' c", "1:8: this continues nothing above it; check the indentation and the quotes"),
        ("a: 'b", "1:6: the file ends inside quotes; close them"),
        ("a: [b\nc: d", "2:2: a list or mapping in brackets ends wrongly; put a comma, or close the bracket"),
        ("a: @b", "1:4: a character that plain text cannot begin with; put the text in quotes"),
        ('a: "\\q"', "1:6: a backslash that means nothing in double quotes; use single quotes"),
        ("a: *b", "1:4: an alias (*) of nothing; put the text in quotes if it is none"),
        ("a: 1\n---\nb: 2", "2:1: a second document (---); keep one"),
        ("a: 1\nb", "2:2: a key without a colon; write it as key: value"),
        ("a: 1\na: 2\n", "2:1: a: stands here twice, first on line 1; remove one"),
        ("a: {b: 1, b: 2}", "1:11: a.b: stands here twice, first on line 1; remove one"),
        ("a: !mine b", "1:4: a: the tag !mine means nothing here; remove it"),
        ("a: !!timestamp 2024-02-05", "1:4: a: the tag !!timestamp means nothing here; remove it"),
        ("a: {? [b] : c}", "1:7: a: a key should be text, is a list or a mapping"),
        ("a: {<<: 5}", "1:9: a: << should name a mapping, or a list of mappings"),
        ("a: &a [*a]", "1:4: a[0]: is an alias of something that it is itself a part of; write it out"),
        ("a: &a {<<: *a}", "1:4: a: << should name a mapping, or a list of mappings"),
        ('a: "\\ud800"', "1:4: a: holds half of a character (a lone surrogate); write it whole"),
        ('"\\ud800": 1', "1:1: holds half of a character (a lone surrogate); write it whole"),
        ("a: 1e999", "1:4: a: is a number that cannot be read; write fewer digits, or put it in quotes"),
        ("a: " + "[" * 2000, "1:1: is nested too deeply, or has too many aliases, to be read"),
    ],
)
def test_what_cannot_be_read_is_shown_where_it_is(tmp_path: Path, content: str | bytes, line: str) -> None:
    assert complaint(tmp_path, content) == [f"some.yaml:{line}"]


def test_aliases_of_aliases_do_not_grow_without_end(tmp_path: Path) -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefg", "bcdefgh", strict=True):
        rows.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    assert complaint(tmp_path, "\n".join(rows)) == [
        "some.yaml:1:1: is nested too deeply, or has too many aliases, to be read"
    ]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flag: bool = True
    count: int = 1
    names: tuple[str, ...] = ()


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wait: float
    inner: Inner = Inner()
    table: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("wiat: 5", ['1:1: wiat: unknown key; did you mean "wait"?']),
        ("wait: 1\ncount: 2", ["2:1: count: unknown key; it belongs under inner"]),
        ("wait: 1\ninner: {wait: 2}", ["2:9: inner.wait: unknown key; it belongs at the top level"]),
        ("wait: 1\nzzz: 2", ["2:1: zzz: unknown key; known here: inner, table, wait"]),
        ("inner: {}", ["1:1: wait: missing; add it, a number"]),
        ("wait: '5'", ["1:7: wait: should be a number, is text; take the quotes away"]),
        ("wait: soon", ["1:7: wait: should be a number, is text"]),
        ("wait:", ["1:6: wait: should be a number, is empty; fill it in or remove the key"]),
        ("wait: 1\ninner: {flag: yes}", ['2:15: inner.flag: should be true or false, not "yes"']),
        ("wait: 1\ninner: {flag: 1}", ["2:15: inner.flag: should be true or false, is the number 1"]),
        ("wait: 1\ninner: {count: 1.5}", ["2:16: inner.count: should be a whole number, is the number 1.5"]),
        (
            "wait: 1\ninner: {names: [a, 5]}",
            ["2:20: inner.names[1]: should be text, is the number 5; put it in quotes"],
        ),
        ("wait: 1\ntable: {x: {cuont: 1}}", ['2:13: table.x.cuont: unknown key; did you mean "count"?']),
        (
            "wait: 1\ninner: {names: a}",
            [
                "2:16: inner.names: should be a list, is text; "
                "put each entry on a line of its own after a dash, or all of them into [brackets]"
            ],
        ),
        ("[]", ['1:1: should be a mapping, is a list; put lines such as "key: value" under it']),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_would(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    assert complaint(tmp_path, text, TypeAdapter(Outer)) == [f"some.yaml:{line}" for line in lines]


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "table: {a: !x 1}\ninner:\n  flag: on\n  count: [1]\n  flag: true\nwiat: 5\n"
    assert complaint(tmp_path, text, TypeAdapter(Outer)) == [
        "some.yaml:1:12: table.a: the tag !x means nothing here; remove it",
        'some.yaml:3:9: inner.flag: should be true or false, not "on"',
        "some.yaml:4:10: inner.count: should be a whole number, is a list",
        "some.yaml:5:3: inner.flag: stands here twice, first on line 3; remove one",
        'some.yaml:6:1: wiat: unknown key; did you mean "wait"?',
    ]


def test_text_that_may_be_a_secret_is_never_repeated(tmp_path: Path) -> None:
    lines = complaint(tmp_path, "wait: s3cret\ninner: s3cret\ntable: [s3cret]", TypeAdapter(Outer))
    assert len(lines) == 3
    assert "s3cret" not in "".join(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "- {fault: reste}",
            "1:3: [0]: fault should be one of ok, reset, close, hang, truncate, error, rate-limit, "
            "in-progress, garbage, html, empty, malformed, redirect, slow, drip, kill, revoke, other-version, "
            "processing, extra-fields, reordered, "
            'not "reste"; did you mean "reset"?',
        ),
        (
            "- {when: after}",
            "1:3: [0]: does not say what it is; the key that tells it from its like is missing",
        ),
        (
            "- {fault: reset, when: befor}",
            '1:24: [0].when: should be one of before, after, not "befor"; did you mean "before"?',
        ),
        ("- {fault: reset, form: 400}", "1:18: [0].form: unknown key; known here: fault, when"),
        ("- {fault: reset, wehn: after}", '1:18: [0].wehn: unknown key; did you mean "when"?'),
    ],
)
def test_a_list_of_different_things_is_explained_as_well(tmp_path: Path, text: str, line: str) -> None:
    schedule: TypeAdapter[object] = TypeAdapter(list[Fault])
    assert complaint(tmp_path, text, schedule) == [f"some.yaml:{line}"]

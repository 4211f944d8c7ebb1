"""Files that were exchanged, cut, bent or made to harm: each is named, and nothing breaks whoever looks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from integrity_reports import CONTRACT, files_of, known, report, verified, write_files

from conformance.reporting.integrity.agreement import Known
from conformance.reporting.integrity.received import LARGEST, first_difference, receive
from conformance.reporting.integrity.strict_json import NotStrict, differences, read_strictly
from conformance.reporting.integrity.verification import verify
from conformance.reporting.plain import plain

FORMS = ("readiness.html", "readiness.xml", "readiness.md", "readiness.sarif")
Files = dict[str, bytes]


@cache
def whole() -> Files:
    return files_of(report())


@cache
def other() -> Files:
    return files_of(report(subject="acme-payouts", waivers=()))


def told(files: Files) -> list[str]:
    return [f"{file}: {what}" for file, what in verified(files).misfits]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (lambda content: content + b"\n", "goes on after its end"),
        (lambda content: content[: len(content) // 2], "ine "),
        (lambda content: content.replace(b"\n", b"\r\n"), "line 1 has "),
        (lambda content: b"\xef\xbb\xbf" + content, "line 1 has "),
        (lambda content: content.replace(b"acme-rewards", b"acme-reward5"), "line "),
        (lambda content: content[:900] + bytes([content[900] ^ 1]) + content[901:], "line "),
        (lambda content: content[:-2] + b"\xff\xff", "is no UTF-8: byte "),
        (lambda content: b"", "line 1 has "),
    ],
    ids=["longer", "truncated", "CRLF", "BOM", "a word", "a bit", "no UTF-8", "empty"],
)
def test_a_form_that_was_bent_is_named(name: str, bend: Callable[[bytes], bytes], says: str) -> None:
    (line,) = told({**whole(), name: bend(whole()[name])})
    assert line.startswith(f"{name}: ")
    assert says in line


@pytest.mark.parametrize("name", FORMS)
def test_a_form_of_another_report_is_named_and_so_is_one_that_is_gone(name: str) -> None:
    (line,) = told({**whole(), name: other()[name]}) if name in other() else [f"{name}: "]
    assert line.startswith(f"{name}: ")
    assert told({file: content for file, content in whole().items() if file != name}) == [
        f"{name}: is missing"
    ]


def test_a_report_of_another_run_fits_none_of_the_files() -> None:
    changed = {
        line.partition(":")[0] for line in told({**whole(), "readiness.json": other()["readiness.json"]})
    }
    assert changed == set(FORMS)


def test_a_form_that_the_report_has_no_use_for_is_named() -> None:
    plain_report = files_of(report(selected={"retries.bounded"}, waivers=()))
    assert "readiness.sarif" not in plain_report
    assert told({**plain_report, "readiness.sarif": whole()["readiness.sarif"]}) == [
        "readiness.sarif: should not be there: no finding has a place in the source"
    ]


def test_what_comes_from_a_file_is_shown_without_its_power() -> None:
    evil = b"\x1b[31m\xe2\x80\xae</script>::error::" + b"y" * 5_000
    (line,) = told({**whole(), "readiness.md": evil})
    assert plain(line, 10_000) == line
    assert len(line) < 600


JSON = "readiness.json"


def bent(change: Callable[[bytes], bytes]) -> list[str]:
    return told({**whole(), JSON: change(whole()[JSON])})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda text: text.replace(b"{", b'{"verdict":"ready",', 1),
            '"verdict" is there twice in one object',
        ),
        (lambda text: text.replace(b'"seed": 20261122', b'"seed": NaN'), "NaN is no number in JSON"),
        (
            lambda text: text.replace(b'"duration_s": 14.2', b'"duration_s": 1e999'),
            "1e999 is too large a number",
        ),
        (lambda text: text.replace(b"20261122", b"9" * 5_000), "is too long a number"),
        (lambda text: text.replace(b"20261122", b"9" * 200), "readiness.html: "),
        (lambda text: text + b"{}", "it is no JSON: Extra data"),
        (lambda text: text + b"\n\n", "goes on after its end"),
        (lambda text: text.replace(b"\n", b"\r\n"), "line 1 has "),
        (lambda text: b"\xef\xbb\xbf" + text, "it begins with a byte order mark"),
        (lambda text: text[:-40], "it is no JSON: "),
        (lambda text: text.replace(b"acme-rewards", b"acme\xff"), "it is no UTF-8: byte "),
        (lambda text: text.replace(b"\n  ", b"\n\t"), "line 2 has "),
        (
            lambda text: text.replace(b'"schema"', b'"more": 1,\n  "schema"'),
            "more is there, and should not be",
        ),
        (
            lambda text: text.replace(b'"trial": {', b'"wish": 1, "trial": {', 1),
            "checks[4].finding.counterexample.digest is ",
        ),
        (
            lambda text: text.replace(b'"passed": 4', b'"passed": "4"'),
            "summary.passed is not to golive/readiness/v1",
        ),
        (lambda text: text.replace(b'"verdict": "not-ready",', b""), "'verdict' is a required property"),
        (lambda text: text.replace(b"14.2", b"14.20"), "14.20"),
        (lambda text: text.replace(b"acme-rewards", b"acme\\u002drewards"), "u002d"),
        (lambda _: b"[" * 100_000, "nested more than 60 levels deep"),
        (lambda _: b'{"a":' * 100 + b"1" + b"}" * 100, "nested more than 60 levels deep"),
        (lambda _: b"null", "it is not to golive/readiness/v1"),
        (lambda _: b"", "it is no JSON"),
        (lambda _: b'"' + b"x" * 2_000_000 + b'"', "it is not to golive/readiness/v1"),
        (lambda text: text.replace(b"acme-rewards", b"\\ud800"), "reading it ended in "),
        (
            lambda text: text.replace(b"2026-11-22T09:30:00Z", b"2026-11-22T09:30:00"),
            "generated_at has no time zone",
        ),
    ],
)
def test_json_that_golive_never_writes_is_named(change: Callable[[bytes], bytes], says: str) -> None:
    lines = bent(change)
    assert any(says in line for line in lines), lines
    assert all(plain(line, 10_000) == line for line in lines)


def test_strictness_is_no_obstacle_to_what_golive_writes() -> None:
    assert read_strictly(whole()[JSON]) == json.loads(whole()[JSON])
    with pytest.raises(NotStrict):
        read_strictly(b'{"a": -Infinity}')


def test_documents_differ_place_by_place() -> None:
    there = {"a": [1, {"b": True}], "c": "x", "e": 1.0}
    due = {"a": [1, {"b": 1}, 3], "d": None, "e": 1}
    assert list(differences(there, due)) == [
        ("a[1].b", "is true, and should be 1"),
        ("a", "has 2 entries, and should have 3"),
        ("d", "is missing, and should be null"),
        ("e", "is 1.0, and should be 1"),
        ("c", "is there, and should not be"),
    ]


def test_the_first_line_that_differs_is_shown_from_where_it_differs() -> None:
    long = "a" * 300
    assert first_difference(b"one\n" + f"{long}b".encode(), b"one\n" + f"{long}c".encode()) == (
        f'line 2 has "…{"a" * 30}b", and golive makes "…{"a" * 30}c"'
    )
    assert first_difference(b"one", b"one\ntwo") == "ends after line 1 of 2"
    assert first_difference(b"one", b"one") is None


# Folders


def test_a_folder_is_read_as_it_is(tmp_path: Path) -> None:
    received = receive(write_files(tmp_path / "report", whole()))
    assert received.flaws == ()
    assert received.contents == whole()


def test_no_file_is_followed_waited_for_or_read_without_end(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "report", whole())
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for name in ("readiness.html", "readiness.xml", "readiness.md"):
        (folder / name).unlink()
    (folder / "readiness.html").symlink_to(secret)
    os.mkfifo(folder / "readiness.xml")
    (folder / "readiness.md").mkdir()
    with (folder / "readiness.sarif").open("r+b") as file:
        file.truncate(LARGEST + 1)
    (folder / "readiness-final.html").write_text("<h1>ready</h1>")
    received = receive(folder)
    assert received.contents.keys() == {"readiness.json"}
    assert dict(received.flaws) == {
        "readiness.html": "is a symbolic link; a report is files",
        "readiness.xml": "is no ordinary file",
        "readiness.md": "is no ordinary file",
        "readiness.sarif": f"has more than {LARGEST:,} bytes; no report has",
        "readiness-final.html": "is no file of a report; keep what belongs to it elsewhere",
    }
    found = verify(received, lambda _: known(), today=report().generated_at.date())
    assert [file for file, _ in found.misfits] == [name for name, _ in received.flaws]


def test_an_empty_folder_has_no_report(tmp_path: Path) -> None:
    assert dict(receive(tmp_path).flaws) == dict.fromkeys(
        ("readiness.json", "readiness.html", "readiness.xml", "readiness.md"), "is missing"
    )


# What this golive cannot know


def test_a_report_of_another_version_is_not_judged_by_this_one() -> None:
    found = verified(whole() | {JSON: whole()[JSON].replace(b'"version": "0.1.0"', b'"version": "0.2.0"')})
    assert found.misfits == []
    assert found.status == 3
    (line,) = found.unchecked
    assert (
        "cannot be verified with this version; use golive 0.2.0: pip install golive-conformance==0.2.0"
        in line
    )


def test_a_version_that_is_none_gets_into_no_command() -> None:
    evil = whole()[JSON].replace(b'"version": "0.1.0"', b'"version": "1; rm -rf ~ \\u001b[0m"')
    (line,) = verified(whole() | {JSON: evil}).unchecked
    assert "pip install" not in line
    assert "\x1b" not in line


def test_other_versions_still_have_to_add_up() -> None:
    text = whole()[JSON].replace(b'"version": "0.1.0"', b'"version": "0.2.0"')
    found = verified(whole() | {JSON: text.replace(b'"verdict": "not-ready"', b'"verdict": "ready"')})
    assert found.status == 1
    assert ("readiness.json", "verdict is ready, but the checks add up to not-ready") in found.misfits


def test_a_contract_that_is_not_at_hand_leaves_the_judging_open() -> None:
    from conformance.reporting.integrity.received import Received

    alone = Known(known().checks, known().requirements, version="0.1.0")
    found = verify(Received(whole(), ()), lambda _: alone, today=report().generated_at.date())
    assert (found.misfits, found.status) == ([], 3)
    (line,) = found.unchecked
    assert line.startswith(f"the contract {CONTRACT.name} {CONTRACT.version} (")
    assert "--contract" in line


def test_checks_of_the_integrators_own_are_spoken_of() -> None:
    fewer = Known(
        tuple(check for check in known().checks if check.id != "sandbox.reachable"),
        known().requirements,
        known().contract,
        known().contract_digest,
        "0.1.0",
    )
    from conformance.reporting.integrity.received import Received

    found = verify(Received(whole(), ()), lambda _: fewer, today=report().generated_at.date())
    assert "1 check of the integrator's own, of which golive knows nothing: sandbox.reachable" in found.open
    assert [what for _, what in found.misfits] == [
        "checks[12].requirements of sandbox.reachable is not empty, but the catalogue has no such check, and no "
        "clause names it"
    ]

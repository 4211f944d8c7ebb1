"""The gallery's own tools: edits of the reference client, and what is printed of clients that were examined."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from conformance.finding import CheckResult, Finding, Violation
from gallery import __main__ as matrix
from gallery import mutation, pages, soak
from gallery.catalogue import Exhibit
from gallery.edits import edits
from gallery.mutation import SOURCE
from gallery.survivors import REASONS

EDITS = edits(SOURCE.read_text("utf-8"))
NAMES = [edit.name for edit in EDITS]


def test_every_edit_is_a_program_of_its_own() -> None:
    original = ast.unparse(ast.parse(SOURCE.read_text("utf-8")))
    texts = [ast.unparse(ast.parse(edit.source)) for edit in EDITS]
    assert original not in texts
    assert len(set(texts)) == len(texts) == len(set(NAMES))
    for edit in EDITS:
        compile(edit.source, edit.name, "exec")


@pytest.mark.parametrize(
    "name",
    [
        "headers: without 'X-Idempotency-Key'",
        "key_now: returns self.new_key()",
        "first_pause: 5 becomes 0.5",
        "once: except httpx.TransportError becomes except Exception",
        "on_error: final becomes transient",
        "again: self.attempt < self.attempts becomes self.attempt >= self.attempts",
        "connect: no timeout",
        "tell: raise Unknown becomes raise Rejected",
        "tell: without self.forget()",
        "remember: if not path.exists() becomes if True",
    ],
)
def test_the_kinds_of_edits_are_all_there(name: str) -> None:
    assert name in NAMES


def test_an_edit_changes_one_thing() -> None:
    (edit,) = [edit for edit in EDITS if edit.name == "headers: without 'X-Idempotency-Key'"]
    before = Counter(ast.unparse(ast.parse(SOURCE.read_text("utf-8"))).splitlines())
    after = Counter(edit.source.splitlines())
    (lost,) = before - after
    (new,) = after - before
    assert "X-Idempotency-Key" in lost
    assert "X-Idempotency-Key" not in new


def test_reasons_are_given_for_edits_that_there_are() -> None:
    assert set(REASONS) <= set(NAMES)


FAILED = CheckResult(
    "retries.exactly-once", "failed", finding=Finding(Violation("x", "Twice."), None, "", "")
)
PASSED = CheckResult("errors.no-false-success", "passed")


@pytest.mark.parametrize(
    ("exhibit", "results", "amiss"),
    [
        (Exhibit("gallery.retries:NoKey.place_order", "retries.exactly-once"), (FAILED,), ()),
        (
            Exhibit("gallery.retries:NoKey.place_order", "errors.no-false-success"),
            (FAILED, PASSED),
            (
                "UNEXPLAINED retries.exactly-once: failed, Twice.",
                "NOT CAUGHT by errors.no-false-success: passed, None",
            ),
        ),
        (
            Exhibit(
                "gallery.retries:NoKey.place_order",
                "retries.exactly-once",
                {"errors.no-false-success": "why"},
            ),
            (FAILED, PASSED),
            ("SAID TO FAIL, and did not: errors.no-false-success passed",),
        ),
        (
            Exhibit("gallery.reference:Reference.place_order"),
            (FAILED, PASSED),
            ("ACCUSED by retries.exactly-once: failed, Twice.",),
        ),
    ],
)
def test_the_matrix_says_what_is_not_as_the_catalogue_has_it(
    exhibit: Exhibit,
    results: tuple[CheckResult, ...],
    amiss: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(matrix, "view", lambda *_, **__: {result.id: result for result in results})
    monkeypatch.setattr(matrix, "BROKEN", (exhibit,))
    monkeypatch.setattr(matrix, "CORRECT", ())
    status = matrix.main([])
    printed = capsys.readouterr().out
    assert status == bool(amiss)
    for told in amiss:
        assert told in printed


def test_soaking_fails_as_soon_as_one_correct_client_is_accused_under_one_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exhibit = Exhibit("gallery.reference:Reference.place_order")
    monkeypatch.setattr(soak, "CORRECT", (exhibit,))
    monkeypatch.setattr(soak, "view", lambda *_, seed, **__: {"x": FAILED if seed == 2 else PASSED})
    assert soak.main(["--seeds", "1"]) == 0
    assert soak.main(["--seeds", "3"]) == 1
    assert "x: Twice." in capsys.readouterr().out


def test_what_was_caught_is_not_examined_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def view(target: str, *, files: dict[str, str], until: object) -> dict[str, CheckResult]:
        (text,) = files.values()
        asked.append(text)
        return {"retries.exactly-once": FAILED if "timeout=None" in text else PASSED}

    monkeypatch.setattr(mutation, "view", view)
    monkeypatch.setattr(mutation, "KEPT", tmp_path / "kept" / "mutants.jsonl")
    assert mutation.main(["connect:"]) == 1
    first = len(asked)
    assert first > 1
    assert mutation.main(["--resume", "connect:"]) == 1
    assert len(asked) == 2 * first - 1
    assert "1 caught by a blocker or major check" in capsys.readouterr().out


def test_a_page_has_its_parts_replaced_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x -->\nold\n<!-- end of x -->\nafter\n")
    monkeypatch.setattr(pages, "PAGE", page)
    pages.write_part("x", ["new"])
    text = page.read_text()
    assert text.startswith("before\n<!-- x -->\n")
    assert text.endswith("\nnew\n\n<!-- end of x -->\nafter\n")
    assert "old" not in text
    with pytest.raises(ValueError, match="no place for y"):
        pages.write_part("y", [])

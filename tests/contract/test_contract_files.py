"""Contract files: how they are found, and what is said when one is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from conformance import contracts
from conformance.contracts import contract_digest, load_contract, locate_contract
from conformance.mistakes import Mistakes

BUILT_IN = Path(contracts.__file__).with_name("runa.yaml")


def edited(folder: Path, *changes: tuple[str, str]) -> Path:
    """The built-in contract with some of its text replaced."""
    text = BUILT_IN.read_text("utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file = folder / "own.yaml"
    file.write_text(text, "utf-8")
    return file


def complaint(file: Path) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        load_contract(file)
    return [line.replace(f"{file}:", "") for line in caught.value.lines]


def line_of(text: str) -> int:
    return BUILT_IN.read_text("utf-8").split(text)[0].count("\n") + 1


def test_a_built_in_contract_is_loaded_by_its_name() -> None:
    contract = load_contract("runa")
    assert contract.name == "runa"
    assert contract.create_operation == "create-order"
    assert contract.versions.current == "2024-02-05"
    assert contract_digest("runa") == hashlib.sha256(BUILT_IN.read_bytes()).hexdigest()


def test_every_file_that_is_built_in_is_a_contract_of_that_name() -> None:
    assert "runa" in contracts.builtin_names()
    assert contracts.DEFAULT in contracts.builtin_names()
    for name in contracts.builtin_names():
        assert load_contract(name).name == name


def test_a_path_is_relative_to_the_folder_of_the_profile(tmp_path: Path) -> None:
    edited(tmp_path, ("title: Runa", "title: Mine"))
    for name in ("./own.yaml", "own.yaml", Path("own.yaml"), tmp_path / "own.yaml"):
        assert load_contract(name, folder=tmp_path).title == "Mine"
        assert locate_contract(name, folder=tmp_path) == tmp_path / "own.yaml"
    assert contract_digest("own.yaml", folder=tmp_path) != contract_digest("runa")


@pytest.mark.parametrize(
    ("name", "right"), [("rnua", 'did you mean "runa"?'), ("shipping", "built in: runa")]
)
def test_a_name_that_is_not_known_is_told_with_those_that_are(name: str, right: str) -> None:
    with pytest.raises(Mistakes) as caught:
        load_contract(name)
    assert caught.value.lines == (
        f'no contract is called "{name}"; {right} (a file is named by its path: ./{name}.yaml)',
    )


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        load_contract("no.yaml", folder=tmp_path)
    assert caught.value.lines == (f"{tmp_path}/no.yaml: there is no such file",)


def test_all_mistakes_come_at_once_and_dangling_names_are_among_them(tmp_path: Path) -> None:
    file = edited(
        tmp_path,
        ("title: Runa", "tilte: Runa"),
        ("sandbox_environment: playground", "sandbox_environment: playgruond"),
        ("  window: 2592000 ", "  window: 30 days "),
        ("  mismatch_type: idempotency_validation_error", "  mismatch_type: key_reused"),
        ("  operation: create-order", "  operation: create-ordr"),
        ("    insufficient-funds: insufficient_funds", "    insufficient-fund: insufficient_funds"),
        ("    unknown-order: not_found", "    unknown-order: not_fuond"),
    )
    assert complaint(file) == [
        f'{line_of("title: Runa")}:1: tilte: unknown key; did you mean "title"?',
        f'{line_of("sandbox_environment: ")}:22: sandbox_environment: no environment is called "playgruond"; '
        'did you mean "playground"?',
        f"{line_of('  window: 2592000')}:11: idempotency.window: should be a number, is text",
        f'{line_of("  mismatch_type: ")}:18: idempotency.mismatch_type: no error type is called "key_reused"; '
        "errors.catalogue has " + ", ".join(sorted(load_contract("runa").error_types)),
        f'{line_of("  operation: create-order")}:14: rate_limit.operation: no operation is called "create-ordr"; '
        'did you mean "create-order"?',
        f'{line_of("    unknown-order: ")}:20: errors.situations.unknown-order: no error type is called "not_fuond"; '
        'did you mean "not_found"?',
        f"{line_of('    insufficient-funds: ')}:5: errors.situations.insufficient-fund: should be one of no-key, "
        "bad-key, address-not-allowed, plain-http, unknown-version, removed-version, unknown-path, unknown-order, "
        "unreadable-body, invalid-body, invalid-query, invalid-cursor, invalid-execution-mode, "
        "no-idempotency-key, unknown-product, currency-mismatch, insufficient-funds, "
        'not "insufficient-fund"; did you mean "insufficient-funds"?',
    ]


def test_a_contract_books_orders_in_one_way(tmp_path: Path) -> None:
    file = edited(tmp_path, ("    kind: create\n", "    kind: fetch\n"))
    assert complaint(file) == [
        f"{line_of('  ping:')}:3: operations: has 0 of the kind create; it should have one"
    ]


@pytest.mark.parametrize(
    ("shape", "mistake"),
    [
        ("'[unclosed'", "shape: is no regular expression: unterminated character set at position 0"),
        ("wg", "example: does not have the form that auth.shape describes; correct one of them"),
    ],
)
def test_the_shape_of_a_key_is_a_regular_expression_that_fits_the_example(
    tmp_path: Path, shape: str, mistake: str
) -> None:
    written = next(line for line in BUILT_IN.read_text("utf-8").splitlines() if line.startswith("  shape: "))
    lines = complaint(edited(tmp_path, (written, f"  shape: {shape}")))
    assert [line.partition(": ")[2] for line in lines] == [f"auth.{mistake}"]

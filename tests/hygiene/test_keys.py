"""Real keys come late, from variables and commands alone, and each failure says what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hygiene_repositories import CONTRACT, made_up

from conformance.keys import Keyring, KeyUnavailable
from conformance.profile import KeySource

KEY = made_up(21).reveal()


def ring(folder: Path, environment: dict[str, str] | None = None, **sources: KeySource) -> Keyring:
    return Keyring(sources, CONTRACT, folder, {} if environment is None else environment)


def command(*words: str) -> KeySource:
    return KeySource(command=words)


def test_a_variable_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    keys = ring(tmp_path, environment, playground=KeySource(env="SHOP"))
    environment["SHOP"] = f" {KEY}\n"
    assert keys.key("playground").reveal() == KEY


def test_a_command_is_run_in_the_profiles_folder_without_a_shell_and_once(tmp_path: Path) -> None:
    (tmp_path / "key.py").write_text(f"print('{KEY}'); print('second line'); open('runs', 'a').write('x')")
    keys = ring(tmp_path, playground=command(sys.executable, "key.py", "$(touch sprung)"))
    assert [keys.key("playground").reveal() for _ in range(3)] == [KEY] * 3
    assert (tmp_path / "runs").read_text() == "x"
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (KeySource(env="SHOP"), "SHOP is not set: export it where golive runs, with the key of playground"),
        (KeySource(env="EMPTY"), "EMPTY is not set"),
        (KeySource(env="SHORT"), "what SHORT gives for the key of playground is no key: keys look like"),
        (KeySource(env="SPACED"), "what SPACED gives for the key of playground is no key"),
        (
            command("no-such-program"),
            "no-such-program, which is to print the key of playground, cannot be started",
        ),
        (command("true"), "true, which is to print the key of playground, printed nothing"),
        (
            command("false"),
            "false, which is to print the key of playground, ended with status 1; run it by hand",
        ),
    ],
)
def test_a_key_that_cannot_be_had_says_what_to_do(tmp_path: Path, source: KeySource, words: str) -> None:
    environment = {"EMPTY": " ", "SHORT": "hunter2", "SPACED": "not a key of any kind at all"}
    keys = ring(tmp_path, environment, playground=source)
    with pytest.raises(KeyUnavailable) as told:
        keys.key("playground")
    assert str(told.value).startswith(words)
    assert keys.known() == ()


def test_an_environment_that_the_profile_does_not_name(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="the profile names no key for production: name the variable"):
        ring(tmp_path).key("production")


def test_a_key_of_another_shape_is_kept_as_well(tmp_path: Path) -> None:
    odd = "XXabc123.with+other/signs==" + "q7Zp0LmN8v"
    keys = ring(tmp_path, {"SHOP": odd}, playground=KeySource(env="SHOP"))
    assert keys.key("playground").prefix == "XXabc123"
    assert keys.redacted(f"sent {odd}!") == "sent XXabc123.[secret]!"


def test_documents_are_freed_of_keys_names_too(tmp_path: Path) -> None:
    keys = ring(tmp_path, {"SHOP": KEY}, playground=KeySource(env="SHOP"))
    secret = KEY.partition(".")[2]
    assert keys.without_keys({secret: [secret, 1, None, {"a": f"x{secret}"}]}) == {
        "[secret]": ["[secret]", 1, None, {"a": "x[secret]"}]
    }

"""A client gets a clean environment, and only known names in braces are filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.drivers.environment import BRACES, EnvironmentMistake, clean_env, render_env

VALUES = {name: name.upper() for name in BRACES}


def test_nothing_is_inherited_but_where_and_in_what_language_one_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "API_KEY", "http_proxy", "PYTHONPATH", "LC_ALL"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TZ", "Europe/London")
    monkeypatch.setenv("HOME", "/home/someone")
    env = clean_env(tmp_path)
    assert set(env) == {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "TMP", "TEMP"}
    assert env["HOME"] == "/home/someone"
    assert env["TMPDIR"] == str(tmp_path)


def test_a_bare_machine_still_has_a_path_and_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PATH", "HOME", "LANG", "TZ"):
        monkeypatch.delenv(name, raising=False)
    env = clean_env(tmp_path)
    assert env["PATH"]
    assert env["HOME"] == str(tmp_path)
    assert env["LANG"] == "C.UTF-8"
    assert "TZ" not in env


def test_braces_are_filled_in() -> None:
    env = {
        "URL": "{base_url}/orders?v={api_version}",
        "ALL": "{api_key} {port} {state_dir} {ca_file}",
        "N": "1",
    }
    assert render_env(env, VALUES) == {
        "URL": "BASE_URL/orders?v=API_VERSION",
        "ALL": "API_KEY PORT STATE_DIR CA_FILE",
        "N": "1",
    }
    assert render_env({"CA": "{ca_file}"}, {}) == {"CA": ""}


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    assert render_env({"A": "{base_url}"}, {"base_url": "{api_key}", "api_key": "x"}) == {"A": "{api_key}"}


@pytest.mark.parametrize(
    "value", ['{"a": 1}', "{}", "{ base_url }", "a{1,2}b", "}{", "${", "{base-url}", "{message}"]
)
def test_other_braces_stay(value: str) -> None:
    assert render_env({"A": value}, VALUES) == {"A": value}


def test_what_no_environment_can_hold_is_a_mistake() -> None:
    with pytest.raises(EnvironmentMistake) as caught:
        render_env({"A=B": "x"}, VALUES)
    assert str(caught.value) == "client.env.'A=B': a name has no `=`, and neither name nor value a zero byte"

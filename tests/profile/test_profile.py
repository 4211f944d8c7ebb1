"""The profile: what it may say, what it defaults to, and every mistake, to the letter."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from conformance.mistakes import Mistakes
from conformance.profile import Profile, load_profile, template

TODAY = date(2026, 11, 22)
PYTHON = "client: {driver: python, target: 'shop.orders:place_order'}"
REST = "subject: shop\napi_version: 2024-02-05\n"

Complain = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Profile]:
    def load(text: str, *, account_only: bool = False, checks: tuple[str, ...] | None = None) -> Profile:
        (tmp_path / "golive.yaml").write_text(text, "utf-8")
        file = tmp_path / "golive.yaml"
        return load_profile(file, account_only=account_only, checks=checks, today=TODAY)

    return load


@pytest.fixture
def complaint(tmp_path: Path, load: Callable[..., Profile]) -> Complain:
    def complaint(
        text: str, *, account_only: bool = False, checks: tuple[str, ...] | None = None
    ) -> list[str]:
        with pytest.raises(Mistakes) as caught:
            load(text, account_only=account_only, checks=checks)
        return [line.replace(f"{tmp_path}/", "") for line in caught.value.lines]

    return complaint


def test_three_keys_are_enough_and_the_rest_has_defaults(
    load: Callable[..., Profile], tmp_path: Path
) -> None:
    profile = load(REST + PYTHON)
    assert profile.client is not None
    assert (profile.client.driver, profile.client.target) == ("python", "shop.orders:place_order")
    assert profile.client.resumes is True
    assert profile.contract == "runa"
    assert profile.api_version == "2024-02-05"
    assert profile.account.keys == {}
    assert profile.account.ip_allowlist is None
    assert profile.folder == tmp_path
    assert profile.source.history is True
    assert profile.waivers == ()
    assert profile.digest == hashlib.sha256((tmp_path / "golive.yaml").read_bytes()).hexdigest()


def test_every_key_of_the_fixed_interface_is_read(load: Callable[..., Profile]) -> None:
    profile = load(
        """
subject: acme-rewards
contract: runa
client:
  driver: python
  target: acme.rewards:place_order
  command: [node, order.mjs]
  url: "http://127.0.0.1:{port}/orders"
  ready: "http://127.0.0.1:{port}/health"
  env:
    RUNA_BASE_URL: "{base_url}"
    RUNA_API_KEY: "{api_key}"
  resumes: true
  debug_env: {LOG_LEVEL: debug}
  log_files: [logs/*.log]
api_version: "2024-02-05"
account:
  keys: {playground: {env: RUNA_PLAYGROUND_KEY}, production: {env: RUNA_PRODUCTION_KEY}}
  ip_allowlist: [203.0.113.7/32]
  probes: {inside: null, outside: "http://user@proxy.example:3128"}
source: {path: ., history: true}
waivers:
  - {check: account.ip-restriction-enforced, reason: "active later", owner: p@acme.test, expires: 2027-01-31}
"""
    )
    assert profile.client is not None
    assert profile.client.env["RUNA_API_KEY"] == "{api_key}"
    assert profile.client.log_files == ("logs/*.log",)
    assert profile.account.keys["production"].env == "RUNA_PRODUCTION_KEY"
    assert profile.account.ip_allowlist == ("203.0.113.7/32",)
    assert profile.waivers[0].expires == date(2027, 1, 31)


def test_a_profile_survives_the_way_to_another_process(load: Callable[..., Profile]) -> None:
    profile = load(REST + PYTHON)
    again = pickle.loads(pickle.dumps(profile))
    assert again == profile
    assert (again.digest, again.folder) == (profile.digest, profile.folder)


def test_the_account_alone_needs_no_client(load: Callable[..., Profile], complaint: Complain) -> None:
    assert load(REST, account_only=True).client is None
    assert complaint(REST) == [
        "golive.yaml:1:1: client: missing; say how an order is handed to your client (see golive init), or "
        "examine the account alone: golive account"
    ]


def test_a_profile_that_is_not_there_is_told_how_to_come_into_being(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        load_profile(tmp_path / "golive.yaml")
    assert caught.value.lines == (f"{tmp_path}/golive.yaml: there is no such file; golive init writes one",)


def test_all_mistakes_of_all_kinds_come_at_once(complaint: Complain) -> None:
    text = """\
subject: ""
contract: rnua
client:
  drvier: python
  resumes: yes
  target: 5
api_version: 2024
foo: 1
env: {}
waivers:
  - {check: retries.exactly-one, reason: known, expires: 2099-01-01}
"""
    assert complaint(text, checks=("retries.exactly-once",)) == [
        "golive.yaml:1:10: subject: is empty; name what is tested",
        'golive.yaml:2:11: contract: no contract is called "rnua"; did you mean "runa"? '
        "(a file is named by its path: ./rnua.yaml)",
        'golive.yaml:4:3: client.drvier: unknown key; did you mean "driver"?',
        'golive.yaml:5:12: client.resumes: should be true or false, not "yes"',
        "golive.yaml:6:11: client.target: should be text, is the number 5; put it in quotes",
        "golive.yaml:7:14: api_version: should be text, is the number 2024; put it in quotes",
        "golive.yaml:8:1: foo: unknown key; "
        "known here: account, api_version, client, contract, source, subject, waivers",
        "golive.yaml:9:1: env: unknown key; it belongs under client",
        "golive.yaml:11:5: waivers[0].owner: missing; add it, who answers for it",
        'golive.yaml:11:13: waivers[0].check: no check is called "retries.exactly-one"; '
        'did you mean "retries.exactly-once"?',
        "golive.yaml:11:58: waivers[0].expires: is more than a year ahead; "
        "choose 2027-11-22 or an earlier day",
    ]


@pytest.mark.parametrize(
    ("client", "line"),
    [
        (
            "{driver: python}",
            "9: client.target: missing; driver python needs a function of yours, written module:function",
        ),
        (
            "{driver: command}",
            "9: client.command: missing; driver command needs your program and its arguments, "
            "such as [node, order.mjs]",
        ),
        (
            "{driver: worker, command: []}",
            "35: client.command: missing; driver worker needs your program and its arguments, "
            "such as [node, order.mjs]",
        ),
        (
            "{driver: service, command: [node]}",
            "9: client.url: missing; driver service needs where your service takes orders, "
            "such as http://127.0.0.1:{port}/orders",
        ),
        (
            "{driver: command, command: [a], target: 'a:b'}",
            "41: client.target: is for driver python alone; remove it, or write driver: python",
        ),
        (
            "{driver: python, target: shop.orders}",
            "34: client.target: should be written module:function, such as shop.orders:place_order",
        ),
        (
            "{driver: command, command: node order.mjs}",
            "36: client.command: should be a list, is text; write it as in [node, order.mjs]",
        ),
        (
            "{driver: service, url: localhost}",
            "32: client.url: should be an address such as http://127.0.0.1:{port}/orders",
        ),
        (
            "{driver: pyhton, target: 'a:b'}",
            "18: client.driver: should be one of python, command, worker, service, "
            'not "pyhton"; did you mean "python"?',
        ),
        (
            "{driver: command, command: [a], env: {PORT: 8080}}",
            "53: client.env.PORT: should be text, is the number 8080; put it in quotes",
        ),
        (
            "{driver: command, command: [a], env: {URL: '{base_ulr}/v2'}}",
            "52: client.env.URL: nothing is called {base_ulr}; did you mean {base_url}?",
        ),
        ("python", '9: client: should be a mapping, is text; put lines such as "key: value" under it'),
    ],
)
def test_a_client_has_what_its_driver_needs(complaint: Complain, client: str, line: str) -> None:
    assert complaint(f"{REST}client: {client}\n") == [f"golive.yaml:3:{line}"]


@pytest.mark.parametrize("value", ["{id}", '{"url": "{base_url}"}', "{{api_key}}", "{}", "plain"])
def test_braces_of_the_clients_own_are_left_alone(load: Callable[..., Profile], value: str) -> None:
    profile = load(f"{REST}client:\n  driver: command\n  command: [a]\n  env:\n    VALUE: '{value}'\n")
    assert profile.client is not None
    assert profile.client.env["VALUE"] == value


@pytest.mark.parametrize("version", ["v2", "2024-2-5", "2024-13-01", "latest", '""'])
def test_a_version_that_is_no_dated_version_is_refused(complaint: Complain, version: str) -> None:
    assert complaint(f"subject: shop\napi_version: {version}\n{PYTHON}") == [
        'golive.yaml:2:14: api_version: should be a dated version, such as "2024-12-31"'
    ]


@pytest.mark.parametrize(
    ("account", "line"),
    [
        ("keys: XXabc123.s3cretXs3cretXs3cretXs3cret", "17: account.keys: {reason}"),
        (
            "keys: {test: XXabc123.s3cretXs3cretXs3cretXs3cret}",
            "24: account.keys.test: {reason}: {{env: NAME}}",
        ),
        (
            "keys: {test: {env: XXabc123.s3cretXs3cretXs3cretXs3cret}}",
            "30: account.keys.test.env: should be the name of an environment variable",
        ),
        (
            "probes: {outside: 'http://XXabc123.s3cretXs3cretXs3cretXs3cret@proxy'}",
            "29: account.probes.outside: {reason}",
        ),
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(complaint: Complain, account: str, line: str) -> None:
    reason = (
        "is a key itself, in a file that is shared; put it into an environment variable and name that here"
    )
    lines = complaint(f"{REST}{PYTHON}\naccount: {{{account}}}\n")
    assert lines == [f"golive.yaml:4:{line.format(reason=reason)}"]
    assert "s3cret" not in lines[0]


def test_a_key_in_the_clients_environment_is_refused_as_well(complaint: Complain) -> None:
    key = "wgABC999.s3cretXs3cretXs3cretXs3cret"
    assert complaint(f"{REST}client: {{driver: command, command: [a], env: {{KEY: {key}}}}}\n") == [
        "golive.yaml:3:52: client.env.KEY: is a key itself, in a file that is shared; "
        'write "{api_key}", and golive fills one in'
    ]


@pytest.mark.parametrize(
    ("waiver", "lines"),
    [
        (
            "check: a.b, reason: r, owner: ''",
            ["11: waivers[0].expires: missing", "42: waivers[0].owner: is empty; say who answers for it"],
        ),
        (
            "check: a.b, owner: o, reason: ' ', expires: tomorrow",
            [
                "42: waivers[0].reason: is empty; say why this is acceptable",
                '56: waivers[0].expires: should be a date such as 2024-12-31, not "tomorrow"',
            ],
        ),
        (
            "check: a.b, owner: o, reason: r, expires: 20270131",
            ["54: waivers[0].expires: should be a date such as 2024-12-31, is the number 20270131"],
        ),
        (  # seconds since 1970 would be days too, and out of reach
            'check: a.b, owner: o, reason: r, expires: "4072809600"',
            ['54: waivers[0].expires: should be a date such as 2027-11-22, not "4072809600"'],
        ),
        (
            "check: a.b, owner: o, reason: r, expires: 2027-11-22T00:00:00",
            ['54: waivers[0].expires: should be a date such as 2024-12-31, not "2027-11-22T00:00:00"'],
        ),
        (
            'check: a.b, owner: "\\u200b", reason: "\\u3164\\u00a0", expires: 2027-11-22',
            [
                "31: waivers[0].owner: is blank; say who answers for it",
                "49: waivers[0].reason: is blank; say why this is acceptable",
            ],
        ),
        (
            "check: a.b, owner: o, reason: r, expires: 2027-11-23",
            ["54: waivers[0].expires: is more than a year ahead; choose 2027-11-22 or an earlier day"],
        ),
        (
            "check: a.c, owner: o, reason: r, expires: 2027-11-22",
            ['19: waivers[0].check: no check is called "a.c"; did you mean "a.b"?'],
        ),
        (
            "check: zzzz, owner: o, reason: r, expires: 2027-11-22",
            ['19: waivers[0].check: no check is called "zzzz"; golive checks lists them'],
        ),
    ],
)
def test_a_waiver_without_reason_owner_or_a_day_in_reach_is_refused(
    complaint: Complain, waiver: str, lines: list[str]
) -> None:
    said = complaint(f"{REST}{PYTHON}\nwaivers: [{{{waiver}}}]\n", checks=("a.b",))
    assert len(said) == len(lines)
    for line, beginning in zip(said, lines, strict=True):
        assert line.startswith(f"golive.yaml:4:{beginning}")


def test_a_waiver_that_has_expired_is_no_mistake(load: Callable[..., Profile]) -> None:
    waiver = "{check: a.b, owner: o, reason: r, expires: 2020-01-01}"
    assert load(f"{REST}{PYTHON}\nwaivers: [{waiver}]").waivers[0].expires == date(2020, 1, 1)


def test_a_check_is_waived_once(complaint: Complain) -> None:
    waiver = "{check: a.b, owner: o, reason: r, expires: 2027-01-01}"
    assert complaint(f"{REST}{PYTHON}\nwaivers:\n- {waiver}\n- {waiver}") == [
        'golive.yaml:6:11: waivers[1].check: "a.b" is waived twice; keep one'
    ]


def test_on_leap_day_a_year_ahead_is_the_first_of_march(tmp_path: Path) -> None:
    file = tmp_path / "golive.yaml"
    waiver = "{check: a.b, owner: o, reason: r, expires: 2029-03-01}"
    file.write_text(f"{REST}{PYTHON}\nwaivers: [{waiver}]", "utf-8")
    assert load_profile(file, today=date(2028, 2, 29)).waivers


def test_paths_are_looked_for_beside_the_profile(
    load: Callable[..., Profile], complaint: Complain, tmp_path: Path
) -> None:
    assert complaint(f"{REST}{PYTHON}\ncontract: api/own.yaml\nsource: {{path: src}}") == [
        "golive.yaml:4:11: contract: there is no file api/own.yaml; write it relative to this profile",
        "golive.yaml:5:16: source.path: there is no folder src; write it relative to this profile",
    ]
    (tmp_path / "src").mkdir()
    assert load(f"{REST}{PYTHON}\nsource: {{path: src}}").source.path == "src"


@pytest.mark.parametrize("driver", ["python", "command", "worker", "service"])
def test_the_template_for_a_driver_is_a_profile(driver: str, tmp_path: Path) -> None:
    file = tmp_path / "golive.yaml"
    file.write_text(template(driver), "utf-8")
    profile = load_profile(file)
    assert profile.client is not None
    assert profile.client.driver == driver
    assert "<" not in file.read_text("utf-8")


@pytest.mark.parametrize("driver", ["python", "command", "worker", "service"])
def test_the_template_explains_every_key_in_lines_that_fit_a_terminal(driver: str) -> None:
    text = template(driver)
    keys = "subject contract client driver resumes debug_env log_files api_version account keys ip_allowlist probes"
    for key in f"{keys} source waivers check reason owner expires".split():
        assert f"{key}:" in text
    assert max(map(len, text.splitlines())) <= 88


def test_a_template_for_a_driver_that_there_is_not_is_refused() -> None:
    with pytest.raises(
        ValueError, match='no driver is called "ruby"; there are python, command, worker, service'
    ):
        template("ruby")

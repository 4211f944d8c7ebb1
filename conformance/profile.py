"""What is tested: the integrator's golive.yaml.

What lives here: its keys and what they default to, how it is read, and the file that `golive init` writes.
What must never be known here: how a client is driven, what any check makes of the profile, any vendor's fact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, TypeAdapter

from conformance import profile_rules
from conformance.contracts import DEFAULT, load_contract
from conformance.located import read, validate
from conformance.mistakes import Mistakes

DriverKind = Literal["python", "command", "worker", "service"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Client(_Part):
    """How the code under test is handed an order."""

    driver: DriverKind
    target: str | None = Field(default=None, description="module:function")
    command: tuple[str, ...] = Field(default=(), description="a program and its arguments, as a list")
    url: str | None = Field(default=None, description="where orders are posted; {port} is a free one")
    ready: str | None = Field(default=None, description="answers 2xx once the service can take orders")
    env: Mapping[str, str] = Field(default={}, description="environment of the client")
    resumes: bool = Field(
        default=True, description="asked again with a reference, it goes on with that order"
    )
    debug_env: Mapping[str, str] = Field(default={}, description="environment that makes it talkative")
    log_files: tuple[str, ...] = Field(default=(), description="patterns, relative to the profile's folder")


class KeySource(_Part):
    """Where an account's key is: one of an environment variable and a command that prints it."""

    env: str | None = Field(
        default=None, description="the name of the environment variable that holds the key"
    )
    command: tuple[str, ...] = Field(
        default=(),
        description="a program that prints the key, as a list; run without a shell, in the profile's folder",
    )


class Probes(_Part):
    """From where the IP restriction is tried: a source address, or the URL of a proxy."""

    inside: str | None = None
    outside: str | None = None


class Account(_Part):
    """The real account. `ip_allowlist` None: not declared; `()`: declared to be empty."""

    keys: Mapping[str, KeySource] = Field(
        default={}, description="environment's name: {env: NAME}, or {command: [...]}"
    )
    ip_allowlist: tuple[str, ...] | None = None
    probes: Probes = Probes()


class Source(_Part):
    """Where the client's source code is, and whether its git history is looked at too."""

    path: str = Field(default=".", description="relative to the profile's folder")
    history: bool = True


class Waiver(_Part):
    """Somebody answers for a check that fails or cannot be tested, until the end of a day in UTC."""

    check: str = Field(description="the id of a check")
    reason: str = Field(description="why this is acceptable")
    owner: str = Field(description="who answers for it")
    expires: date = Field(description="a date at most a year ahead")


class Profile(_Part):
    """A whole profile. `client` is None only where it was loaded for the account alone."""

    subject: str = Field(description="the name in the report")
    contract: str = Field(default=DEFAULT, description="a built-in name, or the path of a contract file")
    client: Client | None = None
    api_version: str = Field(description='the dated version that the client pins, such as "2024-12-31"')
    account: Account = Account()
    source: Source = Source()
    waivers: tuple[Waiver, ...] = ()

    _path: Path = PrivateAttr(default=Path("golive.yaml"))
    _digest: str = PrivateAttr(default="")

    @property
    def path(self) -> Path:
        return self._path

    @property
    def folder(self) -> Path:
        """The profile's folder, absolute: relative paths in the profile start there."""
        return self._path.resolve().parent

    @property
    def digest(self) -> str:
        """SHA-256 of the profile's file, in hex; empty for a profile that was not read from a file."""
        return self._digest


def load_profile(
    path: str | Path,
    *,
    account_only: bool = False,
    checks: Collection[str] | None = None,
    today: date | None = None,
) -> Profile:
    """The profile in a file. Raises `Mistakes` with all that is wrong with it.

    `account_only`: no client is needed. `checks`: the ids that waivers may name; not looked at when None. `today`: the
    day from which a waiver may be a year ahead; the one that it is in UTC if None.
    """
    if not Path(path).exists():
        raise Mistakes([f"{path}: there is no such file; golive init writes one"])
    try:
        document = read(Path(path))
        rules = profile_rules.rules(
            document.path.parent, today or datetime.now(UTC).date(), account_only, checks
        )
        profile = validate(document, TypeAdapter(Profile), rules)
    except (
        Mistakes
    ) as mistakes:  # names of keys and paths are repeated, and somebody may have put a key there
        raise Mistakes(profile_rules.without_keys(line) for line in mistakes.lines) from None
    profile._path, profile._digest = document.path, document.digest
    return profile


def template(driver: str) -> str:
    """The text of a commented profile for a kind of driver. Raises `ValueError` for any other kind."""
    if driver not in _CLIENTS:
        raise ValueError(f'no driver is called "{driver}"; there are {", ".join(_CLIENTS)}')
    contract = load_contract(DEFAULT)
    words = {
        "<client>": _CLIENTS[driver],
        "<contract>": contract.name,
        "<PREFIX>": contract.name.upper(),
        "<version>": contract.versions.current,
        "<environment>": contract.sandbox_environment,
    }
    text = _TEMPLATE
    for word, value in words.items():
        text = text.replace(word, value)
    return text


_ENVIRONMENT = """\
  # The environment your client starts with: how it learns where the API is and
  # which key to use. golive fills in the braces, with a fresh key each time.
  # Nothing else of your own environment reaches it, except PATH, HOME, LANG, TZ.
  env:
    <PREFIX>_BASE_URL: "{base_url}"
    <PREFIX>_API_KEY: "{api_key}"
"""

_CLIENTS: Mapping[str, str] = {
    "python": """\
  driver: python
  # Your function, as module:function. golive calls it as
  #     place_order(order, context)
  # `order` is the body to send, unchanged. `context` has base_url, api_key,
  # api_version, reference, state_dir (a folder that survives restarts) and ca_file.
  # Return the order's id, or raise: conformance.Unknown, a time-out or a broken
  # connection if the order may exist, anything else if it does not. May be async.
  target: my_package.orders:place_order
  # env:                            # more environment for it, if it reads any
  #   <PREFIX>_BASE_URL: "{base_url}"
""",
    "command": f"""\
  driver: command
  # Your program, started once for each order. It reads one line of JSON,
  #     {{"reference": "...", "order": {{...}}}}
  # places the order, and prints one line of JSON:
  #     {{"outcome": "created", "order_id": "..."}}
  #     {{"outcome": "rejected", "type": "..."}}    the API said no
  #     {{"outcome": "unknown"}}                    it gave up and cannot know
  command: [node, order.mjs]
{_ENVIRONMENT}""",
    "worker": f"""\
  driver: worker
  # Your program, started once. It reads a line of JSON for each order,
  #     {{"id": 1, "reference": "...", "order": {{...}}}}
  # and answers each with a line that repeats the id, in any order:
  #     {{"id": 1, "outcome": "created", "order_id": "..."}}
  command: [node, worker.mjs]
{_ENVIRONMENT}""",
    "service": f"""\
  driver: service
  # Your HTTP service. golive posts {{"reference": "...", "order": {{...}}}} to `url`
  # and reads the outcome from the answer:
  #     {{"outcome": "created", "order_id": "..."}}
  # {{port}} is a free port. Without `command` the service has to be running already.
  command: [node, service.mjs, "{{port}}"]
  url: "http://127.0.0.1:{{port}}/orders"
  ready: "http://127.0.0.1:{{port}}/health"   # answers 2xx when orders can come
{_ENVIRONMENT}""",
}

_TEMPLATE = """\
# What golive tests. Fill in what is yours, then: golive run

subject: my-integration             # the name in the report
contract: <contract>                      # a built-in API, or the path of a contract file

client:
<client>
  # Asked again with the same reference, also after a restart, does your client
  # go on with the same order? (If not, less can be tested.)
  resumes: true

  # How it is made talkative, and where it logs: golive looks for leaked keys.
  # debug_env: {LOG_LEVEL: debug}
  # log_files: [logs/*.log]

api_version: "<version>"           # the version that your client sends

# Your real account. Keys are named by environment variable, never written here,
# or by a command that prints one: {command: [pass, show, NAME]}.
# account:
#   keys: {<environment>: {env: <PREFIX>_KEY}}
#   ip_allowlist: [203.0.113.7/32]  # the addresses your servers call from
#   probes: {inside: null, outside: "http://proxy.example:3128"}

# Where your source is, to look for keys in it and in its git history.
# source: {path: ., history: true}

# A check that fails or cannot be tested, and that somebody answers for a while.
# waivers:
#   - check: account.ip-allowlist-sane
#     reason: "why this is acceptable"
#     owner: you@example.com
#     expires: YYYY-MM-DD           # at most a year ahead
"""

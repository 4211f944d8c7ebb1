"""What the keys of a profile demand of each other and of the world, beyond their types.

What lives here: rules over the raw data, which therefore speak beside all other mistakes of the file.
What must never be known here: any vendor's fact, and what any check makes of the profile.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from pydantic import JsonValue

from conformance.contracts import DEFAULT, builtin_names, load_contract, locate_contract
from conformance.drivers.environment import BRACES
from conformance.endpoint.routes import read_route
from conformance.located import Rule, find
from conformance.mistakes import Mistakes, Place, Wrong, resembling

_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NEEDS = {"python": "target", "command": "command", "worker": "command", "service": "url"}
_FORMS = {
    "target": "a function of yours, written module:function",
    "command": "your program and its arguments, such as [node, order.mjs]",
    "url": "where your service takes orders, such as http://127.0.0.1:{port}/orders",
}
_KEY_IN_FILE = (
    "is a key itself, in a file that is shared; put it into an environment variable and name that here"
)

_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""letters and symbols that are drawn as nothing"""
_KEY_IN_ENV = 'is a key itself, in a file that is shared; write "{api_key}", and golive fills one in'


def rules(folder: Path, today: date, account_only: bool, checks: Collection[str] | None) -> tuple[Rule, ...]:
    """All rules for a profile in `folder`. `checks`: the ids that a waiver may name; any when None."""
    return (
        _texts_that_say_nothing,
        _api_version,
        _contract_in(folder),
        _source_in(folder),
        _keys_by_name,
        _no_key_shaped_as_in_contract(folder),
        _probes_are_routes,
        *(() if account_only else (_client_there,)),
        _client_fits_driver,
        _placeholders,
        _waivers_until(_a_year_after(today)),
        *(() if checks is None else (_waivers_of(checks),)),
    )


def _probes_are_routes(data: JsonValue) -> Iterator[Wrong]:
    for name in ("inside", "outside"):
        place = ("account", "probes", name)
        text = find(data, *place)
        try:
            read_route(text if isinstance(text, str) else None)
        except ValueError as wrong:
            yield Wrong(place, str(wrong))


def _waivers_of(checks: Collection[str]) -> Rule:
    """Waivers may name these checks alone."""

    def rule(data: JsonValue) -> Iterator[Wrong]:
        for place in _waivers(data):
            check = find(data, *place, "check")
            if isinstance(check, str) and check.strip() and check not in checks:
                meant = resembling(check, checks)
                right = f'did you mean "{meant}"?' if meant else "golive checks lists them"
                yield Wrong((*place, "check"), f'no check is called "{check}"; {right}')

    return rule


def _client_there(data: JsonValue) -> Iterator[Wrong]:
    if isinstance(data, dict) and data.get("client") is None:
        yield Wrong(
            ("client",),
            "missing; say how an order is handed to your client (see golive init), or examine the account "
            "alone: golive account",
        )


def _client_fits_driver(data: JsonValue) -> Iterator[Wrong]:
    client = find(data, "client")
    if not isinstance(client, dict):
        return
    driver, target = client.get("driver"), client.get("target")
    needed = _NEEDS.get(str(driver))
    if needed and client.get(needed) in (None, []):
        yield Wrong(("client", needed), f"missing; driver {driver} needs {_FORMS[needed]}")
    if "target" in client and needed not in (None, "target"):
        yield Wrong(
            ("client", "target"), "is for driver python alone; remove it, or write driver: python", "key"
        )
    elif isinstance(target, str) and not _TARGET.fullmatch(target):
        yield Wrong(
            ("client", "target"), "should be written module:function, such as shop.orders:place_order"
        )
    if isinstance(client.get("command"), str):
        yield Wrong(("client", "command"), "should be a list, is text; write it as in [node, order.mjs]")
    for name in ("url", "ready"):
        address = client.get(name)
        if isinstance(address, str) and not re.match(r"https?://[^/]", address):
            yield Wrong(("client", name), "should be an address such as http://127.0.0.1:{port}/orders")


def _placeholders(data: JsonValue) -> Iterator[Wrong]:
    """Braces that are nearly a placeholder. Others may be the client's own, and are left alone."""
    for section in ("env", "debug_env"):
        variables = find(data, "client", section)
        for name, value in variables.items() if isinstance(variables, dict) else ():
            for word in re.findall(r"\{(\w+)\}", value) if isinstance(value, str) else ():
                meant = resembling(word, BRACES)
                if meant and meant != word and len(word) > 2:
                    yield Wrong(
                        ("client", section, name), f"nothing is called {{{word}}}; did you mean {{{meant}}}?"
                    )


def _texts_that_say_nothing(data: JsonValue) -> Iterator[Wrong]:
    rights = {
        "check": "name the check",
        "reason": "say why this is acceptable",
        "owner": "say who answers for it",
    }
    of_waivers = [((*place, key), right) for place in _waivers(data) for key, right in rights.items()]
    for place, right in [(("subject",), "name what is tested"), *of_waivers]:
        text = find(data, *place)
        if isinstance(text, str) and not _visible(text):
            yield Wrong(place, f"is {'blank' if text.strip() else 'empty'}; {right}")


def _visible(text: str) -> bool:
    """Is there anything to be seen of it? Format characters, fillers and every kind of space are not."""
    return any(unicodedata.category(each)[0] not in "CZ" and each not in _FILLERS for each in text)


def _api_version(data: JsonValue) -> Iterator[Wrong]:
    version = find(data, "api_version")
    if isinstance(version, str) and not _day(version):
        yield Wrong(("api_version",), 'should be a dated version, such as "2024-12-31"')


def _contract_in(folder: Path) -> Rule:
    def rule(data: JsonValue) -> Iterator[Wrong]:
        name = find(data, "contract")
        if isinstance(name, str):
            try:
                found = locate_contract(name, folder=folder)
            except Mistakes as mistakes:
                yield Wrong(("contract",), mistakes.lines[0])
            else:
                if not found.is_file():
                    yield Wrong(("contract",), f"there is no file {found}; write it relative to this profile")

    return rule


def _source_in(folder: Path) -> Rule:
    def rule(data: JsonValue) -> Iterator[Wrong]:
        path = find(data, "source", "path")
        if isinstance(path, str) and not (folder / path).is_dir():
            yield Wrong(
                ("source", "path"), f"there is no folder {folder / path}; write it relative to this profile"
            )

    return rule


def _keys_by_name(data: JsonValue) -> Iterator[Wrong]:
    keys = find(data, "account", "keys")
    if isinstance(keys, str):
        yield Wrong(("account", "keys"), _KEY_IN_FILE)
    for name, key in keys.items() if isinstance(keys, dict) else ():
        variable, command = find(key, "env"), find(key, "command")
        if isinstance(key, str):
            yield Wrong(("account", "keys", name), f"{_KEY_IN_FILE}: {{env: NAME}}")
        elif isinstance(key, dict) and bool(variable) == bool(command):
            both = "has both env and command; keep one" if variable else "names nothing"
            yield Wrong(
                ("account", "keys", name), f"{both}: {{env: NAME}}, or {{command: [pass, show, NAME]}}"
            )
        elif isinstance(command, str):
            text = "should be a list, is text; write it as in [pass, show, NAME], since no shell reads it"
            yield Wrong(("account", "keys", name, "command"), text)
        elif isinstance(variable, str) and not _VARIABLE.fullmatch(variable):
            yield Wrong(("account", "keys", name, "env"), "should be the name of an environment variable")


def _no_key_shaped_as_in_contract(folder: Path) -> Rule:
    def rule(data: JsonValue) -> Iterator[Wrong]:
        try:
            contract = load_contract(str(find(data, "contract") or DEFAULT), folder=folder)
        except Mistakes:  # told when the contract is loaded to be used
            return
        for place, text in _texts(data, ()):
            told = place[:2] == ("account", "keys") and (len(place) == 3 or place[-1] == "env")
            if contract.key_pattern.search(text) and not told:
                yield Wrong(place, _KEY_IN_ENV if place[0] == "client" else _KEY_IN_FILE)

    return rule


def without_keys(line: str) -> str:
    """A message without what begins as a key of a built-in API does; messages shorten what they repeat."""
    for contract in map(load_contract, builtin_names()):
        auth = contract.auth
        openings = {prefix for each in contract.environments.values() for prefix in each.key_prefixes}
        alphabet = "".join(map(re.escape, auth.secret_alphabet))
        for opening in openings:
            public = re.escape(opening) + rf"\w{{{max(auth.prefix_length - len(opening), 0)}}}"
            line = re.sub(f"({public}{re.escape(auth.separator)})[{alphabet}…]{{6,}}", r"\1[secret]", line)
    return line


def _texts(data: JsonValue, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*place, index))


def _a_year_after(today: date) -> date:
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return date(today.year + 1, 3, 1)


def _waivers_until(latest: date) -> Rule:
    def rule(data: JsonValue) -> Iterator[Wrong]:
        waived: dict[str, Place] = {}
        for place in _waivers(data):
            written = find(data, *place, "expires")
            expires = _day(written)
            if isinstance(written, str) and _is_number(written):
                # Seconds since 1970 would be a date as well, and nobody would see which.
                yield Wrong((*place, "expires"), f'should be a date such as {latest}, not "{written}"')
            elif expires and expires > latest:
                text = f"is more than a year ahead; choose {latest} or an earlier day"
                yield Wrong((*place, "expires"), text)
            check = find(data, *place, "check")
            if isinstance(check, str) and waived.setdefault(check, place) != place:
                yield Wrong((*place, "check"), f'"{check}" is waived twice; keep one')

    return rule


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _waivers(data: JsonValue) -> list[Place]:
    waivers = find(data, "waivers")
    return [("waivers", number) for number in range(len(waivers) if isinstance(waivers, list) else 0)]


def _day(text: JsonValue) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and _DAY.fullmatch(text) else None
    except ValueError:
        return None

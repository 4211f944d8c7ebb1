"""Where money is real: which addresses and keys are, and what is refused before anything is sent. Pure.

What lives here: base URLs as people write them, the environment that each belongs to, the guard.
What must never be known here: how anything is sent, and from where keys come.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import SplitResult, unquote, urlsplit

from conformance.contract import Contract
from conformance.mistakes import Mistakes

FLAG = "--i-know-this-is-production"
_SCHEMES: Mapping[str, int] = {"https": 443, "http": 80}


def read_endpoint(option: str, text: str, contract: Contract | None = None) -> str:
    """A base URL that was given on the command line, without a slash at its end.

    Raises Mistakes with what is wrong. The text is not repeated: whoever put a key into it has shown it once too often.
    """
    right = "name the API's base URL, such as https://sandbox.example/v2"
    if contract is not None and contract.key_pattern.search(unquote(text)):
        raise Mistakes([f"{option}: {KEY_AS_ARGUMENT}"])
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Mistakes([f"{option}: is no address; {right}"]) from None
    if (
        parts.scheme.lower() not in _SCHEMES
        or not host
        or any(ord(character) < 33 for character in text.strip())
    ):
        raise Mistakes([f"{option}: should begin with https:// and a host; {right}"])
    if parts.username is not None or parts.password is not None:
        raise Mistakes(
            [f"{option}: has a user or a password in it, which every list of processes shows. {KEY_SOURCES}"]
        )
    if parts.query or parts.fragment:
        raise Mistakes([f"{option}: goes on after the path; {right}, without ? and #"])
    if parts.scheme.lower() == "http" and not _is_loopback(_plain(host)):
        raise Mistakes([f"{option}: plain http would show the key to everybody on the way; use https://"])
    return text.strip().rstrip("/")


def refuse_keys_among(arguments: Sequence[str], contracts: Iterable[Contract]) -> str:
    """The line that refuses a command line with a key in it, "" if there is none. The key is not repeated."""
    shapes = [contract.key_pattern for contract in contracts]
    named = [
        argument.partition("=")[0] for argument in arguments if argument.partition("=")[0] in _KEY_OPTIONS
    ]
    if named:
        return f"{named[0]}: there is no such option, since every list of processes shows arguments. {KEY_SOURCES}"
    if any(shape.search(unquote(argument)) for argument in arguments for shape in shapes):
        return f"one of the arguments {KEY_AS_ARGUMENT}"
    return ""


KEY_SOURCES = (
    "Keys come from an environment variable or a command that the profile names, as account.keys: "
    "{<environment>: {env: NAME}}"
)
_KEY_OPTIONS = ("--api-key", "--apikey", "--secret", "--token", "--api-secret")
KEY_AS_ARGUMENT = (
    f"holds a key, which every list of processes and the shell's history show now: revoke it. {KEY_SOURCES}"
)


def host_of(url: str) -> str | None:
    """The host of a URL in one spelling: without case, port, user, closing dot, or another way to write it."""
    try:
        parts = _split(url)
        return _plain(parts.hostname) if parts.hostname else None
    except ValueError:
        return None


def is_on_this_machine(url: str) -> bool:
    """Does the URL lead to loopback?"""
    host = host_of(url)
    return host is not None and _is_loopback(host)


def environment_of(url: str, contract: Contract) -> str | None:
    """The name of the contract's environment that a URL leads to; None if its host is nobody's.

    Hosts below an environment's belong to it. Where several share a host the path decides, and in doubt the URL
    leads to production.
    """
    host = host_of(url)
    if host is None:
        return None
    near = {
        name: environment
        for name, environment in contract.environments.items()
        if (own := host_of(environment.base_url)) and (host == own or host.endswith(f".{own}"))
    }
    if len(near) > 1:
        path = unquote(_split(url).path).rstrip("/") + "/"
        within = [
            name
            for name, each in near.items()
            if path.startswith(_split(each.base_url).path.rstrip("/") + "/")
        ]
        if within:
            return max(within, key=lambda name: len(_split(near[name].base_url).path))
    ranked = sorted(near, key=lambda name: not near[name].production)
    return ranked[0] if ranked else None


def is_production(url: str, contract: Contract) -> bool:
    name = environment_of(url, contract)
    return name is not None and contract.environments[name].production


def is_production_key(key: str, contract: Contract) -> bool:
    name = contract.environment_of_key(key)
    return name is not None and contract.environments[name].production


def environments_named(text: str, contract: Contract) -> Iterator[str]:
    """The environments whose address stands in a text, as a URL or as a bare host."""
    plain = _plain_text(text)
    for name, environment in contract.environments.items():
        host = host_of(environment.base_url)
        if host and re.search(rf"(?<![\w-]){re.escape(host)}(?![\w-]|\.\w)", plain):
            found = next(
                (url for url in re.findall(r"[a-z][a-z0-9+.-]*://[^\s\"'<>,;]+", plain) if host in url), host
            )
            yield environment_of(found, contract) or name


def refuse_production(place: str, url: str, contract: Contract) -> str:
    """The line that refuses an address where money is real; `place` is where it was given."""
    safe = contract.environments[contract.sandbox_environment].base_url
    return (
        f"{place}: {host_of(url)} is production, where orders cost real money; name the sandbox, {safe}, or say "
        f"{FLAG} if it is meant"
    )


def refusals(addresses: Mapping[str, str], key: str | None, contract: Contract) -> list[str]:
    """A line for each text that leads to production, by the place where it stands, and one if `key`, which would be
    sent, is a key of production.
    """
    environments = contract.environments
    lines = [
        refuse_production(place, environments[found[0]].base_url, contract)
        for place, text in addresses.items()
        if (found := [name for name in environments_named(text, contract) if environments[name].production])
    ]
    if key is not None and is_production_key(key, contract):
        prefixes = " or ".join(environments[contract.sandbox_environment].key_prefixes)
        lines.append(
            "account.keys: the key that would be sent begins as those of production do; name one that begins with "
            f"{prefixes}, or say {FLAG} if it is meant"
        )
    return lines


def _split(url: str) -> SplitResult:
    text = url.strip().replace("\\", "/")
    return urlsplit(text if "://" in text else f"//{text.lstrip('/')}")


def _plain_text(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFKC", unquote(text)).replace("\u3002", ".").lower()


def _plain(host: str) -> str:
    plain = _plain_text(host).strip("[]").rstrip(".")
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return str(mapped or address)
    except ValueError:
        pass
    if re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", plain):
        try:
            return socket.inet_ntoa(socket.inet_aton(plain))  # 127.1, 0x7f.0.0.1, 2130706433
        except OSError:
            return plain
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

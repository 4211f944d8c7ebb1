"""What is changed in a request on its way to a real endpoint, and in its answer on the way back. Pure.

What lives here: headers that are for one hop alone, the account's key in the place of the client's and the other way
round, and payout links, which are money, in the place of which the client is given some that are worth nothing.
What must never be known here: connections, and what a request or an answer means.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from conformance.contract import Contract
from conformance.hygiene.canary import Canary, scanner_for
from conformance.sandbox.documents import Unreadable, read_document
from conformance.sandbox.templates import point

Headers = tuple[tuple[str, str], ...]

_HOP: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length"),
    }
)
_NOT_PASSED_ON: Final = _HOP | {"proxy-authorization", "host", "expect", "accept-encoding"}
"""headers of a request that are for the next hop alone, or are made anew"""
_NOT_HANDED_BACK: Final = _HOP | {"content-encoding", "date", "strict-transport-security", "alt-svc"}
"""headers of an answer that are for this hop alone, or speak of the endpoint's own address"""
_LINKS: Final = "https://payout.example/"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request for the endpoint. `path`: what follows its base URL. `as_account`: whoever sends it showed the key that
    it was given, so that the account's own takes its place; `stand_in` is that key. `repeatable`: sent twice, it is
    still one.
    """

    method: str
    path: str
    headers: Headers
    body: bytes
    as_account: bool
    stand_in: Canary | None
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An answer. `headers`: those that are handed on; `names`: of all that came, in lower case. `interim`: the 1xx
    that came before it; a status below 200 came alone. `repeated`: the request had to be sent twice. `echoed`: the
    account's key stood in it.
    """

    status: int
    headers: Headers
    body: bytes
    names: tuple[str, ...] = ()
    interim: tuple[int, ...] = ()
    repeated: bool = False
    echoed: bool = False


class Wash:
    """`key`: the account's own."""

    def __init__(self, key: Canary, contract: Contract) -> None:
        self._key = key
        self._contract = contract
        self._auth = contract.auth.header.lower()
        self._scanner = scanner_for(key, ("key",))
        self._links = tuple(_places_of(contract.orders.completed_item, "$payout_url"))

    def redact(self, text: str) -> str:
        return self._scanner.redact(text)

    def passed_on(self, outgoing: Outgoing, host: str) -> list[tuple[bytes, bytes]]:
        """The headers of a request, with the account's key in its own where `as_account`."""
        named = _named(outgoing.headers) - {self._auth}
        kept = [
            (name, self._key.key if outgoing.as_account and name.lower() == self._auth else value)
            for name, value in outgoing.headers
            if name.lower() not in _NOT_PASSED_ON and name.lower() not in named
        ]
        ours = [("Host", host), ("Accept-Encoding", "identity")]
        if outgoing.body or outgoing.method not in {"GET", "HEAD"}:
            ours.append(("Content-Length", str(len(outgoing.body))))
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*ours, *kept)]

    def handed_back(self, told: Told, stand_in: Canary | None) -> Told:
        """An answer with all of its headers, as far as it is anybody's business: without the account's key, in whatever
        form, for which the client's own stands in; and with other payout links.
        """
        named = _named(told.headers)
        echoed = self._scanner.suspects(told.body) or any(
            self._scanner.suspects(f"{name}: {value}".encode("utf-8", "replace"))
            for name, value in told.headers
        )
        headers, body = told.headers, told.body
        if echoed:
            headers = tuple(
                (self._swapped(name, stand_in), self._swapped(value, stand_in)) for name, value in headers
            )
            text = self._swapped(body.decode("utf-8", "surrogateescape"), stand_in)
            body = text.encode("utf-8", "surrogateescape")
        return replace(
            told,
            headers=tuple(
                (name, value)
                for name, value in headers
                if name.lower() not in _NOT_HANDED_BACK and name.lower() not in named
            ),
            body=self._without_links(body, stand_in),
            names=tuple(dict.fromkeys(name.lower() for name, _ in headers)),
            echoed=echoed,
        )

    def _swapped(self, text: str, stand_in: Canary | None) -> str:
        if stand_in is not None:
            text = text.replace(self._key.key, stand_in.key).replace(self._key.secret, stand_in.secret)
        return self._scanner.redact(text)

    def _without_links(self, body: bytes, stand_in: Canary | None) -> bytes:
        """Letter by letter as it was, but for the links."""
        for link in self._links_in(body):
            # Where the same one is given again, so is what stands for it.
            digest = hashlib.sha256(self._key.secret.encode() + link.encode("utf-8", "replace")).hexdigest()[
                :26
            ]
            mark = "" if stand_in is None else stand_in.payout
            other = f"{_LINKS}{mark}{digest.upper()}".encode()
            plain = json.dumps(link)
            for written in (plain, plain.replace("/", "\\/"), json.dumps(link, ensure_ascii=False)):
                body = body.replace(written.encode("utf-8", "surrogatepass"), b'"%b"' % other)
        return body

    def _links_in(self, body: bytes) -> list[str]:
        try:
            document = read_document(body)
        except Unreadable:
            return []
        items = point(document, self._contract.orders.items)
        found = (
            point(item, place) for item in (items if isinstance(items, list) else []) for place in self._links
        )
        return [link for link in found if isinstance(link, str) and link]


def _named(headers: Headers) -> set[str]:
    """The headers that the Connection header names: they are for this hop too."""
    values = (value for name, value in headers if name.lower() == "connection")
    return {token.strip().lower() for value in values for token in value.split(",")}


def _places_of(template: JsonValue, name: str, path: str = "") -> Iterator[str]:
    """Where a name stands in a template, as JSON pointers."""
    if template == name:
        yield path
    members: Iterable[tuple[str, JsonValue]] = template.items() if isinstance(template, dict) else ()
    for key, value in members:
        yield from _places_of(value, name, f"{path}/{key}")

"""What is kept of a request and its answer: everything but keys, and links that are money.

What lives here: how keys and links are taken out, so that what is left can still be compared.
What must never be known here: what any of it means.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable

from pydantic import JsonValue

from conformance.endpoint.script import Credential
from conformance.sandbox.documents import Unreadable, read_document, write_document

_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\\?/\\?/[^\s\"'<>]+")
_PLACE = re.compile(r"[^:]*:\\?/\\?/(?:[^/@\\]*@)?([\w.:-]+)")
_CONFIDENTIAL = frozenset({"set-cookie", "cookie", "authorization", "proxy-authorization"})
DESCRIBED: dict[Credential, str] = {
    "account": "[the account's key]",
    "empty": "",
    "other-case": "[the account's key, its letters in the other case]",
    "other-character": "[the account's key, one character changed]",
    "cut": "[the account's key, its last character missing]",
    "longer": "[the account's key, one character too many]",
    "prefix-only": "[the account's key, nothing but its prefix]",
    "other-secret": "[the account's prefix with another secret]",
    "foreign": "[a key that nobody has]",
}


class Recorder:
    """`redact`: takes every known key out of a text, in whatever form."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._salt = secrets.token_bytes(16)

    def text(self, text: str, sent: str | None = None) -> str:
        """The text without keys. `sent`: the key that went out, be it the account's or not."""
        return self._redact(text.replace(sent, "[key]") if sent else text)

    def headers(
        self, headers: Iterable[tuple[str, str]], sent: str | None = None
    ) -> tuple[tuple[str, str], ...]:
        """Response headers, without keys, cookies and links."""
        return tuple(
            (
                self.text(name, sent),
                "[not kept]" if name.lower() in _CONFIDENTIAL else self._unlinked(self.text(value, sent)),
            )
            for name, value in headers
        )

    def body(self, body: bytes, sent: str | None = None) -> str:
        """A response body as text; a JSON document is written anew. Each link is a mark with its
        host, the same for the same.
        """
        try:
            document = read_document(body)
        except Unreadable:
            return self._unlinked(self.text(body.decode("utf-8", "replace"), sent))
        return self.text(write_document(self._without_links(document)).decode(), sent)

    def _without_links(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self._unlinked(value)
        if isinstance(value, list):
            return [self._without_links(entry) for entry in value]
        if isinstance(value, dict):
            return {self._unlinked(name): self._without_links(entry) for name, entry in value.items()}
        return value

    def _unlinked(self, text: str) -> str:
        def marked(link: re.Match[str]) -> str:
            digest = hashlib.sha256(self._salt + link[0].encode("utf-8", "replace")).hexdigest()[:8]
            place = _PLACE.match(link[0])
            return f"[{place[1] if place else 'somewhere'}, link {digest}]"

        return _LINK.sub(marked, text)

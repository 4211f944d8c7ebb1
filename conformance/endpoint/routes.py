"""The ways by which a request may leave, as a profile writes them.

What lives here: reading them, and showing them without their passwords.
What must never be known here: what is sent.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

_SCHEMES = ("http", "https")
RIGHT = 'write an address of this machine, such as 203.0.113.7, or a proxy, such as "http://user@proxy.example:3128"'


@dataclass(frozen=True, slots=True)
class Route:
    """How a request leaves: by itself, from an `address` of this machine, or through a `proxy`, whose URL may hold a
    password. Shown, it shows none.
    """

    address: str | None = None
    proxy: str | None = None

    def __str__(self) -> str:
        if self.address:
            return f"from {self.address}"
        if self.proxy is None:
            return "from here"
        parts = urlsplit(self.proxy)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"through {host}{f':{parts.port}' if parts.port else ''}"

    __repr__ = __str__


def read_route(text: str | None) -> Route:
    """A place as a profile writes it. Raises ValueError, without the text, since that may hold a password."""
    if text is None:
        return Route()
    text = text.strip()
    try:
        return Route(address=str(ipaddress.ip_address(text.strip("[]"))))
    except ValueError:
        pass
    try:
        parts = urlsplit(text)
        usable = parts.scheme.lower() in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"is neither an address nor a proxy; {RIGHT}")
    return Route(proxy=text)

"""Keys that are no UUIDs and good enough: 64 random bits, or fewer characters with a time before them."""

from __future__ import annotations

import secrets
import time

from gallery.reference import Reference

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SixtyFourBits(Reference):
    """Sends eight random bytes after a prefix that says whose they are."""

    def new_key(self) -> str:
        return f"acme-rewards/{secrets.token_urlsafe(8)}"


class TimeOrdered(Reference):
    """Sends ULIDs: the time, so that keys can be sorted, and 80 random bits."""

    def new_key(self) -> str:
        number = int(time.time() * 1000) << 80 | secrets.randbits(80)
        return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))

"""The ways in which people make idempotency keys, as functions of chance and of the number of the order.

What lives here: one entry a style, those that nobody guesses and those that somebody may. Orders come a twentieth of a
second apart. What must never be known here: how either is told from the other.
"""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random

Style = Callable[[Random, int], str]

BEGAN, APART = 1_732_312_345.678, 0.05
"""calendar seconds of the first order, and seconds from one to the next"""
_UPPER, _LOWER, _DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
_BASE62 = _DIGITS + _UPPER + _LOWER
_BASE58 = "".join(each for each in _BASE62 if each not in "0OIl")
_CROCKFORD = "".join(each for each in _DIGITS + _UPPER if each not in "ILOU")
_NANOID = _LOWER + _UPPER + _DIGITS + "-_"


def when(number: int) -> float:
    """Calendar seconds at which that order's key is made."""
    return BEGAN + number * APART


def _written(number: int, alphabet: str, length: int = 0) -> str:
    text = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        text = alphabet[digit] + text
    return text.rjust(length, alphabet[0])


def _uuid(chance: Random) -> uuid.UUID:
    return uuid.UUID(int=chance.getrandbits(128), version=4)


def _uuid7(chance: Random, number: int) -> str:
    moment = int(when(number) * 1000) << 80
    return str(
        uuid.UUID(int=moment | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62))
    )


def _uuid1(chance: Random, number: int) -> str:
    ticks = int(when(number) * 10_000_000) + 0x01B21DD213814000 + chance.randrange(1000)
    return str(
        uuid.UUID(
            fields=(
                ticks & 0xFFFFFFFF,
                ticks >> 32 & 0xFFFF,
                ticks >> 48 & 0xFFF | 0x1000,
                0x9D,
                0xDE,
                0xB3CA83D29C53,
            )
        )
    )


def _iso(number: int) -> str:
    return datetime.fromtimestamp(when(number), UTC).isoformat()


def _millis(number: int) -> int:
    return int(when(number) * 1000)


UNGUESSABLE: Mapping[str, Style] = {
    "UUIDv4": lambda chance, number: str(_uuid(chance)),
    "UUIDv4, hex": lambda chance, number: _uuid(chance).hex,
    "UUIDv4, upper case in braces": lambda chance, number: f"{{{_uuid(chance)}}}".upper(),
    "UUIDv4, base64": lambda chance, number: base64.b64encode(_uuid(chance).bytes).decode(),
    "UUIDv4, URL-safe base64": lambda chance, number: base64.urlsafe_b64encode(_uuid(chance).bytes).decode(),
    "UUIDv4 after a prefix": lambda chance, number: f"acme-rewards:{_uuid(chance)}",
    "UUIDv4 before a suffix": lambda chance, number: f"{_uuid(chance).hex}@shop.example",
    "UUIDv4 after the time": lambda chance, number: f"{_millis(number)}-{_uuid(chance)}",
    "UUIDv7": _uuid7,
    "ULID": lambda chance, number: _written(_millis(number) << 80 | chance.getrandbits(80), _CROCKFORD, 26),
    "KSUID": lambda chance, number: _written(
        int(when(number) - 1_400_000_000) << 128 | chance.getrandbits(128), _BASE62, 27
    ),
    "nanoid": lambda chance, number: "".join(chance.choices(_NANOID, k=21)),
    "64 bits, hex": lambda chance, number: f"{chance.getrandbits(64):016x}",
    "64 bits, hex without zeros": lambda chance, number: f"{chance.getrandbits(64):x}",
    "64 bits, decimal": lambda chance, number: str(chance.getrandbits(64)),
    "64 bits, base32": lambda chance, number: base64.b32encode(chance.randbytes(8)).decode().rstrip("="),
    "64 bits, base36": lambda chance, number: _written(chance.getrandbits(64), _DIGITS + _LOWER),
    "64 bits, base58": lambda chance, number: _written(chance.getrandbits(64), _BASE58),
    "64 bits, base62": lambda chance, number: _written(chance.getrandbits(64), _BASE62, 11),
    "64 bits, base64": lambda chance, number: base64.b64encode(chance.randbytes(8)).decode(),
    "64 bits, URL-safe base64": lambda chance, number: (
        base64.urlsafe_b64encode(chance.randbytes(8)).decode().rstrip("=")
    ),
    "64 bits after a prefix": lambda chance, number: f"order_{chance.getrandbits(64):016x}",
    "96 bits, base58": lambda chance, number: _written(chance.getrandbits(96), _BASE58),
    "128 bits, decimal": lambda chance, number: str(chance.getrandbits(128)),
    "128 bits, base32": lambda chance, number: base64.b32encode(chance.randbytes(16)).decode(),
    "256 bits, hex": lambda chance, number: chance.randbytes(32).hex(),
    "256 bits, base64": lambda chance, number: base64.b64encode(chance.randbytes(32)).decode(),
}
"""at least 64 random bits, whatever they look like"""

GUESSABLE: Mapping[str, Style] = {
    "a counter": lambda chance, number: f"order-{number + 41:08}",
    "a counter after something random": lambda chance, number: f"{Random(7).randbytes(16).hex()}-{number}",
    "seconds": lambda chance, number: f"order-{int(when(number))}",
    "milliseconds": lambda chance, number: str(_millis(number)),
    "microseconds": lambda chance, number: str(int(when(number) * 1e6) + chance.randrange(900)),
    "nanoseconds": lambda chance, number: str(int(when(number) * 1e9) + chance.randrange(900_000)),
    "ISO date": lambda chance, number: _iso(number),
    "a snowflake": lambda chance, number: str(_millis(number) - 1_288_834_974_657 << 22 | 5 << 12 | number),
    "ObjectId": lambda chance, number: f"{int(when(number)):08x}{'5f9b3ac41e'}{0x51D2C7 + number:06x}",
    "UUIDv1": _uuid1,
    "6 random digits": lambda chance, number: f"{chance.randrange(10**6):06}",
    "32 bits, hex": lambda chance, number: f"{chance.getrandbits(32):08x}",
    "32 bits, decimal": lambda chance, number: str(chance.getrandbits(32)),
    "32 bits, twice": lambda chance, number: f"{chance.getrandbits(32):08x}" * 2,
    "32 bits after nanoseconds": lambda chance, number: (
        f"{int(when(number) * 1e9):x}{chance.getrandbits(32):08x}"
    ),
    "48 bits, hex": lambda chance, number: f"{chance.getrandbits(48):012x}",
    "52 bits, base36": lambda chance, number: _written(chance.getrandbits(52), _DIGITS + _LOWER),
    "52 bits after milliseconds, base36": lambda chance, number: (
        _written(_millis(number), _DIGITS + _LOWER) + _written(chance.getrandbits(52), _DIGITS + _LOWER)
    ),
    "18 random digits": lambda chance, number: f"{chance.randrange(10**18):018}",
    "nanoid of 10 characters": lambda chance, number: "".join(chance.choices(_NANOID, k=10)),
    "10 characters, base62": lambda chance, number: "".join(chance.choices(_BASE62, k=10)),
}
"""fewer than 61 random bits, however long"""

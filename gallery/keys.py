"""Clients whose idempotency keys can be guessed, each in one way."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import random
import secrets
import time
import uuid

from gallery.reference import Reference

_ACME = uuid.UUID("6f0d1c9e-51a7-4b0c-9a6b-1d1f4f8a2f10")
_NUMBERS = itertools.count(1)
_PROCESS = secrets.token_hex(16)


class KeyIsReference(Reference):
    """Sends its own order reference as the key."""

    def new_key(self) -> str:
        return self.context.reference


class KeyHoldsReference(Reference):
    """Writes its order reference before a random value, so that the logs are easier to read."""

    def new_key(self) -> str:
        return f"acme:{self.context.reference}:{uuid.uuid4()}"


class ReferenceInBase64(Reference):
    """Encodes its order reference, which makes it look random and is not."""

    def new_key(self) -> str:
        return base64.urlsafe_b64encode(f"acme/{self.context.reference}".encode()).decode()


class HashOfReference(Reference):
    """Hashes its order reference and cuts the digest to a handy length."""

    def new_key(self) -> str:
        return f"ord_{hashlib.sha256(self.context.reference.encode()).hexdigest()[:20]}"


class NameBasedKey(Reference):
    """Makes a UUID of version 5 from the reference, in a namespace of its own."""

    def new_key(self) -> str:
        return str(uuid.uuid5(_ACME, self.context.reference))


class TimeBasedKey(Reference):
    """Makes a UUID of version 1, which is the time and the network card."""

    def new_key(self) -> str:
        return str(uuid.uuid1())


class BodyAndReference(Reference):
    """Hashes reference and order together, and shapes the digest like a random UUID."""

    def new_key(self) -> str:
        known = json.dumps({"reference": self.context.reference, "order": self.order})
        return str(uuid.UUID(bytes=hashlib.md5(known.encode()).digest(), version=4))


class HashedCounter(Reference):
    """Hashes a number that it counts up."""

    def new_key(self) -> str:
        return hashlib.sha1(f"order-{next(_NUMBERS)}".encode()).hexdigest()


class HashedClock(Reference):
    """Hashes the time in milliseconds."""

    def new_key(self) -> str:
        return hashlib.sha256(str(int(time.time() * 1000)).encode()).hexdigest()


class CounterAfterRandom(Reference):
    """Makes something random when the process begins, and from then on counts."""

    def new_key(self) -> str:
        return f"{_PROCESS}-{next(_NUMBERS)}"


class MillisecondsForKey(Reference):
    """Takes the time in milliseconds for a key, and three random digits in case two orders meet."""

    def new_key(self) -> str:
        return f"{int(time.time() * 1000)}{random.randrange(1000):03}"


class ThirtyTwoBits(Reference):
    """Takes eight random hexadecimal digits for enough."""

    def new_key(self) -> str:
        return f"order-{secrets.token_hex(4)}"


class TimeAndThirtyTwoBits(Reference):
    """Pads a random number of 32 bits with the time in nanoseconds until it is long enough."""

    def new_key(self) -> str:
        return f"{time.time_ns():x}{random.getrandbits(32):08x}"


class ObjectIdForKey(Reference):
    """Numbers its orders as a document database does: the time, the machine, a counter."""

    _machine = os.urandom(5).hex()
    _count = itertools.count(int.from_bytes(os.urandom(3)) >> 1)

    def new_key(self) -> str:
        return f"{int(time.time()):08x}{self._machine}{next(self._count):06x}"


class SnowflakeForKey(Reference):
    """Takes a snowflake for a key: milliseconds, the number of the machine, and a counter."""

    def new_key(self) -> str:
        return str(int(time.time() * 1000) - 1_288_834_974_657 << 22 | 5 << 12 | next(_NUMBERS) & 4095)

"""Megabytes a second in which secrets are looked for in a client's output, in all disguises at once: a log as logs are,
one of JSON, and texts that are made to be slow. Against the SHA-256 of the same bytes, and `grep -F` for the key alone.

Each text is gone through in pieces of 64 KiB, as it comes out of a pipe, and the best of several rounds counts, in
processor time: other work on the machine takes from both.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import tempfile
import time
import tracemalloc
import uuid
from collections.abc import Callable, Mapping

from table import publish, say, verdict

from conformance.contracts import load_contract
from conformance.hygiene.canary import Canary, Scanner, mint

SIZE = 32_000_000
ROUNDS = 3
PIECE = 1 << 16
GOAL = 200.0
"""megabytes a second of an ordinary log"""
TYPICAL = "a log"

RNG = random.Random(1)
CANARY: Canary = mint(load_contract("runa"), RNG)
WORDS = ["".join(RNG.choices("abcdefghijklmnopqrstuvwxyz", k=RNG.randint(2, 10))) for _ in range(3_000)]


def _line(number: int) -> str:
    request = uuid.UUID(int=RNG.getrandbits(128))
    status, said = RNG.choice((200, 429, 500)), " ".join(RNG.choices(WORDS, k=8))
    return f"2026-11-23T01:5{number % 10}:07Z INFO acme.orders {request} status={status} /v2/order {said}\n"


def _json_line(number: int) -> str:
    said = " ".join(RNG.choices(WORDS, k=8))
    return (
        f'{{"ts":"2026-11-23T01:55:0{number % 10}Z","msg":"POST \\"{said}\\"\\n","path":"/v2/order?q=%20"}}\n'
    )


def _long(part: bytes) -> bytes:
    return (part * (SIZE // len(part) + 1))[:SIZE]


SECRET = CANARY.secret.encode()
TEXTS: Mapping[str, Callable[[], bytes]] = {
    TYPICAL: lambda: _long("".join(map(_line, range(50_000))).encode()),
    "a log of JSON": lambda: _long("".join(map(_json_line, range(50_000))).encode()),
    "nine characters of the key, without end": lambda: _long(SECRET[:9]),
    "near misses, line by line": lambda: _long(b"\n".join(SECRET[at : at + 9] for at in range(20))),
    "`%25%25…`": lambda: _long(b"%25"),
    "letters spelt out, `%41%41…`": lambda: _long(b"%41"),
    "noise": lambda: RNG.randbytes(SIZE),
    "the key on every line": lambda: _long(b"key is " + CANARY.key.encode() + b"\n"),
}


def best(act: Callable[[], object]) -> float:
    """Megabytes a second of processor time."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return SIZE / min(taken) / 1e6


def scanned(text: bytes) -> tuple[int, float]:
    """Sightings, and the most memory that was held beside the text, in megabytes."""
    tracemalloc.start()
    try:
        return _scan(text[: SIZE // 8]), tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _scan(text: bytes) -> int:
    stream = Scanner(CANARY).stream("log")
    for first in range(0, len(text), PIECE):
        stream.feed(text[first : first + PIECE])
    return len(stream.finish())


def grepped(text: bytes) -> str:
    """Megabytes a second on the wall of a search for one string in one form."""
    if shutil.which("grep") is None:
        return "no grep"
    with tempfile.NamedTemporaryFile() as file, tempfile.NamedTemporaryFile("w") as wanted:
        file.write(text)
        file.flush()
        wanted.write(CANARY.secret)
        wanted.flush()
        taken = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run(
                ["grep", "-c", "-F", "-f", wanted.name, file.name], capture_output=True, check=False
            )
            taken.append(time.perf_counter() - began)
    return f"{SIZE / min(taken) / 1e6:,.0f}"


def main() -> None:
    rows, typical = [], 0.0
    for name, make in TEXTS.items():
        text = make()
        say(name)
        rate, plain = (
            best(lambda text=text: _scan(text)),
            best(lambda text=text: hashlib.sha256(text).digest()),
        )  # type: ignore[misc]  # defaults bind the loop's variable
        sightings, memory = scanned(text)
        if name == TYPICAL:
            typical = rate
        rows.append(
            [
                name,
                f"{rate:,.0f}",
                f"{plain:,.0f}",
                f"{rate / plain:.2f}",
                grepped(text),
                f"{memory:.1f}",
                str(sightings),
            ]
        )
    publish(
        "Secrets in output",
        ["text", "MB/s", "SHA-256, MB/s", "ratio", "`grep -F`, MB/s", "memory, MB", "sightings"],
        rows,
        f"Goal: {GOAL:.0f} MB/s of an ordinary log: {verdict(typical >= GOAL)}.",
    )


if __name__ == "__main__":
    main()

"""What the sandbox costs for an order that is read, judged, booked, recorded and scanned for the key: against
a server of asyncio and h11 that does nothing but answer, within one run, since machines differ.

Run it with `make bench ARGS=sandbox`. What is measured is the server's processor time, so that a
busy machine says the same.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence

import h11
from table import publish, verdict

from conformance.contract import Contract
from conformance.contracts import load_contract
from conformance.hygiene.canary import Canary, mint
from conformance.sandbox import Sandbox, World

ROUNDS = 12
"""short ones, of which some are spared by what else is done on the machine"""
ORDERS = 400
"""in a round, each with a body and an idempotency key of its own"""
LINES = 8
GOAL = 3_500


class _Bare(asyncio.Protocol):
    """Reads a request with h11 and answers it with h11: what the sandbox is built on, without the sandbox."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = h11.Connection(h11.SERVER)

    def data_received(self, data: bytes) -> None:
        parser = self._parser
        parser.receive_data(data)
        while True:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                return
            if isinstance(event, h11.EndOfMessage):
                body = b'{"id":"O-00000000000000000000000000","status":"COMPLETED"}'
                head = h11.Response(status_code=200, headers=[("Content-Length", str(len(body)))])
                pieces = [
                    parser.send(head),
                    parser.send(h11.Data(data=body)),
                    parser.send(h11.EndOfMessage()),
                ]
                self._transport.write(b"".join(piece for piece in pieces if piece))
                parser.start_next_cycle()


def _contract() -> Contract:
    contract = load_contract("runa")
    generous = contract.rate_limit.model_copy(update={"limit": 1_000_000})
    return contract.model_copy(update={"rate_limit": generous})


def _canary() -> Canary:
    return mint(_contract(), random.Random(0))


def _consumed() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _serve(kind: str) -> None:
    """Serves one kind on a port that it prints, and says at each line of input what it has consumed."""
    if kind == "bare":
        asyncio.run(_serve_bare())
        return
    contract, canary = _contract(), _canary()
    sandbox = Sandbox(contract)
    sandbox.start()
    scanned = canary if kind == "sandbox" else None
    world = World(contract, canary.key, max_requests=None, canary=scanned)
    sandbox.begin(world)
    print(sandbox.port, flush=True)
    for _ in sys.stdin:
        print(_consumed(), flush=True)
    sandbox.end()
    sandbox.stop()
    assert len(world.ledger()) == len(world.exchanges()) == (ROUNDS + 1) * ORDERS


async def _serve_bare() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bare, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(_consumed(), flush=True)
    server.close()


def _requests(port: int, rng: random.Random) -> Iterator[bytes]:
    """Orders as an ordinary client sends them, each its own."""
    contract, key = _contract(), _canary().key
    for number in range(ORDERS):
        body = {
            "payment_method": {"type": "ACCOUNT_BALANCE", "currency": "GBP"},
            "items": [
                {
                    "face_value": (number + 1) / 100,
                    "distribution_method": {"type": "PAYOUT_LINK"},
                    "products": {"type": "SINGLE", "value": "BOOKS-GB"},
                }
            ],
        }
        data = json.dumps(body).encode()
        headers = {
            "Host": f"127.0.0.1:{port}",
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive",
            "User-Agent": "python-httpx/0.28.1",
            contract.auth.header: key,
            contract.versions.header: contract.versions.current,
            contract.idempotency.header: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            contract.orders.mode_header: contract.orders.modes["sync"],
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
        }
        head = "\r\n".join(
            ["POST /v2/order HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        )
        yield head.encode() + b"\r\n\r\n" + data


def _answer(line: socket.socket) -> None:
    data = b""
    while True:
        head, mark, body = data.partition(b"\r\n\r\n")
        if mark:
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(body) >= length:
                assert data.startswith(b"HTTP/1.1 200"), data
                return
        more = line.recv(65536)
        assert more, "the server hung up"
        data += more


def _load(lines: Sequence[socket.socket], requests: Sequence[bytes]) -> None:
    for first in range(0, len(requests), len(lines)):
        batch = list(zip(lines, requests[first : first + len(lines)], strict=False))
        for line, request in batch:
            line.sendall(request)
        for line, _ in batch:
            _answer(line)


def measure(*kinds: str) -> list[float]:
    """For each kind the least processor time of an order, in seconds."""
    servers = [
        subprocess.Popen(
            [sys.executable, __file__, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for kind in kinds
    ]
    rng = random.Random(1)
    least = [float("inf")] * len(kinds)
    lines: list[list[socket.socket]] = []
    ports: list[int] = []
    for server in servers:
        assert server.stdout is not None
        ports.append(int(server.stdout.readline()))
        lines.append([socket.create_connection(("127.0.0.1", ports[-1])) for _ in range(LINES)])
    for round_ in range(ROUNDS + 1):
        for number, server in enumerate(servers):
            requests = list(_requests(ports[number], rng))
            before = _ask(server)
            _load(lines[number], requests)
            taken = (_ask(server) - before) / ORDERS
            if round_:  # the first is for warming up
                least[number] = min(least[number], taken)
    for server, its_lines in zip(servers, lines, strict=True):
        for line in its_lines:
            line.close()
        server.communicate(timeout=60)
        assert server.returncode == 0
    return least


def _ask(server: subprocess.Popen[str]) -> float:
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write("\n")
    server.stdin.flush()
    return float(server.stdout.readline())


def main() -> None:
    bare, blind, whole = measure("bare", "blind", "sandbox")
    publish(
        "The sandbox by itself",
        ("server", "orders/s", "of the bare one", "goal"),
        [
            ["asyncio and h11, one fixed answer", f"{1 / bare:,.0f}", "1.00", ""],
            ["sandbox, no key to look for", f"{1 / blind:,.0f}", f"{bare / blind:.2f}", ""],
            [
                "sandbox, all on",
                f"{1 / whole:,.0f}",
                f"{bare / whole:.2f}",
                f"≥ {GOAL:,}: {verdict(1 / whole >= GOAL)}",
            ],
        ],
        f"Orders in a second of one core's time, best of {ROUNDS} rounds of {ORDERS}, {LINES} connections kept alive.",
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _serve(sys.argv[1])
    else:
        main()

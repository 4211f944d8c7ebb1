"""The sandbox's orders a second, with recording, idempotency store, validation and ledger on, against what a user would
pick for a mock: Prism, Mockoon and WireMock, each as npm has it and with its defaults.

One server at a time is under load and alone on its core; the load comes from another core, over connections that are
kept alive, each with one request under way. The peers are installed into benchmarks/.cache when they are first needed,
and left out, visibly, where npm, Java or the registry is missing.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from table import publish, say, verdict

from conformance.contracts import load_contract
from conformance.sandbox.blueprint import blueprint_of

CACHE = Path(__file__).resolve().parent / ".cache"
GOLIVE = str(Path(sys.executable).with_name("golive"))
PINNED = {"@stoplight/prism-cli": "5.14.2", "@mockoon/cli": "9.3.0", "wiremock": "3.13.2"}
LINES = 8
ROUND = 1.0
"""seconds on the wall"""
WARM_UP = 10
"""rounds at the most until a server is warm: compilers that work while a program runs are slow at first"""
ROUNDS = 8
START = 60.0
"""seconds on the wall until a server answers"""

CONTRACT = load_contract("runa")
PATH = f"{blueprint_of(CONTRACT).path_prefix}{CONTRACT.operations[CONTRACT.create_operation].path}"
BODY = (
    '{"payment_method":{"type":"ACCOUNT_BALANCE","currency":"GBP"},"items":[{"face_value":%.2f,'
    '"distribution_method":{"type":"PAYOUT_LINK"},"products":{"type":"SINGLE","value":"BOOKS-GB"}}]}'
)
ANSWER = {
    "id": "O-00000000000000000000000000",
    "status": "COMPLETED",
    "items": [{"id": "E-00000000000000000000000000", "face_value": 12.34, "status": "COMPLETED"}],
    "created_at": "2026-01-01T00:00:00Z",
    "total_price": "12.34",
    "currency": "GBP",
}


class NotHere(Exception):
    """A peer that cannot be measured; the text says why."""


@dataclass(frozen=True)
class Mock:
    """A server to be measured. `on`: what it does for each order, in a few words. `command`: what starts it, given a
    port and a folder of its own.
    """

    name: str
    on: str
    command: Callable[[int, Path], list[str]]


def sandbox(port: int, folder: Path) -> list[str]:
    import conformance.contracts

    written = Path(conformance.contracts.__file__).with_name("runa.yaml").read_text("utf-8")
    generous, times = re.subn(r"^( +limit:) \d+$", r"\1 100000000", written, flags=re.MULTILINE)
    assert times == 1, "the contract's rate limit has moved"
    (folder / "runa.yaml").write_text(generous, "utf-8")
    return [GOLIVE, "sandbox", "--port", str(port), "--contract", str(folder / "runa.yaml")]


def prism(port: int, folder: Path) -> list[str]:
    program = installed("@stoplight/prism-cli") / "dist" / "index.js"
    return [
        "node",
        str(program),
        "mock",
        "-p",
        str(port),
        "--verboseLevel",
        "warn",
        str(described(folder)),
    ]


def mockoon(port: int, folder: Path) -> list[str]:
    program = installed("@mockoon/cli") / "bin" / "run.js"
    return [
        "node",
        str(program),
        "start",
        "--disable-log-to-file",
        "-p",
        str(port),
        "-d",
        str(described(folder)),
    ]


def wiremock(port: int, folder: Path) -> list[str]:
    if shutil.which("java") is None:
        raise NotHere("there is no java on this machine")
    jar = next((installed("wiremock") / "build").glob("*.jar"))
    mapping = {
        "request": {
            "method": "POST",
            "urlPath": PATH,
            "headers": {
                CONTRACT.auth.header: {"matches": ".+"},
                CONTRACT.idempotency.header: {"matches": ".+"},
            },
            "bodyPatterns": [{"matchesJsonPath": "$.items[0].face_value"}],
        },
        "response": {"status": 200, "jsonBody": ANSWER, "headers": {"Content-Type": "application/json"}},
    }
    (folder / "mappings").mkdir()
    (folder / "mappings" / "order.json").write_text(json.dumps(mapping))
    return ["java", "-jar", str(jar), "--port", str(port), "--root-dir", str(folder), "--disable-banner"]


OURS = Mock(
    "golive sandbox", "reads, validates, books, remembers the key, records, an answer of its own", sandbox
)
PEERS = (
    Mock("Prism", "validates against OpenAPI, a fixed answer; quiet", prism),
    Mock("Mockoon", "from OpenAPI, a fixed answer, keeps 100 transactions; no log file", mockoon),
    Mock("WireMock", "matches two headers and a JSON path, a fixed answer, keeps a journal", wiremock),
)


def installed(package: str) -> Path:
    """The folder of the package, installed on first use. Raises NotHere."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise NotHere("there is no npm on this machine")
    home = CACHE / package.strip("@").replace("/", "-")
    found = home / "node_modules" / package
    if not (found / "package.json").exists():
        say(f"installing {package} {PINNED[package]} into benchmarks/.cache, once")
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text("{}")
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            done = subprocess.run(
                [*command, f"{package}@{PINNED[package]}"],
                cwd=home,
                capture_output=True,
                timeout=300,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotHere("npm did not get it within five minutes") from None
        if done.returncode:
            raise NotHere(f"npm could not install it (status {done.returncode})")
    return found


def described(folder: Path) -> Path:
    """The operation in OpenAPI, in our own words."""
    item = {
        "type": "object",
        "required": ["face_value", "distribution_method", "products"],
        "properties": {
            "face_value": {"type": "number"},
            "distribution_method": {"type": "object", "properties": {"type": {"type": "string"}}},
            "products": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}},
        },
    }
    order = {
        "type": "object",
        "required": ["payment_method", "items"],
        "properties": {
            "payment_method": {"type": "object", "required": ["type", "currency"]},
            "items": {"type": "array", "minItems": 1, "items": item},
        },
    }
    key = {
        "name": CONTRACT.idempotency.header,
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
    }
    version = {**key, "name": CONTRACT.versions.header}
    operation = {
        "security": [{"key": []}],
        "parameters": [key, version],
        "requestBody": {"required": True, "content": {"application/json": {"schema": order}}},
        "responses": {
            "200": {
                "description": "placed",
                "content": {"application/json": {"schema": {"type": "object"}, "example": ANSWER}},
            }
        },
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "paths": {PATH: {"post": operation}},
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": CONTRACT.auth.header}}
        },
    }
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    return path


class Server:
    """A mock in a process of its own on the first core."""

    def __init__(self, mock: Mock, stack: ExitStack) -> None:
        self.mock = mock
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="golive-peer-")))
        command = mock.command(self.port, folder)
        if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
            command = ["taskset", "-c", "0", *command]
        output = stack.enter_context((folder / "output").open("w+"))
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        stack.callback(self._end)
        self._wait()
        key = re.search(r"^Key +(\S+)$", (folder / "output").read_text(), re.MULTILINE)
        self.requests = requests(self.port, key[1] if key else "a-key")
        self.best = 0.0
        self.spent = float("inf")

    def _wait(self) -> None:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise NotHere(f"{self.mock.name} did not start to listen within {START:.0f} s")

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def consumed(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, seconds: float) -> int:
        """How many orders were answered. Over new connections: some servers close those that are idle."""
        with ExitStack() as stack:
            lines = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(LINES)]
            for line in lines:
                stack.enter_context(line)
            return load(lines, self.requests, seconds)

    def warm_up(self) -> None:
        """Until two rounds in turn have not become faster by a tenth."""
        best, steady = 0, 0
        for _ in range(WARM_UP):
            answered = self.load(ROUND)
            steady = 0 if answered > 1.1 * best else steady + 1
            best = max(best, answered)
            if steady == 2:
                return

    def measure(self, seconds: float) -> None:
        before, began = self.consumed(), time.perf_counter()
        answered = self.load(seconds)
        self.best = max(self.best, answered / (time.perf_counter() - began))
        self.spent = min(self.spent, (self.consumed() - before) / answered)


def requests(port: int, key: str) -> Iterator[bytes]:
    """Orders without end, as an ordinary client sends them, each under an idempotency key of its own."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
        f"Connection: keep-alive\r\nUser-Agent: benchmark\r\n{CONTRACT.auth.header}: {key}\r\n"
        f"{CONTRACT.versions.header}: {CONTRACT.versions.current}\r\n"
        f"{CONTRACT.orders.mode_header}: {CONTRACT.orders.modes['sync']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY % 10)}\r\n{CONTRACT.idempotency.header}: "
    ).encode()
    number = 0
    while True:
        number += 1
        body = BODY % (10 + number % 9_000 / 100)
        yield head + b"%08x-0000-4000-8000-%012x\r\n\r\n" % (number, number) + body.encode()


def load(lines: Sequence[socket.socket], orders: Iterator[bytes], seconds: float) -> int:
    """How many answers came. Each line has one request under way until the time is up."""
    poll = select.epoll()
    by_descriptor = {line.fileno(): line for line in lines}
    partial = dict.fromkeys(by_descriptor, b"")
    for descriptor, line in by_descriptor.items():
        poll.register(descriptor, select.EPOLLIN)
        line.sendall(next(orders))
    answered, under_way, until = 0, len(lines), time.perf_counter() + seconds
    while under_way:
        ready = poll.poll(10)
        assert ready, "no answer for ten seconds"
        for descriptor, _ in ready:
            line = by_descriptor[descriptor]
            more = line.recv(65_536)
            assert more, "the server hung up"
            answer = partial[descriptor] + more
            if not is_whole(answer):
                partial[descriptor] = answer
                continue
            partial[descriptor] = b""
            assert answer.startswith(b"HTTP/1.1 200"), answer
            answered += 1
            if time.perf_counter() < until:
                line.sendall(next(orders))
            else:
                under_way -= 1
    poll.close()
    return answered


def is_whole(answer: bytes) -> bool:
    head, mark, body = answer.partition(b"\r\n\r\n")
    if not mark:
        return False
    _, named, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.partition(b"\r\n")[0]) if named else body.endswith(b"0\r\n\r\n")


def main() -> None:
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    servers: list[Server] = []
    missing: list[str] = []
    with ExitStack() as stack:
        for mock in (OURS, *PEERS):
            try:
                servers.append(Server(mock, stack))
            except NotHere as error:
                missing.append(f"Not measured: {mock.name}: {error}.")
                say(missing[-1])
                continue
            servers[-1].warm_up()
        for round_ in range(ROUNDS):
            for server in servers:
                server.measure(ROUND)
            say(
                f"round {round_ + 1} of {ROUNDS}: "
                + ", ".join(f"{server.mock.name} {server.best:,.0f}/s" for server in servers)
            )
    ours, *peers = servers
    rows = []
    for server in servers:
        ratio = server.best / ours.best
        rows.append(
            [
                server.mock.name,
                f"{server.best:,.0f}",
                f"{ratio:.2f}",
                f"{1 / server.spent:,.0f}",
                server.mock.on,
            ]
        )
    notes = [
        f"{LINES} connections kept alive, no pipelining, best of {ROUNDS} rounds of {ROUND:.0f} s after "
        "warming up; each server on one core, the load on another. The fourth column "
        "counts seconds of its processor time instead. Versions: "
        + ", ".join(f"{package} {version}" for package, version in PINNED.items())
        + ".",
        *missing,
    ]
    if peers:
        best = max(peers, key=lambda peer: peer.best)
        notes.insert(
            0,
            f"Goal: at least the best of them, {best.mock.name}: {verdict(ours.best >= best.best)}.",
        )
    publish(
        "The sandbox and its peers",
        ("server", "orders/s", "of ours", "per processor second", "what it does for it"),
        rows,
        *notes,
    )


if __name__ == "__main__":
    main()

"""Programs that are accelerated: whatever they wait for is over as soon as it should be, and not before."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conformance.clock.acceleration import Accelerator, NoAcceleration, accelerator
from conformance.clock.pace import Pace

PROGRAMS = Path(__file__).parent / "accelerated"
FACTOR = 20
# All programs wait for this long by their own clocks, most of them for all things at once.
ASKED = 20.0
# As soon as it should be: a program that did one of its waits on the wall would need all of ASKED for it.
SOON = ASKED * 0.75


@pytest.fixture(scope="module")
def faster() -> Accelerator:
    try:
        return accelerator()
    except NoAcceleration as reason:
        pytest.skip(str(reason))


def runtime(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def environment(faster: Accelerator, pace: Pace) -> dict[str, str]:
    return {**os.environ, **faster.environment(pace, os.environ)}


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """The port of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def full() -> Iterator[int]:
    """The port of a server that lets nobody in any more."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            visitor = stack.enter_context(socket.socket())
            visitor.setblocking(False)
            visitor.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextlib.contextmanager
def closed() -> Iterator[int]:
    """A port at which nobody listens, and which nobody else can get."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@dataclass(frozen=True, slots=True)
class Life:
    """What a program tells of its waits, by name, and what else; and how long it took on the wall."""

    waits: dict[str, dict[str, float]]
    wall: float
    more: dict[str, Any] = field(default_factory=dict)


def run(command: Sequence[str], faster: Accelerator) -> Life:
    env = environment(faster, Pace(FACTOR))
    waits: dict[str, dict[str, float]] = {}
    more: dict[str, Any] = {}
    with subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as program:
        began = time.monotonic()
        assert program.stdout is not None
        for line in program.stdout:
            told = json.loads(line)
            if told.pop("began", False):
                began = time.monotonic()  # starting a runtime takes its time, and is not what is asked about
            elif "name" in told:
                waits[told.pop("name")] = told
            else:
                more |= told
    assert program.returncode == 0
    return Life(waits, time.monotonic() - began, more)


def assert_client_time(life: Life) -> None:
    for name, told in life.waits.items():
        assert told["asked"] == ASKED, name
        # Floating point, of a time since the machine was started or since 1970.
        assert told["took"] >= ASKED - 1e-5, name
        assert told.get("dated", ASKED) >= ASKED - 1e-3, name
    assert life.wall < SOON


def test_python_waits_in_client_time(faster: Accelerator) -> None:
    with silent() as port:
        life = run([sys.executable, str(PROGRAMS / "waits.py"), str(port)], faster)
    assert_client_time(life)
    assert len(life.waits) == 28
    assert life.more["shared"] == [True, True]


def test_node_waits_in_client_time(faster: Accelerator) -> None:
    with silent() as port:
        life = run([runtime("node"), str(PROGRAMS / "waits.mjs"), str(port)], faster)
    assert_client_time(life)
    assert len(life.waits) == 10


def test_the_jvm_waits_in_client_time(faster: Accelerator) -> None:
    with silent() as port:
        life = run([runtime("java"), str(PROGRAMS / "Waits.java"), str(port)], faster)
    assert_client_time(life)
    assert len(life.waits) == 11


def test_curl_and_the_shell_wait_in_client_time(faster: Accelerator) -> None:
    runtime("curl")
    with silent() as hangs, full() as lets_nobody_in, closed() as refuses:
        ports = [str(port) for port in (hangs, lets_nobody_in, refuses)]
        life = run([runtime("bash"), str(PROGRAMS / "waits.sh"), *ports], faster)
    assert_client_time(life)
    assert len(life.waits) == 6


READERS = {
    "python": [
        "-c",
        "import sys, time\nfor _ in sys.stdin: print(time.monotonic(), time.time(), flush=True)",
    ],
    "node": [
        "-e",
        "require('readline').createInterface({input: process.stdin}).on('line', () => "
        "console.log(Number(process.hrtime.bigint()) / 1e9, Date.now() / 1e3))",
    ],
    "bash": ["-c", "while read -r; do echo - $(date +%s.%N); done"],
    "ruby": [
        "-e",
        '$stdout.sync = true; while gets; puts "#{Process.clock_gettime(Process::CLOCK_MONOTONIC)} '
        '#{Time.now.to_f}"; end',
    ],
    "php": ["-r", "while (fgets(STDIN)) { echo hrtime(true) / 1e9, ' ', microtime(true), \"\\n\"; }"],
}


@pytest.mark.parametrize("name", READERS)
def test_its_clocks_are_those_of_the_pace(name: str, faster: Accelerator) -> None:
    program = sys.executable if name == "python" else runtime(name)
    pace = Pace(12.5)
    with subprocess.Popen(
        [program, *READERS[name]],
        env=environment(faster, pace),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(5):
            early, earlier_today = pace.now(), pace.today()
            process.stdin.write("now\n")
            monotonic, wall = process.stdout.readline().split()
            assert earlier_today - 1e-3 <= float(wall) <= pace.today() + 1e-3
            # Printing rounds to the millisecond at worst.
            assert monotonic == "-" or early - 1e-3 <= float(monotonic) <= pace.now() + 1e-3


WANDERER = """
import random, select, socket, sys, threading, time

def wander(seed, port):
    dice = random.Random(seed)
    ways = [
        time.sleep,
        threading.Event().wait,
        lambda seconds: select.select([], [], [], seconds),
        lambda seconds: select.poll().poll(seconds * 1000),
        lambda seconds: held.acquire(timeout=seconds),
    ]
    held = threading.Lock()
    held.acquire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        for _ in range(25):
            seconds = dice.uniform(0.01, 2.0)
            out.send(b"%d" % seed)
            dice.choice(ways)(seconds)
            out.send(b"%d %r" % (seed, seconds))

threads = [threading.Thread(target=wander, args=(seed, int(sys.argv[1]))) for seed in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def stamped(server: socket.socket) -> tuple[list[str], int]:
    """A datagram's words, and when the kernel got it, in nanoseconds: our own being late is no part of it."""
    body, stamps, _, _ = server.recvmsg(100, 100)
    seconds, nanoseconds = struct.unpack("ll", stamps[0][2])
    return body.decode().split(), seconds * 10**9 + nanoseconds


def test_no_wait_looks_early_to_somebody_on_the_wall(faster: Accelerator) -> None:
    so_timestampns = 35
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setsockopt(socket.SOL_SOCKET, so_timestampns, 1)
        server.settimeout(30)
        command = [sys.executable, "-c", WANDERER, str(server.getsockname()[1])]
        with subprocess.Popen(command, env=environment(faster, Pace(FACTOR))) as wanderer:
            began: dict[str, int] = {}
            seen = []
            while len(seen) < 200:
                words, moment = stamped(server)
                if len(words) == 1:
                    began[words[0]] = moment
                else:
                    seen.append(((moment - began[words[0]]) / 1e9 * FACTOR, float(words[1])))
    assert wanderer.returncode == 0
    # Clocks that are being set right differ by some parts in ten thousand.
    assert [pair for pair in seen if pair[0] < pair[1] * (1 - 5e-4) - 1e-3] == []


def test_a_program_without_settings_lives_in_real_time(faster: Accelerator) -> None:
    script = "import time; print(time.monotonic()); time.sleep(0.05); print(time.monotonic())"
    for settings in (
        {},
        {"GOLIVE_WARP": "20"},
        {"GOLIVE_WARP": "0.5", "GOLIVE_WARP_ANCHOR": "0,0"},
        {"GOLIVE_WARP": "much", "GOLIVE_WARP_ANCHOR": "0,0"},
        {"GOLIVE_WARP": "20x", "GOLIVE_WARP_ANCHOR": "0,0"},
        {"GOLIVE_WARP": "20", "GOLIVE_WARP_ANCHOR": "0"},
        {"GOLIVE_WARP": "20", "GOLIVE_WARP_ANCHOR": "99999999999999999999,0"},
        {"GOLIVE_WARP": "1e3", "GOLIVE_WARP_ANCHOR": "0,0"},
    ):
        early = time.monotonic()
        told = subprocess.run(
            [sys.executable, "-S", "-c", script],
            env={**os.environ, "LD_PRELOAD": str(faster.library), **settings},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        began, ended = map(float, told.stdout.split())
        assert early <= began <= ended - 0.05 <= time.monotonic() - 0.05, settings


def test_threads_that_wake_each_other_are_as_quick_as_ever(faster: Accelerator) -> None:
    script = """
import queue, random, threading
there, back = queue.Queue(), queue.Queue()
def echo():
    while (item := there.get(timeout=1000)) is not None: back.put(item)
thread = threading.Thread(target=echo); thread.start()
for number in range(2000):
    there.put(number)
    assert back.get(timeout=1000) == number
there.put(None); thread.join()
"""
    subprocess.run(
        [sys.executable, "-c", script], env=environment(faster, Pace(FACTOR)), check=True, timeout=60
    )


def test_many_processes_may_be_started_side_by_side(faster: Accelerator) -> None:
    pace = Pace(FACTOR)
    took: list[float] = []

    def one() -> None:
        told = subprocess.run(
            ["sh", "-c", "date +%s.%N; sleep 2; date +%s.%N"],
            env=environment(faster, pace),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        began, ended = map(float, told.stdout.split())
        took.append(ended - began)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 8
    assert min(took) >= 2

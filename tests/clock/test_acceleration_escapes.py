"""Which programs keep real time: seen on programs of all kinds, and on the process behind a connection."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from conformance.clock.acceleration import Accelerator, NoAcceleration, accelerator
from conformance.clock.escapes import descendants, escape, escape_of_program, owner_of_connection
from conformance.clock.pace import Pace

STATIC = "a statically linked program: nothing can be preloaded into it"
GO = "a Go program: it asks the kernel for the time itself"
MUSL = "a program for the C library musl: the library that makes clients faster is for glibc"
CLEANED = "a program that was started with its environment cleaned, so that nothing is preloaded"

READY = (
    '#include <unistd.h>\nint main(void) { char c; return write(1, "\\n", 1) != 1 || read(0, &c, 1) < 0; }\n'
)
READY_IN_GO = """package main

import "os"

func main() {
	os.Stdout.WriteString("\\n")
	os.Stdin.Read(make([]byte, 1))
}
"""
WITH_C = 'package main\n\n// int one(void) { return 1; }\nimport "C"\n\nvar _ = C.one()\n'


@pytest.fixture(scope="module")
def faster() -> dict[str, str]:
    try:
        found: Accelerator = accelerator()
    except NoAcceleration as reason:
        pytest.skip(str(reason))
    return {**os.environ, **found.environment(Pace(20), os.environ)}


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


@contextlib.contextmanager
def running(command: Sequence[str | Path], env: dict[str, str]) -> Iterator[int]:
    """A program that has said a line, and waits for one."""
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process.pid
        process.kill()


def built(folder: Path, compiler: str, *options: str) -> Path:
    (folder / "ready.c").write_text(READY)
    subprocess.run([tool(compiler), *options, "-o", "ready", "ready.c"], cwd=folder, check=True)
    return folder / "ready"


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", "print(flush=True); input()"],
        ["node", "-e", "console.log(); process.stdin.resume()"],
        ["java", "-XshowSettings:none", "{folder}/Ready.java"],
        ["sh", "-c", "echo; read line"],
        ["bash", "-c", "echo; read line"],
        ["ruby", "-e", "puts; $stdout.flush; gets"],
    ],
    ids=lambda command: Path(command[0]).name,
)
def test_what_stands_on_glibc_is_accelerated(
    command: list[str], faster: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "Ready.java").write_text(
        "class Ready { public static void main(String[] none) throws Exception {"
        " System.out.println(); System.in.read(); } }"
    )
    program, *rest = command
    with running([tool(program), *(word.format(folder=tmp_path) for word in rest)], faster) as pid:
        assert escape(pid) is None


def test_a_static_program_escapes(faster: dict[str, str], tmp_path: Path) -> None:
    with running([built(tmp_path, "gcc", "-static")], faster) as pid:
        assert escape(pid) == STATIC


def test_a_static_shell_escapes(faster: dict[str, str]) -> None:
    busybox = tool("busybox")
    if escape_of_program(Path(busybox)) is None:
        pytest.skip("this busybox is not a static one")
    with running([busybox, "sh", "-c", "echo; read line"], faster) as pid:
        assert escape(pid) == STATIC


def test_a_program_for_musl_escapes(tmp_path: Path) -> None:
    program = built(tmp_path, "musl-gcc")
    assert escape_of_program(program) == MUSL
    with running([program], dict(os.environ)) as pid:  # with the library it does not even start
        assert escape(pid) == MUSL


def test_a_program_in_go_escapes_however_it_is_linked(faster: dict[str, str], tmp_path: Path) -> None:
    go = tool("go")
    (tmp_path / "ready.go").write_text(READY_IN_GO)
    (tmp_path / "with_c.go").write_text(WITH_C)
    (tmp_path / "go.mod").write_text("module ready\n")
    env = {**os.environ, "GOCACHE": str(tmp_path / "cache"), "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    for name, cgo, options in (("static", "0", ()), ("dynamic", "1", ()), ("bare", "1", ("-ldflags=-s -w",))):
        subprocess.run(
            [go, "build", *options, "-o", name, "."],
            cwd=tmp_path,
            env={**env, "CGO_ENABLED": cgo},
            check=True,
        )
        with running([tmp_path / name], faster) as pid:
            assert escape(pid) == GO, name
    tool("strip")
    subprocess.run(["strip", "dynamic"], cwd=tmp_path, check=True)
    assert escape_of_program(tmp_path / "dynamic") == GO


def test_a_program_with_a_clean_environment_escapes(faster: dict[str, str]) -> None:
    with running(["/usr/bin/env", "-i", "/bin/sh", "-c", "echo; read line"], faster) as pid:
        assert escape(pid) == CLEANED


def test_a_program_of_32_bits_escapes(tmp_path: Path) -> None:
    program = tmp_path / "old"
    program.write_bytes(b"\x7fELF\x01\x01" + bytes(100))
    assert (
        escape_of_program(program)
        == "a 32 bit program: the library that makes clients faster is a 64 bit one"
    )


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 200])
def test_a_file_that_is_no_program_is_no_trouble(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    escape_of_program(tmp_path / "file")


def test_a_process_that_has_ended_is_no_trouble() -> None:
    with subprocess.Popen(["true"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert escape(process.pid) is None  # nobody has fetched it yet
        assert owner_of_connection(process.pid, 1) is None
    assert escape(process.pid) is None
    assert descendants(process.pid) == []


SPEAKER = (
    "import socket, sys; s = socket.create_connection(('127.0.0.1', {port})); print(flush=True); input()"
)


def test_the_process_behind_a_connection_is_found(tmp_path: Path) -> None:
    """The script is started by a shell, which is started by another: as clients often are."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "speaker.py").write_text(SPEAKER.format(port=port))
        shell = f"sh -c '{sys.executable} {tmp_path}/speaker.py; true'; true"
        with running(["sh", "-c", shell], dict(os.environ)) as pid:
            connection, (_, client_port) = server.accept()
            with connection:
                owner = owner_of_connection(pid, client_port)
                family = descendants(pid)
                assert family[0] == pid
                assert owner == family[-1] != pid
                assert str(tmp_path) in Path(f"/proc/{owner}/cmdline").read_text()
                assert owner_of_connection(pid, port) is None
                assert owner_of_connection(os.getpid(), client_port) == owner


def test_the_process_behind_a_connection_of_ipv6_is_found() -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        )
        client = stack.enter_context(socket.create_connection(("127.0.0.1", server.getsockname()[1])))
        stack.enter_context(server.accept()[0])
        assert owner_of_connection(os.getpid(), client.getsockname()[1]) == os.getpid()

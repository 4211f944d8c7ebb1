"""Client processes live where there is nothing but loopback, and all of their descendants can be ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from conformance.drivers.confinement import Confinement, NotStarted, Process
from conformance.drivers.environment import clean_env

TIME_ENOUGH = 30.0
"""seconds that nothing here takes, unless something is broken"""


@pytest.fixture(scope="module")
def confinement() -> Iterator[Confinement]:
    with Confinement() as confinement:
        yield confinement


class Started:
    """A process, and the pipe of its standard output."""

    def __init__(self, confinement: Confinement, cwd: Path, argv: Sequence[str], **env: str) -> None:
        self.readable, writable = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            self.process: Process = confinement.start(
                argv, env={**clean_env(cwd), **env}, cwd=cwd, stdin=null, stdout=writable, stderr=writable
            )
        except NotStarted:
            os.close(self.readable)
            raise
        finally:
            os.close(null)
            os.close(writable)

    def line(self) -> str:
        line = b""
        while not line.endswith(b"\n") and (byte := os.read(self.readable, 1)):
            line += byte
        return line.decode().rstrip("\n")

    def end(self) -> str:
        self.process.end()
        with os.fdopen(self.readable, errors="replace") as rest:
            return rest.read()


def run(confinement: Confinement, cwd: Path, *argv: str, **env: str) -> tuple[int | None, str]:
    started = Started(confinement, cwd, argv, **env)
    assert started.process.wait(TIME_ENOUGH)
    return started.process.status, started.end()


def python(source: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-S", "-c", source


def running(marker: str) -> list[str]:
    """Processes of this machine with the marker among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = entry.read_bytes()
        except OSError:
            continue
        if marker.encode() in arguments:
            found.append(entry.parent.name)
    return found


def test_a_program_gets_its_arguments_environment_and_folder(
    confinement: Confinement, tmp_path: Path
) -> None:
    (tmp_path / "own").write_text('#!/bin/sh\necho "$1 $GREETING $(pwd)"\nexit 3\n')
    (tmp_path / "own").chmod(0o755)
    status, text = run(confinement, tmp_path, "./own", "a b", GREETING="héllo")
    assert (status, text) == (3, f"a b héllo {tmp_path}\n")


def test_the_signal_that_ended_it_is_its_status(confinement: Confinement, tmp_path: Path) -> None:
    assert run(confinement, tmp_path, "sh", "-c", "kill -TERM $$") == (-15, "")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["no-such-program"], "no-such-program: No such file or directory"),
        (["./folder"], "./folder: Permission denied"),
        (["./text"], "./text: Exec format error"),
    ],
)
def test_what_cannot_be_started_says_why(
    argv: list[str], message: str, confinement: Confinement, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    with pytest.raises(NotStarted) as caught:
        Started(confinement, tmp_path, argv)
    assert str(caught.value) == message


def test_a_folder_that_is_missing_says_so(confinement: Confinement, tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="gone: No such file or directory"):
        Started(confinement, tmp_path / "gone", ["true"])


def test_a_client_inherits_no_descriptor(confinement: Confinement, tmp_path: Path) -> None:
    _, descriptors = run(confinement, tmp_path, "ls", "/proc/self/fd")
    assert descriptors.split() == ["0", "1", "2", "3"]  # the last is the folder that is being listed


def test_a_client_inherits_no_signal_setting(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        with Confinement() as confinement:
            _, signals = run(confinement, tmp_path, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
    finally:
        signal.signal(signal.SIGHUP, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    blocked, ignored = (int(line.split()[1], 16) for line in signals.splitlines())
    threading_librarys_own = 0b11 << 31  # signals 32 and 33, which no program may set
    assert (blocked, ignored & ~threading_librarys_own) == (0, 0)


def test_further_descriptors_keep_their_numbers(confinement: Confinement, tmp_path: Path) -> None:
    first, second = os.pipe(), os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    numbers = (first[1], second[1])
    try:
        process = confinement.start(
            python(f"import os; os.write({numbers[0]}, b'one'); os.write({numbers[1]}, b'two')"),
            env=clean_env(tmp_path),
            cwd=tmp_path,
            stdin=null,
            stdout=null,
            stderr=null,
            pass_fds=numbers,
        )
        assert process.wait(TIME_ENOUGH)
        process.end()
        assert process.status == 0
        assert os.read(first[0], 10) == b"one"
        assert os.read(second[0], 10) == b"two"
    finally:
        for descriptor in (*first, *second, null):
            os.close(descriptor)


def test_the_sandbox_can_be_reached_and_nothing_else(confinement: Confinement, tmp_path: Path) -> None:
    if not confinement.confined:
        pytest.skip(f"this system does not confine: {confinement.reason}")
    with confinement.listener() as listener, socket.create_server(("127.0.0.1", 0)) as outside:
        listener.settimeout(TIME_ENOUGH)
        port, port_outside = listener.getsockname()[1], outside.getsockname()[1]
        source = f"""
import errno, socket
def attempt(host, port):
    try:
        socket.create_connection((host, port), 5).close()
        return "connected"
    except OSError as error:
        return errno.errorcode.get(error.errno, "unresolved")
print(attempt("127.0.0.1", {port}), attempt("127.0.0.1", {port_outside}),
      attempt("203.0.113.7", 443), attempt("api.example.com", 443))
"""
        status, text = run(confinement, tmp_path, *python(source))
        listener.accept()[0].close()
    assert (status, text) == (0, "connected ECONNREFUSED ENETUNREACH unresolved\n")


def test_a_port_can_be_asked_for(confinement: Confinement) -> None:
    with confinement.listener() as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port}: Address already in use"):
            confinement.listener(port)
    with confinement.listener(port) as again:
        assert again.getsockname() == ("127.0.0.1", port)


BREAKAWAYS = {
    "in its own session": "setsid sh -c 'echo; sleep MARK; :' &",
    "without environment": "env -i $(command -v setsid) /bin/sh -c 'echo; sleep MARK; :' &",
    "twice removed": "(setsid sh -c 'setsid sh -c \"echo; sleep MARK; :\" & exit' &)",
    "deaf to signals": "setsid sh -c 'trap \"\" TERM INT HUP; echo; sleep MARK; :' &",
}


@pytest.mark.parametrize("script", BREAKAWAYS.values(), ids=BREAKAWAYS)
@pytest.mark.parametrize("parent", ["exits", "stays"])
def test_children_left_behind_are_ended(
    script: str, parent: str, confinement: Confinement, tmp_path: Path
) -> None:
    marker = f"86400.{os.getpid()}{abs(hash((script, parent))) % 10**9}"
    script = script.replace("MARK", marker)
    started = Started(confinement, tmp_path, ["sh", "-c", script if parent == "exits" else f"{script}\nwait"])
    assert started.line() == ""
    if parent == "exits":
        assert started.process.wait(TIME_ENOUGH)
    assert running(marker)
    started.end()
    assert running(marker) == []


def test_a_client_that_forks_on_and_on_is_ended(confinement: Confinement, tmp_path: Path) -> None:
    marker = f"fork-{os.getpid()}"
    # Each one starts a session, forks the next, and goes: there is never more than a handful of them.
    source = f"""
import os, time  # {marker}
os.write(1, b"\\n")
while True:
    os.setsid()
    if os.fork():
        time.sleep(0.001)
        os._exit(0)
"""
    source = source.replace("    os.setsid()", "    os.getpid() == os.getsid(0) or os.setsid()")
    started = Started(confinement, tmp_path, python(source))
    started.line()
    started.end()
    assert running(marker) == []


def test_ending_one_client_leaves_the_others_alone(confinement: Confinement, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    first = Started(confinement, tmp_path, ["sh", "-c", "echo; sleep 3600"])
    second = Started(confinement, tmp_path, ["sh", "-c", "echo; read line < go; echo $line"])
    assert first.line() == second.line() == ""
    first.end()
    (tmp_path / "go").write_text("still here\n")
    assert second.line() == "still here"
    second.end()


def test_many_threads_start_processes_side_by_side(confinement: Confinement, tmp_path: Path) -> None:
    results: list[tuple[int | None, str]] = []

    def work(number: int) -> None:
        results.append(run(confinement, tmp_path, "sh", "-c", f"echo {number}; exit {number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=lambda result: result[0] or 0) == [(n, f"{n}\n") for n in range(16)]


def test_closing_ends_what_is_left(tmp_path: Path) -> None:
    marker = f"86401.{os.getpid()}"
    with Confinement() as confinement:
        started = Started(confinement, tmp_path, ["sh", "-c", f"setsid sleep {marker} & echo; wait"])
        started.line()
        assert running(marker)
    assert running(marker) == []
    started.end()


def test_nothing_outlives_a_suite_that_is_killed(tmp_path: Path) -> None:
    marker = f"86402.{os.getpid()}"
    script = f"""
import os, signal
from pathlib import Path
from conformance.drivers.confinement import Confinement
from conformance.drivers.environment import clean_env
confinement = Confinement()
null = os.open(os.devnull, os.O_RDWR)
process = confinement.start(["sh", "-c", "setsid sleep {marker} & echo; wait"], env=clean_env(Path("/")), cwd=Path("/"),
                            stdin=null, stdout=1, stderr=null)
os.close(1)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as suite:
        assert suite.stdout
        try:
            assert suite.stdout.readline() == b"\n"
            assert running(marker)
        finally:
            suite.kill()
        # The sleeper holds the pipe, so it ends when the sleeper does.
        assert suite.stdout.read() == b""


def test_a_system_that_refuses_still_runs_clients_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from conformance.drivers import holder

    source = Path(holder.__file__).read_text().replace("libc.unshare(", "libc.setns(-1, ")
    fake = tmp_path / "holder.py"
    fake.write_text(source)
    monkeypatch.setattr(holder, "__file__", str(fake))
    with Confinement() as confinement:
        assert not confinement.confined
        assert confinement.reason == "no network namespace: Bad file descriptor"
        assert run(confinement, tmp_path, "echo", "ran") == (0, "ran\n")
        with confinement.listener() as listener, socket.create_connection(listener.getsockname(), 5):
            pass


def test_a_signal_reaches_the_whole_group_and_nobody_after_the_end(
    confinement: Confinement, tmp_path: Path
) -> None:
    source = """
import os, signal
child = os.fork()
name, status = (b"parent\\n", 5) if child else (b"child\\n", 0)
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, name), os._exit(status)))
os.write(1, b"\\n")
while True:
    signal.pause()
"""
    started = Started(confinement, tmp_path, python(source))
    assert started.line() == started.line() == ""
    started.process.signal(signal.SIGTERM)
    assert started.process.wait(TIME_ENOUGH)
    assert started.process.status == 5
    assert {started.line(), started.line()} == {"child", "parent"}
    started.process.signal(signal.SIGTERM)
    assert started.end() == ""


def test_a_connection_can_be_made_to_where_the_clients_are(confinement: Confinement, tmp_path: Path) -> None:
    port = confinement.free_port()
    source = f"""
import socket
with socket.create_server(("127.0.0.1", {port})) as server:
    print(flush=True)
    server.accept()[0].sendall(b"hello")
"""
    started = Started(confinement, tmp_path, python(source))
    assert started.line() == ""
    with confinement.unconnected() as connection:
        connection.settimeout(TIME_ENOUGH)
        connection.connect(("127.0.0.1", port))
        assert connection.recv(10) == b"hello"
    started.end()


def test_what_is_left_when_its_keeper_is_killed_is_ended_all_the_same(
    confinement: Confinement, tmp_path: Path
) -> None:
    marker = f"86403.{os.getpid()}"
    started = Started(confinement, tmp_path, ["sh", "-c", f"echo; sleep {marker}; :"])
    assert started.line() == ""
    status = Path(f"/proc/{started.process.pid}/status").read_text()
    keeper = int(status.partition("PPid:")[2].split()[0])
    os.kill(keeper, signal.SIGKILL)
    assert started.process.wait(TIME_ENOUGH)
    assert started.process.status is None
    assert started.end() == ""  # the pipe ends when all who hold it have ended
    assert running(marker) == []

"""Makes client processes live faster: finds or builds the library that is preloaded into them, and tries it.

What lives here: the compiler, the cache, libfaketime as the second choice, and the probe without which neither is
trusted. The library itself is `warp/`, in C.
What must never be known here: who is accelerated and why; whether a program escapes (`escapes.py`).
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import selectors
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from conformance.clock.pace import Pace

SOURCE = Path(__file__).parent / "warp"

# No `-Werror`: what the next compiler warns of must not be the reason why somebody has to wait.
_FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,now,-Bsymbolic-functions")
# Empty since glibc 2.34. Before, the functions have to be there even if the client loads their library later.
_LIBRARIES = ("-Wl,--no-as-needed", "-pthread", "-ldl", "-lrt")
_COMPILER_PATIENCE = 60.0  # seconds; it takes one
_PROBE = Path(__file__).parent / "probe.py"
_PROBE_FACTOR = 20.0
# Seconds on the wall without any sign of life. Every single wait of the probe takes a twentieth of one.
_PROBE_PATIENCE = 5.0
_LIBFAKETIME = "libfaketime.so.1"


class NoAcceleration(Exception):
    """Why clients cannot be accelerated here, and what to do about it."""


class _Useless(NoAcceleration):
    """There is a library, but clients do not live faster by it."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A library to preload into clients. Clocks of an "own" one are those of the pace to the nanosecond, in all
    processes of a client; those of "libfaketime" start when a process starts, about right.
    """

    kind: Literal["own", "libfaketime"]
    library: Path

    def environment(self, pace: Pace, existing: Mapping[str, str]) -> dict[str, str]:
        """What to set for a client that is started now, to live at this pace. `existing`: what will be set
        anyway; libraries that it preloads come after this one.
        """
        others = [name for name in existing.get("LD_PRELOAD", "").replace(":", " ").split() if name]
        env = {"LD_PRELOAD": ":".join([str(self.library), *others])}
        if self.kind == "own":
            env["GOLIVE_WARP"] = _decimal(pace.factor)
            env["GOLIVE_WARP_ANCHOR"] = f"{pace.anchor[0]},{pace.anchor[1]}"
        else:
            env["FAKETIME"] = f"{pace.today() - time.time():+.3f} x{_decimal(pace.factor)}"
            env["FAKETIME_NO_CACHE"] = "1"
        return env


def _decimal(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")


def accelerator() -> Accelerator:
    """One that works on this machine. The first time a second or two, later some hundredths of one.

    Raises NoAcceleration.
    """
    _demand_glibc()
    try:
        return _own()
    except NoAcceleration as reason:
        for library in _installed_libfaketimes():
            candidate = Accelerator("libfaketime", library)
            with suppress(_Useless):
                _trust(candidate, _seal_of_libfaketime(library))
                return candidate
        raise reason


def _demand_glibc() -> None:
    if sys.platform != "linux":
        raise NoAcceleration(f"clients can be accelerated on Linux only, and this is {sys.platform}")
    try:
        version = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        version = None
    if not version:
        raise NoAcceleration("clients can be accelerated with glibc only; this system has another C library")
    if sys.maxsize < 2**32:
        raise NoAcceleration("clients can be accelerated on 64 bit systems only")


# --- our own library ---


def _own() -> Accelerator:
    reasons = []
    for compiler in _compilers():
        try:
            return _built_with(compiler)
        except NoAcceleration as reason:
            reasons.append(str(reason))
    if not reasons:
        reasons.append("no C compiler was found")
    hint = "install a C compiler (on Debian: apt-get install gcc libc6-dev), or name yours in CC"
    raise NoAcceleration(f"{'; '.join(dict.fromkeys(reasons))}. To have clients accelerated, {hint}.")


def _built_with(compiler: Sequence[str]) -> Accelerator:
    """Raises NoAcceleration."""
    name = f"warp-{_digest(_version_of(compiler))}.so"
    refusal = NoAcceleration("there is no folder that a library can be preloaded from: set TMPDIR to one")
    for folder in _folders():
        own = Accelerator("own", folder / name)
        try:
            if not own.library.exists():
                _compile(compiler, own.library)
            _trust(own, own.library.with_suffix(f".{sys.implementation.cache_tag}.tried"))
        except OSError as error:
            refusal = NoAcceleration(f"{folder} cannot be used: {error.strerror}")
        except _Useless as reason:  # perhaps nothing may be run from there
            refusal = reason
        else:
            return own
    raise refusal


def _compilers() -> Iterator[list[str]]:
    """Commands, the preferred first, each program once."""
    seen = set()
    for command in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        with suppress(ValueError):  # quotes in CC that are never closed
            words = shlex.split(command)
            program = shutil.which(words[0]) if words else None
            if program and (key := (os.path.realpath(program), *words[1:])) not in seen:
                seen.add(key)
                yield [program, *words[1:]]


def _version_of(compiler: Sequence[str]) -> str:
    """Raises NoAcceleration."""
    return shlex.join(compiler) + "\n" + _run([*compiler, "--version"])


def _run(command: Sequence[str]) -> str:
    """What a compiler prints. Raises NoAcceleration if it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_COMPILER_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as trouble:
        raise NoAcceleration(f"{command[0]} does not run: {trouble}") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        complaint = next(
            (line for line in lines if "error" in line), lines[0] if lines else "no reason given"
        )
        raise NoAcceleration(f"{command[0]} does not compile the library for it: {complaint}")
    return done.stdout.decode(errors="replace")


def _sources() -> list[Path]:
    return sorted(path for path in SOURCE.iterdir() if path.suffix in {".c", ".h"})


def _digest(compiler: str) -> str:
    """Of all that decides what comes out: another glibc has other functions to replace."""
    digest = hashlib.sha256()
    for source in _sources():
        digest.update(source.read_bytes())
    for part in (platform.machine(), os.confstr("CS_GNU_LIBC_VERSION"), compiler, *_FLAGS, *_LIBRARIES):
        digest.update(f"\0{part}".encode())
    return digest.hexdigest()[:20]


def _folders() -> Iterator[Path]:
    """Where a library may lie, each there and safe: the user's cache, else one for this process alone."""
    cache = _cache()
    if cache is not None:
        yield cache
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):
        if _can_be_preloaded_from(Path(parent)):
            with suppress(OSError):
                folder = Path(tempfile.mkdtemp(prefix="golive-", dir=parent))
                atexit.register(shutil.rmtree, folder, ignore_errors=True)
                yield folder


def _can_be_preloaded_from(folder: Path) -> bool:
    """LD_PRELOAD is a list, and has no way to quote."""
    return (
        folder.is_absolute() and not {":", "$"} & set(str(folder)) and not any(map(str.isspace, str(folder)))
    )


def _cache() -> Path | None:
    """The folder for what is built once for each user; nobody else may write there."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(named) if Path(named).is_absolute() else Path.home() / ".cache") / "golive"
        if not _can_be_preloaded_from(folder):
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    safe = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return folder if safe and os.access(folder, os.W_OK) else None


def _compile(compiler: Sequence[str], library: Path) -> None:
    """Raises NoAcceleration, or OSError when the folder is not to be written to."""
    handle, half = tempfile.mkstemp(suffix=".so", dir=library.parent)
    os.close(handle)
    try:
        sources = [str(path) for path in _sources() if path.suffix == ".c"]
        _run([*compiler, *_FLAGS, "-o", half, *sources, *_LIBRARIES])
        os.replace(half, library)
    finally:
        Path(half).unlink(missing_ok=True)


# --- libfaketime ---


def _installed_libfaketimes() -> Iterator[Path]:
    """Where distributions put it, and beside the command of that name."""
    machine = platform.machine()
    roots = [f"/usr/lib/{machine}-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib", "/usr/local/lib64"]
    if command := shutil.which("faketime"):
        prefix = Path(command).resolve().parents[1]
        roots += [str(prefix / "lib"), str(prefix / "lib64")]
    seen = set()
    for root in roots:
        for library in (Path(root, "faketime", _LIBFAKETIME), Path(root, _LIBFAKETIME)):
            if library.is_file() and library.resolve() not in seen and _can_be_preloaded_from(library):
                seen.add(library.resolve())
                yield library


def _seal_of_libfaketime(library: Path) -> Path | None:
    cache = _cache()
    if cache is None:
        return None
    status = library.stat()
    told = hashlib.sha256(f"{library.resolve()}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return cache / f"faketime-{told.hexdigest()[:20]}.{sys.implementation.cache_tag}.tried"


# --- the probe ---


def _trust(candidate: Accelerator, seal: Path | None) -> None:
    """Tries it, unless the seal says that it was tried before. Raises _Useless, a NoAcceleration."""
    if seal is not None and seal.exists():
        return
    try_out(candidate)
    if seal is not None:
        with suppress(OSError):  # then it is tried again the next time
            seal.touch()


def try_out(candidate: Accelerator) -> None:
    """Has a Python go through all kinds of waits under it. It has to get through each, by its own clock in no less
    than it asked for, and faster than the machine's. However busy that is, it does not change the answer.

    Raises _Useless, a NoAcceleration.
    """
    env = dict(os.environ)
    env.update(candidate.environment(Pace(_PROBE_FACTOR), env))
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(_PROBE)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    ) as process:
        try:
            complaint = _listen(process)
        finally:
            process.kill()
    if complaint is not None:
        raise _Useless(f"{candidate.library} is no good: {complaint}")


def _listen(process: subprocess.Popen[bytes]) -> str | None:
    """Follows the probe to its end. What is wrong, if anything is?"""
    assert process.stdout is not None
    assert process.stderr is not None
    said = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    with selectors.DefaultSelector() as selector:
        for descriptor in said:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(_PROBE_PATIENCE)
            if not ready:
                wait = said[process.stdout.fileno()].decode().strip().rpartition("\n")[2]
                return f"{wait or 'Python'} does not come back under it"
            for key, _ in ready:
                read = os.read(key.fd, 4096)
                said[key.fd] += read
                if not read:
                    selector.unregister(key.fd)
    try:
        status = process.wait(_PROBE_PATIENCE)
    except subprocess.TimeoutExpired:
        return "Python never ends under it"
    if status:
        last = said[process.stderr.fileno()].decode(errors="replace").strip().rpartition("\n")[2]
        return last or f"Python ends with {status} under it"
    return None

"""The library that accelerates: how it is built, found again, tried, and what it does at its edges."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.clock import acceleration
from conformance.clock.acceleration import SOURCE, Accelerator, NoAcceleration, accelerator, try_out
from conformance.clock.pace import Pace

PROGRAMS = Path(__file__).parent / "accelerated"
STRICT = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or sys.platform != "linux", reason="there is no C compiler here"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "golive"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    """Built as strictly as can be, and not tried."""
    return Accelerator("own", build("cc", tmp_path_factory.mktemp("library")))


def build(compiler: str, folder: Path) -> Path:
    made = folder / "warp-0.so"
    sources = [str(path) for path in SOURCE.glob("*.c")]
    command = [compiler, *STRICT, *acceleration._FLAGS, "-o", str(made), *sources, *acceleration._LIBRARIES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


def compiled(source: Path, folder: Path, *options: str) -> Path:
    made = folder / source.stem
    subprocess.run(
        ["cc", "-std=gnu11", *options, "-o", str(made), str(source), "-pthread", "-lrt", "-ldl"], check=True
    )
    return made


def count_calls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[object]:
    calls: list[object] = []
    real: Callable[..., object] = getattr(acceleration, name)

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(acceleration, name, counted)
    return calls


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_compiler_finds_anything_to_complain_of(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler} here")
    try_out(Accelerator("own", build(compiler, tmp_path)))


def test_every_function_of_the_c_library_keeps_its_manners(library: Accelerator, tmp_path: Path) -> None:
    edges = compiled(PROGRAMS / "edges.c", tmp_path)
    env = {**os.environ, **library.environment(Pace(20), {})}
    done = subprocess.run(
        [edges], env=env, stdout=subprocess.PIPE, text=True, check=False, timeout=60, restore_signals=True
    )
    assert done.stdout == ""
    assert done.returncode == 0


ALOOF = """
#include <time.h>
#include <unistd.h>
double slept(void) {
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    usleep(1000000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) / 1e9;
}
"""
LOADER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>
int main(int count, char **arguments) {
    struct timespec before, after;
    double (*slept)(void) = (double (*)(void))dlsym(dlopen(arguments[1], RTLD_LAZY | RTLD_DEEPBIND), "slept");
    clock_gettime(CLOCK_MONOTONIC, &before);
    double seen = slept();
    clock_gettime(CLOCK_MONOTONIC, &after);
    double here = after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) / 1e9;
    printf("%d %d", count == 2 && seen >= 1, here - seen < seen);
}
"""


def test_a_library_that_looks_for_everything_in_itself_first_lives_by_the_same_clock(
    library: Accelerator, tmp_path: Path
) -> None:
    for name, source in (("aloof", ALOOF), ("loader", LOADER)):
        (tmp_path / f"{name}.c").write_text(source)
    aloof = compiled(tmp_path / "aloof.c", tmp_path, "-shared", "-fPIC")
    loader = compiled(tmp_path / "loader.c", tmp_path)
    env = {**os.environ, **library.environment(Pace(20), {})}

    done = subprocess.run([loader, aloof], env=env, stdout=subprocess.PIPE, text=True, check=True, timeout=60)

    assert done.stdout == "1 1"


NEIGHBOUR = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int readings;
int clock_gettime(clockid_t clock, struct timespec *time) {
    int (*next)(clockid_t, struct timespec *);
    next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    readings++;
    return next(clock, time);
}
"""


def test_other_preloaded_libraries_still_find_what_comes_after_them(
    library: Accelerator, tmp_path: Path
) -> None:
    """Were the call taken for ours, the other one would find itself, and call itself for ever."""
    (tmp_path / "neighbour.c").write_text(NEIGHBOUR)
    neighbour = compiled(tmp_path / "neighbour.c", tmp_path, "-shared", "-fPIC")
    env = library.environment(Pace(20), {"LD_PRELOAD": str(neighbour)})
    assert env["LD_PRELOAD"] == f"{library.library}:{neighbour}"
    script = (
        "import ctypes, time; time.sleep(1); print(ctypes.c_int.in_dll(ctypes.CDLL(None), 'readings').value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert int(done.stdout) > 0


def test_it_is_built_once_and_tried_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, tried = count_calls(monkeypatch, "_compile"), count_calls(monkeypatch, "try_out")
    first = accelerator()
    assert (first.kind, first.library.parent) == ("own", cache)
    assert (len(built), len(tried)) == (1, 1)
    assert accelerator() == first
    assert (len(built), len(tried)) == (1, 1)
    assert [path.suffix for path in sorted(cache.iterdir())] == [".tried", ".so"]
    assert cache.stat().st_mode & 0o777 == 0o700


def test_runs_that_start_together_build_the_same(cache: Path) -> None:
    found: list[Accelerator] = []
    threads = [threading.Thread(target=lambda: found.append(accelerator())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len({each.library for each in found}) == 1
    assert len(list(cache.iterdir())) == 2


def test_a_cache_whose_name_cannot_be_preloaded_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a b:c"))
    library = accelerator().library
    assert library.exists()
    assert not {" ", ":"} & set(str(library))
    assert library.parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_cache_in_which_others_may_write_is_not_used(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    assert cache not in accelerator().library.parents
    assert list(cache.iterdir()) == []


def test_without_a_compiler_it_says_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(acceleration, "_installed_libfaketimes", lambda: iter(()))
    with pytest.raises(NoAcceleration) as refusal:
        accelerator()
    assert str(refusal.value) == (
        "no C compiler was found. To have clients accelerated, install a C compiler "
        "(on Debian: apt-get install gcc libc6-dev), or name yours in CC."
    )


def test_a_compiler_that_cannot_is_passed_over_and_its_reason_told(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit\necho "x.c:1: error: no headers" >&2\nexit 1\n'
    )
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    assert accelerator().kind == "own"
    monkeypatch.setenv("PATH", "/bin-of-nobody")
    monkeypatch.setattr(acceleration, "_installed_libfaketimes", lambda: iter(()))
    with pytest.raises(
        NoAcceleration, match=r"does not compile the library for it: x\.c:1: error: no headers"
    ):
        accelerator()


def test_a_library_that_does_nothing_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "idle.c").write_text("int nothing;\n")
    idle = compiled(tmp_path / "idle.c", tmp_path, "-shared", "-fPIC")
    with pytest.raises(NoAcceleration, match=r"in time\.sleep, the clock does not run faster"):
        try_out(Accelerator("own", idle))


def test_a_library_that_wakes_too_early_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "hasty.c").write_text(
        "#include <time.h>\n"
        "int clock_nanosleep(clockid_t clock, int flags, const struct timespec *asked, struct timespec *left)"
        " { (void)clock; (void)flags; (void)asked; (void)left; return 0; }\n"
    )
    hasty = compiled(tmp_path / "hasty.c", tmp_path, "-shared", "-fPIC")
    with pytest.raises(NoAcceleration, match=r"time\.sleep comes back after 0\.000 of 1 second by the clock"):
        try_out(Accelerator("own", hasty))


def test_a_library_under_which_a_wait_hangs_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceleration, "_PROBE_PATIENCE", 1.0)
    (tmp_path / "hangs.c").write_text(
        "#include <unistd.h>\n#include <time.h>\n"
        "int clock_nanosleep(clockid_t clock, int flags, const struct timespec *asked, struct timespec *left)"
        " { (void)clock; (void)flags; (void)asked; (void)left; for (;;) pause(); }\n"
    )
    hangs = compiled(tmp_path / "hangs.c", tmp_path, "-shared", "-fPIC")
    with pytest.raises(NoAcceleration, match=r"time\.sleep does not come back under it"):
        try_out(Accelerator("own", hangs))


def test_libfaketime_is_used_only_if_it_passes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's hangs in waits with time-outs. Others do not, and are taken where there is no compiler."""
    installed = list(acceleration._installed_libfaketimes())
    if not installed:
        pytest.skip("there is no libfaketime here")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(acceleration, "_PROBE_PATIENCE", 2.0)
    try:
        found = accelerator()
    except NoAcceleration as reason:
        refusal = str(reason)
        assert [path.suffix for path in cache.iterdir()] == []
    else:
        refusal = ""
        assert found == Accelerator("libfaketime", installed[0])
        assert [path.suffix for path in cache.iterdir()] == [".tried"]
    assert not refusal or "install a C compiler" in refusal


def test_libfaketime_is_told_where_the_clock_stands(tmp_path: Path) -> None:
    second = 10**9
    pace = Pace(20, (time.monotonic_ns() - 10 * second, time.time_ns() - 10 * second))
    env = Accelerator("libfaketime", tmp_path / "libfaketime.so.1").environment(pace, {})
    offset, factor = env["FAKETIME"].split()
    assert 190 <= float(offset) < 2000
    assert factor == "x20"


def test_the_settings_are_of_the_pace(tmp_path: Path) -> None:
    env = Accelerator("own", tmp_path / "warp.so").environment(
        Pace(12.5, (7, 9)), {"LD_PRELOAD": "a.so  b.so"}
    )
    assert env == {
        "LD_PRELOAD": f"{tmp_path}/warp.so:a.so:b.so",
        "GOLIVE_WARP": "12.5",
        "GOLIVE_WARP_ANCHOR": "7,9",
    }


def test_another_system_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoAcceleration, match="on Linux only, and this is darwin"):
        accelerator()


def test_another_c_library_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: None)
    with pytest.raises(NoAcceleration, match="another C library"):
        accelerator()

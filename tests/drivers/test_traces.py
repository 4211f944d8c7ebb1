"""Streams and files that a client leaves behind: scanned as a whole, kept at both ends, redacted."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import os
import random
import sqlite3
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from conformance import surroundings
from conformance.contracts import load_contract
from conformance.evidence import Output
from conformance.hygiene import archives
from conformance.hygiene.canary import Canary, Scanner, mint
from conformance.traces import KEPT, Traces, scanned_text


@pytest.fixture
def canary() -> Canary:
    return mint(load_contract("runa"), random.Random(1))


def traces_of(folder: Path, canary: Canary) -> Traces:
    traces = Traces(folder / "output", folder, ["*.log"], canary)
    traces.begin(folder / "state")
    return traces


@pytest.mark.parametrize("shown", [1, 5, 16, 31])
@pytest.mark.parametrize("end", ["beginning", "end"])
def test_no_part_of_a_key_is_shown_where_the_middle_is_left_out(
    tmp_path: Path, canary: Canary, end: str, shown: int
) -> None:
    traces = traces_of(tmp_path, canary)
    before = KEPT - shown if end == "beginning" else 3 * KEPT
    after = 3 * KEPT if end == "beginning" else KEPT - shown
    (tmp_path / "client.log").write_text("." * before + canary.secret + "." * after)
    (log,) = traces.collect()
    assert len(log.sightings) == 1
    assert log.size == before + len(canary.secret) + after
    head, gap, tail = log.text.split("\n")
    assert "the middle is left out" in gap
    assert set(head + tail) <= set(".[secret]")


def test_texts_and_files_are_kept_in_the_same_way(tmp_path: Path, canary: Canary) -> None:
    traces = traces_of(tmp_path, canary)
    long = "é" * 2 * KEPT
    (tmp_path / "client.log").write_text(long)
    (log,) = traces.collect()
    text = scanned_text(long, "text", Scanner(canary))
    assert (log.text, log.size, log.sightings) == (text.text, text.size, text.sightings)


def test_only_what_was_written_since_the_beginning_is_read(tmp_path: Path, canary: Canary) -> None:
    file = tmp_path / "client.log"
    file.write_text(f"old {canary.key}\n")
    traces = traces_of(tmp_path, canary)
    assert traces.collect() == ()
    with file.open("a") as log:
        log.write("new\n")
    assert [output.text for output in traces.collect()] == ["new\n"]
    file.write_text("anew")
    assert [output.text for output in traces.collect()] == ["anew"]


def test_a_file_that_was_written_anew_is_read_as_a_whole(tmp_path: Path, canary: Canary) -> None:
    file = tmp_path / "client.log"
    file.write_text("request 1 was fine")
    traces = traces_of(tmp_path, canary)
    file.write_text("request 2 was fine")
    assert [output.text for output in traces.collect()] == ["request 2 was fine"]
    traces.begin(tmp_path / "state")
    file.write_text("request 3 had more to be told of")
    assert [output.text for output in traces.collect()] == ["request 3 had more to be told of"]


def test_what_a_client_writes_while_it_is_started_belongs_to_the_first_trial(
    tmp_path: Path, canary: Canary
) -> None:
    (tmp_path / "output" / "tmp").mkdir(parents=True)
    traces = Traces(tmp_path / "output", tmp_path, ["*.log"], canary)
    (tmp_path / "output" / "stdout").write_text("starting\n")
    (tmp_path / "output" / "tmp" / "settings").write_text("fast")
    traces.begin(tmp_path / "state")
    assert sorted(output.text for output in traces.collect()) == ["fast", "starting\n"]
    traces.begin(tmp_path / "state")
    assert traces.collect() == ()


def streams_of(outputs: Iterable[Output]) -> dict[str, str]:
    """Streams in which the key was seen, and where."""
    return {output.stream: output.sightings[0].form for output in outputs if output.sightings}


def test_a_log_that_is_rotated_meanwhile_is_followed_to_its_new_name(tmp_path: Path, canary: Canary) -> None:
    file = tmp_path / "client.log"
    file.write_text("old\n")
    traces = traces_of(tmp_path, canary)
    with file.open("a") as log:
        log.write(f"before it was rotated {canary.key}\n")
    file.rename(tmp_path / "client.log.1")
    file.write_text("after it\n")
    after, before = sorted(traces.collect(), key=lambda output: output.text)
    assert (after.stream, after.text) == ("client.log", "after it\n")
    assert (before.stream, before.text) == (
        "client.log.1",
        f"before it was rotated {canary.prefix}.[secret]\n",
    )
    assert before.sightings[0].line == 2


def test_a_rotated_log_in_which_nothing_is_new_is_not_read_again(tmp_path: Path, canary: Canary) -> None:
    file = tmp_path / "client.log"
    file.write_text(f"old {canary.key}\n")
    (tmp_path / "client.log.2.gz").write_bytes(gzip.compress(canary.key.encode()))
    traces = traces_of(tmp_path, canary)
    file.rename(tmp_path / "client.log.1")
    (tmp_path / "client.log.2.gz").rename(tmp_path / "client.log.3.gz")
    assert traces.collect() == ()


@pytest.mark.parametrize(
    "name",
    ["client.log.1", "client.log-20261123", "client.1.log", "client-2026-11-23.log.gz", "client.log.old"],
)
def test_rotated_logs_have_many_names(tmp_path: Path, canary: Canary, name: str) -> None:
    traces = Traces(tmp_path / "output", tmp_path, ["client.log"], canary)
    traces.begin(tmp_path / "state")
    data = canary.key.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (tmp_path / "other.log").write_bytes(data)
    assert streams_of(traces.collect()) == {name: "plain"}


def test_logs_may_lie_anywhere(tmp_path: Path, canary: Canary) -> None:
    home = tmp_path / "home"
    (home / "state").mkdir(parents=True)
    patterns = ["../beside.log", str(tmp_path / "far" / "*.log"), "", "deep/**/x.log"]
    traces = Traces(home / "output", home, patterns, canary)
    traces.begin(home / "state")
    for path in ("beside.log", "far/off.log", "home/deep/er/x.log.1", "other.log"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(canary.key)
    assert set(streams_of(traces.collect())) == {"../beside.log", "../far/off.log", "deep/er/x.log.1"}


def zipped(data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("today.log", data)
    return whole.getvalue()


def tarred(data: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        member = tarfile.TarInfo("today.log")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return whole.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip, part by part": lambda data: gzip.compress(data[:30]) + gzip.compress(data[30:]),
    "gzip, cut off": lambda data: gzip.compress(data + random.Random(1).randbytes(9_000))[:-2_000],
    "gzip, twice": lambda data: gzip.compress(gzip.compress(data)),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "tar": tarred,
}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_compressed_files_are_looked_into(
    tmp_path: Path, canary: Canary, pack: Callable[[bytes], bytes]
) -> None:
    traces = traces_of(tmp_path, canary)
    text = f"first line\nsecond with {canary.key}\n"
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "archive").write_bytes(pack(text.encode()))
    (output,) = traces.collect()
    assert output.stream == "state/archive"
    assert [sighting.form for sighting in output.sightings] == ["plain"]
    assert canary.secret not in output.text


def test_a_bomb_is_given_up_in_flat_memory(
    tmp_path: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED", 4_000_000)
    traces = traces_of(tmp_path, canary)
    (tmp_path / "client.log").write_bytes(gzip.compress(bytes(50_000_000) + canary.key.encode()))
    tracemalloc.start()
    try:
        (output,) = traces.collect()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (output.size, output.sightings) == (4_000_000, ())
    assert most < 20_000_000


def test_names_of_files_and_folders_are_looked_at(tmp_path: Path, canary: Canary) -> None:
    traces = traces_of(tmp_path, canary)
    (tmp_path / "state" / f"lock-{canary.key}").mkdir(parents=True)
    (tmp_path / "output" / "tmp").mkdir(parents=True)
    (tmp_path / "output" / "tmp" / base64.b64encode(canary.key.encode()).decode()).touch()
    folder, file = sorted(traces.collect(), key=lambda output: output.stream)
    assert folder.stream == f"state/lock-{canary.prefix}.[secret]"
    assert folder.sightings[0].place == f"the name of {folder.stream}"
    assert folder.sightings[0].line is None
    assert file.sightings[0].form == "base64"
    assert canary.secret not in repr((folder, file))


def test_a_link_to_a_file_is_followed_and_a_link_to_a_folder_is_not(tmp_path: Path, canary: Canary) -> None:
    traces = traces_of(tmp_path, canary)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x").write_text(canary.key)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "linked").symlink_to(elsewhere / "x")
    (tmp_path / "state" / "round").symlink_to(tmp_path)
    assert streams_of(traces.collect()) == {"state/linked": "plain"}


def test_a_pipe_that_nobody_writes_into_keeps_nobody_waiting(tmp_path: Path, canary: Canary) -> None:
    (tmp_path / "state").mkdir()
    traces = Traces(tmp_path / "output", tmp_path, ["*"], canary, (tmp_path,))
    traces.begin(tmp_path / "state", thorough=True)
    os.mkfifo(tmp_path / "state" / "pipe")
    os.mkfifo(tmp_path / "pipe.log")
    assert traces.collect() == ()


def test_a_database_holds_what_was_put_into_it(tmp_path: Path, canary: Canary) -> None:
    traces = traces_of(tmp_path, canary)
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / "orders.db")) as database:
        database.execute("create table requests (headers text)")
        database.execute("insert into requests values (?)", (f"X-Api-Key: {canary.key}",))
        database.commit()
    assert streams_of(traces.collect()) == {"state/orders.db": "plain"}


def working_in(folder: Path, canary: Canary) -> Traces:
    traces = Traces(folder / "output", folder, [], canary, (folder,))
    traces.begin(folder / "state", thorough=True)
    return traces


def test_what_is_new_or_changed_in_the_working_folder_is_read(tmp_path: Path, canary: Canary) -> None:
    for name in (".git", "node_modules", "src", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "src" / "settings.py").write_text(f"KEY = '{canary.key}'")
    (tmp_path / "debug.txt").write_text("nothing yet\n")
    traces = working_in(tmp_path, canary)
    assert traces.collect() == ()
    (tmp_path / ".git" / "packed").write_text(canary.key)
    (tmp_path / "node_modules" / "cache").write_text(canary.key)
    (tmp_path / "src" / "dump").mkdir()
    (tmp_path / "src" / "dump" / "request.bin").write_bytes(canary.key.encode("utf-16"))
    with (tmp_path / "debug.txt").open("a") as file:
        file.write(f"{canary.key}\n")
    assert streams_of(traces.collect()) == {"src/dump/request.bin": "UTF-16", "debug.txt": "plain"}
    traces.begin(tmp_path / "state", thorough=True)
    assert traces.collect() == ()


def test_where_nobody_asked_for_it_the_working_folder_is_left_alone(tmp_path: Path, canary: Canary) -> None:
    traces = Traces(tmp_path / "output", tmp_path, [], canary, (tmp_path,))
    traces.begin(tmp_path / "state")
    (tmp_path / "debug").write_text(canary.key)
    assert traces.collect() == ()
    traces.begin(tmp_path / "state", thorough=True)
    assert traces.collect() == ()


def test_data_is_kept_apart_from_what_is_merely_told(tmp_path: Path, canary: Canary) -> None:
    traces = working_in(tmp_path, canary)
    (tmp_path / "state").mkdir()
    (tmp_path / "output" / "tmp").mkdir(parents=True)
    names = (
        "state/orders.json",
        "output/tmp/mail",
        "orders.db",
        "catalogue.json",
        "logs.1",
        "debug.log",
        "x.out",
    )
    for name in names:
        (tmp_path / name).write_text("x")
    kept = {output.stream: output.kept for output in traces.collect()}
    assert kept == {
        "state/orders.json": True,
        "orders.db": True,
        "catalogue.json": True,
        "tmp/mail": False,
        "logs.1": False,
        "debug.log": False,
        "x.out": False,
    }


def test_a_folder_without_end_is_looked_at_as_far_as_it_goes(
    tmp_path: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "MOST_ENTRIES", 50)
    (tmp_path / "many").mkdir()
    for number in range(100):
        (tmp_path / "many" / f"{number}").touch()
    traces = working_in(tmp_path, canary)
    (tmp_path / "near").write_text(canary.key)
    assert streams_of(traces.collect()) == {"near": "plain"}

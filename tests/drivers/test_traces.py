"""Streams and files that a client leaves behind: scanned as a whole, kept at both ends, redacted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from conformance.contracts import load_contract
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

"""One process an order: what it says counts, whatever it does it cannot harm, and all it writes is evidence."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from driver_clients import SECRET, TIME_ENOUGH, python, written

from conformance.drivers import Driver
from conformance.evidence import Call, Outcome, PlannedOrder
from conformance.trial import Stop

ORDER = PlannedOrder("order-1", {"items": [{"face_value": 10.5}], "note": "é"}, "10.50")
CREATED = '{"outcome":"created","order_id":"O-1"}'
Make = Callable[..., Driver]


@pytest.fixture
def make(make: Callable[..., Driver]) -> Make:
    return lambda command, **more: make("command", command, **more)


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def place(driver: Driver, stop: threading.Event | None = None) -> Call:
    return driver.place(ORDER, 1, stop=stop or Stop())


def test_the_client_reads_its_order_and_says_what_came_of_it(make: Make) -> None:
    driver = make(["cat"])
    call = driver.place(ORDER, 3, stop=Stop())
    assert (call.reference, call.number, call.ending, call.outcome) == ("order-1", 3, "crashed", None)
    assert json.loads(written(driver)["stdout"]) == {"reference": "order-1", "order": ORDER.body}
    assert place(make(sh(f"echo '{CREATED}'"))).outcome == Outcome("created", "O-1")


def test_its_environment_is_clean_and_as_the_profile_says(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "x")
    env = {"BASE": "{base_url}", "KEY": "{api_key}", "PORT": "{port}", "LEVEL": "debug"}
    driver = make(["env"], env=env, ca_file=Path("/ca.pem"))
    place(driver)
    (output,) = driver.outputs()
    found = dict(line.split("=", 1) for line in output.text.splitlines())
    temporary = Path(found["TMPDIR"])
    assert temporary.is_dir()
    driver.close()
    assert not temporary.exists()
    assert {name: found.get(name) for name in (*env, "SOME_TOKEN")} == {
        "BASE": "http://127.0.0.1:4321/v2",
        "KEY": "XXab12cd.[secret]",
        "PORT": "4321",
        "LEVEL": "debug",
        "SOME_TOKEN": None,
    }
    assert found["GOLIVE_STATE_DIR"] == str(tmp_path / "state")
    assert found["GOLIVE_CA_FILE"] == "/ca.pem"
    assert found["GOLIVE_API_VERSION"] == "2024-02-05"
    assert [sighting.line for sighting in output.sightings] == [
        1 + list(found).index("KEY"),
    ]


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (f"echo '{CREATED}'; exit 1", Outcome("created", "O-1")),
        (f"printf '%s' '{CREATED}'", Outcome("created", "O-1")),
        (f"echo hello; echo '{CREATED}'; echo bye", Outcome("created", "O-1")),
        (f"echo '{CREATED}'; echo '{{\"outcome\":\"unknown\"}}'", Outcome("unknown")),
        (
            'echo \'{"outcome":"rejected","type":"not_found"}\'; kill -9 $$',
            Outcome("rejected", type="not_found"),
        ),
    ],
)
def test_the_last_outcome_that_is_printed_counts(script: str, outcome: Outcome, make: Make) -> None:
    call = place(make(sh(script)))
    assert (call.outcome, call.ending, call.detail) == (outcome, "answered", "")


@pytest.mark.parametrize("newline", [True, False])
def test_an_outcome_counts_though_the_process_does_not_end(newline: bool, make: Make) -> None:
    source = f"""
import signal, sys, time
for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(name, signal.SIG_IGN)
sys.stdout.write({CREATED!r} + {newline * chr(10)!r})
sys.stdout.flush()
time.sleep(3600)
"""
    driver = make(python(source))
    driver.epoch = time.monotonic()
    call = place(driver)
    over = time.monotonic() - driver.epoch
    assert (call.outcome, call.ending) == (Outcome("created", "O-1"), "answered")
    assert call.ended_at is not None
    assert 0 <= call.started_at <= call.ended_at <= over - 0.9  # when it was printed, not when it was ended


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        ("exit 3", "the client printed no outcome and ended with exit status 3"),
        ("kill -SEGV $$", "the client printed no outcome and ended with signal 11 (SIGSEGV)"),
        (
            "for n in 1 2 3 4 5 6 7; do echo line $n >&2; echo; done; exit 1",
            "the client printed no outcome and ended with exit status 1; the last of its stderr:\n"
            "line 3\nline 4\nline 5\nline 6\nline 7",
        ),
        (
            f"echo 'bad key XXab12cd.{SECRET}'",
            "the client printed no outcome and ended with exit status 0; the last of its stdout:\n"
            "bad key XXab12cd.[secret]",
        ),
        (
            'echo \'{"outcome":"created"}\'',
            'the client printed `created` without `order_id`; right is {"outcome": "created", "order_id": "O-…"}',
        ),
    ],
)
def test_no_outcome_is_a_crash_that_says_how_it_ended(script: str, detail: str, make: Make) -> None:
    call = place(make(sh(script)))
    assert (call.outcome, call.ending, call.detail) == (None, "crashed", detail)


def test_a_program_that_is_not_there_is_a_crash(make: Make) -> None:
    call = place(make(["./order.mjs"]))
    assert call.ending == "crashed"
    assert call.detail == "client.command could not be started: ./order.mjs: No such file or directory"


@pytest.mark.parametrize(
    "command",
    [
        sh("sleep 3600"),
        sh("exec >&- 2>&- <&-; sleep 3600"),
        python("while True: pass"),
        python("import os\nwhile True: os.write(1, b'x' * 65536)"),
        python("import os\nwhile True: os.write(2, os.urandom(65536))"),
    ],
    ids=["sleeps", "closes everything", "spins", "floods", "floods with noise"],
)
def test_a_client_that_hangs_is_ended_at_the_limit(command: list[str], make: Make) -> None:
    call = place(make(command, limit=0.5))
    assert (call.outcome, call.ending) == (None, "hung")
    assert call.detail == "the client printed no outcome within 0.5 seconds"


@pytest.mark.parametrize("kind", [Stop, threading.Event])
def test_a_call_ends_when_the_trial_is_stopped(
    kind: type[threading.Event], make: Make, tmp_path: Path
) -> None:
    stop = kind()
    driver = make(sh("echo > begun; sleep 3600"))
    calls: list[Call] = []
    thread = threading.Thread(target=lambda: calls.append(place(driver, stop)))
    thread.start()
    (tmp_path / "begun").read_text()
    stop.set()
    thread.join(TIME_ENOUGH)
    assert [(call.outcome, call.ending) for call in calls] == [(None, "stopped")]
    assert place(driver, stop).ending == "stopped"


def test_a_flood_of_output_is_read_and_scanned_and_not_kept(make: Make) -> None:
    source = f"""
import os
out = open(1, "wb", closefd=False)
line = b"noise " * 10 + b"\\n"
out.write(line * 200_000)
out.write(b"key is XXab12cd.{SECRET}\\n")
out.write(line * 200_000)
out.write({CREATED!r}.encode())
"""
    driver = make(python(source))
    call = place(driver)
    assert call.outcome == Outcome("created", "O-1")
    (output,) = driver.outputs()
    assert output.size > 24_000_000
    assert len(output.text) < 200_000
    assert output.text.startswith("noise ")
    assert output.text.endswith(CREATED)
    assert "bytes in all, the middle is left out]" in output.text
    (sighting,) = output.sightings
    assert (sighting.place, sighting.form, sighting.line) == ("stdout", "plain", 200_001)
    assert sighting.excerpt == "key is XXab12cd.[secret]"


@pytest.mark.parametrize("filler", ["b'A'", "b'{'", "b'\\x00'", "b'{\"outcome\":'"])
def test_a_line_without_end_is_no_outcome(filler: str, make: Make) -> None:
    source = f"""
out = open(1, "wb", closefd=False)
out.write({filler} * 500_000 + b"\\n")
out.write({CREATED!r}.encode())
"""
    assert place(make(python(source))).outcome == Outcome("created", "O-1")


def test_binary_output_is_evidence_too(make: Make) -> None:
    driver = make(
        python(f"import os; os.write(2, bytes(range(256)) * 40); os.write(1, b'\\xff\\xfe{SECRET}\\x00')")
    )
    assert place(driver).ending == "crashed"
    outputs = {output.stream: output for output in driver.outputs()}
    assert outputs["stderr"].size == 10_240
    assert len(outputs["stdout"].sightings) == 1
    assert SECRET not in outputs["stdout"].text


def test_a_client_that_closes_its_output_may_go_on_to_end(make: Make) -> None:
    call = place(make(sh(f"echo '{CREATED}'; exec >&- 2>&-; sleep 0.05")))
    assert call.outcome == Outcome("created", "O-1")


def test_an_order_larger_than_a_pipe_is_handed_over_whole_or_ignored(make: Make) -> None:
    large = PlannedOrder("order-2", {"note": "x" * 1_000_000}, "1.00")
    count = (
        'import sys, json; print(json.dumps({"outcome": "created", "order_id": str(len(sys.stdin.read()))}))'
    )
    expected = len(json.dumps({"reference": "order-2", "order": large.body})) + 1
    assert make(python(count)).place(large, 1, stop=Stop()).outcome == Outcome("created", str(expected))
    assert make(sh(f"exec <&-; echo '{CREATED}'")).place(large, 1, stop=Stop()).outcome == Outcome(
        "created", "O-1"
    )


def test_a_grandchild_that_holds_the_output_open_is_not_waited_for(make: Make) -> None:
    call = place(make(sh(f"setsid sleep 3600 & echo '{CREATED}'")))
    assert call.outcome == Outcome("created", "O-1")
    assert place(make(sh("setsid sleep 3600 & exit 2"))).detail.endswith("ended with exit status 2")


def test_orders_are_placed_side_by_side(make: Make, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meet")
    # Two processes that can only end together: one writes what the other reads.
    driver = make(
        sh(f"read line; case $line in *one*) echo > meet;; *) read word < meet;; esac; echo '{CREATED}'")
    )
    calls: list[Call] = []
    threads = [
        threading.Thread(
            target=lambda name=name: calls.append(
                driver.place(PlannedOrder(name, {}, "1.00"), 1, stop=Stop())
            )
        )
        for name in ("one", "two")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIME_ENOUGH)
    assert [call.outcome for call in calls] == [Outcome("created", "O-1")] * 2


def test_outputs_are_what_was_written_since_the_last_time(make: Make, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "client.log").write_text(f"from yesterday {SECRET}\n")
    script = f"""
echo out
echo key {SECRET} >> logs/client.log
echo x > $GOLIVE_STATE_DIR/keys
echo {SECRET} > $TMPDIR/dump
"""
    driver = make(sh(script), log_files=["logs/*.log"])
    place(driver)
    assert written(driver) == {
        "stdout": "out\n",
        "logs/client.log": "key [secret]\n",
        "state/keys": "x\n",
        "tmp/dump": "[secret]\n",
    }
    assert not {"stdout", "logs/client.log", "tmp/dump"} & set(written(driver))
    place(driver)
    assert written(driver)["logs/client.log"] == "key [secret]\n"


def test_the_keys_of_trials_nearby_are_taken_out_of_shared_logs(make: Make, tmp_path: Path) -> None:
    driver = make(
        sh("echo 'theirs is XXzz99yy.aaaabbbbccccddddeeeeffff00001111' >> shared.log"), log_files=["*.log"]
    )
    place(driver)
    assert written(driver) == {"shared.log": "theirs is [secret]\n"}


def test_a_key_in_place_of_an_id_is_redacted(make: Make) -> None:
    call = place(make(sh(f'echo \'{{"outcome":"rejected","type":"{SECRET}"}}\'')))
    assert call.outcome == Outcome("rejected", type="[secret]")


def test_a_kill_from_outside_is_remembered(make: Make, tmp_path: Path) -> None:
    driver = make(sh("echo $$ > begun; sleep 3600; :"))
    calls: list[Call] = []
    thread = threading.Thread(target=lambda: calls.append(place(driver)))
    thread.start()
    os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)
    thread.join(TIME_ENOUGH)
    assert calls[0].detail == "the client printed no outcome and ended with signal 9 (SIGKILL)"
    assert (driver.killed, driver.spoilt, driver.pids()) == (True, False, ())


def test_ends_of_ours_are_no_kills(make: Make) -> None:
    driver = make(sh("sleep 3600"), limit=0.2)
    assert place(driver).ending == "hung"
    assert not driver.killed

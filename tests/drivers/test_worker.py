"""One process for many orders: answers find their order, and whatever the process does is told of the right one."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest
from driver_clients import (
    CREATED,
    SECRET,
    TIME_ENOUGH,
    WORKER,
    Make,
    has_begun,
    order,
    place,
    placing,
    python,
    written,
)

from conformance.clock.pace import Pace
from conformance.drivers import NotReady, resident, worker
from conformance.evidence import Outcome, PlannedOrder
from conformance.trial import Stop


def test_one_process_answers_all_orders(make: Make) -> None:
    driver = make("worker", WORKER)
    assert driver.pids() == ()
    driver.start(Stop())
    pids = driver.pids()
    calls = [place(driver, "answer(request, order_id=str(os.getpid()))") for _ in range(3)]
    assert [call.outcome for call in calls] == [Outcome("created", str(pids[0]))] * 3
    assert driver.pids() == pids
    assert (driver.spoilt, driver.killed, driver.restartable) == (False, False, True)


def test_a_request_has_an_id_the_reference_and_the_order(make: Make) -> None:
    source = "import sys; sys.stderr.write(sys.stdin.readline())"
    driver = make("worker", python(source))
    call = driver.place(PlannedOrder("order-7", {"note": "é"}, "1.00"), 2, stop=Stop())
    assert (call.reference, call.number, call.ending) == ("order-7", 2, "crashed")
    assert json.loads(written(driver)["stderr"]) == {"id": 1, "reference": "order-7", "order": {"note": "é"}}


def test_its_environment_is_the_profiles_with_the_preload(make: Make, tmp_path: Path) -> None:
    driver = make("worker", WORKER, env={"KEY": "{api_key}", "PORT": "{port}"}, preload={"LD_PRELOAD": ""})
    place(driver, "json.dump(dict(os.environ), sys.stderr); sys.stderr.flush(); answer(request)")
    found = json.loads(written(driver)["stderr"])
    assert (found["KEY"], found["PORT"], found["LD_PRELOAD"]) == ("XXab12cd.[secret]", "4321", "")
    assert found["GOLIVE_STATE_DIR"] == str(tmp_path / "state")


def test_answers_come_in_any_order(make: Make, tmp_path: Path) -> None:
    driver = make("worker", WORKER)
    with placing(driver, "held.append(request); begun()") as first:
        has_begun(tmp_path)
        both = "answer(request, order_id='second'); answer(held.pop(), order_id='first')"
        assert place(driver, both).outcome == Outcome("created", "second")
    assert first[0].outcome == Outcome("created", "first")


@pytest.mark.parametrize(
    "do",
    [
        "answer(request, id=str(request['id']))",
        "answer(request, id=float(request['id']))",
        "say('starting\\n{\\n\"outcome\"\\n'); answer(request)",
        'text = json.dumps({"id": request["id"], "outcome": "created", "order_id": "O-1"}); say(text)',
        "os.write(1, b'\\xff\\xfe\\n'); answer(request)",
        "say('x' * 4_000_000 + '\\n'); answer(request)",
        "say('{\"outcome\":' * 300_000 + '\\n'); answer(request)",
        "os.write(2, b'noise' * 1_000_000); answer(request)",
        "answer(request); os._exit(1)",
        "subprocess.Popen(['sleep', '3600']); answer(request); os._exit(0)",
    ],
    ids=[
        "id as text",
        "id as a float",
        "among other lines",
        "without the end of its line",
        "after bytes that are no text",
        "after a flood",
        "after a flood of what it might be",
        "after a flood of errors",
        "before it ends",
        "before it ends and leaves a child",
    ],
)
def test_an_answer_counts(do: str, make: Make) -> None:
    driver = make("worker", WORKER)
    call = place(driver, do)
    assert (call.outcome, call.ending) == (CREATED, "answered")
    assert place(driver).outcome == CREATED


def test_an_answer_may_come_in_pieces(make: Make, tmp_path: Path) -> None:
    driver = make("worker", WORKER)
    half = "text = json.dumps({'id': request['id'], 'outcome': 'created', 'order_id': 'O-1'}); say(text[:20]); begun()"
    with placing(driver, half, "say(text[20:] + '\\n'); answer(request)") as calls:
        has_begun(tmp_path)
    assert [call.outcome for call in calls] == [CREATED, CREATED]


def test_an_answer_that_says_nothing_is_a_crash_of_that_order_alone(make: Make) -> None:
    driver = make("worker", WORKER)
    call = place(driver, "answer(request, order_id=None)")
    assert (call.ending, call.outcome) == ("crashed", None)
    assert call.detail.startswith("the client printed `created` without `order_id`; right is")
    assert place(driver).outcome == CREATED
    assert driver.spoilt is False


def test_a_crash_is_told_to_every_order_that_waited_and_the_next_has_a_new_process(
    make: Make, tmp_path: Path
) -> None:
    driver = make("worker", WORKER)
    with placing(driver, "held.append(request); begun()") as first:
        has_begun(tmp_path)
        (pid,) = driver.pids()
        call = place(driver, "sys.stderr.write('no\\nway\\n'); sys.stderr.flush(); os._exit(3)")
    ending = "and ended with exit status 3; the last of its stderr:\nno\nway"
    assert (first[0].ending, first[0].detail) == (
        "crashed",
        f"the client printed no answer with the id 1 {ending}",
    )
    assert (call.ending, call.detail) == ("crashed", f"the client printed no answer with the id 2 {ending}")
    assert driver.pids() == ()
    again = place(driver)
    assert (again.outcome, again.detail) == (CREATED, "")
    assert driver.pids() != (pid,)
    assert (driver.spoilt, driver.killed) == (False, False)


def test_a_kill_from_outside_is_remembered(make: Make, tmp_path: Path) -> None:
    driver = make("worker", WORKER)
    with placing(driver, "begun(); time.sleep(3600)") as calls:
        has_begun(tmp_path)
        os.kill(driver.pids()[0], signal.SIGKILL)
    assert calls[0].ending == "crashed"
    assert calls[0].detail == "the client printed no answer with the id 1 and ended with signal 9 (SIGKILL)"
    assert driver.killed
    assert place(driver).outcome == CREATED
    assert driver.killed


def test_a_kill_below_a_shell_is_known_by_its_status(make: Make) -> None:
    script = 'sh -c "kill -9 \\$\\$"; exit $?'
    driver = make("worker", ["sh", "-c", script])
    assert "exit status 137, a shell's word for signal 9 (SIGKILL)" in place(driver).detail
    assert driver.killed


def test_a_worker_may_end_between_orders(make: Make, tmp_path: Path) -> None:
    driver = make("worker", WORKER)
    (tmp_path / "ended").mkdir()
    place(driver, "held.append(request); answer(request); sys.exit(0)")
    call = place(driver)
    # The order may have been put into the pipe of the process that was about to end: it did not take it.
    assert call.outcome == CREATED
    assert (
        call.detail == "between orders the client's process ended with exit status 0, and was started again"
    )


def test_a_worker_for_one_order_at_a_time_serves_them_all(make: Make) -> None:
    source = """
import json, sys
request = json.loads(sys.stdin.readline())
print(json.dumps({"id": request["id"], "outcome": "created", "order_id": "O-1"}))
"""
    driver = make("worker", python(source))
    assert [place(driver).outcome for _ in range(8)] == [CREATED] * 8


def test_a_worker_that_ends_without_a_look_at_its_order_crashed(make: Make) -> None:
    for _ in range(3):
        call = place(make("worker", ["true"]))
        assert call.detail == "the client printed no answer with the id 1 and ended with exit status 0"


def test_a_program_that_is_not_there_is_told(make: Make) -> None:
    driver = make("worker", ["./worker.mjs"])
    told = "client.command could not be started: ./worker.mjs: No such file or directory"
    with pytest.raises(NotReady, match=told):
        driver.start(Stop())
    call = place(driver)
    assert (call.ending, call.detail) == ("crashed", told)


def test_an_order_without_an_answer_hangs_and_its_late_answer_harms_nobody(make: Make) -> None:
    driver = make("worker", WORKER, limit=0.5)
    call = place(driver, "held.append(request)")
    assert (call.ending, call.outcome) == ("hung", None)
    assert call.detail == "the client printed no answer with the id 1 within 0.5 seconds"
    assert driver.spoilt
    late = place(make("worker", WORKER), "answer({'id': 0}); answer(request, order_id='mine')")
    assert late.outcome == Outcome("created", "mine")
    driver.restart()
    assert not driver.spoilt


@pytest.mark.parametrize(
    ("do", "told"),
    [
        ('say(\'{"outcome":"unknown"}\\n\')', "an outcome without the `id` of its order"),
        ("answer({'id': 99})", "an answer with the id 99, which no order has"),
        ("answer({'id': 1}); answer({'id': 1})", "a second answer with the id 1"),
        ('say(\'{"id": true, "outcome": "unknown"}\\n\')', "an outcome without the `id` of its order"),
    ],
)
def test_what_looked_like_an_answer_is_told(do: str, told: str, make: Make) -> None:
    driver = make("worker", WORKER)
    place(driver)
    call = place(driver, f"{do}; os._exit(0)")
    assert call.ending == "crashed"
    assert call.detail == (
        f"the client printed no answer with the id 2 and ended with exit status 0; it printed {told}; "
        f"the last of its stdout:\n{call.detail.partition('stdout:')[2].strip()}"
    )


def test_an_answer_before_the_order_was_read_counts_for_nobody_else(make: Make) -> None:
    early = '{"id":1,"outcome":"created","order_id":"early"}'
    driver = make("worker", python(f"print({early!r}, flush=True); import time; time.sleep(3600)"), limit=1.0)
    first, second = place(driver), place(driver)
    assert first.ending in ("answered", "hung")
    assert second.ending == "hung"


@pytest.mark.parametrize("kind", [Stop, threading.Event])
def test_a_call_ends_when_the_trial_is_stopped(
    kind: type[threading.Event], make: Make, tmp_path: Path
) -> None:
    stop = kind()
    driver = make("worker", WORKER)
    with placing(driver, "begun()", stop=stop) as calls:
        has_begun(tmp_path)
        stop.set()
    assert [(call.outcome, call.ending) for call in calls] == [(None, "stopped")]
    assert driver.spoilt
    assert place(driver, stop=stop).ending == "stopped"


def test_a_worker_that_never_reads_blocks_nobody(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "GRACE", 0.1)
    driver = make("worker", ["sleep", "3600"])
    stop = Stop()
    large = "x" * 1_000_000
    with placing(driver, large, large, large, stop=stop) as calls:
        stop.set()
    assert [call.ending for call in calls] == ["stopped"] * 3


def test_a_worker_that_reads_slowly_gets_everything(make: Make) -> None:
    source = """
import json, os
data = b""
while chunk := os.read(0, 999):
    data += chunk
    while b"\\n" in data:
        line, _, data = data.partition(b"\\n")
        answer = {"id": json.loads(line)["id"], "outcome": "created", "order_id": str(len(line))}
        os.write(1, json.dumps(answer).encode() + b"\\n")
"""
    with placing(make("worker", python(source)), *["x" * 300_000] * 4) as calls:
        pass
    lengths = {call.outcome.order_id for call in calls if call.outcome}
    assert lengths == {
        str(len(json.dumps({"id": 1, "reference": "order-1", "order": {"do": "x" * 300_000}})))
    }


@pytest.mark.parametrize(
    ("do", "told"),
    [
        ("os.close(1); time.sleep(3600)", "closed its standard output, but did not end"),
        ("os.close(0); answer(request); time.sleep(3600)", None),
    ],
)
def test_a_worker_that_closes_its_pipes_is_replaced(
    do: str, told: str | None, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "_DOUBT", 0.1)
    driver = make("worker", WORKER)
    call = place(driver, do)
    assert call.detail == (f"the client printed no answer with the id 1 and {told}" if told else "")
    again = place(driver)
    assert again.outcome == CREATED
    closed = "between orders the client's process closed its standard input, but did not end, and was started again"
    assert again.detail == ("" if told else closed)


def test_a_restart_gives_a_new_process_with_the_same_state(make: Make, tmp_path: Path) -> None:
    driver = make("worker", WORKER)
    driver.restart()
    keep = "open(os.environ['GOLIVE_STATE_DIR'] + '/key', 'w').write('kept'); answer(request)"
    place(driver, keep)
    (pid,) = driver.pids()
    driver.restart()
    assert driver.pids() == ()
    call = place(driver, "answer(request, order_id=open(os.environ['GOLIVE_STATE_DIR'] + '/key').read())")
    assert call.outcome == Outcome("created", "kept")
    assert call.detail == ""
    assert driver.pids() != (pid,)


def test_a_worker_may_say_goodbye(make: Make) -> None:
    source = "import sys\nfor line in sys.stdin: pass\nprint('goodbye')"
    driver = make("worker", python(source))
    driver.start(Stop())
    driver.close()
    assert driver.pids() == ()
    assert written(driver) == {"stdout": "goodbye\n"}


def test_one_that_will_not_go_is_ended(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(worker, "GRACE", 0.1)
    driver = make("worker", WORKER)
    with placing(driver, "begun(); time.sleep(3600)") as calls:
        has_begun(tmp_path)
        (pid,) = driver.pids()
        driver.restart()
    assert calls[0].ending == "stopped"
    assert not Path(f"/proc/{pid}").exists()
    assert not driver.killed


def test_outputs_are_cut_by_trial(make: Make) -> None:
    driver = make("worker", WORKER)
    place(driver, "sys.stderr.write('one\\n'); sys.stderr.flush(); answer(request)")
    assert written(driver)["stderr"] == "one\n"
    assert written(driver) == {}
    place(driver, "sys.stderr.write('two\\n'); sys.stderr.flush(); answer(request)")
    assert written(driver)["stderr"] == "two\n"


@pytest.mark.parametrize("first", [4, 16, 28])
def test_a_key_across_the_cut_is_found(first: int, make: Make) -> None:
    driver = make("worker", WORKER)
    print_ = "sys.stderr.write({!r}); sys.stderr.flush(); answer(request)"
    place(driver, print_.format(f"first\nkey {SECRET[:first]}"))
    before = {output.stream: output for output in driver.outputs()}["stderr"]
    place(driver, print_.format(f"{SECRET[first:]} and more\n"))
    after = {output.stream: output for output in driver.outputs()}["stderr"]
    found = [(when, it.line) for when, output in enumerate((before, after)) for it in output.sightings]
    assert found == {4: [(1, 1)], 16: [(0, 2), (1, 1)], 28: [(0, 2)]}[first]
    for text in (before.text, after.text):
        assert not any(SECRET[at : at + 10] in text for at in range(len(SECRET) - 9))


def test_times_are_client_seconds(make: Make) -> None:
    pace = Pace(factor=100.0)
    driver = make("worker", WORKER, pace=pace)
    driver.epoch = pace.now()
    call = place(driver, "time.sleep(0.05); answer(request)")
    assert call.ended_at is not None
    assert 0 <= call.started_at <= call.ended_at - 5.0
    assert call.ended_at <= pace.now() - driver.epoch


def test_many_orders_side_by_side_each_get_their_own_answer(make: Make) -> None:
    driver = make("worker", WORKER)
    calls = []
    threads = [
        threading.Thread(
            target=lambda name=name: calls.append(
                driver.place(order("answer(request, order_id=request['reference'])", name), 1, stop=Stop())
            )
        )
        for name in map(str, range(40))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIME_ENOUGH)
    assert sorted(call.reference for call in calls) == sorted(map(str, range(40)))
    assert all(call.outcome == Outcome("created", call.reference) for call in calls)

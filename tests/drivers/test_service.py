"""The integrator's own HTTP service: started where the clients are, waited for, posted its orders, and ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver_clients import (
    CREATED,
    SECRET,
    SERVICE,
    TIME_ENOUGH,
    Make,
    has_begun,
    place,
    placing,
    python,
    written,
)

from conformance.drivers import Driver, NoRestart, NotReady, service
from conformance.drivers.confinement import Confinement
from conformance.evidence import RETURNED, Outcome, PlannedOrder
from conformance.trial import Stop

URL = "http://127.0.0.1:{port}/orders?from=golive"
READY = "http://localhost:{port}/health"


@pytest.fixture
def driver(make: Make) -> Driver:
    return make("service", SERVICE, url=URL, ready=READY)


def saying(answer: str) -> list[str]:
    """A service that gives every connection this answer, byte for byte."""
    source = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection:
        if connection.recv(65536):
            connection.sendall(sys.argv[2].encode("latin-1"))
"""
    return python(source, "{port}", answer)


def test_it_is_started_with_a_free_port_and_is_ready_when_start_returns(make: Make, driver: Driver) -> None:
    assert driver.pids() == ()
    driver.start(Stop())
    (pid,) = driver.pids()
    driver.start(Stop())
    assert driver.pids() == (pid,)
    assert place(driver, "self.created()").outcome == CREATED
    other = make("service", SERVICE, url=URL)
    assert place(other, "self.created()").outcome == CREATED
    assert (driver.spoilt, driver.killed, driver.restartable) == (False, False, True)


def test_the_port_is_filled_in_everywhere(make: Make) -> None:
    driver = make("service", SERVICE, url=URL, env={"PORT": "{port}", "BASE": "{base_url}"})
    call = place(driver, "self.created(order_id=' '.join([os.environ['PORT'], os.environ['BASE']]))")
    asked = place(driver, "self.created(order_id=self.headers['host'])")
    assert call.outcome is not None
    assert asked.outcome is not None
    port = str(asked.outcome.order_id).rpartition(":")[2]
    assert call.outcome.order_id == f"{port} http://127.0.0.1:4321/v2"


def test_an_order_is_posted_as_json(driver: Driver) -> None:
    names = "self.command, self.path, self.headers['content-type'], json.dumps(request)"
    driver.start(Stop())
    note = f"self.created(order_id='|'.join([{names}]))"
    call = driver.place(PlannedOrder("order-7", {"do": note, "note": "é"}, "1.00"), 3, stop=Stop())
    assert (call.reference, call.number) == ("order-7", 3)
    assert call.outcome is not None
    method, path, kind, body = str(call.outcome.order_id).split("|", 3)
    assert (method, path, kind) == ("POST", "/orders?from=golive", "application/json")
    assert json.loads(body) == {"reference": "order-7", "order": {"do": note, "note": "é"}}


@pytest.mark.parametrize(
    ("do", "outcome"),
    [
        (
            "self.answer(201, {'outcome': 'created', 'order_id': 'O-1', 'status': 'DONE'})",
            ("created", "DONE", None),
        ),
        ("self.answer(202, {'outcome': 'unknown'})", ("unknown", None, None)),
        ("self.answer(200, {'outcome': 'rejected', 'type': 'not_found'})", ("rejected", None, "not_found")),
        (f"self.answer(200, {{'outcome': 'rejected', 'type': '{SECRET}'}})", ("rejected", None, "[secret]")),
    ],
)
def test_the_body_of_a_2xx_is_the_outcome(do: str, outcome: tuple[str, str, str], driver: Driver) -> None:
    call = place(driver, do)
    assert call.outcome is not None
    assert (call.outcome.kind, call.outcome.status, call.outcome.type) == outcome
    assert call.ending == "answered"


@pytest.mark.parametrize(
    ("do", "detail"),
    [
        (
            f"self.answer(500, 'no: {SECRET}')",
            "the service answered 500 and 'no: [secret]'; right is a 2xx with the outcome as JSON",
        ),
        (
            "self.answer(502, {'outcome': 'unknown'})",
            'the service answered 502 and \'{ "outcome": "unknown" }\'; right is a 2xx with the outcome as JSON',
        ),
        (
            "self.answer(204, '')",
            "the service answered 204 and nothing; right is a 2xx with the outcome as JSON",
        ),
        (
            "self.answer(200, 'x' * 3_000_000)",
            f"the service answered 200 and '{'x' * 200}'; right is a 2xx with the outcome as JSON",
        ),
        (
            "self.answer(200, {'outcome': 'done'})",
            'the client answered the outcome "done", which is none of: {"outcome": "created", "order_id": "O-…"}; '
            '{"outcome": "rejected", "type": "…"}; {"outcome": "unknown"}',
        ),
    ],
)
def test_any_other_answer_is_a_crash_that_shows_it(do: str, detail: str, driver: Driver) -> None:
    call = place(driver, do)
    assert (call.outcome, call.ending, call.detail) == (None, "crashed", detail)
    assert place(driver, "self.created()").outcome == CREATED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ('HTTP/1.0 200 OK\r\n\r\n{"outcome":"created","order_id":"O-1"}', CREATED),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            '5\r\n{"out\r\n21\r\ncome":"created","order_id":"O-1"}\r\n0\r\n\r\n',
            CREATED,
        ),
        ("garbage\r\n\r\n", "what came is no HTTP: illegal status line"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{", "the line was closed in the middle of the answer"),
        ("", "the line was closed without an answer"),
    ],
)
def test_http_in_every_shape(
    answer: str, outcome: Outcome | str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_DYING", 0.1)
    call = place(make("service", saying(answer), url=URL))
    if isinstance(outcome, Outcome):
        assert call.outcome == outcome
    else:
        assert call.ending == "crashed"
        assert call.detail.startswith("no answer from http://127.0.0.1:")
        assert f": {outcome}" in call.detail
        assert call.detail.endswith("; the service lives on")


def test_one_that_dies_in_the_middle_is_told_and_started_again(driver: Driver) -> None:
    driver.start(Stop())
    (pid,) = driver.pids()
    call = place(driver, "sys.stderr.write('out of luck\\n'); sys.stderr.flush(); os._exit(3)")
    assert call.ending == "crashed"
    assert call.detail == (
        "the service ended with exit status 3 before it answered; the last of its stderr:\nout of luck"
    )
    assert driver.pids() == ()
    again = place(driver, "self.created()")
    assert (again.outcome, again.detail) == (CREATED, "")
    assert driver.pids() != (pid,)
    assert driver.killed is False


def test_a_kill_from_outside_is_remembered(driver: Driver, tmp_path: Path) -> None:
    driver.start(Stop())
    with placing(driver, "begun(); time.sleep(3600)") as calls:
        has_begun(tmp_path)
        os.kill(driver.pids()[0], signal.SIGKILL)
    assert calls[0].detail == "the service ended with signal 9 (SIGKILL) before it answered"
    assert driver.killed
    assert place(driver, "self.created()").outcome == CREATED


def test_one_that_ends_between_orders_is_started_again(driver: Driver) -> None:
    place(driver, "self.created(); self.wfile.flush(); os._exit(0)")
    call = place(driver, "self.created()")
    if call.ending == "crashed":  # it was still there when it was asked
        assert "ended with exit status 0" in call.detail
    else:
        told = "between orders the service ended with exit status 0, and was started again"
        assert (call.outcome, call.detail) == (CREATED, told)
    assert place(driver, "self.created()").outcome == CREATED


def test_an_order_without_an_answer_hangs(make: Make) -> None:
    driver = make("service", SERVICE, url=URL, limit=0.5)
    call = place(driver, "time.sleep(3600)")
    assert (call.ending, call.detail) == ("hung", "the service gave no answer within 0.5 seconds")
    assert driver.spoilt
    assert place(driver, "self.created()").outcome == CREATED  # other connections are others' business


def test_an_answer_that_never_ends_is_no_answer(make: Make) -> None:
    driver = make("service", SERVICE, url=URL, limit=0.5)
    drip = "self.wfile.write(b'HTTP/1.1 200 OK\\r\\n\\r\\n')\nwhile True: self.wfile.write(b' '); time.sleep(0.01)"
    assert place(driver, drip).ending == "hung"


@pytest.mark.parametrize("kind", [Stop, threading.Event])
def test_a_call_ends_when_the_trial_is_stopped(
    kind: type[threading.Event], driver: Driver, tmp_path: Path
) -> None:
    stop = kind()
    with placing(driver, "begun(); time.sleep(3600)", stop=stop) as calls:
        has_begun(tmp_path)
        stop.set()
    assert [(call.outcome, call.ending) for call in calls] == [(None, "stopped")]
    assert driver.spoilt
    assert place(driver, "self.created()", stop).ending == "stopped"


def test_orders_are_posted_side_by_side(driver: Driver, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meet")
    with placing(
        driver, "open('meet').read(); self.created()", "open('meet', 'w').close(); self.created()"
    ) as calls:
        pass
    assert [call.outcome for call in calls] == [CREATED, CREATED]


def test_a_restart_asks_it_to_go_and_gives_it_the_same_port(make: Make, tmp_path: Path) -> None:
    driver = make("service", SERVICE, url=URL, ready=READY)
    goodbye = "signal.signal(signal.SIGTERM, lambda *_: (open('goodbye', 'w').close(), os._exit(0)))"
    # Handlers are set on the main thread alone, so the service is a script that does it first.
    script = SERVICE[4].replace("def begun", f"{goodbye}\ndef begun")
    driver = make("service", [*SERVICE[:4], script, "{port}"], url=URL, ready=READY)
    first = place(driver, "self.created(order_id=sys.argv[1])")
    (pid,) = driver.pids()
    driver.restart()
    assert driver.pids() == ()
    assert (tmp_path / "goodbye").exists()
    second = place(driver, "self.created(order_id=sys.argv[1])")
    assert first.outcome == second.outcome != CREATED
    assert second.detail == ""
    assert driver.pids() != (pid,)
    assert not driver.killed


def test_one_that_will_not_go_is_ended(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "GRACE", 0.1)
    script = SERVICE[4].replace("def begun", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ndef begun")
    driver = make("service", [*SERVICE[:4], script, "{port}"], url=URL)
    place(driver, "self.created()")
    (pid,) = driver.pids()
    driver.restart()
    assert not Path(f"/proc/{pid}").exists()
    assert not driver.killed


def test_ready_is_asked_until_it_says_so(make: Make, tmp_path: Path) -> None:
    script = SERVICE[4].replace(
        'self.answer(200, "ready")',
        'open("looked", "a").write("."); self.answer(200 if len(open("looked").read()) > 3 else 503, "warming up")',
    )
    driver = make("service", [*SERVICE[:4], script, "{port}"], url=URL, ready=READY)
    assert place(driver, "self.created()").outcome == CREATED
    assert (tmp_path / "looked").read_text() == "...."


def test_one_that_ends_before_it_is_ready_is_told(make: Make) -> None:
    driver = make("service", ["sh", "-c", f"echo no database at {SECRET} >&2; exit 4"], url=URL, ready=READY)
    with pytest.raises(NotReady) as caught:
        driver.start(Stop())
    told = str(caught.value)
    assert told.startswith("the service ended with exit status 4 before it was ready: GET http://localhost:")
    assert told.endswith("/health: Connection refused; the last of its stderr:\nno database at [secret]")
    call = place(driver)
    assert (call.ending, call.outcome) == ("crashed", None)
    assert call.detail.startswith("the service ended with exit status 4 before it was ready")


def test_one_that_is_never_ready_is_told_with_what_it_said(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "STARTING", 1.0)
    busy = saying("HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy")
    driver = make("service", busy, url=URL, ready=READY)
    with pytest.raises(NotReady) as caught:
        driver.start(Stop())
    assert str(caught.value).startswith("the service was not ready within 1 seconds: GET http://localhost:")
    assert str(caught.value).endswith("/health: 503 and 'busy'")


def test_waiting_for_it_ends_when_the_trial_is_stopped(make: Make, tmp_path: Path) -> None:
    stop = Stop()
    driver = make("service", ["sh", "-c", "echo > begun; sleep 3600"], url=URL, ready=READY)
    with placing(driver, "", stop=stop) as calls:
        has_begun(tmp_path)
        stop.set()
    assert calls[0].ending == "stopped"


def test_a_program_that_is_not_there_is_told(make: Make) -> None:
    with pytest.raises(NotReady, match=r"could not be started: \./service: No such file or directory"):
        make("service", ["./service"], url=URL).start(Stop())


def test_its_output_is_evidence_cut_by_trial(driver: Driver) -> None:
    say = "sys.stderr.write({!r}); sys.stderr.flush(); self.created()"
    place(driver, say.format(f"key {SECRET}\n"))
    (output,) = driver.outputs()
    assert (output.stream, output.text, len(output.sightings)) == ("stderr", "key [secret]\n", 1)
    assert written(driver) == {}
    place(driver, say.format("more\n"))
    driver.close()
    assert written(driver) == {"stderr": "more\n"}


@pytest.fixture
def running(tmp_path: Path, confinement: Confinement) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A service that somebody else has started, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([*SERVICE[:5], str(port)], cwd=tmp_path) as process:
        yield port, process
        process.kill()


def test_one_that_runs_already_is_used_and_left_alone(
    make: Make, running: tuple[int, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, process = running
    address = f"http://127.0.0.1:{port}/"
    driver = make("service", url=address, ready=address, confinement=None)
    driver.start(Stop())
    assert place(driver, "self.created()").outcome == CREATED
    assert (driver.pids(), driver.restartable, driver.killed) == ((), False, False)
    with pytest.raises(NoRestart, match="was not started by golive"):
        driver.restart()
    driver.close()
    assert process.poll() is None
    monkeypatch.setattr(service, "RUNNING", 0.2)
    process.kill()
    process.wait(TIME_ENOUGH)
    late = make("service", url=address, ready=address, confinement=None)
    with pytest.raises(NotReady) as caught:
        late.start(Stop())
    assert str(caught.value) == (
        f"the service was not ready within 0.2 seconds: GET {address}: Connection refused; start it, or give "
        "client.command to have it started"
    )


def test_a_free_port_is_for_services_that_golive_starts(make: Make) -> None:
    with pytest.raises(NotReady, match=r"client.url: \{port\} is chosen for a service that golive starts"):
        make("service", url=URL, confinement=None).start(Stop())


def test_free_ports_are_never_given_twice(confinement: Confinement) -> None:
    ports = [confinement.free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    with confinement.listener(ports[0]) as listener:
        assert listener.getsockname()[1] == ports[0]


def test_a_key_in_its_answer_is_seen_though_its_caller_alone_is_told(driver: Driver) -> None:
    place(driver, f"self.answer(500, 'Traceback ... headers: {SECRET}')")
    (output,) = driver.outputs()
    assert (output.stream, [each.what for each in output.sightings]) == (RETURNED, ["key"])
    assert SECRET not in output.text
    place(driver, "self.created()")
    assert driver.outputs() == ()

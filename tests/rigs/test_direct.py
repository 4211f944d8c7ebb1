"""Clients with a process of their own: one URL and key for its life, trial after trial, side by side with others."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

import pytest

from conformance.clock.acceleration import Accelerator, NoAcceleration, accelerator
from conformance.contracts import load_contract
from conformance.evidence import Evidence, Exchange, Trial
from conformance.faults import Fault, RateLimit, Reset, Slow
from conformance.laboratory import Laboratory
from conformance.planning import trial
from conformance.profile import Account, Client, KeySource, Profile
from conformance.rigs import RigError
from conformance.rigs.direct import DirectRig
from conformance.rigs.probing import choose_rig
from conformance.rigs.stations import Station

CONTRACT = load_contract("runa")
Open = Callable[..., AbstractContextManager[DirectRig]]

CLIENT = """
    import http.client, json, os, pathlib, sys, threading, time, urllib.error, urllib.request, uuid

    STATE = pathlib.Path(os.environ["GOLIVE_STATE_DIR"])
    say = lambda *words: print(*words, file=sys.stderr, flush=True)
    say("process", os.getpid(), os.environ.get("TALK", ""))

    def send(order, key):
        headers = {
            "X-Api-Key": os.environ["KEY"], "X-Api-Version": os.environ["GOLIVE_API_VERSION"],
            "X-Idempotency-Key": key, "X-Execution-Mode": "sync", "Content-Type": "application/json",
        }
        request = urllib.request.Request(os.environ["URL"] + "/order", json.dumps(order).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)["id"]

    def place(reference, order):
        file = STATE / reference
        if not file.exists():
            file.write_text(str(uuid.uuid4()))
        for wait in (5, 10, 20):
            try:
                return {"outcome": "created", "order_id": send(order, file.read_text())}
            except urllib.error.HTTPError as error:
                error.close()
                time.sleep(wait)
            except (OSError, http.client.HTTPException):
                time.sleep(1)
        return {"outcome": "unknown"}
"""
WORKER = """
    def main():
        for line in sys.stdin:
            request = json.loads(line)
            def work(request=request):
                print(json.dumps({"id": request["id"], **place(request["reference"], request["order"])}), flush=True)
            threading.Thread(target=work, daemon=True).start()
    main()
"""
SERVICE = """
    import http.server

    class Orders(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(place(request["reference"], request["order"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        def log_message(self, *args):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Orders).serve_forever()
"""


@cache
def faster() -> Accelerator | None:
    try:
        return accelerator()
    except NoAcceleration:
        return None


needs_acceleration = pytest.mark.skipif(
    faster() is None, reason="clients cannot be accelerated on this machine"
)


@pytest.fixture
def profile_of(tmp_path: Path) -> Callable[..., Profile]:
    def made(*parts: str, driver: str = "worker", **client: object) -> Profile:
        (tmp_path / "client.py").write_text("\n".join(map(textwrap.dedent, (CLIENT, *parts))))
        chosen: dict[str, object] = {"command": (sys.executable, str(tmp_path / "client.py"))}
        if driver == "service":
            chosen["command"] = (sys.executable, str(tmp_path / "client.py"), "{port}")
            chosen["url"] = "http://127.0.0.1:{port}/orders"
            chosen["ready"] = "http://127.0.0.1:{port}/health"
        fields = {**chosen, "env": {"URL": "{base_url}", "KEY": "{api_key}", "HERE": str(tmp_path)}, **client}
        profile = Profile(subject="shop", client=Client(driver=driver, **fields), api_version="2024-02-05")  # type: ignore[arg-type]  # fields of Client
        profile._path = tmp_path / "golive.yaml"
        return profile

    return made


@pytest.fixture
def opened(profile_of: Callable[..., Profile]) -> Open:
    @contextmanager
    def open_rig(*parts: str, hurried: bool = False, **client: object) -> Iterator[DirectRig]:
        profile = profile_of(*parts, **client)
        rig = DirectRig(
            profile,
            CONTRACT,
            seed=1,
            accelerator=faster() if hurried else None,
            factor=20.0 if hurried else 1.0,
        )
        try:
            yield rig
        finally:
            rig.close()

    return open_rig


def planned(*faults: Fault, verbose: bool = False) -> Trial:
    return trial(CONTRACT, faults, verbose=verbose)


def processes(*evidences: Evidence) -> list[str]:
    """What the processes said of themselves when they started, in the order of the trials."""
    return [
        line
        for evidence in evidences
        for output in evidence.outputs
        for line in output.text.splitlines()
        if line.startswith("process")
    ]


def outcomes(evidence: Evidence) -> list[str]:
    return [call.outcome.kind if call.outcome else call.ending for call in evidence.calls]


@pytest.mark.parametrize(("driver", "source"), [("worker", WORKER), ("service", SERVICE)])
def test_trials_go_on_in_one_process_in_worlds_of_their_own(opened: Open, driver: str, source: str) -> None:
    with opened(source, driver=driver) as rig:
        evidences = [rig.run(planned()) for _ in range(3)]

    assert [outcomes(evidence) for evidence in evidences] == [["created"]] * 3
    assert [len(evidence.ledger) for evidence in evidences] == [1, 1, 1]
    assert len(processes(*evidences)) == 1
    assert len(rig.secrets) == 2


def test_a_talkative_trial_has_a_process_of_its_own(opened: Open) -> None:
    with opened(WORKER, debug_env={"TALK": "loud"}) as rig:
        started = processes(*(rig.run(planned(verbose=verbose)) for verbose in (False, True, False, True)))

    assert [line.endswith("loud") for line in started] == [False, True]


def test_trials_side_by_side_meet_at_different_stations(opened: Open) -> None:
    with opened(WORKER) as rig:
        evidences: list[Evidence] = []
        threads = [
            threading.Thread(target=lambda: evidences.append(rig.run(planned(Slow(seconds=1)))))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [outcomes(evidence) for evidence in evidences] == [["created"]] * 3
    assert len(rig.secrets) == 6


def test_a_client_that_was_left_with_an_open_order_is_replaced(opened: Open) -> None:
    undecided = """
        place = lambda reference, order: {"outcome": "unknown"}
    """
    with opened(undecided, WORKER, resumes=False) as rig:
        started = processes(*(rig.run(planned()) for _ in range(2)))

    assert len(started) == 2


KEEPS_ITS_LINE = """
    import select

    line = None
    gone = threading.Event()

    def mind(line):
        # An event loop hears of many things at once, and this one of the line last.
        select.select([line.sock], [], [])
        time.sleep(0.1)
        gone.set()
        line.close()

    def place(reference, order):
        global line
        headers = {
            "X-Api-Key": os.environ["KEY"], "X-Api-Version": os.environ["GOLIVE_API_VERSION"],
            "X-Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json",
        }
        host, _, path = os.environ["URL"].removeprefix("http://").partition("/")
        if line is None or gone.is_set():
            gone.clear()
            line = http.client.HTTPConnection(host)
            line.connect()
        try:
            line.request("POST", f"/{path}/order", json.dumps(order), headers)
            answer = json.load(line.getresponse())
        except OSError as error:
            return {"outcome": "unknown", "type": repr(error)}
        threading.Thread(target=mind, args=(line,), daemon=True).start()
        return {"outcome": "created", "order_id": answer["id"]}
"""


def test_a_client_has_noticed_that_its_line_is_closed_before_it_is_handed_the_next_order(
    opened: Open,
) -> None:
    with opened(KEEPS_ITS_LINE, WORKER) as rig:
        evidences = [rig.run(planned()) for _ in range(3)]

    assert [outcomes(evidence) for evidence in evidences] == [["created"]] * 3
    assert len(processes(*evidences)) == 1


DIES_ONCE = """
    import signal
    send_for_good = send

    def send(order, key):
        mark = pathlib.Path(os.environ["HERE"]) / "died"
        if not mark.exists():
            mark.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        return send_for_good(order, key)
"""


@pytest.mark.parametrize(("driver", "source"), [("worker", WORKER), ("service", SERVICE)])
def test_a_client_that_somebody_kills_is_given_the_trial_again(
    opened: Open, driver: str, source: str
) -> None:
    with opened(DIES_ONCE, source, driver=driver) as rig:
        evidence = rig.run(planned(Reset(when="after")))

    assert outcomes(evidence) == ["created"]
    assert len(evidence.ledger) == 1


DIES_WHILE_STARTING = """
    import signal
    mark = pathlib.Path(os.environ["HERE"]) / "died"
    if not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_service_that_somebody_kills_while_it_starts_is_started_again(opened: Open) -> None:
    with opened(DIES_WHILE_STARTING, SERVICE, driver="service") as rig:
        evidence = rig.run(planned())

    assert outcomes(evidence) == ["created"]


def test_of_a_client_that_is_killed_each_time_nothing_is_said(opened: Open) -> None:
    always = DIES_ONCE.replace("if not mark.exists()", "if True")
    with opened(always, WORKER) as rig, pytest.raises(RigError, match="SIGKILL"):
        rig.run(planned())


def test_kill_9_from_outside_in_mid_order_changes_nothing(opened: Open) -> None:
    shots = [signal.SIGKILL]

    def kill(station: Station) -> None:
        for pid in station.driver.pids() if shots else ():
            os.kill(pid, shots.pop())

    with opened(WORKER) as rig:
        evidence = rig.observe(planned(), kill)

    assert not shots

    assert outcomes(evidence) == ["created"]
    assert [entry.reference for entry in evidence.ledger] == [evidence.trial.orders[0].reference]


def test_what_a_client_still_sends_for_an_earlier_order_is_not_held_against_the_next(opened: Open) -> None:
    goes_on = """
        import threading
        place_for_good = place
        earlier = []

        def place(reference, order):
            if earlier:
                send(*earlier.pop())
            elif not (pathlib.Path(os.environ["HERE"]) / "went-on").exists():
                (pathlib.Path(os.environ["HERE"]) / "went-on").write_text("")
                earlier.append((order, "another-key"))
            return place_for_good(reference, order)
    """
    with opened(goes_on, WORKER) as rig:
        rig.run(planned())
        evidence = rig.run(planned(Slow(seconds=1)))

    assert [exchange.reference for exchange in evidence.exchanges] == [evidence.trial.orders[0].reference]
    assert len(evidence.ledger) == 1


def test_a_restart_between_orders_keeps_state_folder_and_world(opened: Open) -> None:
    twice = trial(CONTRACT, (), (), restart=True)
    with opened(WORKER) as rig:
        evidence = rig.run(twice)

    assert outcomes(evidence) == ["created", "created"]
    assert len(processes(evidence)) == 2
    assert len(evidence.ledger) == 2


def waits(evidence: Evidence) -> list[float]:
    told: list[Exchange] = list(evidence.exchanges)
    return [later.received_at - (earlier.answered_at or 0.0) for earlier, later in itertools.pairwise(told)]


@needs_acceleration
@pytest.mark.parametrize(("driver", "source"), [("worker", WORKER), ("service", SERVICE), ("command", None)])
def test_accelerated_waits_are_told_in_client_seconds(opened: Open, driver: str, source: str | None) -> None:
    once = """
        request = json.loads(sys.stdin.readline())
        print(json.dumps(place(request["reference"], request["order"])), flush=True)
    """
    with opened(source or once, hurried=True, driver=driver) as rig:
        evidence = rig.run(planned(RateLimit(), RateLimit()))

    assert evidence.clock.kind == "accelerated"
    assert evidence.clock.factor == 20.0
    assert evidence.clock.margin > 1.0
    first, second = waits(evidence)
    # Never too early; too late by what a machine may be busy with.
    assert 5.0 <= first < 10.0 <= second
    assert outcomes(evidence) == ["created"]


@needs_acceleration
def test_a_client_of_libc_is_put_on_the_accelerated_clock(profile_of: Callable[..., Profile]) -> None:
    chosen = choose_rig(profile_of(WORKER), CONTRACT, wish="auto", seed=1, port=0)
    chosen.rig.close()
    assert chosen.clock == "accelerated"


@needs_acceleration
def test_a_client_that_remembers_its_answers_is_asked_for_other_orders(
    profile_of: Callable[..., Profile],
) -> None:
    remembers = """
        import functools
        place_for_good = place
        place = lambda reference, order: once(reference, json.dumps(order))
        once = functools.cache(lambda reference, body: place_for_good(reference, json.loads(body)))
    """
    chosen = choose_rig(profile_of(remembers, WORKER), CONTRACT, wish="auto", seed=1, port=0)
    chosen.rig.close()
    assert chosen.clock == "accelerated"


@needs_acceleration
def test_a_program_that_escapes_is_put_on_the_real_clock(profile_of: Callable[..., Profile]) -> None:
    cleaned = (
        "/usr/bin/env",
        "-u",
        "LD_PRELOAD",
        sys.executable,
        str(Path(profile_of(WORKER).path.parent, "client.py")),
    )
    profile = profile_of(WORKER, command=cleaned)

    chosen = choose_rig(profile, CONTRACT, wish="auto", seed=1, port=0)
    chosen.rig.close()

    assert chosen.clock == "real"
    assert chosen.note
    with pytest.raises(RigError, match="--clock accelerated"):
        choose_rig(profile, CONTRACT, wish="accelerated", seed=1, port=0)


def test_services_that_insist_on_one_port_come_one_after_the_other(opened: Open) -> None:
    port = free_port()
    fixed = (sys.executable, "client.py", str(port))
    with opened(
        SERVICE, driver="service", command=fixed, url=f"http://127.0.0.1:{port}/orders", ready=None
    ) as rig:
        assert rig.facts.parallel == 1
        assert [outcomes(rig.run(planned(verbose=verbose))) for verbose in (False, True)] == [["created"]] * 2


@needs_acceleration
def test_a_program_that_escapes_below_a_wrapper_is_found(profile_of: Callable[..., Profile]) -> None:
    client = Path(profile_of(WORKER).path.parent, "client.py")
    # The shell stays, since something comes after.
    wrapped = ("/bin/sh", "-c", f"/usr/bin/env -u LD_PRELOAD {sys.executable} {client}; true")

    chosen = choose_rig(profile_of(WORKER, command=wrapped), CONTRACT, wish="auto", seed=1, port=0)
    chosen.rig.close()

    assert chosen.clock == "real"
    assert chosen.note


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def running(
    profile_of: Callable[..., Profile], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Profile, int]]:
    """The profile of a service that is there already, and the port at which it looks for the API."""
    port, sandbox = free_port(), free_port()
    import random

    from conformance.hygiene.canary import mint

    key = mint(CONTRACT, random.Random(7)).key
    profile = profile_of(SERVICE, driver="service")
    client = Client(
        driver="service", url=f"http://127.0.0.1:{port}/orders", ready=f"http://127.0.0.1:{port}/health"
    )
    account = Account(keys={CONTRACT.sandbox_environment: KeySource(env="SHOP_KEY")})
    path = profile._path
    profile = profile.model_copy(update={"client": client, "account": account})
    profile._path = path
    monkeypatch.setenv("SHOP_KEY", key)
    state = path.parent / "state"
    state.mkdir()
    with subprocess.Popen(
        [sys.executable, str(path.parent / "client.py"), str(port)],
        env={
            **os.environ,
            "URL": f"http://127.0.0.1:{sandbox}/v2",
            "KEY": key,
            "GOLIVE_STATE_DIR": str(state),
            "GOLIVE_API_VERSION": "2024-02-05",
        },
        stderr=subprocess.DEVNULL,
    ) as service:
        yield profile, sandbox
        service.kill()


def test_a_service_that_runs_already_is_examined_where_it_is(running: tuple[Profile, int]) -> None:
    profile, port = running
    rig = DirectRig(profile, CONTRACT, seed=1, port=port)
    try:
        evidences = [rig.run(planned()), rig.run(planned(Reset(when="after")))]
    finally:
        rig.close()

    assert [outcomes(evidence) for evidence in evidences] == [["created"], ["created"]]
    assert all(exchange.credential == "good" for evidence in evidences for exchange in evidence.exchanges)
    assert not rig.facts.confined


def test_of_a_service_that_runs_already_port_and_key_have_to_be_known(
    running: tuple[Profile, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile, port = running
    with pytest.raises(RigError, match="golive with --port N"):
        DirectRig(profile, CONTRACT, seed=1)
    with pytest.raises(RigError, match=r"account\.keys"):
        DirectRig(profile.model_copy(update={"account": Account()}), CONTRACT, seed=1, port=port)
    monkeypatch.setenv("SHOP_KEY", "no key at all")
    with pytest.raises(RigError, match="SHOP_KEY gives for the key of playground is no key"):
        DirectRig(profile, CONTRACT, seed=1, port=port)


def test_what_cannot_be_done_with_a_service_that_runs_already_is_not_taken_for_done(
    running: tuple[Profile, int],
) -> None:
    profile, port = running
    laboratory = Laboratory(DirectRig(profile, CONTRACT, seed=1, port=port))
    try:
        assert laboratory.bears(planned())
        assert "does not restart it" in str(laboratory.obstacle(trial(CONTRACT, (), (), restart=True)))
        assert "does not see what it writes" in str(laboratory.obstacle(planned(verbose=True)))
    finally:
        laboratory.close()


QUEUE = """
    jobs, send_now = {}, send

    def work(reference, order):
        time.sleep(8)
        jobs[reference] = {"outcome": "created", "order_id": send_now(order, reference.ljust(40, "-"))}

    def place(reference, order):
        if reference not in jobs:
            jobs[reference] = {"outcome": "unknown"}
            threading.Thread(target=work, args=(reference, order), daemon=True).start()
        return jobs[reference]
"""


@needs_acceleration
def test_what_a_client_does_in_the_background_with_its_warming_order_is_no_part_of_the_first_trial(
    opened: Open,
) -> None:
    with opened(QUEUE, WORKER, hurried=True) as rig:
        evidence = rig.run(planned())

    (order,) = evidence.trial.orders
    assert outcomes(evidence)[-1] == "created"
    assert {exchange.reference for exchange in evidence.exchanges} == {order.reference}
    assert [entry.reference for entry in evidence.ledger] == [order.reference]

"""Nothing that a Python client does can take the suite down, and everything that it does is seen."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from conformance.contracts import load_contract
from conformance.evidence import Evidence, Outcome
from conformance.faults import Hang, RateLimit
from conformance.planning import trial
from conformance.profile import Client, Profile
from conformance.rigs import RigError, hosted
from conformance.rigs.hosted import HostedRig

CONTRACT = load_contract("runa")
Open = Callable[..., AbstractContextManager[HostedRig]]

CORRECT = """
    import os, time, urllib.request, urllib.error, json, uuid

    keys = {}

    def send(order, context, base_url=None):
        key = keys.setdefault(context.reference, str(uuid.uuid4()))
        headers = {
            "X-Api-Key": context.api_key, "X-Api-Version": context.api_version, "X-Idempotency-Key": key,
            "X-Execution-Mode": "sync", "Content-Type": "application/json",
        }
        body = json.dumps(order).encode()
        url = (base_url or context.base_url) + "/order"
        return urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10)

    def place(order, context):
        for wait in (5, 10, 20, 40):
            try:
                with send(order, context) as response:
                    return {"outcome": "created", "order_id": json.load(response)["id"]}
            except urllib.error.HTTPError as error:
                error.close()
                time.sleep(wait)
            except OSError:
                time.sleep(1)
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def open_rig(source: str, target: str = "shop:place", **client: object) -> Iterator[HostedRig]:
        text = textwrap.dedent(CORRECT) + "\n" + textwrap.dedent(source)
        (tmp_path / "shop.py").write_text(text)
        profile = Profile(
            subject="shop",
            client=Client(driver="python", target=target, **client),  # type: ignore[arg-type]  # fields of Client
            api_version="2024-02-05",
        )
        rig = HostedRig(profile, CONTRACT, clock="virtual", seed=1, folder=tmp_path)
        try:
            yield rig
        finally:
            rig.close()

    return open_rig


def run(rig: HostedRig, *schedule: Hang | RateLimit) -> Evidence:
    return rig.run(trial(CONTRACT, schedule))


def text_of(evidence: Evidence, stream: str) -> str:
    return next((output.text for output in evidence.outputs if output.stream == stream), "")


def test_a_client_is_driven_through_faults_in_no_time_at_all(opened: Open) -> None:
    with opened("") as rig:
        evidence = run(rig, RateLimit(), Hang(when="after"), RateLimit())
    assert [exchange.answer for exchange in evidence.exchanges] == [
        "rate-limited",
        "none",
        "rate-limited",
        "success",
    ]
    assert len(evidence.ledger) == 1
    assert evidence.calls[0].outcome == Outcome("created", evidence.ledger[0].order_id)
    assert 5 + 10 + 1 + 20 <= evidence.clock.simulated < 40


def test_a_coroutine_function_is_a_client_too(opened: Open) -> None:
    source = """
        import asyncio

        async def place_async(order, context):
            await asyncio.sleep(3600 / 2)
            return await asyncio.to_thread(place, order, context)
    """
    with opened(source, "shop:place_async") as rig:
        evidence = run(rig)
    assert evidence.calls[0].outcome is not None
    assert evidence.clock.simulated >= 1800


@pytest.mark.parametrize(
    ("body", "ending", "detail"),
    [
        ("raise SystemExit(3)", "crashed", "SystemExit"),
        ("raise KeyboardInterrupt", "crashed", "KeyboardInterrupt"),
        ("return {}['id']", "crashed", "KeyError"),
        ("return 42", "crashed", "int; return {"),
        ("os._exit(7)", "crashed", "ended its own process, status 7"),
        ("import threading; threading.Event().wait()", "hung", "no answer within 3600 client seconds"),
        ("while True: time.sleep(1)", "hung", "no answer within 3600 client seconds"),
        ("while True: pass", "hung", "kept the processor busy"),
    ],
)
def test_whatever_a_call_does_it_ends_as_evidence(
    opened: Open, monkeypatch: pytest.MonkeyPatch, body: str, ending: str, detail: str
) -> None:
    monkeypatch.setattr(hosted, "SPIN", (1.0, 1.0))
    source = f"""
        def misbehave(order, context):
            if order["items"][0]["face_value"] == {trial(CONTRACT, ()).orders[0].face_value}:
                {body}
            return place(order, context)
    """
    with opened(source, "shop:misbehave") as rig:
        evidence = run(rig)
        assert (evidence.calls[0].ending, evidence.calls[0].outcome) == (ending, None)
        assert detail in evidence.calls[0].detail
        # and the next trial is not the worse for it
        following = run(rig, RateLimit())
        assert following.calls[-1].outcome is not None
        assert following.calls[-1].outcome.kind == "created"


def test_what_was_seen_before_a_client_took_its_process_down_is_kept(opened: Open) -> None:
    source = """
        def leave(order, context):
            send(order, context)
            print(context.api_key, flush=True)
            os._exit(0)
    """
    with opened(source, "shop:leave") as rig:
        evidence = run(rig)
    assert [(output.stream, len(output.sightings)) for output in evidence.outputs] == [("stdout", 1)]
    assert [exchange.answer for exchange in evidence.exchanges] == ["success"]
    assert len(evidence.ledger) == 1
    assert evidence.stopped is not None


def test_a_client_that_never_stops_sending_is_stopped(opened: Open) -> None:
    source = """
        def hammer(order, context):
            while True:
                try:
                    send(order, context).close()
                except OSError:
                    pass
    """
    with opened(source, "shop:hammer") as rig:
        evidence = run(rig)
    assert evidence.stopped == "the client sent more requests than any client should"
    assert evidence.calls[0].ending == "stopped"


def test_megabytes_of_output_are_counted_and_cut(opened: Open) -> None:
    source = """
        def shout(order, context):
            for _ in range(20):
                print("x" * 1_000_000)
            return place(order, context)
    """
    with opened(source, "shop:shout") as rig:
        evidence = run(rig)
    (output,) = (output for output in evidence.outputs if output.stream == "stdout")
    assert output.size == 20_000_020
    assert len(output.text) < 100_000


def test_streams_logs_exceptions_and_files_are_evidence_of_their_own_trial(opened: Open) -> None:
    source = """
        import logging, sys

        def talk(order, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger("shop").debug("to the log")
            (context.state_dir / "note.txt").write_text("to a file")
            raise RuntimeError("to the exception")
    """
    with opened(source, "shop:talk") as rig:
        for _ in range(2):
            evidence = rig.run(trial(CONTRACT, (), verbose=True))
            assert text_of(evidence, "stdout") == "to stdout\n"
            assert text_of(evidence, "stderr") == "to stderr\n"
            assert "DEBUG shop to the log" in text_of(evidence, "log")
            assert text_of(evidence, "state/note.txt") == "to a file"
            assert "RuntimeError: to the exception" in text_of(evidence, "exception")


def test_the_key_is_redacted_wherever_it_was_written(opened: Open) -> None:
    source = """
        import base64

        def leak(order, context):
            print("key", context.api_key)
            raise RuntimeError(base64.b64encode(context.api_key.encode()).decode())
    """
    with opened(source, "shop:leak") as rig:
        evidence = run(rig)
        secret, link = rig.secrets
    assert {output.stream for output in evidence.outputs if output.sightings} == {"stdout", "exception"}
    assert secret not in repr(evidence)
    assert link not in repr(evidence)


def test_a_client_cannot_leave_loopback_and_is_seen_trying(opened: Open) -> None:
    source = """
        def wander(order, context):
            return send(order, context, "https://api.runa.io/v2").read()
    """
    with opened(source, "shop:wander") as rig:
        evidence = run(rig)
    assert evidence.exchanges == ()
    assert evidence.escapes == ("api.runa.io:443",)


def test_the_environment_is_clean_but_for_what_the_profile_names(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNA_PRODUCTION_KEY", "wgABC123.not-for-the-client")
    source = """
        def show(order, context):
            print(sorted(os.environ))
            print(os.environ["SHOP_URL"] == context.base_url, os.environ["SHOP_KEY"] == context.api_key)
    """
    env = {"SHOP_URL": "{base_url}", "SHOP_KEY": "{api_key}"}
    with opened(source, "shop:show", env=env) as rig:
        names, told = text_of(run(rig), "stdout").splitlines()
    assert told == "True True"
    assert "RUNA_PRODUCTION_KEY" not in names
    assert "PYTHONPATH" not in names


def test_processes_that_the_client_leaves_behind_are_ended(opened: Open, tmp_path: Path) -> None:
    source = f"""
        import subprocess, sys

        def spawn(order, context):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
            open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
            return place(order, context)
    """
    with opened(source, "shop:spawn") as rig:
        run(rig)
        pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_trials_are_far_enough_apart_for_a_circuit_breaker_to_close(opened: Open) -> None:
    source = """
        last = []

        def note(order, context):
            last.append(time.monotonic())
            print(last[-1] - last[0])
            return place(order, context)
    """
    with opened(source, "shop:note") as rig:
        run(rig)
        assert float(text_of(run(rig, RateLimit()), "stdout")) >= 600


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere:place", "client.target: importing 'nowhere' failed"),
        ("shop:nothing", "client.target: 'shop' has no 'nothing'; it has "),
        ("shop:keys", "client.target: 'shop:keys' cannot be called; it is a dict"),
    ],
)
def test_a_target_that_cannot_be_had_is_refused_with_the_reason(
    opened: Open, target: str, message: str
) -> None:
    with opened("", target) as rig, pytest.raises(RigError, match=r"client\.target") as refusal:
        run(rig)
    assert message in str(refusal.value)


def test_a_module_that_ends_the_process_on_import_is_refused(opened: Open) -> None:
    with opened("print('no licence'); os._exit(1)") as rig, pytest.raises(RigError, match=r"status 1"):
        run(rig)


def test_a_client_that_leaves_a_thread_behind_for_each_order_gets_a_new_process_in_time(opened: Open) -> None:
    source = """
        import threading

        def tick():
            while True:
                time.sleep(1)

        def leave(order, context):
            threading.Thread(target=tick, daemon=True).start()
            print(os.getpid(), threading.active_count())
            return place(order, context)
    """
    with opened(source, "shop:leave") as rig:
        seen = [text_of(run(rig), "stdout").split() for _ in range(40)]
    assert len({pid for pid, _ in seen}) in (2, 3)
    assert max(int(threads) for _, threads in seen) < 30

"""Whatever way a secret takes out of a Python client, it is seen, and nothing of it is kept."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from conformance.contracts import load_contract
from conformance.evidence import RETURNED, Evidence, Secret
from conformance.faults import Error, Fault
from conformance.planning import RECIPIENT, trial
from conformance.profile import Client, Profile
from conformance.rigs.hosted import HostedRig
from conformance.rigs.mortal import mortal_rig

CONTRACT = load_contract("runa")
CLIENT = """
    import gzip, json, logging, os, subprocess, sys, tempfile, threading, time, urllib.request, uuid

    def send(order, context):
        headers = {
            "X-Api-Key": context.api_key, "X-Api-Version": context.api_version,
            "X-Idempotency-Key": str(uuid.uuid4()), "X-Execution-Mode": "sync", "Content-Type": "application/json",
        }
        body = json.dumps(order).encode()
        with urllib.request.urlopen(urllib.request.Request(context.base_url + "/order", body, headers)) as answer:
            return json.load(answer)

    def place(order, context):
        key = context.api_key
        answer = send(order, context)
        link = answer["items"][0]["payout"]["url"]
        recipient = answer["items"][0]["distribution_method"].get("email_address")
        # THE LEAK
        return answer
"""


def seen_by(
    folder: Path, monkeypatch: pytest.MonkeyPatch, leak: str, *schedule: Fault, recipients: bool = False
) -> Evidence:
    """The evidence of one trial of a client that has these lines in it; no secret is anywhere in it."""
    monkeypatch.chdir(folder)
    indented = textwrap.indent(leak or "pass", " " * 8)
    (folder / "shop.py").write_text(textwrap.dedent(CLIENT.replace("        # THE LEAK", indented)))
    profile = Profile(
        subject="shop",
        client=Client(driver="python", target="shop:place"),
        api_version=CONTRACT.versions.current,
    )
    profile = profile.model_copy(update={"folder": folder})
    rig = HostedRig(profile, CONTRACT, clock="virtual", seed=1, folder=folder)
    try:
        evidence = rig.run(trial(CONTRACT, schedule, verbose=True, recipients=recipients))
        for secret in rig.secrets:
            assert secret not in repr(evidence)
        assert RECIPIENT not in repr((evidence.exchanges, evidence.outputs, evidence.calls))
        return evidence
    finally:
        rig.close()


def seen_in(evidence: Evidence, what: Secret = "key") -> set[str]:
    """The streams in which a secret was seen."""
    return {output.stream for output in evidence.outputs for each in output.sightings if each.what == what}


@pytest.mark.parametrize(
    ("leak", "stream"),
    [
        ("print('key', key)", "stdout"),
        ("print('key', key, file=sys.stderr)", "stderr"),
        ("logging.getLogger('new.one').debug('%s', {'key': key})", "log"),
        ("logging.getLogger('shop').info('sent', extra={'headers': {'X-Api-Key': key}})", "log"),
        ("logging.getLogger('shop').info('sent %s %s', key)", "log"),
        ("for _ in range(50_000): logging.getLogger('shop').debug('x' * 100)\nlogging.error(key)", "log"),
        (
            "try:\n    raise ValueError(key)\nexcept ValueError:\n    logging.exception('failed')",
            "log",
        ),
        ("subprocess.run([sys.executable, '-c', f'import sys; print({key!r}, file=sys.stderr)'])", "stderr"),
        (
            "threading.Timer(20, lambda: print('much later', key, flush=True)).start()",
            "stdout",
        ),
        ("raise ExceptionGroup('all', [ValueError('one'), KeyError(key)])", "exception"),
        ("error = RuntimeError('no')\nerror.add_note(f'sent with {key}')\nraise error", "exception"),
        (
            "try:\n    raise ValueError(key)\nexcept ValueError as cause:\n    raise OSError('no') from cause",
            "exception",
        ),
        ("try:\n    raise ValueError(key)\nexcept ValueError:\n    raise OSError('no')", "exception"),
        ("return {'outcome': 'rejected', 'type': f'bad key {key}'}", RETURNED),
        ("(context.state_dir / 'x.gz').write_bytes(gzip.compress(key.encode()))", "state/x.gz"),
        ("open(tempfile.gettempdir() + '/dump', 'w').write(key.encode().hex(' '))", "tmp/dump"),
        ("open('debug.dump', 'w').write(key.encode('utf-16').decode('latin-1'))", "debug.dump"),
    ],
)
def test_the_key_is_seen_wherever_it_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leak: str, stream: str
) -> None:
    assert stream in seen_in(seen_by(tmp_path, monkeypatch, leak))


def test_local_variables_are_no_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = seen_by(tmp_path, monkeypatch, "headers = {'X-Api-Key': key}\nraise RuntimeError('no')")
    assert seen_in(evidence) == set()
    assert any(output.stream == "exception" for output in evidence.outputs)


def test_a_source_that_was_there_before_is_no_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text(f"{RECIPIENT}")
    evidence = seen_by(tmp_path, monkeypatch, "open('seen', 'w').write('an order')")
    assert [output.stream for output in evidence.outputs] == ["seen"]


def test_links_and_recipients_are_seen_as_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak = "print(link)\nlogging.warning('mailed to %s', recipient)\nopen('orders.db', 'w').write(link + recipient)"
    evidence = seen_by(tmp_path, monkeypatch, leak, recipients=True)
    assert seen_in(evidence) == set()
    assert seen_in(evidence, "payout-link") == {"stdout", "orders.db"}
    assert seen_in(evidence, "recipient") >= {"log", "orders.db"}
    assert {output.stream for output in evidence.outputs if output.kept} == {"orders.db"}
    (exchange,) = evidence.exchanges
    assert "[recipient]@example.com" in exchange.body
    assert "https://payout.example/[payout link]" in exchange.response_body
    assert exchange.sightings == ()


def test_what_is_asked_for_without_recipients_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = seen_by(tmp_path, monkeypatch, "", Error(type="validation_error"))
    assert "[recipient]" not in evidence.exchanges[0].body
    assert seen_in(evidence, "payout-link") == set()


def test_a_client_that_has_just_started_is_heard_with_all_its_loggers(tmp_path: Path) -> None:
    source = """
        import logging, os

        log = logging.getLogger("shop")
        log.debug("starting with %s", os.environ["SHOP_KEY"])

        def place(order, context):
            log.debug("placing")
            return {"outcome": "unknown"}
    """
    (tmp_path / "shop_that_starts.py").write_text(textwrap.dedent(source))
    client = Client(driver="python", target="shop_that_starts:place", env={"SHOP_KEY": "{api_key}"})
    profile = Profile(subject="shop", client=client, api_version=CONTRACT.versions.current)
    profile._path = tmp_path / "golive.yaml"
    rig = mortal_rig(profile, CONTRACT, clock="real", seed=1, folder=tmp_path)
    try:
        heard = rig.run(trial(CONTRACT, (), (), verbose=True, restart=True, once=True))
        silent = rig.run(trial(CONTRACT, (), (), restart=True, once=True))
    finally:
        rig.close()
    assert seen_in(heard) == {"stderr"}
    assert any("DEBUG shop placing" in output.text for output in heard.outputs)
    assert seen_in(silent) == set()

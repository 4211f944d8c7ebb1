"""While a request is open, the client's processes are looked at: all of them, whatever sessions they made."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.contracts import load_contract
from conformance.evidence import Evidence, Sighting, Trial
from conformance.planning import trial
from conformance.profile import Client, Profile
from conformance.rigs import Rig
from conformance.rigs.direct import DirectRig
from conformance.rigs.hosted import HostedRig

CONTRACT = load_contract("runa")
WATCHED = trial(CONTRACT, (), watched=True)
Run = Callable[..., Evidence]

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="processes are read from /proc"
)

SCRIPT = """
    place() {{
        python3 -I -S -c '
    import http.client, json, os, sys, urllib.parse
    url = urllib.parse.urlsplit(os.environ["URL"] + "/order")
    headers = {{"X-Api-Key": os.environ["KEY"], "X-Api-Version": os.environ["GOLIVE_API_VERSION"],
               "X-Idempotency-Key": os.urandom(16).hex(), "X-Execution-Mode": "sync"}}
    line = http.client.HTTPConnection(url.netloc, timeout=20)
    line.request("POST", url.path, json.dumps(json.load(sys.stdin)["order"]), headers)
    print(json.dumps({{"outcome": "created", "order_id": json.load(line.getresponse())["id"]}}))'
    }}
    {}
"""
CURL = """
    order=$(python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["order"]))')
    answer=$(curl -sS "$URL/order" {} -H "X-Api-Version: $GOLIVE_API_VERSION" \\
        -H "X-Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" -d "$order")
    echo "$answer" | sed 's/.*"id": *"\\(O-[^"]*\\)".*/{{"outcome": "created", "order_id": "\\1"}}/'
"""
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


@contextmanager
def closed(rig: Rig) -> Iterator[Rig]:
    try:
        yield rig
    finally:
        rig.close()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a trial with a shell script for a client."""

    def run_script(script: str, planned: Trial = WATCHED) -> Evidence:
        client = tmp_path / "client.sh"
        client.write_text(textwrap.dedent(script))
        chosen = Client(
            driver="command",
            command=("bash", str(client)),
            env={"URL": "{base_url}", "KEY": "{api_key}"},
        )
        profile = Profile(subject="shop", client=chosen, api_version="2024-02-05")
        profile._path = tmp_path / "golive.yaml"
        with closed(DirectRig(profile, CONTRACT, seed=1)) as rig:
            return rig.run(planned)

    return run_script


def sightings(evidence: Evidence) -> list[Sighting]:
    assert [call.outcome and call.outcome.kind for call in evidence.calls] == ["created"], evidence.outputs
    return [sighting for look in evidence.looks for sighting in look.sightings]


def test_a_key_in_the_environment_is_where_it_belongs(run: Run) -> None:
    evidence = run(SCRIPT.format("place"))
    assert sightings(evidence) == []
    (look,) = evidence.looks
    assert look.exchange == 1
    assert look.processes >= 2  # the script, and the program that it has started


def test_nobody_looks_where_nobody_asked(run: Run) -> None:
    assert run(SCRIPT.format("place"), trial(CONTRACT, ())).looks == ()


@pytest.mark.parametrize(
    ("form", "argument"),
    [
        ("plain", "$KEY"),
        ("base64", "$(printf %s $KEY | base64 -w0)"),
        ("hex", "$(printf %s $KEY | od -An -tx1 | tr -d ' \\n')"),
        ("plain, in part", "${{KEY:12:14}}"),
    ],
)
def test_a_key_among_the_arguments_of_a_child_is_seen(run: Run, form: str, argument: str) -> None:
    script = f"bash -c 'read line' helper --key {argument} < <(sleep 60) & place; kill $!"
    (seen,) = sightings(run(SCRIPT.format(script.replace("{{", "{").replace("}}", "}"))))
    assert (seen.place, seen.form) == ("the arguments of bash", form)
    assert "--key" in seen.excerpt


def test_a_process_that_cut_itself_loose_is_seen(run: Run) -> None:
    """Forked twice, in a session of its own, its parent gone, before the request is sent."""
    script = """
        (setsid bash -c 'echo $$ >agent.pid; sleep 60; :' agent $KEY &)
        until [ -s agent.pid ]; do :; done
        place
    """
    (seen,) = sightings(run(SCRIPT.format(script)))
    assert seen.place == "the arguments of bash"


def test_what_is_shown_of_the_arguments_is_redacted(run: Run) -> None:
    script = "bash -c 'sleep 60; :' helper $KEY again=$KEY & place; kill $!"
    (seen,) = sightings(run(SCRIPT.format(script)))
    assert seen.excerpt.count("[secret]") == 2


@needs_curl
def test_curl_shows_a_header_that_it_was_given_as_an_argument(run: Run) -> None:
    (seen,) = sightings(run(CURL.format('-H "X-Api-Key: $KEY"')))
    assert seen.place == "the arguments of curl"


@needs_curl
def test_curl_shows_no_header_that_it_reads_from_a_file(run: Run) -> None:
    assert sightings(run(CURL.format('-H @<(echo "X-Api-Key: $KEY")'))) == []


def test_a_function_is_looked_at_with_all_that_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = """
        import json, subprocess, urllib.request, uuid

        def place(order, context):
            headers = {
                "X-Api-Key": context.api_key, "X-Api-Version": context.api_version,
                "X-Idempotency-Key": str(uuid.uuid4()), "X-Execution-Mode": "sync",
            }
            request = urllib.request.Request(context.base_url + "/order", json.dumps(order).encode(), headers)
            command = ["sh", "-c", "read nothing", "signer", context.api_key]
            with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
                with urllib.request.urlopen(request, timeout=10) as response:
                    return json.load(response)["id"]
    """
    (tmp_path / "shop.py").write_text(textwrap.dedent(source))
    client = Client(driver="python", target="shop:place")
    profile = Profile(subject="shop", client=client, api_version="2024-02-05")
    with closed(HostedRig(profile, CONTRACT, clock="virtual", seed=1, folder=tmp_path)) as rig:
        evidence = rig.run(WATCHED)
    (seen,) = sightings(evidence)
    assert seen.place == "the arguments of sh"
    assert evidence.looks[0].processes == 2

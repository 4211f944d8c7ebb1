"""Trials over TLS, on every kind of rig: which client sees them, what it trusts, and what is seen of it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import get_args

import pytest

from conformance.contracts import load_contract
from conformance.evidence import Certificate, Evidence, Trial
from conformance.faults import Redirect
from conformance.laboratory import Laboratory
from conformance.planning import trial
from conformance.profile import Client, Profile
from conformance.rigs.direct import DirectRig
from conformance.rigs.hosted import HostedRig

CONTRACT = load_contract("runa")
BAD: tuple[Certificate, ...] = tuple(kind for kind in get_args(Certificate) if kind != "good")
Rig = HostedRig | DirectRig
Open = Callable[..., AbstractContextManager[Rig]]

CLIENT = """
    import http.client, json, os, ssl, sys, urllib.request, uuid
    print("started", os.getpid(), file=sys.stderr, flush=True)

    def send(order, url, key, version, tls=None):
        headers = {"X-Api-Key": key, "X-Api-Version": version, "X-Idempotency-Key": str(uuid.uuid4()),
                   "Content-Type": "application/json"}
        request = urllib.request.Request(url + "/order", json.dumps(order).encode(), headers)
        with urllib.request.urlopen(request, timeout=10, context=tls) as response:
            return json.load(response)["id"]

    def place(order, context):
        return send(order, context.base_url, context.api_key, context.api_version)
"""
COMMAND = """
    if __name__ == "__main__":
        order = json.load(sys.stdin)["order"]
        try:
            id = send(order, os.environ["URL"], os.environ["KEY"], os.environ["GOLIVE_API_VERSION"])
            print(json.dumps({"outcome": "created", "order_id": id}))
        except OSError as error:
            print(error, file=sys.stderr)
            print('{"outcome": "unknown"}')
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def open_rig(source: str = CLIENT, **client: object) -> Iterator[Rig]:
        (tmp_path / "shop.py").write_text(textwrap.dedent(source))
        told: dict[str, object] = {"driver": "python", "target": "shop:place", **client}
        profile = Profile(subject="shop", client=Client.model_validate(told), api_version="2024-02-05")
        rig: Rig
        if told["driver"] == "python":
            rig = HostedRig(profile, CONTRACT, clock="virtual", seed=1, folder=tmp_path)
        else:
            rig = DirectRig(profile, CONTRACT, seed=1)
        try:
            yield rig
        finally:
            rig.close()

    return open_rig


def as_command(**env: str) -> dict[str, object]:
    return {
        "driver": "command",
        "command": (sys.executable, "shop.py"),
        "target": None,
        "env": {"URL": "{base_url}", "KEY": "{api_key}", **env},
    }


def over_tls(certificate: Certificate = "good", *faults: Redirect) -> Trial:
    return trial(CONTRACT, faults, once=True, certificate=certificate)


def believed(evidence: Evidence) -> str | None:
    (call,) = evidence.calls
    return call.outcome.kind if call.outcome else call.detail


@pytest.mark.parametrize("client", [{}, as_command()], ids=["python", "command"])
def test_a_client_trusts_the_good_certificate_and_no_other(opened: Open, client: dict[str, object]) -> None:
    with opened(CLIENT + COMMAND, **client) as rig:
        good = rig.run(over_tls())
        assert believed(good) == "created"
        assert [(each.certificate, each.completed) for each in good.handshakes] == [("good", True)]
        assert [(each.at, each.attempt) for each in good.exchanges] == [("api", 1)]
        for kind in BAD:
            bad = rig.run(over_tls(kind))
            assert (believed(bad), bad.exchanges) == ("unknown", ())
            assert {each.certificate for each in bad.handshakes} == {kind}
        plain = rig.run(trial(CONTRACT, (), once=True))
        assert (believed(plain), plain.handshakes) == ("created", ())
    assert rig.secrets[0] != rig.secrets[1]


def test_a_python_client_has_one_url_for_its_life(opened: Open) -> None:
    told = """
        import os
        URL = None
        def place(order, context):
            global URL
            URL = URL or context.base_url
            assert context.base_url == URL == os.environ["URL"]
            return {"outcome": "rejected", "type": f"{os.getpid()} {URL.partition(':')[0]}"}
    """
    with opened(told, env={"URL": "{base_url}"}) as rig:
        said = [
            rig.run(each).calls[0].outcome
            for each in (trial(CONTRACT, ()), over_tls(), trial(CONTRACT, ()), over_tls("expired"))
        ]
    assert None not in said
    plain, secure, plain_again, secure_again = (each.type for each in said if each)
    assert plain == plain_again
    assert secure == secure_again
    assert plain != secure


@pytest.mark.parametrize(
    "source",
    [
        "import httpx\ndef get(url, ca): return httpx.get(url).status_code",
        "import httpx\ndef get(url, ca): return httpx.get(url, trust_env=False).status_code",
        "import httpx\ndef get(url, ca): return httpx.get(url, verify=ssl.create_default_context(cafile=ca))",
        "import requests\ndef get(url, ca): return requests.get(url, timeout=9)",
        "import requests\ns = requests.Session()\ns.trust_env = False\ndef get(url, ca): return s.get(url, timeout=9)",
        "import urllib3\ndef get(url, ca): return urllib3.PoolManager().request('GET', url, retries=False)",
        "import aiohttp\nasync def get(url, ca):\n  async with aiohttp.ClientSession() as s, s.get(url) as r: return r",
        "import httpx\nasync def get(url, ca):\n  async with httpx.AsyncClient() as s: return await s.get(url)",
    ],
)
def test_python_s_libraries_trust_it_in_virtual_time(opened: Open, source: str) -> None:
    called = """
def place(order, context):
    result = get(context.base_url + "/ping", context.ca_file)
    if inspect.isawaitable(result):
        result = asyncio.run(result)
    return {"outcome": "rejected", "type": "reached"}
"""
    with opened(f"import asyncio, inspect, ssl\n{source}\n{called}") as rig:
        evidence = rig.run(over_tls())
        assert [each.operation for each in evidence.exchanges] == ["ping"], evidence.calls
        refused = rig.run(over_tls("wrong-host"))
        assert (believed(refused), refused.exchanges) == ("unknown", ())
        assert refused.clock.held


@pytest.mark.parametrize(
    ("command", "script"),
    [
        (["node"], "fetch(process.env.URL + '/ping')"),
        (["node"], "require('https').get(process.env.URL + '/ping')"),
        (["sh"], 'curl -sS --max-time 20 "$URL/ping"'),
        (["ruby"], "require 'net/http'; Net::HTTP.get(URI(ENV['URL'] + '/ping'))"),
        (["php"], "<?php file_get_contents(getenv('URL') . '/ping');"),
    ],
)
def test_other_languages_trust_it(opened: Open, tmp_path: Path, command: list[str], script: str) -> None:
    (tmp_path / "script").write_text(script)
    if shutil.which("curl" if "curl" in script else command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    with opened(**{**as_command(), "command": (*command, "script")}) as rig:
        assert [each.operation for each in rig.run(over_tls()).exchanges] == ["ping"]
        refused = rig.run(over_tls("expired"))
        assert refused.exchanges == ()
        assert refused.handshakes


def test_what_the_profile_says_comes_last(opened: Open, tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    with opened(CLIENT + COMMAND, **as_command(SSL_CERT_FILE=str(own))) as rig:
        evidence = rig.run(over_tls())
    assert believed(evidence) == "unknown"
    assert evidence.exchanges == ()
    assert [each.completed for each in evidence.handshakes] == [False]


@pytest.mark.parametrize("kind", ["python", "command"])
def test_who_reads_the_file_at_its_start_finds_one_in_plain_trials_too(opened: Open, kind: str) -> None:
    source = CLIENT.replace(
        "import http", "import http; open(__import__('os').environ['CA']).read(); import http"
    )
    client = as_command(CA="{ca_file}") if kind == "command" else {"env": {"CA": "{ca_file}"}}
    with opened(source + COMMAND, **client) as rig:
        assert believed(rig.run(trial(CONTRACT, (), once=True))) == "created"
        assert believed(rig.run(over_tls())) == "created"


def test_otherwise_there_is_none_in_plain_trials(opened: Open) -> None:
    told = """
        import os
        NAMES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "JAVA_TOOL_OPTIONS")
        def place(order, context):
            return {"outcome": "rejected", "type": f"{context.ca_file} {[os.environ.get(name) for name in NAMES]}"}
    """
    with opened(told) as rig:
        (call,) = rig.run(trial(CONTRACT, (), once=True)).calls
    assert call.outcome is not None
    assert call.outcome.type == "None [None, None, None]"


def test_a_redirect_leaves_tls_only_where_it_says_so(opened: Open) -> None:
    """And a library that follows it takes along whatever it was given."""
    with opened() as rig:
        found = {
            to: rig.run(over_tls("good", Redirect(to=to, status=302))).exchanges
            for to in ("other-host", "other-port", "plain-http")
        }
    for to, (attempt, followed) in found.items():
        assert (attempt.at, attempt.attempt, attempt.answer) == ("api", 1, "redirect")
        assert (followed.at, followed.attempt, followed.method) == (to, None, "GET")
        assert followed.credential == "good"
        assert [sighting.place.lower() for sighting in followed.sightings] == ["header x-api-key"]


def test_a_service_that_runs_already_cannot_be_given_another_url(opened: Open) -> None:
    with opened() as rig:
        laboratory = Laboratory(rig)
        assert laboratory.obstacle(over_tls()) is None
        rig.facts = type(rig.facts)(False, "", 1, ours=False)
        assert "cannot give it a base URL of TLS" in str(laboratory.obstacle(over_tls()))

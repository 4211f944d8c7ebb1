"""Whole examinations of clients in front of an endpoint: what they are found guilty of, and what they are not."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fronts import QUICKLY
from wrong_endpoints import CUT, Endpoint, Reply, Seen, endpoint

import gallery
from conformance.contract import Contract
from conformance.finding import CheckResult
from conformance.options import Options
from conformance.reporting.folder import write
from conformance.reporting.json_file import to_json
from conformance.reporting.markdown import to_markdown
from conformance.reporting.readiness import Readiness
from conformance.reporting.verdict import status_of
from conformance.sandbox.courtesy import Courtesy
from conformance.suite import Suite

HOME = Path(gallery.__file__).resolve().parent
KEYS = "retries.key-on-every-order"

Examine = Callable[..., tuple[dict[str, CheckResult], Readiness]]


@pytest.fixture
def behind(contract: Contract) -> Iterator[Endpoint]:
    with endpoint(contract) as known:
        yield known


@pytest.fixture
def examine(behind: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Examine]:
    monkeypatch.setenv("GOLIVE_TEST_REAL_KEY", behind.key)
    monkeypatch.setattr(Courtesy, "of", staticmethod(lambda contract, **_: replace(QUICKLY, patience=3.0)))
    (tmp_path / HOME.name).symlink_to(HOME)
    suites: list[Suite] = []

    def run(target: str, *select: str, at: Endpoint = behind) -> tuple[dict[str, CheckResult], Readiness]:
        profile = tmp_path / "golive.yaml"
        written = {
            "subject": "proxied",
            "client": {"driver": "python", "target": target},
            "api_version": "2024-02-05",
            "account": {"keys": {"playground": {"env": "GOLIVE_TEST_REAL_KEY"}}},
        }
        profile.write_text(yaml.safe_dump(written))
        suite = Suite(Options(profile, 1, select=select, proxy=at.url))
        suites.append(suite)
        suite.prepare(suite.selected)
        results = {check.id: suite.examine(check) for check in suite.selected}
        canaries = suite.secrets()
        suite.close()
        report = suite.report(list(results.values()))
        write(report, tmp_path / "report", [*canaries, at.canary.secret])  # refuses to write any of them
        return results, report

    yield run
    for suite in suites:
        suite.close()


def test_a_right_client_passes_in_front_of_a_real_endpoint(examine: Examine, behind: Endpoint) -> None:
    results, report = examine("gallery.reference:Reference.place_order", KEYS)

    assert (results[KEYS].status, results[KEYS].reason) == ("passed", None)
    assert report.run.sandbox == f"proxy in front of {behind.url}"
    assert report.run.clock == "real"
    assert report.run.fidelity is not None
    assert report.run.fidelity.compared > 4
    assert report.run.fidelity.differences == ()
    values = [json.loads(seen.body)["items"][0]["face_value"] for seen in behind.sent]
    assert all(5 <= value < 6 for value in values)
    assert behind.canary.secret not in to_json(report)


def test_orders_are_for_what_the_endpoint_sells(
    examine: Examine, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = contract.operations["list-products"]
    assert isinstance(listing.answer, dict)
    catalogue = listing.answer["catalog"]
    assert isinstance(catalogue, list)
    assert isinstance(catalogue[0], dict)
    other = {
        **catalogue[0],
        "code": "REAL-EU",
        "currency": "EUR",
        "gift_card": {"denominations": {"minimum_value": 7.5}},
    }
    unfit = {**catalogue[0], "code": "FIXED-GB", "gift_card": {"denominations": {"available_list": [10, 20]}}}
    sells = listing.model_copy(update={"answer": {**listing.answer, "catalog": [unfit, other]}})
    theirs = contract.model_copy(update={"operations": {**contract.operations, "list-products": sells}})
    with endpoint(theirs) as elsewhere:
        monkeypatch.setenv("GOLIVE_TEST_REAL_KEY", elsewhere.key)
        results, report = examine("gallery.reference:Reference.place_order", KEYS, at=elsewhere)

        bodies = [json.loads(seen.body) for seen in elsewhere.sent]

    assert (results[KEYS].status, results[KEYS].reason) == ("passed", None)
    assert {body["items"][0]["products"]["value"] for body in bodies} == {"REAL-EU"}
    assert {body["payment_method"]["currency"] for body in bodies} == {"EUR"}
    assert all(7.5 <= body["items"][0]["face_value"] < 8 for body in bodies)
    assert report.run.fidelity is not None
    assert report.run.fidelity.differences == ()


def test_a_wrong_client_is_caught_there_too(examine: Examine) -> None:
    results, report = examine("gallery.retries:NoKeyOnRetry.place_order", KEYS)

    assert results[KEYS].status == "failed"
    finding = results[KEYS].finding
    assert finding is not None
    assert finding.evidence is not None
    assert finding.reproduced == finding.repetitions
    assert status_of(report) == 1


def test_what_only_the_simulation_can_do_is_not_tested(examine: Examine) -> None:
    results, _ = examine(
        "gallery.reference:Reference.place_order", "orders.failed-is-surfaced", "rate-limits.burst-*"
    )

    assert {result.status for result in results.values()} == {"skipped"}
    assert all((result.reason or "").startswith("behind a proxy: ") for result in results.values())


def test_an_endpoint_that_breaks_every_fifth_line_accuses_nobody(examine: Examine, behind: Endpoint) -> None:
    count = itertools.count(1)
    behind.after = lambda seen, reply: CUT if seen.creates and not next(count) % 5 else reply

    results, _ = examine("gallery.reference:Reference.place_order", KEYS)

    assert {result.status for result in results.values()} == {"passed"}


def test_an_endpoint_that_is_out_of_order_for_a_while_is_waited_for(
    examine: Examine, behind: Endpoint
) -> None:
    count = itertools.count(1)

    def before(seen: Seen) -> Reply | None:
        return Reply(503, (("Content-Type", "text/html"),), b"<html>") if 3 < next(count) < 7 else None

    behind.before = before

    results, report = examine("gallery.reference:Reference.place_order", KEYS)

    assert {result.status for result in results.values()} == {"passed"}
    assert report.run.interrupted is None


def spilling(behind: Endpoint) -> Callable[[Seen, Reply], Reply]:
    """The account's key in every answer, in several forms, in the body, in a header, in the name of one."""
    key, secret = behind.canary.key, behind.canary.secret

    def after(seen: Seen, reply: Reply) -> Reply:
        document = json.loads(reply.body)
        if isinstance(document, dict):
            document |= {
                "plain": key,
                "secret": secret,
                "base64": base64.b64encode(key.encode()).decode(),
                "hex": secret.encode().hex(),
                "nested": json.dumps({"again": json.dumps(key)}),
                secret: True,
            }
        headers = (*reply.headers, ("X-Your-Key", key), ("Set-Cookie", f"session={secret}"))
        return replace(reply, body=json.dumps(document).encode(), headers=headers)

    return after


def test_the_accounts_key_is_in_nothing_that_is_written(
    examine: Examine, behind: Endpoint, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    behind.after = spilling(behind)

    results, report = examine("gallery.retries:NoKeyOnRetry.place_order", KEYS)

    assert results[KEYS].status == "failed"
    written = sorted((tmp_path / "report").iterdir())
    assert written
    texts = [path.read_text() for path in written] + [caplog.text, repr(results), repr(report)]
    for form in (behind.canary.secret, behind.canary.secret.encode().hex(), behind.canary.secret[:12]):
        assert [text.count(form) for text in texts] == [0] * len(texts)
    assert report.run.fidelity is not None
    assert any(each.aspect == "key" for each in report.run.fidelity.differences)


DEATHS: dict[str, Callable[[Endpoint], None]] = {
    "switched off": lambda known: threading.Thread(target=known.stop).start(),
    "503 for ever": lambda known: setattr(known, "before", lambda seen: Reply(503, (), b"")),
    "key revoked": lambda known: setattr(known.world, "revoked", True),
}


@pytest.mark.parametrize("die", DEATHS.values(), ids=DEATHS)
def test_an_endpoint_that_dies_in_mid_run_ends_in_an_honest_report(
    examine: Examine, behind: Endpoint, die: Callable[[Endpoint], None]
) -> None:
    def after(seen: Seen, reply: Reply) -> Reply:
        if seen.number == 3:
            die(behind)
        return reply

    behind.after = after

    results, report = examine("gallery.reference:Reference.place_order", KEYS)

    assert results[KEYS].status == "skipped"
    assert "the endpoint behind the proxy" in (results[KEYS].reason or "")
    assert (report.run.interrupted or "").startswith("the endpoint behind the proxy ")
    assert status_of(report) == 3
    assert behind.canary.secret not in to_json(report) + to_markdown(report)


def test_an_endpoint_that_was_never_there_is_no_finding(examine: Examine, behind: Endpoint) -> None:
    behind.stop()

    results, report = examine("gallery.retries:NoKeyOnRetry.place_order", KEYS)

    assert results[KEYS].status == "skipped"
    assert "cannot be reached" in (results[KEYS].reason or "")
    assert status_of(report) == 3

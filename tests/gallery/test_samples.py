"""The sample reports are what golive says of these clients today, in every form."""

from __future__ import annotations

import json
import re
from itertools import islice, pairwise

import pytest

from conformance.evidence import Evidence, evidences
from conformance.reporting.json_file import read_report
from conformance.verifying import verify_report
from gallery.samples import ALL, SAMPLES, Sample, index, make, settled, stored
from gallery.steadying import differences

MOST = 20
"""differences that are told"""
NAMES = [sample.name for sample in ALL]
AGAIN = "`make samples` makes them anew; look at what it changed before you commit it"


@pytest.fixture(params=ALL, ids=NAMES)
def sample(request: pytest.FixtureRequest) -> Sample:
    found: Sample = request.param
    return found


def test_there_are_these_samples_and_no_others() -> None:
    assert sorted(path.name for path in SAMPLES.iterdir()) == sorted([*NAMES, "README.md"])
    assert (SAMPLES / "README.md").read_text() == index(), AGAIN


def test_everything_in_a_sample_fits_together(sample: Sample, capsys: pytest.CaptureFixture[str]) -> None:
    """Every form is what golive makes of the JSON, byte for byte, and every counterexample shows what it should."""
    status = verify_report(SAMPLES / sample.name, None, None, as_json=True)
    assert (status, json.loads(capsys.readouterr().out)["misfits"]) == (0, []), AGAIN


def test_a_run_comes_to_the_same_apart_from_times(sample: Sample) -> None:
    before, fresh = stored(sample), make(sample)
    assert before is not None
    assert list(islice(differences(before, fresh), MOST)) == [], AGAIN
    assert settled(fresh, before) is before


def test_what_a_run_newly_says_makes_a_new_sample() -> None:
    """Whatever it is, if it is no time."""
    before = read_report(SAMPLES / "key-in-log")
    other = before.model_copy(update={"subject": "another"})
    assert list(differences(before, other)) == ['subject: "acme-rewards" was "another" this time']
    assert settled(other, before) is other
    later = before.model_copy(update={"run": before.run.model_copy(update={"duration_s": 1e6})})
    assert settled(later, before) is before


def test_no_sample_tells_where_it_was_made() -> None:
    for file in SAMPLES.glob("*/readiness.*"):
        told = set(re.findall(r"/(?:home|root|work|Users|tmp/(?!golive))[\w/.-]*", file.read_text()))
        assert told == set(), file


def test_the_samples_show_every_verdict() -> None:
    verdicts = {read_report(SAMPLES / name).verdict for name in NAMES}
    assert verdicts == {"ready", "ready-with-waivers", "not-ready", "incomplete"}


def test_a_sample_of_one_finding_shows_it_at_its_best() -> None:
    """A new key is one that is sent after another, a hurried wait is short, a second purchase is in the ledger."""
    keys = [exchange.idempotency_key for exchange in _evidence("new-key-on-retry").exchanges]
    assert len(set(keys)) > 1
    waits = [
        later.received_at - (earlier.answered_at or 0.0)
        for earlier, later in pairwise(_evidence("hurries-after-429").exchanges)
    ]
    assert min(waits) < 5.0
    booked = _evidence("bought-twice").ledger
    assert len({entry.reference for entry in booked}) < len(booked)
    assert any(output.sightings for output in _evidence("key-in-log").outputs)


def _evidence(name: str) -> Evidence:
    (finding,) = (check.finding for check in read_report(SAMPLES / name).checks if check.finding)
    return evidences.validate_json(json.dumps(finding.counterexample.evidence))

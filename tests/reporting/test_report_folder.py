"""The report's folder: all files or none, and never with a secret in them."""

from __future__ import annotations

import pytest
from reporting_samples import all_passed, everything, with_results

from conformance.finding import CheckResult
from conformance.reporting.folder import LeakInReport, write
from conformance.reporting.json_file import read_report

SECRET = "s3cr3t~Part-of_the.Canary/Key+0123"


def test_all_forms_are_written_into_a_folder_that_was_not_there(tmp_path):
    folder = tmp_path / "deep" / "report"
    paths = write(everything(), folder)
    assert [path.name for path in paths] == [
        "readiness.json",
        "readiness.html",
        "readiness.xml",
        "readiness.md",
    ]
    assert sorted(folder.iterdir()) == sorted(paths)
    assert read_report(folder) == read_report(paths[0]) == everything()


def test_an_older_report_is_replaced_whole(tmp_path):
    write(everything(), tmp_path)
    paths = write(all_passed(), tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert read_report(tmp_path).verdict == "ready"


@pytest.mark.parametrize("secret", [SECRET, "a<b&c\"d'e", "back`tick|pipe", "ümläut"])
def test_a_secret_keeps_the_report_from_being_written(tmp_path, secret):
    write(all_passed(), tmp_path)
    leaking = with_results(CheckResult("retries.bounded", "skipped", reason=f"said {secret} aloud"))
    with pytest.raises(LeakInReport) as caught:
        write(leaking, tmp_path, ["", "another", secret])
    assert caught.value.files == ("readiness.json", "readiness.html", "readiness.xml", "readiness.md")
    assert secret not in str(caught.value)
    assert read_report(tmp_path).verdict == "ready"
    assert len(list(tmp_path.iterdir())) == 4


def test_secrets_that_are_nowhere_do_not_matter(tmp_path):
    assert len(write(everything(), tmp_path, ["", SECRET])) == 4


def test_nothing_is_left_behind_when_writing_fails(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write(all_passed(), tmp_path)
    assert list(tmp_path.iterdir()) == []

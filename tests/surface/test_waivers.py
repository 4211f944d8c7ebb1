"""Waivers from the profile to the exit status, through the commands that people type: strict in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from projects import Project, Ran, project_in

FAILS, UNTESTED, PASSES = (
    "account.ip-allowlist-sane",
    "account.key-matches-environment",
    "account.key-not-in-source",
)
SELECT = tuple(part for check in (FAILS, UNTESTED) for part in ("--select", check))
"""none of them needs a client, so no run takes longer than its start"""
FIRST_LINE = 7
"""of the profile, that has a waiver"""
EAST, WEST = "Pacific/Kiritimati", "Etc/GMT+12"
"""where it is tomorrow already, and where it is yesterday still, for most of the day"""


def day(ahead: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()


def waiver(check: str, expires: str, **more: str) -> str:
    parts = {"check": check, "reason": "agreed", "owner": "payments-team@acme.test", "expires": expires}
    return "- {" + ", ".join(f"{name}: {value}" for name, value in (parts | more).items()) + "}\n"


def with_waivers(project: Project, *waivers: str) -> Project:
    """Everybody may call, and the key of the account is not there: one check fails, another cannot be tested."""
    account = "account: {keys: {playground: {env: ACME_NO_SUCH_KEY}}, ip_allowlist: [0.0.0.0/0]}\n"
    source = "source: {history: false}\n"
    listed = f"waivers:\n{''.join(waivers)}" if waivers else ""
    project.profile(more=f"{account}{source}{listed}")
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def covers(project: Project, folder: str = "golive-report") -> dict[str, tuple[str, str, bool]]:
    return {
        each["check"]: (each["state"], each["note"], each["blocks"])
        for each in project.report(folder)["waivers"]
    }


def run(project: Project, *more: str, **environment: str) -> Ran:
    return project.golive("run", *SELECT, *more, **environment)


def test_a_failure_and_an_untested_check_are_accepted_until_the_end_of_the_day_in_utc(
    project: Project,
) -> None:
    ran = run(with_waivers(project, waiver(FAILS, day(0)), waiver(UNTESTED, day(0))), TZ=EAST)
    assert ran.status == 0, ran.out + ran.err
    assert project.statuses() == {FAILS: "waived", UNTESTED: "waived"}
    assert covers(project) == {
        FAILS: ("used", "it covers a failure", False),
        UNTESTED: ("used", "it accepts that the check was not tested", False),
    }
    assert "payments-team@acme.test" in ran.out
    assert "agreed" in ran.out


def test_one_that_has_expired_covers_nothing_and_keeps_the_client_from_going_live(project: Project) -> None:
    ran = run(with_waivers(project, waiver(FAILS, day(3)), waiver(UNTESTED, day(-1))), TZ=WEST)
    assert ran.status == 1, ran.out + ran.err
    assert project.statuses() == {FAILS: "waived", UNTESTED: "skipped"}
    state, note, blocks = covers(project)[UNTESTED]
    assert (state, blocks) == ("expired", True)
    assert "expired 1 day ago" in " ".join(ran.out.split())
    assert "hold" in note


def test_one_that_is_not_needed_keeps_the_client_from_going_live_until_it_is_gone(project: Project) -> None:
    with_waivers(project, waiver(PASSES, day(3)))
    ran = project.golive("run", "--select", PASSES)
    assert ran.status == 1, ran.out + ran.err
    assert project.statuses() == {PASSES: "passed"}
    assert covers(project) == {PASSES: ("unused", "the check passed; remove the waiver", True)}
    assert "remove the waiver" in ran.out


def test_one_for_a_check_that_nobody_asked_for_has_no_say(project: Project) -> None:
    with_waivers(project, waiver(FAILS, day(-400)), waiver("retries.bounded", day(30)))
    ran = project.golive("run", "--select", PASSES)
    assert ran.status == 0, ran.out + ran.err
    assert {state for state, _, _ in covers(project).values()} == {"unused"}
    assert not any(blocks for _, _, blocks in covers(project).values())


def test_parts_of_a_run_together_say_what_the_whole_says(project: Project) -> None:
    with_waivers(project, waiver(FAILS, day(3)), waiver(UNTESTED, day(3)))
    for part in "12":
        ran = run(project, "--shard", f"{part}/2", "--seed", "1", "-o", f"part-{part}")
        assert ran.status == 0, ran.out + ran.err
    merged = project.golive("merge", "part-1", "part-2", "-o", "whole")
    assert merged.status == 0, merged.out + merged.err
    assert {state for state, _, _ in covers(project, "whole").values()} == {"used"}


MALFORMED = (
    (
        waiver("retries.exactly-one", day(3)),
        "retries",
        'no check is called "retries.exactly-one"; did you mean',
    ),
    (waiver(FAILS, day(400)), day(400), "is more than a year ahead; choose "),
    (waiver(PASSES, "soon"), "soon", 'should be a date such as 2024-12-31, not "soon"'),
    (waiver(UNTESTED, day(3), owner="''"), "''", "is empty; say who answers for it"),
    (waiver("retries.bounded", day(3), reason="' '"), "' '", "is empty; say why this is acceptable"),
    (
        waiver("versions.pinned", day(3), until="then"),
        "until",
        "unknown key; known here: check, expires, owner",
    ),
    (waiver(FAILS, day(4)), "account", f'"{FAILS}" is waived twice; keep one'),
    (
        "- {check: versions.supported, reason: agreed, expires: " + day(8) + "}\n",
        "{",
        "missing; add it, who answers",
    ),
)
"""each with what its place points at, and what is said of it"""


def test_every_mistake_in_a_waiver_is_told_at_once_with_its_place(project: Project) -> None:
    with_waivers(project, *(text for text, _, _ in MALFORMED))
    ran = run(project)
    assert ran.status == 2, ran.out + ran.err
    lines = ran.err.splitlines()
    assert len(lines) == len(MALFORMED)
    for number, (told, (text, place, words)) in enumerate(zip(lines, MALFORMED, strict=True), FIRST_LINE):
        assert f"golive.yaml:{number}:{text.index(place) + 1}: waivers[" in told
        assert words in told
    assert not (project.folder / "golive-report").exists()


def test_the_plugin_refuses_and_obeys_them_alike(project: Project) -> None:
    arguments = ("--golive", "golive.yaml", f"golive::{FAILS.replace('.', '::')}", "-q", "-rx")
    with_waivers(project, waiver(FAILS, "2099-01-01"))
    refused = project.pytest(*arguments)
    assert refused.status == pytest.ExitCode.USAGE_ERROR
    assert "golive.yaml:7:" in refused.out + refused.err
    assert "is more than a year ahead" in refused.out + refused.err

    with_waivers(project, waiver(FAILS, day(0)))
    accepted = project.pytest(*arguments, TZ=EAST)
    assert accepted.status == 0, accepted.out
    assert "1 xfailed" in accepted.out
    assert project.statuses() == {FAILS: "waived"}

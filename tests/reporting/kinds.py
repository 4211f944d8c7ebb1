"""Reports of every kind that golive writes."""

from __future__ import annotations

import hostile
import pytest
from reporting_samples import (
    Waiver,
    all_passed,
    bought_twice,
    everything,
    finding,
    with_results,
)

from conformance.finding import CheckResult, Location, Violation
from conformance.reporting.readiness import DifferenceEntry, Fidelity, Readiness, Selection

SELECTED = {"retries.exactly-once", "retries.bounded"}


def in_the_source() -> Readiness:
    """Keys in a file, in a commit's file, and in a commit's words, one of them accepted."""
    places = [
        Location("src/a b/é.py", 3),
        Location("old.py", None, "4f2a90"),
        Location("(commit message)", None, "4f2a"),
    ]
    first, *others = [Violation("key", f"A key stands in {place.path}.", location=place) for place in places]
    twice = Violation("key", f"A key stands in {places[0].path}.", location=Location("src/a b/é.py", 9))
    return with_results(
        CheckResult(
            "account.key-not-logged", "failed", finding=finding(violation=first, others=(*others, twice))
        ),
        CheckResult("account.key-in-header-only", "failed", finding=finding(violation=others[1])),
        CheckResult("account.recipient-not-logged", "failed", finding=finding(violation=first)),
        waivers=(Waiver("account.recipient-not-logged"),),
    )


def of_an_account() -> Readiness:
    selected = {"account.ip-allowlist-sane"}
    report = with_results(selected=selected)
    about = Selection(select=(), skip=(), checks=tuple(selected), without_client=True)
    return report.model_copy(update={"run": report.run.model_copy(update={"selection": about})})


def behind_a_proxy() -> Readiness:
    different = DifferenceEntry(
        operation="create-order",
        situation="success",
        aspect="the field `id`",
        ours="a string",
        theirs="a number",
        times=3,
    )
    return with_results(
        clock="real",
        sandbox="proxy in front of https://sandbox.vendor.example",
        fidelity=Fidelity(compared=7, differences=(different,)),
    )


KINDS = {
    "everything": everything,
    "ready": all_passed,
    "hostile": lambda: hostile.report(hostile.HOSTILE),
    "selected": lambda: with_results(
        CheckResult("retries.exactly-once", "failed", finding=finding(bought_twice())), selected=SELECTED
    ),
    "interrupted": lambda: with_results(left_out=("retries.bounded",), interrupted="stopped"),
    "an empty part": lambda: with_results(selected=set(), shard={"index": 3, "count": 3}),
    "merged": lambda: with_results(parts=3, budget_s=300.0),
    "an account": of_an_account,
    "proxied": behind_a_proxy,
    "in the source": in_the_source,
    "from git": lambda: with_results(commit={"id": "4f2a90c1de" * 4, "modified": True}),
}
each_kind = pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)

"""A report in which everything that a client can put somewhere is hostile, and the same one with good manners."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from reporting_samples import (
    Waiver,
    bought_twice,
    finding,
    surfaced_and_crashed,
    with_results,
)

from conformance.evidence import Call, Evidence, LedgerEntry, Outcome, Output, Sighting
from conformance.finding import Cell, CheckResult, Location, Violation
from conformance.reporting.readiness import DifferenceEntry, Fidelity, Readiness

PIECES = (
    "::add-mask::secret",
    "  ::set-env name=PATH::/tmp",
    "::error file=app.py,line=1::broken",
    "##[add-mask]secret",
    "##vso[task.setvariable variable=x]y",
    "##teamcity[buildStatus status='SUCCESS']",
    "</pre></td></details><script>alert(1)</script>",
    "<img src=x onerror=alert(1)><!-- <a href='javascript:alert(1)'>x</a>",
    "](https://evil.test) [click](https://evil.test) ![](https://evil.test/x.png) www.evil.test <https://evil.test>",
    "| a | b |\n|---|---|\n| c | d |",
    "```\n~~~\n````text\n\n# Ready to go live\n\n> [!NOTE]\n\n- all passed\n\n1. x\n\n---\n\n===",
    "@octocat closes #1, acme/repo#2, !3 and $4",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.test\x07link\x1b]8;;\x07 \x9b2J \x1b[2K\r",
    "\u202eevil\u2066\u200b\ufeff\u2028\u2029\u3164\u034f\U000e0041",
    "\x00\x07\x08\x7f\x85\ud800\udfff\ufffe",
    "]]> &amp; &lt; &#60; <!ENTITY x SYSTEM 'file:///etc/passwd'> &x; {{ 7*7 }} {% raw %}",
    '"}],"verdict":"ready"',
    "Z\u0335\u0335\u0335\u0335\u0335\u0335",
)
HOSTILE = "\n".join(PIECES)
ONE_LINE = " ".join(PIECES)
POLITE = "said nothing of interest"


def disturbed(evidence: Evidence, text: str) -> Evidence:
    """The same evidence where the client put the text wherever a client can."""
    exchanges = tuple(
        replace(
            exchange,
            method=text[:40],
            target=f"/{text}",
            headers=(("user-agent", text), (text[:40], "x")),
            body=text,
            idempotency_key=f"{exchange.idempotency_key}{text}",
            error_type=text,
            response_body=text,
            sightings=(Sighting(text, text, text),),
        )
        for exchange in evidence.exchanges
    )
    return replace(
        evidence,
        exchanges=exchanges,
        ledger=(*evidence.ledger, LedgerEntry(text, text, text, text, 0.0, 1, text)),
        calls=(
            *(
                replace(call, detail=text, outcome=Outcome("rejected", text, text, text))
                for call in evidence.calls
            ),
            Call(evidence.trial.orders[0].reference, 9, 9.0, 9.5, None, "crashed", text),
        ),
        outputs=(Output(text, text, len(text), (Sighting(text, text, text, 3),)),),
        escapes=(text,),
        stopped=text,
    )


@lru_cache(maxsize=8)
def report(text: str) -> Readiness:
    """A report with this text in all of its corners that a client, an endpoint or a profile fills."""
    located = replace(finding(), violation=Violation(text, text, (), location=Location(text, 3)))
    return with_results(
        CheckResult(
            "retries.exactly-once",
            "failed",
            note=text,
            finding=finding(
                disturbed(bought_twice(), text),
                violation=Violation(text, text, (1,)),
                others=(Violation(text, text), Violation(text, text)),
                remedy=text,
                impact=text,
            ),
            caller_must=(text,),
            matrix=(Cell(text, text, text), Cell(text, text, text)),
        ),
        CheckResult(
            "rate-limits.waits-at-least",
            "failed",
            finding=finding(disturbed(surfaced_and_crashed(), text), violation=Violation(text, text, (2,))),
        ),
        CheckResult("account.key-in-header-only", "failed", finding=located),
        CheckResult("retries.bounded", "skipped", reason=text),
        CheckResult("versions.pinned", "skipped", reason=text),
        CheckResult("errors.type-surfaced", "error", reason=f"Traceback\n{text}"),
        CheckResult("errors.transient-retried", "not-applicable", reason=text),
        waivers=(
            Waiver("rate-limits.waits-at-least", text, text),
            Waiver("versions.pinned", text, text),
            Waiver("retries.concurrent-submit", text, text),
        ),
        subject=text,
        interrupted=text,
        confined=False,
        unconfined=text,
        clock_note=text,
        sandbox=text,
        profile=text,
        fidelity=Fidelity(
            compared=3,
            differences=(
                DifferenceEntry(operation=text, situation=text, aspect=text, ours=text, theirs=text, times=2),
            ),
        ),
    )

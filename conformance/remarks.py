"""What a check has to say of the evidence of one trial, and what holds for all checks: silence fails, haste proves
nothing.

What must never be known here: any check in particular, and what remarks add up to.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.check import Check, Remark, Unmet
from conformance.contract import Contract
from conformance.evidence import Evidence
from conformance.finding import Cell, Violation
from conformance.judge.case import Case
from conformance.profile import Profile


def remarks_on(check: Check, evidence: Evidence, contract: Contract, profile: Profile) -> Iterator[Remark]:
    """What the check's judge has to say, and what holds for every check: silence fails, haste proves nothing.
    Over TLS a client may have reason to be silent.
    """
    resumes = profile.client.resumes if profile.client else True
    yield from remarks_under(check, evidence, contract, profile.api_version, resumes)


def remarks_under(
    check: Check, evidence: Evidence, contract: Contract, api_version: str, resumes: bool
) -> Iterator[Remark]:
    """The same, of a client that is to name this version, and goes on with its order when it is asked again, or not."""
    assert check.judge is not None
    if evidence.disturbed is not None:
        yield Unmet(evidence.disturbed)
        return
    secure = evidence.trial.certificate is not None
    if not evidence.exchanges and not secure:
        yield _silence(evidence)
        return
    case = Case(evidence, contract, api_version, resumes)
    if not case.attempts and not secure:
        yield Unmet(_no_order(evidence))
    for remark in check.judge(case):
        if evidence.stopped and not isinstance(remark, Violation | Cell):
            yield Unmet(f"the trial was cut short: {evidence.stopped}")
        else:
            yield remark


def _no_order(evidence: Evidence) -> str:
    """What the client sent instead of an order."""
    sent = evidence.exchanges[0]
    answered = " ".join(str(part) for part in (sent.status, sent.error_type) if part) or "not at all"
    return (
        f"the client sent no request to create an order; it sent {sent.method} {sent.target}, which was answered "
        f"{answered}"
    )


def _silence(evidence: Evidence) -> Violation:
    """The client sent nothing at all: it cannot pass anything, wherever its requests went."""
    said = next((call.detail.strip() for call in evidence.calls if call.detail.strip()), "")
    last = f"; the client said: {' '.join(said.split())[:300]}" if said else ""
    if evidence.escapes:
        went = ", ".join(evidence.escapes[:3])
        return Violation(
            "ignored the base URL",
            f"the client sent no request to the sandbox; it tried to reach {went}, and was kept from it{last}",
            on_any_clock=True,
        )
    return Violation("no request", f"the client sent no request to the sandbox{last}")

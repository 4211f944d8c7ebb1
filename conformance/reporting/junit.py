"""The report as JUnit XML, for CI systems: a suite for each section, a case for each check.

What lives here: which status becomes which element, and nothing more; junit-xml writes the file.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

from itertools import groupby

from conformance.reporting import wording
from conformance.reporting.readiness import CheckEntry, Readiness, WaiverEntry


def to_junit(readiness: Readiness) -> str:
    """The whole document. Failed is a failure, also an advisory one (its type says so); an error of the
    suite is an error; waived, untested and not applicable are skipped, each with its reason. Waivers are a
    suite of their own, in which those fail that have to be removed.
    """
    from junit_xml import TestSuite, to_xml_report_string

    properties = {
        "verdict": readiness.verdict,
        "sentence": wording.sentence(readiness),
        "subject": readiness.subject,
        **{label.lower().replace(" ", "-"): value for label, value in wording.facts(readiness)},
    }
    timestamp = readiness.generated_at.strftime("%Y-%m-%dT%H:%M:%S")
    ranked = sorted(readiness.checks, key=lambda check: _first(readiness, check.section))
    suites = [
        TestSuite(section, [_case(check) for check in group], timestamp=timestamp, properties=properties)
        for section, group in groupby(ranked, key=lambda check: check.section)
    ]
    if readiness.waivers:
        cases = [_waiver_case(waiver) for waiver in readiness.waivers]
        suites.append(TestSuite("waivers", cases, timestamp=timestamp, properties=properties))
    text: str = to_xml_report_string(suites, prettyprint=True)
    return text


def _first(readiness: Readiness, section: str) -> int:
    return next(index for index, check in enumerate(readiness.checks) if check.section == section)


def _case(check: CheckEntry) -> object:
    from junit_xml import TestCase

    case = TestCase(
        check.id.partition(".")[2] or check.id,
        classname=f"golive.{check.section}",
        elapsed_sec=check.duration_s,
        category=check.severity,
        status=check.status,
    )
    words = wording.status_words(check)
    if check.status == "failed":
        summary = check.finding.summary if check.finding else "failed"
        case.add_failure_info(summary, _told(check), check.severity)
    elif check.status == "error":
        case.add_error_info(wording.brief(check.reason or words), check.reason, "suite-error")
    elif check.status == "waived" and check.waiver is not None:
        waiver = check.waiver
        by = f"{words} until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"
        case.add_skipped_info(by, _told(check) or check.reason)
    elif check.status != "passed":
        case.add_skipped_info(f"{words}: {wording.brief(check.reason or '')}", check.reason)
    return case


def _waiver_case(waiver: WaiverEntry) -> object:
    from junit_xml import TestCase

    case = TestCase(waiver.check, classname="golive.waivers", status=waiver.state)
    told = f"{waiver.state}: {waiver.note}"
    if waiver.blocks:
        output = f"{waiver.reason}\n{waiver.owner}, until {waiver.expires.isoformat()}"
        case.add_failure_info(told, output, "waiver")
    return case


def _told(check: CheckEntry) -> str:
    """The finding as the text of an element."""
    finding = check.finding
    if finding is None:
        return ""
    others = [f"Also: {other.summary}" for other in finding.others]
    parts = [
        finding.summary,
        f"Impact: {finding.impact}" if finding.impact else "",
        wording.repeated(check),
        "\n".join(finding.sequence),
        "\n".join(others),
        f"Remedy: {finding.remedy}" if finding.remedy else "",
        f"Source: {check.source}" if check.source else "",
        f"golive explain {check.id}",
    ]
    return "\n\n".join(part for part in parts if part)

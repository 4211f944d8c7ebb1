"""The report as JUnit XML, for CI systems: a suite for each section, a case for each check.

What lives here: which status becomes which element, and what CI systems take; junit-xml makes the elements.
What must never be known here: anything that the other forms do not say as well.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import groupby

from conformance.reporting import wording
from conformance.reporting.plain import obeyed_by_nobody, plain
from conformance.reporting.readiness import CheckEntry, Readiness
from conformance.reporting.waivers import WaiverWords, answers_for, loud, waivers

MOST_OF_MESSAGE = 300
MOST_OF_TEXT = 20_000
"""characters: a tool that shows tests has a narrow pane, and one that reads them its limits"""
_UNKNOWN = {
    "testsuites": ("disabled",),
    "testsuite": ("disabled",),
    "testcase": ("status", "class", "file", "line"),
}
"""attributes that junit-xml knows and the schema of Jenkins does not"""


def to_junit(readiness: Readiness) -> str:
    """The whole document, as Jenkins' schema has it. Failed is a failure, also an advisory one (its type says so); an
    error of the suite is an error; waived, untested and not applicable are skipped, each with its reason. Waivers are a
    suite of their own, in which those fail that have to be removed, and none passes.
    """
    from junit_xml import TestSuite

    properties = {
        "verdict": readiness.verdict,
        "sentence": wording.sentence(readiness),
        "subject": readiness.subject,
        **{label.lower().replace(" ", "-"): value for label, value in wording.facts(readiness)},
    }
    if told := loud(readiness):
        properties["accepted-untested"] = "\n".join(told)
    timestamp = readiness.generated_at.strftime("%Y-%m-%dT%H:%M:%S")
    ranked = sorted(readiness.checks, key=lambda check: _first(readiness, check.section))
    suites: list[tuple[str, list[tuple[object, str]]]] = [
        (section, [(_case(check), check.severity) for check in group])
        for section, group in groupby(ranked, key=lambda check: check.section)
    ]
    if readiness.waivers:
        suites.append(("waivers", [(_waiver_case(each), "waiver") for each in waivers(readiness)]))
    made = []
    for name, cases in suites:
        suite = TestSuite(name, [case for case, _ in cases], timestamp=timestamp, properties=properties)
        element: ET.Element = suite.build_xml_doc()
        for case, (_, group) in zip(element.iter("testcase"), cases, strict=True):
            case.set("group", group)
        made.append(element)
    return _document(f"golive: {readiness.subject}: {wording.VERDICTS[readiness.verdict]}", made)


def _document(name: str, suites: Iterable[ET.Element]) -> str:
    root = ET.Element("testsuites", {"name": name})
    root.extend(suites)
    for count in "tests", "failures", "errors":
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", str(sum(float(suite.get("time", "0")) for suite in root)))
    for element in root.iter():
        if element.tag.startswith("test"):
            element.set("time", f"{float(element.get('time', '0')):.3f}")
        for unknown in _UNKNOWN.get(element.tag, ()):
            element.attrib.pop(unknown, None)
        for attribute, value in element.attrib.items():
            most = MOST_OF_MESSAGE if attribute == "message" else MOST_OF_TEXT
            element.set(attribute, obeyed_by_nobody(plain(" ".join(value.split()), most)))
        if element.text:  # which tools that show tests print into the logs of build machines
            element.text = obeyed_by_nobody(plain(element.text, MOST_OF_TEXT, lines=True))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _first(readiness: Readiness, section: str) -> int:
    return next(index for index, check in enumerate(readiness.checks) if check.section == section)


def _case(check: CheckEntry) -> object:
    from junit_xml import TestCase

    words = wording.status_words(check)
    case = TestCase(
        check.id.partition(".")[2] or check.id,
        classname=f"golive.{check.section}",
        elapsed_sec=check.duration_s,
        stdout=_aside(check),
    )
    if check.status == "failed":
        summary = check.finding.summary if check.finding else "failed"
        case.add_failure_info(summary, _told(check), check.severity)
    elif check.status == "error":
        case.add_error_info(wording.brief(check.reason or words), check.reason, "suite-error")
    elif check.status == "waived" and check.waiver is not None:
        by = f"{words}, by {answers_for(check.waiver)}: {check.waiver.reason}"
        case.add_skipped_info(by, _told(check) or check.reason)
    elif check.status != "passed":
        case.add_skipped_info(f"{words}: {wording.brief(check.reason or '')}", check.reason)
    return case


def _aside(check: CheckEntry) -> str:
    """What a reader of a green case must know."""
    if check.status != "passed":
        return ""
    declared = "passed, as declared: the profile says so, and nothing was observed"
    return "\n".join(part for part in (declared if check.basis == "declared" else "", check.note) if part)


def _waiver_case(waiver: WaiverWords) -> object:
    from junit_xml import TestCase

    case = TestCase(waiver.check, classname="golive.waivers")
    told = f"{waiver.covers}: {waiver.answers}: {waiver.reason}"
    text = "\n\n".join(part for part in (told, waiver.found, waiver.remedy) if part)
    if waiver.blocks:
        case.add_failure_info(told, text, "waiver")
    else:
        case.add_skipped_info(told, text)
    return case


def _told(check: CheckEntry) -> str:
    """The finding as the text of an element."""
    finding = check.finding
    if finding is None:
        return ""
    places = [
        f"{place.path}{'' if place.line is None else f':{place.line}'}{f' ({place.commit})' if place.commit else ''}"
        for place in finding.locations or ()
    ]
    others = [f"Also: {other.summary}" for other in finding.others]
    parts = [
        finding.summary,
        "\n".join(places),
        f"Impact: {finding.impact}" if finding.impact else "",
        wording.repeated(check),
        "\n".join(finding.sequence),
        "\n".join(others),
        f"Remedy: {finding.remedy}" if finding.remedy else "",
        f"Note: {check.note}" if check.note else "",
        f"Source: {check.source}" if check.source else "",
        f"golive explain {check.id}",
    ]
    return "\n\n".join(part for part in parts if part)

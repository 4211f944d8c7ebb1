"""The page as text: what it says, in which order, and what hostile text cannot make of it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from page_samples import PAGES, hostile, of_every_state, slowly, storm, waived
from reporting_samples import Waiver, all_passed, finding, with_results

from conformance.finding import CheckResult
from conformance.reporting.html import to_html
from conformance.reporting.json_file import to_json
from conformance.reporting.readiness import Readiness
from conformance.reporting.reproduction import rerun

KINDS = {name: report for name, report in PAGES.items() if name not in ("large", "many")}
each_kind = pytest.mark.parametrize("report", KINDS.values(), ids=KINDS)


class Page(HTMLParser):
    """What matters of a page: its elements in order, their attributes and text, and that they are nested well."""

    VOID = frozenset({"meta", "link", "br", "use", "path", "circle", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.whole: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        tag = self.open[-1] if self.open else ""
        self.whole[tag] = self.whole.get(tag, "") + data
        if data.strip():
            self.texts.append((tag, " ".join(data.split())))

    def all(self, *tags: str) -> list[str]:
        return [text for tag, text in self.texts if tag in tags]

    def meta(self, name: str) -> str:
        return next(
            a["content"] or "" for tag, a in self.elements if tag == "meta" and a.get("http-equiv") == name
        )


def paragraphs(html: str) -> str:
    """Its text without markup, a space for each run of white space."""
    return " ".join(re.sub(r"<[^>]*>", " ", html.partition("<main>")[2]).split())


@each_kind
def test_the_page_needs_nothing_but_itself(report):
    page = Page(to_html(report()))
    tags = [tag for tag, _ in page.elements]
    assert not set(tags) & {"img", "iframe", "object", "form", "audio", "video", "base", "embed"}
    assert tags.count("script") == tags.count("style") == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "style", "srcdoc")
        ]
        if tag == "link":
            assert attributes == {"rel": "icon", "href": "data:,"}
        elif "href" in attributes:
            assert attributes["href"].startswith("#")
            assert attributes["href"][1:] in ids
    style = "".join(page.all("style"))
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_the_page_may_run_its_own_script_and_be_dressed_in_its_own_style_and_nothing_else():
    page = Page(to_html(hostile()))

    def source(tag: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(page.whole[tag].encode()).digest()).decode()}'"

    assert page.meta("Content-Security-Policy").split("; ") == [
        "default-src 'none'",
        f"script-src {source('script')}",
        f"style-src {source('style')}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "innerHTML" not in page.whole["script"]
    assert "eval" not in page.whole["script"]


@each_kind
def test_headings_start_at_the_top_and_leave_no_step_out(report):
    page = Page(to_html(report()))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@each_kind
def test_each_check_has_a_place_of_its_own_that_can_be_linked_to(report):
    readiness = report()
    page = Page(to_html(readiness))
    places = [attributes.get("id") for tag, attributes in page.elements if tag == "details"]
    links = [attributes["href"] for tag, attributes in page.elements if attributes.get("class") == "anchor"]
    for check in readiness.checks:
        assert places.count(check.id) == 1
        assert links.count(f"#{check.id}") == 1


def test_a_page_from_a_stored_report_is_the_page_that_was_written():
    for report in KINDS.values():
        readiness = report()
        assert to_html(Readiness.model_validate_json(to_json(readiness))) == to_html(readiness)


def test_the_page_is_told_in_the_order_in_which_it_matters():
    page = Page(to_html(of_every_state()))
    assert page.all("h2") == [
        "What was run",
        "What stands in the way",
        "Waivers",
        "What this report does not prove",
        "The checklist",
        "Findings",
        "What was measured",
        "To see it for yourself",
    ]


def test_what_stands_in_the_way_is_told_worst_first_with_what_it_means():
    text = (
        paragraphs(to_html(of_every_state()))
        .partition("What stands in the way ")[2]
        .partition(" Waivers ")[0]
    )
    charged = "A customer is charged twice, and nobody notices before the month is closed."
    assert text == " ".join(
        (
            f"failed blocker The key is in no output {charged}",
            f"failed blocker Every attempt carries an idempotency key {charged}",
            f"failed blocker One reference never owns two orders {charged}",
            "waiver blocker The waiver for versions.pinned unused: the check passed; remove the waiver",
            "waiver blocker The waiver for retries.exactly-once expired: it holds no longer: mend what it covers, or "
            "agree on a new one",
            "not tested blocker Retries come to an end the clock is real, and an hour is beyond the budget",
            "suite error major The caller can tell error types apart LookupError: no such story",
            "Advice that was not followed: Recipient addresses are in no output .",
        )
    )


def test_where_nothing_stands_in_the_way_the_page_says_so():
    assert "Nothing: no check failed, and none that matters was left untested." in paragraphs(
        to_html(all_passed())
    )
    assert "Nothing but what is waived: the names below answer for it." in paragraphs(to_html(waived()))
    advised = with_results(CheckResult("rate-limits.jitter", "failed", finding=finding()))
    text = paragraphs(to_html(advised))
    assert (
        "What could be better Nothing stands in the way. Advice that was not followed: Limited clients"
        in text
    )
    both = with_results(
        CheckResult("rate-limits.jitter", "failed", finding=finding()),
        CheckResult("retries.bounded", "skipped", reason="no time"),
        waivers=(Waiver("retries.bounded"),),
    )
    text = paragraphs(to_html(both))
    assert (
        "What stands in the way Nothing but what is waived: the names below answer for it. Advice that was"
        in text
    )
    unselected = paragraphs(to_html(PAGES["selected"]()))
    assert "What stands in the way Nothing that was examined. What was not is below." in unselected


def test_the_commands_that_repeat_a_run_say_what_was_asked_of_it():
    def told(**run: object) -> str:
        return rerun(with_results(**run))

    assert told() == "golive run --seed 20261122 --examples 25"
    assert told(profile="golive.yaml") == "golive run --seed 20261122 --examples 25"
    assert told(profile="a b.yaml") == "golive run --profile 'a b.yaml' --seed 20261122 --examples 25"
    assert told(profile="demo --bad") == "golive demo --bad --seed 20261122"
    assert told(sandbox="proxy in front of https://api.vendor.example/v2").endswith(
        "--proxy https://api.vendor.example/v2"
    )
    assert told(selected={"retries.bounded"}).endswith("--examples 25 --select 'retries.*'")
    assert told(selected={"retries.bounded"}, shard={"index": 2, "count": 3}).endswith("--shard 2/3")


def test_a_finding_at_an_endpoint_is_asked_for_there_again():
    html = to_html(PAGES["account"]())
    assert "--select account.key-in-header-only --api https://api.vendor.example/v2</code>" in html
    assert "golive replay DIR" not in html


def test_checks_that_were_not_tested_for_one_reason_are_one_line():
    cut = [
        CheckResult(f"retries.{name}", "skipped", reason="no time") for name in ("bounded", "exactly-once")
    ]
    text = paragraphs(to_html(with_results(*cut)))
    assert "not tested blocker 2 checks of one reason no time retries.exactly-once , retries.bounded" in text


def test_an_untested_blocker_that_somebody_accepts_stands_beside_the_verdict():
    html = to_html(waived())
    top = html.partition('class="verdict')[2].partition("</div>")[0]
    assert "ACCEPTED UNTESTED, a blocker: retries.bounded" in top
    assert "payments-team@acme.test until 2027-01-31, 70 days left" in top
    assert "its last day" in paragraphs(html)


def test_nothing_is_green_that_was_not_proven():
    for report in KINDS.values():
        readiness = report()
        html = to_html(readiness)
        green = re.findall(r'class="[^"]*\bgood\b[^"]*"[^>]*>(.*?)</(?:span|li|p)>', html, re.DOTALL)
        words = [re.sub(r"<[^>]*>", " ", each).split() for each in green]
        told = [" ".join(each) for each in words]
        observed = [
            check for check in readiness.checks if (check.status, check.basis) == ("passed", "observed")
        ]
        mapped = [id_ for requirement in readiness.requirements for id_ in requirement.checks]
        unmapped = [check for check in observed if check.id not in mapped]
        assert told.count("passed") == sum(mapped.count(check.id) for check in observed) + len(unmapped)
        assert told.count("proven") == sum(each.standing == "proven" for each in readiness.requirements)
        others = [each for each in told if each not in ("passed", "proven")]
        counts = [each for each in others if re.fullmatch(r"[1-9]\d* passed(, \d+ as declared)?", each)]
        assert len(counts) == bool(observed)
        assert [each for each in others if each not in counts] == ["Ready"] * bool(
            observed and readiness.verdict == "ready"
        )


def test_the_page_tells_the_counterexample_and_the_remedy():
    html = to_html(of_every_state())
    assert "attempt 2  key B 77aa01bb…556601, not A" in html
    assert "│ waits 1.2 s" in html
    assert "<code>golive replay DIR retries.exactly-once</code>" in html
    assert "<code>golive run --seed 20261122 --examples 25 --select retries.exactly-once</code>" in html
    assert "golive replay DIR account.key-not-logged" not in html
    text = paragraphs(html)
    assert "How to mend it Make the key once for each order reference" in text
    assert "What is asked for One reference never owns two orders. must; best-practices/idempotency" in text
    assert "client.py:12 , since commit 0f0f0f0f0f0f . A key is in the source." in text


def test_the_page_shows_what_was_on_the_wire_and_what_the_ledger_holds():
    text = paragraphs(to_html(with_results(slow())))
    assert "The exchanges on the wire: 3 requests" in text
    assert "attempt 1, key A: 429 rate limited, Retry-After 10 s" in text
    assert "Request POST /v2/order Host: 127.0.0.1:1 X-Api-Key: XXabc… Content-Type: application/json" in text
    assert "Answer 429 Too Many Requests Retry-After: 10" in text
    assert "The schedule had: fault: hang, when: after." in text
    assert "The client hung up 30 s after it asked." in text
    assert "O-1 order-88 8.00 request 2, key A not the only one COMPLETED" in text
    assert "What the client wrote: stderr" in text
    assert "stderr, line 1: a secret of the key, plain: key=[secret]" in text


def slow() -> CheckResult:
    return CheckResult("retries.exactly-once", "failed", finding=finding(slowly()))


def test_the_matrix_marks_what_the_check_objects_to():
    text = paragraphs(to_html(of_every_state()))
    assert "not_found 404 rejected, not sent again no objection" in text
    assert "server_error 500 created, sent again objects" in text


def test_what_is_too_long_for_the_page_is_cut_and_its_length_is_said():
    evidence = storm(12)
    long = replace(evidence.exchanges[0], body="b" * 1_000_000, response_body="a" * 3_000)
    evidence = replace(evidence, exchanges=(long, *evidence.exchanges[1:]))
    report = with_results(CheckResult("retries.bounded", "failed", finding=finding(evidence)))
    html = to_html(report)
    assert f"{'b' * 2_000}… (998,000 characters more)\n" in html
    assert f"{'a' * 2_000}… (1,000 characters more)\n" in html
    text = paragraphs(html)
    assert "The exchanges on the wire: 12 requests, 7 of them here" in text
    assert "5 exchanges more are in readiness.json" in text
    assert "attempt 12" in text


def test_evidence_of_a_form_that_nobody_knows_is_said_to_be_unread():
    report = with_results(slow())
    (check,) = [check for check in report.checks if check.finding]
    stored = check.finding.counterexample.model_copy(update={"evidence": {"exchanges": "none"}})
    changed = check.model_copy(
        update={"finding": check.finding.model_copy(update={"counterexample": stored})}
    )
    checks = tuple(changed if each is check else each for each in report.checks)
    text = paragraphs(to_html(report.model_copy(update={"checks": checks})))
    assert "The evidence is not of the form that this version of golive writes." in text


def test_a_hostile_client_puts_no_element_and_no_control_character_on_the_page():
    html = to_html(hostile())
    page = Page(html)
    assert html.count("<script") == html.count("</script") == html.count("<style") == 1
    assert "&lt;script&gt;window.executed=" in html
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", html
    )
    assert "49" not in [text for _, text in page.texts]
    assert "{{ 7*7 }} {% raw %}" in html
    assert len(html) < 600_000

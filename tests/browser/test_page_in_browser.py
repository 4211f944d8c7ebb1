"""The page as it is met: in a real browser, at three widths, by keyboard, on paper, without script, under attack."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from page_samples import SENTINEL, of_every_state

EVERY = ("every state", "ready", "hostile", "many")
each_page = pytest.mark.parametrize("name", EVERY)
SCHEMES = ("light", "dark")
WIDTHS = (360, 768, 1280)
FOCUSED = """() => {
  const it = document.activeElement;
  const label = it.getAttribute("href") || it.closest("details")?.id || it.getAttribute("aria-label");
  return it.id || label || it.tagName;
}"""
SHOWN = """() => [...document.querySelectorAll("[data-check]")]
  .filter((each) => each.checkVisibility()).map((each) => each.dataset.check)"""


# Quiet


@each_page
def test_the_page_says_nothing_to_the_console_and_asks_nobody_for_anything(visit, name):
    here = visit(name)
    here.open_all()
    assert here.misdeeds() == {}


def test_a_hostile_client_has_nothing_executed(visit):
    here = visit("hostile")
    here.open_all()
    # Whatever waits for a pointer or for the focus gets it.
    here.page.evaluate(
        """() => document.querySelectorAll("main *").forEach((each) => {
          each.focus?.();
          each.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
        })"""
    )
    here.page.keyboard.type("javascript")
    assert here.page.evaluate(f"() => window.{SENTINEL}") is None
    assert here.misdeeds() == {}
    tags = here.page.evaluate(
        "() => [...new Set([...document.querySelectorAll('*')].map((n) => n.localName))]"
    )
    assert not set(tags) & {"img", "iframe", "base", "form", "object", "embed"}
    assert here.page.evaluate("() => document.querySelectorAll('link').length") == 1
    assert here.page.evaluate("() => document.scripts.length") == 1


@pytest.mark.parametrize(
    "fragment",
    [
        f"#?words=<img src=x onerror=window.{SENTINEL}=1>&status=none&severity=<b>",
        f"#<script>window.{SENTINEL}=1</script>",
        "#%E0%A4%A",
        "#constructor",
        "#?status=%",
    ],
)
def test_an_address_from_a_stranger_does_nothing(visit, fragment):
    here = visit("every state", fragment)
    here.page.locator("#words").fill("")
    assert here.page.evaluate(f"() => window.{SENTINEL}") is None
    assert here.page.locator("#severity").input_value() == ""
    assert here.misdeeds() == {}


# Looks


@each_page
def test_nothing_sticks_out_at_any_width_and_the_page_is_not_blank(visit, name):
    here = visit(name)
    page = here.page
    if name != "many":
        here.open_all()
    wide = "() => document.documentElement.scrollWidth"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(wide) <= width
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            seen = page.screenshot()
            page.evaluate("() => { document.body.hidden = true; }")
            assert len(seen) > 5 * len(page.screenshot())
            page.evaluate("() => { document.body.hidden = false; }")


def test_the_first_screen_says_what_was_examined_what_came_of_it_and_what_stands_in_the_way(visit):
    page = visit("every state").page
    for what in ("h1", ".verdict", ".run .facts", ".counts", ".honest", ".obstacles li:nth-child(3)"):
        box = page.locator(what).bounding_box()
        assert box["y"] + box["height"] <= 800, what
    assert page.locator(".run .facts").inner_text().count("\n") > 10


@pytest.mark.parametrize("name", ["every state", "declared", "ready"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_looks_green_that_was_not_proven(visit, name, scheme):
    here = visit(name, color_scheme=scheme)
    here.open_all()
    green = here.page.evaluate(
        """() => {
          const probe = document.createElement("i");
          probe.className = "good";
          document.body.append(probe);
          const resolved = (name) => {
            probe.style.setProperty("color", `var(${name})`);
            return getComputedStyle(probe).color;
          };
          const tones = [resolved("--good"), resolved("--good-bg")];
          const found = [];
          for (const each of document.querySelectorAll("body *:not(script, style)")) {
            const style = getComputedStyle(each);
            const painted = [style.color, style.backgroundColor, style.borderLeftColor, style.fill, style.stroke];
            if (each !== probe && painted.some((colour) => tones.includes(colour))) found.push(each.textContent.trim());
          }
          return [...new Set(found)];
        }"""
    )
    texts = {" ".join(text.split()) for text in green}
    told = {text for text in texts if text and not text.isdecimal()}
    verdict = {"Ready", "Ready acme-rewards is ready to go live: 13 checks passed."}
    assert (
        told
        == {"every state": {"passed", "proven"}, "declared": set(), "ready": {"passed", "proven"} | verdict}[
            name
        ]
    )


# Ways in


def test_the_keyboard_gets_everywhere_and_opens_what_is_closed(visit):
    page = visit("every state").page
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "#checklist"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    walked = []
    for _ in range(200):
        page.keyboard.press("Tab")
        walked.append(page.evaluate(FOCUSED))
        if walked[-1] == "BODY":
            break
    wanted = [
        "#retries.exactly-once",  # what stands in the way
        "words",
        "status",
        "severity",
        "account.key-in-header-only",  # a check of the checklist
        "unfold",
        "retries.exactly-once",  # a finding
    ]
    assert [walked.index(each) for each in wanted] == sorted(walked.index(each) for each in wanted)
    finding = page.locator("[id='retries.exactly-once']")
    finding.locator("> summary").focus()
    page.keyboard.press("Enter")
    assert finding.evaluate("(it) => it.open")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('details').id") == "retries.exactly-once"


def test_every_check_has_a_link_that_leads_to_it_and_opens_it(visit):
    here = visit("every state")
    for check in of_every_state().checks:
        here.page.evaluate("(id) => { location.hash = id; }", check.id)
        focused = "(id) => document.activeElement.closest('details')?.id === id"
        here.page.wait_for_function(focused, arg=check.id)
        place = here.page.locator(f"[id='{check.id}']")
        assert place.evaluate("(it) => it.getBoundingClientRect().top") < 800
        assert place.evaluate("(it) => it.open")
    here.go("#retries.exactly-once")
    assert here.page.locator("[id='retries.exactly-once'] .story").is_visible()
    link = here.page.locator(".findings .anchor").first
    assert link.is_visible()
    link.click()
    here.page.wait_for_function("() => document.activeElement.localName === 'summary'")


def test_a_link_to_what_the_search_hides_ends_the_search(visit):
    page = visit("every state", "#?status=passed").page
    assert "retries.exactly-once" not in page.evaluate(SHOWN)
    page.locator(".obstacles a[href='#retries.exactly-once']").click()
    page.locator("[id='retries.exactly-once'] .story").wait_for()
    assert page.locator("#status").input_value() == ""


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_linked_to_is_not_under_the_bar(visit, width):
    page = visit("every state", "#retries.exactly-once", width=width).page
    bar = page.locator(".filter").bounding_box()
    title = page.locator("[id='retries.exactly-once'] h3").bounding_box()
    assert 0 <= title["y"] < 400
    assert bar["y"] + bar["height"] <= title["y"]


# Finding


def test_checks_are_found_by_words_status_and_severity_and_the_address_remembers_it(visit):
    here = visit("every state")
    page = here.page
    shown = page.locator("#shown")
    assert shown.inner_text() == "Shown: 13 of 13 checks, 5 of 5 findings."
    assert shown.get_attribute("role") == "status"
    page.keyboard.press("/")
    page.keyboard.type("OWNS two")
    assert set(page.evaluate(SHOWN)) == {"retries.exactly-once"}
    assert shown.inner_text() == "Shown: 1 of 13 checks, 1 of 5 findings."
    assert page.evaluate("() => location.hash") == "#?words=OWNS+two"
    page.keyboard.press("Escape")
    assert shown.inner_text() == "Shown: 13 of 13 checks, 5 of 5 findings."
    page.locator("#status").select_option("failed")
    page.locator("#severity").select_option("advisory")
    assert set(page.evaluate(SHOWN)) == {"account.recipient-not-logged"}
    address = page.evaluate("() => location.hash")
    here.go(address)
    assert set(page.evaluate(SHOWN)) == {"account.recipient-not-logged"}
    assert [page.locator(f"#{each}").input_value() for each in ("status", "severity")] == [
        "failed",
        "advisory",
    ]
    page.locator("#clear").click()
    assert len(set(page.evaluate(SHOWN))) == 13
    page.locator("#words").fill("there is no such word")
    assert page.evaluate(SHOWN) == []
    assert shown.inner_text() == "Shown: 0 of 13 checks, 0 of 5 findings."
    assert not page.locator(".heading").first.is_visible()
    assert here.misdeeds() == {}


def test_words_are_looked_for_in_ids_titles_requirements_summaries_and_reasons(visit):
    page = visit("every state").page
    for words, found in {
        "rate-limits.jitter": {"rate-limits.jitter"},
        "come to an end": {"retries.bounded"},
        "safe and finite": {"retries.key-on-every-order", "retries.bounded"},
        "0.4 s after": {"rate-limits.waits-at-least"},
        "serialises": {"retries.concurrent-submit"},
    }.items():
        page.locator("#words").fill(words)
        assert set(page.evaluate(SHOWN)) == found, words
    page.locator("#words").fill("portal")
    assert page.evaluate(SHOWN) == []
    assert page.locator("[id='asked:account.portal']").is_visible()


def test_a_count_in_the_head_shows_the_checks_that_it_counts(visit):
    page = visit("ready").page
    assert page.locator(".counts a").count() == 1
    page = visit("every state").page
    page.locator(".counts a", has_text="not tested").click()
    assert set(page.evaluate(SHOWN)) == {"retries.bounded", "rate-limits.jitter"}
    assert page.evaluate("() => document.querySelector('.filter').getBoundingClientRect().top") < 800


def test_a_page_with_a_hundred_checks_is_searched_at_once(visit):
    page = visit("large").page
    page.locator("#words").fill("made-up-042")
    assert set(page.evaluate(SHOWN)) == {"errors.made-up-042"}
    assert page.locator("#shown").inner_text() == "Shown: 1 of 100 checks, 1 of 100 findings."
    page.locator("#unfold").click()
    assert page.evaluate("() => document.querySelectorAll('.finding > details[open]').length") == 100
    assert page.locator("#unfold").inner_text() == "Close all"


# Without


def test_without_script_the_page_is_whole_and_offers_no_search(visit):
    page = visit("every state", java_script_enabled=False).page
    assert not page.locator(".filter").is_visible()
    assert not page.locator("#unfold").is_visible()
    assert page.locator("[data-check]").count() >= 13
    page.locator("[id='retries.exactly-once'] > summary").click()
    assert page.locator("[id='retries.exactly-once'] .story").is_visible()


def test_on_paper_everything_that_matters_is_open_and_nothing_is_a_control(visit):
    page = visit("every state", java_script_enabled=False).page
    page.emulate_media(media="print")
    for hidden in (".filter", ".anchor", ".skip", "#unfold"):
        assert not page.locator(hidden).first.is_visible()
    arrow = "(it) => getComputedStyle(it, '::after').display"
    assert page.locator(".finding > details > summary").first.evaluate(arrow) == "none"
    assert page.locator(".check summary .amount").first.evaluate(arrow) == "none"
    for each in page.locator(".finding .account").all():
        assert each.is_visible()
    # How a check is tested is in the page and in `golive explain`; what is particular to this client is on paper.
    assert not page.locator("[id='account.key-in-header-only'] .how").is_visible()
    assert page.locator("[id='errors.type-surfaced'] .inside a").is_visible()


def test_a_search_takes_nothing_away_from_the_paper(visit):
    page = visit("every state", "#?words=nothing+like+that").page
    assert page.evaluate(SHOWN) == []
    page.emulate_media(media="print")
    assert len(set(page.evaluate(SHOWN))) == 13
    assert page.locator(".finding").first.is_visible()


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="there is no pdftotext here")
def test_the_printed_report_can_be_read(visit, tmp_path):
    page = visit("every state", color_scheme="dark").page
    file = tmp_path / "report.pdf"
    page.pdf(path=file, format="A4")
    text = " ".join(
        subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "acme-rewards is not ready to go live" in text
    assert text.count("How to mend it") == 5
    assert "golive replay DIR retries.exactly-once" in text
    assert "file://" not in text
    assert "every status" not in text


# For everybody


@each_page
def test_the_accessibility_audit_finds_nothing(visit, axe, name):
    # The audit is slow, and a hundred findings are all of one kind: once, and closed, will do.
    here = visit(name)
    if name != "many":
        here.open_all()
    here.page.evaluate(f"() => {{ {axe} }}")
    assert audited(here.page) == []
    if name != "many":
        here.page.emulate_media(color_scheme="dark")
        # All that differs in the dark is colours.
        assert audited(here.page, "color-contrast", "link-in-text-block") == []


def audited(page, *rules: str) -> list[tuple[str, ...]]:
    """What axe-core finds wrong by these rules, or by all: each rule with some of the elements that break it."""
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = page.evaluate("(how) => axe.run(document, { resultTypes: ['violations'], ...how })", only)
    return [
        (each["id"], each["help"], node["html"][:300], node.get("failureSummary"))
        for each in found["violations"]
        for node in each["nodes"][:3]
    ]

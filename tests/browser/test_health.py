"""The live panel in a browser: paused, hidden, kept open; the fleet for staff.

The clock of a page is moved on, so that no test waits for its next poll.
"""

import re
import time

from playwright.sync_api import Page, expect

from tests.browser.running_demo import Demo

POLL = re.compile(r"/health/\?since=")
EVERY_MS = 5_000


def _overview(demo: Demo) -> str:
    big = demo.namespace("airfields-of-the-world")["namespace_id"]
    return f"{demo.url}/namespaces/{big}/"


def _opened(demo: Demo, visit) -> Page:
    """The overview, with a clock that a test can move on."""
    page: Page = visit("viewer")
    page.clock.install()
    page.goto(_overview(demo))
    expect(page.locator("#health")).to_contain_text("asked every 5 s")
    return page


def _follow(page: Page) -> list[str]:
    """The addresses of the polls from now on."""
    found: list[str] = []
    page.on("request", lambda r: found.append(r.url) if POLL.search(r.url) else None)
    return found


def test_the_panel_polls_pauses_and_goes_on(demo: Demo, visit):
    page = _opened(demo, visit)
    with page.expect_response(POLL) as answered:
        page.clock.fast_forward(EVERY_MS)
    assert answered.value.status in (200, 204)
    page.locator("#health-pause").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#health")).to_contain_text("paused")
    expect(page.locator("#health-pause")).to_be_focused()
    polls = _follow(page)
    page.clock.run_for(12 * EVERY_MS)
    assert polls == []
    page.keyboard.press("Enter")
    expect(page.locator("#health")).to_contain_text("asked every 5 s")
    expect(page.locator("#health-pause")).to_be_focused()
    with page.expect_response(POLL):
        page.clock.fast_forward(EVERY_MS)
    assert len(polls) == 1


def test_a_hidden_tab_asks_nothing_and_at_once_when_seen(demo: Demo, visit):
    page = _opened(demo, visit)
    hide = """hidden => {
        Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    polls = _follow(page)
    page.clock.run_for(12 * EVERY_MS)
    assert polls == []
    with page.expect_response(POLL):
        page.evaluate(hide, False)
    assert len(polls) == 1


def test_what_was_opened_stays_open_when_the_panel_is_swapped(demo: Demo, visit):
    page: Page = visit("viewer")
    page.goto(_overview(demo))
    page.evaluate(
        """() => document.querySelector("#health .card-body").insertAdjacentHTML(
            "beforeend", '<details id="health-runs" open><summary>x</summary></details>'
        )"""
    )
    # The answer has a closed one of the same name, as while something is optimized.
    page.route(
        "**/health/?fresh=1",
        lambda route: route.fulfill(
            content_type="text/html",
            body='<section id="health"><details id="health-runs"><summary>y</summary>'
            "</details></section>",
        ),
    )
    page.locator("#health-now").click()
    expect(page.locator("#health-runs summary")).to_have_text("y")
    expect(page.locator("#health-runs")).to_have_attribute("open", "")


def test_an_unchanged_panel_still_says_when_it_was_looked_at(demo: Demo, visit):
    page = _opened(demo, visit)
    looked = page.locator("#health [data-looked] time")
    before = looked.text_content()
    # A poll says that somebody watches, a look comes, another poll tells.
    give_up = time.monotonic() + 30
    while looked.text_content() == before and time.monotonic() < give_up:
        with page.expect_response(POLL):
            page.clock.fast_forward(EVERY_MS)
    expect(looked).not_to_have_text(before)
    expect(looked).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))


def test_the_fleet_is_there_for_staff(demo: Demo, visit):
    page: Page = visit("support")
    page.goto(f"{demo.url}/fleet/")
    expect(page.locator("main")).to_contain_text("Answers")
    # Named, as this person has a support session for its organization.
    expect(page.locator("main")).to_contain_text("airstrips-intake")
    page.get_by_role("link", name="Unreadable").click()
    page.get_by_label(re.compile("^Account of")).click()
    page.get_by_role("link", name="Platform", exact=True).last.click()
    expect(page.locator("h1")).to_have_text("Fleet")


def test_a_panel_without_an_answer_says_since_when(demo: Demo, browser, signed_in):
    # Not by `visit`, for which the script's word of a lost call is a fault.
    context = browser.new_context(storage_state=signed_in("viewer"))
    page = _opened(demo, lambda _role: context.new_page())
    panel = page.locator("#health")
    page.route(POLL, lambda route: route.abort("timedout"))
    page.clock.fast_forward(EVERY_MS)
    expect(panel).to_contain_text(re.compile(r"no answer since \d\d:\d\d:\d\d UTC"))
    expect(panel).not_to_contain_text("asked every")
    page.unroute(POLL)
    page.clock.fast_forward(EVERY_MS)
    expect(panel).to_contain_text("asked every 5 s")
    expect(panel).not_to_contain_text("no answer since")
    context.close()

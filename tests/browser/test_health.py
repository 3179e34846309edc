"""The live panel in a browser: paused, hidden, kept open; the fleet for staff."""

import re

from playwright.sync_api import Page, expect

from tests.browser.running_demo import Demo

POLL = re.compile(r"/health/\?since=")


def _overview(demo: Demo) -> str:
    big = demo.namespace("airfields-of-the-world")["namespace_id"]
    return f"{demo.url}/namespaces/{big}/"


def _follow(page: Page) -> list[int]:
    """The statuses of the polls from now on."""
    found: list[int] = []
    page.on(
        "response", lambda r: found.append(r.status) if POLL.search(r.url) else None
    )
    return found


def test_the_panel_polls_pauses_and_goes_on(demo: Demo, visit):
    page: Page = visit("viewer")
    page.goto(_overview(demo))
    with page.expect_response(POLL, timeout=12_000) as answered:
        pass
    assert answered.value.status in (200, 204)
    page.locator("#health-pause").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#health")).to_contain_text("paused")
    expect(page.locator("#health-pause")).to_be_focused()
    polls = _follow(page)
    page.wait_for_timeout(5_500)
    assert polls == []
    page.keyboard.press("Enter")
    expect(page.locator("#health")).to_contain_text("asked every 5 s")
    expect(page.locator("#health-pause")).to_be_focused()


def test_a_hidden_tab_asks_nothing_and_at_once_when_seen(demo: Demo, visit):
    page: Page = visit("viewer")
    page.goto(_overview(demo))
    hide = """hidden => {
        Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    polls = _follow(page)
    page.wait_for_timeout(5_500)
    assert polls == []
    with page.expect_response(POLL, timeout=3_000):
        page.evaluate(hide, False)


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
    page: Page = visit("viewer")
    page.goto(_overview(demo))
    time = page.locator("#health [data-looked] time")
    before = time.text_content()
    # A poll says that somebody watches, a look comes, another poll tells: three times 5 s.
    expect(time).not_to_have_text(before, timeout=30_000)
    expect(time).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))


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
    page: Page = context.new_page()
    page.goto(_overview(demo))
    panel = page.locator("#health")
    expect(panel).to_contain_text("asked every 5 s")
    page.route(POLL, lambda route: route.abort("timedout"))
    expect(panel).to_contain_text(
        re.compile(r"no answer since \d\d:\d\d:\d\d UTC"), timeout=12_000
    )
    expect(panel).not_to_contain_text("asked every")
    page.unroute(POLL)
    expect(panel).to_contain_text("asked every 5 s", timeout=12_000)
    expect(panel).not_to_contain_text("no answer since")
    context.close()

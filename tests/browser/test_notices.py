"""Ended jobs are told on every page, with JavaScript and without, until they are seen."""

from playwright.sync_api import Browser, Page, expect

from tests.browser import axe, job_rows
from tests.browser.conftest import SignedIn
from tests.browser.running_demo import Demo

EVERY_MS = 10_000  # how often a page asks; its clock is moved on, so that no test waits


def test_a_notice_comes_is_read_out_and_stays_until_it_is_dismissed(demo, visit):
    page: Page = visit("member")
    page.clock.install()
    page.goto(f"{demo.url}/namespaces/")
    page.fill("#q", "air")
    title = "Clone “air” as “told by a poll”"
    job_rows.ended_of(demo, "member", title)
    page.clock.fast_forward(EVERY_MS)
    notice = page.locator("#job-notices").get_by_role("link", name=title)
    expect(notice).to_be_visible()
    expect(page.locator("#announce")).to_contain_text(f"Failed: {title}.")
    expect(page.locator("#jobs-badge")).to_contain_text("new")
    assert page.locator("#q").input_value() == "air", "the page stays as it is"
    assert page.evaluate("document.activeElement.id") == "q", "so does the focus"
    page.get_by_role("button", name=f"Dismiss: {title}").click()
    expect(notice).to_have_count(0)
    expect(page.locator("#jobs-badge")).not_to_contain_text("new")
    page.reload()
    expect(page.locator("#job-notices .note")).to_have_count(0)


def test_a_notice_never_takes_the_focus(demo, visit):
    page: Page = visit("member")
    page.clock.install()
    page.goto(f"{demo.url}/namespaces/")
    page.evaluate("document.activeElement.blur()")
    title = "Clone “air” as “nothing had the focus”"
    job_rows.ended_of(demo, "member", title)
    page.clock.fast_forward(EVERY_MS)
    notice = page.locator("#job-notices").get_by_role("link", name=title)
    expect(notice).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("button", name=f"Dismiss: {title}").press("Enter")
    expect(notice).to_have_count(0)
    # The button is gone: the focus goes to the next notice, or else to the page.
    page.wait_for_function("document.activeElement?.closest('#job-notices, #main')")


def test_a_notice_leads_to_its_job_and_is_gone_then(demo, visit, scripted):
    title = f"Clone “air” as “opened {scripted}”"
    job_rows.ended_of(demo, "member", title)
    page: Page = visit("member", script=scripted)
    page.goto(f"{demo.url}/organization/")
    page.locator("#job-notices").get_by_role("link", name=title).click()
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("#job-notices .note")).to_have_count(0)


def test_without_a_script_it_is_dismissed_on_the_same_page(demo, visit):
    title = "Clone “air” as “plain”"
    job_rows.ended_of(demo, "member", title)
    page: Page = visit("member", script=False)
    page.goto(f"{demo.url}/templates/")
    page.get_by_role("button", name=f"Dismiss: {title}").click()
    expect(page).to_have_url(f"{demo.url}/templates/")
    expect(page.locator("#job-notices .note")).to_have_count(0)


def test_notices_violate_nothing_and_fit_every_width(
    demo: Demo, browser: Browser, signed_in: SignedIn
) -> None:
    for number in range(5):
        job_rows.ended_of(demo, "member", f"Clone “{'long' * 30}” as “{number}”")
    context = browser.new_context(
        bypass_csp=True,  # axe is injected as a script
        reduced_motion="reduce",
        storage_state=signed_in("member"),
    )
    page = context.new_page()
    page.goto(f"{demo.url}/namespaces/")
    found: list[str] = []
    for width in (320, 390, 768, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        scroll = page.evaluate("document.documentElement.scrollWidth")
        if scroll > width:
            found.append(f"{scroll} px wide at {width}")
        if width in (390, 1440):
            found += axe.faults(page) + axe.faults_when_dark(page)
    page.get_by_role("button", name="Dismiss all").click()
    expect(page.locator("#job-notices .note")).to_have_count(0)
    context.close()
    assert not found, "\n".join(found)

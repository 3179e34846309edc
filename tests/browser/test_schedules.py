"""Schedules run by hand while their history is read."""

from playwright.sync_api import Page, expect


def run_now(page: Page) -> None:
    """Have the purge run and wait until it has ended."""
    page.locator("form[action$='/purge/run/'] button:visible").click()
    expect(page.locator("#messages")).to_contain_text("Purge is queued")
    expect(page.locator("#rows[hx-trigger]")).to_have_count(0, timeout=60_000)


def test_an_opened_history_stays_open_while_it_runs_again(visit, demo):
    page = visit("platform_admin")
    page.goto(f"{demo.url}/schedules/")
    run_now(page)
    run_now(page)
    past = page.locator("#past-purge")
    past.locator("summary").click()
    before = past.locator("li").count()
    run_now(page)
    expect(past).to_have_attribute("open", "")
    # The schedule may have had its own hour meanwhile.
    expect(past.locator("li").nth(before)).to_be_visible()

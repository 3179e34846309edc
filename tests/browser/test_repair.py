"""A namespace that is out of sync, mended; after it nothing of the demo needs anybody."""

import re

from playwright.sync_api import Page, expect


def test_a_repair_adds_what_is_missing_once(demo, visit):
    target = demo.namespace("airstrips-intake")["namespace_id"]
    address = f"{demo.url}/namespaces/{target}/repair/"
    page: Page = visit("admin")
    page.goto(address)
    expect(page.locator("main")).to_contain_text("What would be repaired")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.get_by_role("link", name="Back", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator("#messages")).to_contain_text("verified in Qdrant")
    done = page.locator("#messages").inner_text()
    revision = re.search(r"Revision \d+", done)[0]
    page.goto(address)
    expect(page.locator("main")).to_contain_text("Nothing to repair")
    page.goto(f"{demo.url}/namespaces/{target}/")
    assert revision in page.locator("main").inner_text()

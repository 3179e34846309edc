"""The page of a plan in a browser: reload, Back, a shared link, another person."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.running_demo import Demo


def planned(demo: Demo, page: Page, text: str) -> str:
    """Make a plan of a new description; return the address of its page."""
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{target}/settings/")
    page.fill("textarea[name=description]", text)
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    assert "/plans/plan_" in page.url
    return page.url


def test_a_reload_and_back_lose_nothing(demo, visit):
    page: Page = visit("member")
    text = "Typed once, kept for a week."
    address = planned(demo, page, text)
    page.reload()
    expect(page.locator("ins")).to_have_text(text)
    page.go_back()
    expect(page.locator("textarea[name=description]")).to_have_value(text)
    assert "plan=" in urlsplit(page.url).query
    page.reload()
    expect(page.locator("textarea[name=description]")).to_have_value(text)
    page.go_forward()
    assert page.url == address
    expect(page.locator("ins")).to_have_text(text)


def test_without_script_the_form_tells_where_its_input_is(demo, visit):
    page: Page = visit("member", script=False)
    text = "Typed without a script."
    planned(demo, page, text)
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{target}/settings/")
    page.get_by_role("link", name="Edit it as sent").click()
    expect(page.locator("textarea[name=description]")).to_have_value(text)


def test_another_person_opens_the_link_and_confirms(demo, visit, scripted):
    text = f"Shared by its link, script {scripted}."
    address = planned(demo, visit("member", script=scripted), text)
    other: Page = visit("admin", script=scripted)
    other.goto(address)
    expect(other.locator("main")).to_contain_text("Made by")
    expect(other.locator("main")).to_contain_text("Holds")
    other.get_by_role("button", name=re.compile("^Confirm")).click()
    messages = other.locator("#messages")
    expect(messages).to_contain_text("Description changed.")
    messages.get_by_role("link", name="Undo").click()
    expect(other.locator("h1")).to_have_text(re.compile("^Revert of revision"))
    other.goto(address)
    expect(other.locator("h1")).to_have_text("Confirmed plan")
    expect(other.locator("main")).to_contain_text("Change the description.")


def test_every_state_is_accessible_at_every_width(demo, visit):
    page: Page = visit("admin")
    address = planned(demo, page, "Looked at at every width.")
    for width in (320, 390, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} of {width}"
        assert axe.faults(page) == []
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator("#messages")).to_contain_text("Description changed.")
    assert axe.faults(page) == []
    page.set_viewport_size({"width": 320, "height": 900})
    page.goto(address)
    expect(page.locator("h1")).to_have_text("Confirmed plan")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe.faults(page) == []
    page.goto(f"{demo.url}/organization/second-person/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe.faults(page) == []

"""The search box, by keyboard alone; and its page, without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.running_demo import Demo


@pytest.fixture
def page(demo: Demo, visit) -> Page:
    opened: Page = visit("admin")
    opened.goto(f"{demo.url}/jobs/")
    return opened


def test_the_keyboard_alone_opens_chooses_and_closes(page: Page, demo: Demo) -> None:
    dialog, field = page.locator("#search-dialog"), page.locator("#search-input")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(dialog).to_contain_text("Changed last")
    page.keyboard.type("airf/")
    expect(field).to_have_value("airf/")
    expect(page.locator("#search-status")).to_have_text("No results")
    page.keyboard.press("Backspace")
    first = dialog.locator("a.hit").first
    expect(first).to_contain_text("airfields-of-the-world")
    expect(first.locator("b.found").first).to_have_text("airf")
    expect(page.locator("#search-status")).to_have_text(re.compile(r"\d+ suggestion"))
    assert axe.faults(page) == []
    assert axe.faults_when_dark(page) == []

    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("End")
    expect(dialog.get_by_role("link", name="All results")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("i")  # goes on in the field
    expect(field).to_have_value("airfi")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    expect(first).to_contain_text("airfields-of-the-world")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    namespace = demo.namespace("airfields-of-the-world")["namespace_id"]
    page.wait_for_url(f"{demo.url}/namespaces/{namespace}/")


def test_enter_leads_to_all_results(page: Page) -> None:
    page.locator("#jump").click()
    expect(page.locator("#search-input")).to_be_focused()
    page.keyboard.type("weather")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=weather")
    expect(page.locator("main")).to_contain_text("seattle-weather-desk")
    assert axe.faults(page) == []
    page.keyboard.press("/")
    expect(page.locator("#search-page")).to_be_focused()
    page.go_back()
    expect(page.locator("#search-dialog")).to_be_hidden()


def test_typing_in_a_field_opens_nothing(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/namespaces/")
    page.locator("#q").click()
    page.keyboard.type("a/b")
    expect(page.locator("#q")).to_have_value("a/b")
    expect(page.locator("#search-dialog")).to_be_hidden()


def test_a_phone_has_the_box_too(demo: Demo, visit) -> None:
    page: Page = visit("viewer", width=390)
    page.goto(f"{demo.url}/namespaces/")
    page.get_by_role("link", name="Search", exact=True).click()
    page.locator("#search-input").fill("currency")
    link = page.locator("#suggestions a").first
    expect(link).to_be_visible()
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) == 390
    link.click()
    page.wait_for_url("**/namespaces/ns_*/")


def test_without_javascript_the_form_leads_to_the_page(demo: Demo, visit) -> None:
    page: Page = visit("viewer", script=False)
    page.goto(f"{demo.url}/namespaces/")
    page.fill("#jump", "AIRFIELDS world")
    page.press("#jump", "Enter")
    page.wait_for_url("**/search/?q=AIRFIELDS+world")
    page.get_by_role("link", name="airfields-of-the-world").first.click()
    namespace = demo.namespace("airfields-of-the-world")["namespace_id"]
    page.wait_for_url(f"{demo.url}/namespaces/{namespace}/")

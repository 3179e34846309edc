"""Several edits of indexes in one plan: by keyboard, and without script."""

import re

from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.running_demo import Demo


def page_of(demo: Demo) -> str:
    found = demo.namespace("seattle-weather-desk")["namespace_id"]
    return f"{demo.url}/namespaces/{found}/indexes/"


def test_edits_are_collected_into_one_plan(demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(page_of(demo))
    fields = [f"edits.{name}_{'a' if scripted else 'b'}" for name in ("one", "two")]
    changes = page.locator("#changes")
    for field in fields:
        page.fill("input[name=field_name]", field)
        page.check("input[name=type][value=integer]")
        page.locator("#edit").get_by_role("button", name="Add to your changes").click()
        expect(changes).to_contain_text(f"Add {field}, integer")
    changes.get_by_role("button", name=f"Edit {fields[1]}").click()
    expect(page.locator("input[name=field_name]")).to_have_value(fields[1])
    page.check("input[name=type][value=float]")
    page.get_by_role("button", name="Preview plan").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.locator("#plan")).to_contain_text(f"the integer index on {fields[0]}")
    expect(page.locator("#plan")).to_contain_text(f"the float index on {fields[1]}")
    page.get_by_role("button", name=re.compile("^Confirm two steps")).click()
    expect(page.locator("h1")).to_have_text("Payload indexes")
    messages = page.locator("#messages")
    expect(messages).to_contain_text(f"Index {fields[0]} (integer) added")
    expect(messages.get_by_role("button", name="Undo")).to_be_visible()


def test_the_keyboard_is_enough(demo, visit):
    page: Page = visit("admin")
    page.goto(page_of(demo))
    page.locator("input[name=field_name]").focus()
    page.keyboard.type("edits.keys")
    page.keyboard.press("Enter")
    expect(page.locator("#changes")).to_contain_text("Add edits.keys, keyword")
    expect(page.locator("#changes-title")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    remove = page.get_by_role("button", name="Remove edits.keys")
    expect(remove).to_be_focused()
    assert axe.faults(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#changes")).to_contain_text("None yet")


def test_a_tick_is_listed_at_once_and_keeps_the_focus(demo, visit):
    page: Page = visit("admin")
    found = demo.namespace("labour-market-clips")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{found}/indexes/")
    tick = page.locator("input[name=drop]").first
    field = tick.get_attribute("value")
    tick.focus()
    page.keyboard.press("Space")
    expect(page.locator("#changes")).to_contain_text(f"Drop {field}")
    expect(tick).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#changes")).to_contain_text("None yet")


def test_back_and_reload_keep_the_edits(demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(page_of(demo))
    changes = page.locator("#changes")
    page.fill("input[name=field_name]", "edits.back")
    page.locator("#edit").get_by_role("button", name="Add to your changes").click()
    expect(changes).to_contain_text("Add edits.back")
    page.reload()
    expect(changes).to_contain_text("Add edits.back")
    page.get_by_role("link", name="Overview").first.click()
    expect(page.locator("h1")).not_to_have_text("Payload indexes")
    page.go_back()
    expect(changes).to_contain_text("Add edits.back")


def test_preview_of_nothing_keeps_the_page(demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    page.goto(page_of(demo))
    page.get_by_role("button", name="Preview plan").click()
    expect(page.get_by_text("There is nothing to plan yet.").first).to_be_visible()
    expect(page.locator("h1")).to_have_text("Payload indexes")

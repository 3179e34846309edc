"""Where a namespace runs, changed by a person: password, plan, a key that never shows."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.running_demo import Demo


def _go_on(page: Page, password: str, then: Locator) -> None:
    """Give the password again where it is asked for before what comes then."""
    field = page.locator("input[name=step_up_password]")
    expect(field.or_(then).first).to_be_visible()
    if field.count():
        field.fill(password)
        page.get_by_role("button", name="Go on").click()


def test_workers_are_changed_and_the_stored_key_stays(demo: Demo, visit, scripted):
    target = demo.namespace("car-spotter-archive")["namespace_id"]
    _, password = demo.login("admin")
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    expect(page.get_by_text("Set", exact=True)).to_be_visible()
    if scripted:
        expect(page.locator("#preflight")).to_contain_text("Qdrant answers")
    most = "6" if scripted else "7"
    page.fill("input[name=max_workers]", most)
    page.get_by_role("button", name="Preview plan").click()
    _go_on(page, password, page.get_by_role("heading", name="Review the plan"))
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.locator("#plan")).to_contain_text("Change the maximum number of worker")
    expect(page.locator("#plan")).not_to_contain_text("API key")
    page.get_by_role("button", name=re.compile("^Confirm one step")).click()
    expect(page.locator("h1")).to_have_text("car-spotter-archive")
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    expect(page.locator("input[name=max_workers]")).to_have_value(most)
    page.get_by_role("button", name="Check again").click()
    checked = page.locator("#preflight").get_by_text("Key can read and write")
    _go_on(page, password, checked)
    expect(checked).to_be_visible()


def test_a_move_that_would_leave_points_behind_is_blocked(demo: Demo, visit, scripted):
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    place = demo.facts["qdrant"]["dedicated"]
    _, password = demo.login("admin")
    page: Page = visit("admin", script=scripted)
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    page.check("input[name=compute_tier][value=dedicated_cpu]")
    page.fill("input[name=qdrant_url]", place["url"])
    page.fill("input[name=qdrant_api_key]", place["api_key"])
    page.fill("input[name=ray_head_node_url]", "ray://ray.example:10001")
    page.get_by_role("button", name="Preview plan").click()
    assert place["api_key"] not in page.content()
    _go_on(page, password, page.get_by_role("heading", name="Review the plan"))
    expect(page.locator("h1")).to_have_text("Review the plan")
    expect(page.locator("#preflight")).to_contain_text("points would be left behind")
    expect(page.get_by_role("button", name=re.compile("^Confirm"))).to_have_count(0)
    page.get_by_role("button", name="Back to editing").click()
    field = page.locator("input[name=qdrant_api_key]")
    expect(field).to_have_value("")
    expect(field).to_have_attribute("placeholder", re.compile("^Entered"))
    expect(page.locator("input[name=qdrant_url]")).to_have_value(place["url"])
    assert place["api_key"] not in page.content()


def test_who_may_not_change_it_reads_it(demo: Demo, visit):
    target = demo.namespace("car-spotter-archive")["namespace_id"]
    page: Page = visit("viewer")
    page.goto(f"{demo.url}/namespaces/{target}/infrastructure/")
    expect(page.locator("main")).to_contain_text("You can view this, not change it")
    expect(page.locator("input[name=max_workers]")).to_be_disabled()

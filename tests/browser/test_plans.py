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
    messages.get_by_role("button", name="Undo").click()
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


def reviewed_clone(demo: Demo, page: Page, name: str) -> str:
    """Fill the form of a clone and send it; return the address of its plan."""
    source = demo.namespace("seattle-weather-desk")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{source}/clone/")
    page.fill("input[name=namespace_name]", name)
    page.get_by_role("button", name="Preview the clone").click()
    expect(page.locator("h1")).to_have_text("Review the clone")
    assert "/plans/plan_" in page.url
    return page.url


def test_the_review_of_a_clone_is_reloaded_edited_and_found_again(demo, visit):
    page: Page = visit("member")
    address = reviewed_clone(demo, page, "reviewed twice")
    page.reload()
    expect(page.locator("main")).to_contain_text("reviewed twice")
    page.go_back()
    expect(page.locator("input[name=namespace_name]")).to_have_value("reviewed twice")
    assert "plan=" in urlsplit(page.url).query
    page.go_forward()
    assert page.url == address
    source = demo.namespace("seattle-weather-desk")["namespace_id"]
    page.goto(f"{demo.url}/namespaces/{source}/")
    page.get_by_role("link", name=re.compile("open plan")).click()
    page.get_by_role("link", name=re.compile("as “reviewed twice”")).click()
    assert page.url == address


def test_the_review_of_a_clone_keeps_its_input_without_script(demo, visit):
    page: Page = visit("member", script=False)
    reviewed_clone(demo, page, "reviewed without")
    page.get_by_role("link", name="Back to editing").click()
    expect(page.locator("input[name=namespace_name]")).to_have_value("reviewed without")


def test_another_person_opens_the_plan_of_a_new_namespace(demo, visit, scripted):
    page: Page = visit("admin", script=scripted)
    name = f"planned by link {scripted}".lower()
    page.goto(f"{demo.url}/namespaces/new/")
    page.fill("input[name=namespace_name]", name)
    page.locator(".dock button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("Review the plan")
    address = page.url
    assert "/namespaces/plans/plan_" in address
    page.reload()
    expect(page.locator("main")).to_contain_text(name)
    member: Page = visit("member", script=scripted)
    member.goto(address)
    expect(member.locator("main")).to_contain_text("Create the collection")
    expect(member.get_by_role("button", name=re.compile("^Confirm"))).to_have_count(0)
    page.goto(f"{demo.url}/namespaces/plans/")
    page.get_by_role("link", name=f"Create {name}").click()
    assert page.url == address


def test_the_new_pages_fit_and_are_accessible(demo, visit):
    page: Page = visit("admin")
    clone = reviewed_clone(demo, page, "looked at")
    source = demo.namespace("seattle-weather-desk")["namespace_id"]
    for path in (
        clone,
        f"{demo.url}/namespaces/plans/",
        f"{demo.url}/namespaces/{source}/plans/",
    ):
        for width in (320, 390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path}: {wide} of {width}"
            assert axe.faults(page) == []


def test_on_a_phone_no_text_of_an_open_plan_is_below_its_button(demo, visit):
    page: Page = visit("member", width=390)
    page.goto(f"{demo.url}/namespaces/plans/")
    rows = page.locator(".list > li").filter(has=page.locator("form"))
    expect(rows.first).to_be_visible()
    for row in rows.all():
        button = row.locator("form").bounding_box()
        texts = row.locator(".row-line > *")
        assert texts.count() > 2
        for text in texts.all():
            box = text.bounding_box()
            assert box["x"] + box["width"] <= button["x"], text.inner_text()

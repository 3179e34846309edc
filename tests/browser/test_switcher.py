"""The organization switcher and the fields that search; walked by hand."""

import re

from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.running_demo import Demo


def test_staff_find_an_organization(demo: Demo, visit, scripted) -> None:
    support: Page = visit("support", script=scripted, fresh=True)
    support.goto(f"{demo.url}/namespaces/")
    support.get_by_label("Switch organization").click()
    support.locator("#switch-search").fill("museum")
    if scripted:
        found = support.locator("#organizations a", has_text="Halden Museum Labs")
        expect(found).to_be_visible()
        expect(support.locator("#organizations")).not_to_contain_text("Northlight")
        assert axe.faults(support) == []
        support.keyboard.press("Tab")
        support.keyboard.press("Enter")
    else:
        support.keyboard.press("Enter")
        expect(support).to_have_url(re.compile(r"/organizations/\?q=museum$"))
        support.locator("main a", has_text="Halden Museum Labs").click()
    expect(support).to_have_url(re.compile("/support/new/"))
    field = support.locator("input[name=organization]")
    expect(field).to_have_value("Halden Museum Labs")
    field.fill("halden")
    if scripted:
        option = support.locator("#organization-options option")
        expect(option).to_have_attribute("value", "Halden Museum Labs")
    support.fill("input[name=reason]", "A test.")
    support.get_by_role("button", name="Ask for the session").click()
    expect(support.locator("main")).to_contain_text("Did you mean Halden Museum Labs?")


def test_the_list_of_all_narrows_to_an_organization(
    demo: Demo, visit, scripted
) -> None:
    support: Page = visit("support", script=scripted, fresh=True)
    support.goto(f"{demo.url}/platform/namespaces/")
    rows = support.locator("tbody tr")
    expect(rows.first).to_be_visible()
    support.fill("#organization", "halden museum labs")
    support.get_by_role("button", name="Search", exact=True).click()
    expect(support.locator("#facets")).to_contain_text("Halden Museum Labs")
    for row in rows.all():
        expect(row).to_contain_text("Halden Museum Labs")
    assert not scripted or axe.faults(support) == []

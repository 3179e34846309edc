"""Support asks, looks and is ended by the customer; walked by hand."""

import re

from playwright.sync_api import Page, expect

from tests.browser import axe, chromium
from tests.browser.running_demo import Demo


def test_support_looks_until_the_customer_ends_it(demo: Demo, visit, scripted) -> None:
    halden = demo.namespace("languages-of-the-world")
    address = f"{demo.url}/namespaces/{halden['namespace_id']}/"
    login = _login(demo, "admin", halden["organization_id"])
    admin: Page = visit(None, script=scripted)
    chromium.sign_in(admin, demo.url, *login)

    support: Page = visit("support", script=scripted, fresh=True)
    missing = support.goto(address)
    assert missing is not None
    assert missing.status == 404
    expect(support.locator("main")).to_contain_text("only during a support session")

    support.goto(f"{demo.url}/search/")
    support.fill("#search-page", "names in other lang")  # of its description
    support.keyboard.press("Enter")
    found = support.locator("main a.hit", has_text="Halden Museum Labs")
    expect(found).to_contain_text(halden["namespace_id"])
    expect(support.locator("main")).not_to_contain_text("languages-of-the-world")
    found.click()
    assert not scripted or axe.faults(support) == []
    chosen = support.locator("input[name=organization]")
    expect(chosen).to_have_value("Halden Museum Labs")
    support.get_by_role("button", name="Ask for the session").click()
    expect(support.locator("#faults")).to_contain_text("Reason")
    support.fill("input[name=reason]", "A language is missing.")
    support.fill("input[name=ticket]", "HM-7")
    support.get_by_role("button", name="Ask for the session").click()
    band = support.get_by_label("Support session for Halden Museum Labs", exact=True)
    expect(band).to_contain_text("ticket HM-7")

    support.get_by_role("link", name="languages-of-the-world").click()
    expect(support.locator("h1")).to_have_text("languages-of-the-world")
    expect(band).to_contain_text("You see Halden Museum Labs")
    support.get_by_role("link", name="Documents", exact=True).click()
    document = support.locator("a[data-beside]").first.inner_text()
    support.goto(f"{support.url}{document}/")
    support.get_by_role("link", name="Neighbors").click()
    expect(support.locator(".score")).to_have_count(10)
    lineage = support.locator("main a[href*='/resources/buckets/']").first
    bucket = lineage.inner_text()
    lineage.click()
    expect(support.locator("main")).to_contain_text("Referred to by")
    assert not scripted or axe.faults(support) == []

    admin.goto(f"{demo.url}/namespaces/")
    note = admin.get_by_label("Support session", exact=True)
    # Alone, or beside a platform admin of another test.
    expect(note).to_contain_text(re.compile("of support sees? Halden Museum Labs"))
    note.get_by_role("link", name="Look at it").click()
    assert not scripted or axe.faults(admin) == []
    own = admin.locator("li", has_text="HM-7")
    own.get_by_role("link", name="pages").click()
    for seen in (
        "Support viewed the overview of namespace languages-of-the-world.",
        "Support viewed the documents of namespace languages-of-the-world.",
        f"Support opened document {document} of namespace languages-of-the-world.",
        f"Support viewed bucket {bucket} of namespace languages-of-the-world.",
    ):
        expect(admin.locator("main")).to_contain_text(seen)
    admin.go_back()
    own.get_by_role("button", name="End now").click()
    expect(admin.locator("#messages")).to_contain_text("has ended")

    support.get_by_role("link", name="Payload indexes").click()
    expect(support.locator("h1")).to_have_text("Page not found")
    expect(band).to_have_count(0)
    expect(support.locator("#messages")).to_contain_text(
        "Your support session for Halden Museum Labs has ended."
    )


def _login(demo: Demo, role: str, organization_id: str) -> tuple[str, str]:
    fitting = [
        entry
        for entry in demo.facts["logins"]
        if (entry["role"], entry["organization_id"]) == (role, organization_id)
    ]
    return fitting[0]["email"], fitting[0]["password"]

"""People and keys, as a person does it: with JavaScript and without."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.browser import axe, chromium
from tests.browser.running_demo import ANSWER_S, Demo


def call(demo: Demo, key: str) -> int:
    """The status that the API answers a key with."""
    return httpx.get(
        f"{demo.url}/v1/namespaces",
        headers={"Authorization": f"Bearer {key}"},
        timeout=ANSWER_S,
    ).status_code


def give_password(page: Page, password: str) -> None:
    expect(page.locator("h1")).to_have_text("Confirm your password")
    page.fill("input[type=password]", password)
    page.locator("#ask").get_by_role("button", name="Confirm").click()


def test_a_key_is_made_used_and_revoked(demo, visit, scripted):
    name = f"import {'with' if scripted else 'without'} script"
    page: Page = visit("admin", script=scripted, fresh=True)
    page.goto(f"{demo.url}/organization/keys/")
    page.get_by_role("link", name="New API key").click()
    page.fill("input[name=name]", name)
    page.check("input[name=role][value=viewer]")
    page.get_by_role("button", name="Create the key").click()
    give_password(page, "a wrong password")
    expect(page.locator("main")).to_contain_text("That is not your password.")
    give_password(page, demo.login("admin")[1])
    expect(page.locator("h2").first).to_have_text(f"“{name}” is created")
    key = page.locator("#once").inner_text()
    assert call(demo, key) == 200

    page.get_by_role("link", name="To the API keys").click()
    expect(page.locator("h2").first).to_have_text("API keys")
    assert key not in page.content()
    # The browser kept nothing, and sends nothing again.
    page.go_back()
    expect(page).to_have_url(f"{demo.url}/organization/keys/")
    expect(page.locator("#messages")).to_contain_text("was shown once")
    assert key not in page.content()
    page.get_by_role("link", name=f"Revoke {name}").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.locator("#messages")).to_contain_text("no longer works")
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Revoked")
    assert call(demo, key) == 401


def test_a_member_is_invited_joins_is_changed_and_removed(
    demo, browser, visit, scripted
):
    email = f"nele-{'with' if scripted else 'without'}@northlight.example"
    page: Page = visit("admin", script=scripted, fresh=True)
    page.goto(f"{demo.url}/organization/")
    page.get_by_role("link", name="Invite a member").click()
    page.fill("input[name=email]", email)
    page.fill("input[name=name]", "Nele Vries")
    page.check("input[name=role][value=member]")
    page.get_by_role("button", name=re.compile("^Invite to")).click()
    give_password(page, demo.login("admin")[1])
    expect(page.locator("h2").first).to_have_text("Nele Vries is invited, as member")
    first = page.locator("#once").inner_text()
    page.goto(f"{demo.url}/organization/")
    assert not scripted or axe.faults(page) == []
    page.get_by_role("button", name=f"New link for {email}").click()
    link = page.locator("#once").inner_text()

    context = browser.new_context(java_script_enabled=scripted)
    theirs = context.new_page()
    assert status(theirs, first) == 404
    assert status(theirs, link) == 200
    assert not scripted or axe.faults(theirs) == []  # axe needs script itself
    for number in (1, 2):
        theirs.fill(f"input[name=password{number}]", "nele-likes-namespaces")
    theirs.get_by_role("button", name="Set the password and join").click()
    expect(theirs.locator("#messages")).to_contain_text("You joined")
    chromium.sign_in(theirs, demo.url, email, "nele-likes-namespaces")
    target = demo.namespace("seattle-weather-desk")["namespace_id"]
    settings = f"{demo.url}/namespaces/{target}/settings/"
    assert status(theirs, settings) == 200

    page.goto(f"{demo.url}/organization/")
    page.get_by_role("row").filter(has_text=email).get_by_role("link").click()
    page.check("input[name=role][value=viewer]")
    page.get_by_role("button", name="Change the role").click()
    expect(page.locator("#messages")).to_contain_text("Nele Vries is now viewer")
    theirs.goto(settings)
    expect(theirs.locator("h1")).to_have_text("Sign in")  # a changed role ends it
    chromium.sign_in(theirs, demo.url, email, "nele-likes-namespaces")
    assert status(theirs, settings) == 403

    page.get_by_role("row").filter(has_text=email).get_by_role("link").click()
    page.get_by_role("button", name="Remove Nele Vries").click()
    expect(page.locator("#messages")).to_contain_text("no longer a member")
    assert status(theirs, settings) == 403
    expect(theirs.locator("h1")).to_have_text("You belong to no organization")
    context.close()


def test_who_has_an_account_joins_with_it(demo, visit, scripted):
    """Nobody of Halden is in Northlight before they say so themselves."""
    stranger = next(one for one in demo.facts["logins"] if "@halden" in one["email"])
    email, password = stranger["email"], stranger["password"]
    page: Page = visit("admin", script=scripted, fresh=True)
    page.goto(f"{demo.url}/organization/members/new/")
    page.fill("input[name=email]", email)
    page.get_by_role("button", name=re.compile("^Invite to")).click()
    give_password(page, demo.login("admin")[1])
    link = page.locator("#once").inner_text()

    theirs: Page = visit(None, script=scripted)
    theirs.goto(link)
    assert not scripted or axe.faults(theirs) == []
    theirs.get_by_role("link", name="Sign in").click()
    theirs.fill("input[name=login]", email)
    theirs.fill("input[name=password]", password)
    theirs.get_by_role("button", name="Sign in", exact=True).click()
    theirs.get_by_role("button", name=re.compile("^Join .* as viewer")).click()
    expect(theirs.locator("#messages")).to_contain_text("You joined")

    page.goto(f"{demo.url}/organization/")
    page.get_by_role("row").filter(has_text=email).get_by_role("link").click()
    page.get_by_role("button", name=re.compile("^Remove")).click()
    expect(page.locator("#messages")).to_contain_text("no longer a member")


def status(page: Page, address: str) -> int:
    answer = page.goto(address)
    assert answer is not None
    return answer.status

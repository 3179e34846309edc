"""Sign-in: by one click in a demo, by an app, by recovery codes, by a passkey."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.browser import axe, chromium
from tests.browser.conftest import PATIENCE_MS, WITH_SCRIPT, WITHOUT_SCRIPT
from tests.browser.running_demo import Demo
from tests.signin.codes import code, next_code

# Nobody else of the tests signs in as these two.
APP, PASSKEY = "wren@corvid-reading.example", "cleo@corvid-reading.example"


def password_of(demo: Demo, email: str) -> str:
    return next(
        each["password"] for each in demo.facts["logins"] if each["email"] == email
    )


@contextmanager
def opened(browser: Browser, origin: str, *, script: bool = True) -> Iterator[Page]:
    """A page of a new browser profile, which does nothing forbidden."""
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(PATIENCE_MS)
    watch = chromium.Watch(origin)
    watch.follow(context)
    yield context.new_page()
    context.close()
    assert watch.faults == []


def send_password(page: Page, origin: str, email: str, password: str) -> None:
    page.goto(f"{origin}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page, password: str) -> None:
    expect(page.locator("h1")).to_have_text("Confirm your password")
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Confirm").click()


@WITHOUT_SCRIPT
def test_a_login_of_the_demo_signs_in_by_one_click(
    demo: Demo, browser: Browser, scripted: bool
) -> None:
    with opened(browser, demo.url, script=scripted) as page:
        page.goto(f"{demo.url}/accounts/login/?next=/jobs/")
        buttons = page.get_by_role("button", name=re.compile("^Sign in as "))
        emails = {each["email"] for each in demo.facts["logins"]}
        expect(buttons).to_have_count(len(emails))
        assert not scripted or axe.faults(page) == []
        page.get_by_role("button", name="Sign in as Hanna").click()
        page.wait_for_url(f"{demo.url}/jobs/")
        expect(page.locator("header")).to_contain_text("Halden Museum Labs")


@WITH_SCRIPT
def test_an_app_is_set_up_asked_for_and_turned_off(
    demo: Demo, browser: Browser, scripted: bool
) -> None:
    password = password_of(demo, APP)
    with opened(browser, demo.url, script=scripted) as page:
        send_password(page, demo.url, APP, password)
        page.wait_for_url(f"{demo.url}/namespaces/")
        page.goto(f"{demo.url}/account/")
        page.get_by_role("link", name="Second factor").click()
        assert not scripted or axe.faults(page) == []
        page.get_by_role("link", name="Set up the app").click()
        confirm(page, password)
        assert not scripted or axe.faults(page) == []
        secret = page.locator("#secret").inner_text()
        used = code(secret)
        page.fill("input[name=code]", used)
        page.get_by_role("button", name="Turn on").click()
        codes = page.locator("#codes").inner_text().split()
        assert len(codes) == 10

        with opened(browser, demo.url, script=scripted) as other:
            send_password(other, demo.url, APP, password)
            expect(other.locator("h1")).to_have_text("Second factor")
            assert not scripted or axe.faults(other) == []
            other.fill("input[name=code]", next_code(secret, used))
            other.get_by_role("button", name="Sign in", exact=True).click()
            other.wait_for_url(f"{demo.url}/namespaces/")
        with opened(browser, demo.url, script=scripted) as third:
            send_password(third, demo.url, APP, password)
            third.fill("input[name=code]", codes[0])
            third.get_by_role("button", name="Sign in", exact=True).click()
            third.wait_for_url(f"{demo.url}/namespaces/")

        page.get_by_role("link", name="I have saved them").click()
        expect(page.locator("main")).to_contain_text("9 codes left")
        page.get_by_role("link", name="Turn off").click()
        page.get_by_role("button", name="Turn off").click()
        expect(page.get_by_role("link", name="Set up the app")).to_be_visible()


def test_a_passkey_is_added_signs_in_and_is_removed(
    demo: Demo, browser: Browser
) -> None:
    """Passkeys belong to a host's name, so this is not the address with numbers."""
    origin = demo.url.replace("127.0.0.1", "localhost")
    password = password_of(demo, PASSKEY)
    with opened(browser, origin) as page:
        give_authenticator(page)
        send_password(page, origin, PASSKEY, password)
        page.wait_for_url(f"{origin}/namespaces/")
        page.goto(f"{origin}/account/passkeys/")
        page.get_by_role("link", name="Add a passkey").click()
        confirm(page, password)
        assert axe.faults(page) == []
        page.fill("input[name=name]", "A test's key")
        page.get_by_role("button", name="Add the passkey").click()
        expect(page.locator("h1")).to_have_text("Recovery codes")
        page.goto(f"{origin}/account/passkeys/")
        row = page.get_by_role("row").filter(has_text="A test's key")
        expect(row).to_contain_text("alone")

        page.context.clear_cookies()
        page.goto(f"{origin}/accounts/login/?next=/jobs/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url(f"{origin}/jobs/")

        page.context.clear_cookies()
        send_password(page, origin, PASSKEY, password)
        expect(page.locator("h1")).to_have_text("Second factor")
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url(re.compile("/namespaces/"))

        page.goto(f"{origin}/account/passkeys/")
        page.get_by_role("link", name="Remove A test's key").click()
        confirm(page, password)
        page.get_by_role("button", name="Remove").click()
        expect(page.locator("main")).to_contain_text("No passkeys yet")


def test_a_passkey_that_fails_is_explained(demo: Demo, browser: Browser) -> None:
    with opened(browser, demo.url) as page:
        page.goto(f"{demo.url}/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.locator("[data-passkey-fault]")).to_contain_text("host name")


def give_authenticator(page: Page) -> None:
    """Give the page's browser a virtual authenticator that has seen its person."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_session_is_ended_from_another_browser(
    demo: Demo, browser: Browser, scripted: bool
) -> None:
    password = password_of(demo, PASSKEY)
    with (
        opened(browser, demo.url, script=scripted) as here,
        opened(browser, demo.url, script=scripted) as there,
    ):
        for page in (here, there):
            send_password(page, demo.url, PASSKEY, password)
            page.wait_for_url(f"{demo.url}/namespaces/")
        here.goto(f"{demo.url}/account/sessions/")
        assert not scripted or axe.faults(here) == []
        rows = here.get_by_role("row")
        expect(rows.nth(1)).to_contain_text("This one")
        count = rows.count()
        here.get_by_role("button", name=re.compile("^Sign out Chrome")).first.click()
        expect(here.locator("#messages")).to_contain_text("The session is ended.")
        assert rows.count() == count - 1
        if rows.count() > 2:
            here.get_by_role("button", name="Sign out everywhere else").click()
            expect(here.locator("#messages")).to_contain_text("All other sessions")
        expect(rows).to_have_count(2)
        there.goto(f"{demo.url}/account/")
        expect(there).to_have_url(re.compile("/accounts/login/"))

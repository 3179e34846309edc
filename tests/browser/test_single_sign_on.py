"""Single sign-on in a browser: redirects, cookies and the policy of the pages hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser import axe
from tests.browser.conftest import PATIENCE_MS
from tests.browser.identity_providers import OIDC_DOMAIN, SAML_DOMAIN, Providers
from tests.browser.running_demo import Demo

ONA = {
    "sub": "ona-1",
    "email": f"ona@{OIDC_DOMAIN}",
    "email_verified": True,
    "name": "Ona Vale",
}


@contextmanager
def opened(browser: Browser, *, script: bool, width: int = 390) -> Iterator[Page]:
    """A page of a new profile, whose console has no error: a policy refuses there."""
    context = browser.new_context(
        java_script_enabled=script,
        viewport={"width": width, "height": 844},
        color_scheme="dark" if script else "light",
    )
    context.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            faults.append(message.text)

    context.on("console", note)
    page = context.new_page()
    yield page
    context.close()
    assert faults == []


def is_narrow(page: Page) -> bool:
    """Whether the page needs no scrolling to the side."""
    width = "document.documentElement.scrollWidth <= window.innerWidth"
    return bool(page.evaluate(width))


def test_an_address_leads_to_openid_connect_and_back(
    demo: Demo, browser: Browser, providers: Providers, scripted: bool
) -> None:
    with (
        providers.oidc(ONA) as origin,
        opened(browser, script=scripted) as page,
    ):
        page.goto(f"{demo.url}/accounts/login/?next=/jobs/")
        expect(page.get_by_role("button", name="Example ID")).to_have_count(0)
        assert not scripted or axe.faults(page) == []
        page.get_by_role("link", name="Single sign-on of my organization").click()
        assert not scripted or (axe.faults(page) == [] and is_narrow(page))
        page.fill("input[name=login]", str(ONA["email"]))
        page.keyboard.press("Enter")
        button = page.get_by_role("button", name="Continue with Example ID")
        expect(button).to_be_focused()
        assert not scripted or axe.faults(page) == []
        page.keyboard.press("Enter")
        page.wait_for_url(f"{origin}/**")
        page.get_by_role("button", name="ona-1").first.click()
        page.wait_for_url(f"{demo.url}/jobs/")
        page.goto(f"{demo.url}/account/")
        expect(page.locator("main")).to_contain_text("Ona Vale")
        expect(page.locator("main")).to_contain_text("Example ID")
        expect(page.get_by_role("link", name="Change the password")).to_have_count(0)
        page.goto(f"{demo.url}/account/sessions/")
        expect(page.get_by_role("row").nth(1)).to_contain_text("This one")

        # Before a factor is changed, the provider confirms who it is.
        page.goto(f"{demo.url}/accounts/2fa/totp/activate/")
        expect(page.locator("h1")).to_have_text("Confirm who you are")
        assert not scripted or (axe.faults(page) == [] and is_narrow(page))
        page.get_by_role("button", name="Confirm with Example ID").click()
        page.wait_for_url(f"{origin}/**")
        page.get_by_role("button", name="ona-1").first.click()
        page.wait_for_url(f"{demo.url}/accounts/2fa/totp/activate/")
        expect(page.locator("#messages")).to_contain_text("confirmed who you are")
        expect(page.locator("input[name=code]")).to_be_visible()


def test_an_answer_of_saml_comes_from_another_site(
    demo: Demo, browser: Browser, providers: Providers, scripted: bool
) -> None:
    with (
        providers.saml(f"sal@{SAML_DOMAIN}") as origin,
        opened(browser, script=scripted) as page,
    ):
        page.goto(f"{demo.url}/accounts/login/?next=/jobs/")
        page.get_by_role("button", name="Continue with Example Directory").click()
        page.wait_for_url(f"{origin}/**")
        page.get_by_role("button", name="Answer").click()
        page.wait_for_url(f"{demo.url}/jobs/")

        # The form that asks who one is keeps its input while another tab confirms.
        page.goto(f"{demo.url}/organization/keys/new/")
        page.fill("input[name=name]", f"sso {scripted}")
        page.check("input[name=role][value=viewer]")
        page.get_by_role("button", name="Create the key").click()
        expect(page.locator("h1")).to_have_text("Confirm who you are")
        assert not scripted or (axe.faults(page) == [] and is_narrow(page))
        with page.context.expect_page() as tab:
            page.get_by_role("link", name="Confirm with Example Directory").click()
        there = tab.value
        there.get_by_role("button", name="Confirm with Example Directory").click()
        there.wait_for_url(f"{origin}/**")
        there.get_by_role("button", name="Answer").click()
        expect(there.locator("h1")).to_have_text("You are confirmed")
        assert not scripted or axe.faults(there) == []
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("h2").first).to_have_text(f"“sso {scripted}” is created")


def test_a_refusal_is_said_on_the_sign_in_page(
    demo: Demo, browser: Browser, providers: Providers
) -> None:
    with (
        providers.saml("eve@elsewhere.example") as origin,
        opened(browser, script=True) as page,
    ):
        page.goto(f"{demo.url}/accounts/login/")
        page.get_by_role("button", name="Continue with Example Directory").click()
        page.wait_for_url(f"{origin}/**")
        page.get_by_role("button", name="Answer").click()
        page.wait_for_url(f"{demo.url}/accounts/login/")
        said = page.locator("#messages")
        expect(said).to_contain_text("is not set up for the domain of your address")
        assert axe.faults(page) == []

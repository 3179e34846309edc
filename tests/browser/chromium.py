"""Debian's Chromium driven by Playwright, watching for what must not happen."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.deployment import tools

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--js-flags=--no-opt",  # no page lives long enough for optimized code to pay
]
# The one without windows draws a page for a third of the work; either will do.
NAMES = ("chromium-headless-shell", "chromium")
APT_LINE = f"apt-get install -y --no-install-recommends {NAMES[0]} fonts-dejavu-core"


def path() -> str | None:
    """Where Chromium is, or None."""
    found = (shutil.which(name) for name in NAMES)
    return os.environ.get("NSADMIN_CHROMIUM") or next(filter(None, found), None)


def needed() -> pytest.MarkDecorator:
    """The mark of a test that skips without Chromium, unless tools are required."""
    return pytest.mark.skipif(
        path() is None and not tools.are_required(),
        reason=f"Chromium is not installed: {APT_LINE}",
    )


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser; needs `path()`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path(), headless=True, args=ARGUMENTS
        )
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a context's pages did that they must not: CSP, script errors, strangers."""

    origin: str
    faults: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Listen to every page of the context."""
        context.on("page", self._page)

    def _page(self, page: Page) -> None:
        page.on("console", lambda m: self._console(m.type, m.text))
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, kind: str, text: str) -> None:
        # A refused form is answered 4xx on purpose; Chromium logs it as an error.
        if kind == "error" and "Failed to load resource" not in text:
            self.faults.append(f"console: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "about:", "blob:")):
            self.faults.append(f"stranger: {url}")


def sign_in(page: Page, origin: str, email: str, password: str) -> None:
    """Fill in the form as a person does."""
    page.goto(f"{origin}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(f"{re.escape(origin)}/(namespaces|fleet)/"))


def ask_for_session(page: Page, origin: str, organization_id: str) -> None:
    """Ask for a support session of an hour as a person of the platform does."""
    page.goto(f"{origin}/support/new/?organization={organization_id}")
    page.fill("input[name=reason]", "Films are missing from the search.")
    page.fill("input[name=ticket]", "NL-2291")
    page.get_by_role("button", name="Ask for the session").click()
    page.wait_for_url(f"{origin}/namespaces/**")


def start_clone(page: Page) -> None:
    """Review the clone of a form that is filled in, accept what it loses, start it."""
    page.get_by_role("button", name="Preview the clone").click()
    start = page.get_by_role("button", name="Start the clone")
    start.wait_for()
    for tick in page.locator("#accept input[type=checkbox]").all():
        tick.check()
    start.click()
    page.wait_for_url("**/jobs/*/**")

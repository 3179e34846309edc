"""Answers that were collected before, shown in Chromium with their own headers."""

import mimetypes
from collections.abc import Iterable
from typing import Any

from django.contrib.staticfiles import finders
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser import chromium
from tests.hostile.walk import Shown

ORIGIN = "http://127.0.0.1:9"  # an origin that may do what https may; nothing listens
_PARTS = """() => [...document.querySelectorAll("*")].map(element =>
  `<${element.localName} ${element.getAttributeNames().sort().join(" ")}>`)"""
# How a page looks is not what is asked here, and takes most of its time.
_LOOKS = (".css", ".woff2", ".svg", ".png")
_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class Theatre:
    """A browser context in which the collected answers are all that there is."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        self._watch = chromium.Watch(ORIGIN, self.faults)
        self._watch.follow(context)
        self._now: Shown | None = None
        context.add_init_script(_VIOLATIONS)
        context.route("**/*", self._answer)
        self._page: Page = context.new_page()
        self._page.on("dialog", self._dialog)

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith("/static/") and path.partition("?")[0].endswith(_LOOKS):
            route.fulfill(
                status=200, body="", content_type=mimetypes.guess_type(path)[0]
            )
        elif path.startswith("/static/"):
            name = path.removeprefix("/static/").partition("?")[0]
            file = finders.find(name)
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            route.fulfill(path=file, content_type=kind)
        elif path in ("/shown", "/fragment") and self._now is not None:
            headers = {
                name: value
                for name, value in self._now.headers.items()
                if not name.lower().startswith(("hx-", "content-length"))
            }
            route.fulfill(status=200, headers=headers, body=self._now.text)
        else:
            route.fulfill(status=204)  # what a page asks for by itself

    def show(self, pages: Iterable[Shown]) -> dict[str, set[str]]:
        """Show each page, and each fragment in a page; return what they consist of."""
        found = {}
        whole = None
        for self._now in pages:
            if not self._now.is_fragment:
                self._page.goto(f"{ORIGIN}/shown", wait_until="load")
                whole = self._now
            elif whole is not None:
                self._page.evaluate(
                    "htmx.ajax('GET', '/fragment', "
                    "{target: '#main', swap: 'innerHTML'})"
                )
            found[self._now.place] = set(self._page.evaluate(_PARTS))
            broken = self._page.evaluate("window.violations")
            self.faults += [f"{self._now.place}: {fault}" for fault in broken]
            self._page.evaluate("window.violations = []")
        return found

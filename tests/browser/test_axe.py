"""Every page in light and dark, wide and narrow: no axe violation, no sideways scroll."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.browser.places import places
from tests.browser.running_demo import Demo

VIEWS = [(1440, False), (1440, True), (390, False), (390, True)]


def faults(page: Page) -> list[str]:
    """What axe finds, a line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {node['target']} {node['failureSummary']}"
        for item in found
        for node in item["nodes"]
    ]


@pytest.mark.parametrize(("width", "dark"), VIEWS)
def test_every_page(demo: Demo, browser: Browser, width: int, dark: bool) -> None:
    found: list[str] = []
    for role in ("nobody", "admin", "viewer"):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            bypass_csp=True,  # axe is injected as a script; CSP has its own tests
        )
        page = context.new_page()
        if role != "nobody":
            chromium.sign_in(page, demo.url, *demo.login(role))
        for name, (who, path) in places(demo).items():
            if who != role:
                continue
            page.goto(demo.url + path)
            found += [f"{name}: {fault}" for fault in faults(page)]
            scroll = page.evaluate("document.documentElement.scrollWidth")
            if scroll > width:
                found.append(f"{name}: {scroll} px wide at {width}")
        context.close()
    assert not found, "\n".join(found)

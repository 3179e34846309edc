"""Axe on every page in every state, drawn by Chromium from what the views answer."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Route

from tests.browser import axe, chromium
from tests.pages.again_states import again
from tests.pages.platform_states import platform
from tests.pages.states import STATES, World

REQUIRED = os.environ.get("NSADMIN_REQUIRE_BROWSER") == "1"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.path() is None and not REQUIRED,
        reason=f"Chromium is not installed: {chromium.APT_LINE}",
    ),
]
ORIGIN = "http://pages.example"


@pytest.fixture
def world(cast, browse, sure, silence) -> World:
    return World(cast, browse, sure, silence)


@pytest.mark.parametrize(
    "states", [*STATES, platform, again], ids=lambda states: states.__name__
)
def test_no_state_of_a_page_violates_axe_or_is_wider_than_a_phone(world, states):
    states(world)
    # Chromium's loop, in a thread of its own, keeps Django's ORM away from there only.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(faults, world.seen).result()
    assert not found, "\n".join(found)


def faults(seen: dict[str, str]) -> list[str]:
    """Return what is wrong with each page, one drawn after the other."""
    found: list[str] = []
    checked: set[str] = set()
    with chromium.launched() as browser:
        context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
        context.route("**/*", lambda route: answer(route, seen))
        page = context.new_page()
        for number, (name, text) in enumerate(seen.items()):
            shape = re.sub(r'"[^"]{20,}"|\d+', "", text)
            if shape in checked:
                continue
            checked.add(shape)
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(f"{ORIGIN}/{number}")
            found += [f"{name}: {fault}" for fault in axe.faults(page)]
            page.set_viewport_size({"width": 390, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > 390:
                found.append(f"{name}: {wide} px wide at 390")
    return found


def answer(route: Route, seen: dict[str, str]) -> None:
    """Answer the browser: a page by its number, a file of ours, or nothing."""
    path = route.request.url.removeprefix(ORIGIN)
    if path.startswith("/static/"):
        file = finders.find(path.removeprefix("/static/").partition("?")[0])
        if file and Path(file).suffix != ".js":
            route.fulfill(path=file)
            return
    elif path[1:].isdigit():
        text = list(seen.values())[int(path[1:])]
        route.fulfill(body=text, content_type="text/html; charset=utf-8")
        return
    route.abort()

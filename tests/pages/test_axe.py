"""Axe on every page in every state, drawn by Chromium from what the views answer.

`make test` draws the pages that have a part which no page before had, such as an element
with a class or an attribute; `make faults` draws all, and the states that take long.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Route

from tests.browser import axe, chromium
from tests.pages.again_states import again
from tests.pages.people_states import people
from tests.pages.platform_states import platform
from tests.pages.states import STATES, World, compared, resources, silent

pytestmark = [
    pytest.mark.browser,
    chromium.needed(),
]
ORIGIN = "http://pages.example"
Judge = Callable[[dict[str, str], bool], list[str]]
# What takes long to bring about, for `make faults` alone.
LONG = (compared, resources, silent)


@pytest.fixture
def world(cast, browse, sure, silence) -> World:
    return World(cast, browse, sure, silence)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """Draw pages in one Chromium and say what is wrong with them.

    Its loop, in a thread of its own, keeps Django's ORM away from there only.
    """
    known: set[str] = set()
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        browser = pool.submit(stack.enter_context, chromium.launched()).result()
        yield lambda seen, every: pool.submit(
            faults, browser, seen, None if every else known
        ).result()
        pool.submit(stack.close).result()


@pytest.mark.parametrize(
    "states",
    [
        pytest.param(states, marks=pytest.mark.faults if states in LONG else ())
        for states in (*STATES, platform, people, again)
    ],
    ids=lambda states: states.__name__,
)
@pytest.mark.parametrize(
    "every",
    [
        pytest.param(False, id="new parts"),
        pytest.param(True, id="every page", marks=pytest.mark.faults),
    ],
)
def test_no_state_of_a_page_violates_axe_or_is_wider_than_a_phone(
    world: World, judge: Judge, states: Callable[[World], None], every: bool
) -> None:
    states(world)
    found = judge(world.seen, every)
    assert not found, "\n".join(found)


def parts_of(text: str) -> set[str]:
    """Return what a page consists of: tags with attributes, and those by which they look."""
    tags = re.findall(r"<[a-z][^>]*>", text)
    values = r"""\b(?!class|role|type)([\w:-]+)=(?:"[^"]*"|'[^']*')|\d+"""
    return {re.sub(values, r"\1", tag) for tag in tags}


def faults(browser: Browser, seen: dict[str, str], known: set[str] | None) -> list[str]:
    """Return what is wrong with each page, one drawn after the other.

    With `known` parts only the pages that have others too.
    """
    found: list[str] = []
    checked: set[str] = set()
    with browser.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        context.route("**/*", lambda route: answer(route, seen))
        page = context.new_page()
        for number, (name, text) in enumerate(seen.items()):
            shape = re.sub(r'"[^"]{20,}"|\d+', "", text)
            if shape in checked:
                continue
            checked.add(shape)
            if known is not None:
                if (parts := parts_of(text)) <= known:
                    continue
                known |= parts
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

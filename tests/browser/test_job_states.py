"""The page of a job in every state, with JavaScript and without; and its list."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe, job_rows
from tests.browser.conftest import SignedIn
from tests.browser.running_demo import Demo

ASKED = re.compile(r"/jobs/[0-9a-f]{8}-")  # the page of a job, by its poll


@pytest.fixture(scope="module")
def paths(demo: Demo) -> dict[str, str]:
    """Where each state is shown."""
    return job_rows.put(demo)


def test_every_state_is_said(demo, visit, scripted, paths):
    page: Page = visit("member", script=scripted)
    for said, path in paths.items():
        page.goto(demo.url + path)
        expect(page.locator("#progress")).to_contain_text(said)


def test_no_state_violates_axe_or_scrolls_sideways(
    demo: Demo, browser: Browser, signed_in: SignedIn, paths: dict[str, str]
) -> None:
    context = browser.new_context(
        bypass_csp=True,  # axe is injected as a script
        reduced_motion="reduce",
        storage_state=signed_in("member"),
    )
    page = context.new_page()
    found: list[str] = []
    for said, path in {**paths, "list": "/jobs/"}.items():
        page.goto(demo.url + path)
        for width, faults in ((1440, axe.faults), (390, axe.faults_when_dark)):
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{said}, {width}: {fault}" for fault in faults(page)]
            scroll = page.evaluate("document.documentElement.scrollWidth")
            if scroll > width:
                found.append(f"{said}: {scroll} px wide at {width}")
    context.close()
    assert not found, "\n".join(found)


def test_the_stage_is_announced_and_numbers_are_not(demo, visit, paths):
    page: Page = visit("member")
    page.clock.install()
    page.goto(demo.url + paths["Documents and vectors"])
    with page.expect_response(ASKED):
        page.clock.fast_forward(10_000)
    expect(page.locator("#announce")).to_have_text("")
    said = page.locator("#progress").get_attribute("data-announce")
    assert said == "Documents and vectors, stage 4 of 5"
    assert page.locator("#progress [aria-live]").count() == 0


def test_what_has_ended_asks_no_more(demo, visit, paths):
    page: Page = visit("member")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    page.goto(demo.url + paths["Ready, verified identical"])
    asked.clear()
    page.clock.run_for(60_000)
    assert asked, "The badge of the jobs goes on."
    assert [url for url in asked if ASKED.search(url)] == []


def test_the_page_survives_a_reload_and_the_list_its_filters(demo, visit, paths):
    page: Page = visit("member")
    page.goto(demo.url + paths["Documents and vectors"])
    page.reload()
    expect(page.locator("#progress")).to_contain_text("3,050 of 6,100 points")
    page.goto(f"{demo.url}/jobs/?state=failed&kind=clone")
    expect(page.locator("#rows")).to_contain_text("The source was deleted")
    page.goto(f"{demo.url}/jobs/?search=no+such+job")
    expect(page.locator("#rows")).to_contain_text("Nothing matches")

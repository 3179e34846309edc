"""A session ends while a page polls; a form that is being typed into stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from nsadmin.embedded.supervision import ports
from tests.browser import chromium
from tests.browser.running_demo import PATIENCE_S, REPOSITORY, Demo

# The badge of the jobs polls every 10 s: twice before the end.
IDLE_S = 25


@pytest.fixture(scope="module")
def impatient(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a second web server of the demo, whose sessions end soon."""
    port = ports.free_port()
    pid = demo.facts["processes"]["web"]
    pairs = Path(f"/proc/{pid}/environ").read_text().rstrip("\0").split("\0")
    env = dict(pair.split("=", 1) for pair in pairs)
    log = tmp_path_factory.mktemp("web") / "web.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "nsadmin.serve", "--port", str(port)],
            cwd=REPOSITORY,
            env={**os.environ, **env, "NSADMIN_SESSION_IDLE_S": str(IDLE_S)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _ready(f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _ready(url: str) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return url
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("The second web server did not become ready.")


def opened(browser, demo: Demo, url: str, role: str = "viewer") -> Page:
    page = browser.new_context().new_page()
    chromium.sign_in(page, url, *demo.login(role))
    return page


def test_a_page_that_polls_leads_to_the_sign_in_and_back(
    demo: Demo, browser, impatient: str
) -> None:
    page = opened(browser, demo, impatient)
    polls: list[int] = []
    page.on("request", lambda r: polls.append(1) if "x-poll" in r.headers else None)
    page.goto(f"{impatient}/jobs/?state=failed")
    page.wait_for_url("**/accounts/login/**", timeout=60_000)
    assert len(polls) >= 3, "The page polled, and its session ended all the same."
    expect(page.locator("#messages")).to_contain_text("without activity")
    email, password = demo.login("viewer")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{impatient}/jobs/?state=failed")
    page.context.close()


def test_a_page_that_is_used_stays(demo: Demo, browser, impatient: str) -> None:
    page = opened(browser, demo, impatient)
    until = time.monotonic() + 1.3 * IDLE_S
    while time.monotonic() < until:
        page.goto(f"{impatient}/jobs/")
        expect(page.locator("h1")).to_have_text("Jobs")
        page.wait_for_timeout(3000)
    page.context.close()


def test_a_form_that_is_typed_into_stays(demo: Demo, browser, impatient: str) -> None:
    page = opened(browser, demo, impatient, "admin")
    page.goto(f"{impatient}/organization/members/new/")
    page.fill("input[name=name]", "Nele Vries")
    told = page.locator("#messages")
    expect(told).to_contain_text("Your session has ended.", timeout=60_000)
    expect(page.locator("input[name=name]")).to_have_value("Nele Vries")
    expect(page).to_have_url(f"{impatient}/organization/members/new/")
    page.context.close()

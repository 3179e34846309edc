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

IDLE_S = 15
# How often the badge of the jobs asks; the clocks of pages are moved on by as much.
EVERY_MS = 10_000


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
    page.clock.install()
    chromium.sign_in(page, url, *demo.login(role))
    return page


def test_only_the_page_that_is_used_stays(demo: Demo, browser, impatient: str) -> None:
    """Three pages at once, since each waits as long: one polls, one has a form."""
    used = opened(browser, demo, impatient, "member")
    polling = opened(browser, demo, impatient)
    polls: list[int] = []
    polling.on("request", lambda r: polls.append(1) if "x-poll" in r.headers else None)
    polling.goto(f"{impatient}/jobs/?state=failed")
    used.goto(f"{impatient}/jobs/")
    form = opened(browser, demo, impatient, "admin")
    form.goto(f"{impatient}/organization/members/new/")
    form.fill("input[name=name]", "Nele Vries")
    until = time.monotonic() + 1.3 * IDLE_S
    while time.monotonic() < until:
        polling.clock.fast_forward(EVERY_MS)
        used.goto(f"{impatient}/jobs/")
        expect(used.locator("h1")).to_have_text("Jobs")
        used.wait_for_timeout(3000)
    _leads_to_the_sign_in_and_back(polling, demo, impatient)
    assert len(polls) >= 3, "The page polled, and its session ended all the same."
    form.clock.fast_forward(EVERY_MS)
    told = form.locator("#messages")
    expect(told).to_contain_text("Your session has ended.", timeout=60_000)
    expect(form.locator("input[name=name]")).to_have_value("Nele Vries")
    expect(form).to_have_url(f"{impatient}/organization/members/new/")
    for page in (polling, form, used):
        page.context.close()


def _leads_to_the_sign_in_and_back(page: Page, demo: Demo, url: str) -> None:
    page.wait_for_url("**/accounts/login/**", timeout=60_000)
    expect(page.locator("#messages")).to_contain_text("without activity")
    email, password = demo.login("viewer")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{url}/jobs/?state=failed")

"""One demo and one Chromium for all browser tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from nsadmin.embedded import ports
from tests.browser import chromium
from tests.browser.running_demo import Demo, running

# A busy machine answers slowly; an expectation waits as long as an action does.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium the tests skip and say what to install; in CI they fail."""
    here = Path(__file__).parent
    missing = chromium.path() is None
    required = os.environ.get("NSADMIN_REQUIRE_BROWSER") == "1"
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing and not required:
                reason = f"Chromium is not installed: {chromium.APT_LINE}"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The whole stack, started once."""
    port = ports.choose()
    with running(tmp_path_factory.mktemp("demo"), port=port) as started:
        yield started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, started once; while it runs, its loop keeps Django's ORM away."""
    assert chromium.path(), f"Chromium is not installed: {chromium.APT_LINE}"
    with chromium.launched() as started:
        yield started


@pytest.fixture(params=["script", "no script"])
def scripted(request: pytest.FixtureRequest) -> bool:
    """Every flow is walked with JavaScript and without."""
    return bool(request.param == "script")


@pytest.fixture
def visit(browser: Browser, demo: Demo) -> Iterator[object]:
    """Open a page signed in as a role; at the end nothing forbidden may have happened."""
    contexts: list[tuple[BrowserContext, chromium.Watch]] = []

    def open_as(
        role: str | None,
        *,
        script: bool = True,
        width: int = 1440,
        dark: bool = False,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(PATIENCE_MS)
        watch = chromium.Watch(demo.url)
        watch.follow(context)
        contexts.append((context, watch))
        page = context.new_page()
        if role is not None:
            chromium.sign_in(page, demo.url, *demo.login(role))
        return page

    yield open_as
    for context, _ in contexts:
        context.close()
    faults = [fault for _, watch in contexts for fault in watch.faults]
    assert not faults, "\n".join(faults)

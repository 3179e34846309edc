"""One demo and one Chromium for all browser tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from nsadmin.embedded.supervision import ports
from tests.browser import chromium
from tests.browser.identity_providers import Providers
from tests.browser.running_demo import Demo, restart_web, running

# A busy machine answers slowly; an expectation waits as long as an action does.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)

SignedIn = Callable[[str], StorageState]
# What takes long is walked in one way here and in the other by `make faults`.
LATER = pytest.mark.faults
WITH_SCRIPT = pytest.mark.parametrize(
    "scripted",
    [pytest.param(True, id="script"), pytest.param(False, id="no script", marks=LATER)],
)
WITHOUT_SCRIPT = pytest.mark.parametrize(
    "scripted",
    [pytest.param(True, id="script", marks=LATER), pytest.param(False, id="no script")],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium the tests skip and say what to install; in CI they fail."""
    here, needed = Path(__file__).parent, chromium.needed()
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(needed)


@pytest.fixture(scope="package")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Providers:
    """Two identity providers that the demo knows; a test starts the one it needs."""
    return Providers(tmp_path_factory.mktemp("providers"))


@pytest.fixture(scope="package")
def demo(
    tmp_path_factory: pytest.TempPathFactory, providers: Providers
) -> Iterator[Demo]:
    """The whole stack, started once."""
    data, port = tmp_path_factory.mktemp("demo"), ports.free_port()
    with running(data, port=port, extra=providers.environment) as started:
        providers.configure(started)
        restart_web(started)
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


@pytest.fixture(scope="package")
def signed_in(browser: Browser, demo: Demo) -> SignedIn:
    """Sign in as a role, once; others who are that role come with the same cookies.

    Staff have a support session for the owner of the largest namespace, platform admins
    for Halden as well.
    """
    known: dict[str, StorageState] = {}

    def state_of(role: str) -> StorageState:
        if role == "nobody":
            return {}
        if role not in known:
            context = browser.new_context(reduced_motion="reduce")
            page = context.new_page()
            chromium.sign_in(page, demo.url, *demo.login(role))
            for organization_id in _customers_of(role, demo):
                chromium.ask_for_session(page, demo.url, organization_id)
            known[role] = context.storage_state()
            context.close()
        return known[role]

    return state_of


def _customers_of(role: str, demo: Demo) -> list[str]:
    """Return for whom staff have a session; the last one is shown."""
    halden = demo.namespace("currency-exhibit-draft")["organization_id"]
    customers = {
        "support": [demo.northlight],
        "platform_admin": [halden, demo.northlight],
    }
    return customers.get(role, [])


@pytest.fixture
def visit(browser: Browser, demo: Demo, signed_in: SignedIn) -> Iterator[object]:
    """Open a page signed in as a role; at the end nothing forbidden may have happened.

    `fresh` signs in anew: nobody has given the password again in that session.
    """
    contexts: list[tuple[BrowserContext, chromium.Watch]] = []

    def open_as(
        role: str | None,
        *,
        script: bool = True,
        width: int = 1440,
        dark: bool = False,
        fresh: bool = False,
    ) -> Page:
        cookies = signed_in(role) if role is not None and not fresh else {}
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
            storage_state=cookies,
            reduced_motion="reduce",  # what turns without end keeps a core busy
        )
        context.set_default_timeout(PATIENCE_MS)
        watch = chromium.Watch(demo.url)
        watch.follow(context)
        contexts.append((context, watch))
        page = context.new_page()
        if role is not None and fresh:
            chromium.sign_in(page, demo.url, *demo.login(role))
        return page

    yield open_as
    for context, _ in contexts:
        context.close()
    faults = [fault for _, watch in contexts for fault in watch.faults]
    assert not faults, "\n".join(faults)

"""Browsers for the page tests: signed in as one of the cast, with or without htmx."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings

from nsadmin.access.web import step_up
from nsadmin.namespaces.lifecycle import expiry, mass_expiry, reaper
from nsadmin.namespaces.schema.document import Namespace
from tests.cast import Cast, make_namespace
from tests.documents.library import Library, foreign_points, made
from tests.plans.conftest import second, second_client  # noqa: F401 - fixtures

HTMX = {"HX-Request": "true"}
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _static_root(settings, tmp_path) -> None:
    """Nothing is collected for tests; the folder has to be there all the same."""
    settings.STATIC_ROOT = str(tmp_path)


@pytest.fixture(autouse=True)
def _condensed(settings) -> None:
    """Pages are compared as they are shown, not as their templates break lines."""
    settings.MIDDLEWARE = ["tests.condensed.Middleware", *settings.MIDDLEWARE]


@pytest.fixture
def browse(cast: Cast) -> Callable[..., Client]:
    """Return a client that is signed in as a role; by default the admin of `own`."""
    return cast.browser


@pytest.fixture
def own(cast: Cast) -> str:
    """The address of Northlight's namespace."""
    return f"/namespaces/{cast.own.namespace_id}/"


@pytest.fixture
def foreign(cast: Cast) -> str:
    """The address of a namespace that only Halden and staff may know of."""
    return f"/namespaces/{cast.foreign.namespace_id}/"


@pytest.fixture
def silence(cast: Cast) -> Iterator[Callable[[str], None]]:
    """Return a function that makes a store silent until the test is over."""
    addresses = {
        "qdrant": {"NSADMIN_QDRANT_URL": "http://127.0.0.1:9"},
        "mongodb": {"NSADMIN_MONGODB_URL": "mongodb://127.0.0.1:9/none"},
    }
    with ExitStack() as stack:

        def silent(store: str) -> None:
            stack.enter_context(override_settings(**addresses[store]))

        yield silent


@pytest.fixture
def sure(browse: Callable[..., Client]) -> Callable[..., Client]:
    """Return a client whose password was given just now."""

    def confirmed(role: str = "admin") -> Client:
        client = browse(role)
        session = client.session
        session[step_up.SESSION_KEY] = time.time()
        session.save()
        return client

    return confirmed


@pytest.fixture
def held(cast: Cast) -> list[Namespace]:
    """More namespaces than the fuse lets go, due and held."""
    ended = datetime.now(UTC).replace(microsecond=0)
    warned: dict[str, Any] = {expiry.WARNED: ended - 2 * HOUR}
    made = [
        make_namespace(
            cast.northlight,
            f"ending {n}",
            in_qdrant=False,
            expires_at=ended - HOUR,
            **warned,
        )
        for n in range(mass_expiry.MOST + 1)
    ]
    reaper.cleanup_expired_namespaces()
    return made


@pytest.fixture(scope="session")
def library(_wired: object) -> Iterator[Library]:
    """Sixty documents and three of another tenant, for tests that only read them."""
    with made() as found:
        found.put(foreign_points())
        yield found

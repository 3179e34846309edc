"""Signing in as a person does it, over the forms."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from tests.cast import Cast
from tests.people import PASSWORD


@pytest.fixture(autouse=True)
def _ready(settings, tmp_path, cast: Cast) -> None:
    """Nothing is collected for tests; earlier attempts are forgotten."""
    settings.STATIC_ROOT = str(tmp_path)
    cache.clear()


@pytest.fixture
def sign_in(cast: Cast) -> Callable[[str], Client]:
    """Send address and password of a role."""

    def send(role: str) -> Client:
        client = Client(raise_request_exception=False)
        data = {"login": cast.users[role].email, "password": PASSWORD}
        assert client.post("/accounts/login/", data).status_code == 302
        return client

    return send


@pytest.fixture
def confirmed(sign_in) -> Callable[[str], Client]:
    """Sign in, and confirm the password."""

    def send(role: str) -> Client:
        client = sign_in(role)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return client

    return send

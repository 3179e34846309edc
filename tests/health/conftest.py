"""Pages that show drift are compared as they are shown."""

import pytest


@pytest.fixture(autouse=True)
def _condensed(settings) -> None:
    settings.MIDDLEWARE = ["tests.condensed.Middleware", *settings.MIDDLEWARE]

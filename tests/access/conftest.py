"""What the tests of this room share."""

import pytest
from django.conf import settings


@pytest.fixture(scope="session", autouse=True)
def _servers_before_the_database(_wired: object) -> None:
    """Making the database makes the cache too, so its address has to be known."""
    settings.WHITENOISE_AUTOREFRESH = True  # there is no folder of collected files

"""Metrics with their key, and the test kind of jobs."""

import pytest

from tests.jobs.conftest import orders
from tests.observability.scraping import KEY

__all__ = ["orders"]


@pytest.fixture
def offered(stores, settings) -> None:
    """Metrics are offered, over empty stores."""
    settings.NSADMIN_METRICS_KEY = KEY

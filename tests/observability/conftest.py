"""Metrics with their key, and the test kind of jobs."""

from collections.abc import Iterator

import pytest

from nsadmin.stores.mongo import connection
from tests.jobs.conftest import orders
from tests.notifications.conftest import hook, receiver
from tests.observability.scraping import KEY

__all__ = ["hook", "orders", "receiver"]


@pytest.fixture
def offered(stores, settings) -> None:
    """Metrics are offered, over empty stores."""
    settings.NSADMIN_METRICS_KEY = KEY


@pytest.fixture
def silent_mongodb(offered, settings) -> Iterator[None]:
    """No server listens at the namespace store's address.

    The client is closed in the end, since its threads would go on looking for one.
    """
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none?appname=metrics"
    yield
    connection.close()

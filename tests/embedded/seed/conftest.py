"""Servers of their own: the demo's ids are fixed; somebody's server may hold them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import override_settings

from nsadmin.stores.mongo.connection import database
from tests.embedded_servers import RunningServer, running_mongodb, running_qdrant

KEY = "a key for the demo"


@dataclass(frozen=True)
class OwnServers:
    shared: RunningServer
    dedicated: RunningServer


@pytest.fixture(scope="module")
def own_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServers]:
    """An empty namespace store and two empty Qdrants that the settings point to."""
    folder = tmp_path_factory.mktemp
    with (
        running_mongodb(folder("mongodb")) as mongodb,
        running_qdrant(folder("shared"), api_key=KEY) as shared,
        running_qdrant(folder("dedicated"), api_key=KEY) as dedicated,
        override_settings(
            NSADMIN_MONGODB_URL=f"{mongodb.url.rstrip('/')}/seeded",
            NSADMIN_QDRANT_URL=shared.url,
            NSADMIN_QDRANT_API_KEY=KEY,
            NSADMIN_CLUSTER_HOSTS=[f"{dedicated.url.rpartition('/')[2]}=*"],
        ),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("NSADMIN_DEMO_DEDICATED_URL", dedicated.url)
        patch.setenv("NSADMIN_DEMO_DEDICATED_API_KEY", KEY)
        yield OwnServers(shared, dedicated)
        database().client.close()

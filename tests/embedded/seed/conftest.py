"""Servers of their own: the demo's ids are fixed; somebody's server may hold them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from django.test import override_settings
from django.utils import timezone

from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.write.namespaces import write_namespaces
from nsadmin.embedded.seed.write.people import write_people
from nsadmin.stores.mongo.connection import collection, database
from tests.embedded_servers import RunningServer, running_mongodb, running_qdrant

KEY = "a key for the demo"
NOW = timezone.now()
# The namespaces that the history is about, with a few points each.
SPECS = [
    replace(BY_SLUG[slug], limit=12, borrows_from=None)
    for slug in (
        "airfields-of-the-world",
        "seattle-weather-desk",
        "car-spotter-archive",
        "labour-market-clips",
        "languages-of-the-world",
        "heritage-notes",
    )
]


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


@pytest.fixture
def written(own_servers: OwnServers, _wired: object) -> OwnServers:
    """The six namespaces, without a history."""
    collection("namespaces").delete_many({})
    collection("demo").delete_many({})
    write_people()
    write_namespaces(lambda _: None, now=NOW, specs=SPECS)
    return own_servers

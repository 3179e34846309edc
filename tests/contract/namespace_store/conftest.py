"""A database for each test: on the embedded server, or on a MongoDB of one's own.

Each test runs twice: with a plain client, and with the one of `nsadmin.stores.mongo`.

With NSADMIN_TEST_MONGODB_URL set, the same suite runs there. Its databases have names
of their own and are dropped; nothing else on the server is touched.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from nsadmin.stores.mongo import connection
from tests.embedded_servers import RunningServer, running_mongodb

Document = dict[str, Any]
FOREIGN_URL = os.environ.get("NSADMIN_TEST_MONGODB_URL", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What only the embedded server promises is not asked of another one."""
    if not FOREIGN_URL:
        return
    skip = pytest.mark.skip(reason="NSADMIN_TEST_MONGODB_URL names a foreign server")
    ours = Path(__file__).parent
    for item in items:
        if ours in item.path.parents and item.get_closest_marker("embedded_only"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def embedded_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningServer | None]:
    """The embedded server, or nothing when a foreign one is tested."""
    if FOREIGN_URL:
        yield None
    else:
        with running_mongodb(tmp_path_factory.mktemp("mongodb")) as server:
            yield server


@pytest.fixture(scope="session")
def url(embedded_server: RunningServer | None) -> str:
    return embedded_server.url if embedded_server else FOREIGN_URL


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[MongoClient[Document]]:
    with MongoClient[Document](url, tz_aware=True) as it:
        yield it


@pytest.fixture(params=["pymongo", "nsadmin.stores.mongo"])
def database(
    request: pytest.FixtureRequest,
    client: MongoClient[Document],
    url: str,
    settings: Any,
) -> Iterator[Database[Document]]:
    name = f"nsadmin_contract_{uuid.uuid4().hex[:12]}"
    if request.param == "pymongo":
        # A read renews the pool of a client whose server another test restarted.
        client[name]["namespaces"].find_one({})
        yield client[name]
        client.drop_database(name)
    else:
        base, mark, options = url.partition("?")
        host = "/".join(base.split("/")[:3])
        settings.NSADMIN_MONGODB_URL = f"{host}/{name}{mark}{options}"
        ours = connection.database()
        yield ours
        ours.client.drop_database(name)
        connection.close()


@pytest.fixture
def namespaces(database: Database[Document]) -> Collection[Document]:
    return database["namespaces"]

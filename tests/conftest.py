"""What tests share: embedded servers over real sockets, and a small named cast."""

import gc
import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test.signals import setting_changed

from tests import memory_connections
from tests.embedded_servers import running_mongodb, running_qdrant, running_redis
from tests.real_servers import qdrant_nodes
from tests.scheduling import FilesTogether

if TYPE_CHECKING:
    from tests.faults.database import Rows

pytest_plugins = ["tests.dedicated", "tests.reprocessing.appended"]


def pytest_configure() -> None:
    """Settings of a test run; no server's address is set until one is started."""
    gc.disable()  # what is loaded stays: half the time of it went to looking for garbage
    settings.NSADMIN_KEY_PEPPER = "a pepper for tests that is long enough to pass"
    settings.NSADMIN_SEAL_KEYS = ["t1:" + "A" * 43 + "="]
    settings.NSADMIN_REQUIRE_STAFF_MFA = False  # the people of the cast have none
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SECURE_SSL_REDIRECT = False
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.NSADMIN_RATE_LIMIT = "100000/minute"
    settings.WHITENOISE_AUTOREFRESH = True  # there is no folder of collected files
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    }
    # Nothing listens there: a test that forgets to ask for a server fails at once.
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"]["factory"] = memory_connections.connection
    # A line for each request is much to make and to carry; who wants them asks for them.
    logging.getLogger().setLevel(logging.WARNING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest goes first: the browser's tests, all in one process; then what
    draws every page.
    """
    items.sort(
        key=lambda item: (
            "browser" not in item.path.parts,
            item.get_closest_marker("browser") is None,
        )
    )


def pytest_collection_finish() -> None:
    """What has been loaded by now stays: it need not be looked through for garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FilesTogether:
    """Give each file to one process, and all of the browser's to the same."""
    return FilesTogether(config, log)


@dataclass(frozen=True)
class Servers:
    """The servers of this run; the Mongo database is this run's own."""

    mongodb_url: str
    qdrant_url: str
    qdrant_api_key: str
    redis_url: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start what no environment variable names; real servers are used as they are."""
    with ExitStack() as stack:
        memory = Path("/dev/shm")

        def folder(name: str) -> Path:
            if not memory.is_dir():
                return tmp_path_factory.mktemp(name)
            made = tempfile.TemporaryDirectory(dir=memory, prefix="nsadmin-")
            return Path(stack.enter_context(made))

        mongodb = os.environ.get("NSADMIN_TEST_MONGODB_URL", "")
        if not mongodb:
            mongodb = stack.enter_context(running_mongodb(folder("mongodb"))).url
        qdrant = next(iter(qdrant_nodes()), "")
        key = os.environ.get("NSADMIN_TEST_QDRANT_API_KEY", "")
        if not qdrant:
            key = "a-key-for-tests"
            started = running_qdrant(folder("qdrant"), api_key=key)
            qdrant = stack.enter_context(started).url
        redis = stack.enter_context(running_redis(folder("redis"))).url
        run = secrets.token_hex(4)
        address, _, options = mongodb.partition("?")
        base = "/".join(address.split("/")[:3])
        own = f"{base}/nsadmin_test_{run}" + (f"?{options}" if options else "")
        yield Servers(own, qdrant, key, redis)


@pytest.fixture(scope="session")
def _wired(servers: Servers) -> Iterator[Servers]:
    """Point the settings at the servers; clients are made per URL, so order is free."""
    settings.NSADMIN_MONGODB_URL = servers.mongodb_url
    settings.NSADMIN_QDRANT_URL = servers.qdrant_url
    settings.NSADMIN_QDRANT_API_KEY = servers.qdrant_api_key
    settings.NSADMIN_REDIS_URL = servers.redis_url
    for cache in settings.CACHES.values():
        cache["LOCATION"] = servers.redis_url
    # The cache may have been made with the address before; let it be made again.
    setting_changed.send(sender=None, setting="CACHES", value=None, enter=True)
    settings.CELERY_BROKER_URL = servers.redis_url

    from nsadmin.celery import app
    from nsadmin.stores.mongo import indexes
    from nsadmin.stores.mongo.connection import close, database
    from tests import collection_pool

    app.conf["broker_url"] = servers.redis_url
    indexes.ensure()
    yield servers
    collection_pool.let_go()
    database().client.drop_database(database().name)
    close()


@pytest.fixture(scope="session")
def others(_wired: Servers) -> frozenset[str]:
    """The collections that a server of somebody else had before this run."""
    from nsadmin.stores.qdrant import collections
    from nsadmin.stores.qdrant.cluster import shared
    from tests.cast import COLLECTION_PREFIX

    names = collections.names(shared())
    return frozenset(n for n in names if not n.startswith(COLLECTION_PREFIX))


@pytest.fixture(autouse=True)
def _emptied_audit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test that really commits empty its tables; the triggers come back then."""
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and marker.kwargs.get("transaction")
    if not commits and "transactional_db" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    from nsadmin.audit.triggers import remove

    remove(using="default")


@contextmanager
def emptied() -> Iterator[None]:
    """Empty stores; what is made in them meanwhile goes in the end."""
    from nsadmin.namespaces.schema import document
    from nsadmin.stores import redis
    from nsadmin.stores.mongo import namespaces, resources
    from nsadmin.stores.mongo.connection import collection
    from nsadmin.stores.qdrant import collections
    from nsadmin.stores.qdrant.cluster import shared
    from tests import collection_pool
    from tests.cast import COLLECTION_PREFIX

    redis.client().flushdb()
    yield
    made = {document.read(raw).collection for raw in namespaces.every()}
    for name in (namespaces.NAME, *resources.KINDS):
        collection(name).delete_many({})
    for name in collections.names(shared()):
        ours = name.startswith(COLLECTION_PREFIX) or name in made
        if ours and not collection_pool.keep(name):
            collections.drop(shared(), name)


@pytest.fixture
def stores(_wired: Servers, db: None) -> Iterator[Servers]:
    """Empty stores for one test; what the test made in Qdrant goes with it."""
    with emptied():
        yield _wired


@pytest.fixture(scope="session")
def empty_rows(django_db_setup: None, django_db_blocker) -> Iterator["Rows"]:
    """Empty tables to copy; made before any test has begun a transaction."""
    from tests.faults import database

    with django_db_blocker.unblock(), database.template() as rows:
        yield rows


@pytest.fixture
def shared_rows(empty_rows: "Rows", stores: Servers) -> Iterator["Rows"]:
    """Empty rows in a database that every thread and process opens by itself."""
    from tests.faults import database

    with database.copy(empty_rows) as rows, database.using(rows):
        yield rows


@pytest.fixture
def cast(stores: Servers):
    """The cast: three organizations, a person and a key for each role, namespaces."""
    from tests.cast import assemble

    return assemble()

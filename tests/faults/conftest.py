"""Proxies before the stores, and a database that other processes share."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings as configured

from nsadmin.access.models import Organization
from nsadmin.stores.mongo.connection import close
from tests.conftest import Servers
from tests.faults import database
from tests.faults.killable import Killables, running_killables
from tests.faults.plant import Plant, inside, running_plant
from tests.faults.proxy import Exchanges, running_proxies
from tests.faults.transport import Http, Mongo, Redis


@dataclass(frozen=True)
class Region:
    """Stores behind proxies, a database, and processes that may be killed."""

    mongodb_url: str
    qdrant_url: str
    redis_url: str
    database: database.Rows
    exchanges: Exchanges
    killables: Killables


@pytest.fixture(scope="session")
def region(
    _wired: Servers,
    empty_rows: database.Rows,
    django_db_blocker,
) -> Iterator[Region]:
    """One region for all tests of this folder."""
    if (
        not _wired.qdrant_url.startswith("http://")
        or "replicaSet" in _wired.mongodb_url
    ):
        pytest.skip("A proxy needs plain connections to single servers.")
    with (
        django_db_blocker.unblock(),
        database.copy(empty_rows) as rows,
        running_proxies() as proxies,
    ):
        urls = {
            "NSADMIN_MONGODB_URL": proxies.before(Mongo(), _wired.mongodb_url),
            "NSADMIN_QDRANT_URL": proxies.before(Http(), _wired.qdrant_url),
            "NSADMIN_REDIS_URL": proxies.before(Redis(), _wired.redis_url),
        }
        env = {
            **urls,
            "NSADMIN_QDRANT_API_KEY": _wired.qdrant_api_key,
            "NSADMIN_KEY_PEPPER": configured.NSADMIN_KEY_PEPPER,
            "DATABASE_URL": rows.url,
        }
        with running_killables(env) as killables:
            mongodb, qdrant, redis = urls.values()
            yield Region(mongodb, qdrant, redis, rows, proxies.exchanges, killables)


@pytest.fixture
def organization(region: Region, settings, db: None) -> Iterator[Organization]:
    """An organization in the shared database, with every store behind its proxy."""
    settings.NSADMIN_MONGODB_URL = region.mongodb_url
    settings.NSADMIN_QDRANT_URL = region.qdrant_url
    settings.NSADMIN_REDIS_URL = region.redis_url
    with database.using(region.database):
        found, _ = Organization.objects.get_or_create(name="Northlight Media")
        yield found


@pytest.fixture(scope="module")
def plant_env() -> dict[str, str]:
    """More of the environment of a plant's processes; a file may have its own."""
    return {}


@pytest.fixture(scope="module")
def site(
    _wired: Servers,
    plant_env: dict[str, str],
    empty_rows: database.Rows,
    django_db_blocker,
) -> Iterator[Plant]:
    """One plant for all tests of a file."""
    from django.conf import settings

    base, mark, options = _wired.mongodb_url.partition("?")
    with (
        django_db_blocker.unblock(),
        database.copy(empty_rows) as rows,
        running_plant(
            f"{base}_plant{mark}{options}", settings, rows, **plant_env
        ) as plant,
    ):
        yield plant


@pytest.fixture
def plant(site: Plant, settings, db: None) -> Iterator[Plant]:
    """The plant, with this process inside it."""
    with inside(site, settings):
        yield site
    close()

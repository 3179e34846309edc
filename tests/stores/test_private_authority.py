"""Stores whose certificates a private authority has signed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache.backends.redis import RedisCache
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from nsadmin.errors import Invalid, Unavailable
from nsadmin.store_checks import ca_files
from nsadmin.stores import redis, redis_url
from nsadmin.stores.mongo import connection, url_options
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import dedicated, shared
from tests.conftest import Servers
from tests.tls_front import HOST, Authority, tls_front

pytestmark = pytest.mark.usefixtures("_wired")
Fixture = Any


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Clients of a test are not those of the next one."""
    yield
    connection.close()


def test_mongodb_is_trusted_by_the_file_alone(
    servers: Servers, settings: Fixture, authority: Authority
) -> None:
    place = urlsplit(servers.mongodb_url)
    with tls_front(authority, place.port or 0) as port:
        address = f"mongodb://{HOST}:{port}{place.path}"
        settings.NSADMIN_MONGODB_URL = f"{address}?tls=true"
        with pytest.raises(Unavailable):
            connection.ping()
        connection.close()
        settings.NSADMIN_MONGODB_CA_FILE = authority.ca_file
        connection.ping()
        connection.close()
        settings.NSADMIN_MONGODB_URL = address  # the file implies TLS
        connection.ping()


def test_an_address_of_mongodb_may_have_a_file_of_its_own() -> None:
    options = url_options.client_options("mongodb://h/?tlsCAFile=/own", ca_file="/ours")
    assert "tlsCAFile" not in options
    silent = url_options.client_options("mongodb://h/", ca_file="/ours")
    assert (silent["tlsCAFile"], silent["tls"]) == ("/ours", True)


def test_qdrant_is_trusted_by_the_file(
    servers: Servers, settings: Fixture, authority: Authority
) -> None:
    at = urlsplit(servers.qdrant_url).port or 0
    with tls_front(authority, at) as unknown, tls_front(authority, at) as known:
        settings.NSADMIN_QDRANT_URL = f"https://{HOST}:{unknown}"
        with pytest.raises(Unavailable):
            collections.names(shared())
        settings.NSADMIN_QDRANT_CA_FILE = authority.ca_file
        settings.NSADMIN_QDRANT_URL = f"https://{HOST}:{known}"
        collections.names(shared())


def test_a_dedicated_cluster_is_still_only_at_a_listed_address(
    servers: Servers, settings: Fixture, authority: Authority
) -> None:
    settings.NSADMIN_QDRANT_CA_FILE = authority.ca_file
    key = shared().api_key
    with tls_front(authority, urlsplit(servers.qdrant_url).port or 0) as port:
        settings.NSADMIN_CLUSTER_PORTS = [port]
        settings.NSADMIN_CLUSTER_HOSTS = []
        with pytest.raises(Invalid):
            collections.names(dedicated(f"https://{HOST}:{port}", key))
        settings.NSADMIN_CLUSTER_HOSTS = [f"{HOST}:{port}=*"]
        collections.names(dedicated(f"https://{HOST}:{port}", key))


def test_redis_is_trusted_by_the_file_alone(
    servers: Servers, settings: Fixture, authority: Authority
) -> None:
    with tls_front(authority, urlsplit(servers.redis_url).port or 0) as port:
        settings.NSADMIN_REDIS_URL = f"rediss://{HOST}:{port}/0"
        with pytest.raises(Unavailable):
            redis.check_writable()
        settings.NSADMIN_REDIS_CA_FILE = authority.ca_file
        redis.check_writable()


def test_the_cache_and_the_broker_trust_the_same_file(
    servers: Servers, authority: Authority
) -> None:
    with tls_front(authority, urlsplit(servers.redis_url).port or 0) as port:
        url = f"rediss://{HOST}:{port}/0"
        trusting = redis_url.tls_options(url, ca_file=authority.ca_file)
        strict = redis_url.tls_options(url)
        RedisCache(url, {"OPTIONS": trusting}).set("nsadmin-tls", 1, timeout=5)
        with pytest.raises(RedisConnectionError):
            RedisCache(url, {"OPTIONS": strict}).set("nsadmin-tls", 1, timeout=5)
        with Connection(url, ssl=trusting) as broker:
            broker.ensure_connection(max_retries=1)
        with Connection(url, ssl=strict) as broker, pytest.raises(OperationalError):
            broker.ensure_connection(max_retries=1, interval_start=0)


def test_files_without_certificates_are_refused_at_start(
    settings: Fixture, tmp_path: Path, authority: Authority
) -> None:
    settings.NSADMIN_QDRANT_CA_FILE = authority.ca_file
    assert ca_files() == []
    (tmp_path / "empty.pem").write_text("no certificate")
    settings.NSADMIN_MONGODB_CA_FILE = str(tmp_path / "empty.pem")
    settings.NSADMIN_REDIS_CA_FILE = str(tmp_path / "missing.pem")
    names = [found.msg.split()[0] for found in ca_files()]
    assert names == ["NSADMIN_MONGODB_CA_FILE", "NSADMIN_REDIS_CA_FILE"]
    assert {found.id for found in ca_files()} == {"nsadmin.E020"}

"""What is refused at start: addresses, and a Redis that drops keys."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis as driver
from django.core.exceptions import ImproperlyConfigured

from nsadmin import checks
from nsadmin.embedded.servers import redis
from nsadmin.embedded.supervision import ports
from nsadmin.store_checks import redis_server, store_addresses
from tests.conftest import Servers
from tests.embedded_servers import running


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("sentinel://a:26379;sentinel://b:26379", "redis+sentinel://"),
        ("redis+sentinel://a:26379", "no service"),
        ("redis+sentinel://a:26379/main/one", "database"),
        ("redis+sentinel://a:99999/main", "port"),
        ("redis+sentinel://a:26379,/main", "no host"),
        ("redis+sentinel://a/main?db=1", "option"),
        ("redis+sentinel://a/main?ssl_certfile=/x", "no TLS"),
        ("rediss+sentinel://a/main?ssl_foo=1", "not known"),
        ("rediss+sentinel://a/main?ssl_cert_reqs=maybe", "ssl_cert_reqs"),
        ("redis+sentinel://", "no service"),
        ("redis+sentinel:///main", "no host"),
        ("redis+sentinel://,/main", "no host"),
        ("redis+sentinel://a, b/main", "space"),
        ("redis+sentinel://a/main/0\n", "blank"),
        ("redis+sentinel://[::1/main", "no host"),
        ("redis+sentinel://h\u2100st/main", "no host"),
        (f"redis+sentinel://{'a' * 3000}/main", "no host"),
        (f"redis+sentinel://a/main/{'9' * 5000}", "database"),
        ("redis+sentinel://a/ma/in/0", "database"),
        ("redis://a:port/0", "cannot be read"),
        ("redis://a:99999/0", "cannot be read"),
        ("redis://[::1/0", "cannot be read"),
        ("redis://a/zero", "database"),
        ("redis+cluster://a:6379", "cluster"),
        ("rediss+cluster://a:6379", "cluster"),
        ("redis://a:6379,b:6379/0", "several hosts"),
        ("memcached://a", "redis://"),
        ("a:6379", "redis://"),
    ],
)
def test_other_kinds_of_redis_are_refused(settings: Any, url: str, word: str) -> None:
    settings.NSADMIN_REDIS_URL = url
    (found,) = store_addresses()
    assert found.id == "nsadmin.E021"
    assert word in found.msg


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "rediss://user:a,b@redis.example:6380/1?ssl_certfile=/x",
        "redis+sentinel://user:a%40b@one:26379,two/main/1?sentinel_password=x",
        "rediss+sentinel://one,[::1]:26380/main?ssl_certfile=/x",
        "redis+sentinel://:50%off#ñ@höst/my%20main/99?",
        "",
    ],
)
def test_one_server_or_sentinels_are_accepted(settings: Any, url: str) -> None:
    settings.NSADMIN_REDIS_URL = url
    assert store_addresses() == []


def test_an_authority_without_tls_is_a_mistake(settings: Any) -> None:
    settings.NSADMIN_REDIS_URL = "redis://redis.example:6379/0"
    settings.NSADMIN_REDIS_CA_FILE = "/etc/ca.pem"
    (found,) = store_addresses()
    assert "no TLS" in found.msg


@pytest.mark.parametrize("url", ["mongodb://h/db?w=0", "mongodb://u:p@ss@h:x/db"])
def test_an_address_of_mongodb_is_read_at_start(settings: Any, url: str) -> None:
    settings.NSADMIN_REDIS_URL = ""
    settings.NSADMIN_MONGODB_URL = url
    (found,) = store_addresses()
    assert found.id == "nsadmin.E022"
    assert "p@ss" not in found.msg


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://user:s3cret@a:x/main",
        "redis+sentinel://:p/x?s3cret@a/main",
        "redis+sentinel://a/main?sentinel_password=x&s3cret",
        "redis://user:s3cret@a:x/0",
        "redis://user:a:s3cret/0",
    ],
)
def test_no_fault_of_an_address_tells_its_password(settings: Any, url: str) -> None:
    settings.NSADMIN_REDIS_URL = url
    (found,) = store_addresses()
    assert "s3cret" not in f"{found.msg}{found.hint}"


@pytest.fixture
def server(_wired: None, servers: Servers) -> Any:
    """The Redis of the run; its policy is put back afterwards."""
    with driver.Redis.from_url(servers.redis_url) as client:
        yield client
        client.config_set("maxmemory-policy", "noeviction")


def test_a_redis_that_evicts_is_refused_at_start(server: Any, settings: Any) -> None:
    assert redis_server() == []
    server.config_set("maxmemory-policy", "allkeys-lru")
    (found,) = redis_server()
    assert found.id == "nsadmin.E023"
    assert "NSADMIN_REDIS_URL" in found.msg
    assert "allkeys-lru" in found.msg
    settings.NSADMIN_SECRET_KEY = "k" * 60
    settings.ALLOWED_HOSTS = ["nsadmin.example"]
    settings.NSADMIN_DATABASE_URL = "sqlite:///x"
    with pytest.raises(ImproperlyConfigured, match="allkeys-lru"):
        checks.refuse_to_serve_unready()
    server.config_set("maxmemory-policy", "noeviction")
    checks.refuse_to_serve_unready()


def test_a_redis_that_does_not_tell_is_a_warning(server: Any, settings: Any) -> None:
    server.acl_setuser(
        "quiet",
        enabled=True,
        passwords=["+secret"],
        categories=["+@all"],
        commands=["-info"],
        keys=["*"],
        reset=True,
    )
    address = settings.NSADMIN_REDIS_URL
    settings.NSADMIN_REDIS_URL = address.replace("://", "://quiet:secret@")
    try:
        (found,) = redis_server()
    finally:
        server.acl_deluser("quiet")
    assert found.id == "nsadmin.W023"


def test_a_node_of_a_cluster_is_refused(settings: Any, tmp_path: Path) -> None:
    port = ports.free_port()
    plain = redis.process(tmp_path / "node", port)
    # Its nodes talk over one more port, which is by 10,000 above it if it is not named.
    bus = str(ports.free_port(taken=[port]))
    cluster = ["--cluster-enabled", "yes", "--cluster-port", bus]
    node = replace(plain, argv=[*plain.argv, *cluster])
    with running(node, url=redis.url(port), port=port) as server:
        settings.NSADMIN_REDIS_URL = server.url
        assert [found.id for found in redis_server()] == ["nsadmin.E024"]


def test_a_redis_that_is_away_is_no_fault(settings: Any) -> None:
    for url in ("redis://127.0.0.1:9/0", ""):
        settings.NSADMIN_REDIS_URL = url
        assert redis_server() == []

"""Redis behind Sentinels: what finds the server, and goes on after it has died."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as driver
from django.core.cache import caches
from kombu import Connection
from kombu.exceptions import OperationalError
from limits import parse

from nsadmin.access.keys.allowances import Counter
from nsadmin.access.web.session_cache import SessionCache
from nsadmin.errors import Unavailable
from nsadmin.logs import without_secrets
from nsadmin.store_checks import redis_server
from nsadmin.stores import redis, redis_pool, redis_url
from tests.sentinel import (
    AWAY,
    PASSWORD,
    QUOTED,
    SENTINEL_PASSWORD,
    SERVICE,
    Watched,
    closed_pools,
    configured,
    running_sentinel,
)
from tests.tls_front import HOST, Authority, tls_front

_WITHIN_S = 30


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with running_sentinel(tmp_path_factory.mktemp("sentinel")) as made:
        yield made


@pytest.fixture
def _configured(watched: Watched, settings: Any) -> Iterator[None]:
    """The program with the Sentinel's address, as its settings are made from it."""
    with configured(watched.url, settings):
        yield


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with closed_pools():
        yield


def keys_at(port: int) -> set[str]:
    """What the server at a port holds in the database of the address."""
    with driver.Redis(HOST, port, password=PASSWORD, db=1) as client:
        return {key.decode() for key in client.scan_iter()}


def _until(work: Callable[[], Any]) -> Any:
    give_up = time.monotonic() + _WITHIN_S
    while True:
        try:
            return work()
        except (driver.RedisError, Unavailable):
            assert time.monotonic() < give_up, "It does not work again."
            time.sleep(0.1)


@pytest.mark.usefixtures("_configured")
def test_all_that_is_kept_in_redis_outlives_the_server(watched: Watched) -> None:
    counter = Counter(watched.url, "")
    url, options, tls = redis_pool.broker_settings(watched.url, ca_file="")
    with Connection(url, transport_options=options, ssl=tls) as broker:
        queue = broker.SimpleQueue("letters")

        def use(word: str) -> None:
            redis.check_writable()
            assert redis.claim(word, milliseconds=60_000)
            caches["default"].set(word, word, timeout=60)
            caches["sessions"].set(f"session-{word}", word, timeout=60)
            assert counter.spend(parse("9/hour"), word) is not None
            queue.put(word)
            letter = queue.get(timeout=5)
            letter.ack()
            assert letter.payload == word

        use("before")
        first = watched.primary()
        names = " ".join(keys_at(first))
        for part in ("claim:before", ":session-before", "limits", ":1:before"):
            assert part in names
        assert not redis_server()

        watched.kill_primary()
        with pytest.raises(Unavailable):
            redis.check_writable()
        watched.wait_for_another(first)
        _until(redis.check_writable)
        SessionCache._skip_until = 0.0
        queue.close()
        broker.close()
        broker.ensure_connection(max_retries=20, interval_max=1)
        queue = broker.SimpleQueue("letters")
        use("after")
        assert caches["default"].get("before") == "before"  # the copy has it
        assert "session-after" in " ".join(keys_at(watched.primary()))

    watched.bring_back(first)
    _until(redis.check_writable)


@pytest.mark.usefixtures("_configured")
def test_a_service_that_no_sentinel_knows_is_told(
    watched: Watched, settings: Any
) -> None:
    settings.NSADMIN_REDIS_URL = watched.url.replace(f"/{SERVICE}/", "/other/")
    with pytest.raises(Unavailable, match="No Sentinel that answers names a server"):
        redis.check_writable()
    (found,) = redis_server()
    assert found.id == "nsadmin.W025"


@pytest.mark.usefixtures("_configured")
@pytest.mark.parametrize(
    ("part", "instead", "said"),
    [
        (f":{QUOTED}@", ":another@", "Redis refuses the credentials of nsadmin."),
        (f":{QUOTED}@", "", "Redis refuses the credentials of nsadmin."),
        ("/main/1", "/main/99", "Redis has no database of the number in its address."),
        (SENTINEL_PASSWORD, "another", redis.NO_PRIMARY),
        (f"?sentinel_password={SENTINEL_PASSWORD}", "", redis.NO_PRIMARY),
    ],
)
def test_what_redis_refuses_is_told_in_a_sentence(
    watched: Watched, settings: Any, part: str, instead: str, said: str
) -> None:
    assert part in watched.url
    settings.NSADMIN_REDIS_URL = watched.url.replace(part, instead)
    with pytest.raises(Unavailable) as away:
        redis.check_writable()
    assert str(away.value) == said
    (found,) = redis_server()
    assert found.msg == said
    assert found.id == ("nsadmin.W025" if said == redis.NO_PRIMARY else "nsadmin.W026")


@pytest.mark.usefixtures("_configured")
def test_a_server_in_the_place_of_a_sentinel_is_told(
    watched: Watched, settings: Any
) -> None:
    url = watched.url.replace(f":{watched.sentinel_port}/", f":{watched.primary()}/")
    settings.NSADMIN_REDIS_URL = url.replace(SENTINEL_PASSWORD, QUOTED)
    with pytest.raises(Unavailable, match="No Sentinel that answers names a server"):
        redis.check_writable()


def test_a_sentinel_in_the_place_of_a_server_is_told(
    watched: Watched, settings: Any
) -> None:
    place = f"{HOST}:{watched.sentinel_port}"
    settings.NSADMIN_REDIS_URL = f"redis://:{SENTINEL_PASSWORD}@{place}/0"
    (found,) = redis_server()
    assert found.id == "nsadmin.W026"
    assert "names a Sentinel" in found.msg


def test_a_log_names_a_sentinel_by_host_and_port(watched: Watched) -> None:
    url = watched.url.replace(SENTINEL_PASSWORD, "another")
    address, options, _ = redis_pool.broker_settings(url, ca_file="")
    with (
        Connection(address, transport_options=options) as broker,
        pytest.raises(OperationalError) as away,
    ):
        broker.ensure_connection(max_retries=1)
    line = without_secrets(None, "", {"event": f"no broker: {away.value}"})
    first, _, second = line["event"].partition(", ")
    assert first.startswith(f"no broker: No master found for 'main' : {AWAY} - ")
    assert second.startswith(f"{HOST}:{watched.sentinel_port} - ")
    assert "redis.client" not in line["event"]


def test_the_sentinel_and_the_server_are_asked_with_tls(
    watched: Watched, tmp_path: Path
) -> None:
    authority = Authority.make(tmp_path)
    server = watched.primary()
    with tls_front(authority, server) as front:
        # The Sentinel says the port of the front, as it does where all have TLS.
        said = {f"\r\n{server}\r\n".encode(): f"\r\n{front}\r\n".encode()}
        with tls_front(authority, watched.sentinel_port, replaced=said) as sentinel:
            plain = f"{HOST}:{watched.sentinel_port}/"
            url = watched.url.replace(plain, f"{HOST}:{sentinel}/")
            url = url.replace("redis+sentinel://", "rediss+sentinel://")
            trusting = redis_pool.pool(url, ca_file=authority.ca_file)
            with driver.Redis.from_pool(trusting) as client:
                assert client.set("with-tls", 1)
                assert client.connection_pool is trusting
            with (
                driver.Redis.from_pool(redis_pool.pool(url, ca_file="")) as client,
                pytest.raises(driver.RedisError),
            ):
                client.ping()
            address, options, tls = redis_pool.broker_settings(
                url, ca_file=authority.ca_file
            )
            with Connection(address, transport_options=options, ssl=tls) as broker:
                broker.ensure_connection(max_retries=1)
    assert "with-tls" in keys_at(server)


def test_the_system_finds_a_broker_whose_host_vanished(watched: Watched) -> None:
    url, options, tls = redis_pool.broker_settings(watched.url, ca_file="")
    with Connection(url, transport_options=options, ssl=tls) as broker:
        channel: Any = broker.default_channel
        pool = channel.pool
        opened = pool.get_connection()
        try:
            kept = opened._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle_s = opened._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        finally:
            pool.release(opened)
    assert kept
    assert idle_s == 10


def test_an_address_is_read_with_all_its_parts() -> None:
    found = redis_url.sentinels(
        f"rediss+sentinel://me:{QUOTED}@[::1]:1,b,c:3/my%20main"
        "?sentinel_username=s&sentinel_password=x%26y&ssl_check_hostname=false"
    )
    assert found.nodes == (("::1", 1), ("b", 26379), ("c", 3))
    assert (found.service, found.database, found.has_tls) == ("my main", 0, True)
    assert found.login == {"username": "me", "password": PASSWORD}
    assert found.sentinel_login == {"username": "s", "password": "x&y"}
    assert found.options == {"ssl_check_hostname": False}
    assert PASSWORD not in repr(found)
    assert "x&y" not in repr(found)


def test_the_broker_has_every_sentinel_and_its_password_is_not_told() -> None:
    url = f"redis+sentinel://:{QUOTED}@{AWAY},b/main/2"
    address, options, _ = redis_pool.broker_settings(url, ca_file="")
    broker = Connection(address, transport_options=options)
    assert len(broker.alt) == 2
    assert (broker.hostname, broker.port, broker.virtual_host) == (HOST, 9, "2")
    assert broker.password == PASSWORD
    assert options["master_name"] == "main"
    assert "word" not in broker.as_uri()

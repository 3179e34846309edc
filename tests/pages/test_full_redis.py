"""A Redis that is full answers reads and pings, and refuses every write."""

from pathlib import Path

import pytest
import redis as driver
from django.test.signals import setting_changed

from nsadmin.errors import Unavailable
from nsadmin.stores import redis
from tests.embedded_servers import running_redis


@pytest.fixture(scope="module")
def full_url(tmp_path_factory):
    """The address of a real Redis at its memory limit."""
    folder: Path = tmp_path_factory.mktemp("full")
    with running_redis(folder) as server:
        client = driver.Redis.from_url(server.url)
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        yield server.url
        client.close()


@pytest.fixture
def full(cast, settings, full_url):
    """The program with that Redis."""

    def point(url: str) -> None:
        settings.NSADMIN_REDIS_URL = url
        for cache in settings.CACHES.values():
            cache["LOCATION"] = url
        setting_changed.send(sender=None, setting="CACHES", value=None, enter=True)

    before = settings.NSADMIN_REDIS_URL
    point(full_url)
    yield
    point(before)


def test_it_is_not_ready_and_says_why(client, full):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "silent": ["redis"],
        "reasons": {"redis": "Redis refuses writes."},
    }
    assert client.get("/healthz").status_code == 200


def test_it_answers_reads_all_the_same(full):
    assert redis.client().ping()
    assert redis.client().get("nsadmin:ready") is None
    with pytest.raises(Unavailable):
        redis.check_writable()


def test_the_probe_leaves_nothing_for_long(stores):
    redis.check_writable()
    assert 0 < redis.client().pttl("nsadmin:ready") <= 5000


def test_sign_in_says_that_redis_refuses_writes(client, full):
    client.get("/accounts/login/")
    form = {"login": "nobody@northlight.example", "password": "not the password"}
    response = client.post("/accounts/login/", form)
    assert response.status_code == 503
    assert b"Redis refuses writes; it may be full." in response.content


def test_the_api_answers_without_a_limit_rather_than_not_at_all(client, full, cast):
    bearer = {"Authorization": "Bearer sk_unknown"}
    response = client.post(
        "/v1/namespaces/list", {}, content_type="application/json", headers=bearer
    )
    assert response.status_code == 401

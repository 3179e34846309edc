"""A lock that ends by itself, with Redis and without it."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from nsadmin.stores import redis


@pytest.fixture(params=["redis", "redis away"])
def key(request, stores, settings):
    """A key that nobody has used."""
    if request.param == "redis away":
        settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    return f"test:{uuid4().hex}"


def test_one_of_a_crowd_gets_it(key):
    with ThreadPoolExecutor(12) as pool:
        got = pool.map(lambda _: redis.claim(key, milliseconds=20_000), range(24))
    assert list(got).count(True) == 1
    redis.release(key)
    assert redis.claim(key, milliseconds=20_000)


def test_it_ends_by_itself(key):
    assert redis.claim(key, milliseconds=100)
    time.sleep(0.15)
    assert redis.claim(key, milliseconds=100)

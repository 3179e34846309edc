"""Redis: short-lived locks for single flight, and whether it answers."""

from functools import lru_cache

import redis
from django.conf import settings

from nsadmin.errors import Unavailable


@lru_cache(maxsize=4)
def _connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)


def client() -> redis.Redis:
    """Return the shared client of this process."""
    return _connect(settings.NSADMIN_REDIS_URL)


def ping() -> None:
    """Raise Unavailable unless Redis answers."""
    try:
        client().ping()
    except redis.RedisError:
        raise Unavailable(
            "Redis does not answer.", details={"store": "redis"}
        ) from None


def claim(key: str, *, milliseconds: int) -> bool:
    """Take a lock that ends by itself; True for the one caller that got it.

    With Redis away everybody gets it: doing the work twice is the safe side.
    """
    try:
        return bool(
            client().set(f"nsadmin:claim:{key}", b"1", nx=True, px=milliseconds)
        )
    except redis.RedisError:
        return True


def release(key: str) -> None:
    """Give the lock back early, so that the next caller need not wait for its end."""
    try:
        client().delete(f"nsadmin:claim:{key}")
    except redis.RedisError:
        return

"""Redis: short-lived locks for single flight, and whether it answers."""

import threading
import time
from functools import lru_cache

import redis
from django.conf import settings

from nsadmin.errors import Unavailable


class _Claims:
    """The locks of this process, for as long as there are no others."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def claim(self, key: str, seconds: float) -> bool:
        now = time.monotonic()
        with self._lock:
            if self._until.get(key, 0.0) > now:
                return False
            self._until = {k: end for k, end in self._until.items() if end > now}
            self._until[key] = now + seconds
            return True

    def release(self, key: str) -> None:
        with self._lock:
            self._until.pop(key, None)


_here = _Claims()


@lru_cache(maxsize=4)
def _connect(url: str) -> redis.Redis:
    # A crowd waits for its turn; all dialling at once would look like a silent server.
    pool = redis.BlockingConnectionPool.from_url(
        url, max_connections=32, timeout=2, socket_timeout=2, socket_connect_timeout=1
    )
    return redis.Redis.from_pool(pool)


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

    With Redis away one caller of each process gets it: doing the work twice is the safe
    side, doing it for each of a crowd is not.
    """
    try:
        return bool(
            client().set(f"nsadmin:claim:{key}", b"1", nx=True, px=milliseconds)
        )
    except redis.RedisError:
        return _here.claim(key, milliseconds / 1000)


def release(key: str) -> None:
    """Give the lock back early, so that the next caller need not wait for its end."""
    _here.release(key)
    try:
        client().delete(f"nsadmin:claim:{key}")
    except redis.RedisError:
        return

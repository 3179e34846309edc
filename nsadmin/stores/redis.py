"""The Redis client, and locks that expire, so that one caller does a piece of work."""

import threading
import time
from functools import lru_cache

import redis
from django.conf import settings
from redis.sentinel import MasterNotFoundError

from nsadmin.errors import Unavailable
from nsadmin.stores import redis_pool

# Why Redis does not answer: Sentinels are away, or do not know the service.
NO_PRIMARY = "No Sentinel that answers names a server that takes writes."
AWAY = "Redis does not answer."
_CREDENTIALS = "Redis refuses the credentials of nsadmin."
_NO_DATABASE = "Redis has no database of the number in its address."
_IS_SENTINEL = "The address of Redis names a Sentinel as if it were a server."
# What Redis says of a database; it has no code of its own.
_OUT_OF_RANGE = "DB index is out of range"
_PROBE_MS = 5000


class _LocalClaims:
    """Locks within this process, used while Redis does not answer."""

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


_local_claims = _LocalClaims()


@lru_cache(maxsize=4)
def _connect(url: str, ca_file: str) -> redis.Redis:
    pool = redis_pool.pool(
        url,
        ca_file=ca_file,
        max_connections=32,
        timeout=2,
        socket_timeout=2,
        socket_connect_timeout=1,
    )
    return redis.Redis.from_pool(pool)


def client() -> redis.Redis:
    """Return the shared client of this process."""
    return _connect(settings.NSADMIN_REDIS_URL, settings.NSADMIN_REDIS_CA_FILE)


def check_writable() -> None:
    """Write a key that soon expires; raise Unavailable if Redis does not take it.

    A full Redis answers a ping, but neither jobs nor sign-in work.
    """
    try:
        client().set("nsadmin:ready", b"1", px=_PROBE_MS)
    except redis.ResponseError as refusal:
        is_placed = str(refusal) != _OUT_OF_RANGE
        message = "Redis refuses writes." if is_placed else _NO_DATABASE
        raise _unavailable(message) from None
    except redis.RedisError as fault:
        raise _away(fault) from None


def memory_policy() -> tuple[str, bool]:
    """Return what Redis does when its memory is full, and whether it is a cluster.

    The policy is "" if the server does not tell. Raises Unavailable if Redis does not
    answer, or refuses what its address says.
    """
    try:
        told = client().info()
    except redis.ResponseError as refusal:
        if str(refusal) == _OUT_OF_RANGE:
            raise _unavailable(_NO_DATABASE) from None
        return "", False  # a server may refuse INFO to this user
    except redis.RedisError as fault:
        raise _away(fault) from None
    found = told if isinstance(told, dict) else {}
    if "sentinel" in (found.get("redis_mode"), found.get("server_mode")):
        raise _unavailable(_IS_SENTINEL)
    is_cluster = str(found.get("cluster_enabled", 0)) == "1"
    return str(found.get("maxmemory_policy", "")), is_cluster


def _away(fault: redis.RedisError) -> Unavailable:
    if isinstance(fault, MasterNotFoundError):
        return _unavailable(NO_PRIMARY)
    if isinstance(fault, redis.AuthenticationError):
        return _unavailable(_CREDENTIALS)
    return _unavailable(AWAY)


def _unavailable(message: str) -> Unavailable:
    return Unavailable(message, details={"store": "redis"})


def claim(key: str, *, milliseconds: int) -> bool:
    """Take a lock that expires; True for the one caller that gets it.

    While Redis does not answer, one caller in each process gets the lock: doing the
    work once per process is acceptable, doing it once per request is not.
    """
    try:
        return bool(
            client().set(f"nsadmin:claim:{key}", b"1", nx=True, px=milliseconds)
        )
    except redis.RedisError:
        return _local_claims.claim(key, milliseconds / 1000)


def release(key: str) -> None:
    """Release the lock before it expires."""
    _local_claims.release(key)
    try:
        client().delete(f"nsadmin:claim:{key}")
    except redis.RedisError:
        return

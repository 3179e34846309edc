"""Requests counted in Redis against a limit, by subject: a key, an address or more.

While Redis does not answer, nothing is counted.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from nsadmin.stores import redis_pool

_TIMEOUT_S = 0.25
# After a failure, skip Redis for this long.
_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """The requests left in this window; `resets_at` in seconds since 1970."""

    limit: int
    remaining: int
    resets_at: int
    window: int
    is_within: bool = True


class Counter:
    """Counts requests in one Redis."""

    def __init__(self, url: str, ca_file: str) -> None:
        pool = redis_pool.pool(
            url,
            ca_file=ca_file,
            timeout=_TIMEOUT_S,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
        )
        # The storage reads no more of an address than its first word, given a pool.
        storage = RedisStorage(
            "redis://", connection_pool=pool, key_prefix="nsadmin:limits"
        )
        self._limiter = FixedWindowRateLimiter(storage)
        self._silent_until = 0.0

    def spend(self, item: RateLimitItem, *subject: str) -> Allowance | None:
        """Count one request of a subject; None while Redis does not answer."""
        if time.monotonic() < self._silent_until:
            return None
        try:
            allowed = self._limiter.hit(item, *subject)
            resets_at, remaining = self._limiter.get_window_stats(item, *subject)
        except RedisError:
            self._silent_until = time.monotonic() + _PAUSE_S
            return None
        window = item.get_expiry()
        return Allowance(item.amount, remaining, ceil(resets_at), window, allowed)


@lru_cache(maxsize=4)
def _counter(url: str, ca_file: str) -> Counter:
    return Counter(url, ca_file)


def spend(limit: str, *subject: str) -> Allowance | None:
    """Count one request of a subject against a limit such as `600/minute`."""
    counter = _counter(settings.NSADMIN_REDIS_URL, settings.NSADMIN_REDIS_CA_FILE)
    return counter.spend(parse(limit), *subject)

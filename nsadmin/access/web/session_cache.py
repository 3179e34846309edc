"""The session cache in Redis, which tolerates an outage of Redis.

While Redis is away, sessions are read from their database rows. Deleting is not
tolerant: signing out fails while the cached session cannot be removed.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

# After a timeout, skip Redis for this long.
_SKIP_S = 5.0


class SessionCache(RedisCache):
    """Redis while it answers, an empty cache otherwise."""

    _skip_until = 0.0

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return the value; the default if Redis does not answer."""
        call = partial(super().get, key, default, version)
        return self._try(call, otherwise=default)

    def set(
        self,
        key: str,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Store the value, or do nothing if Redis does not answer."""
        call = partial(super().set, key, value, timeout, version)
        self._try(call, otherwise=None)

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Tell whether the key exists; False if Redis does not answer."""
        call = partial(super().has_key, key, version)
        return bool(self._try(call, otherwise=False))

    # Django makes one cache per thread; the outage is remembered for the process.
    @classmethod
    def _try(cls, call: Callable[[], Any], *, otherwise: Any) -> Any:
        if time.monotonic() < cls._skip_until:
            return otherwise
        try:
            return call()
        except RedisError:
            cls._skip_until = time.monotonic() + _SKIP_S
            return otherwise

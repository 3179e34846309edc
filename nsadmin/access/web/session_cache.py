"""The cache of sessions, which may be away: then each is read from its row.

Only what lies there for speed is forgiven. What has to leave it must, so signing out
fails while that cannot be done.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

# Who has waited once for a server that is silent does not again for so long.
_SPARED_S = 5.0


class SessionCache(RedisCache):
    """Redis while it answers, an empty cache while it does not."""

    _away_until = 0.0

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return the value; the default where nobody answers."""
        ask = partial(super().get, key, default, version)
        return self._told(ask, otherwise=default)

    def set(
        self,
        key: str,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Keep the value if somebody takes it."""
        ask = partial(super().set, key, value, timeout, version)
        self._told(ask, otherwise=None)

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Tell whether there is one; not where nobody answers."""
        ask = partial(super().has_key, key, version)
        return bool(self._told(ask, otherwise=False))

    # Django makes a cache for each thread; all of a process share what they know.
    @classmethod
    def _told(cls, ask: Callable[[], Any], *, otherwise: Any) -> Any:
        if time.monotonic() < cls._away_until:
            return otherwise
        try:
            return ask()
        except RedisError:
            cls._away_until = time.monotonic() + _SPARED_S
            return otherwise

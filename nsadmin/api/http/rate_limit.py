"""How often somebody may ask: counted in Redis, by key; by address for the keyless.

Without Redis everybody is let through: a limit is a courtesy, not a lock.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from nsadmin.errors import RateLimited

_PATIENCE_S = 0.25
_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left in this window; `resets_at` in seconds since 1970."""

    limit: int
    remaining: int
    resets_at: int
    window: int

    def headers(self) -> dict[str, str]:
        """Return the four headers that tell the caller."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
            "X-RateLimit-Window": str(self.window),
        }


class Counter:
    """Counts in one Redis; after a failure it is not asked for five seconds."""

    def __init__(self, url: str) -> None:
        storage = RedisStorage(
            url,
            key_prefix="nsadmin:limits",
            socket_timeout=_PATIENCE_S,
            socket_connect_timeout=_PATIENCE_S,
        )
        self._limiter = FixedWindowRateLimiter(storage)
        self._silent_until = 0.0

    def spend(self, item: RateLimitItem, *who: str) -> tuple[bool, Allowance] | None:
        """Count one request; None if Redis is away."""
        if time.monotonic() < self._silent_until:
            return None
        try:
            allowed = self._limiter.hit(item, *who)
            resets_at, remaining = self._limiter.get_window_stats(item, *who)
        except RedisError:
            self._silent_until = time.monotonic() + _PAUSE_S
            return None
        window = item.get_expiry()
        return allowed, Allowance(item.amount, remaining, ceil(resets_at), window)


@lru_cache(maxsize=4)
def _counter(url: str) -> Counter:
    return Counter(url)


def spend(request: HttpRequest, *who: str) -> None:
    """Count this request for somebody, or raise RateLimited."""
    item = parse(settings.NSADMIN_RATE_LIMIT)
    counted = _counter(settings.NSADMIN_REDIS_URL).spend(item, *who)
    if counted is None:
        return
    allowed, allowance = counted
    request.allowance = allowance  # type: ignore[attr-defined]
    if not allowed:
        left = allowance.resets_at - int(time.time())
        wait = min(max(left, 1), allowance.window)
        raise RateLimited(
            f"At most {allowance.limit:,} requests in {allowance.window:,} seconds; "
            f"try again in {wait:,} seconds.",
            details={
                "limit": allowance.limit,
                "window": allowance.window,
                "retry_after": wait,
            },
        )


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; behind a trusted proxy, the one that it saw."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.NSADMIN_TRUST_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))

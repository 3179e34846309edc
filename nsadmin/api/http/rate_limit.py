"""Rate limits: requests counted in Redis by API key, or by address without one.

While Redis does not answer, every request is let through.
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

    def headers(self) -> dict[str, str]:
        """Return the four response headers."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at),
            "X-RateLimit-Window": str(self.window),
        }


class Counter:
    """Counts requests in one Redis."""

    def __init__(self, url: str) -> None:
        storage = RedisStorage(
            url,
            key_prefix="nsadmin:limits",
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
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
def _counter(url: str) -> Counter:
    return Counter(url)


def spend(request: HttpRequest, *subject: str) -> None:
    """Count this request for a key or address; raise RateLimited beyond the limit."""
    allowance = _spend(settings.NSADMIN_RATE_LIMIT, *subject)
    if allowance is not None:
        request.allowance = allowance  # type: ignore[attr-defined]
        _require(allowance)


def spend_of_organization(request: HttpRequest, organization_id: str) -> None:
    """Count this request for its organization; raise RateLimited beyond the limit.

    An organization could raise its limit with more keys otherwise. The headers of an
    answer are those of the key, unless the organization's limit is reached.
    """
    limit = settings.NSADMIN_ORGANIZATION_RATE_LIMIT
    allowance = _spend(limit, "organization", organization_id)
    if allowance is not None and not allowance.is_within:
        request.allowance = allowance  # type: ignore[attr-defined]
        _require(allowance)


def _spend(limit: str, *subject: str) -> Allowance | None:
    return _counter(settings.NSADMIN_REDIS_URL).spend(parse(limit), *subject)


def _require(allowance: Allowance) -> None:
    if not allowance.is_within:
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

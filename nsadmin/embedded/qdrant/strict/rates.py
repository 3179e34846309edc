"""Rate limits: tokens per minute and collection, for reads and for writes."""

import math
import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.errors import too_many
from nsadmin.embedded.qdrant.strict.conditions import conditions_of
from nsadmin.embedded.qdrant.strict.rules import rules_of

BASE_COST = 1


@dataclass(slots=True)
class _Bucket:
    """Tokens that refill evenly up to a minute's worth."""

    capacity: int
    tokens: float
    since: float

    def refill(self) -> None:
        now = time.monotonic()
        gained = (now - self.since) * self.capacity / 60
        self.tokens, self.since = min(self.capacity, self.tokens + gained), now


class RateLimiter:
    """The buckets of all collections; a changed limit begins with a full one."""

    def __init__(self) -> None:
        self._buckets: WeakKeyDictionary[Collection, dict[str, _Bucket]]
        self._buckets = WeakKeyDictionary()

    def spend(self, collection: Collection, kind: str, cost: int) -> None:
        """Take tokens from the bucket of `read` or `write`, or refuse with 429."""
        limit = rules_of(collection).get(f"{kind}_rate_limit")
        if limit is None:
            return
        bucket = self._bucket(collection, kind, limit)
        word = kind.capitalize()
        if cost > limit:
            text = "request larger than rate limiter capacity"
            remedy = "please try to split your request"
            raise too_many(f"{word} rate limit exceeded, {text}, {remedy}", None)
        if bucket.tokens < cost:
            wait = math.ceil((cost - bucket.tokens) * 60 / limit)
            raise too_many(
                f"{word} rate limit exceeded: Operation requires {cost} tokens but only"
                f" {bucket.tokens:.1f} were available. Retry after {wait}s",
                wait,
            )
        bucket.tokens -= cost

    def _bucket(self, collection: Collection, kind: str, limit: int) -> _Bucket:
        buckets = self._buckets.setdefault(collection, {})
        bucket = buckets.get(kind)
        if bucket is None or bucket.capacity != limit:
            bucket = buckets[kind] = _Bucket(limit, float(limit), time.monotonic())
        bucket.refill()
        return bucket


def read_cost(body: Json) -> int:
    """The tokens of a read: one, and one for each condition and nested search."""
    stated = body.get("filter")
    cost = BASE_COST + (conditions_of(stated).count if isinstance(stated, dict) else 0)
    nested = body.get("prefetch") or []
    if not nested:
        return cost
    below = nested if isinstance(nested, list) else [nested]
    return cost + sum(read_cost(item) for item in below if isinstance(item, dict))

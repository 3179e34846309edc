"""Short-lived texts in Redis, and who is being looked at. Losing them costs a question.

While Redis is away nothing is kept or watched; callers then ask the source.
"""

import time
from collections.abc import Iterable, Sequence

import redis

from nsadmin.stores.redis import client

_WATCHED = "nsadmin:watched"


def _key(name: str) -> str:
    return f"nsadmin:hint:{name}"


def store(name: str, text: str, *, seconds: float) -> None:
    """Keep a text for that long."""
    try:
        client().set(_key(name), text, px=round(seconds * 1000))
    except redis.RedisError:
        return


def load(name: str) -> str | None:
    """Return the text, or None where there is none any more."""
    try:
        found = client().get(_key(name))
    except redis.RedisError:
        return None
    return found.decode() if isinstance(found, bytes) else None


def drop(names: Iterable[str]) -> None:
    """Forget texts before their end."""
    keys = [_key(name) for name in names]
    try:
        if keys:
            client().delete(*keys)
    except redis.RedisError:
        return


def watch(name: str, *, seconds: float) -> None:
    """Record that a person views this, for so many seconds."""
    try:
        client().zadd(_WATCHED, {name: time.time() + seconds})
    except redis.RedisError:
        return


def kept_and_watched(name: str, looked_at: str) -> tuple[str | None, float]:
    """Return a text, and for how many seconds more `looked_at` counts as such."""
    try:
        with client().pipeline(transaction=False) as both:
            both.get(_key(name))
            both.zscore(_WATCHED, looked_at)
            text, until = both.execute()
    except redis.RedisError:
        return None, 0.0
    left = max(0.0, until - time.time()) if isinstance(until, float) else 0.0
    return (text.decode() if isinstance(text, bytes) else None), left


def watched() -> set[str]:
    """Return what is being viewed; forget entries whose time is over."""
    now = time.time()
    try:
        client().zremrangebyscore(_WATCHED, "-inf", now)
        found = client().zrange(_WATCHED, 0, -1)
    except redis.RedisError:
        return set()
    names: Sequence[object] = found if isinstance(found, list) else []
    return {name.decode() for name in names if isinstance(name, bytes)}

"""Short-lived texts in Redis, and the names of namespaces that pages show now.

While Redis does not answer, nothing is stored and no namespace counts as watched;
callers then ask the source of the data.
"""

import time
from collections.abc import Iterable, Sequence

import redis

from nsadmin.stores.redis import client

_WATCHED = "nsadmin:watched"


def _key(name: str) -> str:
    return f"nsadmin:hint:{name}"


def store(name: str, text: str, *, seconds: float) -> None:
    """Store a text for a number of seconds."""
    try:
        client().set(_key(name), text, px=round(seconds * 1000))
    except redis.RedisError:
        return


def load(name: str) -> str | None:
    """Return the text; None if it expired or was never stored."""
    try:
        found = client().get(_key(name))
    except redis.RedisError:
        return None
    return found.decode() if isinstance(found, bytes) else None


def drop(names: Iterable[str]) -> None:
    """Delete texts before they expire."""
    keys = [_key(name) for name in names]
    try:
        if keys:
            client().delete(*keys)
    except redis.RedisError:
        return


def increment(name: str, *, seconds: int) -> int:
    """Add one to a number that is forgotten after its time; return its new value.

    Returns 0 while Redis does not answer.
    """
    try:
        with client().pipeline() as both:
            both.set(_key(name), 0, ex=seconds, nx=True)
            both.incr(_key(name))
            return int(both.execute()[1])
    except redis.RedisError:
        return 0


def watch(name: str, *, seconds: float) -> None:
    """Mark a name as watched for a number of seconds from now."""
    try:
        client().zadd(_WATCHED, {name: time.time() + seconds})
    except redis.RedisError:
        return


def load_with_watch_time(name: str, watched_name: str) -> tuple[str | None, float]:
    """Return a text, and for how many more seconds the other name is watched."""
    try:
        with client().pipeline(transaction=False) as both:
            both.get(_key(name))
            both.zscore(_WATCHED, watched_name)
            text, until = both.execute()
    except redis.RedisError:
        return None, 0.0
    left = max(0.0, until - time.time()) if isinstance(until, float) else 0.0
    return (text.decode() if isinstance(text, bytes) else None), left


def watched() -> set[str]:
    """Return the watched names; delete those whose time is over."""
    now = time.time()
    try:
        client().zremrangebyscore(_WATCHED, "-inf", now)
        found = client().zrange(_WATCHED, 0, -1)
    except redis.RedisError:
        return set()
    names: Sequence[object] = found if isinstance(found, list) else []
    return {name.decode() for name in names if isinstance(name, bytes)}

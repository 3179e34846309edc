"""What this process has learned about the limits of collections and clusters.

Most collections have no strict mode, so their limits are asked for only after a refusal
and are remembered for a minute. The same holds for the largest body that a cluster, or
a proxy before it, takes.
"""

import time
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.conf import settings

from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import strict_mode
from nsadmin.stores.qdrant.bulk.strict_mode import StrictMode
from nsadmin.stores.qdrant.cluster import Cluster

Key = TypeVar("Key")
Value = TypeVar("Value")

_REMEMBERED_S: Final = 60.0
_MOST_ENTRIES: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Value]):
    value: Value
    until: float


class _Memory(Generic[Key, Value]):
    """Values by their key, each for _REMEMBERED_S; the oldest make room."""

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry[Value]] = {}

    def get(self, key: Key) -> Value | None:
        entry = self._entries.get(key)
        return entry.value if entry and entry.until > time.monotonic() else None

    def put(self, key: Key, value: Value) -> None:
        entries = dict(self._entries)  # replaced whole: other threads read it meanwhile
        entries.pop(key, None)
        while len(entries) >= _MOST_ENTRIES:
            entries.pop(next(iter(entries)))
        entries[key] = _Entry(value, time.monotonic() + _REMEMBERED_S)
        self._entries = entries


_rules: _Memory[tuple[str, str], StrictMode] = _Memory()
_bodies: _Memory[str, int] = _Memory()


def known(cluster: Cluster, name: str) -> StrictMode:
    """Return the limits of a collection as far as they are known, without asking."""
    return _rules.get((cluster.url, name)) or strict_mode.NONE


def learn(cluster: Cluster, name: str) -> StrictMode:
    """Ask a collection for its limits and remember them."""
    live = collections.get(cluster, name)
    rules = strict_mode.NONE if live is None else strict_mode.read(live.raw)
    remember(cluster, name, rules)
    return rules


def remember(cluster: Cluster, name: str, rules: StrictMode) -> None:
    """Remember the limits of a collection that was just read."""
    _rules.put((cluster.url, name), rules)


def batch_bytes(cluster: Cluster) -> int:
    """Return the size in bytes of a body to aim at: half of what the cluster takes."""
    half = int(settings.NSADMIN_QDRANT_MAX_BODY_BYTES) // 2
    return min(half, _bodies.get(cluster.url) or half)


def refuse_body(cluster: Cluster, size: int) -> None:
    """Remember that a cluster did not take a body of this many bytes."""
    _bodies.put(cluster.url, max(1, min(size // 2, batch_bytes(cluster))))

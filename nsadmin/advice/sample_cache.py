"""The cache of inferred types, renewed by one request at a time.

Of simultaneous requests for a namespace only one samples it; the others get the cached
types, if there are any.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from nsadmin.advice import sample
from nsadmin.advice.infer import Inference, infer
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis

# A younger sample is not renewed.
FRESH = timedelta(minutes=5)
_KEPT = timedelta(days=1)
_MAX_KEPT = 500
# One renewal at a time; after a failure the next waits for this long.
_FLIGHT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Sampled:
    """The known types of fields; `at` is the time of the oldest sample among them."""

    inferences: Mapping[str, Inference] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime
    inference: Inference

    def is_older_than(self, age: timedelta) -> bool:
        return timezone.now() - self.at >= age


def fresh(namespace: Namespace, fields: Sequence[str]) -> dict[str, Inference]:
    """Sample now, without the cache. Raises Unavailable if Qdrant does not answer."""
    kept = _renew(namespace, _read(namespace.namespace_id), fields)
    return {name: kept[name].inference for name in fields}


def typed_first(
    namespace_id: str, fields: Sequence[str], *, age: timedelta = timedelta(0)
) -> list[str]:
    """Return the fields, moving those without an inferred type to the end.

    A field whose sample is younger than `age` is not moved. Reports may name fields
    that no payload has; these must not use up the limited number of samples.
    """
    kept = _read(namespace_id)

    def is_hopeless(name: str) -> bool:
        entry = kept.get(name)
        if entry is None or entry.inference.type is not None:
            return False
        return entry.is_older_than(age)

    return sorted(fields, key=is_hopeless)


def cached(namespace_id: str, fields: Collection[str]) -> Sampled:
    """Return the cached types, without asking Qdrant."""
    return _select(_read(namespace_id), fields)


def sampled(
    namespace: Namespace, fields: Sequence[str], *, others: Collection[str] = ()
) -> Sampled:
    """Return the cached types, renewed if old and if no other request renews them.

    Types of `others` are returned as cached, never renewed. Raises Unavailable if
    Qdrant does not answer.
    """
    key = namespace.namespace_id
    kept = _read(key)
    names = {*fields, *others}
    if not _stale_fields(kept, fields):
        return _select(kept, names)
    flight = f"sample:{key}"
    if redis.claim(flight, milliseconds=_FLIGHT_MS):
        kept = _read(key)
        kept = _renew(namespace, kept, _stale_fields(kept, fields))
        redis.release(flight)  # after a failure the claim runs out by itself
    return _select(kept, names)


def _stale_fields(kept: Mapping[str, _Entry], fields: Sequence[str]) -> list[str]:
    return [
        name for name in fields if name not in kept or kept[name].is_older_than(FRESH)
    ]


def _renew(
    namespace: Namespace, kept: dict[str, _Entry], fields: Sequence[str]
) -> dict[str, _Entry]:
    taken = sample.draw_samples(namespace, fields)
    now = timezone.now()
    entries = {
        name: entry
        for name, entry in kept.items()
        if name not in taken and not entry.is_older_than(_KEPT)
    }
    for name, points in taken.items():
        inference = infer((point["payload"] for point in points), name)
        entries[name] = _Entry(now, inference)
    newest = list(entries.items())[-_MAX_KEPT:]
    text = json.dumps(
        {name: asdict(entry) for name, entry in newest}, default=datetime.isoformat
    )
    ephemeral.store(
        _cache_key(namespace.namespace_id), text, seconds=_KEPT.total_seconds()
    )
    return entries


def _read(namespace_id: str) -> dict[str, _Entry]:
    text = ephemeral.load(_cache_key(namespace_id))
    if text is None:
        return {}
    return {name: _parse_entry(**entry) for name, entry in json.loads(text).items()}


def _parse_entry(*, at: str, inference: dict[str, Any]) -> _Entry:
    examples = tuple(inference.pop("examples"))
    return _Entry(datetime.fromisoformat(at), Inference(**inference, examples=examples))


def _select(kept: Mapping[str, _Entry], fields: Collection[str]) -> Sampled:
    own = {name: kept[name] for name in fields if name in kept}
    return Sampled(
        {name: entry.inference for name, entry in own.items()},
        min((entry.at for entry in own.values()), default=None),
    )


def _cache_key(namespace_id: str) -> str:
    return f"sampled:{namespace_id}"

"""The cache of inferred types and of what indexes hold, renewed by one at a time.

Of simultaneous requests for a namespace only one samples it; the others get the cached
types, if there are any.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from pydantic import TypeAdapter, ValidationError

from nsadmin.advice import index_coverage, sample
from nsadmin.advice.infer import Inference, infer
from nsadmin.advice.rules import Holding
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
    """The known types of fields; `at` is the time of the oldest sample among them.

    `holdings` has what the indexes hold that Qdrant was asked about.
    """

    inferences: Mapping[str, Inference] = field(default_factory=dict)
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime
    inference: Inference
    holding: Holding | None = None

    def is_older_than(self, age: timedelta) -> bool:
        return timezone.now() - self.at >= age


_ENTRIES = TypeAdapter(dict[str, _Entry])


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
    live = sample.look(namespace)
    taken = sample.draw_samples(namespace, fields, live)
    declared = {index.field_name for index in namespace.indexes}
    held = index_coverage.holdings(namespace, live, declared.intersection(fields))
    now = timezone.now()
    entries = {
        name: entry
        for name, entry in kept.items()
        if name not in taken and not entry.is_older_than(_KEPT)
    }
    for name, points in taken.items():
        inference = infer((point["payload"] for point in points), name)
        entries[name] = _Entry(now, inference, held.get(name))
    newest = list(entries.items())[-_MAX_KEPT:]
    text = json.dumps(
        {name: asdict(entry) for name, entry in newest}, default=datetime.isoformat
    )
    ephemeral.store(
        _cache_key(namespace.namespace_id), text, seconds=_KEPT.total_seconds()
    )
    return entries


def _read(namespace_id: str) -> dict[str, _Entry]:
    """Return the cached entries; whatever another version wrote is no entry."""
    text = ephemeral.load(_cache_key(namespace_id))
    if text is None:
        return {}
    try:
        return _ENTRIES.validate_json(text)
    except ValidationError:
        return {}


def _select(kept: Mapping[str, _Entry], fields: Collection[str]) -> Sampled:
    own = {name: kept[name] for name in fields if name in kept}
    return Sampled(
        {name: entry.inference for name, entry in own.items()},
        {name: e.holding for name, e in own.items() if e.holding is not None},
        min((entry.at for entry in own.values()), default=None),
    )


def _cache_key(namespace_id: str) -> str:
    return f"sampled:{namespace_id}"

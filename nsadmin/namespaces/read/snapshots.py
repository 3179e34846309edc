"""Snapshots of Qdrant: their content, stored in SQL and cached in Redis."""

import json
import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from nsadmin.names import clip, storable
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import history, outages
from nsadmin.namespaces.read.counts import is_count
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant.collections import LiveCollection

# How long the copy in Redis is kept once it is no longer renewed.
_CACHE_TTL_S = 30
# Rows of one transaction: no other writer waits long for it.
_BATCH = 500
# Key prefix of per-vector point counts in `told`; the vector's name follows.
VECTOR_COUNT_PREFIX = "having:"


@dataclass(frozen=True, slots=True)
class LiveShape:
    """A collection as Qdrant last described it.

    `vectors` maps a name to its size and distance, `indexes` maps a field to its type,
    parameters and points.
    """

    status: str
    optimizer_error: str
    points: int
    indexed_vectors: int
    segments: int
    vectors: dict[str, dict[str, Any]]
    indexes: dict[str, dict[str, Any]]
    sparse_vectors: list[str] = field(default_factory=list)

    @property
    def indexed_share(self) -> float | None:
        """The share of indexed vectors in percent, None if it cannot be told.

        Qdrant reports one sum over all vectors, counted when each index was built. It
        is a share only if the collection has a single vector and the sum is not larger
        than the number of points.
        """
        has_one_vector = len(self.vectors) == 1 and not self.sparse_vectors
        if not has_one_vector or not self.points or self.indexed_vectors > self.points:
            return None
        return 100 * self.indexed_vectors / self.points


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last probe of a collection, the last good answer and the start of a silence.

    The fields are those of the model `LastLook`.
    """

    namespace_id: str
    taken_at: datetime
    ok: bool
    exists: bool
    error: str
    response_ms: float | None
    live: LiveShape | None
    live_at: datetime | None
    unknown_since: datetime | None
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def age_s(self) -> float:
        """Seconds since the last probe."""
        return (timezone.now() - self.taken_at).total_seconds()

    def fact_age_s(self, kind: str) -> float:
        """Seconds since a fact in `told` was recorded; infinite if it never was."""
        at = (self.told.get(kind) or {}).get("at")
        if at is None:
            return math.inf
        return (timezone.now() - datetime.fromisoformat(at)).total_seconds()

    def vector_count(self, vector: str) -> tuple[int, int] | None:
        """Return the points with this vector and all points; None while unknown."""
        counts = (self.told.get(f"{VECTOR_COUNT_PREFIX}{vector}") or {}).get("of")
        return (counts["have"], counts["of"]) if counts else None

    @property
    def status(self) -> dict[str, Any] | None:
        """The API's `qdrant_status`; None unless the last probe was answered."""
        if not self.ok or self.live is None:
            return None
        return {
            "status": self.live.status,
            "points_count": self.live.points,
            "indexed_vectors_count": self.live.indexed_vectors,
            "segments_count": self.live.segments,
        }


@dataclass(frozen=True, slots=True)
class CachedSnapshot:
    """A snapshot in Redis, with the tenant and scope that the gate needs.

    `watched_s` is for how many seconds the namespace still counts as watched.
    """

    snapshot: Snapshot
    internal_id: str
    scope: str
    watched_s: float = 0.0


def stored(namespace_id: str) -> Snapshot | None:
    """Return the stored snapshot without asking Qdrant."""
    row = LastLook.objects.filter(namespace_id=namespace_id).first()
    return None if row is None else from_row(row)


def store(
    namespace_id: str, found: LiveCollection | None, error: str, milliseconds: float
) -> Snapshot:
    """Store an answer of Qdrant, or with `error` that it was silent."""
    now = timezone.now()
    if found is not None and not is_count(found.points):
        error = error or "Qdrant reports an impossible number of points."
    values: dict[str, Any] = {"taken_at": now, "ok": not error}
    values["error"] = clip(error, 500)
    if error:
        since = outages.silent_since(namespace_id, now)
        values |= {"response_ms": None, "unknown_since": since}
    else:
        values |= {"response_ms": milliseconds, "unknown_since": None, "live_at": now}
        live = None if found is None else storable(asdict(shape_of(found)))
        values |= {"exists": found is not None, "live": live}
    row, _ = LastLook.objects.update_or_create(
        namespace_id=namespace_id, defaults=values
    )
    mirror.record_snapshot(row)
    history.record(row)
    return from_row(row)


def store_counted(
    namespace_id: str, found: LiveCollection, *, points: int, milliseconds: float
) -> Snapshot:
    """Store an answer of Qdrant with the exact number of points, which was counted.

    The number in Qdrant's answer is approximate. The copy in Redis, which is older, is
    dropped.
    """
    taken = store(namespace_id, replace(found, points=points), "", milliseconds)
    ephemeral.drop([f"look:{namespace_id}"])
    return taken


def record(namespace_id: str, **told: dict[str, Any] | None) -> None:
    """Store facts beside a snapshot with the current time; None means unknown."""
    row = LastLook.objects.filter(namespace_id=namespace_id).first()
    if row is not None:
        at = timezone.now().isoformat()
        row.told |= {
            clip(kind, 255): {"at": at, "of": storable(value)}
            for kind, value in told.items()
        }
        row.save(update_fields=["told"])
        _correct_copy(namespace_id)


def record_silence(
    ids: Collection[str], error: str, since: datetime | None = None
) -> None:
    """Record for some namespaces that their cluster is silent, by default from now on.

    The silence of a cluster with many namespaces is one row (`readings`).
    """
    for keys in batched(ids):
        with transaction.atomic():
            _record_silence(keys, clip(error, 500), since or timezone.now())
    for key in ephemeral.watched().intersection(ids):
        _correct_copy(key)


def _record_silence(ids: Collection[str], error: str, since: datetime) -> None:
    now = timezone.now()
    rows = LastLook.objects.filter(namespace_id__in=ids)
    known = set(rows.values_list("namespace_id", flat=True))
    values = {"ok": False, "error": error, "taken_at": now, "response_ms": None}
    LastLook.objects.bulk_create(
        LastLook(namespace_id=key, unknown_since=since, **values)
        for key in set(ids) - known
    )
    rows.filter(unknown_since=None).update(unknown_since=since)
    rows.update(**values)
    MirroredNamespace.objects.filter(pk__in=ids).exclude(
        health="unknown", health_since__isnull=False
    ).update(health="unknown", health_since=since)
    history.record_silence(ids, now)


def batched(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the ids in lists that one short transaction bears."""
    rest = iter(keys)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _correct_copy(namespace_id: str) -> None:
    """Replace the copy in Redis, if there is one, by the stored snapshot."""
    copy, now = cached(namespace_id), stored(namespace_id)
    if copy is not None and now is not None:
        _cache_copy(CachedSnapshot(now, copy.internal_id, copy.scope))


def invalidate(namespace_id: str) -> None:
    """Make the next request probe at once; called after nsadmin's own writes.

    Counts per vector stay for the lists, and are due to be counted again.
    """
    mirror.look_soon(namespace_id)
    rows = LastLook.objects.filter(namespace_id=namespace_id)
    rows.filter(ok=True).update(taken_at=timezone.now() - timedelta(days=1))
    for row in rows:
        for kind, fact in row.told.items():
            if kind.startswith(VECTOR_COUNT_PREFIX):
                row.told[kind] = {**(fact or {}), "at": None}
        row.save(update_fields=["told"])
    ephemeral.drop([f"look:{namespace_id}"])
    redis.release(f"look:{namespace_id}")


def cache(namespace: Namespace, snapshot: Snapshot) -> None:
    """Copy a snapshot to Redis, where polls read it without an SQL query."""
    _cache_copy(CachedSnapshot(snapshot, namespace.internal_id, namespace.scope))


def _cache_copy(copy: CachedSnapshot) -> None:
    text = json.dumps(asdict(copy), cls=DjangoJSONEncoder)
    ephemeral.store(f"look:{copy.snapshot.namespace_id}", text, seconds=_CACHE_TTL_S)


def cached(namespace_id: str) -> CachedSnapshot | None:
    """Return the copy in Redis, or None if there is none."""
    text, left = ephemeral.load_with_watch_time(f"look:{namespace_id}", namespace_id)
    if text is None:
        return None
    copy = json.loads(text)
    return CachedSnapshot(
        _snapshot_from_json(copy["snapshot"]),
        copy["internal_id"],
        copy["scope"],
        left,
    )


def _snapshot_from_json(values: dict[str, Any]) -> Snapshot:
    for key in ("taken_at", "live_at", "unknown_since"):
        values[key] = datetime.fromisoformat(values[key]) if values[key] else None
    live = values.pop("live")
    return Snapshot(**values, live=LiveShape(**live) if live else None)


def shape_of(found: LiveCollection) -> LiveShape:
    """Return what is kept of a collection in Qdrant's words."""
    return LiveShape(
        status=found.status,
        optimizer_error=found.optimizer_error,
        points=found.points,
        indexed_vectors=found.indexed_vectors,
        segments=found.segments,
        vectors={name: asdict(vector) for name, vector in found.vectors.items()},
        indexes={name: asdict(index) for name, index in found.indexes.items()},
        sparse_vectors=list(found.sparse_vectors),
    )


def from_row(row: LastLook) -> Snapshot:
    """Return the snapshot of a stored row."""
    return Snapshot(
        namespace_id=row.namespace_id,
        taken_at=row.taken_at,
        ok=row.ok,
        exists=row.exists,
        error=row.error,
        response_ms=row.response_ms,
        live=LiveShape(**row.live) if row.live else None,
        live_at=row.live_at,
        unknown_since=row.unknown_since,
        told=row.told,
    )

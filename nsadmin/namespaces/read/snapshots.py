"""Stored looks at Qdrant: what they hold, how they are kept, read and taken back."""

import json
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import history, mirror
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant.collections import LiveCollection

# A copy of a look outlives whoever is gone by no more than this.
_COPY_S = 30
# What is told of a vector, with its name behind: the points that have it.
HAVING = "having:"


@dataclass(frozen=True, slots=True)
class LiveShape:
    """The last good answer of Qdrant. `vectors` maps a name to its size and distance,
    `indexes` a field to its type, parameters and points."""

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
        """Return the share of vectors in an index, in percent, where it is a share.

        Qdrant gives one sum over all vectors, counted when each index was built, so it
        says something of one vector alone, and never more than all.
        """
        lonely = len(self.vectors) == 1 and not self.sparse_vectors
        if not lonely or not self.points or self.indexed_vectors > self.points:
            return None
        return 100 * self.indexed_vectors / self.points


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A look: the last attempt, the last good answer, and since when there is none."""

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
        """How long ago Qdrant was last asked."""
        return (timezone.now() - self.taken_at).total_seconds()

    def told_age_s(self, kind: str) -> float:
        """How long ago that was asked beside the look; endless where it never was."""
        at = (self.told.get(kind) or {}).get("at")
        if at is None:
            return math.inf
        return (timezone.now() - datetime.fromisoformat(at)).total_seconds()

    def having(self, vector: str) -> tuple[int, int] | None:
        """How many points had the vector, of how many; None where nobody told."""
        told = (self.told.get(f"{HAVING}{vector}") or {}).get("of")
        return (told["have"], told["of"]) if told else None

    @property
    def status(self) -> dict[str, Any] | None:
        """The API's `qdrant_status`; None unless Qdrant answered just now."""
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
    """A look as it lies in Redis, with what the gate has to know of its namespace.

    `watched_s` is how long the namespace counts as looked at when nobody does any more.
    """

    snapshot: Snapshot
    internal_id: str
    scope: str
    watched_s: float = 0.0


def stored(namespace_id: str) -> Snapshot | None:
    """Return the stored look without asking Qdrant."""
    row = LastLook.objects.filter(namespace_id=namespace_id).first()
    return None if row is None else read(row)


def store(
    namespace_id: str, found: LiveCollection | None, error: str, milliseconds: float
) -> Snapshot:
    """Store what Qdrant said, or with `error` that it was silent."""
    now = timezone.now()
    values: dict[str, Any] = {"taken_at": now, "ok": not error, "error": error[:500]}
    if error:
        before = LastLook.objects.filter(namespace_id=namespace_id).first()
        silent = before.unknown_since if before else None
        values |= {"response_ms": None, "unknown_since": silent or now}
    else:
        values |= {"response_ms": milliseconds, "unknown_since": None, "live_at": now}
        values |= {"exists": found is not None, "live": None}
        if found is not None:
            values["live"] = asdict(_shape(found))
    row, _ = LastLook.objects.update_or_create(
        namespace_id=namespace_id, defaults=values
    )
    mirror.record_snapshot(row)
    history.record(row)
    return read(row)


def record(namespace_id: str, **told: dict[str, Any] | None) -> None:
    """Store what was asked beside a look, with its time; None is "not told"."""
    row = LastLook.objects.filter(namespace_id=namespace_id).first()
    if row is not None:
        at = timezone.now().isoformat()
        row.told |= {kind: {"at": at, "of": value} for kind, value in told.items()}
        row.save(update_fields=["told"])
        _correct_copy(namespace_id)


def record_silence(namespace_ids: Collection[str], error: str) -> None:
    """Record that a cluster is silent for all of its namespaces, asked or not."""
    now = timezone.now()
    rows = LastLook.objects.filter(namespace_id__in=namespace_ids)
    known = set(rows.values_list("namespace_id", flat=True))
    values = {"ok": False, "error": error[:500], "taken_at": now, "response_ms": None}
    LastLook.objects.bulk_create(
        LastLook(namespace_id=key, unknown_since=now, **values)
        for key in set(namespace_ids) - known
    )
    rows.filter(unknown_since=None).update(unknown_since=now)
    rows.update(**values)
    MirroredNamespace.objects.filter(pk__in=namespace_ids).exclude(
        health="unknown", health_since__isnull=False
    ).update(health="unknown", health_since=now)
    history.record_silence(namespace_ids, now)
    for key in ephemeral.watched().intersection(namespace_ids):
        _correct_copy(key)


def _correct_copy(namespace_id: str) -> None:
    """Let polls see what has changed in the stored look."""
    copy, now = cached(namespace_id), stored(namespace_id)
    if copy is not None and now is not None:
        _keep(CachedSnapshot(now, copy.internal_id, copy.scope))


def invalidate(namespace_id: str) -> None:
    """Let the next viewer look again at once; our own writes call this."""
    old = timezone.now() - timedelta(days=1)
    rows = LastLook.objects.filter(namespace_id=namespace_id)
    rows.filter(ok=True).update(taken_at=old)
    for row in rows:
        row.told = {k: v for k, v in row.told.items() if not k.startswith(HAVING)}
        row.save(update_fields=["told"])
    ephemeral.drop([f"look:{namespace_id}"])
    redis.release(f"look:{namespace_id}")


def cache(namespace: Namespace, snapshot: Snapshot) -> None:
    """Lay a copy where a poll finds it without a query."""
    _keep(CachedSnapshot(snapshot, namespace.internal_id, namespace.scope))


def _keep(copy: CachedSnapshot) -> None:
    text = json.dumps(asdict(copy), cls=DjangoJSONEncoder)
    ephemeral.store(f"look:{copy.snapshot.namespace_id}", text, seconds=_COPY_S)


def cached(namespace_id: str) -> CachedSnapshot | None:
    """Return the copy of a look, None where there is none of late."""
    text, left = ephemeral.kept_and_watched(f"look:{namespace_id}", namespace_id)
    if text is None:
        return None
    found = json.loads(text)
    return CachedSnapshot(
        _revived(found["snapshot"]), found["internal_id"], found["scope"], left
    )


def _revived(values: dict[str, Any]) -> Snapshot:
    for key in ("taken_at", "live_at", "unknown_since"):
        values[key] = datetime.fromisoformat(values[key]) if values[key] else None
    live = values.pop("live")
    return Snapshot(**values, live=LiveShape(**live) if live else None)


def _shape(found: LiveCollection) -> LiveShape:
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


def read(row: LastLook) -> Snapshot:
    """Return a stored row as what it says."""
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

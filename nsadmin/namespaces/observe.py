"""The live state of one namespace: a stored look at Qdrant, renewed by one at a time.

However many viewers and processes ask, a collection is asked at most once in
`max_age_s`. A look never raises: a silent Qdrant is part of what it tells.
"""

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.namespaces import mirror
from nsadmin.namespaces.declared import Seen
from nsadmin.namespaces.document import Namespace
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement import cluster_of
from nsadmin.stores import redis
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.collections import LiveCollection

_STEP_S = 0.05
# Whoever asks, a collection is asked at most this often.
_CLAIM_MS = 5000
# A plan is waited for, and refused while Qdrant is silent.
_PLAN_S = 1.0


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


def snapshot(
    namespace: Namespace,
    *,
    wait_s: float = 0.5,
    max_age_s: float = 5,
    force: bool = False,
) -> Snapshot | None:
    """Return a look of at most `max_age_s` if one can be had within `wait_s`.

    Otherwise the last one, however old; None where nobody ever looked. `force` looks
    again even if the stored look is young, as after a change of our own.
    """
    key = namespace.namespace_id
    stored = stored_snapshot(key)
    if not force and not _is_old(stored, max_age_s):
        return stored
    if force or redis.claim(f"look:{key}", milliseconds=_CLAIM_MS):
        return look(namespace, timeout_s=wait_s)
    deadline = time.monotonic() + wait_s
    while _is_old(stored, max_age_s) and time.monotonic() < deadline:
        time.sleep(_STEP_S)
        stored = stored_snapshot(key)
    return stored


def _is_old(stored: Snapshot | None, max_age_s: float) -> bool:
    return stored is None or _age(stored) > max_age_s


def invalidate(namespace_id: str) -> None:
    """Let the next viewer look again at once; our own writes call this."""
    old = timezone.now() - timedelta(days=1)
    LastLook.objects.filter(namespace_id=namespace_id, ok=True).update(taken_at=old)
    redis.release(f"look:{namespace_id}")


def stored_snapshot(namespace_id: str) -> Snapshot | None:
    """Return the stored look without asking Qdrant."""
    row = LastLook.objects.filter(namespace_id=namespace_id).first()
    return None if row is None else _read(row)


def look(namespace: Namespace, *, timeout_s: float) -> Snapshot:
    """Ask Qdrant now and store what it said, or that it was silent."""
    began = time.perf_counter()
    found: LiveCollection | None = None
    error = ""
    try:
        cluster = cluster_of(namespace)
        found = collections.get(cluster, namespace.collection, timeout_s=timeout_s)
    except NsadminError as failure:
        error = failure.sentence
    milliseconds = (time.perf_counter() - began) * 1000
    return _store(namespace.namespace_id, found, error, milliseconds)


def _store(
    namespace_id: str, found: LiveCollection | None, error: str, milliseconds: float
) -> Snapshot:
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
    mirror.note_look(row)
    return _read(row)


def note_silence(namespace_id: str, error: str) -> None:
    """Record that the cluster was silent when it was asked for another collection."""
    _store(namespace_id, None, error, 0)


def _shape(found: LiveCollection) -> LiveShape:
    return LiveShape(
        status=found.status,
        optimizer_error=found.optimizer_error,
        points=found.points,
        indexed_vectors=found.indexed_vectors,
        segments=found.segments,
        vectors={name: asdict(vector) for name, vector in found.vectors.items()},
        indexes={name: asdict(index) for name, index in found.indexes.items()},
    )


def _read(row: LastLook) -> Snapshot:
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
    )


def _age(stored: Snapshot) -> float:
    return (timezone.now() - stored.taken_at).total_seconds()


def seen(namespace: Namespace, *, timeout_s: float = _PLAN_S) -> Seen:
    """Ask Qdrant now, for a plan; raise Unavailable where it does not answer."""
    cluster = cluster_of(namespace)
    found = collections.get(cluster, namespace.collection, timeout_s=timeout_s)
    return to_seen(found)


def server_version(namespace: Namespace) -> str:
    """Return the version of the Qdrant that holds the namespace, such as 1.18.3."""
    return collections.version(cluster_of(namespace), timeout_s=_PLAN_S)


def to_seen(found: LiveCollection | None) -> Seen:
    """Return what a plan needs to know of a collection."""
    if found is None:
        return Seen(exists=False, points=0, vectors={}, indexes={})
    return Seen(
        exists=True,
        points=found.points,
        vectors={n: (v.size, v.distance) for n, v in found.vectors.items()},
        indexes={n: {**i.params, "type": i.type} for n, i in found.indexes.items()},
    )


def seen_in(snapshot: Snapshot) -> Seen:
    """Return what a stored look says of a collection, as plans see it."""
    live = snapshot.live
    if live is None or not snapshot.exists:
        return Seen(exists=False, points=0, vectors={}, indexes={})
    return Seen(
        exists=True,
        points=live.points,
        vectors={n: (v["size"], v["distance"]) for n, v in live.vectors.items()},
        indexes={
            n: {**i["params"], "type": i["type"]} for n, i in live.indexes.items()
        },
    )
